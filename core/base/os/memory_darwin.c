/* macOS: malloc marks idle pages as reusable by itself, so that they do not count; under pressure the system asks it for more. */
#include "base/os/memory.h"

void memory_give_back(uint64_t awake)
{
    (void)awake;
}
