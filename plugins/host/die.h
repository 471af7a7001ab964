/* How a host ends that cannot go on, and memory that is never refused: it comes from the reserve (base/os/reserve.h) where
 * there is no other, and when that is used up as well, the host dies with a sentence and is started anew. */
#ifndef HOST_DIE_H
#define HOST_DIE_H

#include <stddef.h>

enum { DIE_CODE = 70 };

/* Says why on standard error and to the core, kills the children, ends. */
_Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...);
/* Zeroed; never NULL. */
void *must_alloc(size_t size);
/* As realloc; never NULL. */
void *must_resize(void *old, size_t size);
/* A copy of n bytes and a NUL. */
char *must_copy(const void *bytes, size_t n);
/* A copy; NULL stays NULL. */
char *must_string(const char *text);
/* Overwrites bytes that hold secrets, in a way that no compiler drops. */
void wipe(void *bytes, size_t n);
/* wipe() and free() of a text; NULL: nothing. */
void wipe_string(char *text);

#endif
