/* macOS: fsync() stops at the drive's cache; F_FULLFSYNC goes through it, where the file system knows it (fcntl(2)). */
#define _DARWIN_C_SOURCE
#include "base/os/files_system.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int files_system_sync(int fd)
{
    if (fcntl(fd, F_FULLFSYNC) == 0)
        return 0;
    return fsync(fd) != 0 && errno != EINVAL ? -1 : 0;
}
