/* How full a file system is, by what the system says of it. */
#ifndef DISK_H
#define DISK_H

#include <stdint.h>

struct disk_figures {
    double size, free, available; /* bytes; available: to those who are not root */
    double inodes, inodes_free;   /* 0: the file system counts none */
    int read_only;
};

/* Asks for the file system that holds the path. Returns 0, or an errno. May block where a mount hangs. */
int disk_read(const char *path, struct disk_figures *figures);

#endif
