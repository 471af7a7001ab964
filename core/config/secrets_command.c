/*
 * Runs the command of a secret: its output read with a bound until it has ended, at most 30 s, then its whole process group is killed. What it
 * leaves behind (a daemon of its own, say) may hold the output open: that is not waited for. libev waits for every process of its default loop, also
 * for those that nobody asks after any more, so nothing here ever blocks for one.
 */
#include "config/secrets_private.h"

#include "base/os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

double secrets_timeout_s = 30.;
static const char too_much[] = "its command printed more than 64 KiB";

struct command {
    struct ev_loop *loop;
    const struct model_secret *secret;
    command_fn *done;
    void *arg;
    pid_t pid; /* 0: it is over */
    int fd;    /* its output; -1: read to the end */
    ev_io readable;
    ev_timer deadline;
    ev_child over;
    char *bytes;
    size_t n;
};

static void command_free(struct command *command)
{
    ev_io_stop(command->loop, &command->readable);
    ev_timer_stop(command->loop, &command->deadline);
    ev_child_stop(command->loop, &command->over);
    if (command->fd >= 0)
        close(command->fd);
    if (command->bytes) {
        secrets_wipe(command->bytes, SECRETS_ROOM);
        free(command->bytes);
    }
    free(command);
}

static void end_process(struct command *command)
{
    if (command->pid > 0)
        kill(-command->pid, SIGKILL);
    command->pid = 0;
}

void command_stop(struct command *command)
{
    if (!command)
        return;
    end_process(command);
    command_free(command);
}

static void finish(struct command *command, const char *why)
{
    command_fn *done = command->done;
    void *arg = command->arg;
    char *bytes = command->bytes;
    size_t n = command->n;
    char sentence[SECRETS_WHY];

    end_process(command);
    command->bytes = NULL;
    if (why)
        snprintf(sentence, sizeof sentence, "secret %s: %s", command->secret->name, why);
    command_free(command);
    done(arg, why ? NULL : bytes, n, why ? sentence : NULL);
    secrets_wipe(bytes, SECRETS_ROOM);
    free(bytes);
}

static void judge_end(struct command *command, int status)
{
    char why[100];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        finish(command, NULL);
        return;
    }
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "its command was ended by signal %d", WTERMSIG(status));
    else
        snprintf(why, sizeof why, "its command failed with exit code %d", WEXITSTATUS(status));
    finish(command, why);
}

/* 1: there may be more. 0: that was all, for now. -1: it cannot be read. */
static int read_some(struct command *command, bool *end)
{
    const ssize_t got = read(command->fd, command->bytes + command->n, SECRETS_ROOM - 1 - command->n);

    *end = got == 0;
    if (got < 0)
        return errno == EAGAIN ? 0 : errno == EINTR ? 1 : -1;
    command->n += (size_t)got;
    return got > 0 && command->n < SECRETS_ROOM - 1;
}

static void on_over(struct ev_loop *loop, ev_child *child, int events)
{
    struct command *command = child->data;
    bool end;

    (void)loop, (void)events;
    end_process(command); /* what it left behind */
    while (command->fd >= 0 && read_some(command, &end) > 0)
        ;
    if (command->n == SECRETS_ROOM - 1)
        finish(command, too_much);
    else
        judge_end(command, child->rstatus);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    finish(timer->data, "its command did not end within 30 s");
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct command *command = io->data;
    bool end;
    const int more = read_some(command, &end);

    (void)events;
    if (more < 0) {
        finish(command, "the output of its command cannot be read");
    } else if (command->n == SECRETS_ROOM - 1) {
        finish(command, too_much);
    } else if (end) {
        ev_io_stop(loop, io);
        close(command->fd);
        command->fd = -1;
    }
}

static bool start(struct command *command, const char *path, char *why)
{
    struct child_request request = { .argv = command->secret->command, .path = path, .in = -1, .err = -1, .die_with_parent = 1 };
    int ends[2];
    char sentence[SECRETS_WHY - 100];

    if (pipe(ends) != 0) {
        snprintf(why, SECRETS_WHY, "secret %s: its command cannot be started: %s", command->secret->name, strerror(errno));
        return false;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    request.out = ends[1];
    command->fd = ends[0];
    command->pid = child_start(&request, sentence, sizeof sentence);
    close(ends[1]);
    if (command->pid > 0)
        return true;
    snprintf(why, SECRETS_WHY, "secret %s: its command cannot be started: %s", command->secret->name, sentence);
    return false;
}

struct command *command_start(struct ev_loop *loop, const struct model_secret *secret, const char *path, command_fn *done, void *arg, char why[SECRETS_WHY])
{
    struct command *command = calloc(1, sizeof *command);

    if (!command || !(command->bytes = malloc(SECRETS_ROOM))) {
        snprintf(why, SECRETS_WHY, "secret %s: there is no memory", secret->name);
        free(command);
        return NULL;
    }
    command->loop = loop;
    command->secret = secret;
    command->done = done;
    command->arg = arg;
    command->fd = -1;
    ev_init(&command->readable, on_readable);
    ev_timer_init(&command->deadline, on_deadline, secrets_timeout_s, 0.);
    ev_init(&command->over, on_over);
    command->readable.data = command->deadline.data = command->over.data = command;
    if (!start(command, path, why)) {
        command_free(command);
        return NULL;
    }
    ev_io_set(&command->readable, command->fd, EV_READ);
    ev_io_start(loop, &command->readable);
    ev_child_set(&command->over, command->pid, 0);
    ev_child_start(loop, &command->over);
    ev_timer_start(loop, &command->deadline);
    return command;
}
