/*
 * What the serving thread answers from: everything that people and programs may ask about the present, copied out of the engine at one
 * instant and never changed. Counted by reference, because the loop publishes the next one while answers are made from this.
 * It holds the model and the results by reference, so a copy is cheap however much they say.
 */
#ifndef SERVE_SNAPSHOT_H
#define SERVE_SNAPSHOT_H

#include "engine/engine.h"
#include "serve/snapshot_heal.h"

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

/* All that are open, the newest first, then the last that were closed. */
struct snapshot_incident {
    uint64_t id;
    const char *service, *acked_by;          /* live in the snapshot */
    size_t index;                            /* of the service in the model; MODEL_NONE: it is gone */
    enum engine_ending ending;
    enum engine_told told;
    uint64_t folded_into;                    /* id; 0 */
    int64_t opened, closed;                  /* wall ns; closed 0: open */
    int64_t acked_until;                     /* wall ns; 0: until recovery, if it is acked */
    bool acked;
    unsigned reopened, joined, n_entries, dropped;
    const struct engine_entry *entries;
};

struct snapshot_silence {
    const char *service, *window, *note;     /* live in the snapshot; service NULL: everything; window NULL: a person's */
    int64_t since, until;                    /* wall ns; until 0: as long as its window is open */
    bool until_ok;
};

enum { SNAPSHOT_CLOSED = 32 };               /* incidents */

struct snapshot_plugin { /* a plugin host */
    const char *name, *state, *last_end;     /* live in the snapshot; last_end NULL: it never died */
    long pid;
    unsigned deaths, plugins, instances;
    double late_ms;                          /* how late its own loop was at worst lately */
};

struct snapshot_program { /* one that Talon keeps running */
    const char *name, *state, *why, *last_end; /* live in the snapshot; why, last_end NULL: nothing */
    long pid;                                /* 0: none */
    uint64_t restarts;
    int64_t since, next;                     /* wall ns; next 0: nothing is waited for by time */
    bool wanted;                             /* no person has stopped it */
};

enum { SNAPSHOT_PROGRAMS = 64 };

struct snapshot {
    atomic_uint users;
    uint64_t generation;                     /* grows with each snapshot: what rendered answers are cached by */
    const struct model *model;               /* kept */
    struct engine_overall overall;
    const struct snapshot_service *services; /* model->n_services */
    const struct snapshot_check *checks;     /* model->n_checks */
    size_t n_plugins;
    const struct snapshot_plugin *plugins;
    size_t n_programs;
    const struct snapshot_program *programs;
    size_t n_incidents, n_open;              /* open ones stand first */
    const struct snapshot_incident *incidents;
    size_t n_silences;
    const struct snapshot_silence *silences;
    int64_t paused_until;                    /* wall ns; 0: repair is not paused */
    int64_t updated;                         /* wall ns of the instant */
    int64_t loaded_at;                       /* wall ns: the configuration */
    int64_t started_at;                      /* wall ns: this process */
    const char *config_error;                /* NULL: none; the first problem of a refused configuration and how many there are */
    const char *self;                        /* NULL; trouble of Talon itself: "port 9999 was taken", "log cannot be written" */
    unsigned worker_restarts;
    void *memory;                            /* one allocation for arrays and texts */
    struct snapshot_heal *heal;              /* NULL: nothing repairs, or there was no memory to tell of it */
};

/* What the daemon adds to what the engine knows. Borrowed for the call. */
struct snapshot_extra {
    int64_t loaded_at, started_at;
    const char *config_error, *self;
    unsigned worker_restarts;
    const struct snapshot_plugin *plugins;
    size_t n_plugins;
    const struct heal *heal;                 /* NULL: nothing repairs */
    bool switched_off, safe_mode;            /* it */
    int64_t last_run, last_agent, last_sos;  /* wall ns; 0: never */
    const struct snapshot_program *programs;
    size_t n_programs;
};

/* Copies the engine's conclusions. One user. NULL: no memory, or the engine has no model yet. */
struct snapshot *snapshot_make(const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra);
struct snapshot *snapshot_keep(struct snapshot *snapshot);
/* Any thread. NULL: nothing. */
void snapshot_drop(struct snapshot *snapshot);

#endif
