/* Who is at the other end of a unix socket, as the kernel knows it. Private to control. */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* May it command this daemon: is it root, the daemon's own user, or in the group (NULL: there is none)? What cannot be told counts as no. */
bool peer_may(int fd, const gid_t *group);
/* The rule itself. */
bool peer_is_trusted(uid_t peer, uid_t own, bool in_group);

/* Its user's name; "user 1000" where that has none, "somebody" where it cannot be told. May ask a directory: not for the loop. */
void peer_name(int fd, char *name, size_t n);

/* ---- in the system's own way: one file for each defines these */

/* False: it cannot be told. */
bool peer_user(int fd, uid_t *user);
/* Had the process that connected this group, as its own or as a supplementary one? */
bool peer_has_group(int fd, gid_t group);

#endif
