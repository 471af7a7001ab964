/* One shot: see shot.h. Loads as the daemon does, then starts everything at once and counts what is still out. */
#include "cli/shot.h"

#include "base/os/clock.h"
#include "base/os/install_paths.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/problems.h"
#include "instances.h"
#include "load.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shooting {
    const struct shot_request *request;
    struct shot *shot;
    struct ev_loop *loop;
    struct hosts *hosts;
    struct secrets *secrets;
    struct instances *instances;
    unsigned char *wanted;   /* of the model's checks */
    size_t out;              /* runs without a result */
    uint64_t began, round_began;
    uint64_t round;
    ev_timer bound, again;
    ev_signal interrupt, terminate;
    int code;                /* not 0: over, and said */
};

/* ---- which checks */

static bool name_is(const struct model *model, size_t check, const char *name)
{
    const struct model_check *c = &model->checks[check];

    return strcmp(c->full_name, name) == 0 || strcmp(model->services[c->service].name, name) == 0;
}

static int refuse_name(const struct model *model, const char *name)
{
    const char **names = calloc(model->n_services + model->n_checks + 1, sizeof *names);
    const char *nearest = NULL;
    size_t n = 0;

    for (size_t i = 0; names && i < model->n_services; i++)
        names[n++] = model->services[i].name;
    for (size_t i = 0; names && i < model->n_checks; i++)
        names[n++] = model->checks[i].full_name;
    if (names)
        nearest = text_nearest(name, names, n);
    fprintf(stderr, "talon check: there is no service or check named %s in %s", name, model->file);
    if (nearest)
        fprintf(stderr, "; did you mean %s?", nearest);
    fprintf(stderr, "\n");
    free(names);
    return CLI_UNKNOWN;
}

static int choose(struct shooting *s)
{
    const struct model *model = s->shot->model;

    for (size_t i = 0; i < model->n_checks; i++)
        s->wanted[i] = s->request->n_names == 0 && model->checks[i].enabled;
    for (size_t k = 0; k < s->request->n_names; k++) {
        bool found = false;

        for (size_t i = 0; i < model->n_checks; i++) {
            if (!name_is(model, i, s->request->names[k]))
                continue;
            found = true;
            if (model->checks[i].enabled)
                s->wanted[i] = 1;
        }
        if (!found)
            return refuse_name(model, s->request->names[k]);
    }
    for (size_t i = 0; i < model->n_checks; i++)
        if (s->wanted[i])
            s->shot->entries[s->shot->n++].check = i;
    if (s->shot->n > 0)
        return 0;
    fprintf(stderr, "talon check: %s has no enabled check%s\n", model->file, s->request->n_names ? " of that name" : "");
    return CLI_UNKNOWN;
}

/* ---- a round */

static void start_round(struct shooting *s)
{
    const struct model *model = s->shot->model;
    uint64_t limit = s->request->timeout;

    s->round_began = clock_awake();
    s->round++;
    s->out = s->shot->n;
    for (size_t i = 0; i < s->shot->n; i++) {
        const struct model_check *check = &model->checks[s->shot->entries[i].check];
        uint64_t timeout = limit > 0 && limit < check->timeout ? limit : check->timeout;

        if (s->request->trace)
            fprintf(stderr, "%9.3f ms  start  %s\n", (double)(clock_awake() - s->began) / 1e6, check->full_name);
        instances_start(s->instances, s->shot->entries[i].check, s->round << 32 | i, timeout, HOSTS_ONCE);
    }
}

static void end_round(struct shooting *s)
{
    uint64_t now = clock_awake();

    s->shot->duration = now - s->round_began;
    shot_judge(s->shot);
    if (s->request->wait > 0 && s->shot->code != CLI_OK && now - s->began + s->request->every < s->request->wait) {
        ev_timer_set(&s->again, (double)s->request->every / 1e9, 0.);
        ev_timer_start(s->loop, &s->again);
        return;
    }
    ev_break(s->loop, EVBREAK_ALL);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    start_round(timer->data);
}

static void on_done(void *arg, size_t check, uint64_t run, struct result *result)
{
    struct shooting *s = arg;
    struct shot_entry *entry = &s->shot->entries[run & 0xffffffff];

    if (run >> 32 != s->round || s->out == 0) {
        result_drop(result);
        return;
    }
    result_drop(entry->result);
    entry->result = result;
    if (s->request->trace)
        fprintf(stderr, "%9.3f ms  end    %s: %s %s: %s\n", (double)(clock_awake() - s->began) / 1e6, s->shot->model->checks[check].full_name,
                result ? status_name(result->status) : "lost", result ? result->reason : "", result ? result->summary : "");
    s->out--;
    if (s->out == 0)
        end_round(s);
}

static void on_nudge(void *arg, size_t check)
{
    (void)arg, (void)check;
}

static void on_bound(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct shooting *s = timer->data;

    (void)events;
    if (s->instances) {
        shot_judge(s->shot);
        s->shot->duration = clock_awake() - s->round_began;
    }
    ev_break(loop, EVBREAK_ALL);
}

static void on_interrupt(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct shooting *s = signal->data;

    (void)events;
    s->code = CLI_UNKNOWN;
    ev_break(loop, EVBREAK_ALL);
}

/* ---- loading */

static void over(struct shooting *s, int code)
{
    s->code = code;
    ev_break(s->loop, EVBREAK_ALL);
}

static void on_loaded(void *arg, struct load *load, struct model *model, struct config *config)
{
    struct shooting *s = arg;
    struct instances_calls calls = { .done = on_done, .nudge = on_nudge, .arg = s };

    (void)load;
    problems_print(config, model != NULL);
    if (!model) {
        over(s, CLI_UNKNOWN);
        return;
    }
    s->shot->model = model;
    s->wanted = calloc(model->n_checks + 1, 1);
    s->shot->entries = calloc(model->n_checks + 1, sizeof *s->shot->entries);
    s->shot->causes = calloc(model->n_services + 1, sizeof *s->shot->causes);
    s->secrets = secrets_create(s->loop, model->settings.exec_path);
    s->instances = instances_create(s->loop, s->hosts, s->secrets, &calls);
    if (!s->wanted || !s->shot->entries || !s->shot->causes || !s->secrets || !s->instances) {
        fprintf(stderr, "talon check: no memory\n");
        over(s, CLI_UNKNOWN);
        return;
    }
    s->code = choose(s);
    if (s->code != 0 || !instances_model(s->instances, model, s->wanted)) {
        over(s, CLI_UNKNOWN);
        return;
    }
    if (s->request->wait > 0) {
        ev_timer_set(&s->bound, (double)s->request->wait / 1e9, 0.);
        ev_timer_start(s->loop, &s->bound);
    }
    start_round(s);
}

static void shoot(struct shooting *s)
{
    struct load_request load = { .loop = s->loop, .hosts = s->hosts, .file = s->request->file, .tolerate = true, .done = on_loaded, .arg = s };

    ev_timer_init(&s->bound, on_bound, 0., 0.);
    ev_timer_init(&s->again, on_again, 0., 0.);
    ev_signal_init(&s->interrupt, on_interrupt, SIGINT);
    ev_signal_init(&s->terminate, on_interrupt, SIGTERM);
    s->bound.data = s->again.data = s->interrupt.data = s->terminate.data = s;
    ev_signal_start(s->loop, &s->interrupt);
    ev_signal_start(s->loop, &s->terminate);
    if (load_start(&load)) {
        ev_run(s->loop, 0);
        return;
    }
    fprintf(stderr, "talon check: no memory\n");
    s->code = CLI_UNKNOWN;
}

int shot_run(const struct shot_request *request, struct shot *shot)
{
    struct shooting s = { .request = request, .shot = shot, .began = clock_awake() };
    struct hosts_settings settings = { .host_program = install_host_program(), .child_path = getenv("PATH") };

    *shot = (struct shot){ .code = CLI_UNKNOWN };
    log_open(&(struct log_settings){ .level = request->trace ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, .to_stderr = true });
    s.loop = loop_create();
    s.hosts = s.loop ? hosts_create(s.loop, &settings) : NULL;
    if (s.hosts) {
        shoot(&s);
    } else {
        fprintf(stderr, "talon check: cannot start: no memory or no descriptor left\n");
        s.code = CLI_UNKNOWN;
    }
    instances_free(s.instances);
    if (s.secrets)
        secrets_free(s.secrets);
    if (s.hosts)
        hosts_free(s.hosts);
    if (s.loop)
        ev_loop_destroy(s.loop);
    free(s.wanted);
    log_close();
    return s.code;
}

void shot_free(struct shot *shot)
{
    for (size_t i = 0; i < shot->n; i++)
        result_drop(shot->entries[i].result);
    free(shot->entries);
    free(shot->causes);
    model_drop(shot->model);
    *shot = (struct shot){ 0 };
}
