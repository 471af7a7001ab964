/*
 * Memory kept for those who cannot do without: libev, which ends the process when it gets none, and plugins, which are promised it. A block is set aside; at
 * the first refusal it is given back to the allocator, so that the same request finds room, and it is taken anew as soon as there is memory for it. Everybody
 * else is told that there is none meanwhile, and can do without.
 *
 * When the reserve is used up as well, NULL is returned. libev then ends the process, and a plugin host ends itself with a sentence: the guard starts another
 * core, and the core another host. That is the end of all bounds: a process that can neither grow nor go on is worth less than a new one, which is small.
 */
#ifndef BASE_OS_RESERVE_H
#define BASE_OS_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

/* Sets so much aside, or less where there is little; the first call counts. */
void reserve_begin(size_t size);
/* As realloc() and as calloc(1, size), but with the reserve behind them; freed with free(). From any thread. */
void *reserve_resize(void *block, size_t size);
void *reserve_alloc(size_t size);
/* Is it there? It is taken anew where it can be. */
bool reserve_is_whole(void);

/* What asks the system: realloc(), unless a test has none to give. */
extern void *(*reserve_realloc)(void *block, size_t size);

#endif
