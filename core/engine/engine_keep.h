/*
 * What outlives a process: plain data, to be written by a store and handed back with EVENT_RESTORE right after the first EVENT_MODEL. Services and
 * checks are known by their names, times within a boot by moment.elapsed and across boots by the wall clock, never longer than they were.
 */
#ifndef ENGINE_KEEP_H
#define ENGINE_KEEP_H

#include "base/moment.h"
#include "base/result.h"
#include "engine/engine_incident.h"

enum { KEPT_CHECK_NAME = 2 * ENGINE_NAME };

struct kept_check {
    char name[KEPT_CHECK_NAME];  /* full */
    uint64_t fingerprint;        /* another one: it is another check, nothing is taken */
    int verdict, base;           /* enum engine_verdict, with and without what is unknown */
    bool broken, heard;
    unsigned bad, good, unknown;
    int64_t since, last_begun, last_ended;
    uint64_t since_elapsed, runs, skipped;
    uint64_t starting_for;       /* ns awake; UINT64_MAX: it does not say so */
    uint32_t turns;              /* flapping: the last results, a bit each */
    unsigned n_turns;
    bool flapping;
    struct result *last;         /* NULL: none, or not kept */
};

struct kept_service {
    char name[ENGINE_NAME];
    int verdict;
    int64_t since;
    uint64_t since_elapsed;
    bool watched, root, silenced, was_down, stop_told, warn_told, flap_told, flap_long_told, confirming;
    uint64_t warns_for, flaps_for, bad_for; /* ns awake; UINT64_MAX: it does not, it is not */
    bool graced;                   /* a need of it came back: it has its time for that, and a last look after it */
    char graced_by[ENGINE_NAME];   /* "": none */
    uint64_t grace_left, spare_left; /* ns awake; spare: after a gap */
    uint64_t joined;
};

struct engine_kept {
    struct moment at;            /* when it was exported */
    uint64_t last_incident, paused_until;
    bool storm, told_storm, told_observer, told_self[SELF_TROUBLES];
    size_t n_checks, n_services, n_silences, n_incidents;
    struct kept_check *checks;
    struct kept_service *services;
    struct engine_silence *silences;   /* people's alone: windows are opened anew by the daemon */
    struct engine_incident *incidents;
};

/* NULL: no memory, or no model yet. */
struct engine_kept *engine_export(const struct engine *engine, const struct moment *now);
/* Of that, what is in no array alone: it changes with what people say. */
void engine_export_rest(const struct engine *engine, struct engine_kept *kept);
/* Of that, one of the model in force. `last` of a check is the caller's to drop. */
void engine_export_check(const struct engine *engine, const struct moment *now, size_t check, struct kept_check *kept);
void engine_export_service(const struct engine *engine, const struct moment *now, size_t service, struct kept_service *kept);
/* NULL: nothing. */
void engine_kept_free(struct engine_kept *kept);

#endif
