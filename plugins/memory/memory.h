/* How much memory there is and how much can still be had, by what the system says. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

struct memory_figures {
    double total, available; /* bytes; available: without swapping */
    double swap_total, swap_used;
};

/* Reads the figures. Returns 0; else why holds a sentence. Never blocks. */
int memory_read(struct memory_figures *figures, char *why, size_t room);

#endif
