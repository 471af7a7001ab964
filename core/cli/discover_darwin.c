/* macOS: listening sockets through libproc (each process's descriptors), mounts through getfsstat without waiting for any of them. */
#define _DARWIN_C_SOURCE
#include "cli/discover.h"

#include <arpa/inet.h>
#include <libproc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/proc_info.h>
#include <sys/sysctl.h>
#include <sys/ucred.h>

enum { MOST_PIDS = 8192, MOST_DESCRIPTORS = 4096 };

static bool known(const struct listener *listeners, size_t n, uint16_t port)
{
    for (size_t i = 0; i < n; i++)
        if (listeners[i].port == port)
            return true;
    return false;
}

/* The socket's loopback way in; false: it does not listen there. */
static bool reachable(const struct socket_info *socket, struct listener *listener)
{
    const struct in_sockinfo *in = &socket->soi_proto.pri_tcp.tcpsi_ini;
    uint32_t v4 = ntohl(in->insi_laddr.ina_46.i46a_addr4.s_addr);

    if (socket->soi_kind != SOCKINFO_TCP || socket->soi_proto.pri_tcp.tcpsi_state != TSI_S_LISTEN)
        return false;
    listener->port = ntohs((uint16_t)in->insi_lport);
    if (in->insi_vflag & INI_IPV4 && (v4 == INADDR_ANY || v4 >> 24 == 127))
        snprintf(listener->address, sizeof listener->address, "127.0.0.1");
    else if (IN6_IS_ADDR_UNSPECIFIED(&in->insi_laddr.ina_6))
        snprintf(listener->address, sizeof listener->address, "127.0.0.1");
    else if (IN6_IS_ADDR_LOOPBACK(&in->insi_laddr.ina_6))
        snprintf(listener->address, sizeof listener->address, "::1");
    else
        return false;
    return true;
}

static size_t of_process(pid_t pid, struct proc_fdinfo *fds, struct listener *listeners, size_t n, size_t room)
{
    int bytes = proc_pidinfo(pid, PROC_PIDLISTFDS, 0, fds, MOST_DESCRIPTORS * (int)sizeof *fds);
    struct socket_fdinfo info;

    for (size_t i = 0; bytes > 0 && i < (size_t)bytes / sizeof *fds && n < room; i++) {
        struct listener listener = { 0 };

        if (fds[i].proc_fdtype != PROX_FDTYPE_SOCKET || proc_pidfdinfo(pid, fds[i].proc_fd, PROC_PIDFDSOCKETINFO, &info, (int)sizeof info) != (int)sizeof info)
            continue;
        if (reachable(&info.psi, &listener) && !known(listeners, n, listener.port))
            listeners[n++] = listener;
    }
    return n;
}

static int by_port(const void *a, const void *b)
{
    return ((const struct listener *)a)->port - ((const struct listener *)b)->port;
}

size_t discover_listeners(struct listener *listeners, size_t room)
{
    pid_t *pids = calloc(MOST_PIDS, sizeof *pids);
    struct proc_fdinfo *fds = calloc(MOST_DESCRIPTORS, sizeof *fds);
    int bytes = pids ? proc_listpids(PROC_ALL_PIDS, 0, pids, MOST_PIDS * (int)sizeof *pids) : 0;
    size_t n = 0;

    for (size_t i = 0; fds && bytes > 0 && i < (size_t)bytes / sizeof *pids; i++)
        n = of_process(pids[i], fds, listeners, n, room);
    free(pids);
    free(fds);
    qsort(listeners, n, sizeof *listeners, by_port);
    return n;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t discover_mounts(char mounts[][256], size_t room)
{
    struct statfs *all = calloc(256, sizeof *all);
    int count = all ? getfsstat(all, 256 * (int)sizeof *all, MNT_NOWAIT) : 0;
    size_t n = 0;

    snprintf(mounts[n++], 256, "/");
    for (int i = 0; i < count && n < room; i++) {
        bool data = (all[i].f_flags & MNT_LOCAL) && !(all[i].f_flags & (MNT_DONTBROWSE | MNT_RDONLY)) && strcmp(all[i].f_mntonname, "/") != 0;

        if (data && strlen(all[i].f_mntonname) < 256)
            snprintf(mounts[n++], 256, "%s", all[i].f_mntonname);
    }
    free(all);
    qsort(mounts[1], n - 1, sizeof mounts[1], by_name);
    return n;
}

unsigned discover_ephemeral(void)
{
    int first = 0;
    size_t size = sizeof first;

    return sysctlbyname("net.inet.ip.portrange.first", &first, &size, NULL, 0) == 0 && first > 0 ? (unsigned)first : 49152;
}
