/* core/base/os/loop: the backend is the one that was chosen, and it reports what a daemon watches: sockets, pipes and times. */
#include "base/os/loop.h"
#include "base/os/reserve.h"
#include "base/shortage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    (void)events;
    ev_io_stop(loop, io);
    (*(int *)io->data)++;
}

static void on_time(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)timer, (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void the_environment_chooses_nothing(void **state)
{
    struct ev_loop *loop;
    const char *backend;

    (void)state;
    setenv("LIBEV_FLAGS", "1", 1); /* select */
    loop = loop_create();
    unsetenv("LIBEV_FLAGS");
    assert_non_null(loop);
    backend = loop_backend(loop);
    assert_true(strcmp(backend, "epoll") == 0 || strcmp(backend, "kqueue") == 0 || strcmp(backend, "poll") == 0);
    ev_loop_destroy(loop);
}

static void reports_sockets_and_pipes(void **state)
{
    struct ev_loop *loop = loop_create();
    int pipe_ends[2], socket_ends[2], seen = 0;
    ev_io reader, socket_reader;
    ev_timer deadline;

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, socket_ends), 0);
    ev_io_init(&reader, on_io, pipe_ends[0], EV_READ);
    ev_io_init(&socket_reader, on_io, socket_ends[0], EV_READ);
    reader.data = socket_reader.data = &seen;
    ev_io_start(loop, &reader);
    ev_io_start(loop, &socket_reader);
    ev_timer_init(&deadline, on_time, 10., 0.);
    ev_timer_start(loop, &deadline);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    assert_int_equal(write(socket_ends[1], "x", 1), 1);
    while (seen < 2 && ev_is_active(&deadline))
        ev_run(loop, EVRUN_ONCE);
    assert_int_equal(seen, 2);
    ev_timer_stop(loop, &deadline);
    ev_loop_destroy(loop);
    for (int i = 0; i < 2; i++) {
        close(pipe_ends[i]);
        close(socket_ends[i]);
    }
}

/* libev by itself would end the process. */
static void no_descriptor_is_no_loop(void **state)
{
    struct rlimit limit, none;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (rlim_t left = 3; left < 20; left++) {
        struct ev_loop *loop;

        none = limit;
        none.rlim_cur = left;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        loop = loop_create();
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_true(loop || left < 19);
        assert_true(!loop || left > 4);
        if (loop)
            ev_loop_destroy(loop);
    }
}

static int failures_left, failures;

static void *sometimes_none(void *block, size_t size)
{
    if (failures_left > 0) {
        failures_left--;
        failures++;
        return NULL;
    }
    return realloc(block, size);
}

/* libev would end the process here. */
static void no_memory_once_does_no_harm(void **state)
{
    enum { TIMERS = 3000 };
    struct ev_loop *loop = loop_create();
    ev_timer *timers = calloc(TIMERS, sizeof *timers), deadline;

    (void)state;
    assert_non_null(loop);
    assert_non_null(timers);
    reserve_realloc = sometimes_none;
    for (int i = 0; i < TIMERS; i++) {
        if (i % 1000 == 0)
            failures_left = 1; /* the next time that an array has to grow; and again, since what was kept is taken anew */
        ev_timer_init(&timers[i], on_time, 3600., 0.);
        ev_timer_start(loop, &timers[i]);
    }
    failures_left = 0;
    assert_true(failures >= 2);
    assert_true(shortage_count() >= 2 && reserve_is_whole()); /* it is known, and the reserve is back */
    ev_timer_init(&deadline, on_time, 0., 0.);
    ev_timer_start(loop, &deadline);
    ev_run(loop, 0);
    reserve_realloc = realloc;
    ev_loop_destroy(loop);
    free(timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_chooses_nothing),
        cmocka_unit_test(reports_sockets_and_pipes),
        cmocka_unit_test(no_descriptor_is_no_loop),
        cmocka_unit_test(no_memory_once_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
