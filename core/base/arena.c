/*
 * The arena: see arena.h. Memory comes in blocks that grow with what is asked for, so that a small configuration stays small and a large one
 * costs few calls; a large part gets a block of its own, so that the rest of the current one is not wasted.
 */
#include "base/arena.h"

#include "base/shortage.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = _Alignof(max_align_t), FIRST_BLOCK = 4096, LARGEST_BLOCK = 256 * 1024 };

#define LARGEST ((size_t)PTRDIFF_MAX / 2) /* no object is larger */

struct block {
    struct block *next;
    size_t used, room;
    max_align_t bytes[];
};

struct deferred {
    struct deferred *next;
    void (*call)(void *);
    void *arg;
};

struct arena {
    struct block *blocks; /* the first one is the current one */
    struct deferred *deferred;
    size_t used, max, next_block;
    bool guarded;
    jmp_buf guard;
};

struct arena *arena_create(size_t max)
{
    struct arena *arena = calloc(1, sizeof *arena);

    if (!arena)
        return NULL;
    arena->max = max > 0 && max < LARGEST ? max : LARGEST;
    arena->next_block = FIRST_BLOCK;
    return arena;
}

void arena_free(struct arena *arena)
{
    struct block *next;

    if (!arena)
        return;
    for (const struct deferred *deferred = arena->deferred; deferred; deferred = deferred->next)
        deferred->call(deferred->arg);
    for (struct block *block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

jmp_buf *arena_guard(struct arena *arena)
{
    arena->guarded = true;
    return &arena->guard;
}

/* Without a guard there is nowhere to go: the caller has broken the contract, and going on would be worse. */
static _Noreturn void give_up(struct arena *arena)
{
    if (arena->guarded)
        longjmp(arena->guard, 1);
    fputs("talon: no memory, and no arena_guard() to return to\n", stderr);
    abort();
}

/* A block with room for size bytes: the new current one, or behind it when it is full from the start. */
static struct block *add_block(struct arena *arena, size_t size)
{
    const bool own = arena->blocks && size > arena->next_block / 4;
    const size_t room = own || size > arena->next_block ? size : arena->next_block;
    struct block *block = calloc(1, sizeof *block + room);

    if (!block) {
        shortage_note();
        return NULL;
    }
    block->room = room;
    if (own) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
        return block;
    }
    block->next = arena->blocks;
    arena->blocks = block;
    if (arena->next_block < LARGEST_BLOCK)
        arena->next_block *= 2;
    return block;
}

static void *try_alloc(struct arena *arena, size_t size)
{
    struct block *block = arena->blocks;
    size_t rounded;
    char *bytes;

    if (size > LARGEST)
        return NULL;
    rounded = size > 0 ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    if (rounded > arena->max - arena->used)
        return NULL;
    if (!block || block->room - block->used < rounded)
        block = add_block(arena, rounded);
    if (!block)
        return NULL;
    bytes = (char *)block->bytes + block->used;
    block->used += rounded;
    arena->used += rounded;
    return bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *bytes = try_alloc(arena, size);

    if (!bytes)
        give_up(arena);
    return bytes;
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
    if (size > 0 && n > SIZE_MAX / size)
        give_up(arena);
    return arena_alloc(arena, n * size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t n)
{
    char *copy;

    if (n == SIZE_MAX)
        give_up(arena);
    copy = arena_alloc(arena, n + 1);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list ap, again;
    char *text;
    int n;

    va_start(ap, format);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text = n >= 0 ? try_alloc(arena, (size_t)n + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)n + 1, format, ap);
    va_end(ap);
    if (!text)
        give_up(arena);
    return text;
}

void arena_defer(struct arena *arena, void (*call)(void *), void *arg)
{
    struct deferred *deferred = try_alloc(arena, sizeof *deferred);

    if (!deferred) { /* what was to be freed with the arena would leak otherwise */
        call(arg);
        give_up(arena);
    }
    *deferred = (struct deferred){ .next = arena->deferred, .call = call, .arg = arg };
    arena->deferred = deferred;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
