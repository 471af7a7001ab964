/* Connections and arguments of processes on macOS: libproc, and the arguments that the kernel keeps of each process. */
#define _DARWIN_C_SOURCE
#include "forwarder.h"

#include <errno.h>
#include <libproc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/proc_info.h>
#include <sys/sysctl.h>

enum { ARGUMENTS = 4096 };

static int waits_to_be_closed(pid_t pid, const struct proc_fdinfo *fd)
{
    struct socket_fdinfo found;

    return fd->proc_fdtype == PROX_FDTYPE_SOCKET &&
           proc_pidfdinfo(pid, fd->proc_fd, PROC_PIDFDSOCKETINFO, &found, sizeof found) == (int)sizeof found && found.psi.soi_kind == SOCKINFO_TCP &&
           found.psi.soi_proto.pri_tcp.tcpsi_state == TSI_S__CLOSE_WAIT;
}

long forwarder_close_wait(pid_t pid)
{
    const int room = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, NULL, 0);
    struct proc_fdinfo *fds;
    long found = 0;
    int got;

    if (room <= 0)
        return -1;
    fds = calloc(1, (size_t)room);
    got = fds ? proc_pidinfo(pid, PROC_PIDLISTFDS, 0, fds, room) : 0;
    for (int i = 0; i < got / (int)sizeof *fds; i++)
        found += waits_to_be_closed(pid, &fds[i]);
    free(fds);
    return got > 0 ? found : -1;
}

/* The kernel's text is: how many arguments, the path of the program, zeros, then each argument. */
static int is_called(pid_t pid, const char *program, const char *word, const char *under)
{
    int name[] = { CTL_KERN, KERN_PROCARGS2, pid };
    char text[ARGUMENTS + 2], path[PROC_PIDPATHINFO_MAXSIZE];
    const char *slash, *at, *end;
    size_t n = ARGUMENTS;

    if (proc_pidpath(pid, path, sizeof path) <= 0)
        return 0;
    slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, program) != 0 || sysctl(name, 3, text, &n, NULL, 0) != 0 || n <= sizeof(int))
        return 0;
    text[n] = text[n + 1] = '\0';
    end = text + n;
    at = text + sizeof(int);
    at += strlen(at);
    while (at < end && !*at)
        at++;
    at += strlen(at) + 1; /* the program, as it was called */
    if (at >= end || strcmp(at, word) != 0)
        return 0;
    for (at += strlen(at) + 1; under && at < end; at += strlen(at) + 1)
        if (strncmp(at, under, strlen(under)) == 0)
            return 1;
    return !under;
}

long forwarder_find(const char *program, const char *word, const char *under, pid_t *given, size_t most)
{
    int room = proc_listallpids(NULL, 0), got;
    pid_t *pids;
    long found = 0;

    if (room <= 0)
        return -1;
    room += 64; /* some may have been born since */
    pids = calloc((size_t)room, sizeof *pids);
    got = pids ? proc_listallpids(pids, room * (int)sizeof *pids) : 0;
    for (int i = 0; i < got; i++) {
        if (pids[i] <= 0 || !is_called(pids[i], program, word, under))
            continue;
        if ((size_t)found < most)
            given[found] = pids[i];
        found++;
    }
    free(pids);
    return got > 0 ? found : -1;
}
