/* A growing array in an arena: what it outgrows stays behind until the arena is freed, at most as much again. */
#ifndef CONFIG_VECTOR_H
#define CONFIG_VECTOR_H

#include "base/arena.h"

#include <string.h>

struct vector {
    void *items;
    size_t n, room;
};

/* A new zeroed item of that size at the end; pointers to older ones are void. */
static inline void *vector_push(struct arena *arena, struct vector *v, size_t size)
{
    if (v->n == v->room) {
        const size_t room = v->room > 0 ? v->room * 2 : 8;
        void *grown = arena_array(arena, room, size);

        if (v->n > 0)
            memcpy(grown, v->items, v->n * size);
        v->items = grown;
        v->room = room;
    }
    return memset((char *)v->items + size * v->n++, 0, size);
}

#define VECTOR_AT(v, type, i) (&((type *)(v)->items)[i])

#endif
