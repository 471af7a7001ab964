/* Linux: getrandom() needs no descriptor. Early in a boot it may have nothing yet; waiting for that would stop the loop. */
#define _GNU_SOURCE
#include "base/os/random_system.h"

#include <sys/random.h>

bool random_system(void *bytes, size_t n)
{
    return getrandom(bytes, n, GRND_NONBLOCK) == (ssize_t)n;
}
