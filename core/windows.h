/*
 * Maintenance windows: which of them should be open at a time, compared with which the engine has open, and the difference as events. Pure: the daemon feeds
 * them to its engine by its clock, a rehearsal to its own by simulated time.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "engine/engine.h"

/* Is to put the event to the engine. name and service (NULL: everything) live for the call. */
typedef void windows_feed_fn(void *arg, const struct engine_event *event);

/* Closes what should not be open, opens what should. Returns until when that is right, if the clock goes on as it does: wall ns. */
int64_t windows_settle(const struct engine *engine, int64_t wall, windows_feed_fn *feed, void *arg);

#endif
