/* Runs, from `start` to `done`: see run.h. The deadline is in run_deadline.c. */
#include "run.h"

#include "base/os/reserve.h"
#include "base/sanitized.h"
#include "base/text.h"
#include "die.h"
#include "instance.h"
#include "op.h"
#include "run_deadline.h"
#include "services.h"
#include "wire.h"
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 64, PROGRESS_LINES = 1000, PROGRESS_TEXT = 1024 };

enum { KEEPS_RUNS = !ADDRESS_SANITIZED }; /* or a use after its end would not be seen */

static struct ids ids;
static uint64_t last_number;

/* ---- memory */

static struct run *take(struct operation *operation)
{
    struct run *run = operation->idle_runs;
    struct said said;

    if (!run)
        return must_alloc(sizeof *run + operation->is.run_size);
    operation->idle_runs = run->next_idle;
    operation->n_idle--;
    said = run->said;
    memset(run, 0, offsetof(struct run, said));
    memset(run->state, 0, operation->is.run_size);
    run->said = said;
    run->progressed = 0;
    return run;
}

static void free_run(struct run *run)
{
    said_free(&run->said);
    free(run);
}

static void give(struct run *run)
{
    struct operation *operation = run->operation;

    if (!KEEPS_RUNS || operation->n_idle >= KEPT) {
        free_run(run);
        return;
    }
    run->next_idle = operation->idle_runs;
    operation->idle_runs = run;
    operation->n_idle++;
}

void runs_free(struct operation *operation)
{
    while (operation->idle_runs) {
        struct run *next = operation->idle_runs->next_idle;

        free_run(operation->idle_runs);
        operation->idle_runs = next;
    }
    operation->n_idle = 0;
}

void runs_free_ids(void)
{
    ids_free(&ids);
}

struct run *run_find(const char *id, size_t n)
{
    struct id *found = ids_find(&ids, id, n);

    return found ? (struct run *)(void *)((char *)found - offsetof(struct run, id)) : NULL;
}

/* ---- the beginning */

static void make_face(struct run *run, uint32_t flags)
{
    struct instance *instance = run->instance;

    run->owner.face = (struct talon_run){
        .host = services_table(),
        .conf = instance->owner.face.conf,
        .state = run->state,
        .self = instance->owner.face.state,
        .instance = &instance->owner.face,
        .name = instance->owner.face.name,
        .id = ++last_number,
        .deadline_ns = run->left < NEVER - run->began ? run->began + run->left : NEVER,
        .owner = TALON_RUN,
        .flags = flags,
    };
}

void run_start(struct instance *instance, const char *id, size_t n_id, uint64_t left_ns, uint32_t flags)
{
    struct operation *operation = instance->operation;
    struct run *run = take(operation);
    struct owner_call call;

    run->operation = operation;
    run->instance = instance;
    run->owner.plugin = operation->plugin;
    run->began = turn_now();
    run->left = left_ns;
    make_face(run, flags);
    said_clear(&run->said);
    ids_add(&ids, &run->id, id, n_id);
    run->owner.wire_id = run->id.text;
    instance->run = run;
    run_deadline_begin(run);
    owner_enter(&run->owner, &call);
    if (!reserve_is_whole())
        run_complete(run, TALON_UNKNOWN, "local", "this plugin host has no memory left for another run");
    else if ((operation->is.flags & TALON_BLOCKING) && !wire_is_worker())
        worker_start(run);
    else
        operation->is.start(&run->owner.face);
    owner_leave(&call);
}

/* ---- what it says */

void run_metric(struct run *run, const char *name, double value, const char *unit)
{
    char text[192];

    if (!name || said_metric(&run->said, name, value, unit ? unit : ""))
        return;
    snprintf(text, sizeof text, "the metric %.100s is no finite number and was dropped", name);
    wire_log(&run->owner, TALON_WARNING, text);
}

void run_detail(struct run *run, const char *name, const char *value)
{
    if (name && value)
        said_detail(&run->said, name, value);
}

void run_progress(struct run *run, const char *text)
{
    struct buffer clean = buffer_make(0);

    if (!text || run->progressed++ >= PROGRESS_LINES)
        return;
    text_clean(&clean, text, strlen(text), PROGRESS_TEXT);
    wire_progress(run->id.text, buffer_string(&clean));
    buffer_free(&clean);
}

/* ---- the end */

/* A token is lower case letters, digits, and . _ - between them: what is not is shown as _, so that the core can rely on it. */
static void take_reason(struct run *run, const char *reason)
{
    size_t n = 0;

    for (; reason && reason[n] && n < RUN_REASON - 1; n++) {
        const char c = reason[n];
        const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';

        run->reason[n] = good ? c : '_';
    }
    run->reason[n] = '\0';
    if (n == 0)
        memcpy(run->reason, "none", sizeof "none");
}

static void take_summary(struct run *run, const char *summary)
{
    struct buffer clean = buffer_make(0);

    text_clean(&clean, summary ? summary : "", summary ? strlen(summary) : 0, RUN_SUMMARY);
    snprintf(run->summary, sizeof run->summary, "%s", buffer_string(&clean));
    buffer_free(&clean);
}

void run_complete(struct run *run, enum talon_status status, const char *reason, const char *summary)
{
    char text[256];

    if (run->owner.over) {
        snprintf(text, sizeof text, "a run was completed a second time, as %.64s: that is ignored; it had ended as %s", reason ? reason : "(no reason)", run->reason);
        wire_log(&run->owner, TALON_WARNING, text);
        return;
    }
    if ((unsigned)status > TALON_STOPPED) {
        snprintf(text, sizeof text, "the plugin reported the status %u, which does not exist", (unsigned)status);
        status = TALON_UNKNOWN;
        reason = "plugin.bad_result";
        summary = text;
    }
    run->status = status;
    take_reason(run, reason);
    take_summary(run, summary);
    owner_end(&run->owner);
}

static void tell(const struct run *run)
{
    const struct result result = {
        .status = run->status,
        .reason = run->reason,
        .summary = run->summary,
        .duration_ns = turn_now() - run->began,
        .late_ns = turn_late_since(run->began),
    };

    wire_done(run->id.text, &result, &run->said);
}

static void finish(struct run *run)
{
    struct instance *instance = run->instance;

    run_deadline_end(run);
    owner_tear_down(&run->owner);
    ids_remove(&ids, &run->id);
    instance->run = NULL;
    give(run);
    instance_run_over(instance);
}

void run_relay(struct run *run, const char *line, size_t n)
{
    const struct buffer whole = { .data = (char *)(uintptr_t)line, .len = n };

    wire_send(&whole);
    run->owner.over = true;
    run->reason[0] = '\0'; /* it is told */
    owner_touch(&run->owner);
}

void run_settle(struct run *run)
{
    if (!run->owner.over && run->owner.n_ops == 0) {
        if (run->told)
            run_expire(run);
        else
            run_complete(run, TALON_UNKNOWN, "plugin.idle", "the plugin neither ended its run nor waits for anything: it could never have ended");
    }
    if (!run->owner.over)
        return;
    if (run->reason[0])
        tell(run);
    finish(run);
}
