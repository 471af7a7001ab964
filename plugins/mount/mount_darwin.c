/* The table of mounts on macOS: getfsstat() with MNT_NOWAIT, which gives what the kernel remembers and asks no server. */
#define _DARWIN_C_SOURCE
#include "mount.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/ucred.h>

enum { MORE = 8, MOST = 4096 }; /* what may be mounted between the two calls; more than that is no table */

static void fill(const struct statfs *found, struct mount_entry *entry)
{
    snprintf(entry->point, sizeof entry->point, "%s", found->f_mntonname);
    snprintf(entry->source, sizeof entry->source, "%.511s", found->f_mntfromname);
    snprintf(entry->type, sizeof entry->type, "%s", found->f_fstypename);
    entry->read_only = (found->f_flags & MNT_RDONLY) != 0;
}

int mount_find(const char *path, struct mount_entry *entry)
{
    const int n = getfsstat(NULL, 0, MNT_NOWAIT);
    struct statfs *table;
    int got, found = 0;

    if (n < 0 || n > MOST) {
        errno = n < 0 ? errno : E2BIG;
        return -1;
    }
    table = calloc((size_t)n + MORE, sizeof *table);
    if (!table)
        return -1;
    got = getfsstat(table, (int)((size_t)(n + MORE) * sizeof *table), MNT_NOWAIT);
    for (int i = 0; i < got; i++)
        if (strcmp(table[i].f_mntonname, path) == 0) {
            fill(&table[i], entry);
            found = 1;
        }
    free(table);
    return got < 0 ? -1 : found;
}

int mount_room(const char *path, struct mount_space *space)
{
    struct statfs found;
    double block;

    while (statfs(path, &found) != 0)
        if (errno != EINTR)
            return errno;
    block = (double)found.f_bsize;
    *space = (struct mount_space){ .size = (double)found.f_blocks * block,
                                   .free = (double)found.f_bfree * block,
                                   .available = (double)found.f_bavail * block,
                                   .inodes = (double)found.f_files,
                                   .inodes_free = (double)found.f_ffree };
    return 0;
}
