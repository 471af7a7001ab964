/* The second witness of `colima.vm`: the VM's ssh, which takes another way than Docker's socket does. */
#ifndef WITNESS_H
#define WITNESS_H

#include "colima.h"

struct colima_state { /* of a run */
    struct lima lima;
    double uptime; /* of the VM, seconds; -1: not known */
    talon_op link;
    int up;        /* the connection to its ssh stands */
};

/* Asks as the configuration wants, then ends the run. `port`: where its host agent forwards its ssh; 0: it did not say. */
void colima_ask_ssh(struct talon_run *run, uint32_t port);
/* Nothing is wrong: ends the run (colima.c). */
void colima_well(struct talon_run *run);

#endif
