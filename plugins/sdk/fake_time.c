/* Operations on their way: which is due next, what each is told near the deadline, and their end. */
#include "fake_private.h"

#include <stdlib.h>

unsigned fake_ops_count(const struct fake *fake, const struct fake_owner *owner)
{
    const struct fake_op *op;
    unsigned n = 0;

    for (op = fake->ops; op; op = op->next)
        n += op->owner == owner && !op->over;
    return n;
}

struct fake_op *fake_op_newest(struct fake *fake, enum fake_kind kind)
{
    struct fake_op *op, *newest = NULL;

    for (op = fake->ops; op; op = op->next)
        if (op->kind == kind && !op->over)
            newest = op;
    return newest;
}

void fake_ops_stop(struct fake_owner *owner)
{
    struct fake_op *op;

    for (op = owner->fake->ops; op; op = op->next)
        if (op->owner == owner)
            op->over = 1;
}

void fake_ops_reap(struct fake *fake)
{
    struct fake_op **at = &fake->ops;

    while (*at) {
        struct fake_op *op = *at;

        if (!op->over) {
            at = &op->next;
            continue;
        }
        *at = op->next;
        while (op->steps) {
            struct fake_step *next = op->steps->next;

            fake_step_free(op->steps);
            op->steps = next;
        }
        free(op->input);
        free(op->sent);
        free(op);
    }
}

/* The one that is due first; of several the one that began first. */
static struct fake_op *first(const struct fake *fake)
{
    struct fake_op *op, *best = NULL;

    for (op = fake->ops; op; op = op->next)
        if (!op->over && op->due != UINT64_MAX && (!best || op->due < best->due))
            best = op;
    return best;
}

uint64_t fake_op_next(const struct fake *fake)
{
    const struct fake_op *op = first(fake);

    return op ? op->due : UINT64_MAX;
}

void fake_op_fire(struct fake *fake)
{
    struct fake_op *op = first(fake);

    if (op->kind == FAKE_TIMER) {
        op->over = 1;
        op->timer(&op->owner->run, op->arg);
    } else if (op->kind == FAKE_WAIT) {
        op->over = 1;
        op->wait(&op->owner->run, op->arg, 0);
    } else {
        fake_step_play(fake, op);
    }
}

static int is_peer(const struct fake_op *op)
{
    return op->kind == FAKE_CONNECT || op->kind == FAKE_HTTP || op->kind == FAKE_SPAWN || op->kind == FAKE_WATCH;
}

int fake_ops_peer_silent(const struct fake *fake)
{
    const struct fake_op *op;

    for (op = fake->ops; op; op = op->next)
        if (op->owner == fake->run && !op->over && is_peer(op))
            return 1;
    return 0;
}

void fake_ops_late(struct fake *fake)
{
    uint64_t newest = fake->last_id; /* what a callback starts now is not told */
    struct fake_op *op;

    for (op = fake->ops; op; op = op->next) {
        if (op->owner != fake->run || op->over || op->id > newest || op->kind == FAKE_TIMER)
            continue;
        if (fake->run->over)
            return;
        fake->answered_late |= is_peer(op);
        if (op->kind == FAKE_WATCH) {
            op->watch(&op->owner->run, op->arg, op->fd, TALON_LATE);
        } else if (op->kind == FAKE_WAIT) {
            op->over = 1;
            op->wait(&op->owner->run, op->arg, TALON_LATE);
        } else {
            fake_op_fail(fake, op, NULL);
        }
    }
}
