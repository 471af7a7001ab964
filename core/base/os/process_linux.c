/* Linux: orphans are adopted, and /proc tells of processes, their environment and their state. */
#define _GNU_SOURCE
#include "base/os/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ENVIRONMENT = 1 << 18, STAT = 1024, MARK = 256 };

void process_adopt_orphans(void)
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

struct stat_line {
    char state;
    pid_t parent;
    uint64_t started; /* ticks since the boot */
};

/* State, parent and start stand behind the name, which is in brackets and may hold anything (proc(5)). */
static bool read_stat(pid_t pid, struct stat_line *line)
{
    char path[64], bytes[STAT], *after;
    unsigned long long started;
    int parent;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    if (read_file(path, bytes, sizeof bytes) <= 0)
        return false;
    after = strrchr(bytes, ')');
    if (!after || sscanf(after + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &line->state, &parent, &started) != 3)
        return false;
    line->parent = (pid_t)parent;
    line->started = started;
    return true;
}

/* All processes that `wanted` says yes to. */
static size_t search(bool (*wanted)(pid_t pid), pid_t *pids, size_t room)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    size_t n = 0;

    while (proc && n < room && (entry = readdir(proc)) != NULL) {
        const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && wanted(pid))
            pids[n++] = pid;
    }
    if (proc)
        closedir(proc);
    return n;
}

static bool is_our_child(pid_t pid)
{
    struct stat_line line;

    return read_stat(pid, &line) && line.parent == getpid();
}

size_t process_children(pid_t *pids, size_t room)
{
    char path[96], bytes[8192];

    /* orphans are given to the thread group's first living thread, which is ours: all others only resolve names */
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    if (read_file(path, bytes, sizeof bytes) < 0) /* kernels without it */
        return search(is_our_child, pids, room);
    return take_pids(bytes, pids, room);
}

/* ---- one process */

bool process_variable(pid_t pid, const char *name, char *value, size_t room)
{
    static char bytes[ENVIRONMENT];
    const size_t n_name = strlen(name);
    char path[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
    n = read_file(path, bytes, sizeof bytes);
    for (const char *at = bytes; n > 0 && at < bytes + n; at += strlen(at) + 1) {
        if (strncmp(at, name, n_name) == 0 && at[n_name] == '=') {
            snprintf(value, room, "%s", at + n_name + 1);
            return true;
        }
    }
    return false;
}

bool process_mark(pid_t pid, const char *beginning, char *rest, size_t room)
{
    const size_t n = strlen(beginning);
    char mark[MARK];

    if (!process_variable(pid, PROCESS_MARK, mark, sizeof mark) || strncmp(mark, beginning, n) != 0)
        return false;
    snprintf(rest, room, "%s", mark + n);
    return true;
}

/* Another Talon may run in a container: its pids are not ours. */
static bool is_of_our_namespace(pid_t pid)
{
    char path[64], ours[64], theirs[64];
    ssize_t n, n_ours = readlink("/proc/self/ns/pid", ours, sizeof ours);

    snprintf(path, sizeof path, "/proc/%ld/ns/pid", (long)pid);
    n = readlink(path, theirs, sizeof theirs);
    return n > 0 && n == n_ours && memcmp(ours, theirs, (size_t)n) == 0;
}

static bool is_marked(pid_t pid)
{
    char rest[8];

    return process_mark(pid, "", rest, sizeof rest) && is_of_our_namespace(pid);
}

size_t process_marked(pid_t *pids, size_t room)
{
    return search(is_marked, pids, room);
}

uint64_t process_started(pid_t pid)
{
    struct stat_line line;

    return read_stat(pid, &line) ? line.started : 0;
}

bool process_is(pid_t pid, const char *name)
{
    enum { KEPT = 15 }; /* of a name (proc(5), comm) */
    char path[64], bytes[64];
    size_t n;

    snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
    if (read_file(path, bytes, sizeof bytes) <= 0)
        return false;
    n = strcspn(bytes, "\n");
    return strncmp(bytes, name, n) == 0 && (name[n] == '\0' || n == KEPT);
}

uint64_t process_memory(void)
{
    return 0; /* RLIMIT_DATA */
}

const char *process_state(pid_t pid)
{
    struct stat_line line;

    if (!read_stat(pid, &line))
        return "";
    return line.state == 'D'   ? "state D, waits in the kernel"
           : line.state == 'T' ? "state T, stopped"
           : line.state == 'Z' ? "state Z, a zombie"
           : line.state == 'R' ? "state R, running"
                               : "state S, sleeping";
}

bool process_is_stopped(pid_t pid)
{
    struct stat_line line;

    return read_stat(pid, &line) && (line.state == 'T' || line.state == 't');
}

/* What is private and written to: what malloc() gives, and neither code nor what is shared. */
static uint64_t private_bytes(pid_t pid)
{
    char path[64], text[4096];
    const char *line;

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)pid);
    if (read_file(path, text, sizeof text) < 0)
        return 0;
    line = strstr(text, "\nPrivate_Dirty:");
    return line ? strtoull(line + strlen("\nPrivate_Dirty:"), NULL, 10) * 1024 : 0;
}

bool process_size(pid_t pid, uint64_t *bytes, unsigned *descriptors)
{
    char path[64];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    dir = opendir(path);
    if (!dir)
        return false;
    for (*descriptors = 0; (entry = readdir(dir)) != NULL;)
        *descriptors += entry->d_name[0] != '.';
    closedir(dir);
    *bytes = private_bytes(pid);
    return *bytes > 0;
}
