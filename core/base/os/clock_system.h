/* What each system answers in its own way: one file for each defines these. Private to clock.c. */
#ifndef BASE_OS_CLOCK_SYSTEM_H
#define BASE_OS_CLOCK_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* ns; stands still while the machine sleeps */
uint64_t clock_system_awake(void);
/* ns; goes on while the machine sleeps */
uint64_t clock_system_elapsed(void);
/* The text by which the system names this boot; returns its length, 0: it cannot be read. */
size_t clock_system_boot(char *text, size_t n);

#endif
