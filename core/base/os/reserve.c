/* Memory kept for those who cannot do without: see reserve.h. */
#include "base/os/reserve.h"

#include "base/shortage.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 16 << 10 };

void *(*reserve_realloc)(void *block, size_t size) = realloc;

static _Atomic(void *) kept;
static atomic_size_t wanted;

/* A block that another thread has put there meanwhile is enough. */
static void keep(void)
{
    for (size_t size = atomic_load(&wanted); size >= LEAST && !atomic_load(&kept); size /= 2) {
        void *block = malloc(size), *none = NULL;

        if (block && !atomic_compare_exchange_strong(&kept, &none, block))
            free(block);
    }
}

void reserve_begin(size_t size)
{
    size_t none = 0;

    atomic_compare_exchange_strong(&wanted, &none, size);
    keep();
}

bool reserve_is_whole(void)
{
    if (!atomic_load(&kept))
        keep();
    return atomic_load(&kept) != NULL || atomic_load(&wanted) == 0;
}

void *reserve_resize(void *block, size_t size)
{
    void *made = reserve_realloc(block, size > 0 ? size : 1);

    if (made)
        return made;
    shortage_note();
    free(atomic_exchange(&kept, NULL));
    made = reserve_realloc(block, size > 0 ? size : 1);
    keep();
    return made;
}

void *reserve_alloc(size_t size)
{
    void *made = reserve_resize(NULL, size);

    if (made)
        memset(made, 0, size);
    return made;
}
