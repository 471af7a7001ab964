/* Moments and a runbook whose limits all allow, for the tests of core/heal. */
#ifndef HEAL_SUPPORT_H
#define HEAL_SUPPORT_H

#include "heal/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MS(n) ((uint64_t)(n) * NS_PER_MS)
#define SECONDS(n) ((uint64_t)(n) * NS_PER_S)
#define MINUTES(n) SECONDS((n) * 60)
#define HOURS(n) MINUTES((n) * 60)

enum { BOOT = 7 };

/* ns after a moment in the middle of a boot, far from the start of the calendar. */
static inline struct moment at(uint64_t ns)
{
    return (struct moment){ .awake = HOURS(5) + ns, .elapsed = HOURS(9) + ns, .wall = (int64_t)(HOURS(400000) + ns), .boot = BOOT };
}

static const char *const no_locks[] = { "" };

static inline struct model_runbook book(void)
{
    return (struct model_runbook){ .name = "r", .impact = MODEL_DISRUPT, .known = true,
                                   .limits = { .attempts = 3, .cooldown = MINUTES(15), .at_most = 3, .at_most_window = HOURS(6), .hold_after_failure = MINUTES(30),
                                               .confirm_ticks = 0, .locks = no_locks } };
}

static inline struct heal_question question(const struct model_runbook *runbook, const struct heal_record *record, const struct heal_past *past)
{
    return (struct heal_question){ .runbook = runbook, .record = record, .past = past, .all_at_most = 10, .all_window = HOURS(1), .concurrent = 1, .incident = 1 };
}

#endif
