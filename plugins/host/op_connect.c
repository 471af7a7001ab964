/*
 * Connections, from the name to the connected socket: load what TLS needs, resolve, then one address after the other. One function for each step; each ends
 * in the next one, or in link_over(). The handshake is in link_tls.c, what is said on a connection that is up in link_io.c.
 */
#include "op_connect.h"

#include "die.h"
#include "limits.h"
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_BUSY UINT64_C(20000000) /* a unix socket whose backlog is full says so at once */

static void next_address(struct link *link);

/* ---- the end */

/* What the peer has said and nobody has read would make the kernel reset the connection instead of closing it. */
static void close_politely(int fd)
{
    char ignored[4096];

    for (int i = 0; i < 16 && read(fd, ignored, sizeof ignored) > 0; i++)
        ;
    close(fd);
}

static void close_fd(struct link *link)
{
    if (link->fd < 0)
        return;
    ev_io_stop(turn_loop(), &link->io);
    close_politely(link->fd);
    link->fd = -1;
    waiting_stir();
}

static void close_link(struct op *op)
{
    struct link *link = link_of(op);

    resolve_stop(link->question);
    link->question = NULL;
    modules_leave(&link->wait);
    waiting_remove(&link->waiting);
    ev_timer_stop(turn_loop(), &link->timer);
    close_fd(link);
}

static void free_tls(struct talon_tls *tls)
{
    wipe_string((char *)(uintptr_t)tls->ca);
    wipe_string((char *)(uintptr_t)tls->cert);
    wipe_string((char *)(uintptr_t)tls->key);
    wipe_string((char *)(uintptr_t)tls->server_name);
}

static void free_link(struct op *op)
{
    struct link *link = link_of(op);
    const char *why;

    if (link->session)
        modules_tls(&why)->free(link->session);
    free_tls(&link->tls);
    free(link->host);
    free(link->unix_path);
    buffer_free(&link->in);
    buffer_free(&link->out);
}

void link_tell(struct link *link, const struct talon_error *error)
{
    struct owner *owner = link->op.owner;
    const char *why;
    const struct talon_link state = {
        .size = sizeof state,
        .error = *error,
        .peer = link->session ? modules_tls(&why)->peer(link->session) : NULL,
        .connect_ns = link->connect_ns,
        .tls_ns = link->tls_ns,
    };

    link->done(&owner->face, link->op.arg, &state);
}

void link_over(struct link *link)
{
    if (link->op.over)
        return;
    op_end(&link->op);
    link_tell(link, &link->trouble.error);
}

static void on_over(struct post *post)
{
    struct link *link = (struct link *)(void *)((char *)post - offsetof(struct link, op.post));
    struct owner_call call;

    owner_enter(link->op.owner, &call);
    link_over(link);
    owner_leave(&call);
}

void link_over_soon(struct link *link)
{
    link->stage = LINK_ENDING;
    turn_post(&link->op.post, on_over);
}

void link_fail_local(struct link *link, const char *why)
{
    trouble_set(&link->trouble, TALON_E_LOCAL, 0, "local", "%s", why);
    link_over_soon(link);
}

/* ---- too late */

static void set_peer_late(struct link *link)
{
    struct trouble *trouble = &link->trouble;

    if (link->stage == LINK_CONNECTING)
        trouble_set(trouble, TALON_E_TIMEOUT, 0, "connect.timeout", "connection not made in time");
    else if (link->stage == LINK_SHAKING_HANDS)
        trouble_set(trouble, TALON_E_TIMEOUT, 0, "timeout", "the TLS handshake was not answered in time");
    else
        trouble_set(trouble, TALON_E_TIMEOUT, 0, "timeout", "no answer in time");
}

static bool lacked_fds(const struct link *link)
{
    return link->stage == LINK_WAITING || waiting_was_long(&link->waiting, link->began);
}

static bool lacked_name(const struct link *link)
{
    return link->stage == LINK_RESOLVING || (link->resolve_ns > 0 && link->resolve_ns >= (turn_now() - link->began) / 2);
}

/* A peer that was given the smaller part of the time, because we ourselves or the resolver took the larger, has not been silent. */
static void set_late(struct link *link)
{
    if (link->stage == LINK_ENDING)
        return; /* why is known already */
    if (link->stage == LINK_LOADING)
        trouble_set(&link->trouble, TALON_E_LOCAL, 0, "local", "the TLS module of the plugin host was not loaded in time");
    else if (lacked_fds(link))
        trouble_set(&link->trouble, TALON_E_LOCAL, 0, "local", "no descriptor was free in time: %s", limits_text(LIMIT_FDS));
    else if (link->stage != LINK_UP && lacked_name(link))
        trouble_set(&link->trouble, TALON_E_RESOLVER, 0, "dns.unreachable", "the resolver did not answer for %s in time", link->host);
    else
        set_peer_late(link);
}

static void late_link(struct op *op)
{
    set_late(link_of(op));
    link_over(link_of(op));
}

static bool waits_for_peer(const struct op *op)
{
    const struct link *link = (const struct link *)(const void *)op;

    if (link->stage == LINK_LOADING || link->stage == LINK_RESOLVING || link->stage == LINK_ENDING || lacked_fds(link))
        return false;
    return link->stage == LINK_UP ? link->data != NULL : !lacked_name(link);
}

const struct op_kind link_kind = {
    .name = "a connection", .close = close_link, .free = free_link, .late = late_link, .waits_for_peer = waits_for_peer
};

static void connected(struct link *link)
{
    link->connect_ns = turn_now() - link->began;
    if (link->secure)
        link_begin_tls(link);
    else
        link_up(link);
}

/* ---- one address after the other */

/* Of the time that is left each address gets its share: one that swallows everything must not keep the others from being tried. */
static uint64_t share_of_time(const struct link *link)
{
    const struct owner *owner = link->op.owner;
    const size_t others = link->addresses.n - link->next_address;
    const uint64_t now = turn_now();
    uint64_t end = link->give_up;

    if (others > 0 && owner->face.owner == TALON_RUN && owner->face.deadline_ns < end)
        end = owner->face.deadline_ns;
    return end == NEVER ? NEVER : end <= now ? 0 : (end - now) / (others + 1);
}

static void fail_address(struct link *link, int os)
{
    trouble_connect(&link->trouble, os, link->unix_path != NULL);
    close_fd(link);
    if (link->next_address < link->addresses.n)
        next_address(link);
    else
        link_over(link);
}

static void on_attempt(struct link *link)
{
    int error = 0;
    socklen_t n = sizeof error;

    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    if (error)
        fail_address(link, error);
    else
        connected(link);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct link *link = io->data;
    struct owner_call call;

    (void)loop;
    owner_enter(link->op.owner, &call);
    switch (link->stage) {
    case LINK_CONNECTING:
        on_attempt(link);
        break;
    case LINK_SHAKING_HANDS:
        link_shake_hands(link);
        break;
    case LINK_UP:
        link_io_ready(link, events);
        break;
    case LINK_LOADING:
    case LINK_RESOLVING:
    case LINK_WAITING:
    case LINK_ENDING:
        break;
    }
    if (!link->op.over)
        link_io_watch(link);
    owner_leave(&call);
}

static int open_socket(int family)
{
    int fd = socket(family, SOCK_STREAM, 0), on = 1;

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
        if (family != AF_UNIX)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    close(fd);
    return -1;
}

/* 0: it is being made (or stands); else errno. */
static int begin_attempt(struct link *link, const struct sockaddr *address, socklen_t length)
{
    link->fd = open_socket(address->sa_family);
    if (link->fd < 0)
        return errno;
    ev_io_init(&link->io, on_io, link->fd, EV_WRITE);
    link->io.data = link;
    link->stage = LINK_CONNECTING;
    if (connect(link->fd, address, length) == 0 || errno == EINPROGRESS || errno == EINTR)
        return 0;
    return errno;
}

static void wait_for_fd(struct waiting *waiting)
{
    struct link *link = (struct link *)(void *)((char *)waiting - offsetof(struct link, waiting));
    struct owner_call call;

    owner_enter(link->op.owner, &call);
    next_address(link);
    owner_leave(&call);
}

static void attempt(struct link *link, const struct sockaddr *address, socklen_t length)
{
    const int error = begin_attempt(link, address, length);

    if (error == 0) {
        link_io_watch(link);
        turn_timer(&link->timer, share_of_time(link));
    } else if (error == EMFILE || error == ENFILE) {
        link->stage = LINK_WAITING;
        link->next_address -= link->unix_path == NULL;
        waiting_add(&link->waiting, wait_for_fd);
    } else if (error == EAGAIN && link->unix_path) {
        close_fd(link);
        turn_timer(&link->timer, RETRY_BUSY);
    } else {
        fail_address(link, error);
    }
}

static void attempt_unix(struct link *link)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(link->unix_path) >= sizeof address.sun_path) {
        trouble_set(&link->trouble, TALON_E_NO_SOCKET, ENAMETOOLONG, "connect.no_socket", "its path is longer than the %zu bytes that a socket can have",
                    sizeof address.sun_path - 1);
        link_over(link);
        return;
    }
    memcpy(address.sun_path, link->unix_path, strlen(link->unix_path) + 1);
    attempt(link, (const struct sockaddr *)(const void *)&address, sizeof address);
}

static void next_address(struct link *link)
{
    if (link->unix_path) {
        attempt_unix(link);
    } else {
        const size_t i = link->next_address++;

        attempt(link, (const struct sockaddr *)(const void *)&link->addresses.addresses[i], link->addresses.lengths[i]);
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct link *link = timer->data;
    struct owner_call call;

    (void)loop, (void)events;
    owner_enter(link->op.owner, &call);
    if (turn_now() < link->give_up && link->stage == LINK_CONNECTING && link->fd < 0) {
        next_address(link); /* the unix socket's backlog may have room by now */
    } else if (turn_now() < link->give_up && link->stage == LINK_CONNECTING && link->next_address < link->addresses.n) {
        fail_address(link, ETIMEDOUT);
    } else {
        set_late(link);
        link_over(link);
    }
    owner_leave(&call);
}

/* ---- the name */

static void resolved(void *arg, const struct resolved *answer)
{
    struct link *link = arg;
    struct owner_call call;

    link->question = NULL;
    link->resolve_ns = turn_now() - link->began;
    owner_enter(link->op.owner, &call);
    if (answer->error.code) {
        trouble_copy(&link->trouble, &answer->error);
        link_over(link);
    } else {
        link->addresses = *answer;
        next_address(link);
    }
    owner_leave(&call);
}

/* An address needs no resolver; a first attempt that fails at once is told later, as all is. */
static void begin(struct post *post)
{
    struct link *link = (struct link *)(void *)((char *)post - offsetof(struct link, op.post));
    struct owner_call call;

    owner_enter(link->op.owner, &call);
    next_address(link);
    owner_leave(&call);
}

static void begin_soon(struct link *link)
{
    if (link->unix_path || resolve_literal(link->host, link->port, &link->addresses.addresses[0], &link->addresses.lengths[0])) {
        link->addresses.n = link->unix_path ? 0 : 1;
        link->stage = LINK_CONNECTING;
        turn_post(&link->op.post, begin);
    } else {
        link->stage = LINK_RESOLVING;
        link->question = resolve_start(link->host, link->port, resolved, link);
    }
}

static void on_loaded(struct module_wait *wait)
{
    begin_soon((struct link *)(void *)((char *)wait - offsetof(struct link, wait)));
}

talon_op op_connect(struct owner *owner, const struct talon_connect *request, talon_link_fn *call, void *arg)
{
    struct link *link = op_begin(owner, &link_kind, sizeof *link, arg);
    struct talon_connect wanted = { .size = 0 };

    memcpy(&wanted, request, request->size < sizeof wanted ? request->size : sizeof wanted);
    link->done = call;
    link->data = wanted.data;
    link->host = must_string(wanted.to.host);
    link->unix_path = must_string(wanted.to.unix_path);
    link->port = (uint16_t)wanted.to.port;
    link->max_input = wanted.max_input ? wanted.max_input : LINK_INPUT;
    link->in = buffer_make(0);
    link->out = buffer_make(LINK_OUTPUT);
    link->fd = -1;
    link->began = turn_now();
    link->give_up = wanted.timeout_ns && wanted.timeout_ns < NEVER - link->began ? link->began + wanted.timeout_ns : NEVER;
    ev_init(&link->timer, on_timer);
    link->timer.data = link;
    link_copy_tls(link, wanted.tls);
    if (link->op.refused)
        link_fail_local(link, link->op.refused);
    else if (!link->unix_path && (!link->host || !link->host[0] || wanted.to.port == 0 || wanted.to.port > 65535))
        link_fail_local(link, "the plugin named neither a host and port nor a unix socket to connect to");
    else if (!link->secure || modules_await(MODULE_TLS, &link->wait, on_loaded))
        begin_soon(link);
    return link->op.id;
}
