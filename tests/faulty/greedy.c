/* Faults of greed: descriptors, memory, timers, output and children without end. */
#include "faulty.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FDS = 1000, OPERATIONS = 64, SHARED = 170, CHUNK = 64 << 20, PAGE = 4096 };

static const uint64_t hour = UINT64_C(3600000000000);

static void nothing(struct talon_run *run, void *arg)
{
    (void)run, (void)arg;
}

/* ---- memory */

/* Does not look whether it got any. */
static void eight_gigabytes(struct talon_run *run)
{
    volatile char *volatile bytes = malloc((size_t)8 << 30);

    if (!bytes)
        faulty_raise(11); /* what writing there would do, without a sanitizer's word on it */
    for (size_t i = 0; i < (size_t)8 << 30; i += PAGE)
        bytes[i] = 1;
    faulty_good(run);
}

/* Takes all that there is, so that the host itself has none. */
static void hoard(struct talon_run *run)
{
    for (size_t n = CHUNK; n >= 16; n /= 2) {
        char *bytes;

        while ((bytes = malloc(n)) != NULL)
            bytes[0] = 1;
    }
    for (int i = 0; i < 100000; i++)
        run->host->alloc(run, 64);
    faulty_good(run);
}

static void alloc_much(struct talon_run *run)
{
    for (int i = 0; i < 20; i++)
        run->host->alloc(run, 1 << 20);
    faulty_good(run);
}

static void alloc_huge(struct talon_run *run)
{
    run->host->alloc(run, SIZE_MAX - 8);
    faulty_good(run);
}

/* ---- descriptors */

static void ended(struct talon_run *run, void *arg, const struct talon_exit *exit)
{
    (void)arg;
    if (exit->error.code)
        talon_failed(run, &exit->error, "cannot start true");
    else
        faulty_good(run);
}

/* A thousand more with each run, until none is left to start a child with. */
static void leak_fds(struct talon_run *run)
{
    static const char *const argv[] = { "true", NULL };

    for (int i = 0; i < FDS; i++)
        fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
}

/* ---- timers and operations */

static void fill(struct talon_run *shared)
{
    for (int i = 0; i < OPERATIONS; i++)
        shared->host->timer(shared, hour, nothing, NULL);
}

static void many_timers(struct talon_run *run)
{
    for (int i = 0; i < SHARED; i++)
        run->host->share(run, talon_text(run, "%d", i), 8, fill);
    run->host->timer(run, hour, nothing, NULL);
}

static void many_operations_at_once(struct talon_run *run)
{
    for (int i = 0; i < 10001; i++)
        run->host->timer(run, hour, nothing, NULL);
}

/* ---- children */

static void told_output(struct talon_run *run, void *arg, const struct talon_exit *exit)
{
    (void)arg;
    if (exit->error.code)
        talon_failed(run, &exit->error, "the child");
    else
        talon_done(run, TALON_OK, "faulty.output", "kept %zu and dropped %zu bytes", exit->out_len + exit->err_len, exit->out_dropped + exit->err_dropped);
}

static void big_output(struct talon_run *run)
{
    static const char *const argv[] = { "head", "-c", "1073741824", "/dev/zero", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv, .max_output = 65536), told_output, NULL);
}

static size_t use_nothing(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    (void)run, (void)arg, (void)bytes, (void)n, (void)last;
    return 0;
}

static void unread_output(struct talon_run *run)
{
    static const char *const argv[] = { "head", "-c", "1073741824", "/dev/zero", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv, .max_output = 65536, .data = use_nothing), told_output, NULL);
}

static size_t use_too_much(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    (void)run, (void)arg, (void)bytes, (void)last;
    return n + 1000000;
}

static void overread_output(struct talon_run *run)
{
    static const char *const argv[] = { "head", "-c", "1000000", "/dev/zero", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv, .max_output = 65536, .data = use_too_much), told_output, NULL);
}

/* What it starts leaves its group and its session, twice over, and does not listen. */
static void setsid_children(struct talon_run *run)
{
    static const char script[] = "for i in 1 2 3; do setsid sh -c 'trap \"\" TERM HUP; setsid sleep 1000 & sleep 1000' >/dev/null 2>&1 & done; sleep 0.2";
    static const char *const argv[] = { "sh", "-c", script, NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
}

static void ignores_term(struct talon_run *run)
{
    static const char *const argv[] = { "sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1000; done", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv, .timeout_ns = 200000000, .grace_ns = 100000000), ended, NULL);
}

/* The host that started them is dead a moment later. */
static void crash_with_children(struct talon_run *run, void *arg)
{
    (void)run, (void)arg;
    faulty_raise(11);
}

static void orphans(struct talon_run *run)
{
    static const char *const argv[] = { "sh", "-c", "setsid sleep 1000 & sleep 1000 & exec sleep 1000", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
    run->host->timer(run, UINT64_C(300000000), crash_with_children, NULL);
}

static void no_command(struct talon_run *run)
{
    static const char *const argv[] = { NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
}

static void fork_bomb(struct talon_run *run)
{
    const struct faulty_conf *conf = run->conf;
    const char *const argv[] = { "python3", conf->path, NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
}

const struct fault faulty_greedy[] = {
    { .name = "eight_gigabytes", .start = eight_gigabytes },
    { .name = "hoard", .start = hoard },
    { .name = "alloc_much", .start = alloc_much },
    { .name = "alloc_huge", .start = alloc_huge },
    { .name = "leak_fds", .start = leak_fds },
    { .name = "many_timers", .start = many_timers },
    { .name = "many_at_once", .start = many_operations_at_once },
    { .name = "big_output", .start = big_output },
    { .name = "unread_output", .start = unread_output },
    { .name = "overread_output", .start = overread_output },
    { .name = "setsid_children", .start = setsid_children },
    { .name = "ignores_term", .start = ignores_term },
    { .name = "orphans", .start = orphans },
    { .name = "no_command", .start = no_command },
    { .name = "fork_bomb", .start = fork_bomb },
    { .name = NULL },
};
