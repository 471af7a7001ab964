/*
 * Promise 4, as people see it: nobody has recovered, and nobody is told so, while a repair of it goes on, its stability window included; and when that is over,
 * and it is well, nothing holds the word back (design.md 7, rules.md 3.13). What did not hold is well when it was heard once more: what it looked like before
 * is what the repair is judged by. What a disruptive run takes down and waits for is no incident of its own before the run has ended.
 */
#include "heal_judge.h"

static struct judge *of(struct world *w)
{
    return w->user;
}

static bool is_for(const struct judge_run *run, size_t service, uint64_t incident)
{
    return run->id > 0 && run->begun && run->runbook->impact > MODEL_OBSERVE && (run->service == service || run->shares[service] == incident);
}

static const struct judge_run *run_for(struct world *w, size_t service, uint64_t incident)
{
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (is_for(&of(w)->runs[i], service, incident))
            return &of(w)->runs[i];
    return NULL;
}

static bool was_heard(struct world *w, size_t service)
{
    const struct model_service *s = &engine_model(w->engine)->services[service];

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        if (of(w)->checks[i].known_run < of(w)->proven_from[service] && engine_model(w->engine)->checks[i].enabled && !engine_model(w->engine)->checks[i].witness)
            return false;
    return true;
}

void judge_notice(struct world *w, const struct engine_effect *effect)
{
    const uint64_t incident = effect->of.notify.incident;
    struct judge_incident *i = &of(w)->incidents[incident % JUDGE_INCIDENTS];
    const struct judge_run *run;

    if (incident == 0)
        return;
    if (effect->of.notify.notice == NOTICE_OPENED || effect->of.notify.notice == NOTICE_FLAPPING_LONG)
        i->open_told = true;
    if (effect->of.notify.notice != NOTICE_RECOVERED)
        return;
    run = run_for(w, effect->of.notify.service, incident);
    if (run)
        world_break(w, "4: s%zu is said to have recovered, and %s has not ended", effect->of.notify.service, run->runbook->name);
    if (!was_heard(w, effect->of.notify.service))
        world_break(w, "4: s%zu is said to have recovered by what was seen before its repair failed", effect->of.notify.service);
    if (!i->open_told)
        world_break(w, "4: s%zu is said to have recovered for the second time", effect->of.notify.service);
    i->open_told = false;
}

void judge_over(struct world *w, const struct judge_run *run, bool fixed)
{
    for (size_t i = 0; i < engine_model(w->engine)->n_services; i++)
        if (!fixed && run->begun && is_for(run, i, run->shares[i]) && (run->service == i || run->shares[i] > 0))
            of(w)->proven_from[i] = engine_last_run(w->engine) + 1, of(w)->failures[i]++;
}

/* The engine is told of one after the other, and what it had begun between them proves nothing. */
void judge_outcome(struct world *w, const struct engine_healing *healing)
{
    unsigned *failures = &of(w)->failures[healing->service];

    if (!healing->repairs || healing->entry <= ENTRY_FIXED || healing->entry > ENTRY_INTERRUPTED || *failures == 0)
        return;
    --*failures;
    of(w)->proven_from[healing->service] = engine_last_run(w->engine) + 1;
}

/* ---- what a disruptive run takes down, and waits for */

static bool names(const struct judge_run *run, const struct model_checks *checks, size_t service)
{
    for (size_t i = 0; i < checks->n; i++)
        if (run->model->checks[checks->checks[i]].service == service)
            return true;
    return false;
}

static bool awaits(const struct judge_run *run, const struct model_step *steps, size_t n, size_t service)
{
    for (size_t i = 0; i < n; i++)
        if (((steps[i].kind == MODEL_STEP_VERIFY || steps[i].kind == MODEL_STEP_UNTIL) && names(run, &steps[i].passes.checks, service)) ||
            awaits(run, steps[i].then, steps[i].n_then, service) || awaits(run, steps[i].otherwise, steps[i].n_otherwise, service))
            return true;
    return false;
}

static bool is_subject(struct world *w, size_t service)
{
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (of(w)->runs[i].id > 0 && of(w)->runs[i].begun && of(w)->runs[i].runbook->impact > MODEL_OBSERVE && of(w)->runs[i].service == service)
            return true;
    return false;
}

static bool takes_down(const struct judge_run *run, size_t service)
{
    return run->id > 0 && run->begun && run->runbook->impact >= MODEL_DISRUPT && service != run->service &&
           (names(run, &run->runbook->verify.checks, service) || awaits(run, run->runbook->steps, run->runbook->n_steps, service));
}

/* It opens no incident before the run has ended, unless it is repaired itself; and what is down by itself has one otherwise. */
void judge_taken_down(struct world *w)
{
    struct judge *j = of(w);

    if (w->n_queue > 0)
        return; /* the engine has still to be told */
    for (size_t i = 0; i < engine_model(w->engine)->n_services; i++) {
        const struct engine_service *s = engine_service(w->engine, i);
        bool now = false, long_since = false;

        for (size_t k = 0; k < JUDGE_RUNS; k++) {
            now |= takes_down(&j->runs[k], i);
            long_since |= j->runs[k].settled && takes_down(&j->runs[k], i);
        }
        if (long_since && s->incident > 0 && j->settled[i] == 0 && !s->flapping && !is_subject(w, i))
            world_break(w, "down: s%zu has an incident by what a repair has taken down", i);
        if (!now && s->root && s->incident == 0)
            world_break(w, "down: s%zu is down by itself, and has no incident", i);
        j->settled[i] = s->incident;
    }
    for (size_t k = 0; k < JUDGE_RUNS; k++)
        j->runs[k].settled = j->runs[k].begun;
}

static void forget_shares(struct world *w)
{
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        for (size_t k = 0; of(w)->runs[i].id > 0 && k < engine_model(w->engine)->n_services; k++)
            if (of(w)->runs[i].shares[k] != engine_service(w->engine, k)->incident)
                of(w)->runs[i].shares[k] = 0;
}

/* What the engine has still to be told lies in the queue. */
void judge_open(struct world *w)
{
    for (size_t i = 0; i < engine_model(w->engine)->n_services && w->n_queue == 0; i++) {
        const struct engine_service *s = engine_service(w->engine, i);

        if (s->incident > 0 && (s->verdict == VERDICT_OK || s->verdict == VERDICT_WARN) && !s->flapping && was_heard(w, i) && !run_for(w, i, s->incident))
            world_break(w, "4: s%zu is well, nothing repairs it, and its incident is open", i);
    }
    forget_shares(w);
}
