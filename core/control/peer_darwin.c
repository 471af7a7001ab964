/* Who is at the other end, on macOS: see peer.h, and unix(4), LOCAL_PEERCRED. */
#define _DARWIN_C_SOURCE
#include "control/peer.h"

#include <sys/socket.h>
#include <sys/ucred.h>
#include <sys/un.h>
#include <unistd.h>

bool peer_user(int fd, uid_t *user)
{
    gid_t group;

    return getpeereid(fd, user, &group) == 0;
}

/* The kernel tells the first sixteen groups, and the user's own is the first of them. */
bool peer_has_group(int fd, gid_t group)
{
    struct xucred found;
    socklen_t n = sizeof found;

    if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, &found, &n) != 0 || found.cr_version != XUCRED_VERSION)
        return false;
    for (short i = 0; i < found.cr_ngroups; i++)
        if (found.cr_groups[i] == group)
            return true;
    return false;
}
