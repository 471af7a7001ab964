/*
 * The libev loop with its backend chosen explicitly: epoll on Linux, kqueue (after a self-test) else poll on macOS. Left alone, libev would
 * take select on macOS, which ends at 1024 descriptors.
 */
#ifndef BASE_OS_LOOP_H
#define BASE_OS_LOOP_H

struct ev_loop;

/* The process' loop: one at a time, since libev watches child processes in its default loop alone. NULL: no memory or no descriptor. Freed with
 * ev_loop_destroy(), after which another may be made. */
struct ev_loop *loop_create(void);
/* "epoll", "kqueue", "poll", "select" */
const char *loop_backend(struct ev_loop *loop);

#endif
