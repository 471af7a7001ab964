/* The simulated world of a rehearsal: time, targets, runs, and the engine that judges them. Shared by world.c, acts.c, tell.c and judge.c alone. */
#ifndef REHEARSE_WORLD_H
#define REHEARSE_WORLD_H

#include "rehearse/rehearsal.h"
#include "rehearse/repair.h"

struct world_target {
    const struct scenario_way *way; /* NULL: well */
    uint64_t since;                 /* of the way; awake */
    uint64_t takes;                 /* as usual */
    uint64_t run, begun, ends;      /* run 0: none */
    bool listed;                    /* in `running` */
    bool late;                      /* the run ends with its timeout */
};

struct world_told {
    enum engine_notice notice;
    enum engine_level level;
    const char *who;                /* NULL: Talon */
    char *text;
};

struct world {
    const struct scenario *s;
    const struct scenario_model *models;
    struct rehearsal *done;
    struct engine *engine;
    struct moment now;
    uint64_t at;                    /* since the beginning, time asleep included */
    uint64_t wake;                  /* as the engine asked for */
    int64_t windows_from, windows_until; /* wall: so long no window of the configuration opens or closes */
    uint64_t asked, answers_at;     /* of the observer; asked 0: nothing is asked */
    enum engine_sickness sickness;
    bool refused;                   /* the last command, window or reload was */
    const char *sick_why;
    struct world_target *targets;   /* of the scenario */
    size_t *target_of;              /* a check of the model: its target */
    size_t *running, n_running;     /* targets with a run */
    const char **would_heal;        /* of each service: told last */
    struct { uint64_t id; unsigned seen; } *incidents; /* by their place in the engine */
    size_t n_incidents;
    enum engine_state state;
    struct world_told *told;        /* since the last expectation of it */
    size_t n_told, room_told;
    struct repair repair;
    bool store_down, no_memory;
};

/* ---- world.c ---- */

bool world_begin(struct world *w, const struct scenario *s, const struct scenario_model *models, struct rehearsal *done);
void world_end(struct world *w);
/* Lets time pass up to that moment of the rehearsal: results first, then the engine's wake, each at its time. False: it was too much. */
bool world_pass(struct world *w, uint64_t at);
enum engine_outcome world_feed(struct world *w, const struct engine_event *event);
/* Its checks become those of the model; what runs goes on. */
bool world_take(struct world *w, const struct model *model);
/* An engine that knows nothing yet, in the place of the one before; that one is the caller's. */
struct engine *world_replace(struct world *w);
/* Whether it is said to be well is told to the engine. */
void world_observe(struct world *w, uint64_t asked);
/* Opens and closes what the configuration says, if the clock is not within the time for which that is done. */
void world_windows(struct world *w);
void world_skip(struct world *w, uint64_t ns, bool awake);

/* ---- acts.c ---- */

void act(struct world *w, const struct scenario_step *step);

/* ---- tell.c ---- */

struct rehearsal_entry *tell(struct world *w, enum rehearsal_kind kind, const char *service, const char *word, const char *text);
void tell_effect(struct world *w, const struct engine_effect *effect);
/* What only shows when an event is over. */
void tell_after(struct world *w);
void tell_forget(struct world *w);
/* The runbook that the service's entries of `heal` select now; NULL: none. */
const char *tell_would_heal(const struct world *w, size_t service);

/* ---- judge.c ---- */

void judge(struct world *w, const struct scenario_expect *expect);

#endif
