/* What the system tells of the processes that forward the VM's ports (a file for each system): nothing here blocks. */
#ifndef FORWARDER_H
#define FORWARDER_H

#include <sys/types.h>

/* How many of its TCP connections the peer has closed and it has not (CLOSE_WAIT). -1: errno says why it cannot be seen. */
long forwarder_close_wait(pid_t pid);
/* How many processes are called `program` and have `word` as their first argument and, where `under` is given, a later one that begins with it; the first `room`
 * of them in pids. -1: errno says why. */
long forwarder_find(const char *program, const char *word, const char *under, pid_t *pids, size_t room);

#endif
