/* macOS: arc4random_buf() needs no descriptor and never fails. */
#define _DARWIN_C_SOURCE
#include "base/os/random_system.h"

#include <stdlib.h>

bool random_system(void *bytes, size_t n)
{
    arc4random_buf(bytes, n);
    return true;
}
