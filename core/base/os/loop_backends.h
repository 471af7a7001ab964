/* Which libev backends this system should use, best first: one file for each system defines these. Private to loop.c. */
#ifndef BASE_OS_LOOP_BACKENDS_H
#define BASE_OS_LOOP_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

extern const unsigned loop_backends[]; /* EVBACKEND_, ended by 0 */
/* Tries the backend where it is known to be broken in some releases. */
bool loop_backend_works(unsigned backend);

#endif
