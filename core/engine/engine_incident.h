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
