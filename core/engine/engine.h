/*
 * The judgement: results and time go in, verdicts and things to do come out. PURE: no loop, no files, no clock; memory only when
 * a model is put in. The same events at the same moments give the same effects, so that simulated histories prove what the
 * daemon does (tests/sim). Heal is part of the same machine and speaks through the same events and effects.
 *
 * Use: engine_event(), then carry out engine_effects() in their order, then the next event. Results that arrive at the
 * same instant as a timer are to be handed in before the TIME event (rules.md 3.1).
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "base/buffer.h"
#include "base/logic.h"
#include "base/moment.h"
#include "base/result.h"
#include "engine/engine_incident.h"
#include "engine/engine_keep.h"
#include "engine/engine_people.h"
#include "model.h"

struct engine;

/* Worst last: the order of rules.md 3.2 is that of engine_worse(). */
enum engine_verdict {
    VERDICT_NONE, /* not heard yet */
    VERDICT_OK,
    VERDICT_WARN,
    VERDICT_STOPPED,
    VERDICT_STARTING,
    VERDICT_RECOVERING,
    VERDICT_UNKNOWN,
    VERDICT_SUSPECT,
    VERDICT_FAILED,
};

enum engine_state { STATE_STARTING, STATE_HEALTHY, STATE_DEGRADED, STATE_FAILED, STATE_INVESTIGATING, STATE_CRITICAL, STATE_SOS };

/* ---- events ---- */

enum engine_event_kind {
    EVENT_MODEL,          /* a new configuration: at start and after a reload */
    EVENT_RESTORE,        /* what a store kept of an earlier process */
    EVENT_TIME,           /* WAKE_AT has come (or earlier: does no harm) */
    EVENT_RESULT,         /* a run has ended */
    EVENT_RUN_LOST,       /* a run will never end: as if it had not been */
    EVENT_NUDGE,          /* something changed, says a plugin: check now */
    EVENT_OBSERVED,       /* a sample of the observer */
    EVENT_GAP,            /* the loop slept or was stopped */
    EVENT_WINDOW_OPEN,    /* a maintenance window: the daemon does the calendar */
    EVENT_WINDOW_CLOSED,
    EVENT_COMMAND,        /* a person: silence, ack, pause, resume, heal */
    EVENT_INTENT_DURABLE, /* RECORD_INTENT is on disk: its runbook may start */
    EVENT_STORE_DOWN,
    EVENT_STORE_UP,
    EVENT_STEP_DONE,      /* an action of a runbook has ended */
    EVENT_DELIVERED,      /* a message reached a channel */
    EVENT_SELF,           /* Talon's own state: configuration refused, safe mode, a channel broken */
    EVENT_WANT,           /* a repair wants a fresh run of a check, begun from now on, before what only waits for its turn */
    EVENT_HEALING,        /* a repair has begun, ended, was refused ...: HEAL_TELL of core/heal */
    EVENT_KINDS
};

/* Of the host that looks, worst last: one that has lost its way to other networks excuses only what says so itself (loopback knows no such thing). */
enum engine_sickness { SICKNESS_NONE, SICKNESS_ROUTE, SICKNESS_ALL };

struct engine_event {
    enum engine_event_kind kind;
    union {
        const struct model *model;                               /* MODEL: kept (model_keep) until the next one */
        struct { uint64_t run; struct result *result; } result;  /* RESULT: the engine keeps it itself. RUN_LOST: result NULL */
        const struct engine_kept *kept;                          /* RESTORE: right after the first MODEL, once */
        struct { size_t check; } nudge;
        struct { uint64_t slept; } gap;                          /* ns */
        struct { uint64_t asked; enum engine_sickness sickness; const char *why; } observed; /* asked: of OBSERVE, 0: by itself. Who never sends one has no observer */
        struct engine_window window;                             /* WINDOW_OPEN, WINDOW_CLOSED */
        struct engine_command command;
        struct { enum engine_self trouble; bool over; const char *why; } self;
        struct { size_t check; } want;
        struct engine_healing healing;
    } of;
};

/* ---- effects ---- */

enum engine_effect_kind {
    EFFECT_START_CHECK,
    EFFECT_CANCEL,
    EFFECT_WAKE_AT,       /* at most one of each engine_event() call; replaces the one before */
    EFFECT_OBSERVE,
    EFFECT_RECORD,
    EFFECT_RECORD_INTENT,
    EFFECT_PUBLISH,       /* something that people see has changed */
    EFFECT_RUN_ACTION,
    EFFECT_COLLECT,
    EFFECT_NOTIFY,
    EFFECT_LOG,
    EFFECT_JUDGED,        /* a result has been judged, now or after it was held: what core/heal is told as HEAL_RESULT */
};

enum engine_cause { CAUSE_SCHEDULE, CAUSE_CONFIRM, CAUSE_NEED, CAUSE_NUDGE, CAUSE_HEAL };

/* INCIDENT: its place in engine_incidents(). PEOPLE: silences, pause; no index. */
enum engine_record { RECORD_CHECK_CHANGED, RECORD_SERVICE_CHANGED, RECORD_ROUND, RECORD_INCIDENT, RECORD_PEOPLE };

enum { ENGINE_TEXT = 384 };

struct engine_effect {
    enum engine_effect_kind kind;
    union {
        struct { size_t check; uint64_t run, timeout; enum engine_cause cause; } start;
        struct { uint64_t run; } cancel;                          /* no RESULT of it is wanted any more; one that comes is dropped */
        struct { uint64_t awake; } wake;                          /* moment.awake; UINT64_MAX: nothing is due */
        struct { enum engine_record kind; size_t index; int from, to; } record; /* enum engine_verdict before and after */
        struct { int level; char text[ENGINE_TEXT]; size_t service, check; } log;  /* level: enum log_level */
        struct { uint64_t asked; } observe;                       /* a sample begun from now on is wanted */
        struct { uint64_t incident; size_t service; } collect;    /* its evidence, once */
        struct {
            enum engine_notice notice;
            enum engine_level level;
            uint64_t incident;                                    /* 0: of none */
            size_t service;                                       /* MODEL_NONE: Talon's own */
            bool over;                                            /* the trouble of such a notice is over */
            char text[ENGINE_TEXT];                               /* a sentence for people */
        } notify;
        struct { size_t check; uint64_t run, begun; enum engine_cause cause; struct result *result; } judged; /* begun: awake. Borrowed, as engine_check().last is */
    } of;
};

/* ---- the machine ---- */

/* `seed` spreads what may be spread (slots after the first round). NULL: no memory. */
struct engine *engine_create(uint64_t seed);
void engine_free(struct engine *engine);

enum engine_outcome {
    ENGINE_DONE,
    ENGINE_REFUSED,  /* an event of a kind that this version does not judge, or one that makes no sense (an unknown run, an index beyond the model):
                      * nothing has changed */
    ENGINE_NO_MEMORY /* of MODEL: the old model goes on */
};

enum engine_outcome engine_event(struct engine *engine, const struct moment *now, const struct engine_event *event);
/* What is to be done after the last event, in order. Borrowed until the next engine_event(). */
const struct engine_effect *engine_effects(const struct engine *engine, size_t *n);

/* ---- what it concludes; borrowed until the next engine_event() ---- */

struct engine_check {
    enum engine_verdict verdict;
    struct result *last;      /* NULL: none yet. Borrowed: result_keep() to hold it */
    unsigned bad, good, unknown; /* streaks: results of one kind in a row */
    int64_t since;            /* wall ns of the turn to this verdict */
    int64_t last_begun, last_ended, next; /* wall ns, 0: none. `next` is an estimate: schedule seen from now */
    uint64_t runs, skipped;   /* ended runs; slots that found the run before still going or the path full */
    bool running, stale;      /* stale: no result for three intervals and the timeout */
    bool flapping;
};

struct engine_service {
    enum engine_verdict verdict;
    size_t decided_by;        /* check, MODEL_NONE */
    size_t caused_by;         /* service: the root cause; MODEL_NONE */
    size_t waiting_for;       /* service whose fresh result is awaited before this one may be a root cause; MODEL_NONE */
    bool root;                /* failed and by itself: what opens an incident */
    bool uncertain;           /* root after needs_wait ran out while a need was not known: nothing disruptive may start for it */
    bool silenced;            /* by a person or a window, itself or the cause of its failure */
    bool flapping;
    uint64_t incident;        /* its open one; 0: none */
    int64_t since;            /* wall ns of the turn to this verdict */
};

struct engine_overall {
    enum engine_state state;
    bool ok, round_complete;  /* the first round is complete */
    unsigned consecutive_failures, probe_count, failed_probe_count, witnesses_failed, stopped, silenced;
    bool sick, storm;         /* the observer is, or too much went bad at once: nothing above `observe` may start */
    uint64_t rounds;
};

const struct model *engine_model(const struct engine *engine); /* NULL: none yet */
const struct engine_check *engine_check(const struct engine *engine, size_t check);
const struct engine_service *engine_service(const struct engine *engine, size_t service);
const struct engine_overall *engine_overall(const struct engine *engine);
/* Is it one of /health's failed_probes: failed, not a witness, not silenced? */
bool engine_failed_probe(const struct engine *engine, size_t check);
/* One sentence on why the service is judged as it is, made of facts: "ping failed 2 times since 12:03: connection refused". No times of day: durations. */
void engine_why(const struct engine *engine, const struct moment *now, size_t service, struct buffer *out);

/* Does the condition hold now? Of no nodes: yes. What is not known, stale or disabled makes it LOGIC_UNKNOWN, which selects nothing. */
enum logic engine_when(const struct engine *engine, const struct model_condition *condition);
/* The same of a condition of another model, such as the one that a repair began with: checks are found by name, and one that is gone tells nothing. */
enum logic engine_when_of(const struct engine *engine, const struct model *model, const struct model_condition *condition);
/* Grows whenever something has changed that a repair may hang on: verdicts, causes, incidents, silences, pause, storm, observer, model. Not with results alone. */
uint64_t engine_changes(const struct engine *engine);
/* The number of the last run that was begun: those above it are begun from now on. */
uint64_t engine_last_run(const struct engine *engine);

/* Is a worse than b in the order of rules.md 3.2: failed, suspect, unknown, recovering, starting, stopped, warn, ok? NONE is between unknown and recovering. */
bool engine_worse(enum engine_verdict a, enum engine_verdict b);
/* "ok", "suspect" ...; VERDICT_NONE is "starting" for people: not heard yet. */
const char *engine_verdict_name(enum engine_verdict verdict);
const char *engine_state_name(enum engine_state state); /* "Healthy" ... */

#endif
