/* Linux: orphans are adopted, and /proc tells our children, their environment and their state. */
#define _GNU_SOURCE
#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ENVIRONMENT = 1 << 18, STAT = 1024 };

void system_adopt_orphans(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* What fits, with a NUL behind it; -1: cannot be read. */
static ssize_t read_file(const char *path, char *bytes, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;
    size_t n = 0;

    if (fd < 0)
        return -1;
    while (got > 0 && n < room - 1) {
        got = read(fd, bytes + n, room - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    bytes[n] = '\0';
    return got < 0 && n == 0 ? -1 : (ssize_t)n;
}

/* ---- children */

static size_t take_pids(const char *text, pid_t *pids, size_t room)
{
    size_t n = 0;
    char *end;

    for (long pid = strtol(text, &end, 10); end != text && n < room; pid = strtol(text, &end, 10)) {
        pids[n++] = (pid_t)pid;
        text = end;
    }
    return n;
}

/* State and parent stand behind the name, which is in brackets and may hold anything. */
static bool read_stat(pid_t pid, char *state, pid_t *parent)
{
    char path[64], bytes[STAT], *after;
    int ppid;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (read_file(path, bytes, sizeof bytes) <= 0)
        return false;
    after = strrchr(bytes, ')');
    if (!after || sscanf(after + 1, " %c %d", state, &ppid) != 2)
        return false;
    *parent = (pid_t)ppid;
    return true;
}

/* For kernels without /proc/PID/task/TID/children. */
static size_t search_children(pid_t *pids, size_t room)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    size_t n = 0;
    pid_t parent;
    char state;

    while (proc && n < room && (entry = readdir(proc)) != NULL) {
        const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && read_stat(pid, &state, &parent) && parent == getpid())
            pids[n++] = pid;
    }
    if (proc)
        closedir(proc);
    return n;
}

size_t system_children(pid_t *pids, size_t room)
{
    char path[96], bytes[8192];

    /* orphans are given to the thread group's first living thread, which is ours: all others only resolve names */
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    if (read_file(path, bytes, sizeof bytes) < 0)
        return search_children(pids, room);
    return take_pids(bytes, pids, room);
}

/* ---- one process */

bool system_mark(pid_t pid, const char *beginning, char *rest, size_t room)
{
    static const char name[] = "TALON_RUN=";
    static char bytes[ENVIRONMENT];
    const size_t n_name = sizeof name - 1, n_beginning = strlen(beginning);
    char path[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
    n = read_file(path, bytes, sizeof bytes);
    for (const char *at = bytes; n > 0 && at < bytes + n; at += strlen(at) + 1) {
        if (strncmp(at, name, n_name) == 0 && strncmp(at + n_name, beginning, n_beginning) == 0) {
            snprintf(rest, room, "%s", at + n_name + n_beginning);
            return true;
        }
    }
    return false;
}

uint64_t system_memory(void)
{
    return 0; /* RLIMIT_DATA */
}

const char *system_state(pid_t pid)
{
    pid_t parent;
    char state;

    if (!read_stat(pid, &state, &parent))
        return "";
    return state == 'D'   ? "state D, waits in the kernel"
           : state == 'T' ? "state T, stopped"
           : state == 'Z' ? "state Z, a zombie"
           : state == 'R' ? "state R, running"
                          : "state S, sleeping";
}
