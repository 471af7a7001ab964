/*
 * A daemon without a world: drives the engine in virtual time, carries out its effects on imaginary targets, and judges it after every event
 * (judge.h). Used by the random histories of test_sim and by the unit tests, which thereby check every rule beside the one they are about.
 *
 * A check's target has a status and takes some time to answer; a run that begins gets its answer after that time, or its timeout. An event that
 * breaks a rule sets `broken` to a sentence; from then on nothing is done any more.
 */
#ifndef SIM_H
#define SIM_H

#include "build.h"
#include "engine/engine.h"

enum { SIM_TEXT = 512, SIM_OLD_RUNS = 512, SIM_INCIDENTS = 4096, SIM_NOTICES = 64 };

struct sim_check {
    /* the world: to be set as one likes */
    enum status status;
    uint64_t takes;          /* ns until it answers; beyond the timeout: then, with the status it has then. SIM_HANGS: when it is told to (sim_answer) */
    unsigned lose;           /* so many of its next runs are lost when they would end */

    /* the run in progress */
    uint64_t run, begun, ends; /* run 0: none */
    uint64_t number;         /* of its start among all starts */
    bool outdated;           /* it began before a gap */

    /* what happened to it */
    uint64_t starts, last_start, last_end;
    enum engine_cause last_cause;

    /* what the judges found out (judge.h); numbers are those of starts, times awake */
    uint64_t known;          /* of the last run whose result knew something */
    uint64_t first_bad;      /* of the last start before it turned bad, or was seen to be bad still after its evidence was forgotten: at the earliest */
    uint64_t surely_bad;     /* the same at the latest: what happens within one event has no order for who looks from outside */
    uint64_t forgotten, surely_forgotten; /* only a run begun after this start proves that it is bad */
    bool proved, surely_proved;
    uint64_t bad_begun;      /* awake: when its last run began that found it bad */
    uint64_t excused;        /* when it was running or its path was full */
    uint64_t heard;          /* since when it is not stale */
    uint64_t nudged, nudge_run; /* a nudge without a run begun after it; the last run because of one; SIM_NONE */
    uint64_t starting;       /* since when its target says so; SIM_NONE */
    enum engine_verdict base; /* without what is unknown */
    bool broken, fresh, need_due, ever_heard, ended; /* ended: in this round */
};

struct sim_service {         /* the judges' */
    uint64_t wait_from;      /* of its turn to failed, or what made it wait anew */
    uint64_t looked_from;    /* of the look after its grace, at the latest */
    uint64_t graced_until, spared_until; /* after a need came back, and after a gap */
    size_t graced_by;        /* the need that came back */
    uint64_t flaps_from;     /* since when it flaps without an end; SIM_NONE */
    bool was_down, explained;
    bool graced;             /* its grace may not have been closed yet by a last look */
};

struct sim_incident {        /* the judges': what people were told of one */
    uint64_t id;
    bool open, collected;
};

struct sim_silence {         /* as they were asked for */
    char service[ENGINE_NAME];
    uint64_t until;          /* moment.elapsed */
};

struct sim_notice {          /* the last ones, for tests */
    enum engine_notice notice;
    enum engine_level level;
    bool over;
    size_t service;
    char text[ENGINE_TEXT];
};

struct sim_view;             /* judge.c: what the engine showed before the event */

struct sim {
    struct engine *engine;
    struct moment now;
    uint64_t wake;           /* as it asked for */
    bool stood_still;        /* in the last gap; else it slept */
    struct sim_check *checks;
    struct sim_service *services;
    uint64_t starts, events, rounds, reloads, passed; /* passed: ns by steps of time, none of them skipped */
    uint64_t old_runs[SIM_OLD_RUNS]; /* ended or cancelled ones */
    size_t next_old;
    uint64_t hash;           /* of all effects so far */
    char log[SIM_TEXT];      /* the last line of log that was told */
    unsigned lines, published; /* effects LOG and PUBLISH */
    struct sim_incident incidents[SIM_INCIDENTS]; /* by id */
    struct sim_silence silences[ENGINE_SILENCES];
    size_t n_silences;
    uint64_t last_incident;  /* before the event */
    size_t most_services;    /* of all models so far */
    struct sim_notice notices[SIM_NOTICES];
    size_t n_notices, n_collected;
    uint64_t seed;
    bool verbose;
    struct sim_view *view;
    char broken[SIM_TEXT];   /* "": all rules were kept */
};

#define SIM_HANGS (UINT64_MAX / 4)
#define SIM_NONE UINT64_MAX

/* Every target answers ok after 1 ms. The model's user is taken. */
void sim_begin(struct sim *sim, uint64_t seed, const struct model *model);
void sim_end(struct sim *sim);
/* Another model. The targets of the same full name stay as they are. */
void sim_reload(struct sim *sim, const struct model *model);

/* Lets time pass: results first, then the engine's wake, each at its time. */
void sim_pass(struct sim *sim, uint64_t ns);
/* The next thing that would happen by itself, at most `most` ns from now; false: nothing, and that time has passed. */
bool sim_step(struct sim *sim, uint64_t most);

/* ---- events out of their turn ---- */

/* The run in progress of the check ends now. */
void sim_answer(struct sim *sim, size_t check, enum status status);
void sim_lose(struct sim *sim, size_t check);
enum engine_outcome sim_nudge(struct sim *sim, size_t check);
/* The machine slept so long, or (awake) Talon was stopped. */
void sim_gap(struct sim *sim, uint64_t ns, bool awake);
/* The number of a run that has ended or was cancelled. */
uint64_t sim_old_run(const struct sim *sim, uint64_t dice);
enum engine_outcome sim_feed(struct sim *sim, const struct engine_event *event);

/* ---- people ---- */

enum engine_outcome sim_command(struct sim *sim, const struct engine_command *command);
enum engine_outcome sim_window(struct sim *sim, bool open, const char *name, const char *service);
/* Another process takes over after `away` ns: what the one before exported is all that it has. `booted`: the machine was started anew meanwhile. */
void sim_restart(struct sim *sim, uint64_t away, bool booted);

/* ---- by name ---- */

size_t sim_service(const struct sim *sim, const char *name);
struct sim_check *sim_check(struct sim *sim, const char *full_name);
enum engine_verdict sim_verdict(const struct sim *sim, const char *service);
const struct engine_service *sim_shown(const struct sim *sim, const char *service);
const struct engine_check *sim_shown_check(const struct sim *sim, const char *full_name);
/* Of the service; lives until the next call. */
const char *sim_why(struct sim *sim, const char *service);

__attribute__((format(printf, 2, 3))) void sim_break(struct sim *sim, const char *format, ...);

#endif
