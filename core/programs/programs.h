/*
 * Supervised programs: what `programs:` says is kept running, by way of the keeper (keeper.h), as their lives (life.h) want it. The core's only way to them. Knows
 * nothing of the judgement: the daemon hands over how checks went and what people want.
 */
#ifndef PROGRAMS_PROGRAMS_H
#define PROGRAMS_PROGRAMS_H

#include "base/buffer.h"
#include "base/moment.h"
#include "config/secrets.h"
#include "model.h"

#include <ev.h>

struct programs;

struct programs_calls {
    /* What programs_write() gives, or what people see, is another by now. */
    void (*changed)(void *arg);
    /* A socket to the keeper is wanted: it comes with programs_join(), or does not. */
    void (*keep)(void *arg);
    void *arg;
};

/* secrets: borrowed. NULL: no memory. */
struct programs *programs_create(struct ev_loop *loop, struct secrets *secrets, const struct programs_calls *calls);
/* Lets go of the keeper; the programs go on. NULL: nothing. */
void programs_free(struct programs *programs);

/* The core ends because it was told to, and the guard will have the keeper end the programs: what is written from now on says that none lives. */
void programs_resign(struct programs *programs);

/* What an earlier core has left by programs_write(), before the first model: taken as far as it can be understood. */
void programs_recall(struct programs *programs, const char *text, size_t n, uint64_t boot);
/* To be kept in the state folder. */
void programs_write(const struct programs *programs, struct buffer *out);

/* Another configuration: programs whose own part has not changed go on untouched. False: no memory for a part; the rest is as it says. */
bool programs_take(struct programs *programs, const struct model *model);
/* The socket to the keeper: taken. */
void programs_join(struct programs *programs, int socket);
/* A check has ended: well (true), or ill; what is neither is not told. begun: awake. */
void programs_health(struct programs *programs, size_t check, bool well, uint64_t begun);

enum programs_ask { PROGRAMS_START, PROGRAMS_STOP, PROGRAMS_RESTART };

/* By a person. False: why is a sentence; unknown: there is no such program, and `meant` (or NULL) is near. */
bool programs_ask(struct programs *programs, const char *name, enum programs_ask ask, char *why, size_t why_size, const char **meant);

struct programs_view {
    const char *name, *state, *why, *last_end; /* why: what is waited for, or went wrong last; "": nothing. last_end "": none */
    long pid;              /* 0: none */
    uint64_t restarts;
    uint64_t since;        /* awake: of the state */
    uint64_t next;         /* awake; UINT64_MAX: nothing is waited for by time */
    bool wanted;
};

/* Of the i-th; false: there are not so many. Borrowed until anything else is called. */
bool programs_view(const struct programs *programs, size_t i, struct programs_view *view);
/* Of all that ever were, across cores: the old supervisor's worker_restarts. */
uint64_t programs_restarts(const struct programs *programs);
/* Why nothing can be started now; NULL: it can, or there is nothing to start. */
const char *programs_trouble(const struct programs *programs);

#endif
