/*
 * A rehearsal as it is written: a timeline of failures, and what is expected of the judgement at each time (talon-rehearse(5)). Read through core/config's
 * tree, so that its mistakes are told like those of a configuration: all in one go, each at its place, with the name that was meant.
 *
 *   scenario_open()   the file's tree, and which configurations it names; the caller loads those
 *   scenario_read()   everything else, its names checked against the models
 */
#ifndef REHEARSE_SCENARIO_H
#define REHEARSE_SCENARIO_H

#include "base/result.h"
#include "config/config.h"
#include "engine/engine.h"

enum { SCENARIO_MODELS = 16, SCENARIO_STEPS = 10000, SCENARIO_WORD = 256 };

#define SCENARIO_LONGEST (30 * 86400 * (uint64_t)NS_PER_S)

struct node;

/* A check of any of the models: what the simulated world is made of. Sorted by name. */
struct scenario_target {
    const char *full_name, *service;
    const struct model_check *check;         /* in the first model that has it */
    const struct model_operation *operation;
};

/* How a target answers that is not well. */
struct scenario_way {
    bool silent;          /* not at all: the run ends with its timeout */
    enum status status;
    const char *reason, *summary;
    uint64_t takes, flap; /* ns until it answers, 0: as usual; every so long it is well again, and bad again: 0: it stays */
    size_t n_metrics;
    const struct result_metric *metrics;
};

struct scenario_targets {
    size_t n;
    const size_t *all; /* indexes of targets */
};

enum scenario_act {
    SCENARIO_WAY, SCENARIO_NUDGE, SCENARIO_SLEEP, SCENARIO_GAP, SCENARIO_CLOCK, SCENARIO_RESTART, SCENARIO_RELOAD, SCENARIO_OBSERVER, SCENARIO_SELF,
    SCENARIO_WINDOW, SCENARIO_COMMAND, SCENARIO_EXPECT
};

enum scenario_expected {
    EXPECT_VERDICT, EXPECT_ROOT, EXPECT_CAUSED_BY, EXPECT_WAITING_FOR, EXPECT_STATE, EXPECT_INCIDENTS, EXPECT_OPENED, EXPECT_INCIDENT, EXPECT_TOLD,
    EXPECT_WOULD_HEAL, EXPECT_SILENCED, EXPECT_FLAPPING, EXPECT_WHY, EXPECT_SICK, EXPECT_STORM, EXPECT_PAUSED, EXPECT_REFUSED,
    EXPECT_HEALED, EXPECT_OUTCOME, EXPECT_REFUSED_HEAL, EXPECT_ESCALATED
};

/* A line of `told:`. */
struct scenario_told {
    enum engine_level level;
    int notice;      /* enum engine_notice, -1: any */
    const char *who; /* a service; NULL: Talon itself */
};

struct scenario_expect {
    enum scenario_expected what;
    const char *name;  /* of the service or check; NULL: it is about none */
    const char *value; /* the word expected */
    size_t n;          /* COUNT, or how many names, or lines of TOLD */
    const char *const *names;
    const struct scenario_told *told;
    bool flag;         /* SICK ...; TOLD: digests may have gone out beside it */
    struct model_place place;
};

struct scenario_step {
    uint64_t at;       /* since the beginning, time asleep included */
    enum scenario_act act;
    const char *text;  /* for the timeline */
    struct model_place place;
    union {
        struct { struct scenario_targets targets; const struct scenario_way *way; } way; /* way NULL: well again */
        struct scenario_targets nudge;
        struct { uint64_t ns; bool backwards, booted, lost; } time; /* lost: the limits of repair */
        size_t reload; /* of scenario_models */
        struct { enum engine_sickness sickness; const char *why; } observer;
        struct { enum engine_self trouble; bool over; const char *why; } self;
        struct { bool open; const char *name; size_t n; const char *const *services; } window; /* n 0: everything */
        /* of: the service whose incident it is */
        struct { enum engine_command_kind kind; const char *service, *of; uint64_t duration; bool until_ok; const char *note; } command;
        struct scenario_expect expect;
    } of;
};

/* What a runbook would do to the world, by the first of its actions that changes anything, or by the one that is named. */
struct scenario_runbook {
    const char *name, *by; /* by: that action; NULL: the first */
    const char *says;      /* instead of "done", "it did not work" or "not done"; NULL */
    uint64_t takes;
    bool works, lies, refused; /* lies: says that it worked, and mends nothing. refused: could not be done, for want of a right */
    struct scenario_targets mends;
};

struct scenario_model {
    const struct model *model; /* NULL: refused */
    const char *why;           /* then: its first mistake, as a line */
};

struct scenario {
    struct config *config;     /* what it was read with: it holds everything, and the mistakes */
    const struct node *root;   /* NULL: it could not be read */
    const char *title, *about; /* NULL: not said */
    const char *config_file;   /* absolute; NULL: not said */
    size_t n_vars;             /* of the configuration's variables, those that have another value */
    const struct config_variable *vars;
    uint64_t length;
    bool dated;                /* it has a date: the windows of the configuration open and close by it */
    int64_t date;              /* wall, at the beginning */
    size_t n_reloads;
    const char *const *reloads; /* absolute */
    size_t n_targets, n_steps, n_runbooks, n_notes;
    const struct scenario_target *targets;
    const struct scenario_step *steps;
    const struct scenario_runbook *runbooks;
};

/* False: no memory. Mistakes are config_problems(s->config). To be closed in any case. */
bool scenario_open(struct scenario *s, const char *file);
/* models[0]: of `config:`; after it one for each of `reloads`. Borrowed until the scenario is closed. */
bool scenario_read(struct scenario *s, const struct scenario_model *models, size_t n);
void scenario_close(struct scenario *s);
/* The target of that name, MODEL_NONE: none. */
size_t scenario_target(const struct scenario *s, const char *full_name);

#endif
