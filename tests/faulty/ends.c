/* Faults that end a host or stop it: crashes, exits, loops and calls that block, in each kind of call; threads; what is done to the host's own descriptors. */
#include "faulty.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 64 };

static const uint64_t soon = UINT64_C(1000000);

/* ---- in start */

static void crash_start(struct talon_run *run)
{
    (void)run;
    faulty_raise(SIGSEGV);
}

static void abort_start(struct talon_run *run)
{
    (void)run;
    faulty_raise(SIGABRT);
}

static void divide_start(struct talon_run *run)
{
    (void)run;
    faulty_raise(SIGFPE);
}

static void exit_start(struct talon_run *run)
{
    (void)run;
    exit(0);
}

static void leave_start(struct talon_run *run)
{
    (void)run;
    _exit(7);
}

static void kill_self(struct talon_run *run)
{
    (void)run;
    faulty_raise(SIGKILL);
}

static void loop_start(struct talon_run *run)
{
    (void)run;
    faulty_loop();
}

/* Only SIGKILL ends it. */
static void deaf_loop(struct talon_run *run)
{
    sigset_t all;

    (void)run;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    faulty_loop();
}

static void block_read(struct talon_run *run)
{
    int ends[2];
    char byte;

    if (pipe(ends) != 0 || read(ends[0], &byte, 1) >= 0)
        talon_done(run, TALON_FAIL, "faulty.read", "a read from nobody has ended");
}

static void sleep_ms(long ms)
{
    const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

/* Slow, but it comes back: said in the log, and no more. */
static void slow_start(struct talon_run *run)
{
    sleep_ms(400);
    faulty_good(run);
}

/* ---- in callbacks */

static void crash_now(struct talon_run *run, void *arg)
{
    (void)run, (void)arg;
    faulty_raise(SIGSEGV);
}

static void crash_timer(struct talon_run *run)
{
    run->host->timer(run, soon, crash_now, NULL);
}

static void loop_now(struct talon_run *run, void *arg)
{
    (void)run, (void)arg;
    faulty_loop();
}

static void loop_timer(struct talon_run *run)
{
    run->host->timer(run, soon, loop_now, NULL);
}

static void crash_ended(struct talon_run *run, void *arg, const struct talon_exit *exit)
{
    (void)run, (void)arg, (void)exit;
    faulty_raise(SIGBUS);
}

static void crash_child(struct talon_run *run)
{
    static const char *const argv[] = { "true", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), crash_ended, NULL);
}

static void crash_after_done(struct talon_run *run)
{
    faulty_good(run);
    faulty_raise(SIGSEGV);
}

static void crash_freeing(void *arg)
{
    (void)arg;
    faulty_raise(SIGSEGV);
}

static void crash_defer(struct talon_run *run)
{
    run->host->defer(run, crash_freeing, NULL);
    faulty_good(run);
}

static void crash_shared_setup(struct talon_run *shared)
{
    (void)shared;
    faulty_raise(SIGSEGV);
}

static void crash_shared(struct talon_run *run)
{
    run->host->share(run, "one", 8, crash_shared_setup);
}

/* ---- in setup and validate */

static void loop_setup(struct talon_run *instance)
{
    (void)instance;
    faulty_loop();
}

static void refuse_setup(struct talon_run *instance)
{
    talon_done(instance, TALON_UNKNOWN, "faulty.refused", "it has no mind to");
}

static int crash_validate(const void *conf, struct talon_problem *problem)
{
    (void)conf, (void)problem;
    faulty_raise(SIGSEGV);
}

static int loop_validate(const void *conf, struct talon_problem *problem)
{
    (void)conf, (void)problem;
    faulty_loop();
}

/* ---- threads */

static void *complete(void *run)
{
    faulty_good(run);
    return NULL;
}

static void thread_done(struct talon_run *run)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, complete, run) == 0)
        pthread_join(thread, NULL);
}

static void end_now(struct talon_run *run, void *arg)
{
    (void)arg;
    faulty_good(run);
}

static void *ask_late(void *run)
{
    sleep_ms(50);
    ((struct talon_run *)run)->host->alloc(run, 8);
    return NULL;
}

static void thread_call(struct talon_run *run)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, ask_late, run) == 0)
        pthread_detach(thread);
    run->host->timer(run, UINT64_C(400000000), end_now, NULL);
}

static void *crash(void *unused)
{
    (void)unused;
    faulty_raise(SIGSEGV);
}

static void thread_crash(struct talon_run *run)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, crash, run) == 0)
        pthread_join(thread, NULL);
}

/* ---- the host's own descriptors */

static int is_socket(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void close_all(struct talon_run *run)
{
    for (int fd = 0; fd < FDS; fd++)
        close(fd);
    run->host->timer(run, UINT64_C(3600000000000), crash_now, NULL);
}

static void write_wire(struct talon_run *run)
{
    static const char text[] = "this is no message\n";

    for (int fd = 3; fd < FDS; fd++)
        if (is_socket(fd) && write(fd, text, sizeof text - 1) < 0)
            talon_log(run, TALON_WARNING, "could not even do that");
    faulty_good(run);
}

static void wait_blocking(struct talon_run *run)
{
    (void)run;
    for (;;)
        pause();
}

const struct fault faulty_ends[] = {
    { .name = "crash_start", .start = crash_start },
    { .name = "abort_start", .start = abort_start },
    { .name = "divide_start", .start = divide_start },
    { .name = "exit_start", .start = exit_start },
    { .name = "leave_start", .start = leave_start },
    { .name = "kill_self", .start = kill_self },
    { .name = "loop_start", .start = loop_start },
    { .name = "deaf_loop", .start = deaf_loop },
    { .name = "block_read", .start = block_read },
    { .name = "slow_start", .start = slow_start },
    { .name = "crash_timer", .start = crash_timer },
    { .name = "loop_timer", .start = loop_timer },
    { .name = "crash_child", .start = crash_child },
    { .name = "crash_after_done", .start = crash_after_done },
    { .name = "crash_defer", .start = crash_defer },
    { .name = "crash_shared", .start = crash_shared },
    { .name = "crash_setup", .setup = crash_start },
    { .name = "loop_setup", .setup = loop_setup },
    { .name = "refuse_setup", .setup = refuse_setup },
    { .name = "crash_validate", .validate = crash_validate },
    { .name = "loop_validate", .validate = loop_validate },
    { .name = "thread_done", .start = thread_done },
    { .name = "thread_call", .start = thread_call },
    { .name = "thread_crash", .start = thread_crash },
    { .name = "close_all", .start = close_all },
    { .name = "write_wire", .start = write_wire },
    { .name = "block_blocking", .start = wait_blocking, .flags = TALON_BLOCKING },
    { .name = "crash_blocking", .start = crash_start, .flags = TALON_BLOCKING },
    { .name = NULL },
};
