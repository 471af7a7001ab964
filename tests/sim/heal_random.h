/* Random histories of repair: what breaks, what is tried, who lies, and whatever happens to Talon meanwhile. */
#ifndef SIM_HEAL_RANDOM_H
#define SIM_HEAL_RANDOM_H

#include "heal_judge.h"

struct random_counts {
    uint64_t events, starts, fixed, sos, clears, refusals, ns;
};

struct random_history {
    uint64_t seed, steps;          /* as many things happen; afterwards: as many as did until a promise was broken */
    bool old, verbose;             /* old: see random_config. verbose: told line by line */
    const unsigned char *left_out; /* steps that are not taken, a byte each; NULL: none */
    struct random_counts counts;   /* what came of it is added */
    char broken[WORLD_TEXT];       /* "": all promises were kept */
};

/* False: one was broken. */
bool random_history(struct random_history *history);

#endif
