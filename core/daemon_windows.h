/*
 * Maintenance windows: the calendar of the configuration against the clock. Which windows are open is asked of the engine each time and compared with which
 * should be, so a reload, a restart, a clock that jumps and a machine that slept are no cases of their own.
 */
#ifndef DAEMON_WINDOWS_H
#define DAEMON_WINDOWS_H

#include "base/moment.h"

struct daemon;

/* After each new model: opens what is to be open, closes what is not any more. Before anything of an earlier process is taken up, and at the
 * model's own moment: for the engine time never goes back. */
void daemon_windows_begin(struct daemon *d, const struct moment *now);
/* With each tick: the same when the next change has come, or the clock is not where it was. */
void daemon_windows_look(struct daemon *d, const struct moment *now);

#endif
