/* See record.h. Every doubt is decided for less time having passed, but for what a monotonic clock has shown: so no limit is longer than itself. */
#include "heal/record.h"

#include <string.h>

static const uint64_t forever = (uint64_t)10 * 366 * 86400 * NS_PER_S; /* ages are cut to it: elapsed times may wrap below 0 and still be subtracted */

/* ---- how much time has passed ---- */

uint64_t heal_passed(const struct moment *now, const struct moment *then)
{
    uint64_t passed = 0;

    if (now->boot == then->boot) {
        passed = now->elapsed - then->elapsed; /* adopted ones may lie before the boot: the difference is right all the same */
        return passed > (uint64_t)INT64_MAX ? 0 : passed;
    }
    if (now->wall > then->wall)
        passed = (uint64_t)now->wall - (uint64_t)then->wall;
    if (passed < now->elapsed)
        passed = now->elapsed; /* it was before this boot, whatever the calendar says */
    return passed < forever ? passed : forever;
}

uint64_t heal_left(const struct moment *now, const struct moment *then, uint64_t length)
{
    const uint64_t passed = heal_passed(now, then);

    return passed < length ? length - passed : 0;
}

/* The one that is the at_most-th to leave, counted from the last: with it gone, at_most - 1 are left. */
uint64_t heal_left_of_window(const struct moment *now, const struct moment *starts, size_t n, unsigned at_most, uint64_t window)
{
    uint64_t bound = UINT64_MAX;

    if (at_most == 0)
        return UINT64_MAX;
    for (unsigned i = 0; i < at_most; i++) {
        uint64_t next = 0;
        size_t as_long = 0;

        for (size_t k = 0; k < n; k++) {
            const uint64_t left = heal_left(now, &starts[k], window);

            if (left >= bound)
                continue;
            as_long = left > next ? 1 : as_long + (left == next && left > 0);
            next = left > next ? left : next;
        }
        if (next == 0)
            return 0;
        bound = next;
        i += (unsigned)as_long - 1;
    }
    return bound;
}

/* ---- what happens ---- */

static void push(struct moment *starts, size_t *n, size_t room, const struct moment *now)
{
    if (*n == room)
        memmove(starts, starts + 1, --*n * sizeof *starts);
    starts[(*n)++] = *now;
}

void heal_record_started(struct heal_record *record, const struct moment *now, uint64_t incident)
{
    record->running = record->started = true;
    record->last = *now;
    if (incident == 0)
        return;
    push(record->starts, &record->n, HEAL_STARTS, now);
    if (record->incident != incident)
        record->attempts = 0;
    record->incident = incident;
    record->attempts++;
}

void heal_record_ended(struct heal_record *record, const struct moment *now, enum heal_outcome outcome)
{
    record->running = false;
    record->failed = outcome != HEAL_FIXED;
    record->ended_at = *now;
}

void heal_record_rearm(struct heal_record *record)
{
    record->incident = 0;
    record->attempts = 0;
}

unsigned heal_record_attempts(const struct heal_record *record, uint64_t incident)
{
    return incident != 0 && record->incident == incident ? record->attempts : 0;
}

void heal_past_started(struct heal_past *past, const struct moment *now)
{
    push(past->starts, &past->n, HEAL_PAST, now);
}

/* ---- a restart ---- */

void heal_moment_adopt(struct moment *then, const struct moment *now)
{
    const uint64_t passed = heal_passed(now, then);

    if (then->boot == now->boot && passed > 0)
        return;
    *then = (struct moment){ .awake = now->awake - passed, .elapsed = now->elapsed - passed, .wall = now->wall - (int64_t)passed, .boot = now->boot };
}

void heal_record_adopt(struct heal_record *record, const struct moment *now)
{
    if (record->started)
        heal_moment_adopt(&record->last, now);
    for (size_t i = 0; i < record->n; i++)
        heal_moment_adopt(&record->starts[i], now);
    heal_moment_adopt(&record->ended_at, now);
    if (record->running)
        heal_record_ended(record, now, HEAL_INTERRUPTED);
}

void heal_past_adopt(struct heal_past *past, const struct moment *now)
{
    for (size_t i = 0; i < past->n; i++)
        heal_moment_adopt(&past->starts[i], now);
}
