/*
 * Repair: which runbook starts when, what it does step by step, whether it has helped, and who is asked next (design.md 7, rules.md 4). PURE like the
 * engine, and beside it: it reads the engine's verdicts and never changes them. What it wants of the engine (a fresh run of a check, a line in an incident's
 * timeline) are effects, which the daemon hands on as engine events.
 *
 * Use: give each event to the engine and carry out its effects; for each EFFECT_JUDGED among them heal_event() with RESULT, then one JUDGED, each followed by
 * carrying out heal_effects() in their order. HEAL_CHECK and HEAL_TELL become events of the engine, whose effects come back in the same way: the daemon has
 * one queue of events for both, and never calls one from within the effects of the other.
 */
#ifndef HEAL_HEAL_H
#define HEAL_HEAL_H

#include "engine/engine.h"
#include "heal/choose.h"
#include "heal/limits.h"
#include "heal/record.h"

struct heal;

/* ---- events */

enum heal_event_kind {
    HEAL_MODEL,       /* the engine has another model */
    HEAL_RESTORE,     /* what an earlier process kept: right after the first MODEL and the engine's RESTORE, once.
                       * Only STORE and ONLY_LOOK may come between: with anything else repair might begin what it does not remember */
    HEAL_JUDGED,      /* the engine has judged an event */
    HEAL_RESULT,      /* a check's run has ended and is judged */
    HEAL_TIME,        /* WAKE_AT has come */
    HEAL_TAKEN,       /* the file locks of a run are ours, and its intent is on disk (or cannot be: the store is down) */
    HEAL_NOT_TAKEN,   /* a lock is somebody else's: nothing of the run has happened */
    HEAL_STORE,       /* the store went down, is up again, was set aside (limits are taken as spent for one cooldown) */
    HEAL_ENDED,       /* an action or an agent has ended */
    HEAL_COMMAND,     /* a person */
    HEAL_DELIVERED,   /* an SOS (or its all-clear) was confirmed by one channel at least */
    HEAL_ONLY_LOOK,   /* --no-heal, --dry-run: on or off. Safe mode the same */
};

enum heal_ask { HEAL_ASK_START, HEAL_ASK_REARM };

struct heal_command {
    enum heal_ask ask;
    const char *service, *runbook; /* runbook NULL: the first entry that fits */
    const char *who, *reason;      /* reason: of --force; NULL: it is not forced */
};

struct heal_event {
    enum heal_event_kind kind;
    union {
        const struct heal_kept *kept;
        struct { size_t check; uint64_t run; const struct result *result; bool tick; } result; /* of EFFECT_JUDGED. tick: its cause is CAUSE_SCHEDULE */
        struct { uint64_t run; bool durable; } taken;
        struct { uint64_t run; const char *lock, *holder; } not_taken;
        struct { enum heal_store store; bool set_aside; } store;
        struct { uint64_t action; const struct result *result; bool died; } ended; /* died: the process that did it, or nobody knows how it ended */
        struct heal_command command;
        struct { uint64_t incident; bool all_clear; } delivered;
        struct { bool switched_off, safe_mode; } only_look;
    } of;
};

/* ---- effects */

enum heal_effect_kind {
    HEAL_TAKE,        /* take the locks' files (all or none), write the intent, answer with TAKEN or NOT_TAKEN */
    HEAL_OVER,        /* the run has ended: its intent's end is written, its locks are given back */
    HEAL_ACT,         /* run this action of a runbook; ENDED follows, unless it is cancelled */
    HEAL_CANCEL,      /* no ENDED follows */
    HEAL_ASK_AGENT,   /* run the agent of that tier with the diagnosis of that incident; ENDED follows */
    HEAL_CHECK,       /* a fresh run of a check is wanted, begun from now on: EVENT_WANT of the engine */
    HEAL_TELL,        /* EVENT_HEALING of the engine: a line for the incident's timeline, and where it stands. With a text also a line of the audit */
    HEAL_NOTIFY,      /* people are to be told: as EFFECT_NOTIFY of the engine */
    HEAL_KEEP,        /* the record of that runbook and service, or the ladder of that incident, has changed */
    HEAL_WAKE_AT,     /* as the engine's */
    HEAL_PUBLISH,     /* something that people see has changed */
};

struct heal_effect {
    enum heal_effect_kind kind;
    uint64_t run;                 /* TAKE, OVER, ACT, CANCEL: of a runbook, from 1, never twice in a process; 0: of none */
    union {
        /* incident: also of one by hand, where its service has one; 0: none. who, reason: "" of one by itself */
        struct { const char *service; const struct model_runbook *runbook; uint64_t incident; bool by_hand; const char *who, *reason; } take;
        struct { enum heal_outcome outcome; char why[ENGINE_TEXT]; } over;
        /* model: kept by the machine while the run lasts. step: "3", "6.1" */
        struct { uint64_t action; const struct model *model; const struct model_action *what; uint64_t incident; bool collects; const char *step; } act;
        struct { uint64_t action; } cancel;
        struct { uint64_t action; enum engine_tier tier; uint64_t incident; size_t service; } agent;
        struct { size_t check; } check;
        /* healing.who is `who`. text: a sentence for the audit; "": none */
        struct { struct engine_healing healing; char who[ENGINE_NAME], text[ENGINE_TEXT]; } tell;
        struct { enum engine_notice notice; enum engine_level level; uint64_t incident; size_t service; bool over; char text[ENGINE_TEXT]; } notify;
        struct { size_t record, ladder; } keep; /* places in heal_records() and heal_ladders(); MODEL_NONE */
        struct { uint64_t awake; } wake;
    } of;
};

/* ---- the machine */

struct heal *heal_create(void);          /* NULL: no memory */
void heal_free(struct heal *heal);       /* NULL: nothing */
/* False: no memory (of MODEL), or an event that makes no sense: nothing has changed. */
bool heal_event(struct heal *heal, const struct engine *engine, const struct moment *now, const struct heal_event *event);
/* Borrowed until the next event. */
const struct heal_effect *heal_effects(const struct heal *heal, size_t *n);
/* Why the last COMMAND was refused, a sentence with the limit's name and when it will allow; "": it was not. */
const char *heal_refusal(const struct heal *heal);

/* ---- what it knows; borrowed until the next event */

/* "it was started 3m ago, and its cooldown allows the next in 12m": the limit in a sentence, without the runbook's name. */
void heal_limit_text(const struct heal_answer *answer, const struct moment *now, struct buffer *out);

/* What the limits would say now to the entry `nth` of the service's `heal:`, by itself or by hand, with or without force. It changes nothing. */
struct heal_answer heal_would(const struct heal *heal, const struct engine *engine, const struct moment *now, size_t service, size_t nth, bool by_hand,
                              bool force);

struct heal_running {
    uint64_t run, incident; /* 0: by hand, of none */
    const char *runbook, *service;
    const char *doing;      /* "docker.restart", "until kubernetes, flannel: pass 1 of 2" */
    const char *step;       /* "3", "6.1": its place in the runbook, `verify` */
    uint64_t begun;         /* awake */
    uint64_t deadline;      /* awake */
    bool verifying;
};
const struct heal_running *heal_running(const struct heal *heal, size_t *n);

struct heal_place { /* of an incident on the ladder */
    enum engine_tier tier;
    size_t entry;           /* TIER_RUNBOOKS: of `heal:`; MODEL_NONE */
    unsigned attempts;      /* of it, in this incident */
    bool running, exhausted; /* exhausted: all tiers below SOS are, or held */
    enum heal_limit limit;  /* what is waited for; LIMIT_NONE: nothing */
    uint64_t until;         /* moment.elapsed; UINT64_MAX: hangs on more than time */
    bool sos_out;           /* delivered, and not cleared */
    int64_t sos_due;        /* wall; 0: none is in sight */
};
bool heal_place(const struct heal *heal, const struct engine *engine, uint64_t incident, struct heal_place *place);

/* ---- what outlives a process */

/* By the names of both: it outlives a reload that takes them away. */
struct heal_kept_record {
    char runbook[ENGINE_NAME], service[ENGINE_NAME];
    uint64_t fingerprint; /* of the entry: another one re-arms it */
    struct heal_record record;
};

struct heal_kept_ladder {
    uint64_t incident;
    char service[ENGINE_NAME];
    uint64_t not_ok;          /* ns awake that count for SOS */
    uint64_t told;            /* refusals in its timeline, a bit each (enum heal_limit) */
    bool asked[MODEL_AGENTS]; /* agents, in this incident */
    bool exhausted;           /* was told */
    bool sos, delivered, cleared; /* one was sent; one that is not cleared was delivered; the last one was cleared */
    struct moment sos_at;
};

struct heal_kept {
    struct moment at;
    struct heal_past past;
    bool asked[MODEL_AGENTS]; /* agents, at all */
    struct moment asked_at[MODEL_AGENTS];
    size_t n_records, n_ladders;
    struct heal_kept_record *records;
    struct heal_kept_ladder *ladders;
};

/* What is kept now, for single rows; borrowed until the next event. */
const struct heal_kept_record *heal_records(const struct heal *heal, size_t *n);
const struct heal_kept_ladder *heal_ladders(const struct heal *heal, size_t *n); /* incident 0: a free place */
/* The rest of it: all but the arrays. Changes with every KEEP. */
void heal_export_rest(const struct heal *heal, const struct moment *now, struct heal_kept *kept);

struct heal_kept *heal_export(const struct heal *heal, const struct moment *now); /* NULL: no memory */
void heal_kept_free(struct heal_kept *kept);
/* An intent without an end, of a process that died: its record may not have reached the disk, and is completed. Before RESTORE. False: no memory. */
bool heal_kept_intent(struct heal_kept *kept, const char *runbook, const char *service, uint64_t incident, bool above_observe, const struct moment *begun);

#endif
