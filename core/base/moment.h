/*
 * What time it is, in every sense that Talon needs at once. The engine and heal get it as an argument and never ask a clock,
 * because sleep counts for some of their times and not for others (cooldowns and silences: yes; streaks and stability
 * windows: no), and because simulated time must be the same thing as real time.
 */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdint.h>

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

struct moment {
    uint64_t awake;   /* ns, monotonic, stands still while the machine sleeps */
    uint64_t elapsed; /* ns, monotonic, goes on while the machine sleeps */
    int64_t wall;     /* ns since 1970, the calendar's: may jump */
    uint64_t boot;    /* names this boot: awake and elapsed of two moments compare only within one */
};

#endif
