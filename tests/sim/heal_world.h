/*
 * A daemon without a world, with repair: engine and heal together in virtual time, as core/daemon_heal.c joins them. Checks, actions, agents, locks and the
 * store are imaginary. Used by the random histories of test_heal and by unit tests. Whoever wants to know what happened asks with `tell`.
 */
#ifndef SIM_HEAL_WORLD_H
#define SIM_HEAL_WORLD_H

#include "build.h"
#include "engine/engine.h"
#include "heal/heal.h"

enum { WORLD_CHECKS = 256, WORLD_ACTIONS = 64, WORLD_TAKES = 32, WORLD_QUEUE = 4096, WORLD_TEXT = 512 };

/* How an action ends. LIES: it says that it worked. HANGS: never. */
enum world_way { WAY_WORKS, WAY_FAILS, WAY_LIES, WAY_REFUSES, WAY_HANGS, WAY_DIES, WAYS };

enum { WORLD_YOUNG = 5, WORLD_OLD = 10000 };

struct world_check {
    enum status status;   /* to be set as one likes */
    uint64_t takes;
    uint64_t run, ends;   /* in progress; run 0: none */
    double metric;        /* "uptime": WORLD_OLD, or WORLD_YOUNG after a reboot of the target */
};

struct world_action {
    uint64_t action, run, ends; /* run 0: an agent's */
    enum world_way way;
    size_t service;       /* that asks */
    bool collects;
};

struct world_take {
    uint64_t run, at;
    bool durable, refused;
    char service[ENGINE_NAME];
};

struct world;

/* Called for each effect of heal, before it is carried out. */
typedef void world_tell(struct world *w, const struct heal_effect *effect);

struct world {
    struct engine *engine;
    struct heal *heal;
    struct moment now;
    uint64_t wake, heal_wake;
    struct world_check checks[WORLD_CHECKS];
    struct world_action actions[WORLD_ACTIONS];
    size_t n_actions;
    struct world_take takes[WORLD_TAKES];
    size_t n_takes;
    struct { struct engine_event event; char who[ENGINE_NAME]; } queue[WORLD_QUEUE];
    size_t first, n_queue;
    uint64_t seed, events;
    uint64_t real;        /* ns that have passed, asleep and away as well: no clock shows them */
    bool hardly;          /* results carry no metric */
    enum engine_sickness sickness;

    /* how what follows is answered; to be set as one likes */
    enum world_way way;
    uint64_t action_takes, take_takes;
    bool store_down, locked, switched_off, safe_mode;
    bool (*is_locked)(struct world *w, const struct model_runbook *book); /* does somebody else hold one of its locks? NULL: only where `locked` says so */
    enum world_way (*choose)(struct world *w, size_t service, const char *action, uint64_t *takes); /* NULL: as above */
    void (*worked)(struct world *w, size_t service, const char *action);                          /* what one that works does; NULL: its service is ok */
    world_tell *tell;
    void (*after)(struct world *w, const struct engine_event *event);                             /* after each event and what followed from it */
    void (*before)(struct world *w, const struct engine_event *event);                            /* before each event: time has passed; NULL: one of heal */
    void (*restarted)(struct world *w, bool booted);                                              /* another process is about to begin */
    void (*judged)(struct world *w, const struct engine_effect *effect);                          /* a result was judged */
    void (*noticed)(struct world *w, const struct engine_effect *effect);                         /* the engine tells people */
    void (*ended)(struct world *w, const struct world_action *action);                            /* an action is about to be told ended */
    void (*taken)(struct world *w, uint64_t run, bool refused);                                   /* an intent is about to be told durable, or not taken */
    void *user;
    char broken[WORLD_TEXT];
};

void world_begin(struct world *w, uint64_t seed, const struct model *model); /* the model's user is taken */
void world_end(struct world *w);
void world_reload(struct world *w, const struct model *model);
void world_feed(struct world *w, const struct engine_event *event);
bool world_heal(struct world *w, const struct heal_event *event);
/* The next thing that happens by itself, at most `most` ns from now; false: nothing, and that time has passed. */
bool world_step(struct world *w, uint64_t most);
void world_pass(struct world *w, uint64_t ns);
void world_gap(struct world *w, uint64_t ns, bool awake);
/* The process dies at this instant; another takes over after `away`. */
void world_restart(struct world *w, uint64_t away, bool booted);
void world_store(struct world *w, enum heal_store store, bool set_aside);
bool world_command(struct world *w, enum heal_ask ask, const char *service, const char *runbook, const char *reason);
struct world_check *world_check(struct world *w, const char *full_name);
void world_set(struct world *w, const char *service, enum status status); /* all checks of it */

__attribute__((format(printf, 2, 3))) void world_break(struct world *w, const char *format, ...);

/* Taken; what comes back is the caller's. */
struct heal_kept *heal_through(struct heal_kept *kept);

/* ---- models: entries of `heal:` for the last service */

struct model_runbook *world_runbook(struct build *b, const char *name, enum model_impact impact);
struct model_step *world_steps(struct build *b, struct model_runbook *book, size_t n);
/* To the service's `heal`, which has room for four. */
struct model_heal *world_entry(struct build *b, struct model_service *service, const struct model_runbook *book);
struct model_action world_action(const char *name, uint64_t timeout);
struct model_condition world_verdict(struct build *b, size_t check, enum engine_verdict verdict);
struct model_window_of_passes world_passes(struct build *b, size_t first, size_t n, unsigned passes, uint64_t every, uint64_t within);

#endif
