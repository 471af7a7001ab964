/*
 * The inside of repair: what its files share. An event goes through them in this order: heal.c takes it, evidence.c notes what results prove, steps.c and
 * passes.c take runs a step further (run.c begins and ends them), ladder.c asks for each open incident who is to repair it next (question.c puts
 * the facts to the limits), sos.c calls for people. What is to be done is written by todo.c.
 *
 * "Fresh" is a matter of the numbers of runs of checks, as in the engine: begun after something means a higher number than the last at that time.
 */
#ifndef HEAL_PRIVATE_H
#define HEAL_PRIVATE_H

#include "heal/heal.h"

#define NEVER UINT64_MAX

/* tests/sim/heal breaks each promise of repair once on purpose, in a library of its own; the one that is shipped knows nothing of it. */
#ifdef HEAL_MUTANTS
extern int heal_mutant;
#define BROKEN(promise) (heal_mutant == (promise))
#else
#define BROKEN(promise) false
#endif

enum { RUNS = 16, DEPTH = 10, MEANWHILES = 50, TICKS = 16, FOREIGN = 16, RUN_LOCKS = 16, INVOLVED = 64, ORPHANS = 256, CLOSED_LADDERS = 64, PLACE = 48 };

/* ---- evidence.c: what results say of a check */

struct evidence {
    unsigned bad;         /* as many bad ones in a row as it had when it was last heard */
    uint64_t bad_since;   /* awake: the first of them; NEVER */
    uint64_t bad_from;    /* runs of this number and above began after it */
    uint64_t known_run;   /* the last whose result knew something */
    uint64_t bad_run;     /* the last of those that was bad */
    unsigned tries;       /* rapid re-checks that were bad, in the running streak */
    uint64_t tried;       /* the try that was counted last, by the number of its first run */
    double uptime;        /* s: what it last told of its target; 0: nothing */
    unsigned n_ticks;     /* of the running streak, the last of them */
    struct moment ticks[TICKS];
};

/* ---- a service */

struct subject {
    size_t first_entry;   /* of its entries in heal.record_of */
    size_t *dependents, n_dependents; /* critical ones, transitively; known where something disruptive may start */
    size_t ladder;        /* of its open incident; MODEL_NONE */
    enum engine_ours ours;/* as the engine was told */
    uint64_t fresh_from;  /* nothing starts by results of runs below this number; 0: whatever there is will do */
    uint64_t conditions_from; /* the checks of its conditions were asked for runs of this number and above; 0: not yet */
    bool waits;           /* a limit has refused: what starts after that is judged by fresh results */
    uint64_t shared;      /* a run for another service that this one waits for */

    /* confirm.c */
    bool trying;
    uint64_t try_at, try_from; /* awake, the next; runs of the one in progress have this number or more, 0: none is */

    /* what is shown, and waited for */
    size_t entry;
    enum heal_limit limit;
    uint64_t until;
};

/* ---- a ladder: of an incident */

struct ladder {
    uint64_t action;      /* an agent at work; 0 */
    size_t agent;
    uint64_t deadline;    /* awake */
    uint64_t counting;    /* awake: not ok since then, and not yet in kept.not_ok; NEVER: it does not count */
    struct engine_place place, told_place;
};

/* ---- a run of a runbook */

struct frame {
    const struct model_step *steps;
    size_t n, at;         /* at: the next one to begin */
};

enum run_state { RUN_FREE, RUN_TAKING, RUN_STEPS, RUN_WINDOW };

/* What the answers of a pass were. */
enum { ANSWER_NONE, ANSWER_GOOD, ANSWER_UNKNOWN, ANSWER_STARTING, ANSWER_BAD };

struct passes {
    const struct model_window_of_passes *what; /* NULL: none is going on */
    uint64_t deadline, next_at;                /* awake */
    uint64_t from, window_from;                /* runs from this number on: of the pass in progress (0: none is), of the whole */
    uint64_t began;                            /* awake: the pass */
    unsigned passed;
    bool disturbed;                            /* something was repaired during the pass */
};

struct run {
    enum run_state state;
    uint64_t id, incident, of; /* of: by hand, the incident that its service has, for its timeline */
    const struct model *model;
    const struct model_runbook *book;
    size_t was_service, service, record; /* was_service: in its own model; service: in the engine's, MODEL_NONE */
    bool by_hand, forced, unstored, cancelled;
    char who[ENGINE_NOTE], reason[ENGINE_NOTE];
    uint64_t begun, deadline;
    size_t involved[INVOLVED], n_involved; /* services, in its own model */
    size_t n_awaited;                      /* the first of them: its subject, and what its runbook looks at */

    struct frame stack[DEPTH];
    size_t depth;
    const struct model_step *step; /* in progress; NULL */
    uint64_t action, action_deadline;
    size_t meanwhile;              /* whose action it is; MODEL_NONE: the step's own */
    uint64_t meanwhile_at[MEANWHILES]; /* awake, when each began last; NEVER */
    uint64_t wait_until, if_from, if_began; /* if_from: results of runs of this number and above are awaited; 0 */
    struct passes passes;
    unsigned char *answers;        /* room for as many as any window of passes asks for */
    size_t room;
    char place[PLACE], doing[ENGINE_TEXT];
};

struct foreign {
    char name[ENGINE_NAME], holder[ENGINE_NOTE];
    uint64_t until;                /* elapsed: then it is tried again; 0: free */
};

/* ---- the machine */

struct heal {
    struct moment now;
    const struct model *model;
    struct subject *subjects;
    struct evidence *evidence;
    size_t *dependents;            /* the pool of all */
    size_t *record_of;             /* entry of `heal:` to record */
    size_t *open, n_open;          /* services with an open incident, in the order of their turn */
    struct heal_rung *rungs;       /* as many as a service has entries at most */
    bool *wanted;                  /* checks asked for in this event */
    struct heal_kept_record *records;
    size_t n_records;
    struct heal_kept_ladder *kept_ladders;
    struct ladder *ladders;
    size_t n_ladders;              /* places */
    struct heal_past past;
    bool asked[MODEL_AGENTS];
    struct moment asked_at[MODEL_AGENTS];

    struct run runs[RUNS];
    const struct model *gone[RUNS + 1]; /* models of runs that ended in this event */
    size_t n_gone;
    uint64_t last_run, last_action;
    struct foreign foreign[FOREIGN];
    enum heal_store store;
    unsigned unstored;
    bool switched_off, safe_mode;

    uint64_t changes;              /* of the engine, when it was last looked at */
    bool dirty, publish, restored;
    uint64_t wake, wake_elapsed, woken_for;
    struct heal_effect *effects;
    size_t n_effects, most_effects, lost_effects;
    char refusal[ENGINE_TEXT];
    struct heal_running shown[RUNS];
    size_t n_shown;
    struct heal_lock locks[RUNS * RUN_LOCKS + FOREIGN];
    struct heal_past no_past;      /* of agents: none */
};

/* ---- todo.c */

struct heal_effect *todo_add(struct heal *heal, enum heal_effect_kind kind, uint64_t run);
/* A fresh run of the check is wanted: once in an event. */
void todo_check(struct heal *heal, size_t check);
void todo_keep(struct heal *heal, size_t record, size_t ladder);
/* entry ENTRY_KINDS: no line in the timeline. format NULL: none in the audit. */
void todo_tell(struct heal *heal, uint64_t run, size_t service, uint64_t incident, enum engine_entry_kind entry, const char *who, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
void todo_notify(struct heal *heal, enum engine_notice notice, enum engine_level level, uint64_t incident, size_t service, bool over, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
bool todo_room(const struct heal *heal);
/* Something is due then. */
void todo_wake(struct heal *heal, uint64_t awake);
void todo_wake_elapsed(struct heal *heal, uint64_t elapsed);
void todo_close(struct heal *heal);

/* ---- evidence.c */

void evidence_take(struct heal *heal, const struct engine *engine, size_t check, uint64_t run, const struct result *result, bool tick);
/* Of all checks that make the service failed: the most ticks. NULL: none has any. */
/* The most bad tries of one of them. */
unsigned evidence_tries(const struct heal *heal, const struct engine *engine, size_t service);
const struct evidence *evidence_most(const struct heal *heal, const struct engine *engine, size_t service);
/* Is each check that makes the service failed so by a run of that number or above? */
bool evidence_is_fresh(const struct heal *heal, const struct engine *engine, size_t service, uint64_t from);
/* Asks again for those that are not. */
void evidence_ask(struct heal *heal, const struct engine *engine, size_t service, uint64_t from);
/* When the service began to be bad: the least bad_from, bad_since of its checks. */
void evidence_begin(const struct heal *heal, const struct engine *engine, size_t service, uint64_t *from, uint64_t *since);
bool evidence_judges(const struct model *model, size_t check);

/* ---- rearm.c */

/* A result of the check came: what it tells of its target may show that this was rebooted. */
void rearm_take(struct heal *heal, const struct engine *engine, size_t check, const struct result *result);
/* What an earlier process kept has been taken up: this machine may be another boot since. kept: as it was. */
void rearm_after_boot(struct heal *heal, const struct engine *engine, const struct heal_kept_record *kept);

/* ---- conditions.c */

/* A check that the conditions of its entries name was not heard since the service began to be bad, or is in doubt: it is asked, once. */
bool conditions_await(struct heal *heal, const struct engine *engine, size_t service);
/* Do both runbooks do the same, whoever asks for them? */
bool conditions_same_repair(const struct model *model, const struct model_runbook *a, const struct model_runbook *b);

/* ---- confirm.c */

/* Rapid tries while only `confirm` refuses; begins them, or goes on with them. */
void confirm_try(struct heal *heal, const struct engine *engine, size_t service, const struct model_limits *limits);
/* A result of the check came; good: it had been bad. */
void confirm_take(struct heal *heal, const struct engine *engine, size_t check, bool good);
void confirm_stop(struct heal *heal, size_t service);

/* ---- question.c */

struct asked {
    size_t service;
    const struct model_runbook *book;
    const struct heal_record *record;
    size_t at;              /* its place; MODEL_NONE: it is none of those kept */
    uint64_t incident;      /* of the service; by hand too */
    bool by_hand, force;
    const struct run *self; /* it is to begin, and neither runs nor holds locks against itself */
};

bool question_need_failed(const struct engine *engine, size_t service);
void question_make(struct heal *heal, const struct engine *engine, const struct asked *asked, struct heal_question *question);
/* Some of those who depend on it, and seem to answer, have not been heard since it failed: they are asked. True: there are such. */
bool question_awaits_dependents(struct heal *heal, const struct engine *engine, size_t service, bool ask);

/* ---- run.c */

/* NULL: there is no room for another. */
struct run *run_begin(struct heal *heal, const struct engine *engine, const struct asked *asked, const char *who, const char *reason);
void run_taken(struct heal *heal, const struct engine *engine, struct run *run, bool durable);
void run_not_taken(struct heal *heal, struct run *run, const char *lock, const char *holder);
void run_end(struct heal *heal, const struct engine *engine, struct run *run, enum heal_outcome outcome);
void run_stop_action(struct heal *heal, struct run *run);
struct run *run_find(struct heal *heal, uint64_t id);
struct run *run_of_action(struct heal *heal, uint64_t action);
/* A run in progress, or about to begin, for that service; NULL. */
struct run *run_for(struct heal *heal, size_t service);
bool run_counts(const struct run *run);
/* Tells the engine what is ours now. */
void run_tell_ours(struct heal *heal);
void run_show(struct heal *heal);

/* ---- steps.c, passes.c */

void steps_begin(struct heal *heal, const struct engine *engine, struct run *run);
/* Whatever is due, and what its checks have said since. */
void steps_go(struct heal *heal, const struct engine *engine, struct run *run);
void steps_ended(struct heal *heal, const struct engine *engine, struct run *run, const struct result *result, bool died);
void steps_act(struct heal *heal, struct run *run, const struct model_action *action, size_t meanwhile, bool collects);
/* The step in progress did not work. */
void steps_fail(struct heal *heal, const struct engine *engine, struct run *run, const char *format, ...) __attribute__((format(printf, 4, 5)));
void steps_done(struct heal *heal, const struct engine *engine, struct run *run);
void steps_name(const struct run *run, char *out, size_t size);
/* A check of the run's own model, in the engine's; MODEL_NONE: it is gone, or switched off. */
size_t steps_check(const struct heal *heal, const struct run *run, size_t check);

void passes_begin(struct heal *heal, struct run *run, const struct model_window_of_passes *what);
void passes_take(struct heal *heal, struct run *run, size_t check, uint64_t number, const struct result *result);
void passes_go(struct heal *heal, const struct engine *engine, struct run *run);
const char *passes_show(const struct run *run, char *out, size_t size);

/* ---- ladder.c, agents.c, sos.c */

void ladder_list(struct heal *heal, const struct engine *engine);
void ladder_settle(struct heal *heal, const struct engine *engine);
/* Its place among the ladders; MODEL_NONE. */
size_t ladder_find(const struct heal *heal, uint64_t incident);
void ladder_place(struct heal *heal, size_t service, size_t at, struct engine_place place);
void ladder_refused(struct heal *heal, const struct engine *engine, size_t service, const char *what, const struct heal_answer *answer);
enum engine_level ladder_level(const struct heal *heal, size_t service);
/* Nothing is left below: asks the next agent, if there is one. True: there is nothing. */
bool agents_settle(struct heal *heal, const struct engine *engine, size_t service, size_t at);
bool agents_ended(struct heal *heal, const struct engine *engine, uint64_t action, const struct result *result, bool died);
/* Ends those that are overdue. */
void agents_go(struct heal *heal, const struct engine *engine);
unsigned agents_running(const struct heal *heal);
void sos_settle(struct heal *heal, const struct engine *engine);
bool sos_delivered(struct heal *heal, const struct engine *engine, uint64_t incident, bool all_clear);
int64_t sos_due(const struct heal *heal, const struct engine *engine, size_t at);

/* ---- asking.c */

bool asking_take(struct heal *heal, const struct engine *engine, const struct heal_command *command);

/* ---- keep.c, model.c */

bool model_take(struct heal *heal, const struct engine *engine);
void model_forget(struct heal *heal);
bool keep_restore(struct heal *heal, const struct engine *engine, const struct heal_kept *kept);
size_t keep_find(const struct heal *heal, const char *runbook, const char *service);

#endif
