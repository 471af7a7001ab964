/* Waiting for another owner, and waking those who wait: see op_wait.h. */
#include "op_wait.h"

#include <stdio.h>

struct wait_op {
    struct op op;
    talon_wait_fn *call;
    struct owner *on;          /* NULL: woken, or that one has ended */
    struct wait_op *next, **at; /* of those who wait for it */
};

static void leave(struct wait_op *wait)
{
    if (!wait->on)
        return;
    *wait->at = wait->next;
    if (wait->next)
        wait->next->at = wait->at;
    wait->on = NULL;
}

static void close_wait(struct op *op)
{
    leave((struct wait_op *)op);
}

static void call_wait(struct wait_op *wait, uint32_t late)
{
    struct owner *owner = wait->op.owner;
    struct owner_call call;

    owner_enter(owner, &call);
    op_end(&wait->op);
    wait->call(&owner->face, wait->op.arg, late);
    owner_leave(&call);
}

static void late_wait(struct op *op)
{
    call_wait((struct wait_op *)op, TALON_LATE);
}

static const struct op_kind wait_kind = { .name = "another's answer", .close = close_wait, .late = late_wait };

static void woken(struct post *post)
{
    call_wait((struct wait_op *)((char *)post - offsetof(struct wait_op, op.post)), 0);
}

talon_op op_wait(struct owner *owner, struct owner *on, talon_wait_fn *call, void *arg)
{
    struct wait_op *wait = op_begin(owner, &wait_kind, sizeof *wait, arg);
    char text[192];

    if (wait->op.refused) {
        snprintf(text, sizeof text, "waiting was not possible: %s", wait->op.refused);
        op_end(&wait->op);
        owner_fail(owner, text);
        return 0;
    }
    wait->call = call;
    if (on->torn_down || on->over)
        return wait->op.id; /* for ever, or until the deadline */
    wait->on = on;
    wait->next = on->waiting;
    wait->at = &on->waiting;
    if (wait->next)
        wait->next->at = &wait->next;
    on->waiting = wait;
    return wait->op.id;
}

void op_wake(struct owner *on)
{
    while (on->waiting) {
        struct wait_op *wait = on->waiting;

        leave(wait);
        turn_post(&wait->op.post, woken);
    }
}

void op_wait_forget(struct owner *on)
{
    while (on->waiting)
        leave(on->waiting);
}
