/*
 * The end of all processes within a second: told to quit, heard out (a host that is not read may stand still in a write), killed. Without the
 * caller's loop, in which timers of parts that are gone by then might still be set.
 */
#include "hosts/hosts_private.h"

#include "base/os/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { STEP_MS = 1 };

static const uint64_t to_die = UINT64_C(300) * NS_PER_MS;

static void ignore(void *arg, char *line, size_t n)
{
    (void)arg, (void)line, (void)n;
}

static bool is_reaped(const struct process *process)
{
    int status;
    pid_t pid = waitpid(process->pid, &status, WNOHANG);

    return pid == process->pid || (pid < 0 && errno != EINTR); /* libev may have been faster */
}

/* Reads and writes what goes at once. */
static void serve(struct process *process)
{
    chatter_read(&process->chatter);
    if (!process->lines)
        return;
    if (lines_flush(process->lines) == LINES_MORE && lines_read(process->lines, SIZE_MAX, ignore, NULL) == LINES_MORE)
        return;
    lines_free(process->lines);
    process->lines = NULL;
}

/* Waits until one of them has something to say, a few milliseconds at most: the end of a process wakes nobody. */
static void wait_a_step(const struct hosts *hosts, struct pollfd *fds, size_t room)
{
    nfds_t n = 0;

    LIST_EACH(p, &hosts->processes)
    {
        const struct process *process = LINK_OF(p, struct process, link);

        if (process->lines && n < room)
            fds[n++] = (struct pollfd){ .fd = lines_fd(process->lines), .events = POLLIN };
    }
    poll(fds, n, STEP_MS);
}

static void reap_all(struct hosts *hosts)
{
    LIST_EACH(p, &hosts->processes)
    {
        struct process *process = LINK_OF(p, struct process, link);

        serve(process);
        if (is_reaped(process))
            process_free(process);
    }
}

static void wait_for_all(struct hosts *hosts, uint64_t at_most)
{
    struct pollfd fds[64];
    uint64_t until = clock_awake() + at_most;

    for (;;) {
        reap_all(hosts);
        if (list_empty(&hosts->processes) || clock_awake() >= until)
            return;
        wait_a_step(hosts, fds, sizeof fds / sizeof *fds);
    }
}

static void stop_watching(struct process *process)
{
    struct ev_loop *loop = process->hosts->loop;

    ev_child_stop(loop, &process->child);
    ev_io_stop(loop, &process->readable);
    ev_io_stop(loop, &process->writable);
    ev_timer_stop(loop, &process->again);
    ev_timer_stop(loop, &process->timer);
    ev_io_stop(loop, &process->chatter.readable);
}

void process_stop_all(struct hosts *hosts)
{
    LIST_EACH(h, &hosts->hosts)
    {
        struct host *host = LINK_OF(h, struct host, link);

        if (host->process)
            process_quit(host->process);
        host->process = NULL;
        host->state = HOST_QUARANTINED; /* nothing is started any more */
        ev_timer_stop(hosts->loop, &host->restart);
    }
    LIST_EACH(p, &hosts->processes)
    {
        stop_watching(LINK_OF(p, struct process, link));
    }
    wait_for_all(hosts, hosts->times.quit);
    LIST_EACH(p, &hosts->processes)
    {
        kill(LINK_OF(p, struct process, link)->pid, SIGKILL);
    }
    wait_for_all(hosts, to_die);
    LIST_EACH(p, &hosts->processes)
    {
        process_free(LINK_OF(p, struct process, link)); /* abandoned */
    }
}
