/* Timers and watched descriptors. Both are bounded for the whole host; beyond that the run ends, since their callbacks cannot tell it. */
#include "op_timer.h"

#include "limits.h"
#include "op.h"
#include "turn.h"

#include <fcntl.h>
#include <stdio.h>

/* Ten years: beyond that libev's doubles mean nothing, and nobody waits. */
#define LONGEST (UINT64_C(315360000) * 1000000000)

struct timer_op {
    struct op op;
    talon_timer_fn *call;
    ev_timer timer;
};

struct watch_op {
    struct op op;
    talon_watch_fn *call;
    int fd;
    ev_io io;
};

/* It could not begin: the run ends, at once for the host and when it has returned for the plugin. */
static talon_op refuse(struct op *op, const char *what)
{
    struct owner *owner = op->owner;
    char text[192];

    snprintf(text, sizeof text, "%s could not be had: %s", op->kind->name, what);
    op_end(op);
    owner_fail(owner, text);
    return 0;
}

static const char *too_many(const struct op *op)
{
    return op->refused ? op->refused : limits_take_timer() ? NULL : limits_text(LIMIT_TIMERS);
}

/* ---- timers */

static void close_timer(struct op *op)
{
    struct timer_op *timer = (struct timer_op *)op;

    if (!timer->timer.data)
        return;
    ev_timer_stop(turn_loop(), &timer->timer);
    limits_give_timer();
}

static const struct op_kind timer_kind = { .name = "a timer", .close = close_timer };

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct timer_op *timer = watcher->data;
    struct owner *owner = timer->op.owner;
    struct owner_call call;

    (void)loop, (void)events;
    owner_enter(owner, &call);
    op_end(&timer->op);
    timer->call(&owner->face, timer->op.arg);
    owner_leave(&call);
}

talon_op op_timer(struct owner *owner, uint64_t delay_ns, talon_timer_fn *call, void *arg)
{
    struct timer_op *timer = op_begin(owner, &timer_kind, sizeof *timer, arg);
    const char *why = too_many(&timer->op);

    if (why)
        return refuse(&timer->op, why);
    timer->call = call;
    ev_init(&timer->timer, on_timer);
    timer->timer.data = timer;
    turn_timer(&timer->timer, delay_ns < LONGEST ? delay_ns : LONGEST);
    return timer->op.id;
}

/* ---- watched descriptors */

static void close_watch(struct op *op)
{
    struct watch_op *watch = (struct watch_op *)op;

    if (!watch->io.data)
        return;
    ev_io_stop(turn_loop(), &watch->io);
    limits_give_timer();
}

static void call_watch(struct watch_op *watch, uint32_t events)
{
    struct owner *owner = watch->op.owner;
    struct owner_call call;

    owner_enter(owner, &call);
    watch->call(&owner->face, watch->op.arg, watch->fd, events);
    owner_leave(&call);
}

static void late_watch(struct op *op)
{
    call_watch((struct watch_op *)op, TALON_LATE);
}

static bool waits_for_peer(const struct op *op)
{
    (void)op;
    return true;
}

static const struct op_kind watch_kind = { .name = "a watched descriptor", .close = close_watch, .late = late_watch, .waits_for_peer = waits_for_peer };

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct watch_op *watch = io->data;
    struct owner_call call;

    (void)loop;
    if (events & EV_ERROR) {
        owner_enter(watch->op.owner, &call);
        refuse(&watch->op, "the plugin has closed the descriptor while it was watched");
        owner_leave(&call);
        return;
    }
    call_watch(watch, (events & EV_READ ? TALON_READ : 0) | (events & EV_WRITE ? TALON_WRITE : 0));
}

talon_op op_watch(struct owner *owner, int fd, uint32_t events, talon_watch_fn *call, void *arg)
{
    struct watch_op *watch = op_begin(owner, &watch_kind, sizeof *watch, arg);
    const int wanted = (events & TALON_READ ? EV_READ : 0) | (events & TALON_WRITE ? EV_WRITE : 0);
    const char *why;

    if (fd < 0 || fcntl(fd, F_GETFD) < 0)
        return refuse(&watch->op, "it is no open descriptor");
    why = too_many(&watch->op);
    if (why)
        return refuse(&watch->op, why);
    watch->call = call;
    watch->fd = fd;
    ev_io_init(&watch->io, on_io, fd, wanted);
    watch->io.data = watch;
    ev_io_start(turn_loop(), &watch->io);
    return watch->op.id;
}
