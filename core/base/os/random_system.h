/* The system's source of random bytes: one file for each system defines it. Private to random.c. */
#ifndef BASE_OS_RANDOM_SYSTEM_H
#define BASE_OS_RANDOM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

/* Fills n bytes, at most 256. False: it cannot be asked. Never blocks. */
bool random_system(void *bytes, size_t n);

#endif
