/* That memory was refused: see shortage.h. */
#include "base/shortage.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_uint_least64_t refused;

void *(*shortage_resize)(void *block, size_t size) = realloc;

void shortage_note(void)
{
    atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
}

uint64_t shortage_count(void)
{
    return atomic_load_explicit(&refused, memory_order_relaxed);
}
