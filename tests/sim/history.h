/* Random histories: a hidden world whose systems break, mend, start, are stopped and drag down what needs them, seen through checks that take time. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "sim.h"

struct history {
    uint64_t seed, steps;     /* how many steps: things that happen, or that time is let pass for */
    const struct model *model; /* a real configuration, which stays; NULL: a random one that changes */
    const unsigned char *left_out; /* steps that are not taken, a byte each; NULL: none. What the others throw is the same as with them */
    bool verbose;             /* every line of log to standard output */
    /* what came of it */
    uint64_t judged, hash, seconds; /* simulated */
    char broken[SIM_TEXT];    /* "": all rules were kept */
};

void history_run(struct history *history);

#endif
