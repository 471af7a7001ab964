/* Operations, their handles and their end: see op.h. */
#include "op.h"

#include "die.h"

#include <stdlib.h>

struct slot {
    struct op *op;         /* NULL: free */
    uint32_t generation;   /* of the op that has it, or will have it */
    uint32_t next_free;    /* index + 1; 0: none */
};

static struct slot *slots;
static uint32_t n_slots, room, first_free; /* first_free: index + 1 */
static struct op *dead;

/* ---- handles: generation above, index + 1 below */

static uint32_t grow(void)
{
    if (n_slots == room) {
        room = room ? room * 2 : 256;
        slots = must_resize(slots, room * sizeof *slots);
    }
    slots[n_slots] = (struct slot){ .generation = 1 };
    return n_slots++;
}

static void take_slot(struct op *op)
{
    uint32_t index;

    if (first_free) {
        index = first_free - 1;
        first_free = slots[index].next_free;
    } else {
        index = grow();
    }
    slots[index].op = op;
    op->id = (talon_op)slots[index].generation << 32 | (index + 1);
}

/* A slot whose generations are used up is never used again: a handle names one operation for ever. */
static void give_slot(const struct op *op)
{
    const uint32_t index = (uint32_t)op->id - 1;

    slots[index].op = NULL;
    if (slots[index].generation == UINT32_MAX)
        return;
    slots[index].generation++;
    slots[index].next_free = first_free;
    first_free = index + 1;
}

struct op *op_find(const struct owner *owner, talon_op id)
{
    const uint32_t number = (uint32_t)id;
    struct op *op;

    if (number == 0 || number > n_slots || slots[number - 1].generation != id >> 32)
        return NULL;
    op = slots[number - 1].op;
    return op && op->owner == owner ? op : NULL;
}

/* ---- life */

static void unlink_op(struct op *op)
{
    *op->at = op->next;
    if (op->next)
        op->next->at = op->at;
}

void *op_begin(struct owner *owner, const struct op_kind *kind, size_t size, void *arg)
{
    struct op *op = must_alloc(size);

    op->kind = kind;
    op->owner = owner;
    op->arg = arg;
    op->next = owner->ops;
    op->at = &owner->ops;
    if (op->next)
        op->next->at = &op->next;
    owner->ops = op;
    if (++owner->n_ops > OWNER_OPERATIONS)
        op->refused = "it has 64 operations already, and can have no more";
    take_slot(op);
    return op;
}

void op_end(struct op *op)
{
    if (op->over)
        return;
    op->over = true;
    op->kind->close(op);
    turn_unpost(&op->post);
    give_slot(op);
    unlink_op(op);
    if (--op->owner->n_ops == 0)
        owner_touch(op->owner);
    op->next = dead;
    dead = op;
}

void ops_end_all(struct owner *owner)
{
    while (owner->ops)
        op_end(owner->ops);
}

void ops_bury(void)
{
    while (dead) {
        struct op *next = dead->next;

        if (dead->kind->free)
            dead->kind->free(dead);
        free(dead);
        dead = next;
    }
}

void ops_free(void)
{
    ops_bury();
    free(slots);
    slots = NULL;
    n_slots = room = first_free = 0;
}
