/* Connections and arguments of processes on Linux: /proc, read within bounds. */
#define _GNU_SOURCE
#include "forwarder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SOCKETS = 65536, CLOSE_WAIT = 0x08, LINE = 512, TABLE_PAGE = 4096, ARGUMENTS = 4096 };

struct inodes {
    unsigned long *at;
    size_t n, room;
};

static int by_number(const void *a, const void *b)
{
    const unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

    return (x > y) - (x < y);
}

static int add(struct inodes *inodes, unsigned long inode)
{
    if (inodes->n == MOST_SOCKETS)
        return 1;
    if (inodes->n == inodes->room) {
        const size_t room = inodes->room ? 2 * inodes->room : 64;
        unsigned long *at = realloc(inodes->at, room * sizeof *at);

        if (!at)
            return 0;
        inodes->at = at;
        inodes->room = room;
    }
    inodes->at[inodes->n++] = inode;
    return 1;
}

/* The sockets of a process' table that are in that state; a table that is not there holds none. */
static int read_table(pid_t pid, const char *name, struct inodes *inodes)
{
    char line[LINE], path[64], page[TABLE_PAGE];
    FILE *table;
    int good = 1;

    snprintf(path, sizeof path, "/proc/%ld/net/%s", (long)pid, name);
    table = fopen(path, "re");
    if (!table)
        return errno == ENOENT;
    setvbuf(table, page, _IOFBF, sizeof page); /* as much as the kernel gives at once: each read looks for its place again */
    while (good && fgets(line, sizeof line, table)) {
        unsigned long inode;
        unsigned state;

        if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s %*s %*s %lu", &state, &inode) == 2 && state == CLOSE_WAIT)
            good = add(inodes, inode);
    }
    fclose(table);
    return good;
}

/* How many of its descriptors are among them. */
static long count_held(pid_t pid, const struct inodes *inodes)
{
    char path[64], target[64];
    const struct dirent *entry;
    long held = 0;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    folder = opendir(path);
    if (!folder)
        return -1;
    while ((entry = readdir(folder)) != NULL) {
        const ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        unsigned long inode;

        if (n <= 0)
            continue;
        target[n] = '\0';
        if (sscanf(target, "socket:[%lu]", &inode) == 1 && bsearch(&inode, inodes->at, inodes->n, sizeof inode, by_number))
            held++;
    }
    closedir(folder);
    return held;
}

long forwarder_close_wait(pid_t pid)
{
    struct inodes inodes = { .n = 0 };
    long held = -1;

    if (read_table(pid, "tcp", &inodes) && read_table(pid, "tcp6", &inodes)) {
        if (inodes.n > 0)
            qsort(inodes.at, inodes.n, sizeof *inodes.at, by_number);
        held = count_held(pid, &inodes);
    }
    free(inodes.at);
    return held;
}

static int has_argument(const char *at, const char *end, const char *under)
{
    for (; at < end; at += strlen(at) + 1)
        if (strncmp(at, under, strlen(under)) == 0)
            return 1;
    return 0;
}

/* `PROGRAM\0WORD\0...`, the program with or without its folder. */
static int is_called(long pid, const char *program, const char *word, const char *under)
{
    char path[64], text[ARGUMENTS];
    const char *slash, *first;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof text - 2);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = text[n + 1] = '\0';
    slash = strrchr(text, '/');
    first = text + strlen(text) + 1;
    return strcmp(slash ? slash + 1 : text, program) == 0 && strcmp(first, word) == 0 && (!under || has_argument(first + strlen(first) + 1, text + n, under));
}

long forwarder_find(const char *program, const char *word, const char *under, pid_t *pids, size_t room)
{
    const struct dirent *entry;
    DIR *folder = opendir("/proc");
    long found = 0;

    if (!folder)
        return -1;
    while ((entry = readdir(folder)) != NULL) {
        const long pid = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? strtol(entry->d_name, NULL, 10) : 0;

        if (pid <= 0 || !is_called(pid, program, word, under))
            continue;
        if ((size_t)found < room)
            pids[found] = (pid_t)pid;
        found++;
    }
    closedir(folder);
    return found;
}
