/*
 * The eight promises of design.md 7, asked from outside after every event: what was started, told and done is remembered here, and judged by what the engine
 * shows, the model and plain addition of time. Nothing of core/heal is looked into.
 */
#ifndef SIM_HEAL_JUDGE_H
#define SIM_HEAL_JUDGE_H

#include "heal_world.h"

enum { JUDGE_SERVICES = 16, JUDGE_BOOKS = 8, JUDGE_STARTS = 256, JUDGE_RUNS = 32, JUDGE_CHECKS = 64, JUDGE_INCIDENTS = 512 };

struct judge_start {
    uint64_t real;       /* when it was, by world.real */
    int64_t wall;
    uint64_t incident;   /* 0: by hand */
    bool above, given_back; /* given_back: it is no attempt any more */
};

struct judge_book {      /* of a runbook and a service */
    uint64_t fingerprint;
    size_t n;
    struct judge_start starts[JUDGE_STARTS];
    bool failed;
    uint64_t failed_real;
    int64_t failed_wall;
};

struct judge_run {
    uint64_t id;
    size_t service, book;
    const struct model *model;
    const struct model_runbook *runbook;
    uint64_t incident;
    bool by_hand, forced, taken, begun, settled, outcome_told, owes_line; /* settled: begun, and repair and judgement have come to rest since */
    uint64_t acted;      /* the last run of a check that had begun when its last action ended */
    uint64_t acted_at;   /* awake */
    bool acting;
    uint64_t shares[JUDGE_SERVICES]; /* open incidents of other services that it is shown in */
    const struct model_step *until; /* it is in; NULL */
    char until_place[48];
    uint64_t until_began, until_from, hard_since; /* awake; the last run of a check before it; awake, NEVER */
    unsigned until_good[JUDGE_CHECKS];
    unsigned good[JUDGE_CHECKS]; /* of each check of the model: good results in a row, begun after that */
};

struct judge_check {
    uint64_t bad_since, bad_real; /* awake; NEVER: it is not bad */
    uint64_t first_bad_run, known_run;
    unsigned bad;
    size_t n_ticks;
    uint64_t ticks[32];  /* real */
    unsigned tries;
    bool failed;                  /* when it was heard last */
};

struct judge_incident {
    uint64_t not_ok, sos_real;
    int64_t sos_wall;
    uint64_t told; /* told: limits that were, a bit each */
    bool agent, open_told, known, sos, delivered, out; /* out: not delivered, and not cleared */
};

struct judge {
    struct judge_book books[JUDGE_SERVICES][JUDGE_BOOKS];
    struct judge_run runs[JUDGE_RUNS];
    struct judge_check checks[JUDGE_CHECKS];
    struct judge_incident incidents[JUDGE_INCIDENTS];
    uint64_t open[JUDGE_SERVICES];        /* its incident after the event before; 0: none */
    uint64_t settled[JUDGE_SERVICES];     /* the same, when repair and judgement had last come to rest */
    unsigned failures[JUDGE_SERVICES];    /* runs for it that did not help, of which the engine has still to be told */
    uint64_t proven_from[JUDGE_SERVICES]; /* runs of checks before this one prove no recovery */
    struct judge_start all[JUDGE_STARTS]; /* of all runbooks above observe */
    size_t n_all;
    uint64_t last_awake, agents;          /* agents: at work */
    enum heal_store store;
    unsigned unstored;
    bool switched_off, safe_mode, verbose; /* verbose: says line by line what happens */
    bool booted;                           /* this process is the first one of another boot */
    uint64_t starts, fixed, sos, clears, refusals;
};

void judge_begin(struct judge *j, struct world *w);
void judge_end(struct judge *j);
/* The process is about to die; the store and the switches are about to turn; a model came. */
void judge_restarts(struct judge *j, struct world *w);
void judge_store(struct judge *j, enum heal_store store);
void judge_model(struct judge *j, const struct model *model);
/* An SOS is out that nobody has got yet, as far as is known. */
bool judge_may_deliver(const struct judge *j, uint64_t incident);
/* One was out, and is delivered or cleared by now: that it is delivered once more changes nothing. */
bool judge_is_late(const struct judge *j, uint64_t incident);
void judge_delivered(struct judge *j, struct world *w, uint64_t incident);

/* heal_judge_start.c */
void judge_start(struct world *w, struct judge_run *run);
void judge_give_back(struct judge_book *book);
bool judge_need_failed(struct world *w, size_t service);

/* heal_judge_over.c */
void judge_notice(struct world *w, const struct engine_effect *effect);
void judge_outcome(struct world *w, const struct engine_healing *healing);
void judge_taken_down(struct world *w);
void judge_open(struct world *w);
void judge_over(struct world *w, const struct judge_run *run, bool fixed);

/* heal_judge_sos.c */
/* Time counts as the state was while it passed: so before what follows from an event. */
void judge_time(struct world *w);
void judge_sos(struct world *w, const struct heal_effect *effect);
void judge_clear(struct world *w, const struct heal_effect *effect);
void judge_sos_due(struct world *w, size_t service);
void judge_cleared(struct world *w, const struct engine_event *event);

/* heal_judge_until.c */
void judge_until(struct world *w);
void judge_line(struct world *w, struct judge_run *run, const char *text);

#endif
