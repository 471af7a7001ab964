/* Who may command: see peer.h. The mode of the socket keeps others out already; this holds where somebody has changed that. */
#include "control/peer.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

enum { ENTRY_SIZE = 4096 };

bool peer_is_trusted(uid_t peer, uid_t own, bool in_group)
{
    return peer == 0 || peer == own || in_group;
}

bool peer_may(int fd, const gid_t *group)
{
    uid_t user;

    return peer_user(fd, &user) && peer_is_trusted(user, geteuid(), group && peer_has_group(fd, *group));
}

void peer_name(int fd, char *name, size_t n)
{
    char room[ENTRY_SIZE];
    struct passwd entry, *found = NULL;
    uid_t user;

    if (!peer_user(fd, &user))
        snprintf(name, n, "somebody");
    else if (getpwuid_r(user, &entry, room, sizeof room, &found) == 0 && found && found->pw_name[0])
        snprintf(name, n, "%s", found->pw_name);
    else
        snprintf(name, n, "user %lu", (unsigned long)user);
}
