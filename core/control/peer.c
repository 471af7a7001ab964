/* Who may command: see peer.h. The mode of the socket keeps others out already; this holds where somebody has changed that. */
#include "control/peer.h"

#include <unistd.h>

bool peer_is_trusted(uid_t peer, uid_t own, bool in_group)
{
    return peer == 0 || peer == own || in_group;
}

bool peer_may(int fd, const gid_t *group)
{
    uid_t user;

    return peer_user(fd, &user) && peer_is_trusted(user, geteuid(), group && peer_has_group(fd, *group));
}
