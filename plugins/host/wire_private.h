/* Between wire_in.c and wire_start.c. */
#ifndef HOST_WIRE_PRIVATE_H
#define HOST_WIRE_PRIVATE_H

#include "wire.h"

struct slice {
    const char *text; /* NULL: not there */
    size_t n;
};

struct start {
    struct slice type, run, instance, left;
    uint32_t flags; /* TALON_ONCE, TALON_NUDGED */
};

/* Begins the run, or ends it at once where it cannot begin. What cannot be true of a core that works ends the host. */
void wire_start(const struct start *start);

#endif
