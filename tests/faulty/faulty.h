/* What the files of the faulty plugin share: one shared object that, under each of its names, does one thing wrong. */
#ifndef FAULTY_H
#define FAULTY_H

#include "talon/plugin.h"

struct faulty_conf {
    const char *path; /* what the fault needs a file for */
    int64_t after;    /* so many runs of this process are without fault */
};

struct faulty_state { /* of a run and of an instance */
    int turns;
};

/* The descriptor of this process, to be spoiled before the host sees it. */
struct faulty_descriptor {
    struct talon_plugin *plugin;
    struct talon_operation *operations; /* two, of which the first is told */
    struct talon_option *options;       /* two, and room for 998 */
    struct talon_metric *metrics;       /* one, and room for 1 */
};

struct fault {
    const char *name;
    void (*load)(void); /* what its constructor does; NULL: nothing */
    void (*spoil)(struct faulty_descriptor *);
    int (*validate)(const void *conf, struct talon_problem *);
    void (*setup)(struct talon_run *instance);
    void (*start)(struct talon_run *); /* NULL: is well */
    uint32_t flags;                    /* of the operation */
};

extern const struct fault faulty_descriptors[], faulty_ends[], faulty_greedy[], faulty_results[]; /* each ended by one without a name */

/* Dies by the signal, whoever else waits for it: a sanitizer would make an exit code of it. */
_Noreturn void faulty_raise(int number);
/* Never returns, and never sleeps. */
_Noreturn void faulty_loop(void);
/* A run without fault. */
void faulty_good(struct talon_run *run);

#endif
