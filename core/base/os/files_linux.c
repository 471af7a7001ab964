/* Linux: fsync() reaches the disk itself. */
#include "base/os/files_system.h"

#include <errno.h>
#include <unistd.h>

int files_system_sync(int fd)
{
    int got;

    do {
        got = fsync(fd);
    } while (got != 0 && errno == EINTR);
    return got != 0 && errno != EINVAL ? -1 : 0; /* EINVAL: a file system that has nothing to sync here (folders on some) */
}
