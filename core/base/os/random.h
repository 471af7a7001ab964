/* Numbers that nobody can guess: ids on the wire, so that a plugin cannot name a run that is not its own. */
#ifndef BASE_OS_RANDOM_H
#define BASE_OS_RANDOM_H

#include <stdint.h>

/* Never 0. Falls back to time and pid mixed when the system's source cannot be read (no descriptor left). */
uint64_t random_id(void);

#endif
