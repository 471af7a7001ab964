/* See limits.h. A limit is a function that says until when it refuses; who is exempt from it stands beside it in the table. */
#include "heal/limits.h"

#include <string.h>

#define OPEN UINT64_MAX /* it refuses, and nobody knows until when */

/* ---- what people have said, and what Talon knows of itself: 0, or until when it refuses ---- */

static uint64_t flag(bool set)
{
    return set ? OPEN : 0;
}

static uint64_t of_switch(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->switched_off);
}

static uint64_t of_destruction(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->runbook->impact == MODEL_DESTROY && (!q->force || q->incident != 0));
}

static uint64_t of_safe_mode(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->safe_mode);
}

static uint64_t of_pause(const struct heal_question *q, const struct moment *now)
{
    return q->paused_until > now->elapsed ? q->paused_until : 0;
}

static uint64_t of_silence(const struct heal_question *q, const struct moment *now)
{
    return q->silenced_until > now->elapsed ? q->silenced_until : 0;
}

static uint64_t of_ack(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->acked);
}

static uint64_t of_stop(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->stopped && !q->heal_stopped);
}

static uint64_t of_start(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->starting);
}

static uint64_t of_flapping(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->flapping);
}

static uint64_t of_observer(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->observer_sick);
}

static uint64_t of_storm(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->storm);
}

/* ---- what others are to it ---- */

static uint64_t of_needs(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->needs == NEEDS_FAILED);
}

static uint64_t of_needs_wait(const struct heal_question *q, const struct moment *now)
{
    if (q->needs == NEEDS_UNKNOWN_LONG || (q->needs == NEEDS_UNKNOWN && q->needs_wait_until <= now->elapsed))
        return flag(q->runbook->impact >= MODEL_DISRUPT);
    return q->needs == NEEDS_UNKNOWN ? q->needs_wait_until : 0;
}

static uint64_t of_dependents(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->dependents_answer);
}

/* Whoever cannot be seen not to heal may be healing. */
static uint64_t of_owner(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->runbook->limits.owner.n > 0 && q->owner != LOGIC_FALSE);
}

static uint64_t of_store(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->store == STORE_NEVER_UP || (q->store == STORE_LOST && (q->unstored > 0 || q->running > 0)));
}

/* ---- the runbook's own ---- */

static uint64_t after(const struct moment *now, uint64_t left)
{
    return left == 0 ? 0 : left == OPEN ? OPEN : now->elapsed + left;
}

static uint64_t of_attempts(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->incident != 0 && heal_record_attempts(q->record, q->incident) >= q->runbook->limits.attempts);
}

static uint64_t of_hold(const struct heal_question *q, const struct moment *now)
{
    return q->record->failed ? after(now, heal_left(now, &q->record->ended_at, q->runbook->limits.hold_after_failure)) : 0;
}

static uint64_t of_cooldown(const struct heal_question *q, const struct moment *now)
{
    return q->record->started ? after(now, heal_left(now, &q->record->last, q->runbook->limits.cooldown)) : 0;
}

/* No more starts are kept than this many: beyond that, fewer are allowed. */
static unsigned at_most(unsigned asked, unsigned kept)
{
    return asked < kept ? asked : kept;
}

static uint64_t of_at_most(const struct heal_question *q, const struct moment *now)
{
    const struct model_limits *limits = &q->runbook->limits;

    return after(now, heal_left_of_window(now, q->record->starts, q->record->n, at_most(limits->at_most, HEAL_STARTS), limits->at_most_window));
}

static uint64_t of_all_at_most(const struct heal_question *q, const struct moment *now)
{
    return after(now, heal_left_of_window(now, q->past->starts, q->past->n, at_most(q->all_at_most, HEAL_PAST), q->all_window));
}

/* Enough ticks, the oldest of them not too long ago; or every rapid try was bad as well. */
static uint64_t of_confirm(const struct heal_question *q, const struct moment *now)
{
    const struct model_limits *limits = &q->runbook->limits;
    const struct heal_evidence *e = &q->evidence;

    if (limits->confirm_tries > 0 && e->tries >= limits->confirm_tries)
        return 0;
    if (e->n_ticks < limits->confirm_ticks)
        return OPEN;
    if (limits->confirm_ticks == 0 || limits->confirm_within == 0)
        return 0;
    return flag(heal_left(now, &e->ticks[e->n_ticks - limits->confirm_ticks], limits->confirm_within) == 0);
}

/* What is dead cannot say how long it has been up: only what is known to warm up is waited for. */
static uint64_t of_warmup(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->runbook->limits.warmup.n > 0 && q->warmup == LOGIC_TRUE);
}

static uint64_t of_running(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->record->running || q->elsewhere);
}

static const struct heal_lock *held_lock(const struct heal_question *q)
{
    for (size_t i = 0; i < q->runbook->limits.n_locks; i++)
        for (size_t k = 0; k < q->n_locks; k++)
            if (strcmp(q->runbook->limits.locks[i], q->locks[k].name) == 0)
                return &q->locks[k];
    return NULL;
}

static uint64_t of_locks(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(held_lock(q) != NULL);
}

static uint64_t of_concurrent(const struct heal_question *q, const struct moment *now)
{
    (void)now;
    return flag(q->running >= q->concurrent);
}

/* ---- the table ---- */

enum { NOBODY, FORCED }; /* who goes beyond it: a person with a reason may, where nothing of ours can break by it */

static const struct {
    const char *name;
    uint64_t (*until)(const struct heal_question *, const struct moment *);
    enum model_impact from; /* what does less is exempt */
    int beyond;
} limits[LIMITS] = {
    [LIMIT_NONE] = { "none", NULL, MODEL_OBSERVE, NOBODY },
    [LIMIT_SWITCHED_OFF] = { "switched_off", of_switch, MODEL_OBSERVE, NOBODY },
    [LIMIT_DESTRUCTIVE] = { "destructive", of_destruction, MODEL_OBSERVE, NOBODY },
    [LIMIT_SAFE_MODE] = { "safe_mode", of_safe_mode, MODEL_OBSERVE, FORCED },
    [LIMIT_PAUSED] = { "paused", of_pause, MODEL_OBSERVE, FORCED },
    [LIMIT_SILENCED] = { "silenced", of_silence, MODEL_OBSERVE, FORCED },
    [LIMIT_ACKED] = { "acked", of_ack, MODEL_OBSERVE, FORCED },
    [LIMIT_STOPPED] = { "stopped", of_stop, MODEL_RESTART, FORCED },
    [LIMIT_STARTING] = { "starting", of_start, MODEL_RESTART, FORCED },
    [LIMIT_FLAPPING] = { "flapping", of_flapping, MODEL_RESTART, FORCED },
    [LIMIT_OBSERVER] = { "observer", of_observer, MODEL_RESTART, NOBODY },
    [LIMIT_STORM] = { "storm", of_storm, MODEL_RESTART, NOBODY },
    [LIMIT_NEEDS] = { "needs", of_needs, MODEL_OBSERVE, FORCED },
    [LIMIT_NEEDS_WAIT] = { "needs_wait", of_needs_wait, MODEL_OBSERVE, FORCED },
    [LIMIT_DEPENDENTS] = { "dependents", of_dependents, MODEL_DISRUPT, NOBODY },
    [LIMIT_OWNER] = { "owner", of_owner, MODEL_OBSERVE, NOBODY },
    [LIMIT_STORE] = { "store", of_store, MODEL_RESTART, NOBODY },
    [LIMIT_ATTEMPTS] = { "attempts", of_attempts, MODEL_OBSERVE, FORCED },
    [LIMIT_HOLD] = { "hold_after_failure", of_hold, MODEL_OBSERVE, FORCED },
    [LIMIT_COOLDOWN] = { "cooldown", of_cooldown, MODEL_OBSERVE, FORCED },
    [LIMIT_AT_MOST] = { "at_most", of_at_most, MODEL_OBSERVE, FORCED },
    [LIMIT_ALL_AT_MOST] = { "remediation.at_most", of_all_at_most, MODEL_RESTART, FORCED },
    [LIMIT_CONFIRM] = { "confirm", of_confirm, MODEL_OBSERVE, FORCED },
    [LIMIT_WARMUP] = { "warmup", of_warmup, MODEL_OBSERVE, FORCED },
    [LIMIT_RUNNING] = { "running", of_running, MODEL_OBSERVE, NOBODY },
    [LIMIT_LOCKS] = { "locks", of_locks, MODEL_OBSERVE, NOBODY },
    [LIMIT_CONCURRENT] = { "remediation.concurrent", of_concurrent, MODEL_RESTART, NOBODY },
};

const char *heal_limit_name(enum heal_limit limit)
{
    return limits[limit].name;
}

struct heal_answer heal_may_start(const struct heal_question *q, const struct moment *now)
{
    const bool forced = q->force && q->incident == 0; /* nothing by itself goes beyond a limit */
    struct heal_answer answer = { .limit = LIMIT_NONE };

    for (int i = LIMIT_NONE + 1; i < LIMITS; i++) {
        uint64_t until;

        if (q->runbook->impact < limits[i].from || (forced && limits[i].beyond == FORCED))
            continue;
        until = limits[i].until(q, now);
        if (until == 0)
            continue;
        answer.refusing |= (uint64_t)1 << i;
        answer.untils[i] = until;
        if (answer.limit != LIMIT_NONE)
            continue;
        answer.limit = (enum heal_limit)i;
        answer.until = until;
        answer.holder = i == LIMIT_LOCKS ? held_lock(q)->holder : NULL;
    }
    return answer;
}
