/*
 * One process of a host, from its start until it is reaped: its socket, its standard error, its pings, its end. Knows nothing of what is
 * said over the socket.
 *
 * How it ended is known only when libev has reaped it. Its closed socket may be seen a moment earlier, so nothing is concluded from that until
 * the process is gone, or has shown that it means to live on without its socket.
 */
#include "hosts/hosts_private.h"

#include "base/os/child.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES_A_TURN = 256 };

/* ---- its end */

static void set_timer(struct process *process, uint64_t ns)
{
    ev_timer_stop(process->hosts->loop, &process->timer);
    ev_timer_set(&process->timer, (double)ns / 1e9, 0.);
    ev_timer_start(process->hosts->loop, &process->timer);
}

static void enter_dying(struct process *process)
{
    struct ev_loop *loop = process->hosts->loop;

    process->state = PROCESS_DYING;
    ev_io_stop(loop, &process->readable);
    ev_io_stop(loop, &process->writable);
    ev_timer_stop(loop, &process->again);
    set_timer(process, process->killed ? process->hosts->times.death : process->hosts->times.closing);
}

static void enter_stopping(struct process *process)
{
    process->state = PROCESS_STOPPING;
    set_timer(process, process->hosts->times.quit);
}

static void kill_hard(struct process *process)
{
    process->killed = true;
    kill(process->pid, SIGKILL);
    enter_dying(process);
}

void process_look(struct process *process)
{
    const bool stopped = process->state <= PROCESS_UP && process_is_stopped(process->pid);

    if (stopped && process->seen_stopped)
        process_end(process, END_OUTSIDE, "it was stopped by a signal, and not continued");
    process->seen_stopped = stopped;
}

void process_end(struct process *process, enum end_kind kind, const char *format, ...)
{
    va_list ap;

    if (process->state >= PROCESS_STOPPING)
        return;
    va_start(ap, format);
    vsnprintf(process->end.text, sizeof process->end.text, format, ap);
    va_end(ap);
    process->end.kind = kind;
    kill_hard(process);
}

void process_quit(struct process *process)
{
    process->host = NULL;
    if (process->state >= PROCESS_STOPPING)
        return;
    wire_quit(process);
    enter_stopping(process);
    process_flush(process);
}

void process_status_text(int status, char *out, size_t n)
{
    static const struct { int number; const char *name; } signals[] = {
        { SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGILL, "SIGILL" }, { SIGKILL, "SIGKILL" },
        { SIGTERM, "SIGTERM" }, { SIGINT, "SIGINT" }, { SIGHUP, "SIGHUP" }, { SIGQUIT, "SIGQUIT" }, { SIGPIPE, "SIGPIPE" }, { SIGSYS, "SIGSYS" },
        { SIGTRAP, "SIGTRAP" }, { SIGXCPU, "SIGXCPU" }, { SIGXFSZ, "SIGXFSZ" }, { SIGALRM, "SIGALRM" },
    };

    if (WIFEXITED(status)) {
        snprintf(out, n, "exit code %d", WEXITSTATUS(status));
        return;
    }
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (signals[i].number == WTERMSIG(status)) {
            snprintf(out, n, "%s", signals[i].name);
            return;
        }
    }
    snprintf(out, n, "signal %d", WTERMSIG(status));
}

/* Signals that a program does not raise by its own mistake: an administrator, or a kernel without memory. */
static bool from_outside(int status)
{
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT ||
                                   WTERMSIG(status) == SIGHUP || WTERMSIG(status) == SIGQUIT);
}

/* Its name is needed until the host has opened it, and must not stay behind. */
static void forget_crumb(struct process *process)
{
    if (process->crumb && process->crumb_name[0] != '\0')
        crumb_unlink(process->crumb_name);
    process->crumb_name[0] = '\0';
}

void process_free(struct process *process)
{
    struct ev_loop *loop = process->hosts->loop;

    list_remove(&process->link);
    ev_child_stop(loop, &process->child);
    ev_io_stop(loop, &process->readable);
    ev_io_stop(loop, &process->writable);
    ev_timer_stop(loop, &process->again);
    ev_timer_stop(loop, &process->timer);
    forget_crumb(process);
    chatter_close(&process->chatter);
    if (process->lines)
        lines_free(process->lines);
    ids_free(&process->ids);
    crumb_close(process->crumb);
    free(process);
}

/* What the host was in when it died or stood still: a run, an instance between its runs, or nothing that it would tell. */
static void find_culprit(const struct process *process, struct process_end *end)
{
    uint64_t id;
    void *owner = NULL;

    if (!process->crumb || end->kind == END_OUTSIDE || end->kind == END_START)
        return;
    end->in = crumb_read(process->crumb);
    if (end->in.since != 0 && ids_find(&process->ids, ID_RUN, end->in.run, &id, &owner) == ID_KNOWN)
        end->culprit = owner;
}

static void tell_host(struct process *process)
{
    struct host *host = process->host;
    uint64_t now = clock_moment().elapsed;

    process->host = NULL;
    find_culprit(process, &process->end);
    if (host)
        host_ended(host, &process->end, process->up_since ? now - process->up_since : 0);
}

static void gone(struct process *process)
{
    const int status = process->child.rstatus;
    bool hello = process->up_since != 0;
    char text[64];

    if (!process->killed) {
        process_status_text(status, text, sizeof text);
        process->end.kind = from_outside(status) ? END_OUTSIDE : hello ? END_FAULT : END_START;
        snprintf(process->end.text, sizeof process->end.text, "%s%s", text, hello ? "" : " before it said hello");
    }
    chatter_close(&process->chatter); /* its last words come before the word of its end */
    tell_host(process);
    process_free(process);
}

static void abandon(struct process *process)
{
    process->state = PROCESS_ABANDONED;
    process->hosts->abandoned++;
    chatter_close(&process->chatter);
    lines_free(process->lines);
    process->lines = NULL;
    tell_host(process);
}

static void lives_on(struct process *process)
{
    if (process->killed) {
        abandon(process);
        return;
    }
    process->end.kind = END_FAULT;
    snprintf(process->end.text, sizeof process->end.text, "closed its socket");
    kill_hard(process);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct process *process = timer->data;

    (void)loop, (void)events;
    switch (process->state) {
    case PROCESS_HELLO:
        process_end(process, END_START, "did not say hello in time");
        break;
    case PROCESS_STOPPING:
        kill_hard(process);
        break;
    case PROCESS_DYING:
        lives_on(process);
        break;
    case PROCESS_UP:
    case PROCESS_ABANDONED:
        break;
    }
}

/* ---- pings */

static void abort_it(struct process *process)
{
    process->end.kind = END_BLOCKED;
    snprintf(process->end.text, sizeof process->end.text, "no answer to two pings");
    process->killed = true;
    kill(process->pid, SIGABRT);
    enter_stopping(process);
}

void process_tick(struct process *process, bool late)
{
    chatter_tick(&process->chatter);
    if (process->state != PROCESS_UP)
        return;
    if (late)
        process->answered = process->asked; /* what it sent meanwhile is yet to be read */
    if (process->asked - process->answered >= 2) {
        abort_it(process);
        return;
    }
    process->asked++;
    wire_ping(process);
}

void process_answered(struct process *process, uint64_t sequence)
{
    struct hosts *hosts = process->hosts;

    if (sequence > process->answered)
        process->answered = sequence;
    LIST_EACH(p, &hosts->processes)
    {
        const struct process *other = LINK_OF(p, struct process, link);

        if (other->state == PROCESS_UP && other->answered != other->asked)
            return;
    }
    ev_timer_stop(hosts->loop, &hosts->look);
}

void process_tell_busy(struct process *process)
{
    const struct crumb in = process->crumb ? crumb_read(process->crumb) : (struct crumb){ .since = 0 };
    const uint64_t now = clock_awake();
    char took[32];

    if (process->state != PROCESS_UP || process->answered == process->asked || in.since == 0 || in.since == process->told ||
        now < in.since + process->hosts->times.busy)
        return;
    process->told = in.since;
    snprintf(took, sizeof took, "%llu ms", (unsigned long long)((now - in.since) / NS_PER_MS));
    log_warn("a plugin keeps its host busy in one call: nothing else can run there", "plugin", in.plugin, "check", in.check, "run", in.run, "for", took, NULL);
}

/* ---- its socket */

static void on_line(void *arg, char *line, size_t n)
{
    struct process *process = arg;

    if (process->hosts->wire)
        process->hosts->wire(process->hosts->wire_arg, process->name, false, line, n);
    if (process_speaks(process))
        wire_read(process, line, n);
}

static void heard(struct process *process, enum lines_outcome outcome)
{
    switch (outcome) {
    case LINES_MORE:
        if (lines_pending(process->lines) && process->state < PROCESS_DYING)
            ev_timer_start(process->hosts->loop, &process->again);
        break;
    case LINES_TOO_LONG:
        if (process->state == PROCESS_STOPPING)
            kill_hard(process);
        process_end(process, END_FAULT, "sent a line of more than 4 MiB");
        break;
    case LINES_CLOSED:
    case LINES_BROKEN:
        if (process->state < PROCESS_DYING)
            enter_dying(process);
        break;
    }
}

static void read_lines(struct process *process, size_t most)
{
    heard(process, lines_read(process->lines, most, on_line, process));
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)events;
    read_lines(io->data, LINES_A_TURN);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    read_lines(timer->data, LINES_A_TURN);
}

static void on_child(struct ev_loop *loop, ev_child *child, int events)
{
    struct process *process = child->data;

    (void)events;
    ev_child_stop(loop, child);
    if (process->state == PROCESS_ABANDONED) {
        process->hosts->abandoned--;
        process_free(process);
        return;
    }
    if (process->state < PROCESS_DYING)
        read_lines(process, SIZE_MAX); /* what it said before it died counts */
    gone(process);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)events;
    ev_io_stop(loop, io); /* host_pump() and process_flush() follow before the loop waits */
}

void process_flush(struct process *process)
{
    enum lines_outcome outcome;

    if (process->state >= PROCESS_DYING || lines_queued(process->lines) == 0 || ev_is_active(&process->writable))
        return;
    outcome = lines_flush(process->lines);
    if (outcome != LINES_MORE)
        heard(process, outcome);
    else if (lines_queued(process->lines) > 0)
        ev_io_start(process->hosts->loop, &process->writable);
}

bool process_send(struct process *process, const struct buffer *line)
{
    if (process->hosts->wire && !line->failed)
        process->hosts->wire(process->hosts->wire_arg, process->name, true, line->data, line->len);
    return !line->failed && lines_send(process->lines, line->data, line->len);
}

void process_must_send(struct process *process, const struct buffer *line)
{
    if (process_send(process, line))
        return;
    if (line->failed || process_queued(process) < HOSTS_QUEUE / 2)
        process_end(process, END_OUTSIDE, "ended, since there was no memory to tell it what it must know");
    else
        process_end(process, END_BLOCKED, "does not read what it is sent");
}

size_t process_queued(const struct process *process)
{
    return lines_queued(process->lines);
}

bool process_speaks(const struct process *process)
{
    return process->host && process->state <= PROCESS_UP;
}

void process_up(struct process *process)
{
    process->state = PROCESS_UP;
    process->up_since = clock_moment().elapsed;
    forget_crumb(process);
    ev_timer_stop(process->hosts->loop, &process->timer);
    host_up(process->host);
}

/* ---- its start */

static void close_ends(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* A socket pair and a pipe, none of which a child inherits by accident. */
static bool make_ends(int talk[2], int errors[2], char *why, size_t why_size)
{
    const int *const all[] = { talk, errors };

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, talk) != 0) {
        snprintf(why, why_size, "there is no socket for it: %s", strerror(errno));
        return false;
    }
    if (pipe(errors) != 0) {
        snprintf(why, why_size, "there is no pipe for it: %s", strerror(errno));
        close_ends(talk);
        return false;
    }
    for (int i = 0; i < 4; i++)
        fcntl(all[i / 2][i % 2], F_SETFD, FD_CLOEXEC);
    return true;
}

static struct process *make(struct host *host)
{
    struct process *process = calloc(1, sizeof *process);

    if (!process)
        return NULL;
    process->hosts = host->hosts;
    process->host = host;
    snprintf(process->name, sizeof process->name, "%s", host->name);
    ids_init(&process->ids);
    chatter_init(&process->chatter, host->hosts->loop, process->name);
    ev_init(&process->readable, on_readable);
    ev_init(&process->writable, on_writable);
    ev_init(&process->child, on_child);
    ev_timer_init(&process->again, on_again, 0., 0.);
    ev_timer_init(&process->timer, on_timer, (double)host->hosts->times.answer / 1e9, 0.);
    process->readable.data = process->writable.data = process->again.data = process->timer.data = process->child.data = process;
    process->crumb = crumb_create(process->crumb_name); /* NULL: works without */
    return process;
}

static void unmake(struct process *process)
{
    forget_crumb(process);
    crumb_close(process->crumb);
    free(process);
}

static void watch(struct process *process, int talk, int errors)
{
    struct ev_loop *loop = process->hosts->loop;

    ev_io_set(&process->readable, talk, EV_READ);
    ev_io_set(&process->writable, talk, EV_WRITE);
    ev_io_start(loop, &process->readable);
    ev_child_set(&process->child, process->pid, 0);
    ev_child_start(loop, &process->child);
    ev_timer_start(loop, &process->timer);
    chatter_open(&process->chatter, errors);
    list_add(&process->hosts->processes, &process->link);
}

struct process *process_start(struct host *host, const char *const *argv, char *why, size_t why_size)
{
    struct child_request request = { .argv = argv, .path = host->hosts->child_path, .die_with_parent = 1 };
    struct process *process = make(host);
    int talk[2], errors[2];

    if (!process) {
        snprintf(why, why_size, "there is no memory for it");
        return NULL;
    }
    if (!make_ends(talk, errors, why, why_size)) {
        unmake(process);
        return NULL;
    }
    process->lines = lines_create(talk[0], HOSTS_LINE, HOSTS_QUEUE);
    request.in = request.out = talk[1];
    request.err = errors[1];
    snprintf(why, why_size, "there is no memory for it");
    process->pid = process->lines ? child_start(&request, why, why_size) : -1;
    close(talk[1]);
    close(errors[1]);
    if (process->pid > 0) {
        ev_now_update(host->hosts->loop); /* the hello's time counts from now, however long exec took */
        watch(process, talk[0], errors[0]);
        return process;
    }
    close(errors[0]);
    if (process->lines)
        lines_free(process->lines);
    else
        close(talk[0]);
    unmake(process);
    return NULL;
}
