/* A child's input and output: pipes that are written and read as they can be, never waited for. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PIECE = 65536, PIECES = 16 }; /* read at once; and one after the other before others have their turn */

static char piece[PIECE];

/* ---- pipes */

static bool set_flags(int fd, bool ours)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && (!ours || fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
}

/* ours is which end of the pipe: 0 reads, 1 writes. */
static bool make_pipe(int *our_end, int *their_end, int ours)
{
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    *our_end = ends[ours];
    *their_end = ends[1 - ours];
    return set_flags(*our_end, true) && set_flags(*their_end, false);
}

bool spawn_pipes(struct spawn *spawn, int theirs[3])
{
    theirs[0] = theirs[1] = theirs[2] = -1;
    return (spawn->command.input_len == 0 || make_pipe(&spawn->in, &theirs[0], 1)) && make_pipe(&spawn->out, &theirs[1], 0) &&
           make_pipe(&spawn->err, &theirs[2], 0);
}

static void close_end(ev_io *io, int *fd)
{
    if (*fd < 0)
        return;
    ev_io_stop(turn_loop(), io);
    close(*fd);
    *fd = -1;
    waiting_stir();
}

void spawn_io_end(struct spawn *spawn)
{
    close_end(&spawn->in_io, &spawn->in);
    close_end(&spawn->out_io, &spawn->out);
    close_end(&spawn->err_io, &spawn->err);
}

/* ---- input */

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct spawn *spawn = io->data;
    const ssize_t n = write(spawn->in, spawn->command.input + spawn->written, spawn->command.input_len - spawn->written);

    (void)loop, (void)events;
    if (n >= 0)
        spawn->written += (size_t)n;
    else if (errno == EAGAIN || errno == EINTR)
        return;
    if (n < 0 || spawn->written == spawn->command.input_len) /* one that does not read its input may still do its work */
        close_end(&spawn->in_io, &spawn->in);
}

/* ---- output */

/* Offers what there is of standard output to the plugin. */
static void offer(struct spawn *spawn, bool last)
{
    struct owner *owner = spawn->op.owner;
    size_t used;

    used = spawn->data(&owner->face, spawn->op.arg, buffer_string(&spawn->unused), spawn->unused.len, last);
    if (spawn->op.over)
        return;
    buffer_consume(&spawn->unused, used < spawn->unused.len ? used : spawn->unused.len);
    if (!last && spawn->unused.len > spawn->max_output)
        spawn_too_big(spawn);
}

static void take(struct spawn *spawn, bool is_out, const char *bytes, size_t n)
{
    if (!is_out) {
        output_add(&spawn->err_kept, bytes, n);
    } else if (!spawn->data) {
        output_add(&spawn->out_kept, bytes, n);
    } else {
        buffer_add(&spawn->unused, bytes, n);
        offer(spawn, false);
    }
}

static void close_output(struct spawn *spawn, bool is_out)
{
    if (is_out)
        close_end(&spawn->out_io, &spawn->out);
    else
        close_end(&spawn->err_io, &spawn->err);
    if (is_out && spawn->data)
        offer(spawn, true);
    if (!spawn->op.over)
        spawn_look(spawn);
}

static void read_output(struct spawn *spawn, bool is_out)
{
    ssize_t n = 1;

    for (int i = 0; i < PIECES && n > 0 && !spawn->op.over; i++) {
        n = read(is_out ? spawn->out : spawn->err, piece, sizeof piece);
        if (n > 0)
            take(spawn, is_out, piece, (size_t)n);
    }
    if (!spawn->op.over && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)))
        close_output(spawn, is_out);
}

void spawn_io_drain(struct spawn *spawn)
{
    if (spawn->out >= 0 && !spawn->op.over)
        read_output(spawn, true);
    if (spawn->err >= 0 && !spawn->op.over)
        read_output(spawn, false);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct spawn *spawn = io->data;
    struct owner_call call;

    (void)loop, (void)events;
    owner_enter(spawn->op.owner, &call);
    read_output(spawn, io == &spawn->out_io);
    owner_leave(&call);
}

void spawn_io_begin(struct spawn *spawn)
{
    ev_io_init(&spawn->out_io, on_readable, spawn->out, EV_READ);
    ev_io_init(&spawn->err_io, on_readable, spawn->err, EV_READ);
    spawn->in_io.data = spawn->out_io.data = spawn->err_io.data = spawn;
    ev_io_start(turn_loop(), &spawn->out_io);
    ev_io_start(turn_loop(), &spawn->err_io);
    if (spawn->in < 0)
        return;
    ev_io_init(&spawn->in_io, on_writable, spawn->in, EV_WRITE);
    spawn->in_io.data = spawn;
    ev_io_start(turn_loop(), &spawn->in_io);
}
