/* Descriptors handed to another process over a unix socket, one with a byte that says what it is for. */
#ifndef BASE_OS_PASS_H
#define BASE_OS_PASS_H

#include <stdbool.h>
#include <sys/types.h>

/* Sends the byte, with a descriptor that stays open here (-1: none). Never waits. False: errno. */
bool pass_send(int socket, char byte, int fd);
/* Reads one byte, and the descriptor that came with it (close-on-exec, the caller's; -1: none). As read(2): 0 is the end, -1 an errno. */
ssize_t pass_receive(int socket, char *byte, int *fd);

#endif
