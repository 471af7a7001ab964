/* Which entry of a service's `heal:` is to be tried: the rungs below the agent (rules.md 4.3). Pure. */
#ifndef HEAL_CHOOSE_H
#define HEAL_CHOOSE_H

#include "base/logic.h"
#include "heal/record.h"
#include "model.h"

/* What is known of an entry now; in step with model_service.heal. */
struct heal_rung {
    enum logic when;                  /* of its condition; without one it is true */
    const struct heal_record *record; /* of its runbook for this service */
};

enum heal_choice {
    CHOICE_ENTRY,     /* `entry` is to be tried, within its limits */
    CHOICE_UNSURE,    /* one that is not used up has a condition that nobody knows: wait, rather than go to the next tier */
    CHOICE_HELD,      /* those that fit are held after a failure or used up: the next tier */
    CHOICE_EXHAUSTED, /* those that fit are used up: the next tier */
    CHOICE_NONE       /* none fits: the next tier */
};

struct heal_chosen {
    enum heal_choice choice;
    size_t entry;    /* CHOICE_ENTRY; else MODEL_NONE */
    uint64_t until;  /* CHOICE_HELD: moment.elapsed when the first hold is over; else 0 */
};

struct heal_chosen heal_choose(const struct model_service *service, const struct heal_rung *rungs, uint64_t incident, const struct moment *now);

#endif
