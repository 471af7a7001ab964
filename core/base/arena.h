/*
 * Memory that is freed all at once: a configuration's model has thousands of small parts and one owner. There is no free
 * of a part, so nothing can be freed twice or forgotten.
 *
 * Running out of memory (or of the arena's bound) does not return: arena_alloc() jumps to where arena_guard() was set, and
 * the whole of what was being built is dropped. So code that builds a model has no error path for each little string.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <setjmp.h>
#include <stddef.h>

struct arena;

/* A new arena that holds at most max bytes (0: no bound); NULL: no memory. */
struct arena *arena_create(size_t max);
/* Runs what arena_defer() was given, last first, and frees everything. NULL: nothing. */
void arena_free(struct arena *arena);
/* Where allocations go when there is no memory: set before the first one. Use: if (setjmp(*arena_guard(a))) { ...failed... } */
jmp_buf *arena_guard(struct arena *arena);
/* Zeroed, aligned for anything, lives as long as the arena. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
/* Zeroed array of n items; n * size may not overflow (treated as no memory). */
void *arena_array(struct arena *arena, size_t n, size_t size);
/* A copy of n bytes with a NUL behind it. */
char *arena_copy(struct arena *arena, const char *bytes, size_t n);
char *arena_string(struct arena *arena, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);
/* Calls call(arg) when the arena is freed: for what other libraries gave (a parsed JSON tree, a secret to be wiped). */
void arena_defer(struct arena *arena, void (*call)(void *), void *arg);
/* Bytes handed out, for figures and bounds. */
size_t arena_used(const struct arena *arena);

#endif
