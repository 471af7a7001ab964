/*
 * Runs: from `start` to exactly one `done`, whatever happens in between. A run that is over is kept for the next one of its operation, so that a check that
 * runs every second allocates nothing.
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "ids.h"
#include "owner.h"
#include "said.h"
#include "turn.h"

enum { RUN_REASON = 64, RUN_SUMMARY = 512 };

struct instance;

struct run {
    struct owner owner; /* first */
    struct id id;
    struct instance *instance;
    struct operation *operation;
    struct run *next_idle;
    ev_timer timer;         /* first to tell, then to end */
    uint64_t began, left;   /* ns */
    bool told;              /* its operations know that the deadline is near */
    bool silent;            /* a peer was silent until then */
    enum talon_status status;
    char reason[RUN_REASON];
    char summary[RUN_SUMMARY + 1];
    struct said said;
    unsigned progressed;    /* lines */
    max_align_t state[];    /* run_size bytes */
};

/* Begins one for an instance that has none. id: a good one that no run bears. */
void run_start(struct instance *instance, const char *id, size_t n_id, uint64_t left_ns, uint32_t flags);
/* A run of that id; NULL: it is over, or never was. */
struct run *run_find(const char *id, size_t n);
/* Ends it, from inside or outside. A second time is ignored and logged. */
void run_complete(struct run *run, enum talon_status status, const char *reason, const char *summary);
/* What a worker says of it: nothing of our own follows, but the line, which is a `done` of this run. */
void run_relay(struct run *run, const char *line, size_t n);
void run_settle(struct run *run);
/* The run's deadline has come and it has not ended. For workers also: ends it as the contract says. */
void run_expire(struct run *run);
/* When it must have ended, by turn_now(). */
static inline uint64_t run_deadline(const struct run *run)
{
    return run->owner.face.deadline_ns;
}

void run_metric(struct run *run, const char *name, double value, const char *unit);
void run_detail(struct run *run, const char *name, const char *value);
void run_progress(struct run *run, const char *text);

/* Frees what is kept of an operation's runs. */
void runs_free(struct operation *operation);
void runs_free_ids(void);

#endif
