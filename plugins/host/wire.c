/* The socket to the core: see wire.h. */
#include "wire.h"

#include "base/os/lines.h"
#include "children.h"
#include "die.h"
#include "owner.h"
#include "turn.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_MOST = 4 << 20,
    QUEUE_MOST = 64 << 20,
    STOP_READING = 1 << 20, /* bytes that wait to be written */
    READ_AGAIN = 1 << 18,
    DROP_LESS = 1 << 19,
    LINES_A_TURN = 256,
};

static struct lines *lines;
static bool is_worker, finishing, muted, reading;
static ev_io readable, writable;
static struct post more; /* whole lines wait in memory: no event will tell */

/* The core is gone, or has gone wrong: nobody is left to answer to. */
static _Noreturn void end_at_once(void)
{
    children_kill_all();
    _exit(0);
}

/* ---- reading */

static void on_line(void *arg, char *text, size_t n)
{
    (void)arg;
    if (finishing)
        return;
    wire_message(text, n);
    owners_settle();
}

static void set_reading(bool wanted)
{
    if (wanted == reading)
        return;
    reading = wanted;
    if (wanted)
        ev_io_start(turn_loop(), &readable);
    else
        ev_io_stop(turn_loop(), &readable);
}

static void read_some(void)
{
    switch (lines_read(lines, LINES_A_TURN, on_line, NULL)) {
    case LINES_MORE:
        break;
    case LINES_TOO_LONG:
        die("a line of more than 4 MiB came from the core: one of both is broken");
    case LINES_CLOSED:
    case LINES_BROKEN:
        end_at_once();
    }
}

static void read_on(struct post *post)
{
    (void)post;
    if (reading && !finishing)
        read_some();
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)io, (void)events;
    read_some();
}

/* ---- writing */

void wire_flush(void)
{
    enum lines_outcome outcome;
    size_t queued;

    if (!lines)
        return;
    outcome = lines_queued(lines) > 0 ? lines_flush(lines) : LINES_MORE;
    if (outcome != LINES_MORE)
        end_at_once();
    queued = lines_queued(lines);
    if (queued > 0)
        ev_io_start(turn_loop(), &writable);
    else
        ev_io_stop(turn_loop(), &writable);
    if (queued == 0 && finishing)
        turn_stop();
    if (queued > STOP_READING || finishing)
        set_reading(false);
    else if (queued < READ_AGAIN)
        set_reading(true);
    if (reading && lines_pending(lines))
        turn_post(&more, read_on);
}

/* The turn's end flushes: it is enough to have woken up. */
static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)io, (void)events;
}

void wire_send(const struct buffer *line)
{
    if (muted)
        return;
    if (line->failed || !lines_send(lines, line->data, line->len))
        die("the core does not read what this host says: %zu bytes wait", lines_queued(lines));
    if (is_worker)
        lines_flush(lines); /* its turn may never end */
}

void wire_send_less(const struct buffer *line)
{
    if (lines_queued(lines) < DROP_LESS)
        wire_send(line);
}

void wire_last_word(const char *text)
{
    struct buffer line = buffer_make(4096);

    if (!lines)
        return;
    buffer_printf(&line, "{\"type\":\"log\",\"level\":\"error\",\"name\":\"talon-host\",\"text\":");
    wire_add_json(&line, text);
    buffer_text(&line, "}");
    if (!line.failed && lines_send(lines, line.data, line.len))
        lines_flush(lines);
    buffer_free(&line);
}

void wire_finish(void)
{
    finishing = true;
}

void wire_mute(void)
{
    muted = true;
}

/* ---- life */

bool wire_is_worker(void)
{
    return is_worker;
}

bool wire_open(int fd, bool worker)
{
    lines = lines_create(fd, LINE_MOST, QUEUE_MOST);
    if (!lines)
        return false;
    is_worker = worker;
    ev_io_init(&readable, on_readable, lines_fd(lines), EV_READ);
    ev_io_init(&writable, on_writable, lines_fd(lines), EV_WRITE);
    set_reading(true);
    return true;
}

void wire_close(void)
{
    set_reading(false);
    ev_io_stop(turn_loop(), &writable);
    turn_unpost(&more);
    lines_free(lines);
    lines = NULL;
    wire_out_free();
    wire_done_free();
}
