/* The core's side of its guard: see guarded.h. */
#include "guarded.h"

#include "base/os/pass.h"
#include "base/os/process.h"
#include "guard.h"
#include "last_words.h"
#include "orphans.h"

#include <ev.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    int fd; /* -1: there is no guard */
    ev_io gone;
    ev_child any;
    bool ended;
    void (*call)(void *arg);
    void *arg;
    void (*joined)(void *arg, int socket); /* NULL: nobody waits for one */
    void *joined_arg;
} guard = { .fd = -1 };

bool guarded_begin(void)
{
    const int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int type;
    socklen_t n = sizeof type;

    if (fd < 0 || nothing < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0)
        return false;
    dup2(nothing, STDIN_FILENO);
    close(nothing);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    guard.fd = fd;
    last_words_begin(fd, GUARD_WORDS_FOLLOW "\n");
    return true;
}

static void take_keeper(char byte, int socket)
{
    if (socket < 0)
        return;
    if (byte == GUARD_KEEPER && guard.joined)
        guard.joined(guard.joined_arg, socket);
    else
        close(socket);
}

/* It says one thing, and that when it was asked for it: else what can be read is the end. */
static void on_gone(struct ev_loop *loop, ev_io *io, int events)
{
    char byte;
    int socket;
    ssize_t n = pass_receive(guard.fd, &byte, &socket);

    (void)events;
    if (n > 0)
        take_keeper(byte, socket);
    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    ev_io_stop(loop, io);
    guard.ended = true;
    guard.call(guard.arg);
}

static void on_any_child(struct ev_loop *loop, ev_child *child, int events)
{
    (void)loop, (void)child, (void)events;
    orphans_end_ours();
}

void guarded_watch(struct ev_loop *loop, void (*gone)(void *arg), void *arg)
{
    process_adopt_orphans();
    ev_child_init(&guard.any, on_any_child, 0, 0);
    ev_child_start(loop, &guard.any);
    if (guard.fd < 0)
        return;
    guard.call = gone;
    guard.arg = arg;
    ev_io_init(&guard.gone, on_gone, guard.fd, EV_READ);
    ev_io_start(loop, &guard.gone);
}

void guarded_end(struct ev_loop *loop)
{
    ev_child_stop(loop, &guard.any);
    if (guard.fd >= 0 && guard.call)
        ev_io_stop(loop, &guard.gone);
}

/* A guard that does not read (it is stopped) misses a beat: it hears the next. */
static void say(const char *line)
{
    if (guard.fd >= 0)
        (void)!send(guard.fd, line, strlen(line), MSG_NOSIGNAL);
}

void guarded_beat(void)
{
    say(GUARD_BEAT "\n");
}

void guarded_keep(void (*joined)(void *arg, int socket), void *arg)
{
    guard.joined = joined;
    guard.joined_arg = arg;
    if (joined)
        say(GUARD_KEEP "\n");
}

bool guarded_is_there(void)
{
    return guard.fd >= 0 && !guard.ended;
}

void guarded_ready(void)
{
    say(GUARD_READY "\n");
}

void guarded_tell(uint64_t stall, const char *state_folder)
{
    char line[GUARD_LINE];

    snprintf(line, sizeof line, GUARD_STALL "%" PRIu64 "\n", stall);
    say(line);
    if (snprintf(line, sizeof line, GUARD_FOLDER "%s\n", state_folder) < (int)sizeof line)
        say(line);
}
