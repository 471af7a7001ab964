/*
 * Sees that configuration files have changed, by looking at them: a stat() of each once a second costs nothing worth naming, works on every
 * file system, and catches editors that rename as well as those that write in place.
 */
#ifndef WATCH_H
#define WATCH_H

#include "config/config.h"

struct watch;

/* Remembers the files of this configuration as they were read, and its folders as they are. from, to: ns, wall, when the reading began and now: a folder
 * that changed in between counts as changed. Replaces what it watched before. False: no memory, it watches what it did. */
bool watch_take(struct watch **watch, const struct config *config, int64_t from, int64_t to);
void watch_free(struct watch *watch);
/* Looks. True once when something has changed and then stayed as it is for 2 s (rules of design.md 5). now: ns, awake. NULL: false. */
bool watch_look(struct watch *watch, uint64_t now);

#endif
