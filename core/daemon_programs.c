/* The daemon's programs: see daemon_programs.h. In a dry run none is touched; without repair and in safe mode they are kept all the same: keeping is not repairing. */
#include "daemon_private.h"
#include "daemon_programs.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"
#include "guarded.h"
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>

enum { KEPT_MAX = 1 << 20 };

static const char file_name[] = "programs.json";

/* ---- what outlives the core: written in the turn after a change, however many there were in it */

static void on_write(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;
    struct buffer text = buffer_make(KEPT_MAX);

    (void)loop, (void)events;
    if (!d->state) {
        buffer_free(&text);
        return;
    }
    programs_write(d->programs, &text);
    if (text.failed)
        buffer_free(&text);
    else
        state_write_once(d->state, file_name, &text);
}

static void on_changed(void *arg)
{
    struct daemon *d = arg;
    const struct moment now = clock_moment();

    if (!ev_is_active(&d->write_programs))
        ev_timer_start(d->loop, &d->write_programs);
    if (engine_model(d->engine))
        daemon_publish(d, &now);
}

static void recall(struct daemon *d)
{
    struct buffer text = buffer_make(KEPT_MAX);

    if (state_read(state_folder(d->state), file_name, &text))
        programs_recall(d->programs, buffer_string(&text), text.len, clock_moment().boot);
    buffer_free(&text);
}

/* ---- the keeper */

static void on_joined(void *arg, int socket)
{
    struct daemon *d = arg;

    programs_join(d->programs, socket);
}

static void on_keep(void *arg)
{
    guarded_keep(on_joined, arg);
}

/* ---- checks */

void daemon_programs_result(struct daemon *d, size_t check, const struct result *result)
{
    const uint64_t now = clock_awake();
    const bool well = result->status == STATUS_OK || result->status == STATUS_WARN;

    if (well || result->status == STATUS_FAIL)
        programs_health(d->programs, check, well, now > result->duration_ns ? now - result->duration_ns : 0);
}

/* ---- life */

bool daemon_programs_begin(struct daemon *d)
{
    const struct programs_calls calls = { .changed = on_changed, .keep = on_keep, .arg = d };

    ev_timer_init(&d->write_programs, on_write, 0., 0.);
    d->write_programs.data = d;
    d->programs = programs_create(d->loop, d->secrets, &calls);
    return d->programs != NULL;
}

void daemon_programs_end(struct daemon *d)
{
    guarded_keep(NULL, NULL);
    if (d->programs && guarded_is_there())
        programs_resign(d->programs);
    if (d->programs && engine_model(d->engine))
        on_write(d->loop, &d->write_programs, 0);
    if (d->loop)
        ev_timer_stop(d->loop, &d->write_programs);
    programs_free(d->programs);
    d->programs = NULL;
}

void daemon_programs_take(struct daemon *d, const struct model *model)
{
    if (d->settings.dry_run) {
        if (model->n_programs > 0)
            log_info("a dry run: programs are neither started nor looked for", NULL);
        return;
    }
    if (!d->recalled && d->state) {
        d->recalled = true;
        recall(d);
    }
    if (!programs_take(d->programs, model))
        log_error("there was no memory for a program; it is not kept until the next reload", NULL);
}

/* ---- what is shown */

static int64_t wall_of(const struct moment *now, uint64_t awake)
{
    if (awake == UINT64_MAX)
        return 0;
    return awake >= now->awake ? now->wall + (int64_t)(awake - now->awake) : now->wall - (int64_t)(now->awake - awake);
}

size_t daemon_programs_view(struct daemon *d, struct snapshot_program *programs, size_t room)
{
    const struct moment now = clock_moment();
    struct programs_view view;
    size_t n = 0;

    for (; d->programs && n < room && programs_view(d->programs, n, &view); n++)
        programs[n] = (struct snapshot_program){ .name = view.name, .state = view.state, .why = view.why[0] ? view.why : NULL, .last_end = view.last_end[0] ? view.last_end : NULL,
                                                 .pid = view.pid, .restarts = view.restarts, .since = wall_of(&now, view.since), .next = wall_of(&now, view.next),
                                                 .wanted = view.wanted };
    return n;
}

/* ---- commands */

void daemon_programs_show(void *arg, struct control_ask *ask)
{
    struct snapshot_program programs[SNAPSHOT_PROGRAMS];
    struct daemon *d = arg;
    struct buffer body = buffer_make(KEPT_MAX);
    const size_t n = daemon_programs_view(d, programs, SNAPSHOT_PROGRAMS);

    buffer_char(&body, '{');
    render_programs(programs, n, &body);
    buffer_printf(&body, ",\"worker_restarts\":%llu}\n", (unsigned long long)programs_restarts(d->programs));
    if (!body.failed) {
        control_answer(ask, 200, &body);
        return;
    }
    buffer_free(&body);
    control_refuse(ask, 503, "no_memory", "there is no memory for the answer");
}

static void answer(struct daemon *d, struct control_ask *ask, const char *name)
{
    struct snapshot_program programs[SNAPSHOT_PROGRAMS];
    const size_t n = daemon_programs_view(d, programs, SNAPSHOT_PROGRAMS);
    struct buffer body = buffer_make(0);
    size_t i = 0;

    while (i + 1 < n && strcmp(programs[i].name, name) != 0)
        i++;
    buffer_text(&body, "{\"ok\":true");
    render_programs(programs + i, n > 0, &body);
    buffer_text(&body, "}\n");
    control_answer(ask, 200, &body);
}

static void ask_for(struct daemon *d, struct control_ask *ask, enum programs_ask what)
{
    const char *name = control_name(ask), *meant;
    char why[512], text[700];

    if (programs_ask(d->programs, name, what, why, sizeof why, &meant)) {
        answer(d, ask, name);
        return;
    }
    if (strncmp(why, "no program", 10) != 0) {
        control_refuse(ask, 409, "refused", why);
        return;
    }
    snprintf(text, sizeof text, "%s%s%s%s%s", why, meant ? "; did you mean `" : "", meant ? meant : "", meant ? "`?" : "",
             d->settings.dry_run ? " (a dry run keeps none)" : "");
    control_refuse(ask, 404, "unknown_program", text);
}

void daemon_programs_start(void *arg, struct control_ask *ask)
{
    ask_for(arg, ask, PROGRAMS_START);
}

void daemon_programs_stop(void *arg, struct control_ask *ask)
{
    ask_for(arg, ask, PROGRAMS_STOP);
}

void daemon_programs_restart(void *arg, struct control_ask *ask)
{
    ask_for(arg, ask, PROGRAMS_RESTART);
}
