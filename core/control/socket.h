/* The listening unix socket: made so that at no moment anybody else can connect to it. Private to control. */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct socket_file { /* which one is ours: another daemon may have put its own in its place */
    dev_t device;
    ino_t inode;
};

/* A listening, non-blocking, close-on-exec socket with mode 0600, or 0660 and that group (NULL: none). Replaces the socket of a dead daemon, nothing else.
 * -1: why is a sentence. Changes the umask for a moment: call it where no other thread makes files. */
int socket_open(const char *path, const gid_t *group, struct socket_file *file, char *why, size_t why_size);
bool socket_is_there(const char *path, const struct socket_file *file);
/* Removes the file if it is still that one. */
void socket_remove(const char *path, const struct socket_file *file);

#endif
