/* macOS: no table of sockets is told to a user, so every process that we may look into is asked for its own (libproc). */
#define _DARWIN_C_SOURCE
#include "base/os/port_system.h"

#include <arpa/inet.h>
#include <libproc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/proc_info.h>

enum { MORE = 64, MOST_FDS = 65536 };

static bool is_listener(pid_t pid, int fd, uint16_t port)
{
    struct socket_fdinfo found;

    return proc_pidfdinfo(pid, fd, PROC_PIDFDSOCKETINFO, &found, sizeof found) == (int)sizeof found && found.psi.soi_kind == SOCKINFO_TCP &&
           found.psi.soi_proto.pri_tcp.tcpsi_state == TSI_S_LISTEN && ntohs((uint16_t)found.psi.soi_proto.pri_tcp.tcpsi_ini.insi_lport) == port;
}

static bool listens(pid_t pid, uint16_t port)
{
    const int room = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, NULL, 0);
    struct proc_fdinfo *fds = room > 0 ? calloc(1, (size_t)room) : NULL;
    const int got = fds ? proc_pidinfo(pid, PROC_PIDLISTFDS, 0, fds, room) : 0, n = got > 0 ? got / (int)sizeof *fds : 0;
    bool found = false;

    for (int i = 0; !found && i < n && i < MOST_FDS; i++)
        found = fds[i].proc_fdtype == PROX_FDTYPE_SOCKET && is_listener(pid, fds[i].proc_fd, port);
    free(fds);
    return found;
}

pid_t port_system_listener(uint16_t port, char *name, size_t room)
{
    const int most = proc_listallpids(NULL, 0) + MORE;
    pid_t *pids = calloc((size_t)(most > 0 ? most : 1), sizeof *pids), found = 0;
    const int n = pids && most > 0 ? proc_listallpids(pids, most * (int)sizeof *pids) : 0;

    name[0] = '\0';
    for (int i = 0; found == 0 && i < n; i++)
        if (pids[i] > 0 && listens(pids[i], port))
            found = pids[i];
    free(pids);
    if (found > 0 && proc_name(found, name, (uint32_t)room) <= 0)
        name[0] = '\0';
    return found;
}
