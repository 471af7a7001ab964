/* What the check of processes and the action that signals one share. */
#ifndef SIGNAL_ACTION_H
#define SIGNAL_ACTION_H

#include "process.h"

#include <talon/plugin.h>

struct signal_conf {
    const char *pid_file, *listens, *name;
    int32_t signal;
    uint64_t gone_within;
};

struct signal_state { /* of a run */
    pid_t pid;
    int64_t written; /* the pid file, seconds since 1970 */
    double began;    /* the process, by the same clock */
    uint64_t sent_ns;
    struct process_scan *scan; /* with `listens` */
    struct process_address address;
    struct process_sockets sockets;
};

extern const struct talon_option signal_options[];
extern const struct talon_metric signal_metrics[];
int signal_validate(const void *conf, struct talon_problem *problem);
void signal_start(struct talon_run *run);
/* It is state->pid that is meant, as far as `listens` can tell. */
void signal_found(struct talon_run *run, const struct process_facts *facts);
/* Finds the process of `listens` (listener.c): signal_found() follows, or the run ends. */
void listener_find(struct talon_run *run);

/* The number in the first line of a pid file, and when it was written (may be NULL). 0: ended the run. */
pid_t process_read_pid(struct talon_run *run, const char *path, int64_t *written);

#endif
