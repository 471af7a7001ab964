/* For tests alone (--enable-debug-hooks): time passes as a file says. */
#ifndef BASE_OS_CLOCK_SHIFT_H
#define BASE_OS_CLOCK_SHIFT_H

#include "base/moment.h"

/* Adds the seconds that stand in the file named by TALON_CLOCK_SHIFT_FILE (no such variable or file: none) to elapsed and wall, as if the
 * machine had slept. Read again whenever the file has changed. */
void clock_shift(struct moment *now);

#endif
