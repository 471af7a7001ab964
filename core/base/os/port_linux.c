/* Linux: the tables of sockets in /proc/net name the inode of each listener, and a process has that among its descriptors. */
#define _GNU_SOURCE
#include "base/os/port_system.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INODES = 16, LINE = 512, LISTENING = 0x0a, LONGEST = 65536 };

struct inodes {
    unsigned long of[INODES];
    size_t n;
};

/* `  0: 0100007F:18EB 00000000:0000 0A ... INODE` */
static void read_table(const char *path, uint16_t wanted, struct inodes *inodes)
{
    char line[LINE];
    FILE *table = fopen(path, "re");

    for (int i = 0; table && i < LONGEST && fgets(line, sizeof line, table); i++) {
        unsigned port, state;
        unsigned long inode;

        if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*d %lu", &port, &state, &inode) == 3 && state == LISTENING && port == wanted && inodes->n < INODES)
            inodes->of[inodes->n++] = inode;
    }
    if (table)
        fclose(table);
}

static bool is_among(const char *link, const struct inodes *inodes)
{
    unsigned long inode;

    if (sscanf(link, "socket:[%lu]", &inode) != 1)
        return false;
    for (size_t i = 0; i < inodes->n; i++)
        if (inodes->of[i] == inode)
            return true;
    return false;
}

static bool holds(long pid, const struct inodes *inodes)
{
    char path[64], link[64];
    const struct dirent *entry;
    bool found = false;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    folder = opendir(path);
    while (folder && !found && (entry = readdir(folder)) != NULL) {
        const ssize_t n = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);

        link[n > 0 ? n : 0] = '\0';
        found = is_among(link, inodes);
    }
    if (folder)
        closedir(folder);
    return found;
}

static void read_name(pid_t pid, char *name, size_t room)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
    file = fopen(path, "re");
    if (!file || !fgets(name, (int)room, file))
        name[0] = '\0';
    if (file)
        fclose(file);
    name[strcspn(name, "\n")] = '\0';
}

pid_t port_system_listener(uint16_t port, char *name, size_t room)
{
    struct inodes inodes = { .n = 0 };
    const struct dirent *entry;
    pid_t found = 0;
    DIR *proc;

    name[0] = '\0';
    read_table("/proc/net/tcp", port, &inodes);
    read_table("/proc/net/tcp6", port, &inodes);
    proc = inodes.n > 0 ? opendir("/proc") : NULL;
    while (proc && found == 0 && (entry = readdir(proc)) != NULL) {
        const long pid = strtol(entry->d_name, NULL, 10);

        if (pid > 0 && holds(pid, &inodes))
            found = (pid_t)pid;
    }
    if (proc)
        closedir(proc);
    if (found > 0)
        read_name(found, name, room);
    return found;
}
