/* See choose.h. The same runbook in two entries has one record, so a second rung with it does not double its attempts. */
#include "heal/choose.h"

static bool is_used_up(const struct model_heal *heal, const struct heal_rung *rung, uint64_t incident)
{
    return heal_record_attempts(rung->record, incident) >= heal->bound->limits.attempts;
}

static uint64_t hold_left(const struct model_heal *heal, const struct heal_rung *rung, const struct moment *now)
{
    return rung->record->failed ? heal_left(now, &rung->record->ended_at, heal->bound->limits.hold_after_failure) : 0;
}

struct heal_chosen heal_choose(const struct model_service *service, const struct heal_rung *rungs, uint64_t incident, const struct moment *now)
{
    struct heal_chosen chosen = { .choice = CHOICE_NONE, .entry = MODEL_NONE };
    uint64_t shortest = UINT64_MAX;
    bool unsure = false, exhausted = false;

    for (size_t i = 0; i < service->n_heal; i++) {
        const struct model_heal *heal = &service->heal[i];
        const uint64_t left = hold_left(heal, &rungs[i], now);

        if (rungs[i].when == LOGIC_FALSE)
            continue;
        if (is_used_up(heal, &rungs[i], incident)) {
            exhausted = exhausted || rungs[i].when == LOGIC_TRUE;
        } else if (left > 0) {
            if (rungs[i].when == LOGIC_TRUE && left < shortest)
                shortest = left;
        } else if (rungs[i].when == LOGIC_TRUE) {
            return (struct heal_chosen){ .choice = CHOICE_ENTRY, .entry = i };
        } else {
            unsure = true;
        }
    }
    if (unsure)
        chosen.choice = CHOICE_UNSURE;
    else if (shortest != UINT64_MAX)
        chosen = (struct heal_chosen){ .choice = CHOICE_HELD, .entry = MODEL_NONE, .until = now->elapsed + shortest };
    else if (exhausted)
        chosen.choice = CHOICE_EXHAUSTED;
    return chosen;
}
