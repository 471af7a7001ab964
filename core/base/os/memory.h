/* Memory that was freed and that the allocator still holds. */
#ifndef BASE_OS_MEMORY_H
#define BASE_OS_MEMORY_H

#include <stdint.h>

/*
 * Gives it back to the system where much of it lies idle: after a burst (the first round starts everything at once) the allocator would keep for ever what
 * that took. Cheap when there is nothing to do: call it every few seconds. `awake`: moment.awake, since it does so twice a minute at most.
 */
void memory_give_back(uint64_t awake);

#endif
