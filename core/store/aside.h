/* Files of the state folder that cannot be understood. Private to store. */
#ifndef STORE_ASIDE_H
#define STORE_ASIDE_H

#include <stdbool.h>

/* Moves FOLDER/name away as name.broken, .broken.2 to .9, and says so in the log. False: it cannot be moved. */
bool aside_set(const char *folder, const char *name);

#endif
