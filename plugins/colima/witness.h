/* The second witness, the VM's ssh, which takes another way than Docker's socket does: of `colima.vm`, and what `colima.inside` asks by. */
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
/* Runs a command in the VM by its ssh; host NULL: `lima-` and the folder's name. May end the run. */
void colima_ssh(struct talon_run *run, const char *folder, const char *host, const char *command, talon_exit_fn *done);
/* 1: it could not be run there, and the run has ended with why; `status`: what it is for this check that nobody was let in. */
int colima_ssh_failed(struct talon_run *run, const struct talon_exit *ended, enum talon_status status);
/* Nothing is wrong: ends the run (colima.c). */
void colima_well(struct talon_run *run);

#endif
