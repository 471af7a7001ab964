/* The libev loop with an explicit backend: see loop.h. What is best where is in loop_linux.c and loop_darwin.c. */
#include "base/os/loop.h"

#include "base/os/loop_backends.h"

#include <ev.h>
#include <stddef.h>

struct ev_loop *loop_create(void)
{
    struct ev_loop *loop = NULL;

    for (size_t i = 0; loop_backends[i] != 0 && !loop; i++)
        if (loop_backend_works(loop_backends[i]))
            loop = ev_default_loop(loop_backends[i] | EVFLAG_NOENV); /* the only one in which libev watches children */
    return loop;
}

const char *loop_backend(struct ev_loop *loop)
{
    switch (ev_backend(loop)) {
    case EVBACKEND_EPOLL:
        return "epoll";
    case EVBACKEND_KQUEUE:
        return "kqueue";
    case EVBACKEND_POLL:
        return "poll";
    default:
        return "select";
    }
}
