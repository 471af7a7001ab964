/*
 * What the serving thread answers from: everything that people and programs may ask about the present, copied out of the engine at one
 * instant and never changed. Counted by reference, because the loop publishes the next one while answers are made from this.
 * It holds the model and the results by reference, so a copy is cheap however much they say.
 */
#ifndef SERVE_SNAPSHOT_H
#define SERVE_SNAPSHOT_H

#include "engine/engine.h"

#include <stdatomic.h>

struct snapshot_check {
    enum engine_verdict verdict;
    struct result *last;                     /* kept; NULL: none yet */
    unsigned bad, good, unknown;
    int64_t since, last_begun, last_ended, next; /* wall ns; 0: none */
    uint64_t runs, skipped;
    bool running, stale, failed_probe;
};

struct snapshot_service {
    enum engine_verdict verdict;
    size_t decided_by, caused_by, waiting_for; /* as in struct engine_service */
    bool root, uncertain, silenced, flapping;
    uint64_t incident;                       /* its open one; 0: none */
    int64_t since;
    const char *why;                         /* lives in the snapshot */
};

struct snapshot_plugin { /* a plugin host */
    const char *name, *state, *last_end;     /* live in the snapshot; last_end NULL: it never died */
    long pid;
    unsigned deaths, plugins, instances;
    double late_ms;                          /* how late its own loop was at worst lately */
};

struct snapshot {
    atomic_uint users;
    uint64_t generation;                     /* grows with each snapshot: what rendered answers are cached by */
    const struct model *model;               /* kept */
    struct engine_overall overall;
    const struct snapshot_service *services; /* model->n_services */
    const struct snapshot_check *checks;     /* model->n_checks */
    size_t n_plugins;
    const struct snapshot_plugin *plugins;
    int64_t updated;                         /* wall ns of the instant */
    int64_t loaded_at;                       /* wall ns: the configuration */
    int64_t started_at;                      /* wall ns: this process */
    const char *config_error;                /* NULL: none; the first problem of a refused configuration and how many there are */
    const char *self;                        /* NULL; trouble of Talon itself: "port 9999 was taken", "log cannot be written" */
    unsigned worker_restarts;
    void *memory;                            /* one allocation for arrays and texts */
};

/* What the daemon adds to what the engine knows. Borrowed for the call. */
struct snapshot_extra {
    int64_t loaded_at, started_at;
    const char *config_error, *self;
    unsigned worker_restarts;
    const struct snapshot_plugin *plugins;
    size_t n_plugins;
};

/* Copies the engine's conclusions. One user. NULL: no memory, or the engine has no model yet. */
struct snapshot *snapshot_make(const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra);
struct snapshot *snapshot_keep(struct snapshot *snapshot);
/* Any thread. NULL: nothing. */
void snapshot_drop(struct snapshot *snapshot);

#endif
