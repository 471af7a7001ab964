/* Random histories of repair: what breaks, what is tried, who lies, and whatever happens to Talon meanwhile. */
#ifndef SIM_HEAL_RANDOM_H
#define SIM_HEAL_RANDOM_H

#include "heal_judge.h"

struct random_counts {
    uint64_t events, starts, fixed, sos, clears, refusals, ns;
};

/* One history of `steps` things that happen; false: a promise was broken, and `broken` says which. */
bool random_history(uint64_t seed, uint64_t steps, bool verbose, struct random_counts *counts, char broken[WORLD_TEXT]);

#endif
