/*
 * Windows of passes: `verify`, `until`, and the stability window at the end of a run. A pass is a fresh run of each check; it is good when all are ok or warn.
 * One bad pass ends a `verify`, and the stability window as a regression (rules.md 3.11); an `until` begins to count anew. What cannot tell is asked again and
 * counts for nothing; what is still starting has to begin anew. A pass in which something was repaired proves nothing. Time asleep does not count.
 */
#include "heal/heal_private.h"

#include "base/scalar.h"

#include <stdio.h>
#include <string.h>

enum { NAMED = 3 /* checks, where it is shown for what is waited: how many passes are done has to fit behind them */ };

static void begin_pass(struct heal *heal, const struct engine *engine, struct run *run)
{
    struct passes *p = &run->passes;

    p->from = engine_last_run(engine) + 1;
    if (p->window_from == 0)
        p->window_from = p->from;
    p->began = heal->now.awake;
    p->disturbed = run->action > 0;
    memset(run->answers, ANSWER_NONE, p->what->checks.n);
    for (size_t i = 0; i < p->what->checks.n; i++)
        todo_check(heal, steps_check(heal, run, p->what->checks.checks[i]));
}

void passes_begin(struct heal *heal, struct run *run, const struct model_window_of_passes *what)
{
    run->passes = (struct passes){ .what = what, .deadline = heal->now.awake + what->within, .next_at = heal->now.awake };
}

/* A check that the runbook needs is gone: by a reload. */
static const char *missing(const struct heal *heal, const struct run *run)
{
    const struct model_checks *checks = &run->passes.what->checks;

    for (size_t i = 0; i < checks->n; i++)
        if (steps_check(heal, run, checks->checks[i]) == MODEL_NONE)
            return run->model->checks[checks->checks[i]].full_name;
    return NULL;
}

/* ---- answers */

static unsigned char answer_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_WARN:
        return ANSWER_GOOD;
    case STATUS_UNKNOWN:
        return ANSWER_UNKNOWN;
    case STATUS_STARTING:
        return ANSWER_STARTING;
    case STATUS_FAIL:
    case STATUS_STOPPED:
        break;
    }
    return ANSWER_BAD;
}

/* A bad one counts against the stability window and against passes in a row, and one that is starting begins it anew, whatever they were asked for. */
void passes_take(struct heal *heal, struct run *run, size_t check, uint64_t number, const struct result *result)
{
    struct passes *p = &run->passes;

    if ((run->state != RUN_STEPS && run->state != RUN_WINDOW) || !p->what || p->window_from == 0)
        return;
    for (size_t i = 0; i < p->what->checks.n; i++) {
        bool bad = (run->state == RUN_WINDOW || p->passed > 0) && answer_of(result->status) == ANSWER_BAD && number >= p->window_from;

        if (steps_check(heal, run, p->what->checks.checks[i]) != check)
            continue;
        if (number >= p->window_from && answer_of(result->status) == ANSWER_STARTING)
            p->passed = 0;
        if (bad || (p->from > 0 && number >= p->from && run->answers[i] == ANSWER_NONE))
            run->answers[i] = answer_of(result->status);
        heal->dirty = true;
    }
}

static unsigned char worst(const struct run *run)
{
    unsigned char found = ANSWER_GOOD;

    for (size_t i = 0; i < run->passes.what->checks.n; i++) {
        if (run->answers[i] == ANSWER_BAD && run->state == RUN_WINDOW)
            return ANSWER_BAD;
        if (run->answers[i] == ANSWER_NONE)
            found = ANSWER_NONE;
        else if (found != ANSWER_NONE && run->answers[i] > found)
            found = run->answers[i];
    }
    return found;
}

static const char *first_of(const struct run *run, unsigned char answer)
{
    for (size_t i = 0; i < run->passes.what->checks.n; i++)
        if (run->answers[i] == answer)
            return run->model->checks[run->passes.what->checks.checks[i]].full_name;
    return "";
}

/* ---- the end of a pass */

/* True: the step or the run goes on otherwise now. */
static bool take_bad(struct heal *heal, const struct engine *engine, struct run *run)
{
    struct passes *p = &run->passes;
    const bool verify = run->state == RUN_WINDOW || run->step->kind == MODEL_STEP_VERIFY;
    const unsigned passed = p->passed;

    p->passed = 0;
    if (verify)
        steps_fail(heal, engine, run, "%s is not well", first_of(run, ANSWER_BAD));
    else if (passed > 0 && run->step->warmup.n > 0 &&
             (engine_when_of(engine, run->model, &run->step->warmup) != LOGIC_TRUE || BROKEN(12)))
        steps_fail(heal, engine, run, "%s was well, and is not any more", first_of(run, ANSWER_BAD));
    else
        return false;
    return true;
}

static bool take_good(struct heal *heal, const struct engine *engine, struct run *run)
{
    struct passes *p = &run->passes;

    if (p->disturbed || (++p->passed < p->what->passes && !(BROKEN(4) && run->state == RUN_WINDOW)))
        return false;
    p->what = NULL;
    if (run->state != RUN_WINDOW) {
        steps_done(heal, engine, run);
        return true;
    }
    snprintf(run->doing, sizeof run->doing, "it held");
    run_end(heal, engine, run, HEAL_FIXED);
    return true;
}

static bool end_pass(struct heal *heal, const struct engine *engine, struct run *run)
{
    struct passes *p = &run->passes;
    const unsigned char is = p->from > 0 || p->passed > 0 || run->state == RUN_WINDOW ? worst(run) : ANSWER_NONE;

    if (is == ANSWER_NONE || (p->from == 0 && is != ANSWER_BAD))
        return false;
    p->from = 0;
    p->next_at = p->began + p->what->every > heal->now.awake ? p->began + p->what->every : heal->now.awake;
    heal->publish = true;
    if (is == ANSWER_BAD)
        return take_bad(heal, engine, run);
    if (is == ANSWER_STARTING)
        p->passed = 0;
    return is == ANSWER_GOOD && take_good(heal, engine, run);
}

/* ---- what is done on the way */

static bool is_hard(const struct engine *engine, const struct run *run)
{
    return run->step && run->step->hard.n > 0 && !BROKEN(11) && engine_when_of(engine, run->model, &run->step->hard) == LOGIC_TRUE;
}

static void go_meanwhile(struct heal *heal, const struct engine *engine, struct run *run)
{
    for (size_t i = 0; run->step && i < run->step->n_meanwhile && i < MEANWHILES && run->action == 0 && !run->cancelled; i++) {
        const struct model_meanwhile *m = &run->step->meanwhile[i];

        if (run->meanwhile_at[i] != NEVER && heal->now.awake - run->meanwhile_at[i] < m->every) {
            todo_wake(heal, run->meanwhile_at[i] + m->every);
            continue;
        }
        if (engine_when_of(engine, run->model, &m->when) != LOGIC_TRUE)
            continue;
        run->meanwhile_at[i] = heal->now.awake;
        run->passes.disturbed = true;
        steps_act(heal, run, &m->action, i, false);
        todo_wake(heal, run->action_deadline);
    }
}

/* ---- */

void passes_go(struct heal *heal, const struct engine *engine, struct run *run)
{
    struct passes *p = &run->passes;
    const char *gone = missing(heal, run);

    if (gone) {
        steps_fail(heal, engine, run, "%s is not configured any more", gone);
        return;
    }
    if (is_hard(engine, run)) {
        steps_fail(heal, engine, run, "%s", run->step->hard.text);
        return;
    }
    if (end_pass(heal, engine, run))
        return;
    if (p->deadline <= heal->now.awake) {
        const char *bad = p->from > 0 ? first_of(run, ANSWER_NONE) : first_of(run, ANSWER_BAD);

        steps_fail(heal, engine, run, "not well within its time%s%s", bad[0] ? ": " : "", bad);
        return;
    }
    go_meanwhile(heal, engine, run);
    if (p->from == 0 && p->next_at <= heal->now.awake)
        begin_pass(heal, engine, run);
    todo_wake(heal, p->from == 0 && p->next_at < p->deadline ? p->next_at : p->deadline);
}

const char *passes_show(const struct run *run, char *out, size_t size)
{
    const struct passes *p = &run->passes;
    size_t len = (size_t)snprintf(out, size, "%s", run->state == RUN_WINDOW ? "verify" : run->step && run->step->kind == MODEL_STEP_UNTIL ? "until" : "verify");

    for (size_t i = 0; i < p->what->checks.n && i < NAMED && len + 160 < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? ", " : " ", run->model->checks[p->what->checks.checks[i]].full_name);
    if (p->what->checks.n > NAMED && len + 80 < size)
        len += (size_t)snprintf(out + len, size - len, " and %zu more", p->what->checks.n - NAMED);
    if (len + 40 < size)
        snprintf(out + len, size - len, ": pass %u of %u", p->passed + 1, p->what->passes);
    return out;
}
