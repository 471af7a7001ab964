/*
 * Operations: what a plugin has started and waits for. Each kind embeds a struct op and says how it is stopped and how it is told that the run's deadline is
 * near. A handle names a slot and its generation, so that one that is over, or another's, is seen in no time and harms nobody.
 */
#ifndef HOST_OP_H
#define HOST_OP_H

#include "owner.h"
#include "turn.h"

struct op_kind {
    const char *name;                          /* for people: "a timer" */
    void (*close)(struct op *op);              /* stops it: no callback follows. What a plugin may be looking at stays */
    void (*free)(struct op *op);               /* frees that as well, when no plugin is on the stack; NULL: there is none */
    void (*late)(struct op *op);               /* tells it that the deadline is near; NULL: there is no way to tell it */
    bool (*waits_for_peer)(const struct op *); /* is its silence the target's? NULL: no */
};

struct op {
    const struct op_kind *kind;
    struct owner *owner;
    struct op *next, **at; /* of the owner's, or of those to be buried */
    talon_op id;
    void *arg;             /* the plugin's */
    const char *refused;   /* it could not begin; why, a sentence. NULL: it could */
    bool over;
    struct post post;
};

/* Begins one of `size` bytes that embeds a struct op first: zeroed, the owner's. Beyond the owner's bound it is `refused`. */
void *op_begin(struct owner *owner, const struct op_kind *kind, size_t size, void *arg);
/* Stops it, or it has ended: no callback follows. Its memory goes when no plugin is on the stack. Twice: nothing. */
void op_end(struct op *op);
/* The owner's operation of that handle; NULL: over, another's, none. */
struct op *op_find(const struct owner *owner, talon_op id);

/* For owner.c. */
void ops_end_all(struct owner *owner);
void ops_bury(void);
void ops_free(void);

#endif
