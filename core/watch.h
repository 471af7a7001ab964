/*
 * Sees that configuration files have changed, by looking at them: a stat() of each once a second costs nothing worth naming, works on every
 * file system, and catches editors that rename as well as those that write in place.
 */
#ifndef WATCH_H
#define WATCH_H

#include "config/config.h"

struct watch;

/* Remembers the files and folders of this configuration as they were read. Replaces what it watched before. False: no memory, it watches what it
 * did. */
bool watch_take(struct watch **watch, const struct config *config);
void watch_free(struct watch *watch);
/* Looks. True once when something has changed and then stayed as it is for 2 s (rules of design.md 5). now: ns, awake. */
bool watch_look(struct watch *watch, uint64_t now);

#endif
