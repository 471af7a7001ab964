/*
 * A command beside a program: see task.h. Its output is read until its process has ended, not until the output has: what it leaves behind may hold that open.
 */
#include "programs/task.h"

#include "base/os/child.h"
#include "base/scalar.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WHY = 512 };

struct task {
    struct ev_loop *loop;
    task_fn *done;
    void *arg;
    pid_t pid; /* 0: it was not started, or is over */
    int fd;    /* its output; -1: none */
    bool late;
    uint64_t timeout;
    ev_io readable;
    ev_timer deadline; /* also the turn in which a failed start is told */
    ev_child over;
    char why[WHY], output[TASK_OUTPUT + 1];
    size_t n;
};

static void close_output(struct task *task)
{
    ev_io_stop(task->loop, &task->readable);
    if (task->fd >= 0)
        close(task->fd);
    task->fd = -1;
}

static void task_free(struct task *task)
{
    close_output(task);
    ev_timer_stop(task->loop, &task->deadline);
    ev_child_stop(task->loop, &task->over);
    free(task);
}

void task_stop(struct task *task)
{
    if (!task)
        return;
    if (task->pid > 0)
        kill(-task->pid, SIGKILL);
    task_free(task);
}

static void finish(struct task *task, struct task_end *end)
{
    task_fn *done = task->done;
    void *arg = task->arg;

    while (task->n > 0 && (task->output[task->n - 1] == '\n' || task->output[task->n - 1] == ' '))
        task->n--;
    task->output[task->n] = '\0';
    end->output = task->output;
    done(arg, end); /* it may have stopped others, never this one: it is no longer named by anybody */
    task_free(task);
}

/* The end is kept, what is older makes room. */
static void keep(struct task *task, const char *bytes, size_t n)
{
    if (n >= TASK_OUTPUT) {
        memcpy(task->output, bytes + n - TASK_OUTPUT, TASK_OUTPUT);
        task->n = TASK_OUTPUT;
        return;
    }
    if (task->n + n > TASK_OUTPUT) {
        memmove(task->output, task->output + (task->n + n - TASK_OUTPUT), TASK_OUTPUT - n);
        task->n = TASK_OUTPUT - n;
    }
    memcpy(task->output + task->n, bytes, n);
    task->n += n;
}

/* Some at a time: who prints without end must not keep us here. */
static void read_some(struct task *task)
{
    char bytes[TASK_OUTPUT];
    ssize_t n = 1;

    for (int i = 0; i < 16 && n > 0; i++) {
        n = read(task->fd, bytes, sizeof bytes);
        if (n > 0)
            keep(task, bytes, (size_t)n);
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_output(task);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)events;
    read_some(io->data);
}

static void on_over(struct ev_loop *loop, ev_child *child, int events)
{
    struct task *task = child->data;
    const int status = child->rstatus;
    struct task_end end = { .exited = WIFEXITED(status) && !task->late, .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0, .why = task->why };

    (void)loop, (void)events;
    kill(-task->pid, SIGKILL);
    task->pid = 0;
    if (task->fd >= 0)
        read_some(task);
    if (!task->late && WIFSIGNALED(status))
        snprintf(task->why, sizeof task->why, "signal %d (%.60s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (!task->late)
        snprintf(task->why, sizeof task->why, "exit code %d", end.code);
    finish(task, &end);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct task *task = timer->data;
    struct task_end end = { .why = task->why };
    char text[64];

    (void)loop, (void)events;
    if (task->pid == 0) { /* it could not be started */
        finish(task, &end);
        return;
    }
    scalar_show_duration(task->timeout, text, sizeof text);
    snprintf(task->why, sizeof task->why, "did not end within %s", text);
    task->late = true;
    kill(-task->pid, SIGKILL); /* its end follows */
}

/* ---- starting */

struct ends {
    int in[2], out[2]; /* pipes: what it is told, what it says */
};

static void close_all(const struct ends *ends)
{
    const int fds[4] = { ends->in[0], ends->in[1], ends->out[0], ends->out[1] };

    for (int i = 0; i < 4; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool open_pipe(int fds[2])
{
    if (pipe(fds) != 0) {
        fds[0] = fds[1] = -1;
        return false;
    }
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    return true;
}

/* So little fits into a pipe that nobody reads yet. */
static bool open_ends(struct ends *ends, const char *input)
{
    *ends = (struct ends){ { -1, -1 }, { -1, -1 } };
    if (!open_pipe(ends->out) || (input && !open_pipe(ends->in)))
        return false;
    if (input) {
        fcntl(ends->in[1], F_SETFL, O_NONBLOCK);
        (void)!write(ends->in[1], input, strnlen(input, TASK_INPUT));
    }
    return true;
}

static void watch(struct task *task, struct ends *ends)
{
    task->fd = ends->out[0];
    ends->out[0] = -1;
    fcntl(task->fd, F_SETFL, O_NONBLOCK);
    ev_io_set(&task->readable, task->fd, EV_READ);
    ev_io_start(task->loop, &task->readable);
    ev_child_set(&task->over, task->pid, 0);
    ev_child_start(task->loop, &task->over);
}

struct task *task_start(struct ev_loop *loop, const struct task_request *request, task_fn *done, void *arg)
{
    struct task *task = calloc(1, sizeof *task);
    struct child_request child = { .argv = request->argv, .env = request->env, .folder = request->folder, .path = request->path, .die_with_parent = 1 };
    struct ends ends;

    if (!task)
        return NULL;
    *task = (struct task){ .loop = loop, .done = done, .arg = arg, .fd = -1, .timeout = request->timeout };
    ev_init(&task->readable, on_readable);
    ev_init(&task->over, on_over);
    ev_timer_init(&task->deadline, on_deadline, (double)request->timeout / 1e9, 0.);
    task->readable.data = task->over.data = task->deadline.data = task;
    if (open_ends(&ends, request->input)) {
        child.in = ends.in[0];
        child.out = child.err = ends.out[1];
        task->pid = child_start(&child, task->why, sizeof task->why);
    } else {
        snprintf(task->why, sizeof task->why, "no descriptor left");
    }
    if (task->pid > 0) {
        watch(task, &ends);
    } else {
        task->pid = 0;
        ev_timer_set(&task->deadline, 0., 0.);
    }
    close_all(&ends);
    ev_timer_start(loop, &task->deadline);
    return task;
}
