/* What the files of the supervision share. */
#ifndef PROGRAMS_PRIVATE_H
#define PROGRAMS_PRIVATE_H

#include "programs/call.h"
#include "programs/environment.h"
#include "programs/keeper.h"
#include "programs/life.h"
#include "programs/loaded.h"
#include "programs/programs.h"
#include "programs/task.h"

#include "base/os/lines.h"

enum { PROGRAM_TEXT = 512, PROGRAM_EVENTS = 4, PROGRAMS_MOST = 2 * KEEPER_PROGRAMS };

struct program {
    struct programs *all;
    const struct model *model;         /* kept: `plan` lies in it */
    const struct model_program *plan;
    struct life life;
    long pid;                          /* 0: none */
    uint64_t started;                  /* process_started() */
    uint64_t print;                    /* of the configuration with which it was started */
    bool asked;                        /* the keeper, to adopt what an earlier one held */
    char why[PROGRAM_TEXT], last_end[PROGRAM_TEXT];
    struct task *preflight, *events[PROGRAM_EVENTS];
    struct loaded_look *look;
    struct call *call;
    struct environment *environment;   /* of the start that is on its way */
    struct secrets_question *question; /* for the secret `secret` of its environment */
    size_t secret;
    bool sent;                         /* the keeper has been told to start it */
    ev_timer due, look_again, ask_secret;
};

struct programs_past { /* of a program, from an earlier core */
    char name[64];
    bool wanted;
    long pid;                          /* 0: none */
    uint64_t started, restarts, fingerprint;
};

struct programs {
    struct ev_loop *loop;
    struct secrets *secrets;
    struct programs_calls calls;
    struct lines *keeper;              /* NULL: there is none */
    bool listed;                       /* it has said what it holds */
    ev_io readable;
    ev_timer again;                    /* asks for a keeper */
    struct program *all[PROGRAMS_MOST];
    size_t n;
    struct programs_past past[PROGRAMS_MOST];
    size_t n_past;
    uint64_t restarts;                 /* of those that are gone */
    uint64_t boot;
    bool resigned;
    char trouble[PROGRAM_TEXT];
};

/* program.c */
struct program *program_create(struct programs *all, const struct model *model, const struct model_program *plan, const struct programs_past *past);
void program_free(struct program *program);
void program_event(struct program *program, enum life_event_kind kind);
/* Another configuration of it. */
void program_change(struct program *program, const struct model *model, const struct model_program *plan);
/* It was found to live: as what it was started with, or it is started anew. */
void program_found(struct program *program);
struct life_plan program_plan(const struct model_program *plan);
void program_say(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What it gets but for its secrets and its mark. NULL: no memory. */
struct environment *start_environment(struct program *program);
/* start.c: gathers its environment and has the keeper start it. */
void start_begin(struct program *program);
void start_stop(struct program *program);
void start_on_secret(struct ev_loop *loop, ev_timer *timer, int events);

/* tell.c: the old supervisor's events. */
void tell_event(struct program *program, const char *action, const char *error);
void tell_stop(struct program *program);

/* link.c: the lines to the keeper. */
void link_begin(struct programs *programs);
void link_end(struct programs *programs);
/* Asks for one where there is none and something is to be kept. */
void link_want(struct programs *programs);
/* Takes the line (and wipes it). False: there is no keeper, or it takes nothing. */
bool link_send(struct programs *programs, struct buffer *line);
void link_stop_program(struct programs *programs, const char *name);
/* What is kept of a program, for `start` and `adopt`: without the closing brace. */
void link_describe(struct buffer *line, const char *what, const struct model_program *plan);

#endif
