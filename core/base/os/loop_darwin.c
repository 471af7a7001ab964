/*
 * macOS: kqueue, but only after it has shown that it reports sockets and pipes: libev itself does not recommend it there, because several
 * releases had kqueues that lost events of one or the other. Else poll, never select.
 */
#define _DARWIN_C_SOURCE
#include "base/os/loop_backends.h"

#include <ev.h>
#include <stddef.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

const unsigned loop_backends[] = { EVBACKEND_KQUEUE, EVBACKEND_POLL, 0 };

/* Does a kqueue report that `reader` can be read after a byte went into `writer`? */
static bool reports(int reader, int writer)
{
    struct timespec at_most = { .tv_sec = 1 };
    struct kevent change, seen;
    int queue = kqueue(), n = -1;

    if (queue < 0)
        return false;
    EV_SET(&change, (uintptr_t)reader, EVFILT_READ, EV_ADD, 0, 0, NULL);
    if (write(writer, "x", 1) == 1)
        n = kevent(queue, &change, 1, &seen, 1, &at_most);
    close(queue);
    return n == 1 && seen.filter == EVFILT_READ && (int)seen.ident == reader;
}

bool loop_backend_works(unsigned backend)
{
    int fds[2], sockets[2];
    bool good = true;

    if (backend != EVBACKEND_KQUEUE)
        return true;
    if (pipe(fds) == 0) {
        good = reports(fds[0], fds[1]);
        close(fds[0]);
        close(fds[1]);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0) {
        good = good && reports(sockets[0], sockets[1]);
        close(sockets[0]);
        close(sockets[1]);
    }
    return good;
}
