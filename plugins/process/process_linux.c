/* Processes and listening sockets on Linux: small files below /proc, each read at once and within a bound. */
#define _GNU_SOURCE
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SHORT_NAME = 15, MOST_FDS = 65536, LINE = 512, LISTENING = 0x0a, ARRIVING = 0x03, TABLE_PAGE = 4096 };

/* Bytes of a socket table that are looked through; it tells about 150 of each socket. The kernel prints listening ones
 * first, so beyond CONNECTIONS_AT_MOST the rest is skipped: a hundred thousand connections shall not stop the host. */
#define TABLE_AT_MOST (16u << 20)
#define CONNECTIONS_AT_MOST (1u << 20)

/* Reads /proc/PID/FILE, NUL-terminated; returns its length, -1: errno says why. */
static ssize_t read_small(pid_t pid, const char *file, char *into, size_t room)
{
    char path[64];
    ssize_t n;
    int fd, why;

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = read(fd, into, room - 1);
    why = errno;
    close(fd);
    errno = why;
    if (n >= 0)
        into[n] = '\0';
    return n;
}

/* ---- one process ---- */

/* Seconds since a moment that /proc counts in ticks since the boot; negative: not known. */
static double seconds_since(unsigned long long ticks)
{
    const double each = (double)sysconf(_SC_CLK_TCK);
    struct timespec now;
    double since;

    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return -1;
    since = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)ticks / (each > 0 ? each : 100);
    return since > 0 ? since : 0; /* a container may count from another boot than its /proc */
}

/* `PID (NAME) STATE ...`: the name may hold blanks and parentheses, so the last one ends it. */
static int parse_stat(char *text, struct process_facts *facts)
{
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    char state = 0;
    unsigned long long started = 0;
    long pages = 0;

    if (!open || !close || close < open || close[1] == '\0')
        return 0;
    if (sscanf(close + 2, "%c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %*s %ld",
               &state, &started, &pages) != 3)
        return 0;
    *close = '\0';
    snprintf(facts->name, sizeof facts->name, "%s", open + 1);
    facts->zombie = state == 'Z' || state == 'X' || state == 'x';
    facts->uptime = seconds_since(started);
    facts->memory = (double)pages * (double)sysconf(_SC_PAGESIZE);
    return 1;
}

enum process_answer process_look(pid_t pid, struct process_facts *facts)
{
    char text[1024];

    if (read_small(pid, "stat", text, sizeof text) > 0 && parse_stat(text, facts))
        return PROCESS_YES;
    /* Where /proc is mounted with hidepid, others' processes are not in it, but a signal still tells that they are
     * there. */
    return kill(pid, 0) == 0 || errno == EPERM ? PROCESS_HIDDEN : PROCESS_NO;
}

static int is_file_name(const char *path, size_t n, const char *name)
{
    for (size_t i = n; i > 0; i--)
        if (path[i - 1] == '/') {
            path += i;
            n -= i;
            break;
        }
    return strlen(name) == n && memcmp(path, name, n) == 0;
}

int process_is_called(pid_t pid, const struct process_facts *facts, const char *name)
{
    char line[LINE];
    ssize_t n;

    if (strcmp(facts->name, name) == 0)
        return 1;
    n = read_small(pid, "cmdline", line, sizeof line);
    if (n <= 0) /* a zombie or a thread of the kernel has none */
        return strlen(name) > SHORT_NAME && strncmp(facts->name, name, SHORT_NAME) == 0;
    /* Servers write titles into it: "nginx: master process", "redis-server 127.0.0.1:6379". */
    return is_file_name(line, strlen(line), name) || is_file_name(line, strcspn(line, " :"), name);
}

/* ---- all processes ---- */

struct process_scan *process_scan_open(void)
{
    return (struct process_scan *)(void *)opendir("/proc");
}

pid_t process_scan_next(struct process_scan *scan)
{
    DIR *folder = (DIR *)(void *)scan;
    struct dirent *entry;
    long pid;
    char *end;

    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        pid = strtol(entry->d_name, &end, 10);
        if (*end == '\0')
            return (pid_t)pid;
    }
    return 0;
}

void process_scan_close(void *scan)
{
    closedir(scan);
}

int process_scan_is_partial(void)
{
    return access("/proc/1/stat", F_OK) != 0;
}

/* ---- who listens ---- */

/* The table prints addresses as 32-bit words in memory order. */
static size_t read_address(const char *hex, unsigned char bytes[16])
{
    size_t n = 0;
    unsigned word;
    uint32_t exact;

    for (; n < 16 && sscanf(hex + 2 * n, "%8x", &word) == 1; n += 4) {
        exact = word;
        memcpy(bytes + n, &exact, 4);
        if (strlen(hex + 2 * n) <= 8)
            return n + 4;
    }
    return n;
}

/* One line: `  0: 0100007F:18EB 00000000:0000 0A ... INODE`; 0A is LISTEN, 03 a connection that is not accepted yet.
 * Returns 0 for any other socket. */
static int read_line(const char *line, const struct process_address *wanted, struct process_sockets *sockets)
{
    char hex[33];
    unsigned port, state;
    unsigned long inode;
    unsigned char bytes[16] = { 0 };

    if (sscanf(line, "%*d: %32[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*d %lu", hex, &port, &state, &inode) != 4)
        return 1; /* the heading */
    if (state != LISTENING && state != ARRIVING)
        return 0;
    if (state == LISTENING && port == wanted->port && sockets->n < PROCESS_SOCKETS &&
        process_address_covers(wanted, read_address(hex, bytes) == 4 ? AF_INET : AF_INET6, bytes))
        sockets->ids[sockets->n++] = inode;
    return 1;
}

/* Returns 0 when the listening sockets could not be read to their end. */
static int read_table(const char *path, const struct process_address *wanted, struct process_sockets *sockets)
{
    char line[LINE], page[TABLE_PAGE];
    size_t seen = 0;
    int listening = 1;
    FILE *table = fopen(path, "re");

    if (!table)
        return errno == ENOENT; /* no IPv6 here */
    setvbuf(table, page, _IOFBF, sizeof page); /* each read looks for its place again, and by itself stdio reads a quarter of what the kernel would give */
    while (seen < (listening ? TABLE_AT_MOST : CONNECTIONS_AT_MOST) && fgets(line, sizeof line, table)) {
        seen += strlen(line);
        listening = read_line(line, wanted, sockets);
    }
    fclose(table);
    return seen < TABLE_AT_MOST;
}

enum process_answer process_listeners(const struct process_address *address, struct process_sockets *sockets)
{
    const int whole = read_table("/proc/net/tcp", address, sockets) & read_table("/proc/net/tcp6", address, sockets);

    return sockets->n > 0 ? PROCESS_YES : whole ? PROCESS_NO : PROCESS_HIDDEN;
}

static int is_among(const char *link, const struct process_sockets *sockets)
{
    unsigned long inode;

    if (sscanf(link, "socket:[%lu]", &inode) != 1)
        return 0;
    for (size_t i = 0; i < sockets->n; i++)
        if (sockets->ids[i] == inode)
            return 1;
    return 0;
}

enum process_answer process_listens(pid_t pid, const struct process_address *address,
                                    const struct process_sockets *sockets)
{
    char path[64], link[64];
    struct dirent *entry;
    enum process_answer answer = PROCESS_NO;
    DIR *folder;

    (void)address;
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? PROCESS_NO : PROCESS_HIDDEN;
    for (unsigned n = 0; answer == PROCESS_NO && n < MOST_FDS && (entry = readdir(folder)) != NULL; n++) {
        ssize_t got = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);

        if (got <= 0)
            continue;
        link[got] = '\0';
        if (is_among(link, sockets))
            answer = PROCESS_YES;
    }
    closedir(folder);
    return answer;
}
