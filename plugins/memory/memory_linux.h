/* For the tests: what is made of the text of /proc/meminfo. */
#ifndef MEMORY_LINUX_H
#define MEMORY_LINUX_H

#include "memory.h"

/* Returns 0 when the text does not tell the figures. */
int memory_parse(const char *text, struct memory_figures *figures);

#endif
