/* What is said on a connection that is up: input is offered to the plugin as it comes, output waits in a bounded queue until the peer takes it. */
#include "link.h"
#include "modules_load.h"
#include "op_connect.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 16384, PIECES = 8 }; /* read at once; and one after the other before others have their turn */

enum moved { MOVED, MOVED_NOTHING, MOVED_END, MOVED_BAD };

/* ---- the descriptor, plain or with TLS */

static enum moved from_tls(struct link *link, enum tls_outcome outcome, size_t n)
{
    switch (outcome) {
    case TLS_DONE:
        return n > 0 ? MOVED : MOVED_NOTHING;
    case TLS_WANTS_WRITE:
        link->wants_write = true;
        return MOVED_NOTHING;
    case TLS_WANTS_READ:
        return MOVED_NOTHING;
    case TLS_CLOSED:
        return MOVED_END;
    case TLS_FAILED:
        break;
    }
    link_tls_trouble(link);
    return MOVED_BAD;
}

static enum moved from_system(struct link *link, ssize_t n)
{
    if (n > 0)
        return MOVED;
    if (n == 0)
        return MOVED_END;
    if (errno == EAGAIN || errno == EINTR)
        return MOVED_NOTHING;
    trouble_io(&link->trouble, errno);
    return MOVED_BAD;
}

static enum moved read_bytes(struct link *link, char *bytes, size_t room, size_t *got)
{
    const char *why;
    enum tls_outcome outcome;
    ssize_t n;

    *got = 0;
    if (link->session) {
        outcome = modules_tls(&why)->read(link->session, bytes, room, got); /* before *got is looked at */
        return from_tls(link, outcome, *got);
    }
    n = read(link->fd, bytes, room);
    *got = n > 0 ? (size_t)n : 0;
    return from_system(link, n);
}

static enum moved write_bytes(struct link *link, size_t *sent)
{
    const char *why;
    enum tls_outcome outcome;
    ssize_t n;

    *sent = 0;
    if (link->session) {
        outcome = modules_tls(&why)->write(link->session, link->out.data, link->out.len, sent);
        return from_tls(link, outcome, *sent);
    }
    n = write(link->fd, link->out.data, link->out.len);
    *sent = n > 0 ? (size_t)n : 0;
    return n == 0 ? MOVED_NOTHING : from_system(link, n);
}

/* ---- input */

static void offer(struct link *link, bool last)
{
    struct owner *owner = link->op.owner;
    size_t used;

    if (!link->data)
        return;
    used = link->data(&owner->face, link->op.arg, buffer_string(&link->in), link->in.len, last);
    if (!link->op.over)
        buffer_consume(&link->in, used < link->in.len ? used : link->in.len);
}

/* Nothing more can be offered, and there is more. */
static void too_big(struct link *link)
{
    trouble_set(&link->trouble, TALON_E_TOO_BIG, 0, "too_big", "it said more than %zu bytes that were of no use", link->max_input);
    link_over(link);
}

static void take(struct link *link, const char *bytes, size_t n)
{
    if (!link->data)
        return;
    if (link->in.len >= link->max_input) {
        too_big(link);
        return;
    }
    buffer_add(&link->in, bytes, n);
    offer(link, false);
}

static void peer_closed(struct link *link)
{
    offer(link, true);
    if (link->op.over)
        return;
    trouble_set(&link->trouble, TALON_E_CLOSED, 0, "connect.closed", "the peer closed the connection");
    link_over(link);
}

/* What may be read now: never more than can be offered. With a full buffer one byte is enough to know. */
static size_t room_for(const struct link *link)
{
    const size_t left = link->in.len < link->max_input ? link->max_input - link->in.len : 1;

    return link->data && left < PIECE ? left : PIECE;
}

static void read_input(struct link *link)
{
    static char bytes[PIECE];
    enum moved moved = MOVED;
    size_t n;

    for (int i = 0; i < PIECES && moved == MOVED && !link->op.over && link->stage == LINK_UP; i++) {
        moved = read_bytes(link, bytes, room_for(link), &n);
        if (moved == MOVED)
            take(link, bytes, n);
        else if (moved == MOVED_END)
            peer_closed(link);
        else if (moved == MOVED_BAD)
            link_over(link);
    }
    if (moved == MOVED && !link->op.over && link->stage == LINK_UP && link->session)
        ev_feed_event(turn_loop(), &link->io, EV_READ); /* what TLS holds decrypted makes no event */
}

/* ---- output */

/* What goes at once, goes. False: it is broken, and trouble says how. */
static bool write_output(struct link *link)
{
    enum moved moved = MOVED;
    size_t n;

    while (moved == MOVED && link->out.len > 0) {
        moved = write_bytes(link, &n);
        buffer_consume(&link->out, n);
    }
    return moved == MOVED || moved == MOVED_NOTHING;
}

void op_send(struct owner *owner, talon_op id, const void *bytes, size_t n)
{
    struct op *op = op_find(owner, id);
    struct link *link;

    if (!op || op->kind != &link_kind || link_of(op)->stage == LINK_ENDING)
        return;
    link = link_of(op);
    buffer_add(&link->out, bytes, n);
    if (link->out.failed) {
        trouble_set(&link->trouble, TALON_E_LOCAL, 0, "local", "more than %d bytes wait to be sent", LINK_OUTPUT);
        link_over_soon(link);
    } else if (link->stage == LINK_UP) {
        link->broken = !write_output(link); /* told when it is read: what the peer has said before it closed comes first */
        link_io_watch(link);
    }
}

/* ---- both */

void link_io_watch(struct link *link)
{
    int wanted = EV_READ;

    if (link->stage == LINK_CONNECTING)
        wanted = EV_WRITE;
    else if (link->wants_write || (link->stage == LINK_UP && link->out.len > 0 && !link->broken))
        wanted = EV_READ | EV_WRITE;
    if (link->stage == LINK_LOADING) {
        ev_io_stop(turn_loop(), &link->io); /* what comes now is for TLS */
        return;
    }
    if (link->fd < 0 || (ev_is_active(&link->io) && (link->io.events & (EV_READ | EV_WRITE)) == wanted))
        return;
    ev_io_stop(turn_loop(), &link->io);
    ev_io_set(&link->io, link->fd, wanted);
    ev_io_start(turn_loop(), &link->io);
}

void link_io_ready(struct link *link, int events)
{
    link->wants_write = false;
    read_input(link);
    if (!link->op.over && link->stage == LINK_UP && (events & EV_WRITE) && link->out.len > 0 && !link->broken)
        link->broken = !write_output(link);
}
