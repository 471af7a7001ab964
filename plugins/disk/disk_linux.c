/* How full a file system is, on Linux and wherever statvfs() counts in fields wide enough. */
#include "disk.h"

#include <errno.h>
#include <sys/statvfs.h>

int disk_read(const char *path, struct disk_figures *figures)
{
    struct statvfs found;
    double block;

    while (statvfs(path, &found) != 0)
        if (errno != EINTR)
            return errno;
    block = (double)(found.f_frsize ? found.f_frsize : found.f_bsize);
    figures->size = (double)found.f_blocks * block;
    figures->free = (double)found.f_bfree * block;
    figures->available = (double)found.f_bavail * block;
    figures->inodes = (double)found.f_files;
    figures->inodes_free = (double)found.f_ffree;
    figures->read_only = (found.f_flag & ST_RDONLY) != 0;
    return 0;
}
