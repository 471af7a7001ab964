/* What a host says beside its answers: see chatter.h. Reading never stops, so that a host is not held up by what it prints. */
#include "hosts/chatter.h"

#include "base/buffer.h"
#include "base/moment.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINES = 100, READS = 16 };

static const uint64_t window = UINT64_C(10) * NS_PER_S;

/* ---- the bound */

static void tell_dropped(struct chatter *chatter, struct chatter_quota *quota, const char *what)
{
    char n[32];

    if (quota->dropped == 0)
        return;
    snprintf(n, sizeof n, "%llu", (unsigned long long)quota->dropped);
    quota->dropped = 0;
    log_warn("too many lines from a plugin: the rest was dropped", "plugin", chatter->name, "from", what, "dropped", n, NULL);
}

static bool may_log(struct chatter *chatter, struct chatter_quota *quota, const char *what)
{
    uint64_t now = clock_awake();

    if (quota->n == 0 || now - quota->begun >= window) {
        tell_dropped(chatter, quota, what);
        quota->begun = now;
        quota->n = 0;
    }
    if (quota->n == LINES) {
        quota->dropped++;
        return false;
    }
    quota->n++;
    return true;
}

void chatter_tick(struct chatter *chatter)
{
    uint64_t now = clock_awake();

    if (now - chatter->errors.begun >= window)
        tell_dropped(chatter, &chatter->errors, "stderr");
    if (now - chatter->logs.begun >= window)
        tell_dropped(chatter, &chatter->logs, "log");
}

/* ---- standard error */

static void say_line(struct chatter *chatter, const char *line, size_t n)
{
    struct buffer clean = buffer_make(4 * CHATTER_LINE);

    if (n == 0 || !may_log(chatter, &chatter->errors, "stderr"))
        return;
    text_clean(&clean, line, n, 0);
    log_warn(buffer_string(&clean), "plugin", chatter->name, "from", "stderr", NULL);
    buffer_free(&clean);
}

static void take_bytes(struct chatter *chatter, const char *bytes, size_t n)
{
    while (n > 0) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end ? (size_t)(end - bytes) : n, room = sizeof chatter->line - chatter->n;
        bool whole = end && part <= room;

        if (part > room)
            part = room;
        memcpy(chatter->line + chatter->n, bytes, part);
        chatter->n += part;
        bytes += part + whole;
        n -= part + whole;
        if (whole || chatter->n == sizeof chatter->line) {
            say_line(chatter, chatter->line, chatter->n);
            chatter->n = 0;
        }
    }
}

static void stop_reading(struct chatter *chatter)
{
    if (chatter->fd < 0)
        return;
    ev_io_stop(chatter->loop, &chatter->readable);
    close(chatter->fd);
    chatter->fd = -1;
    say_line(chatter, chatter->line, chatter->n);
    chatter->n = 0;
}

void chatter_read(struct chatter *chatter)
{
    char bytes[16384];

    for (int i = 0; i < READS && chatter->fd >= 0; i++) {
        ssize_t got = read(chatter->fd, bytes, sizeof bytes);

        if (got > 0) {
            take_bytes(chatter, bytes, (size_t)got);
            continue;
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || errno != EAGAIN)
            stop_reading(chatter);
        return;
    }
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)events;
    chatter_read(io->data);
}

void chatter_init(struct chatter *chatter, struct ev_loop *loop, const char *name)
{
    *chatter = (struct chatter){ .loop = loop, .name = name, .fd = -1 };
    ev_init(&chatter->readable, on_readable);
    chatter->readable.data = chatter;
}

void chatter_open(struct chatter *chatter, int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    chatter->fd = fd;
    ev_io_set(&chatter->readable, fd, EV_READ);
    ev_io_start(chatter->loop, &chatter->readable);
}

void chatter_close(struct chatter *chatter)
{
    chatter_read(chatter);
    stop_reading(chatter);
    tell_dropped(chatter, &chatter->errors, "stderr");
    tell_dropped(chatter, &chatter->logs, "log");
}

/* ---- log messages */

void chatter_log(struct chatter *chatter, const char *level, const char *text, const char *who)
{
    struct buffer clean = buffer_make(4 * CHATTER_LINE);
    void (*say)(const char *, ...) = log_info;

    if (!may_log(chatter, &chatter->logs, "log"))
        return;
    if (strcmp(level, "debug") == 0)
        say = log_debug;
    else if (strcmp(level, "warning") == 0)
        say = log_warn;
    else if (strcmp(level, "error") == 0)
        say = log_error;
    text_clean(&clean, text, strlen(text), CHATTER_LINE);
    if (who)
        say(buffer_string(&clean), "plugin", chatter->name, "check", who, NULL);
    else
        say(buffer_string(&clean), "plugin", chatter->name, NULL);
    buffer_free(&clean);
}
