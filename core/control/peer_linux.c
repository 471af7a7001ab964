/* Who is at the other end, on Linux: see peer.h and unix(7), SO_PEERCRED; SO_PEERGROUPS is there since 4.13. */
#define _GNU_SOURCE
#include "control/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

enum { MOST_GROUPS = 65536 }; /* NGROUPS_MAX */

static bool credentials(int fd, struct ucred *found)
{
    socklen_t n = sizeof *found;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, found, &n) == 0 && n == sizeof *found;
}

bool peer_user(int fd, uid_t *user)
{
    struct ucred found;

    if (!credentials(fd, &found))
        return false;
    *user = found.uid;
    return true;
}

static bool is_among(const gid_t *groups, size_t n, gid_t group)
{
    for (size_t i = 0; i < n; i++)
        if (groups[i] == group)
            return true;
    return false;
}

bool peer_has_group(int fd, gid_t group)
{
    struct ucred found;
    gid_t none;
    gid_t *groups;
    socklen_t n = 0;
    bool has;

    if (credentials(fd, &found) && found.gid == group)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &n) == 0 || errno != ERANGE || n > MOST_GROUPS * sizeof *groups)
        return false; /* it has no supplementary groups, or they cannot be told */
    groups = malloc(n);
    has = groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) == 0 && is_among(groups, n / sizeof *groups, group);
    free(groups);
    return has;
}
