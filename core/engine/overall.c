/* The whole in a few numbers, for /health: counted as verdicts turn, never by going through everything. */
#include "engine/engine_private.h"

#include <string.h>

void overall_check(struct engine *engine, size_t check, enum engine_verdict from, enum engine_verdict to)
{
    const struct model_check *model = &engine->t.model->checks[check];
    unsigned *failed = model->witness ? &engine->overall.witnesses_failed : &engine->overall.failed_probe_count;

    if (!model->enabled || (!model->witness && engine->t.services[model->service].shown.silenced))
        return;
    if (from == VERDICT_FAILED)
        --*failed;
    if (to == VERDICT_FAILED)
        ++*failed;
}

void overall_service(struct engine *engine, size_t service, enum engine_verdict from, enum engine_verdict to)
{
    if (!engine->t.services[service].watched || engine->t.services[service].shown.silenced)
        return;
    engine->of_verdict[from]--;
    engine->of_verdict[to]++;
    if (!engine->t.model->services[service].critical)
        return;
    engine->critical_failed -= from == VERDICT_FAILED;
    engine->critical_failed += to == VERDICT_FAILED;
}

void overall_streak(struct engine *engine, size_t check)
{
    const struct check *c = &engine->t.checks[check];
    bool silenced = engine->t.services[engine->t.model->checks[check].service].shown.silenced;

    if (service_judged_by(engine->t.model, check))
        heap_set(&engine->t.streaks, check, c->shown.bad > 0 && !silenced ? NEVER - c->shown.bad : NEVER);
}

void overall_heard(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];

    if (c->heard)
        return;
    c->heard = true;
    engine->n_unheard--;
}

void overall_silence(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    const struct service *s = &engine->t.services[service];
    bool back = !s->shown.silenced;

    engine->places_changed = true;
    if (!s->watched)
        return;
    engine->overall.silenced += back ? -1u : 1u;
    engine->of_verdict[s->shown.verdict] += back ? 1 : -(size_t)1;
    if (model->critical && s->shown.verdict == VERDICT_FAILED)
        engine->critical_failed += back ? 1 : -(size_t)1;
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        if (!service_judged_by(engine->t.model, i))
            continue;
        if (engine->t.checks[i].shown.verdict == VERDICT_FAILED)
            engine->overall.failed_probe_count += back ? 1u : -1u;
        overall_streak(engine, i);
    }
}

/* ---- rounds */

static void end_round(struct engine *engine)
{
    engine->round++;
    engine->n_ended = 0;
    engine->overall.rounds++;
    if (!engine->overall.round_complete)
        engine->publish = true;
    engine->overall.round_complete = true;
    effects_record(engine, RECORD_ROUND, MODEL_NONE, VERDICT_NONE, VERDICT_NONE);
}

void overall_ended(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];

    if (c->round == engine->round)
        return;
    c->round = engine->round;
    if (++engine->n_ended == engine->n_enabled)
        end_round(engine);
}

/* ---- the state */

/* The highest that holds. What was not heard yet is no trouble, but it is not health either. Who is silenced is in none of these counts. */
static enum engine_state find_state(const struct engine *engine)
{
    size_t troubled = engine->of_verdict[VERDICT_STARTING] + engine->of_verdict[VERDICT_RECOVERING] + engine->of_verdict[VERDICT_UNKNOWN] +
                      engine->of_verdict[VERDICT_SUSPECT] + engine->of_verdict[VERDICT_FAILED];

    if (engine->n_sos > 0)
        return STATE_SOS;
    if (engine->n_critical > 0)
        return STATE_CRITICAL;
    if (engine->n_agents > 0)
        return STATE_INVESTIGATING;
    if (engine->critical_failed > 0)
        return STATE_FAILED;
    if (troubled > 0)
        return STATE_DEGRADED;
    if (engine->n_unheard > 0)
        return STATE_STARTING;
    return engine->of_verdict[VERDICT_NONE] > 0 ? STATE_DEGRADED : STATE_HEALTHY;
}

void overall_settle(struct engine *engine)
{
    struct engine_overall *o = &engine->overall;
    enum engine_state before = o->state;
    size_t check;
    uint64_t worst = heap_least(&engine->t.streaks, &check);

    o->consecutive_failures = worst == NEVER ? 0 : (unsigned)(NEVER - worst);
    o->stopped = (unsigned)engine->of_verdict[VERDICT_STOPPED];
    o->state = find_state(engine);
    o->ok = o->state == STATE_HEALTHY && o->failed_probe_count == 0;
    if (o->state == before)
        return;
    engine->publish = true;
    effects_say(engine, SAY_INFO, MODEL_NONE, MODEL_NONE, "state is %s, was %s", engine_state_name(o->state), engine_state_name(before));
}

/* ---- anew */

static void count_check(struct engine *engine, size_t check)
{
    const struct check *c = &engine->t.checks[check];

    if (!engine->t.model->checks[check].enabled)
        return;
    engine->n_enabled++;
    engine->n_unheard += !c->heard;
    engine->n_ended += c->round == engine->round;
    engine->overall.probe_count += service_judged_by(engine->t.model, check);
    overall_check(engine, check, VERDICT_NONE, c->shown.verdict);
    overall_streak(engine, check);
}

void overall_count(struct engine *engine)
{
    struct engine_overall *o = &engine->overall;

    o->probe_count = o->failed_probe_count = o->witnesses_failed = o->silenced = 0;
    memset(engine->of_verdict, 0, sizeof engine->of_verdict);
    engine->critical_failed = engine->n_unheard = engine->n_enabled = engine->n_ended = engine->unsettled = 0;
    for (size_t i = 0; i < engine->t.model->n_checks; i++)
        count_check(engine, i);
    for (size_t i = 0; i < engine->t.model->n_services; i++) {
        const struct service *s = &engine->t.services[i];

        if (!s->watched)
            continue;
        engine->unsettled += s->shown.waiting_for != MODEL_NONE || s->shown.uncertain;
        o->silenced += s->shown.silenced;
        if (s->shown.silenced)
            continue;
        engine->of_verdict[s->shown.verdict]++;
        engine->critical_failed += engine->t.model->services[i].critical && s->shown.verdict == VERDICT_FAILED;
    }
    if (engine->n_enabled == 0)
        o->round_complete = true;
    else if (engine->n_ended == engine->n_enabled)
        end_round(engine);
}
