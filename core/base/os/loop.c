/* The libev loop with an explicit backend: see loop.h. What is best where is in loop_linux.c and loop_darwin.c. */
#include "base/os/loop.h"

#include "base/os/log.h"
#include "base/os/loop_backends.h"
#include "base/os/reserve.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* More than libev ever asks for at once: its arrays grow with the descriptors and timers that there are, twofold, and never shrink. */
enum { RESERVE = 512 << 10 };

/* libev ends the process when it gets no memory. */
static void *take_memory(void *block, long size)
{
    void *made;

    if (size <= 0) {
        free(block);
        return NULL;
    }
    made = reserve_resize(block, (size_t)size);
    if (!made)
        log_error("there is no memory left for the event loop, nor any of what was kept for it: this process ends, and is started again", NULL);
    return made;
}

/* The backend's descriptor and a pipe between threads: libev ends the process where it cannot have them, so it is only asked when it can. */
static bool has_descriptors(void)
{
    int pipes[2][2], n = 0;

    while (n < 2 && pipe(pipes[n]) == 0)
        n++;
    for (int i = 0; i < n; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    return n == 2;
}

struct ev_loop *loop_create(void)
{
    struct ev_loop *loop = NULL;

    if (!has_descriptors())
        return NULL;
    reserve_begin(RESERVE);
    ev_set_allocator(take_memory);
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
