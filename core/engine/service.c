/*
 * The verdict of a service: the worst of its checks that are no witnesses. What an event touched settles here at its end, verdicts first and
 * causes after them, so that no cause is judged by a verdict that is about to change.
 */
#include "engine/engine_private.h"

bool service_judged_by(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

void service_touch(struct engine *engine, size_t service)
{
    if (engine->t.services[service].touched)
        return;
    engine->t.services[service].touched = true;
    engine->t.touched[engine->t.n_touched++] = service;
}

static void decide(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    struct service *s = &engine->t.services[service];

    s->shown.decided_by = MODEL_NONE;
    s->shown.verdict = VERDICT_NONE;
    s->first_bad = 0;
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        const struct check *c = &engine->t.checks[i];

        if (!service_judged_by(engine->t.model, i))
            continue;
        if (s->shown.decided_by == MODEL_NONE || engine_worse(c->shown.verdict, s->shown.verdict)) {
            s->shown.verdict = c->shown.verdict;
            s->shown.decided_by = i;
            s->first_bad = c->first_bad;
        } else if (c->shown.verdict == s->shown.verdict && c->first_bad < s->first_bad) {
            s->first_bad = c->first_bad;
        }
    }
}

static bool is_down(enum engine_verdict verdict)
{
    return verdict == VERDICT_FAILED || verdict == VERDICT_STOPPED || verdict == VERDICT_STARTING;
}

static void refresh(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    enum engine_verdict from = s->shown.verdict, to;

    decide(engine, service);
    to = s->shown.verdict;
    flap_settle(engine, service);
    if (to == from)
        return;
    s->shown.since = engine->now.wall;
    s->since_elapsed = engine->now.elapsed;
    effects_record(engine, RECORD_SERVICE_CHANGED, service, from, to);
    overall_service(engine, service, from, to);
    engine->publish = engine->storm_due = true;
    if (!storm_counts(to))
        s->turned_bad = NEVER;
    else if (!storm_counts(from))
        s->turned_bad = engine->now.awake;
    if (to == VERDICT_FAILED)
        cause_turned_failed(engine, service);
    if (is_down(to)) {
        s->was_down = true;
    } else if (s->was_down && (to == VERDICT_OK || to == VERDICT_WARN)) {
        s->was_down = false;
        cause_recovered(engine, service);
    }
}

void service_settle(struct engine *engine)
{
    struct tables *t = &engine->t;

    for (size_t i = 0; i < t->n_touched; i++)
        refresh(engine, t->touched[i]);
    for (size_t i = 0; i < t->n_touched; i++) {
        struct service *s = &t->services[t->touched[i]];

        if (s->turned)
            needs_check(engine, t->touched[i], s->turned);
        s->turned = 0;
    }
    cause_settle(engine);
    for (size_t i = 0; i < t->n_touched; i++)
        t->services[t->touched[i]].touched = false;
    t->n_touched = 0;
}
