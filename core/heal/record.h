/*
 * What is remembered of a runbook's runs for one service, and how much time has passed since. Kept by the names of both, so that it outlives reloads
 * and restarts. Pure: moments come in as arguments.
 */
#ifndef HEAL_RECORD_H
#define HEAL_RECORD_H

#include "base/moment.h"

#include <stdbool.h>
#include <stddef.h>

enum { HEAL_STARTS = 64 }; /* as many as `at_most` of a runbook may ask about */

enum heal_outcome { HEAL_FIXED, HEAL_NOT_FIXED, HEAL_FAILED, HEAL_INTERRUPTED,
                    HEAL_NOT_BEGUN /* a limit came between the intent and the first step: nothing of it has happened, and it counts for nothing */ };

struct heal_record {
    bool running;
    bool started;          /* once at least, by whomever */
    struct moment last;    /* then: its cooldown */
    size_t n;              /* automatic starts, the oldest first: those by hand use up no budget */
    struct moment starts[HEAL_STARTS];
    bool failed;           /* the last run that ended did not help */
    struct moment ended_at; /* of that run; of an interrupted one the moment in which that was found out */
    uint64_t incident;     /* of which `attempts` speaks; 0: none */
    unsigned attempts;
};

/* Automatic starts of all runbooks above `observe`, the oldest first. */
enum { HEAL_PAST = 1024 };
struct heal_past {
    size_t n;
    struct moment starts[HEAL_PAST];
};

/* ns from `then` to now: by elapsed time within one boot. Across boots by the calendar, but at least the whole age of this boot; never below 0. */
uint64_t heal_passed(const struct moment *now, const struct moment *then);
/* ns until a limit of that length is over; 0: it is. Never more than the length. */
uint64_t heal_left(const struct moment *now, const struct moment *then, uint64_t length);
/* ns until fewer than at_most of n starts lie within the window; 0: they do, UINT64_MAX: never, since at_most is 0. */
uint64_t heal_left_of_window(const struct moment *now, const struct moment *starts, size_t n, unsigned at_most, uint64_t window);

/* To be called before the first step: the intent. incident 0: by hand. */
void heal_record_started(struct heal_record *record, const struct moment *now, uint64_t incident);
void heal_record_ended(struct heal_record *record, const struct moment *now, enum heal_outcome outcome);
/* After a restart: what ran is interrupted, and times of other boots become times of this one, so that a calendar that jumps later moves none of them. */
void heal_record_adopt(struct heal_record *record, const struct moment *now);
/* The attempts are given back: recovered for good, another runbook or entry, a reboot of the target, or by hand. Nothing else is. */
void heal_record_rearm(struct heal_record *record);
/* Attempts within that incident. */
unsigned heal_record_attempts(const struct heal_record *record, uint64_t incident);

void heal_past_started(struct heal_past *past, const struct moment *now);
/* A time of another boot becomes one of this. */
void heal_moment_adopt(struct moment *then, const struct moment *now);
void heal_past_adopt(struct heal_past *past, const struct moment *now);

#endif
