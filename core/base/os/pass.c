/* Descriptors over a unix socket (SCM_RIGHTS): see pass.h. The one place that knows how they are wrapped. */
#if defined __APPLE__
#define _DARWIN_C_SOURCE /* CMSG_SPACE */
#else
#define _DEFAULT_SOURCE
#endif
#include "base/os/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL /* older macOS: whoever uses this ignores SIGPIPE */
#define MSG_NOSIGNAL 0
#endif

union room { /* aligned as a header wants it */
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

bool pass_send(int socket, char byte, int fd)
{
    struct iovec io = { .iov_base = &byte, .iov_len = 1 };
    union room room;
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
    struct cmsghdr *header;

    memset(&room, 0, sizeof room);
    if (fd >= 0) {
        message.msg_control = room.bytes;
        message.msg_controllen = sizeof room.bytes;
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

ssize_t pass_receive(int socket, char *byte, int *fd)
{
    struct iovec io = { .iov_base = byte, .iov_len = 1 };
    union room room;
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes };
    const struct cmsghdr *header;
    ssize_t n;

    *fd = -1;
    memset(&room, 0, sizeof room);
    do {
        n = recvmsg(socket, &message, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof *fd)) {
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
        fcntl(*fd, F_SETFD, FD_CLOEXEC);
    }
    return n;
}
