/*
 * A scenario, rehearsed: the real engine with the real configuration, in simulated time, on targets that answer as the scenario says. Nothing is executed, and
 * the same scenario gives the same timeline each time.
 */
#ifndef REHEARSE_REHEARSAL_H
#define REHEARSE_REHEARSAL_H

#include "rehearse/scenario.h"

enum { REHEARSAL_ENTRIES = 100000, REHEARSAL_FAILURES = 1000 };

enum rehearsal_kind {
    REHEARSED_STEP,     /* what the scenario makes happen */
    REHEARSED_VERDICT,  /* of a service */
    REHEARSED_INCIDENT,
    REHEARSED_TOLD,
    REHEARSED_HEAL,     /* which runbook its conditions select */
    REHEARSED_REPAIR,   /* what repair does: begins, refuses, steps, ends */
    REHEARSED_OVERALL,
};

struct rehearsal_entry {
    uint64_t at;
    enum rehearsal_kind kind;
    const char *service;   /* NULL: of none. Lives as long as the models */
    const char *word;      /* the verdict; of the incident, what happened; the level; the runbook; the state */
    const char *from;      /* the verdict before */
    uint64_t incident;     /* 0: none */
    char *text;            /* NULL: none */
};

struct rehearsal_failure {
    struct model_place place;
    uint64_t at;
    char *text;
};

struct rehearsal {
    uint64_t events, length;
    size_t n_entries, left_out, n_failures, more_failures, judged;
    struct rehearsal_entry *entries;
    struct rehearsal_failure *failures;
    const char *broken;   /* it could not go on: why. NULL: it ran to its end */
};

/* False: no memory. To be freed in any case. */
bool rehearsal_run(struct rehearsal *done, const struct scenario *scenario, const struct scenario_model *models);
void rehearsal_free(struct rehearsal *done);

struct rehearsal_shown {
    const char *scenario, *config; /* files, as a person named them */
    const struct model *model;
};

/* A time in the rehearsal: "0:10:15.2", "2d 0:10:15.2" */
void rehearsal_time(struct buffer *out, uint64_t at);
void rehearsal_text(struct buffer *out, const struct rehearsal *done, const struct scenario *scenario, const struct rehearsal_shown *shown);
void rehearsal_json(struct buffer *out, const struct rehearsal *done, const struct scenario *scenario, const struct rehearsal_shown *shown);

#endif
