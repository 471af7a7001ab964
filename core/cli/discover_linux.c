/* Linux: listening sockets from /proc/net/tcp and tcp6, mounts from /proc/self/mounts (both are texts that the kernel documents in proc(5)). */
#define _GNU_SOURCE
#include "cli/discover.h"

#include <arpa/inet.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STATE_LISTEN = 0x0A };

static bool known(const struct listener *listeners, size_t n, uint16_t port)
{
    for (size_t i = 0; i < n; i++)
        if (listeners[i].port == port)
            return true;
    return false;
}

/* The address one connects to for a socket that is bound to the hexadecimal one (in the machine's byte order, word by word); "": not a loopback way. */
static void reachable(const char *hex, bool six, char address[64])
{
    unsigned word = 0;

    address[0] = '\0';
    if (!six) {
        sscanf(hex, "%8X", &word);
        if (word == 0 || word == htonl(INADDR_LOOPBACK))
            snprintf(address, 64, "127.0.0.1");
        else if ((ntohl(word) >> 24) == 127)
            snprintf(address, 64, "127.%u.%u.%u", ntohl(word) >> 16 & 255, ntohl(word) >> 8 & 255, ntohl(word) & 255);
    } else if (strspn(hex, "0") >= 32) {
        snprintf(address, 64, "127.0.0.1"); /* every address, IPv4 among them unless it says otherwise */
    } else if (strncmp(hex, "000000000000000000000000", 24) == 0) {
        snprintf(address, 64, "::1");
    }
}

static size_t read_table(const char *path, bool six, struct listener *listeners, size_t n, size_t room)
{
    FILE *table = fopen(path, "re");
    char line[512], local[64];
    unsigned port, state;

    while (table && n < room && fgets(line, sizeof line, table)) {
        char address[64];

        if (sscanf(line, " %*[0-9]: %63[0-9A-F]:%X %*[0-9A-F]:%*X %X", local, &port, &state) != 3 || state != STATE_LISTEN)
            continue;
        reachable(local, six, address);
        if (address[0] == '\0' || known(listeners, n, (uint16_t)port))
            continue;
        listeners[n] = (struct listener){ .port = (uint16_t)port };
        snprintf(listeners[n].address, sizeof listeners[n].address, "%s", address);
        n++;
    }
    if (table)
        fclose(table);
    return n;
}

static int by_port(const void *a, const void *b)
{
    return ((const struct listener *)a)->port - ((const struct listener *)b)->port;
}

size_t discover_listeners(struct listener *listeners, size_t room)
{
    size_t n = read_table("/proc/net/tcp", false, listeners, 0, room);

    n = read_table("/proc/net/tcp6", true, listeners, n, room);
    qsort(listeners, n, sizeof *listeners, by_port);
    return n;
}

static bool holds_data(const char *type)
{
    static const char *const types[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "jfs", "reiserfs", "vfat", "exfat", "ntfs3" };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i], type) == 0)
            return true;
    return false;
}

/* Containers have files bound over files of theirs: /etc/hosts is no place for data. */
static bool is_folder(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t discover_mounts(char mounts[][256], size_t room)
{
    FILE *table = setmntent("/proc/self/mounts", "re");
    struct mntent *entry;
    char devices[DISCOVER_MOUNTS][256];
    size_t n = 1;

    snprintf(mounts[0], 256, "/");
    devices[0][0] = '\0';
    while (table && n < room && (entry = getmntent(table)) != NULL) {
        bool again = strlen(entry->mnt_dir) > 255 || !holds_data(entry->mnt_type) || hasmntopt(entry, MNTOPT_RO);

        if (strcmp(entry->mnt_dir, "/") == 0)
            snprintf(devices[0], sizeof devices[0], "%s", entry->mnt_fsname);
        for (size_t i = 0; i < n; i++)
            again = again || strcmp(devices[i], entry->mnt_fsname) == 0 || strcmp(mounts[i], entry->mnt_dir) == 0;
        if (again || n == DISCOVER_MOUNTS || !is_folder(entry->mnt_dir))
            continue;
        snprintf(mounts[n], 256, "%s", entry->mnt_dir);
        snprintf(devices[n], sizeof devices[n], "%s", entry->mnt_fsname);
        n++;
    }
    if (table)
        endmntent(table);
    qsort(mounts[1], n - 1, sizeof mounts[1], by_name);
    return n;
}

unsigned discover_ephemeral(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    unsigned first = 0;

    if (file) {
        if (fscanf(file, "%u", &first) != 1)
            first = 0;
        fclose(file);
    }
    return first > 0 ? first : 32768;
}
