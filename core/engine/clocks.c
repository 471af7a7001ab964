/*
 * What ends or comes due by the time that people live in, sleep included: silences, the pause, acknowledgements, repeats. Beside them what services have
 * been for long, the end of a storm, and a sample of the observer that does not come.
 */
#include "engine/engine_private.h"

static void find_next(struct engine *engine)
{
    uint64_t next = engine->paused_until > 0 ? engine->paused_until : NEVER;

    for (size_t i = 0; i < engine->n_silences; i++) {
        const struct engine_silence *silence = &engine->silences[i];

        if (silence->until < next)
            next = silence->until;
        if (!silence->told_long && !silence->window[0] && silence->begun + SILENCE_IS_LONG < next)
            next = silence->begun + SILENCE_IS_LONG;
    }
    for (size_t i = 0; i < engine->room; i++) {
        const struct engine_incident *incident = &engine->incidents[i];

        if (incident->id == 0 || incident->ending != INCIDENT_OPEN)
            continue;
        if (incident->acked && incident->acked_until < next)
            next = incident->acked_until;
        if (!incident->acked && incident->repeat_at > engine->now.elapsed && incident->repeat_at < next)
            next = incident->repeat_at;
    }
    engine->next_elapsed = next;
    engine->people_changed = false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t clocks_next(struct engine *engine)
{
    uint64_t next = NEVER;
    size_t item;

    if (!engine->t.model)
        return NEVER;
    if (engine->people_changed)
        find_next(engine);
    if (engine->next_elapsed != NEVER)
        next = engine->now.awake + (engine->next_elapsed > engine->now.elapsed ? engine->next_elapsed - engine->now.elapsed : 0);
    next = sooner(next, heap_least(&engine->t.clocks, &item));
    next = sooner(next, engine->asked_until);
    if (engine->overall.storm && engine->calm_since != NEVER)
        next = sooner(next, engine->calm_since + engine->t.model->settings.storm_cooldown);
    return next;
}

void clocks_due(struct engine *engine)
{
    size_t service;

    if (engine->paused_until > 0 && engine->paused_until <= engine->now.elapsed) {
        engine->paused_until = 0;
        engine->people_changed = engine->publish = true;
        effects_record(engine, RECORD_PEOPLE, MODEL_NONE, VERDICT_NONE, VERDICT_NONE);
        effects_say(engine, SAY_INFO, MODEL_NONE, MODEL_NONE, "the pause is over, repair goes on");
    }
    if (engine->next_elapsed <= engine->now.elapsed || engine->people_changed) {
        silence_due(engine);
        incident_due(engine);
        engine->people_changed = true;
    }
    while (heap_least(&engine->t.clocks, &service) <= engine->now.awake) {
        heap_set(&engine->t.clocks, service, NEVER);
        incident_look(engine, service);
    }
    if (engine->asked_until <= engine->now.awake)
        observer_due(engine);
    if (engine->overall.storm)
        engine->storm_due = true;
}
