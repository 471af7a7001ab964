/*
 * The steps of a run, one after the other. A step is a `do`, `collect`, `verify`, `until`, `wait` or `if`; those of an `if` are a frame on a small stack. A
 * step that did not work ends the run, unless it says `on_failure: continue`; a process that died in the middle of an action ends it always, because nobody
 * knows what it left.
 *
 * An `if` is asked of fresh results: what a step before has changed is not judged by what was seen before it. What cannot be told takes neither branch.
 */
#include "heal/heal_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GRACE (5 * (uint64_t)NS_PER_S) /* of an action beyond its own timeout, and of checks that an `if` asks */

static void begin_next(struct heal *heal, const struct engine *engine, struct run *run);

/* ---- where it is */

void steps_name(const struct run *run, char *out, size_t size)
{
    size_t len = 0;

    if (run->state == RUN_WINDOW) {
        snprintf(out, size, "verify");
        return;
    }
    out[0] = '\0';
    for (size_t i = 0; i < run->depth && len + 8 < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%zu", i > 0 ? "." : "", run->stack[i].at + (i + 1 == run->depth));
}

size_t steps_check(const struct heal *heal, const struct run *run, size_t check)
{
    size_t found = run->model == heal->model ? check : model_check(heal->model, run->model->checks[check].full_name);

    return found != MODEL_NONE && heal->model->checks[found].enabled ? found : MODEL_NONE;
}

static void say(struct heal *heal, struct run *run, const char *what)
{
    char place[PLACE];

    steps_name(run, place, sizeof place);
    if (run->service != MODEL_NONE)
        todo_tell(heal, run->id, run->service, run->of, ENTRY_KINDS, NULL, "%s, step %s: %s", run->book->name, place, what);
}

/* ---- actions */

void steps_act(struct heal *heal, struct run *run, const struct model_action *action, size_t meanwhile, bool collects)
{
    struct heal_effect *effect = todo_add(heal, HEAL_ACT, run->id);

    steps_name(run, run->place, sizeof run->place);
    run->action = effect->of.act.action = ++heal->last_action;
    run->action_deadline = heal->now.awake + action->timeout + GRACE;
    run->meanwhile = meanwhile;
    effect->of.act.model = run->model;
    effect->of.act.what = action;
    effect->of.act.incident = run->of;
    effect->of.act.collects = collects;
    effect->of.act.step = run->place;
    heal->publish = true;
}

/* ---- a step is over */

void steps_done(struct heal *heal, const struct engine *engine, struct run *run)
{
    say(heal, run, "done");
    run->step = NULL;
    run->passes.what = NULL;
    run->stack[run->depth - 1].at++;
    begin_next(heal, engine, run);
}

void steps_fail(struct heal *heal, const struct engine *engine, struct run *run, const char *format, ...)
{
    const bool goes_on = run->step && run->step->goes_on;
    char what[ENGINE_TEXT / 2], line[ENGINE_TEXT], place[PLACE];
    va_list ap;

    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    run_stop_action(heal, run);
    steps_name(run, place, sizeof place);
    snprintf(line, sizeof line, "%s: %s", place, what);
    say(heal, run, what);
    if (goes_on && !run->cancelled) {
        run->step = NULL;
        run->passes.what = NULL;
        run->stack[run->depth - 1].at++;
        begin_next(heal, engine, run);
        return;
    }
    snprintf(run->doing, sizeof run->doing, "%s", line);
    run_end(heal, engine, run, run->state == RUN_WINDOW ? HEAL_NOT_FIXED : HEAL_FAILED);
}

/* ---- if */

static bool answered(const struct heal *heal, const struct run *run)
{
    const struct model_condition *c = &run->step->condition;

    for (size_t i = 0; i < c->n; i++) {
        size_t check;

        if (c->nodes[i].kind != MODEL_WHEN_VERDICT && c->nodes[i].kind != MODEL_WHEN_METRIC)
            continue;
        check = steps_check(heal, run, c->nodes[i].check);
        if (check != MODEL_NONE && heal->evidence[check].known_run < run->if_from)
            return false;
    }
    return true;
}

static uint64_t ask_condition(struct heal *heal, const struct run *run)
{
    const struct model_condition *c = &run->step->condition;
    uint64_t longest = 0;

    for (size_t i = 0; i < c->n; i++) {
        size_t check;

        if (c->nodes[i].kind != MODEL_WHEN_VERDICT && c->nodes[i].kind != MODEL_WHEN_METRIC)
            continue;
        check = steps_check(heal, run, c->nodes[i].check);
        if (check == MODEL_NONE)
            continue;
        todo_check(heal, check);
        if (heal->model->checks[check].timeout > longest)
            longest = heal->model->checks[check].timeout;
    }
    return longest;
}

static void begin_if(struct heal *heal, const struct engine *engine, struct run *run)
{
    run->if_from = engine_last_run(engine) + 1;
    run->if_began = heal->now.awake;
    run->wait_until = heal->now.awake + 2 * ask_condition(heal, run) + GRACE; /* one may be on its way, and another follows it */
}

/* The time that it took is no time of the runbook. */
static void decide(struct heal *heal, const struct engine *engine, struct run *run)
{
    const struct model_step *step = run->step;
    const enum logic is = engine_when_of(engine, run->model, &step->condition);
    const struct model_step *steps = is == LOGIC_TRUE ? step->then : step->otherwise;
    size_t n = is == LOGIC_TRUE ? step->n_then : is == LOGIC_FALSE ? step->n_otherwise : 0;

    if (!answered(heal, run) && heal->now.awake < run->wait_until) {
        todo_wake(heal, run->wait_until);
        return;
    }
    run->deadline += heal->now.awake - run->if_began;
    run->if_from = 0;
    say(heal, run, is == LOGIC_TRUE ? "it is so" : is == LOGIC_FALSE ? "it is not so" : "nobody can tell");
    run->step = NULL;
    run->stack[run->depth - 1].at++;
    if (n > 0 && run->depth < DEPTH)
        run->stack[run->depth++] = (struct frame){ .steps = steps, .n = n };
    begin_next(heal, engine, run);
}

/* ---- it is cut short */

static bool was_folded(const struct engine *engine, const struct run *run)
{
    const struct engine_incident *incident = run->incident > 0 ? engine_incident(engine, run->incident) : NULL;

    return incident && incident->ending == INCIDENT_FOLDED;
}

static void cancel(struct heal *heal, const struct engine *engine, struct run *run)
{
    const struct engine_incident *incident = engine_incident(engine, run->incident);
    const struct engine_incident *into = incident ? engine_incident(engine, incident->folded_into) : NULL;

    snprintf(run->doing, sizeof run->doing, "cancelled: it fails because of %s", into ? into->service : "what it needs");
    run_end(heal, engine, run, HEAL_FAILED);
}

/* True: the run has ended. */
static bool is_cut_short(struct heal *heal, const struct engine *engine, struct run *run)
{
    run->cancelled = run->cancelled || was_folded(engine, run);
    if (run->action > 0 && run->meanwhile == MODEL_NONE)
        return false; /* first the action in progress */
    if (run->cancelled && run->action > 0)
        return false;
    if (run->cancelled) {
        cancel(heal, engine, run);
        return true;
    }
    if (run->deadline > heal->now.awake)
        return false;
    snprintf(run->doing, sizeof run->doing, "it took longer than its deadline");
    run_end(heal, engine, run, run->state == RUN_WINDOW ? HEAL_NOT_FIXED : HEAL_FAILED);
    return true;
}

/* ---- the next one */

static void begin_window(struct heal *heal, const struct engine *engine, struct run *run)
{
    run->state = RUN_WINDOW;
    run->depth = 0;
    run->step = NULL;
    passes_begin(heal, run, &run->book->verify);
    passes_go(heal, engine, run);
}

static void begin_step(struct heal *heal, const struct engine *engine, struct run *run)
{
    const struct model_step *step = run->step;

    for (size_t i = 0; i < MEANWHILES; i++)
        run->meanwhile_at[i] = NEVER;
    switch (step->kind) {
    case MODEL_STEP_DO:
    case MODEL_STEP_COLLECT:
        snprintf(run->doing, sizeof run->doing, "%s", step->action.name);
        steps_act(heal, run, &step->action, MODEL_NONE, step->kind == MODEL_STEP_COLLECT);
        break;
    case MODEL_STEP_VERIFY:
    case MODEL_STEP_UNTIL:
        passes_begin(heal, run, &step->passes);
        break;
    case MODEL_STEP_WAIT:
        snprintf(run->doing, sizeof run->doing, "wait");
        run->wait_until = heal->now.awake + step->wait;
        break;
    case MODEL_STEP_IF:
        snprintf(run->doing, sizeof run->doing, "if %s", step->condition.text);
        begin_if(heal, engine, run);
        break;
    }
    heal->dirty = heal->publish = true;
}

static void begin_next(struct heal *heal, const struct engine *engine, struct run *run)
{
    if (is_cut_short(heal, engine, run))
        return;
    while (run->depth > 0 && run->stack[run->depth - 1].at == run->stack[run->depth - 1].n)
        run->depth--;
    if (run->depth == 0) {
        begin_window(heal, engine, run);
        return;
    }
    run->step = &run->stack[run->depth - 1].steps[run->stack[run->depth - 1].at];
    begin_step(heal, engine, run);
}

void steps_begin(struct heal *heal, const struct engine *engine, struct run *run)
{
    run->stack[0] = (struct frame){ .steps = run->book->steps, .n = run->book->n_steps };
    run->depth = 1;
    begin_next(heal, engine, run);
}

/* ---- what happens meanwhile */

/* Longer than its timeout and the grace: its host has been silent, or is gone. */
static void overdue(struct heal *heal, const struct engine *engine, struct run *run)
{
    todo_add(heal, HEAL_CANCEL, run->id)->of.cancel.action = run->action;
    steps_ended(heal, engine, run, NULL, false);
}

void steps_go(struct heal *heal, const struct engine *engine, struct run *run)
{
    if (run->state != RUN_STEPS && run->state != RUN_WINDOW)
        return;
    if (run->action > 0 && run->action_deadline <= heal->now.awake)
        overdue(heal, engine, run);
    if (run->state != RUN_STEPS && run->state != RUN_WINDOW)
        return;
    if (run->action > 0)
        todo_wake(heal, run->action_deadline);
    if (is_cut_short(heal, engine, run))
        return;
    todo_wake(heal, run->deadline > heal->now.awake ? run->deadline : NEVER);
    if (run->passes.what) {
        passes_go(heal, engine, run);
    } else if (run->step && run->step->kind == MODEL_STEP_IF) {
        decide(heal, engine, run);
    } else if (run->step && run->step->kind == MODEL_STEP_WAIT) {
        if (run->wait_until <= heal->now.awake)
            steps_done(heal, engine, run);
        else
            todo_wake(heal, run->wait_until);
    }
}

/* ---- an action has ended */

static void ended_meanwhile(struct heal *heal, struct run *run, const struct result *result)
{
    char what[ENGINE_TEXT / 2];

    snprintf(what, sizeof what, "meanwhile %s: %s", run->step ? run->step->meanwhile[run->meanwhile].action.name : "",
             result ? result->summary : "it did not end");
    run->meanwhile = MODEL_NONE;
    run->passes.disturbed = true;
    say(heal, run, what);
}

void steps_ended(struct heal *heal, const struct engine *engine, struct run *run, const struct result *result, bool died)
{
    const char *name = run->step && run->meanwhile == MODEL_NONE ? run->step->action.name : "";

    run->action = 0;
    heal->dirty = true;
    if (died && !(run->step && run->step->kind == MODEL_STEP_COLLECT)) {
        snprintf(run->doing, sizeof run->doing, "what did %s has died", name[0] ? name : "it");
        run_end(heal, engine, run, HEAL_INTERRUPTED);
    } else if (run->meanwhile != MODEL_NONE) {
        ended_meanwhile(heal, run, result);
    } else if (result && (result->status == STATUS_OK || result->status == STATUS_WARN) && !died) {
        steps_done(heal, engine, run);
    } else if (died || !result) {
        steps_fail(heal, engine, run, "%s did not end", name);
    } else {
        steps_fail(heal, engine, run, "%s %s: %s", name, result->status == STATUS_UNKNOWN ? "was not done" : "did not work", result->summary);
    }
}
