/* The limits in sentences for people: what is waited for, and when it will allow. */
#include "heal/heal.h"

#include "base/scalar.h"

static const char *const words[LIMITS] = {
    [LIMIT_NONE] = "nothing is in its way",
    [LIMIT_SWITCHED_OFF] = "repair is switched off",
    [LIMIT_DESTRUCTIVE] = "it may destroy data, which takes a person with --force and a reason",
    [LIMIT_SAFE_MODE] = "Talon is in safe mode",
    [LIMIT_PAUSED] = "repair is paused",
    [LIMIT_SILENCED] = "the service is silenced",
    [LIMIT_ACKED] = "somebody has acknowledged the incident",
    [LIMIT_STOPPED] = "the service was stopped by hand",
    [LIMIT_STARTING] = "the service is starting",
    [LIMIT_FLAPPING] = "the service fails and recovers again and again",
    [LIMIT_OBSERVER] = "Talon's own host is not well",
    [LIMIT_STORM] = "too much went bad at once",
    [LIMIT_NEEDS] = "what it needs has failed, and is repaired first",
    [LIMIT_NEEDS_WAIT] = "it is not known how what it needs is",
    [LIMIT_DEPENDENTS] = "every critical service that depends on it still answers",
    [LIMIT_OWNER] = "somebody else repairs it, or may do so",
    [LIMIT_STORE] = "the store is down, and one repair has been begun without it, or none may be",
    [LIMIT_ATTEMPTS] = "its attempts in this incident are used up",
    [LIMIT_HOLD] = "it is held after a failure",
    [LIMIT_COOLDOWN] = "it was started a short time ago",
    [LIMIT_AT_MOST] = "it was started as often as it may be in its window",
    [LIMIT_ALL_AT_MOST] = "as many repairs as are allowed were started",
    [LIMIT_CONFIRM] = "the failure is not confirmed",
    [LIMIT_WARMUP] = "what it is about is warming up",
    [LIMIT_RUNNING] = "it is running",
    [LIMIT_LOCKS] = "a lock of it is held",
    [LIMIT_CONCURRENT] = "as many repairs as may are running",
};

void heal_limit_text(const struct heal_answer *answer, const struct moment *now, struct buffer *out)
{
    char left[32];

    buffer_printf(out, "%s: %s", heal_limit_name(answer->limit), words[answer->limit]);
    if (answer->holder && answer->holder[0])
        buffer_printf(out, " by %s", answer->holder);
    if (answer->until == UINT64_MAX || answer->until <= now->elapsed)
        return;
    scalar_show_age(answer->until - now->elapsed, left, sizeof left);
    buffer_printf(out, ", allows in %s", left);
}
