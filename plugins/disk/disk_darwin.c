/* How full a file system is, on macOS: its statvfs() counts blocks in 32 bits, its statfs() in 64. */
#define _DARWIN_C_SOURCE
#include "disk.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/param.h>

int disk_read(const char *path, struct disk_figures *figures)
{
    struct statfs found;
    double block;

    while (statfs(path, &found) != 0)
        if (errno != EINTR)
            return errno;
    block = (double)found.f_bsize;
    figures->size = (double)found.f_blocks * block;
    figures->free = (double)found.f_bfree * block;
    figures->available = (double)found.f_bavail * block;
    figures->inodes = (double)found.f_files;
    figures->inodes_free = (double)found.f_ffree;
    figures->read_only = (found.f_flags & MNT_RDONLY) != 0;
    return 0;
}
