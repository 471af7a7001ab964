/* One supervised program: carries out what its life wants, and tells it how that went. Every answer comes from the loop, so an event is never within another. */
#include "programs/programs_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/port.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void program_say(struct program *program, const char *format, ...)
{
    struct buffer said = buffer_make(0), clean = buffer_make(0);
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(&said, format, ap);
    va_end(ap);
    text_clean(&clean, buffer_string(&said), said.len, sizeof program->why - 1);
    snprintf(program->why, sizeof program->why, "%s", buffer_string(&clean));
    buffer_free(&said);
    buffer_free(&clean);
}

struct life_plan program_plan(const struct model_program *plan)
{
    return (struct life_plan){
        .owned = plan->unless_loaded ? text_hash(TEXT_HASH, plan->unless_loaded, strlen(plan->unless_loaded)) | 1 : 0, .preflight = plan->preflight != NULL, .port = plan->port != 0, .refuses = plan->refuses, .call = plan->call_method != NULL,
        .call_after = plan->call_after, .call_every = plan->call_every, .call_tries = plan->call_tries, .first = plan->restart_first, .longest = plan->restart_longest,
        .good = plan->restart_good, .health_start = plan->health_start, .health_failures = plan->health_failures,
    };
}

static void log_it(const struct program *program, void (*write)(const char *, ...), const char *what)
{
    write(what, "program", program->plan->name, program->why[0] ? "why" : NULL, program->why, NULL);
}

/* ---- preflight */

static void on_preflight(void *arg, const struct task_end *end)
{
    struct program *program = arg;
    const bool good = end->exited && end->code == 0;

    program->preflight = NULL;
    if (!good)
        program_say(program, "the preflight failed: %.120s%s%.300s", end->why, end->output[0] ? ": " : "", end->output);
    program_event(program, good ? LIFE_PASSED : LIFE_NOT_PASSED);
}

/* It gets what the program would get but for its secrets. */
static void do_preflight(struct program *program)
{
    struct environment *environment = start_environment(program);
    const struct model_program *plan = program->plan;
    struct task_request request = { .argv = plan->preflight, .folder = plan->folder, .path = program->model->settings.exec_path, .timeout = plan->preflight_timeout };

    request.env = environment ? (const char *const *)environment->all : NULL;
    program->preflight = environment ? task_start(program->all->loop, &request, on_preflight, program) : NULL;
    environment_free(environment);
    if (!program->preflight) {
        program_say(program, "there is no memory for the preflight");
        program_event(program, LIFE_NOT_PASSED);
    }
}

/* ---- port */

static void look_at_port(struct program *program)
{
    struct port_holder holder;
    const enum port_answer answer = port_look(program->plan->port_host, program->plan->port, &holder);

    if (answer == PORT_TAKEN && holder.pid > 0)
        program_say(program, "port %u is taken by %s (pid %ld), which is not ours and is left alone", (unsigned)program->plan->port, holder.name[0] ? holder.name : "a process",
                    (long)holder.pid);
    else if (answer == PORT_TAKEN)
        program_say(program, "port %u is taken by a process that we may not see", (unsigned)program->plan->port);
    program_event(program, answer == PORT_TAKEN ? LIFE_PORT_TAKEN : LIFE_PORT_FREE);
}

/* ---- the call after its start */

static void on_called(void *arg, const char *why)
{
    struct program *program = arg;

    program->call = NULL;
    if (why)
        program_say(program, "%s %s%s: %s", program->plan->call_method, program->plan->call_host, program->plan->call_target, why);
    else
        log_info("a program's start-up call has been answered", "program", program->plan->name, NULL);
    program_event(program, why ? LIFE_NOT_CALLED : LIFE_CALLED);
}

static void do_call(struct program *program)
{
    program->call = call_start(program->all->loop, program->plan, on_called, program);
    if (!program->call)
        program_event(program, LIFE_NOT_CALLED);
}

static void end_call(struct program *program)
{
    call_stop(program->call);
    program->call = NULL;
}

/* ---- another supervisor, watched for as long as the program is configured */

static void on_loaded(void *arg, enum loaded answer, const char *where)
{
    static const enum life_event_kind events[] = { [LOADED_NO] = LIFE_NOT_LOADED, [LOADED_YES] = LIFE_LOADED, [LOADED_NOT_ANSWERED] = LIFE_NOT_ANSWERED };
    struct program *program = arg;

    program->look = NULL;
    ev_timer_set(&program->look_again, (double)program->plan->loaded_every / 1e9, 0.);
    ev_timer_start(program->all->loop, &program->look_again);
    if (answer == LOADED_YES && program->life.owner != OWNER_OTHER)
        program_say(program, "%s is loaded in %.100s, which runs it", program->plan->unless_loaded, where);
    else if (answer == LOADED_NOT_ANSWERED && program->life.owner == OWNER_UNKNOWN)
        program_say(program, "whether %s is loaded is not known: %.200s", program->plan->unless_loaded, where);
    program_event(program, events[answer]);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct program *program = timer->data;

    (void)events;
    program->look = loaded_start(loop, program->plan->unless_loaded, program->model->settings.exec_path, on_loaded, program);
    if (program->look)
        return;
    ev_timer_set(&program->look_again, (double)program->plan->loaded_every / 1e9, 0.);
    ev_timer_start(loop, &program->look_again);
}

static void watch_owner(struct program *program)
{
    loaded_stop(program->look);
    program->look = NULL;
    ev_timer_stop(program->all->loop, &program->look_again);
    if (!program->plan->unless_loaded)
        return;
    ev_timer_set(&program->look_again, 0., 0.);
    ev_timer_start(program->all->loop, &program->look_again);
}

/* ---- what its life wants */

static void do_effect(struct program *program, enum life_effect effect)
{
    switch (effect) {
    case LIFE_DO_PREFLIGHT:
        do_preflight(program);
        break;
    case LIFE_END_PREFLIGHT:
        task_stop(program->preflight);
        program->preflight = NULL;
        break;
    case LIFE_LOOK_AT_PORT:
        look_at_port(program);
        break;
    case LIFE_DO_START:
        start_begin(program);
        break;
    case LIFE_DO_STOP:
        log_info("a program is told to end", "program", program->plan->name, NULL);
        link_stop_program(program->all, program->plan->name);
        break;
    case LIFE_DO_CALL:
        do_call(program);
        break;
    case LIFE_END_CALL:
        end_call(program);
        break;
    case LIFE_TELL_PREFLIGHT:
        log_it(program, log_error, "a program's preflight failed: it is not started");
        tell_event(program, "preflight.failed", program->why);
        break;
    case LIFE_TELL_ENDED:
        log_it(program, log_error, "a program has ended by itself");
        tell_event(program, "worker_exit", program->last_end);
        break;
    case LIFE_TELL_ILL:
        program_say(program, "its check %s was bad %u times in a row", program->model->checks[program->plan->health].full_name, program->life.plan.health_failures);
        log_it(program, log_error, "a program is not well: it is started again");
        tell_event(program, "health_check.restart", program->why);
        break;
    case LIFE_TELL_PORT:
        log_it(program, log_warn, program->life.plan.refuses ? "a program is not started: its port is taken" : "a program waits for its port");
        break;
    case LIFE_TELL_OWNED:
        log_it(program, log_warn, "a program belongs to another supervisor: it is not run here");
        break;
    case LIFE_TELL_UNANSWERED:
        log_it(program, log_warn, "a program is started though nobody could say whether another supervisor has it");
        break;
    case LIFE_TELL_CALL:
        log_it(program, log_error, "a program's start-up call failed");
        break;
    }
}

static void set_due(struct program *program, uint64_t now)
{
    const uint64_t due = program->life.due;

    ev_timer_stop(program->all->loop, &program->due);
    if (due == LIFE_NEVER)
        return;
    ev_now_update(program->all->loop);
    ev_timer_set(&program->due, due > now ? (double)(due - now) / 1e9 : 0., 0.);
    ev_timer_start(program->all->loop, &program->due);
}

/* Effects are copied, since carrying one out may be the next event (a port is looked at on the spot). */
static void feed(struct program *program, const struct life_event *event)
{
    const uint64_t now = clock_awake(), restarts = program->life.restarts;
    const enum life_state before = program->life.state;
    enum life_effect effects[LIFE_EFFECTS];
    size_t n;

    life_event(&program->life, now, event);
    n = program->life.n_effects;
    memcpy(effects, program->life.effects, n * sizeof *effects);
    if (program->life.state != before) {
        log_info("a program's state has changed", "program", program->plan->name, "from", life_state_name(before), "to", life_state_name(program->life.state), NULL);
        if (program->life.state == LIFE_RUNNING || program->life.state == LIFE_STOPPED)
            program->why[0] = '\0';
    }
    set_due(program, now);
    for (size_t i = 0; i < n; i++)
        do_effect(program, effects[i]);
    if (before != program->life.state || restarts != program->life.restarts || event->kind == LIFE_START || event->kind == LIFE_STOP)
        program->all->calls.changed(program->all->calls.arg);
}

void program_event(struct program *program, enum life_event_kind kind)
{
    feed(program, &(struct life_event){ .kind = kind });
}

static void on_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    program_event(timer->data, LIFE_TIME);
}

/* ---- life */

static void take(struct program *program, const struct model *model, const struct model_program *plan)
{
    model_keep(model);
    model_drop(program->model);
    program->model = model;
    program->plan = plan;
}

struct program *program_create(struct programs *all, const struct model *model, const struct model_program *plan, const struct programs_past *past)
{
    struct program *program = calloc(1, sizeof *program);
    const struct life_plan life = program_plan(plan);

    if (!program)
        return NULL;
    program->all = all;
    take(program, model, plan);
    life_begin(&program->life, &life, !past || past->wanted, past ? past->restarts : 0, clock_awake());
    program->pid = past ? past->pid : 0;
    program->started = past ? past->started : 0;
    program->print = past ? past->fingerprint : 0;
    ev_timer_init(&program->due, on_due, 0., 0.);
    ev_timer_init(&program->look_again, on_look, 0., 0.);
    ev_timer_init(&program->ask_secret, start_on_secret, 0., 0.);
    program->due.data = program->look_again.data = program->ask_secret.data = program;
    watch_owner(program);
    return program;
}

void program_free(struct program *program)
{
    struct ev_loop *loop = program->all->loop;

    ev_timer_stop(loop, &program->due);
    ev_timer_stop(loop, &program->look_again);
    task_stop(program->preflight);
    loaded_stop(program->look);
    end_call(program);
    start_stop(program);
    tell_stop(program);
    model_drop(program->model);
    free(program);
}

/* What hangs on the old configuration's texts is given up before they may be gone. */
void program_change(struct program *program, const struct model *model, const struct model_program *plan)
{
    const bool same = program->plan->fingerprint == plan->fingerprint;
    const struct life_plan life = program_plan(plan);

    if (!same)
        start_stop(program);
    take(program, model, plan);
    feed(program, &(struct life_event){ .kind = same ? LIFE_ADJUSTED : LIFE_CHANGED, .plan = &life });
    if (!same && program->life.state == LIFE_STARTING && !program->sent)
        program_event(program, LIFE_NOT_STARTED);
    watch_owner(program);
}

void program_found(struct program *program)
{
    const struct life_plan life = program_plan(program->plan);

    program_event(program, LIFE_FOUND);
    if (program->print != program->plan->fingerprint)
        feed(program, &(struct life_event){ .kind = LIFE_CHANGED, .plan = &life });
}
