/*
 * One HTTP request to an address of this host: see call.h. Connect, send, read the status line; of the answer nothing else is wanted, so the connection is closed
 * then. Each step is a function; one timer bounds them all.
 */
#include "programs/call.h"

#include "base/buffer.h"
#include "base/scalar.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL /* older macOS: the core ignores SIGPIPE */
#define MSG_NOSIGNAL 0
#endif

enum { STATUS_LINE = 256, WHY = 300 };

struct call {
    struct ev_loop *loop;
    uint64_t timeout;
    call_fn *done;
    void *arg;
    int fd;           /* -1: it could not be had */
    bool connected;
    ev_io io;
    ev_timer deadline; /* also the turn in which a failure at the start is told */
    struct buffer request;
    size_t sent;
    char line[STATUS_LINE + 1], why[WHY]; /* why "": it took too long */
    size_t n;
};

static void call_free(struct call *call)
{
    ev_io_stop(call->loop, &call->io);
    ev_timer_stop(call->loop, &call->deadline);
    if (call->fd >= 0)
        close(call->fd);
    buffer_free(&call->request);
    free(call);
}

void call_stop(struct call *call)
{
    if (call)
        call_free(call);
}

static void finish(struct call *call, const char *why)
{
    call_fn *done = call->done;
    void *arg = call->arg;
    char said[WHY];

    snprintf(said, sizeof said, "%s", why ? why : "");
    call_free(call);
    done(arg, why ? said : NULL);
}

static void fail(struct call *call, const char *what, int error)
{
    snprintf(call->why, sizeof call->why, "%s: %s", what, strerror(error));
    finish(call, call->why);
}

/* ---- the answer */

static void judge(struct call *call)
{
    int status;

    call->line[call->n] = '\0';
    if (sscanf(call->line, "HTTP/%*d.%*d %3d", &status) != 1) {
        finish(call, "the answer is not HTTP");
        return;
    }
    snprintf(call->why, sizeof call->why, "answered %d", status);
    finish(call, status >= 200 && status < 300 ? NULL : call->why);
}

static void hear(struct call *call)
{
    const ssize_t n = recv(call->fd, call->line + call->n, STATUS_LINE - call->n, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        fail(call, "the answer was cut off", errno);
        return;
    }
    call->n += (size_t)n;
    if (n == 0 && call->n == 0)
        finish(call, "the connection was closed without an answer");
    else if (n == 0 || call->n == STATUS_LINE || memchr(call->line, '\n', call->n))
        judge(call);
}

/* ---- the request */

static void say(struct call *call)
{
    const ssize_t n = send(call->fd, call->request.data + call->sent, call->request.len - call->sent, MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        fail(call, "the request was not taken", errno);
        return;
    }
    call->sent += (size_t)n;
    if (call->sent < call->request.len)
        return;
    ev_io_stop(call->loop, &call->io);
    ev_io_set(&call->io, call->fd, EV_READ);
    ev_io_start(call->loop, &call->io);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct call *call = io->data;
    int error = 0;
    socklen_t n = sizeof error;

    (void)loop;
    if (!call->connected) {
        getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        if (error != 0) {
            fail(call, "cannot connect", error);
            return;
        }
        call->connected = true;
    }
    if (events & EV_WRITE)
        say(call);
    else
        hear(call);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct call *call = timer->data;
    char text[64];

    (void)loop, (void)events;
    if (!call->why[0]) {
        scalar_show_duration(call->timeout, text, sizeof text);
        snprintf(call->why, sizeof call->why, "no answer within %s", text);
    }
    finish(call, call->why);
}

/* ---- starting */

static int connect_to(int fd, const struct sockaddr *address, socklen_t n)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return connect(fd, address, n) != 0 && errno != EINPROGRESS ? errno : 0;
}

static int open_connection(struct call *call, const struct model_program *program)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(program->call_port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(program->call_port) };
    const bool is_six = inet_pton(AF_INET6, program->call_address, &six.sin6_addr) == 1;

    inet_pton(AF_INET, program->call_address, &four.sin_addr);
    call->fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (call->fd < 0)
        return errno;
    return is_six ? connect_to(call->fd, (const struct sockaddr *)&six, sizeof six) : connect_to(call->fd, (const struct sockaddr *)&four, sizeof four);
}

struct call *call_start(struct ev_loop *loop, const struct model_program *program, call_fn *done, void *arg)
{
    struct call *call = calloc(1, sizeof *call);
    int error;

    if (!call)
        return NULL;
    *call = (struct call){ .loop = loop, .timeout = program->call_timeout, .done = done, .arg = arg, .fd = -1, .request = buffer_make(0) };
    buffer_printf(&call->request, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", program->call_method, program->call_target, program->call_host);
    error = call->request.failed ? ENOMEM : open_connection(call, program);
    ev_timer_init(&call->deadline, on_deadline, (double)program->call_timeout / 1e9, 0.);
    ev_init(&call->io, on_ready);
    call->deadline.data = call->io.data = call;
    if (error != 0) {
        snprintf(call->why, sizeof call->why, "cannot connect: %s", strerror(error));
        ev_timer_set(&call->deadline, 0., 0.);
    } else {
        ev_io_set(&call->io, call->fd, EV_WRITE);
        ev_io_start(loop, &call->io);
    }
    ev_timer_start(loop, &call->deadline);
    return call;
}
