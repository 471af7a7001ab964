/*
 * What runs, instances and shared objects have in common: a struct talon_run that the plugin sees, and behind it, which the plugin does not, what the
 * owner has started and must be ended with it.
 *
 * Every call into a plugin stands between owner_enter() and owner_leave(). Nothing that a plugin may still have on its stack is freed in
 * between: what ended is torn down when the plugin has returned to the host for good (owners_settle()).
 */
#ifndef HOST_OWNER_H
#define HOST_OWNER_H

#include "plugins.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talon/plugin.h>

enum { OWNER_OPERATIONS = 64, OWNER_MEMORY = 16 << 20 };

struct op;
struct wait_op;
struct memory;
struct deferred;
struct membership;

struct owner {
    struct talon_run face;         /* first: the plugin's struct talon_run is this */
    struct plugin *plugin;
    const char *wire_id;           /* of a run: as the core calls it; else "" */
    struct op *ops;                /* started and not over */
    size_t n_ops;
    struct memory *memory;
    size_t used;                   /* bytes of it */
    struct deferred *deferred;     /* last first */
    struct wait_op *waiting;       /* other owners' wait() on this one */
    struct membership *shares;     /* what it is a member of */
    struct owner *next_touched;
    bool touched, over, torn_down; /* over: services do nothing any more */
};

/* A call into a plugin, on the stack of who makes it. */
struct owner_call {
    struct owner *owner;
    struct owner_call *outer;
    uint64_t began;
};

static inline struct owner *owner_of(struct talon_run *run)
{
    return (struct owner *)(void *)run;
}

void owner_enter(struct owner *owner, struct owner_call *call);
/* The outermost one settles what has ended in between: the owner may be gone afterwards. */
void owner_leave(struct owner_call *call);
/* Whose code is being run; NULL: none. */
struct owner *owner_now(void);
/* Looks at the owner when no plugin is on the stack: has it ended, can it never end? */
void owner_touch(struct owner *owner);
void owners_settle(void);
/* It has ended: from here on services do nothing, and it is torn down when it is settled. */
void owner_end(struct owner *owner);
/* What the kinds of owner share of their end: operations are stopped, deferred calls run, memory goes, memberships end. Only where no plugin is on the stack. */
void owner_tear_down(struct owner *owner);
/* Its memory goes: nobody remembers it any more. */
void owner_forget(const struct owner *owner);

/* The services of that name. */
void *owner_alloc(struct owner *owner, size_t size);
void owner_release(struct owner *owner, void *bytes);
void owner_defer(struct owner *owner, void (*call)(void *), void *arg);
/* An operation whose callback carries no error could not be had: ends a run or a setup in progress (unknown, `local`); in others it is logged. */
void owner_fail(struct owner *owner, const char *text);

/* The breadcrumb that the core named; NULL: there is none. */
struct crumb;
void owner_crumb(struct crumb *crumb);
/* Writes what was going on to standard error; for signal handlers. */
void owner_last_words(int signal);

#endif
