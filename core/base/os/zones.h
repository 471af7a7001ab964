/* Where the system keeps its time zones. */
#ifndef BASE_OS_ZONES_H
#define BASE_OS_ZONES_H

#include "base/zone.h"

/* Reads the zone of that name (NULL: the machine's own). room: ZONE_TRANSITIONS. False: why is a sentence fragment. */
bool zones_read(const char *name, struct zone *zone, struct zone_change *room, char *why, size_t why_size);

#endif
