/* Linux: glibc gives back what lies at the top of the heap by itself, and what lies within it when it is asked. Others (musl) keep little. */
#define _GNU_SOURCE
#include "base/os/memory.h"

#include "base/moment.h"

#include <malloc.h>
#include <stddef.h>

#if defined(HAVE_MALLOC_TRIM) && defined(HAVE_MALLINFO2)

#define DISTANCE (30 * (uint64_t)NS_PER_S)
#define LOOK_DISTANCE (5 * (uint64_t)NS_PER_S)

enum { MUCH = 2 << 20, KEPT = 256 << 10 };

void memory_give_back(uint64_t awake)
{
    static uint64_t given_at, looked_at;
    struct mallinfo2 info;

    if ((given_at != 0 && awake - given_at < DISTANCE) || awake - looked_at < LOOK_DISTANCE)
        return;
    looked_at = awake;
    info = mallinfo2();
    if (info.fordblks < MUCH || info.fordblks < info.uordblks / 4)
        return;
    given_at = awake;
    malloc_trim(KEPT);
}

#else

void memory_give_back(uint64_t awake)
{
    (void)awake;
}

#endif
