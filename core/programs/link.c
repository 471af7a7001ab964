/*
 * The core's end of the lines to the keeper (keeper.h). A keeper that goes is asked for again, first at once and then every second; what the next one holds decides
 * which programs still live: those that it does not know are handed over to it by number and start, and are ours again if they are still the same.
 */
#include "programs/programs_private.h"

#include "base/os/log.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_AT_ONCE = 64 };

#define ASK_AGAIN 1.

static void lose(struct programs *programs, const char *why);

static void watch(struct programs *programs)
{
    ev_io_stop(programs->loop, &programs->readable);
    ev_io_set(&programs->readable, lines_fd(programs->keeper), lines_queued(programs->keeper) > 0 ? EV_READ | EV_WRITE : EV_READ);
    ev_io_start(programs->loop, &programs->readable);
}

/* ---- saying */

bool link_send(struct programs *programs, struct buffer *line)
{
    bool good = programs->keeper && !line->failed;

    if (good) {
        buffer_char(line, '}');
        good = !line->failed && lines_send(programs->keeper, line->data, line->len);
    }
    for (size_t i = 0; line->data && i < line->room; i++)
        ((volatile char *)line->data)[i] = 0;
    buffer_free(line);
    if (good) {
        lines_flush(programs->keeper); /* what is wrong with it shows when it is read */
        watch(programs);
    }
    return good;
}

void link_stop_program(struct programs *programs, const char *name)
{
    struct buffer line = buffer_make(0);

    buffer_text(&line, "{\"do\":\"stop\",\"name\":");
    text_json(&line, name, strlen(name));
    link_send(programs, &line);
}

static void add_text(struct buffer *line, const char *key, const char *text)
{
    buffer_printf(line, ",\"%s\":", key);
    text_json(line, text ? text : "", text ? strlen(text) : 0);
}

void link_describe(struct buffer *line, const char *what, const struct model_program *plan)
{
    buffer_printf(line, "{\"do\":\"%s\"", what);
    add_text(line, "name", plan->name);
    add_text(line, "log", plan->log);
    add_text(line, "log_errors", plan->log_errors);
    buffer_printf(line, ",\"rotate\":\"%" PRIu64 "\",\"signal\":%d,\"wait\":\"%" PRIu64 "\"", plan->log_rotate, plan->drain_signal, plan->drain_wait);
}

/* ---- hearing */

static struct program *find(struct programs *programs, const char *name)
{
    for (size_t i = 0; i < programs->n; i++)
        if (strcmp(programs->all[i]->plan->name, name) == 0)
            return programs->all[i];
    return NULL;
}

static const char *text_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static void take_pid(struct program *program, const cJSON *json)
{
    const cJSON *pid = cJSON_GetObjectItemCaseSensitive(json, "pid");

    program->pid = cJSON_IsNumber(pid) && pid->valuedouble > 0. && pid->valuedouble < 1e9 ? (long)pid->valuedouble : 0;
    program->started = strtoull(text_of(json, "started"), NULL, 10);
}

static void on_started(struct program *program, const cJSON *json)
{
    take_pid(program, json);
    program_event(program, LIFE_STARTED);
}

static void on_held(struct program *program, const cJSON *json)
{
    program->asked = false;
    take_pid(program, json);
    program_found(program);
}

static void on_refused(struct program *program, const cJSON *json)
{
    if (program->asked) {
        program->asked = false;
        program->pid = 0;
        snprintf(program->last_end, sizeof program->last_end, "it ended while nobody could wait for it");
        program_event(program, LIFE_ENDED);
        program_event(program, LIFE_MISSING);
        return;
    }
    program_say(program, "%s", text_of(json, "why"));
    log_error("a program cannot be started", "program", program->plan->name, "why", program->why, NULL);
    program_event(program, LIFE_NOT_STARTED);
}

/* Said right after a keeper has been found as well: then it is not known yet what it holds, and its being missing is told by that. */
static void on_ended(struct program *program, const cJSON *json)
{
    const char *how = text_of(json, "how");

    program->pid = 0;
    snprintf(program->last_end, sizeof program->last_end, "%s", how[0] ? how : "it ended while nobody could wait for it");
    snprintf(program->why, sizeof program->why, "%s", program->last_end);
    program_event(program, LIFE_ENDED);
}

/* All that it holds is told. */
static void on_listed(struct programs *programs)
{
    programs->listed = true;
    for (size_t i = 0; i < programs->n; i++) {
        struct program *program = programs->all[i];
        struct buffer line = buffer_make(0);

        if (program->life.keeper)
            continue;
        if (program->pid == 0) {
            program_event(program, LIFE_MISSING);
            continue;
        }
        link_describe(&line, "adopt", program->plan);
        buffer_printf(&line, ",\"pid\":%ld,\"started\":\"%" PRIu64 "\"", program->pid, program->started);
        program->asked = link_send(programs, &line);
    }
}

static void on_line(void *arg, char *text, size_t n)
{
    static const struct {
        const char *is;
        void (*call)(struct program *program, const cJSON *json);
    } known[] = { { "started", on_started }, { "held", on_held }, { "refused", on_refused }, { "ended", on_ended } };
    struct programs *programs = arg;
    cJSON *json = cJSON_ParseWithLength(text, n);
    const char *is = text_of(json, "is");
    struct program *program = find(programs, text_of(json, "name"));

    if (strcmp(is, "listed") == 0)
        on_listed(programs);
    else if (!program && strcmp(is, "held") == 0) /* its configuration has gone while there was no core */
        link_stop_program(programs, text_of(json, "name"));
    for (size_t i = 0; program && i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].is, is) == 0)
            known[i].call(program, json);
    cJSON_Delete(json);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct programs *programs = io->data;
    enum lines_outcome outcome = LINES_MORE;

    (void)loop;
    if (events & EV_READ)
        do {
            outcome = lines_read(programs->keeper, LINES_AT_ONCE, on_line, programs);
        } while (outcome == LINES_MORE && programs->keeper && lines_pending(programs->keeper));
    if (outcome == LINES_MORE && programs->keeper && (events & EV_WRITE))
        outcome = lines_flush(programs->keeper);
    if (outcome != LINES_MORE) {
        lose(programs, outcome == LINES_CLOSED ? "it has ended" : "it is not understood");
        return;
    }
    watch(programs);
}

/* ---- coming and going */

static void close_link(struct programs *programs)
{
    if (!programs->keeper)
        return;
    ev_io_stop(programs->loop, &programs->readable);
    lines_free(programs->keeper);
    programs->keeper = NULL;
    programs->listed = false;
}

static void let_go(struct programs *programs)
{
    close_link(programs);
    for (size_t i = 0; i < programs->n; i++) {
        programs->all[i]->asked = false;
        program_event(programs->all[i], LIFE_KEEPER_GONE);
    }
}

static void lose(struct programs *programs, const char *why)
{
    let_go(programs);
    snprintf(programs->trouble, sizeof programs->trouble, "the keeper of programs is away (%s); another one is being asked for", why);
    log_error("the keeper of programs is lost; they run on", "why", why, NULL);
    link_want(programs);
    programs->calls.changed(programs->calls.arg);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct programs *programs = timer->data;

    (void)events;
    if (programs->keeper || programs->n == 0) {
        ev_timer_stop(loop, timer);
        return;
    }
    if (timer->repeat > 0.)
        snprintf(programs->trouble, sizeof programs->trouble, "the keeper of programs cannot be had; it is asked for every second");
    programs->calls.keep(programs->calls.arg);
    ev_timer_stop(loop, timer);
    ev_timer_set(timer, ASK_AGAIN, ASK_AGAIN);
    ev_timer_start(loop, timer);
}

void link_want(struct programs *programs)
{
    if (programs->keeper || programs->n == 0 || ev_is_active(&programs->again))
        return;
    ev_timer_set(&programs->again, 0., 0.);
    ev_timer_start(programs->loop, &programs->again);
}

void programs_join(struct programs *programs, int socket)
{
    struct lines *lines = lines_create(socket, KEEPER_LINE, KEEPER_QUEUE);
    struct buffer line = buffer_make(0);

    if (!lines) { /* no memory: it is asked for again */
        close(socket);
        return;
    }
    if (programs->keeper) /* one that was asked for twice: the keeper listens to the newest */
        let_go(programs);
    ev_timer_stop(programs->loop, &programs->again);
    programs->keeper = lines;
    programs->trouble[0] = '\0';
    buffer_text(&line, "{\"do\":\"list\"");
    link_send(programs, &line);
}

void link_begin(struct programs *programs)
{
    ev_init(&programs->readable, on_readable);
    ev_timer_init(&programs->again, on_again, 0., 0.);
    programs->readable.data = programs->again.data = programs;
}

void link_end(struct programs *programs)
{
    ev_timer_stop(programs->loop, &programs->again);
    close_link(programs);
}
