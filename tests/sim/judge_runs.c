/* Runs: one of a check at a time, within the bounds of paths, none too late and none for nothing. */
#include "judge.h"

#include <string.h>

#define NUDGE_DISTANCE SECONDS(1)

static const struct model_check *model_of(const struct sim *sim, size_t check)
{
    return &engine_model(sim->engine)->checks[check];
}

static size_t running_on(const struct sim *sim, size_t path)
{
    const struct model *model = engine_model(sim->engine);
    size_t n = 0;

    for (size_t i = 0; i < model->n_checks; i++)
        n += model->checks[i].path == path && sim->checks[i].run;
    return n;
}

bool judge_path_full(const struct sim *sim, size_t check)
{
    const struct model *model = engine_model(sim->engine);
    size_t path = model->checks[check].path;

    return path != MODEL_NONE && running_on(sim, path) >= model->paths[path].concurrent;
}

/* ---- the start of one ---- */

static bool may_start(struct sim *sim, const struct engine_effect *effect)
{
    const struct model *model = engine_model(sim->engine);
    size_t check = effect->of.start.check;

    if (check >= model->n_checks || !model->checks[check].enabled)
        sim_break(sim, "a run starts for check %zu, which is not watched", check);
    else if (sim->checks[check].run)
        sim_break(sim, "two runs of %s at once", model->checks[check].full_name);
    else if (effect->of.start.timeout != model->checks[check].timeout)
        sim_break(sim, "a run of %s has another timeout than its own", model->checks[check].full_name);
    else if (judge_path_full(sim, check))
        sim_break(sim, "a run of %s starts on a full path", model->checks[check].full_name);
    for (size_t i = 0; i < model->n_checks; i++)
        if (sim->checks[i].run == effect->of.start.run)
            sim_break(sim, "two runs have one number");
    return !sim->broken[0];
}

static void judge_nudged(struct sim *sim, size_t check, enum engine_cause cause)
{
    struct sim_check *c = &sim->checks[check];

    if (cause != CAUSE_NUDGE)
        return;
    if (c->nudge_run != SIM_NONE && sim->now.awake - c->nudge_run < NUDGE_DISTANCE)
        sim_break(sim, "%s was nudged twice within a second", model_of(sim, check)->full_name);
    c->nudge_run = sim->now.awake;
    c->nudged = SIM_NONE;
}

void judge_start(struct sim *sim, const struct engine_effect *effect)
{
    size_t check = effect->of.start.check;
    struct sim_check *c;
    uint64_t timeout = effect->of.start.timeout;

    if (!may_start(sim, effect))
        return;
    c = &sim->checks[check];
    judge_nudged(sim, check, effect->of.start.cause);
    c->run = effect->of.start.run;
    c->number = ++sim->starts;
    c->begun = c->last_start = c->excused = sim->now.awake;
    c->ends = c->takes == SIM_HANGS ? UINT64_MAX : sim->now.awake + (c->takes < timeout ? c->takes : timeout);
    c->last_cause = effect->of.start.cause;
    c->outdated = false;
    c->need_due = false;
    c->starts++;
}

/* ---- none too late ---- */

static bool idle(const struct sim *sim, size_t check)
{
    return model_of(sim, check)->enabled && !sim->checks[check].run;
}

static void judge_starved(struct sim *sim, size_t check)
{
    const struct sim_check *c = &sim->checks[check];
    const struct model_check *model = model_of(sim, check);

    if (idle(sim, check) && sim->now.awake > c->excused + model->every)
        sim_break(sim, "%s has not run for longer than its interval, with room on its path", model->full_name);
}

static void judge_confirmed(struct sim *sim, size_t check)
{
    const struct sim_check *c = &sim->checks[check];
    const struct model_check *model = model_of(sim, check);
    enum engine_verdict verdict = engine_check(sim->engine, check)->verdict;

    if (verdict != VERDICT_SUSPECT && verdict != VERDICT_RECOVERING &&
        (verdict != VERDICT_FAILED || !judge_counts(engine_model(sim->engine), check) || sim->now.awake >= sim->services[model->service].graced_until))
        return;
    if (idle(sim, check) && sim->now.awake > c->excused + model->confirm_every)
        sim_break(sim, "%s is %s and is not checked again quickly", model->full_name, engine_verdict_name(verdict));
}

static void judge_nudge_answered(struct sim *sim, size_t check)
{
    const struct sim_check *c = &sim->checks[check];

    if (idle(sim, check) && c->nudged != SIM_NONE && !judge_path_full(sim, check) && sim->now.awake > c->nudged + NUDGE_DISTANCE && sim->now.awake > c->excused + NUDGE_DISTANCE)
        sim_break(sim, "a nudge of %s was not answered", model_of(sim, check)->full_name);
}

static void judge_stale(struct sim *sim, size_t check, enum engine_event_kind kind)
{
    struct sim_check *c = &sim->checks[check];
    const struct model_check *model = model_of(sim, check);
    bool stale = engine_check(sim->engine, check)->stale, late;

    if ((check == sim->view->check && !sim->view->dropped) || (kind == EVENT_GAP && !stale))
        c->heard = sim->now.awake;
    late = sim->now.awake >= c->heard + 3 * model->every + model->timeout;
    if (!model->enabled || kind == EVENT_MODEL)
        return;
    if (!stale && sim->view->checks[check].stale && check != sim->view->check)
        sim_break(sim, "%s is not called stale any more, without a result", model->full_name);
    if (stale && !sim->view->checks[check].stale && !late)
        sim_break(sim, "%s is called stale too early", model->full_name);
    if (kind == EVENT_TIME && late && !stale)
        sim_break(sim, "%s is stale, and is not called so", model->full_name);
}

/* Somebody turned bad while this one was running for an older question: it has to run again at once. */
static void judge_need_followed(struct sim *sim, size_t check)
{
    struct sim_check *c = &sim->checks[check];

    if (check != sim->view->check || !c->need_due || sim->view->dropped)
        return;
    if (idle(sim, check) && !judge_path_full(sim, check))
        sim_break(sim, "%s was needed during its run and does not run again", model_of(sim, check)->full_name);
    c->need_due = false;
}

static void judge_at_once(struct sim *sim, size_t check, enum engine_event_kind kind)
{
    const struct sim_check *c = &sim->checks[check];

    if (kind == EVENT_GAP && idle(sim, check) && !judge_path_full(sim, check))
        sim_break(sim, "%s does not run at once after a gap", model_of(sim, check)->full_name);
    if (kind == EVENT_MODEL && idle(sim, check) && c->starts == 0 && !judge_path_full(sim, check))
        sim_break(sim, "%s is new and does not run at once", model_of(sim, check)->full_name);
}

static void judge_shown(struct sim *sim, size_t check)
{
    const struct engine_check *shown = engine_check(sim->engine, check);

    if (shown->running != (sim->checks[check].run != 0))
        sim_break(sim, "%s is shown as %srunning", model_of(sim, check)->full_name, shown->running ? "" : "not ");
    if (model_of(sim, check)->enabled && shown->next == 0)
        sim_break(sim, "%s has no next run", model_of(sim, check)->full_name);
}

/* Runs of checks that are gone or have changed are cancelled, no others. */
static void judge_cancels(struct sim *sim, enum engine_event_kind kind)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++) {
        bool known = false;

        if (effects[i].kind != EFFECT_CANCEL)
            continue;
        for (size_t k = 0; k < SIM_OLD_RUNS; k++)
            known |= sim->old_runs[k] == effects[i].of.cancel.run;
        for (size_t k = 0; k < engine_model(sim->engine)->n_checks; k++)
            if (sim->checks[k].run == effects[i].of.cancel.run)
                known = false;
        if (kind != EVENT_MODEL || !known)
            sim_break(sim, "a run is cancelled that goes on");
    }
}

static void note_gap(struct sim *sim, size_t check)
{
    struct sim_check *c = &sim->checks[check];

    c->excused = sim->now.awake;
    c->outdated = c->run && c->number <= sim->view->starts;
}

void judge_runs(struct sim *sim, const struct engine_event *event)
{
    size_t n = engine_model(sim->engine)->n_checks;

    if (event->kind == EVENT_NUDGE && sim->checks[event->of.nudge.check].nudged == SIM_NONE && sim->checks[event->of.nudge.check].number <= sim->view->starts)
        sim->checks[event->of.nudge.check].nudged = sim->now.awake;
    for (size_t i = 0; i < n && !sim->broken[0]; i++) {
        if (event->kind == EVENT_GAP)
            note_gap(sim, i);
        judge_starved(sim, i);
        judge_confirmed(sim, i);
        judge_nudge_answered(sim, i);
        judge_stale(sim, i, event->kind);
        judge_need_followed(sim, i);
        judge_at_once(sim, i, event->kind);
        judge_shown(sim, i);
    }
    judge_cancels(sim, event->kind);
    if (event->kind == EVENT_TIME && sim->wake <= sim->now.awake)
        sim_break(sim, "it wants to be woken at once, again");
}
