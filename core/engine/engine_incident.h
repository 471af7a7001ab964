/*
 * Incidents: opened by root causes and by services that flap for too long, joined by what they cause, folded into a need's, closed when the
 * recovery held. A relapse within `reopen` opens the same one again. Kept: all that are open, and of the closed ones the last.
 */
#ifndef ENGINE_INCIDENT_H
#define ENGINE_INCIDENT_H

#include "engine/engine_people.h"

enum { ENGINE_INCIDENTS = 64, /* so many are kept at least */
       ENGINE_ENTRIES = 24 };

enum engine_entry_kind {
    ENTRY_OPENED,
    ENTRY_REOPENED,
    ENTRY_JOINED,     /* who: a service that fails because of it */
    ENTRY_FOLDED,     /* who: into the incident of that service */
    ENTRY_RECOVERED,
    ENTRY_STOPPED,    /* by hand */
    ENTRY_REMOVED,    /* from the configuration */
    ENTRY_ACKED,
    ENTRY_ACK_OVER,
    ENTRY_SILENCED,
    ENTRY_UNSILENCED,
    ENTRY_FLAPPING,
    ENTRY_TOLD,       /* people were told that it is open */
    ENTRY_TOLD_OVER,  /* and that it is over */
    ENTRY_HEAL_BEGUN, /* who: the runbook */
    ENTRY_FIXED,      /* it held */
    ENTRY_NOT_FIXED,  /* its steps were done, and it did not hold */
    ENTRY_HEAL_FAILED,
    ENTRY_INTERRUPTED,
    ENTRY_REFUSED,    /* who: the limit, once for each of them */
    ENTRY_EXHAUSTED,  /* nothing is left below SOS, for now at least */
    ENTRY_AGENT,      /* who: the agent that was asked */
    ENTRY_AGENT_ENDED,
    ENTRY_SOS,
    ENTRY_SOS_DELIVERED,
    ENTRY_ALL_CLEAR,
    ENTRY_REARMED,    /* who: the runbook, by hand, because it is another one now, or its target was rebooted */
    ENTRY_KINDS
};

/* Who is asked to repair: an incident climbs. */
enum engine_tier { TIER_NONE, TIER_RUNBOOKS, TIER_AGENT, TIER_AGENT_FALLBACK, TIER_SOS };

/* Where the repair of an incident stands. The engine takes it as it is told. */
struct engine_place {
    enum engine_tier tier;
    bool running;      /* a runbook or an agent */
    bool exhausted;    /* all tiers below SOS, of which there is one at least, are used up or held */
    bool sos;          /* one is out, and not cleared */
};

/* EVENT_HEALING. TAKEN_DOWN: of a run that disrupts, what it takes down on its way and waits for. The higher counts. */
enum engine_ours { OURS_NOT, OURS_TOUCHED, OURS_TAKEN_DOWN, OURS_SUBJECT };

struct engine_healing {
    size_t service;
    uint64_t incident;           /* 0: of none (by hand): no line, and no place */
    enum engine_entry_kind entry;/* ENTRY_KINDS: no line */
    const char *who;             /* NULL: nobody */
    bool repairs;                /* the entry is of a run that does more than look */
    struct engine_place place;
    enum engine_ours ours;       /* what a run of ours is to the service, now: that it is `stopped` then is no act of a person, nor if it is so afterwards;
                                  * and what it has taken down opens no incident before it has ended */
};

struct engine_entry {
    int64_t at; /* wall */
    enum engine_entry_kind kind;
    char who[ENGINE_NAME];
};

enum engine_ending { INCIDENT_OPEN, INCIDENT_RECOVERED, INCIDENT_FOLDED, INCIDENT_STOPPED, INCIDENT_REMOVED };

/* What people know: nobody is told twice. */
enum engine_told { TOLD_NOTHING, TOLD_OPEN, TOLD_OVER };

struct engine_incident {
    uint64_t id;               /* from 1, in the order of opening; 0: a free place */
    char service[ENGINE_NAME];
    size_t index;              /* of the service in the model; MODEL_NONE: it is gone */
    enum engine_ending ending;
    uint64_t folded_into;      /* id; 0 */
    int64_t opened, closed;    /* wall; closed 0: open */
    uint64_t closed_elapsed;
    unsigned reopened, joined; /* how often; how many services it has caused to fail */
    enum engine_told told;
    bool collected;            /* its evidence was asked for */
    bool acked;
    uint64_t acked_until;      /* moment.elapsed; UINT64_MAX: until recovery */
    char acked_by[ENGINE_NOTE];
    uint64_t repeat_at;        /* moment.elapsed; UINT64_MAX: never */
    struct engine_place place; /* not kept here: core/heal tells it anew after a restart */
    uint64_t opening;          /* numbers openings, of all incidents, also those of the same one again */
    bool changed;              /* in the event that is judged */
    unsigned n_entries, dropped; /* the first half of the entries is kept, of the others the latest */
    struct engine_entry entries[ENGINE_ENTRIES];
};

/* Free places (id 0) between them. */
const struct engine_incident *engine_incidents(const struct engine *engine, size_t *room);
const struct engine_incident *engine_incident(const struct engine *engine, uint64_t id);
const char *engine_entry_name(enum engine_entry_kind kind);   /* "opened" ... */
const char *engine_ending_name(enum engine_ending ending);    /* "open", "recovered" ... */

#endif
