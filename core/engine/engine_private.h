/*
 * The inside of the judgement: what its files share. One event goes through them in this order: engine.c takes it, runs.c and schedule.c
 * begin and end runs (paths.c bounds them), streaks.c turns results into verdicts of checks, service.c into verdicts of services, cause.c
 * says who is to blame, overall.c counts. Each keeps its own fields of the structs below and leaves the others' alone.
 *
 * Runs are numbered from 1 in the order of their real starts, so "begun after" is a comparison of numbers: there are no ties between
 * things that happen in the same nanosecond.
 */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include "engine/engine.h"

#define NEVER UINT64_MAX
#define SILENCE_IS_LONG (24 * (uint64_t)3600 * NS_PER_S)
#define REPEAT_AFTER (4 * (uint64_t)3600 * NS_PER_S)

/* enum log_level, which lies beyond the wall; tests/unit/test_engine_why.c compares them. */
enum say { SAY_DEBUG, SAY_INFO, SAY_WARN, SAY_ERROR };

/* ---- heap.c: items 0..n-1 ordered by a key each, the item's number breaking ties; nothing is allocated after heap_make() ---- */

struct heap {
    size_t n, room;
    size_t *items; /* the heap */
    size_t *at;    /* where an item stands in it; SIZE_MAX: not in it */
    uint64_t *keys;
};

bool heap_make(struct heap *heap, size_t room);
void heap_free(struct heap *heap);
/* NEVER takes it out. */
void heap_set(struct heap *heap, size_t item, uint64_t key);
/* The least key and its item; NEVER: empty. */
uint64_t heap_least(const struct heap *heap, size_t *item);

/* ---- the state of a check ---- */

/* Why a run is wanted beside a nudge. Of an idle check: none. Of a queued one: for the run that waits. Of a running one: for one after it. */
enum want { WANT_SLOT = 1, WANT_CONFIRM = 2, WANT_NEED = 4, WANT_HEAL = 8 };

enum queue { QUEUE_NEEDS, QUEUE_OTHERS, QUEUES, QUEUE_NONE = QUEUES }; /* in the order of their turn */

struct check {
    struct engine_check shown;

    /* streaks.c */
    enum engine_verdict base;  /* what results that know say; `unknown` ones in a row are laid over it */
    bool broken;               /* was failed and has not recovered */
    bool heard;                /* has had a result */
    bool awaits_fresh;         /* has had none since a gap */
    bool needed;               /* somebody waits for a result that knows: unknown ones are tried again quickly */
    uint64_t since_elapsed;    /* moment.elapsed of the turn to its verdict */
    uint64_t known_run;        /* the last run whose result knew something; 0: none */
    uint64_t first_bad;        /* runs of this number and above began after the first bad result; 0: it is not bad; NEVER: one of a run of number
                                * `fresh_from` or above is awaited (a need has recovered, or there was a gap) */
    uint64_t fresh_from;
    uint64_t bad_begun;        /* awake: when the run of its last bad result began */
    uint64_t starting_since;   /* awake; NEVER: the target does not say so */
    bool ours;                 /* a run of ours was about it, and it has said nothing else but `stopped` since: that is ours, not a person's */

    /* runs.c */
    uint64_t run;              /* in progress; 0: none */
    uint64_t begun;            /* awake */
    enum engine_cause cause;   /* of the run in progress */
    bool outdated;             /* the run in progress began before a gap: its result will not count */
    unsigned lost;             /* runs lost in a row */
    unsigned wants;            /* enum want, several */
    enum queue queue;
    size_t before, behind;     /* in its queue; MODEL_NONE: the end */

    /* schedule.c */
    uint64_t phase;            /* of its slots within the interval */
    uint64_t slot_at, again_at, stale_at; /* awake; NEVER: not due */
    uint64_t nudge_at, nudged_at;         /* when a pending nudge may run, when the last one did; NEVER: none */
    bool told_overrun, told_full;

    /* overall.c */
    uint64_t round;            /* the last in which it ended */

    /* flap.c */
    uint32_t turns;            /* the last results, a bit each: bad or not; the newest is the lowest */
    unsigned n_turns;

    /* observer.c */
    struct result *held;       /* a timed-out result that waits for a sample of the observer; its run counts as in progress. NULL: none */
    uint64_t held_for;         /* the sample */
};

/* ---- the state of a service ---- */

struct service {
    struct engine_service shown;

    /* service.c */
    bool watched;              /* enabled, with an enabled check that is no witness */
    bool touched;              /* in the list of what settles at the end of the event */
    uint64_t turned;           /* one of its checks turned bad: its needs are to be checked by runs of this number or above; 0: no */
    bool was_down;             /* was failed, stopped or starting, and has not been well since */
    size_t awaits_fresh;       /* its checks without a result since a gap */
    uint64_t spared_until;     /* awake: what began before it makes no check of it fail, because it is too soon after a gap; 0: no */
    uint64_t since_elapsed;
    uint64_t first_bad;        /* the least of its checks that are as bad as it is */

    /* cause.c */
    bool explained;            /* a need is to blame */
    bool graced;               /* a need has come back, and what it looked like after its grace is not known yet */
    size_t graced_by;          /* the need whose recovery it may take its time for; MODEL_NONE */
    uint64_t hold_from;        /* awake: a need that is not known holds it for `wait` from then */
    uint64_t grace_until;      /* awake: no root before; 0: none */
    uint64_t wait;             /* needs_wait, at least the timeout of every need */

    /* silence.c */
    bool silenced_itself;
    uint64_t confirm_from;     /* it was silenced and is failed: announced by a bad result of a run of this number or above; 0: no */

    /* incident.c */
    bool looked;               /* in the list of those whose incident and notices are looked at, at the end of the event */
    size_t incident;           /* place of its last one, open or closed; MODEL_NONE */
    uint64_t joined;           /* id of the last that it joined */

    /* healing.c */
    enum engine_ours healing;
    uint64_t healed_from;      /* the last opening of an incident before the run began */
    bool outcome_known;        /* what came of a run was told since something repairs it */
    uint64_t proven_from;      /* it did not, or nobody knows: it has recovered when all its checks were heard by runs of this number or above */

    /* notice.c */
    bool stop_told, warn_told, flap_told, flap_long_told;
    uint64_t warns_since, flaps_since; /* awake; NEVER: it does not */

    /* storm.c */
    uint64_t turned_bad;       /* awake; NEVER: it is not suspect, failed or unknown */

    /* needs.c */
    uint64_t word;             /* what it says as a need, worked out in batch `batch` */
    uint64_t longest;          /* timeout of its checks and of all that it needs */
    uint64_t batch, walk;      /* the last that came by here */
};

struct path {
    unsigned running;
    size_t first[QUEUES], last[QUEUES];
};

/* A walk over needs without recursion: chains may be as long as a configuration allows. */
struct step {
    size_t service, need, any;
};

/* ---- the machine ---- */

/* All that lives as long as a model. Built whole by reload.c before anything of the old one is touched. */
struct tables {
    const struct model *model;
    struct check *checks;
    struct service *services;
    struct path *paths;
    struct heap due;           /* by awake time: checks, then services */
    struct heap streaks;       /* the longest running bad streak of a check that is no witness is the least */
    size_t *run_slots;         /* runs.c: run number to check */
    size_t n_run_slots;        /* a power of two */
    size_t *dependents;        /* graph: of service s, from first_dependent[s] to first_dependent[s + 1] */
    size_t *first_dependent;
    size_t *list, n_list;      /* needs.c: services found by a walk */
    struct step *steps;
    size_t *touched, n_touched;
    size_t *looked, n_looked;
    struct heap clocks;        /* services by awake time: when one has warned or flapped for long */
    struct engine_effect *effects;
    size_t most_effects;
};

struct engine {
    uint64_t seed, epoch;      /* slots are counted from the first model's moment */
    struct tables t;
    struct moment now;         /* of the event that is judged */
    uint64_t asleep;           /* how long the machine slept between the event before and this one */
    uint64_t last_run;
    uint64_t batch, walk;      /* number the walks over needs and over dependents */
    size_t n_effects;
    size_t lost_effects;       /* that found no room: none, ever; the simulator looks */
    bool publish, publish_later;
    uint64_t published_at;     /* awake */
    uint64_t woken_for;        /* the last WAKE_AT */
    size_t unsettled;          /* services that wait, or are an uncertain root */

    struct engine_overall overall;
    size_t of_verdict[VERDICT_FAILED + 1]; /* watched services */
    size_t critical_failed, n_unheard, n_enabled, n_ended; /* n_ended: in this round */
    uint64_t round;

    bool heard, restored;      /* RESTORE makes no sense any more */
    const char *refusal;
    struct engine_silence silences[ENGINE_SILENCES];
    size_t n_silences;
    uint64_t paused_until;     /* elapsed; 0: it is not */
    struct engine_incident *incidents; /* `room` places */
    size_t room;
    uint64_t last_incident;
    bool incidents_changed;    /* one of them has `changed` */
    uint64_t openings;         /* of incidents */
    bool places_changed;       /* where repair stands: the three below are counted anew */
    size_t n_agents, n_critical, n_sos; /* incidents with an agent at work, of critical services with nothing left, with an SOS out */
    uint64_t changes;          /* engine_changes() */
    bool people_changed;       /* next_elapsed is to be found anew */
    uint64_t next_elapsed;     /* the first end of a silence, pause or acknowledgement, or time of a repeat; NEVER */

    bool observed;             /* there is an observer */
    enum engine_sickness sickness;
    char sick_why[ENGINE_NOTE];
    uint64_t asked, asked_until; /* the last sample asked for; awake, when nobody waits for it any more; NEVER: nobody does */
    size_t n_held;
    bool storm_due;            /* the share is to be counted anew */
    uint64_t calm_since;       /* awake: since when a storm is below its share; NEVER */
    bool told_storm, told_observer, told_self[SELF_TROUBLES];
};

/* ---- effects.c ---- */

void effects_start(struct engine *engine, size_t check);
void effects_cancel(struct engine *engine, uint64_t run);
void effects_record(struct engine *engine, enum engine_record kind, size_t index, enum engine_verdict from, enum engine_verdict to);
__attribute__((format(printf, 5, 6))) void effects_say(struct engine *engine, enum say level, size_t service, size_t check, const char *format, ...);
void effects_judged(struct engine *engine, size_t check, uint64_t run);
void effects_observe(struct engine *engine, uint64_t asked);
void effects_collect(struct engine *engine, uint64_t incident, size_t service);
void effects_notice(struct engine *engine, enum engine_notice notice, enum engine_level level, uint64_t incident, size_t service, bool over, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* PUBLISH and WAKE_AT, which come last. always: even when the time to wake has not changed. */
void effects_close(struct engine *engine, bool always);

/* ---- runs.c ---- */

/* Starts a run now: the path has room. */
void runs_begin(struct engine *engine, size_t check);
/* The check whose run it is; MODEL_NONE: no such run. */
size_t runs_find(const struct engine *engine, uint64_t run);
/* Notes a run in the tables under its number. */
void runs_note(struct tables *t, size_t check);
/* The run is over, whatever came of it; its path has room again (paths_pump() fills it). */
void runs_end(struct engine *engine, size_t check);
/* A run that is as if it had not been: another one begins. */
void runs_again(struct engine *engine, size_t check);
/* At the end of an event in which a run ended: whatever was wanted after it. */
void runs_follow(struct engine *engine, size_t check);

/* ---- paths.c ---- */

/* The check shall run: now, or as soon as its path has room. It is not running. Needs go first. */
void paths_ask(struct engine *engine, size_t check, unsigned wants);
/* The same for a check in whatever state: a run begun from now on is wanted, so one in progress is followed by another. */
void paths_ask_fresh(struct engine *engine, size_t check, unsigned wants);
void paths_pump(struct engine *engine, size_t path);
/* Appends to a queue. */
void paths_queue(struct tables *t, size_t check, enum queue queue);
unsigned paths_bound(const struct model *model, size_t path);

/* ---- schedule.c ---- */

/* The first slot of the check after `after`. */
uint64_t schedule_slot(const struct engine *engine, const struct tables *t, size_t check, uint64_t after);
/* The next quick re-check of a run begun at check->begun. */
uint64_t schedule_again(const struct engine *engine, size_t check);
/* Puts the check where it belongs in `due`; to be called after any change of its times. */
void schedule_put(struct engine *engine, size_t check);
/* Everything that is due now: checks start, services are touched. */
void schedule_due(struct engine *engine);
void schedule_nudge(struct engine *engine, size_t check);
/* A result came: the clock of staleness starts again. */
void schedule_heard(struct engine *engine, size_t check);
/* slots.c: gives every check of the tables its phase. False: no memory. */
bool slots_spread(struct tables *t, uint64_t seed);

/* ---- streaks.c ---- */

void streaks_judge(struct engine *engine, size_t check, uint64_t run, struct result *result);
/* After a gap: bad results from before do not complete a streak. */
void streaks_gap(struct engine *engine, size_t check);
/* How long its bad results still make a suspect at most, because of a gap; 0: no longer. */
uint64_t streaks_spared(const struct engine *engine, size_t service, uint64_t awake);
bool streaks_is_bad(enum engine_verdict verdict);

/* ---- service.c ---- */

void service_touch(struct engine *engine, size_t service);
/* Verdicts, then causes of all that was touched. */
void service_settle(struct engine *engine);
/* Is it one of the checks that its service is judged by? */
bool service_judged_by(const struct model *model, size_t check);

/* ---- needs.c ---- */

/* Calls `leave` for the service and all that it needs, transitively, what is needed first; those that this batch has seen are left out. */
void needs_walk(struct engine *engine, size_t service, void (*leave)(struct engine *engine, size_t service));
/* Fills t.list with all that needs the service, transitively; how many. */
size_t needs_dependents(struct engine *engine, size_t service);
/* Is that one among all that the service needs, transitively? */
bool needs_include(struct engine *engine, size_t service, size_t need);
/* All needs are checked at once that have no run of number `from` or above. */
void needs_check(struct engine *engine, size_t service, uint64_t from);
/* The longest timeout of all that the service needs; to be called for all services in one batch. */
uint64_t needs_longest(struct engine *engine, size_t service);

enum { WORD_DOWN = 0, WORD_UNKNOWN = 1 }; /* else: the oldest run that says it is well, plus one */
/* What all needs of the service say together; NEVER: it has none that is watched. Good for the batch. */
uint64_t needs_word(struct engine *engine, size_t service);
/* When they say WORD_DOWN: the deepest need that is down. */
size_t needs_blame(const struct engine *engine, size_t service);
/* When they say no more than `from`: the need that is not known. */
size_t needs_awaited(const struct engine *engine, size_t service, uint64_t from);

/* ---- cause.c ---- */

/* Explains every touched service and what depends on it. */
void cause_settle(struct engine *engine);
void cause_turned_failed(struct engine *engine, size_t service);
void cause_recovered(struct engine *engine, size_t service);
void cause_gap(struct engine *engine, size_t service);
/* Puts the service where it belongs in `due`. */
void cause_put(struct engine *engine, size_t service);

/* ---- overall.c ---- */

void overall_check(struct engine *engine, size_t check, enum engine_verdict from, enum engine_verdict to);
void overall_service(struct engine *engine, size_t service, enum engine_verdict from, enum engine_verdict to);
void overall_streak(struct engine *engine, size_t check);
void overall_heard(struct engine *engine, size_t check);
void overall_ended(struct engine *engine, size_t check);
/* Counts everything anew: after a reload. */
void overall_count(struct engine *engine);
/* The state, at the end of an event. */
void overall_settle(struct engine *engine);

/* shown.silenced of the service has changed: it leaves the counts, or comes back into them. */
void overall_silence(struct engine *engine, size_t service);

/* ---- flap.c ---- */

void flap_note(struct engine *engine, size_t check, enum status status);
/* Of the service, by its checks. */
void flap_settle(struct engine *engine, size_t service);

/* ---- silence.c, command.c ---- */

/* Is it silenced now? Itself, or what its failure is caused by. */
void silence_show(struct engine *engine, size_t service);
/* The list has changed, or the model: finds out anew who is silenced. */
void silence_spread(struct engine *engine);
/* The first half of it: who is named. */
void silence_find_subjects(struct engine *engine);
bool silence_names(const struct engine_silence *silence, const char *service);
void silence_add(struct engine *engine, const struct engine_silence *silence);
void silence_remove(struct engine *engine, size_t at);
size_t silence_find(const struct engine *engine, const char *service, const char *window);
/* Ends those that end with the service's recovery; true: there was one, and silence_spread() is due. */
bool silence_well(struct engine *engine, size_t service);
void silence_due(struct engine *engine);
bool command_makes_sense(struct engine *engine, const struct engine_event *event);
void command_take(struct engine *engine, const struct engine_event *event);

/* ---- incident.c, timeline.c ---- */

/* Its incident, and what people are to be told of it, are looked at when the event ends. */
void incident_look(struct engine *engine, size_t service);
void incident_look_all(struct engine *engine);
void incident_settle(struct engine *engine);
/* Its open one, or NULL. */
struct engine_incident *incident_open(struct engine *engine, size_t service);
bool incident_room(struct engine *engine, size_t services);
/* After a model came: finds its services again, closes those whose are gone. */
void incident_moved(struct engine *engine);
void incident_due(struct engine *engine);
void timeline_add(struct engine *engine, struct engine_incident *incident, enum engine_entry_kind kind, const char *who);

/* ---- healing.c ---- */

bool healing_makes_sense(const struct engine *engine, const struct engine_healing *healing);
void healing_take(struct engine *engine, const struct engine_healing *healing);
/* Counts agents, what is exhausted and SOS anew, if a place or an incident has changed. */
void healing_settle(struct engine *engine);
/* Does a repair of it go on, or was none of it seen to hold, so that it has not recovered? */
bool healing_holds(const struct engine *engine, size_t service);
/* What was kept is taken up: what was well, and had not recovered, an earlier process had repaired, and nobody knows whether it held. */
void healing_restored(struct engine *engine);
/* Is the incident of a need one that came after a repair of the service had begun? */
bool healing_brought(const struct engine *engine, size_t service, const struct engine_incident *cause);

/* ---- notice.c ---- */

/* Tells what is to be told of the service: the difference between what is and what people know. */
void notice_settle(struct engine *engine, size_t service);
/* Puts the service where it belongs in `clocks`. */
void notice_put(struct engine *engine, size_t service);
void notice_self(struct engine *engine, enum engine_self trouble, bool over, const char *why);

/* ---- clocks.c ---- */

/* Ends what is over: silences, pause, acknowledgements; looks at what is due. */
void clocks_due(struct engine *engine);
/* The first of all of these, awake; NEVER. */
uint64_t clocks_next(struct engine *engine);

/* ---- observer.c, storm.c ---- */

/* Does the result wait for a sample of the observer? Then it is held. */
bool observer_holds(struct engine *engine, size_t check, struct result *result);
void observer_take(struct engine *engine, const struct engine_event *event);
/* Nobody waits for the sample any more. */
void observer_due(struct engine *engine);
void observer_drop(struct check *c);
void storm_settle(struct engine *engine);
bool storm_counts(enum engine_verdict verdict);

/* ---- restore.c ---- */

void restore_take(struct engine *engine, const struct engine_kept *kept);

/* ---- engine.c ---- */

/* A result that is judged now. */
void engine_take_result(struct engine *engine, size_t check, struct result *result);

/* ---- reload.c, tables.c ---- */

enum engine_outcome reload_take(struct engine *engine, const struct model *model);
/* old: checks and services of the model before. */
bool tables_make(struct tables *t, const struct model *model, size_t old);
void tables_free(struct tables *t);

#endif
