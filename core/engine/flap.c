/*
 * Flapping: the share of changes among the last results of a check, newer ones weighing more (0.8 for the oldest to 1.2 for the newest). From 30 % on it
 * flaps, below 20 % it does not any more. Only what is good or bad counts; one that was stopped on purpose begins anew.
 */
#include "engine/engine_private.h"

enum { RESULTS = 20, CHANGES = RESULTS - 1, LIGHTEST = 800, HEAVIEST = 1200, HIGH_PERCENT = 30, LOW_PERCENT = 20 };

/* Percent; change 0 is the newest. */
static unsigned share(uint32_t turns)
{
    unsigned sum = 0, all = 0;

    for (unsigned i = 0; i < CHANGES; i++) {
        unsigned weight = HEAVIEST - (HEAVIEST - LIGHTEST) * i / (CHANGES - 1);

        all += weight;
        if (((turns >> i) ^ (turns >> (i + 1))) & 1)
            sum += weight;
    }
    return sum * 100 / all;
}

void flap_note(struct engine *engine, size_t check, enum status status)
{
    struct check *c = &engine->t.checks[check];
    bool flapping = c->shown.flapping;

    if (status == STATUS_STOPPED) {
        c->turns = c->n_turns = 0;
        flapping = false;
    } else if (status == STATUS_OK || status == STATUS_WARN || status == STATUS_FAIL) {
        c->turns = c->turns << 1 | (status == STATUS_FAIL);
        c->n_turns += c->n_turns < RESULTS;
        if (c->n_turns == RESULTS)
            flapping = share(c->turns) >= (flapping ? LOW_PERCENT : HIGH_PERCENT);
    }
    if (flapping == c->shown.flapping)
        return;
    c->shown.flapping = flapping;
    engine->publish = true;
    service_touch(engine, engine->t.model->checks[check].service);
}

void flap_settle(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    struct service *s = &engine->t.services[service];
    bool flapping = false;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        flapping |= service_judged_by(engine->t.model, i) && engine->t.checks[i].shown.flapping;
    if (flapping == s->shown.flapping)
        return;
    s->shown.flapping = flapping;
    s->flaps_since = flapping ? engine->now.awake : NEVER;
    if (!flapping)
        s->flap_told = s->flap_long_told = false;
    engine->publish = true;
    incident_look(engine, service);
    effects_say(engine, SAY_INFO, service, MODEL_NONE, flapping ? "service is flapping" : "service is not flapping any more");
}
