/* The face of the judgement: takes one event at a time through the parts in their order, and shows what they concluded. */
#include "engine/engine_private.h"

#include <stdlib.h>

struct engine *engine_create(uint64_t seed)
{
    struct engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return NULL;
    engine->seed = seed;
    engine->round = 1;
    engine->woken_for = engine->next_elapsed = engine->asked_until = engine->calm_since = NEVER;
    return engine;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    tables_free(&engine->t);
    free(engine->incidents);
    free(engine);
}

/* ---- events ---- */

/* Clocks that are said never to go back are not believed either: times here are differences. */
static void take_moment(struct engine *engine, const struct moment *now)
{
    struct moment before = engine->now;

    engine->now = *now;
    if (engine->now.awake < before.awake)
        engine->now.awake = before.awake;
    if (engine->now.elapsed < before.elapsed)
        engine->now.elapsed = before.elapsed;
    engine->asleep = engine->now.elapsed - before.elapsed > engine->now.awake - before.awake
                         ? engine->now.elapsed - before.elapsed - (engine->now.awake - before.awake)
                         : 0;
}

void engine_take_result(struct engine *engine, size_t check, struct result *result)
{
    struct check *c = &engine->t.checks[check];
    uint64_t run = c->run;

    if (c->outdated) {
        runs_again(engine, check);
        return;
    }
    runs_end(engine, check);
    schedule_heard(engine, check);
    streaks_judge(engine, check, run, result);
    overall_ended(engine, check);
}

/* Needs go before whatever else the freed path could take: so what settles comes first. */
static void take_end(struct engine *engine, const struct engine_event *event)
{
    size_t check = runs_find(engine, event->of.result.run);

    if (event->kind == EVENT_RESULT && observer_holds(engine, check, event->of.result.result))
        return;
    if (event->kind == EVENT_RESULT)
        engine_take_result(engine, check, event->of.result.result);
    else
        runs_again(engine, check);
    service_settle(engine);
    runs_follow(engine, check);
}

/* A machine that slept is like a need that has come back: its network takes a while, and everything has the same grace for it. One that only
 * stood still had its network all the time; what it missed is caught up with in about the time that it missed. */
static void spare(struct engine *engine, size_t service, uint64_t slept)
{
    uint64_t grace = engine->t.model->services[service].recover_grace;

    if (engine->asleep < NS_PER_S && slept < grace)
        grace = slept;
    engine->t.services[service].spared_until = engine->now.awake + grace;
}

/* Nothing from before proves anything about now: all is asked anew, at once. */
static void take_gap(struct engine *engine, uint64_t slept)
{
    const struct model *model = engine->t.model;

    engine->publish = true;
    for (size_t i = 0; i < model->n_services; i++) {
        spare(engine, i, slept);
        cause_gap(engine, i);
    }
    for (size_t i = 0; i < model->n_checks; i++) {
        struct check *c = &engine->t.checks[i];

        if (!model->checks[i].enabled)
            continue;
        streaks_gap(engine, i);
        if (!c->shown.stale)
            schedule_heard(engine, i);
        c->outdated = c->run != 0;
        if (!c->run && c->queue == QUEUE_NONE)
            paths_ask(engine, i, WANT_SLOT);
        schedule_put(engine, i);
    }
    service_settle(engine);
}

/* One whose result is held has ended. */
static bool is_going(const struct engine *engine, uint64_t run)
{
    size_t check = runs_find(engine, run);

    return check != MODEL_NONE && !engine->t.checks[check].held;
}

static bool makes_sense(struct engine *engine, const struct engine_event *event)
{
    const struct model *model = engine->t.model;

    switch (event->kind) {
    case EVENT_MODEL:
        return event->of.model != NULL;
    case EVENT_TIME:
    case EVENT_GAP:
        return model != NULL;
    case EVENT_RESULT:
        return event->of.result.result && is_going(engine, event->of.result.run);
    case EVENT_RUN_LOST:
        return is_going(engine, event->of.result.run);
    case EVENT_NUDGE:
        return model && event->of.nudge.check < model->n_checks && model->checks[event->of.nudge.check].enabled;
    case EVENT_RESTORE:
        return model && event->of.kept && !engine->heard && !engine->restored;
    case EVENT_OBSERVED:
        return model && event->of.observed.asked <= engine->asked;
    case EVENT_WINDOW_OPEN:
    case EVENT_WINDOW_CLOSED:
    case EVENT_COMMAND:
        return command_makes_sense(engine, event);
    case EVENT_STORE_DOWN:
    case EVENT_STORE_UP:
        return model != NULL;
    case EVENT_SELF:
        return model && event->of.self.trouble < SELF_TROUBLES;
    case EVENT_WANT:
        return model && event->of.want.check < model->n_checks && model->checks[event->of.want.check].enabled;
    case EVENT_HEALING:
        return healing_makes_sense(engine, &event->of.healing);
    case EVENT_INTENT_DURABLE:
    case EVENT_STEP_DONE:
    case EVENT_DELIVERED:
    case EVENT_KINDS:
        break;
    }
    return false;
}

static enum engine_outcome take(struct engine *engine, const struct engine_event *event)
{
    switch (event->kind) {
    case EVENT_MODEL:
        return reload_take(engine, event->of.model);
    case EVENT_TIME:
        clocks_due(engine);
        schedule_due(engine);
        service_settle(engine);
        break;
    case EVENT_NUDGE:
        schedule_nudge(engine, event->of.nudge.check);
        break;
    case EVENT_GAP:
        take_gap(engine, event->of.gap.slept);
        clocks_due(engine);
        break;
    case EVENT_RESTORE:
        restore_take(engine, event->of.kept);
        break;
    case EVENT_OBSERVED:
        observer_take(engine, event);
        break;
    case EVENT_WINDOW_OPEN:
    case EVENT_WINDOW_CLOSED:
    case EVENT_COMMAND:
        command_take(engine, event);
        break;
    case EVENT_STORE_DOWN:
    case EVENT_STORE_UP:
        notice_self(engine, SELF_STORE_DOWN, event->kind == EVENT_STORE_UP, NULL);
        break;
    case EVENT_SELF:
        notice_self(engine, event->of.self.trouble, event->of.self.over, event->of.self.why);
        break;
    case EVENT_WANT:
        paths_ask_fresh(engine, event->of.want.check, WANT_HEAL);
        break;
    case EVENT_HEALING:
        healing_take(engine, &event->of.healing);
        break;
    default: /* makes_sense() let nothing else in */
        take_end(engine, event);
        break;
    }
    return ENGINE_DONE;
}

enum engine_outcome engine_event(struct engine *engine, const struct moment *now, const struct engine_event *event)
{
    enum engine_outcome outcome;

    engine->n_effects = 0;
    engine->refusal = NULL;
    if (!makes_sense(engine, event))
        return ENGINE_REFUSED;
    take_moment(engine, now);
    outcome = take(engine, event);
    if (outcome != ENGINE_DONE)
        return outcome;
    storm_settle(engine);
    incident_settle(engine);
    healing_settle(engine);
    overall_settle(engine);
    effects_close(engine, event->kind == EVENT_TIME || event->kind == EVENT_MODEL || event->kind == EVENT_GAP);
    return ENGINE_DONE;
}

const struct engine_effect *engine_effects(const struct engine *engine, size_t *n)
{
    *n = engine->n_effects;
    return engine->t.effects;
}

/* ---- conclusions ---- */

const struct model *engine_model(const struct engine *engine)
{
    return engine->t.model;
}

const struct engine_check *engine_check(const struct engine *engine, size_t check)
{
    return engine->t.model && check < engine->t.model->n_checks ? &engine->t.checks[check].shown : NULL;
}

const struct engine_service *engine_service(const struct engine *engine, size_t service)
{
    return engine->t.model && service < engine->t.model->n_services ? &engine->t.services[service].shown : NULL;
}

const struct engine_overall *engine_overall(const struct engine *engine)
{
    return &engine->overall;
}

uint64_t engine_changes(const struct engine *engine)
{
    return engine->changes;
}

uint64_t engine_last_run(const struct engine *engine)
{
    return engine->last_run;
}

bool engine_failed_probe(const struct engine *engine, size_t check)
{
    return engine->t.model && check < engine->t.model->n_checks && service_judged_by(engine->t.model, check) &&
           engine->t.checks[check].shown.verdict == VERDICT_FAILED && !engine->t.services[engine->t.model->checks[check].service].shown.silenced;
}
