/*
 * Processes that a check has started and whose plugin host is dead: they bear the mark of base/os/process.h. Whoever adopts them ends them, and what nobody
 * could adopt, because everything above it was killed, is found when Talon starts.
 */
#ifndef ORPHANS_H
#define ORPHANS_H

#include <stddef.h>

/* Kills our own children that bear a mark. Returns how many: when they die, theirs become ours, so call it again when a child has died. */
size_t orphans_end_ours(void);
/* Kills all processes on this host, ours to signal, that bear the mark of a plugin host that is no more. Returns how many. */
size_t orphans_end_all(void);

#endif
