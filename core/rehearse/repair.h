/* Repair within a rehearsal: core/heal beside the engine, with one queue of events for both, and actions that do what the scenario says. */
#ifndef REHEARSE_REPAIR_H
#define REHEARSE_REPAIR_H

#include "heal/heal.h"
#include "rehearse/scenario.h"

struct world;

enum { REPAIR_ACTIONS = 64, REPAIR_RUNS = 64 };

struct repair_action {
    uint64_t id, run;                 /* id 0: free. run 0: an agent */
    uint64_t ends;                    /* awake */
    const struct scenario_runbook *way;
    bool mends;                       /* it is the one of the run that does what the scenario says */
    const char *name;
};

struct repair_run {
    uint64_t id;                      /* 0: free */
    const char *service, *runbook;    /* live as long as the models */
    bool acted;                       /* the action that mends has begun */
};

/* What is remembered of a service for `healed`, `outcome`, `refused_heal` and `escalated`. */
struct repair_seen {
    const char *service;
    const char *started;              /* the runbook, since the last expectation of it; NULL: none */
    const char *outcome;              /* of the last run; NULL: none */
    struct buffer said;               /* refusals and what actions said, since the last expectation of it */
    enum engine_tier tier;            /* the highest so far */
    bool called;                      /* an SOS went out */
};

struct repair_queued {
    bool of_engine;
    struct engine_event engine;
    struct heal_event heal;
    struct result *result;            /* kept for it */
    char who[ENGINE_NAME];
};

struct repair {
    struct heal *heal;
    uint64_t wake;                    /* as it asked for */
    struct repair_action actions[REPAIR_ACTIONS];
    struct repair_run runs[REPAIR_RUNS];
    struct repair_seen *seen;
    size_t n_seen;
    struct repair_queued *queue;
    size_t n_queued, first, room;
    bool pumping;
    struct heal_kept *kept;           /* while another process takes over */
};

/* False: no memory. */
bool repair_begin(struct repair *repair);
void repair_end(struct repair *repair);
/* After the engine has judged an event: what of it repair is to know. */
void repair_judged(struct world *w, bool new_model);
/* Carries out what is queued, and what comes of it. */
void repair_pump(struct world *w);
/* The next thing that repair does by itself, in awake time; UINT64_MAX: nothing. */
uint64_t repair_next(const struct world *w);
void repair_step(struct world *w);
/* Another process takes over: STOP before the engine is replaced, RESTART when it is restored. lost: what was kept of limits cannot be read. */
void repair_stop(struct world *w);
void repair_restart(struct world *w, bool lost);
void repair_store(struct world *w, bool down);
void repair_safe_mode(struct world *w, bool on);
/* What is remembered of that service; NULL: nothing yet. */
struct repair_seen *repair_seen(struct world *w, const char *service);
const char *repair_tier_name(const struct repair_seen *seen);

/* Between repair.c and repair_effects.c. queue: NULL: no memory. */
struct repair_queued *repair_queue(struct world *w, bool of_engine);
void repair_queue_heal(struct world *w, const struct heal_event *event);
void repair_carry_out(struct world *w);
void repair_end_action(struct world *w, struct repair_action *action);

#endif
