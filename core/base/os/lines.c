/*
 * JSON lines over one socket: see lines.h. What was read lies in one block in which lines are handed out in place; what is to be written lies
 * in another, so that neither side ever waits for the other.
 */
#include "base/os/lines.h"

#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL /* older macOS: SO_NOSIGPIPE does the same for the socket */
#define MSG_NOSIGNAL 0
#endif

enum { KEPT_ROOM = 65536, READ_AT_LEAST = 1024 };

/* Bytes from start to end in a block of `room`. */
struct block {
    char *bytes;
    size_t start, end, room;
};

struct lines {
    int fd;
    size_t max_line, max_queue;
    struct block in, out;
    size_t searched; /* in.bytes up to here hold no newline */
    bool reading, freed;
};

/* ---- the block */

/* Room for n bytes behind end, by moving what is there to the front or growing, but never beyond `most`. False: no memory, or no such room. */
static bool make_room(struct block *block, size_t n, size_t most)
{
    const size_t used = block->end - block->start;
    size_t room = block->room;
    char *grown;

    if (used > most || n > most - used)
        return false;
    if (block->room - block->end >= n)
        return true;
    if (block->start > 0) {
        memmove(block->bytes, block->bytes + block->start, used);
        block->end = used;
        block->start = 0;
    }
    if (block->room - block->end >= n)
        return true;
    while (room < used + n)
        room = room > most / 2 ? most : room * 2;
    grown = shortage_resize(block->bytes, room);
    if (!grown) {
        shortage_note();
        return false;
    }
    block->bytes = grown;
    block->room = room;
    return true;
}

/* An empty block starts anew; one that a single long line has made large gives that back, but keeps what it began with: there may be no memory to begin
 * with the next time. */
static void rest(struct block *block)
{
    char *less;

    if (block->start < block->end)
        return;
    block->start = block->end = 0;
    if (block->room <= KEPT_ROOM)
        return;
    less = realloc(block->bytes, KEPT_ROOM);
    if (!less)
        return;
    block->bytes = less;
    block->room = KEPT_ROOM;
}

/* Most lines need no more than this, ever; what is not touched costs nothing. */
static bool begin(struct block *block)
{
    block->bytes = shortage_resize(NULL, KEPT_ROOM);
    block->room = block->bytes ? KEPT_ROOM : 0;
    return block->bytes != NULL;
}

/* ---- the object */

struct lines *lines_create(int fd, size_t max_line, size_t max_queue)
{
    struct lines *lines = calloc(1, sizeof *lines);
#ifdef SO_NOSIGPIPE
    int on = 1;
#endif

    if (!lines)
        return NULL;
    if (!begin(&lines->in) || !begin(&lines->out)) {
        free(lines->in.bytes);
        free(lines);
        return NULL;
    }
    lines->fd = fd;
    lines->max_line = max_line < SIZE_MAX / 4 ? max_line : SIZE_MAX / 4;
    lines->max_queue = max_queue;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return lines;
}

void lines_free(struct lines *lines)
{
    if (!lines)
        return;
    if (lines->fd >= 0)
        close(lines->fd);
    lines->fd = -1;
    if (lines->reading) { /* from within the callback, which still looks at its line */
        lines->freed = true;
        return;
    }
    free(lines->in.bytes);
    free(lines->out.bytes);
    free(lines);
}

int lines_fd(const struct lines *lines)
{
    return lines->fd;
}

/* ---- reading */

bool lines_pending(const struct lines *lines)
{
    const size_t from = lines->searched > lines->in.start ? lines->searched : lines->in.start;

    return from < lines->in.end && memchr(lines->in.bytes + from, '\n', lines->in.end - from);
}

/* The next whole line in memory, its newline replaced by a NUL; NULL: there is none yet. */
static char *take_line(struct lines *lines, size_t *n)
{
    struct block *in = &lines->in;
    const size_t from = lines->searched > in->start ? lines->searched : in->start;
    char *newline = from < in->end ? memchr(in->bytes + from, '\n', in->end - from) : NULL;
    char *line;

    if (!newline) {
        lines->searched = in->end;
        return NULL;
    }
    line = in->bytes + in->start;
    *newline = '\0';
    *n = (size_t)(newline - line);
    in->start = lines->searched = (size_t)(newline + 1 - in->bytes);
    return line;
}

/* Reads once into the block. LINES_MORE with *got 0: nothing there now. */
static enum lines_outcome fill(struct lines *lines, size_t *got)
{
    struct block *in = &lines->in;
    const size_t used = in->end - in->start, most = lines->max_line + 1 + READ_AT_LEAST;
    const size_t shift = in->start;
    bool made;
    ssize_t n;

    *got = 0;
    if (used > lines->max_line)
        return LINES_TOO_LONG;
    made = make_room(in, READ_AT_LEAST, most);
    lines->searched -= shift - in->start;
    if (!made) {
        errno = ENOMEM;
        return LINES_BROKEN;
    }
    do {
        n = read(lines->fd, in->bytes + in->end, in->room - in->end);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? LINES_MORE : errno == ECONNRESET ? LINES_CLOSED : LINES_BROKEN;
    if (n == 0)
        return LINES_CLOSED;
    in->end += (size_t)n;
    *got = (size_t)n;
    return LINES_MORE;
}

/* Hands out up to `most` lines; returns false when the callback has freed the object. */
static bool hand_out(struct lines *lines, size_t *most, bool *too_long, void (*line)(void *, char *, size_t), void *arg)
{
    char *text;
    size_t n;

    while (*most > 0 && (text = take_line(lines, &n))) {
        *too_long = n > lines->max_line;
        if (*too_long)
            return true;
        (*most)--;
        lines->reading = true;
        line(arg, text, n);
        lines->reading = false;
        if (lines->freed) {
            lines_free(lines);
            return false;
        }
    }
    return true;
}

enum lines_outcome lines_read(struct lines *lines, size_t most, void (*line)(void *arg, char *text, size_t n), void *arg)
{
    for (;;) {
        enum lines_outcome outcome;
        bool too_long = false;
        size_t got;

        if (!hand_out(lines, &most, &too_long, line, arg))
            return LINES_MORE;
        if (too_long)
            return LINES_TOO_LONG;
        if (most == 0)
            return LINES_MORE;
        outcome = fill(lines, &got);
        if (got > 0)
            continue;
        if (outcome == LINES_MORE && lines->in.start == lines->in.end) {
            lines->searched = 0;
            rest(&lines->in);
        }
        return outcome;
    }
}

/* ---- writing */

bool lines_send(struct lines *lines, const char *text, size_t n)
{
    struct block *out = &lines->out;

    if (n >= lines->max_queue || !make_room(out, n + 1, lines->max_queue))
        return false;
    if (n > 0)
        memcpy(out->bytes + out->end, text, n);
    out->bytes[out->end + n] = '\n';
    out->end += n + 1;
    return true;
}

enum lines_outcome lines_flush(struct lines *lines)
{
    struct block *out = &lines->out;

    while (out->start < out->end) {
        const ssize_t n = send(lines->fd, out->bytes + out->start, out->end - out->start, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            return LINES_MORE;
        if (n < 0)
            return errno == EPIPE || errno == ECONNRESET ? LINES_CLOSED : LINES_BROKEN;
        out->start += (size_t)n;
    }
    rest(out);
    return LINES_MORE;
}

size_t lines_queued(const struct lines *lines)
{
    return lines->out.end - lines->out.start;
}
