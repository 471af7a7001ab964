/* The keeper's programs: started, adopted, told to end, ended; their files of output. Nothing here knows of sockets or lines. */
#ifndef PROGRAMS_HELD_H
#define PROGRAMS_HELD_H

#include "programs/keeper.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HELD_NAME = 64, HELD_PATH = 1024, HELD_HOW = 96 };

#define HELD_NEVER UINT64_MAX

struct held {
    char name[HELD_NAME];     /* "": free */
    pid_t pid;
    uint64_t started;         /* process_started() */
    bool child;               /* ours; else its end is seen by looking */
    bool ended, told;         /* told: the core knows of its end */
    char how[HELD_HOW];
    char log[HELD_PATH], log_errors[HELD_PATH]; /* "": none */
    uint64_t rotate;          /* bytes; 0: never */
    int signal;
    uint64_t wait;            /* ns */
    uint64_t kill_at;         /* awake; HELD_NEVER */
};

/* What a start takes beside what is kept. */
struct held_start {
    const char *const *argv, *const *env; /* NULL-terminated */
    const char *folder;
};

struct helds {
    struct held all[KEEPER_PROGRAMS];
    size_t used; /* the first `used` are looked at */
};

/* NULL: none of that name. */
struct held *held_find(struct helds *helds, const char *name);
/* A free place. NULL: there is none. */
struct held *held_place(struct helds *helds);
/* Starts it; `held` says all but pid and start. False: why says it, and the place is free again. */
bool held_begin(struct held *held, const struct held_start *start, char *why, size_t why_size);
/* One that lives already, by pid and start. False: it is not that process any more. */
bool held_adopt(struct held *held);
/* Tells it to end, as it is configured, and in the end kills its group; at once: kills it now. */
void held_stop(struct held *held, uint64_t now, bool at_once);
/* Takes the ends of children (waitpid) and sees those of others. True: something has ended. */
bool held_reap(struct helds *helds);
/* Kills those that have not ended in time, rotates logs. */
void held_look(struct helds *helds, uint64_t now);
/* When it has to look again (awake). HELD_NEVER: only signals and commands tell of news. */
uint64_t held_due(const struct helds *helds, uint64_t now);
/* Reaps what was killed last, for a moment: the keeper is about to end, and nobody is to find its dead. */
void held_settle(void);
size_t held_living(const struct helds *helds);

#endif
