/*
 * The keeper's programs: see held.h. Each has a process group of its own; what a program leaves in it, or elsewhere under its mark where the system lets us
 * see marks, ends with it. One that an earlier keeper started is nobody's child here: it is the process of that number and that start, and looked at each second.
 */
#include "programs/held.h"

#include "programs/rotate.h"

#include "base/os/child.h"
#include "base/os/log.h"
#include "base/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_AT_OTHERS ((uint64_t)1000000000u)
#define LOOK_AT_LOGS ((uint64_t)5000000000u)

enum { STRAYS = 1024, LOOKS = 8, SETTLES = 50 };

struct held *held_find(struct helds *helds, const char *name)
{
    for (size_t i = 0; i < helds->used; i++)
        if (strcmp(helds->all[i].name, name) == 0)
            return &helds->all[i];
    return NULL;
}

struct held *held_place(struct helds *helds)
{
    struct held *free_one = held_find(helds, "");

    if (free_one || helds->used == KEEPER_PROGRAMS)
        return free_one;
    return &helds->all[helds->used++];
}

/* ---- starting */

/* -1: there is none, or it cannot be had: then what is printed is thrown away, which is no reason not to start. */
static int open_log(const char *path)
{
    const int fd = path[0] ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600) : -1;

    if (path[0] && fd < 0)
        log_warn("the log of a program cannot be opened; what it prints is thrown away", "file", path, "why", strerror(errno), NULL);
    return fd;
}

static void close_log(int fd)
{
    if (fd >= 0)
        close(fd);
}

bool held_begin(struct held *held, const struct held_start *start, char *why, size_t why_size)
{
    const int out = open_log(held->log), err = held->log_errors[0] ? open_log(held->log_errors) : out;
    const struct child_request request = { .argv = start->argv, .env = start->env, .folder = start->folder, .in = -1, .out = out, .err = err, .path = NULL };

    held->pid = child_start(&request, why, why_size);
    if (err != out)
        close_log(err);
    close_log(out);
    if (held->pid < 0) {
        held->name[0] = '\0';
        return false;
    }
    held->started = process_started(held->pid);
    held->child = true;
    held->kill_at = HELD_NEVER;
    return true;
}

bool held_adopt(struct held *held)
{
    held->child = false;
    held->kill_at = HELD_NEVER;
    if (held->pid > 1 && held->started != 0 && process_started(held->pid) == held->started)
        return true;
    held->name[0] = '\0';
    return false;
}

/* ---- ending */

static void tell_group(const struct held *held, int number)
{
    if (kill(-held->pid, number) != 0 && errno == ESRCH) /* it has left its group, or never had one */
        kill(held->pid, number);
}

void held_stop(struct held *held, uint64_t now, bool at_once)
{
    if (held->ended || held->name[0] == '\0')
        return;
    if (at_once || held->wait == 0) {
        held->kill_at = now;
    } else if (held->kill_at == HELD_NEVER) {
        tell_group(held, held->signal);
        tell_group(held, SIGCONT);
        held->kill_at = now + held->wait;
    }
}

/* What it has started and left outside of its group: orphans, which come to us where the system adopts them. They may make new ones meanwhile. */
static size_t end_strays_once(const char *name)
{
    static pid_t pids[STRAYS];
    const size_t n = process_children(pids, STRAYS);
    char mark[HELD_NAME];
    size_t ended = 0;

    for (size_t i = 0; i < n; i++)
        if (process_variable(pids[i], PROCESS_PROGRAM_MARK, mark, sizeof mark) && strcmp(mark, name) == 0)
            ended += kill(pids[i], SIGKILL) == 0;
    return ended;
}

static void ended(struct held *held, const char *how)
{
    held->ended = true;
    held->kill_at = HELD_NEVER;
    snprintf(held->how, sizeof held->how, "%s", how);
    if (process_started(held->pid) == 0) /* else the number is somebody else's by now */
        kill(-held->pid, SIGKILL);       /* what is left in its group */
    for (int i = 0; i < LOOKS && end_strays_once(held->name) > 0; i++)
        ;
}

static void describe(int status, char how[HELD_HOW])
{
    if (WIFSIGNALED(status))
        snprintf(how, HELD_HOW, "signal %d (%.60s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(how, HELD_HOW, "exit code %d", WEXITSTATUS(status));
}

static struct held *child_of(struct helds *helds, pid_t pid)
{
    for (size_t i = 0; i < helds->used; i++)
        if (helds->all[i].name[0] && helds->all[i].child && !helds->all[i].ended && helds->all[i].pid == pid)
            return &helds->all[i];
    return NULL;
}

static bool reap_children(struct helds *helds)
{
    bool any = false;
    char how[HELD_HOW];
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct held *held = child_of(helds, pid);

        if (!held)
            continue; /* a stray that was adopted */
        describe(status, how);
        ended(held, how);
        any = true;
    }
    return any;
}

static bool look_at_others(struct helds *helds)
{
    bool any = false;

    for (size_t i = 0; i < helds->used; i++) {
        struct held *held = &helds->all[i];

        if (!held->name[0] || held->child || held->ended || process_started(held->pid) == held->started)
            continue;
        ended(held, "");
        any = true;
    }
    return any;
}

bool held_reap(struct helds *helds)
{
    const bool children = reap_children(helds), others = look_at_others(helds);

    return children || others;
}

/* ---- time */

static bool has_log(const struct held *held)
{
    return held->name[0] && !held->ended && held->rotate > 0 && (held->log[0] || held->log_errors[0]);
}

void held_look(struct helds *helds, uint64_t now)
{
    for (size_t i = 0; i < helds->used; i++) {
        struct held *held = &helds->all[i];

        if (held->name[0] && !held->ended && now >= held->kill_at) {
            held->kill_at = HELD_NEVER;
            tell_group(held, SIGKILL);
        }
        if (has_log(held)) {
            rotate_log(held->log, held->rotate);
            rotate_log(held->log_errors, held->rotate);
        }
    }
}

uint64_t held_due(const struct helds *helds, uint64_t now)
{
    uint64_t due = HELD_NEVER;

    for (size_t i = 0; i < helds->used; i++) {
        const struct held *held = &helds->all[i];

        if (!held->name[0] || held->ended)
            continue;
        if (held->kill_at < due)
            due = held->kill_at;
        if (!held->child && now + LOOK_AT_OTHERS < due)
            due = now + LOOK_AT_OTHERS;
        if (has_log(held) && now + LOOK_AT_LOGS < due)
            due = now + LOOK_AT_LOGS;
    }
    return due;
}

void held_settle(void)
{
    for (int i = 0; i < SETTLES; i++) {
        const pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0 && errno == ECHILD)
            return;
        if (pid == 0)
            poll(NULL, 0, 10);
    }
}

size_t held_living(const struct helds *helds)
{
    size_t n = 0;

    for (size_t i = 0; i < helds->used; i++)
        n += helds->all[i].name[0] && !helds->all[i].ended;
    return n;
}
