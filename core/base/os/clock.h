/* The one place that asks the machine for the time. Everything else gets a struct moment. */
#ifndef BASE_OS_CLOCK_H
#define BASE_OS_CLOCK_H

#include "base/moment.h"

/* Now. Builds with debug hooks add the shift in TALON_CLOCK_SHIFT_FILE (seconds, re-read when it changes) to elapsed and wall. */
struct moment clock_moment(void);
/* ns, monotonic, stands still in sleep: for measuring. */
uint64_t clock_awake(void);

#endif
