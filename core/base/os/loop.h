/*
 * The libev loop with its backend chosen explicitly: epoll on Linux, kqueue (after a self-test) else poll on macOS. Left alone, libev would
 * take select on macOS, which ends at 1024 descriptors.
 */
#ifndef BASE_OS_LOOP_H
#define BASE_OS_LOOP_H

struct ev_loop;

/* NULL: no memory or no descriptor. Freed with ev_loop_destroy(). */
struct ev_loop *loop_create(void);
/* "epoll", "kqueue", "poll", "select" */
const char *loop_backend(struct ev_loop *loop);

#endif
