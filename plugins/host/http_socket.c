/*
 * libcurl's sockets: opened here (never inherited by children, each failure with its errno), watched on the loop, closed here. Each is a `line`, so
 * that what the TLS module noted of a connection is found again when another exchange uses it.
 *
 * A socket that fires again and again while nothing moves would take a whole core (libcurl 8.9.0 left such sockets behind): it is given up.
 */
#include "http_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    STILL_SUSPECT = 256, /* events in a row without a byte of an answer: from here on, ask the kernel whether bytes were taken */
    STILL_MOST = 2048,
};

static struct line **lines; /* by descriptor */
static size_t lines_room, n_lines;
static uint64_t last_serial;

struct line *line_of(curl_socket_t fd)
{
    return fd >= 0 && (size_t)fd < lines_room ? lines[fd] : NULL;
}

size_t line_count(void)
{
    return n_lines;
}

/* ---- the tie between a line and the exchange that uses it */

void line_unlink(struct http_exchange *exchange)
{
    if (exchange->line)
        exchange->line->exchange = NULL;
    exchange->line = NULL;
}

static void tie(struct line *line, struct http_exchange *exchange)
{
    if (line->exchange == exchange)
        return;
    if (line->exchange)
        line->exchange->line = NULL;
    line->exchange = exchange;
    if (!exchange)
        return;
    line_unlink(exchange);
    line->exchange = exchange;
    exchange->line = line;
}

/* ---- events */

static int waiting_bytes(int fd)
{
    int n = -1;

    return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

static curl_off_t sent_bytes(const struct line *line)
{
    curl_off_t sent = -1;

    if (line->exchange && line->exchange->easy)
        curl_easy_getinfo(line->exchange->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return sent;
}

static void give_up(struct line *line, int events)
{
    struct http_exchange *exchange = line->exchange;
    char text[160];

    ev_io_stop(http_globals.loop, &line->io);
    snprintf(text, sizeof text, "a socket of libcurl %s fired %d times without progress (events %d): it is given up",
             curl_version_info(CURLVERSION_NOW)->version, (int)STILL_MOST, events);
    http_globals.host->log(TALON_WARNING, text);
    if (!exchange)
        return;
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "http.internal", "%s", text);
    exchange_end_later(exchange);
}

/* Did that event move anything? Only asked of a line that has been still for long. */
static bool has_moved(const struct line *line, int waited, curl_off_t sent)
{
    return waiting_bytes(line->fd) != waited || sent_bytes(line) != sent;
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    struct line *line = io->data;
    const int fd = line->fd, what = (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    const uint64_t serial = line->serial;
    const bool suspect = line->still >= STILL_SUSPECT;
    const int waited = suspect ? waiting_bytes(fd) : 0;
    const curl_off_t sent = suspect ? sent_bytes(line) : 0;
    uint64_t moved;

    (void)loop;
    group_drive(line->group, fd, what);
    line = line_of(fd);
    if (!line || line->serial != serial)
        return;
    moved = line->exchange ? line->exchange->moved : 0;
    if (moved != line->moved)
        line->still = 0;
    else if (!suspect || !has_moved(line, waited, sent))
        line->still++;
    line->moved = moved;
    if (line->still >= STILL_MOST)
        give_up(line, events);
}

/* ---- lines */

static bool make_room_for(int fd)
{
    size_t room = lines_room ? lines_room : 64;
    struct line **more;

    while (room <= (size_t)fd)
        room *= 2;
    if (room == lines_room)
        return true;
    more = realloc(lines, room * sizeof *lines);
    if (!more)
        return false;
    memset(more + lines_room, 0, (room - lines_room) * sizeof *lines);
    lines = more;
    lines_room = room;
    return true;
}

static void line_free(struct line *line)
{
    ev_io_stop(http_globals.loop, &line->io);
    tie(line, NULL);
    seal_drop(line->seal);
    lines[line->fd] = NULL;
    n_lines--;
    free(line);
}

static struct line *line_create(int fd, struct group *group, bool foreign)
{
    struct line *line;

    if (fd < 0 || !make_room_for(fd))
        return NULL;
    if (lines[fd])
        line_free(lines[fd]);
    line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    line->fd = fd;
    line->serial = ++last_serial;
    line->group = group;
    line->foreign = foreign;
    ev_io_init(&line->io, on_io, fd, EV_READ);
    line->io.data = line;
    lines[fd] = line;
    n_lines++;
    return line;
}

void line_close_all(void)
{
    for (size_t i = 0; i < lines_room; i++)
        if (lines[i])
            line_free(lines[i]);
    free(lines);
    lines = NULL;
    lines_room = 0;
}

/* ---- what libcurl calls */

int line_wish(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    const int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);
    struct line *line = line_of(fd);
    char *exchange = NULL;

    (void)assigned;
    if (what == CURL_POLL_REMOVE) {
        if (line && line->foreign)
            line_free(line);
        else if (line)
            ev_io_stop(http_globals.loop, &line->io);
        return 0;
    }
    if (!line && (line = line_create(fd, arg, true)) == NULL)
        return -1;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
    tie(line, (void *)exchange);
    if (!ev_is_active(&line->io) || (line->io.events & (EV_READ | EV_WRITE)) != events) {
        ev_io_stop(http_globals.loop, &line->io);
        ev_io_set(&line->io, fd, events);
        ev_io_start(http_globals.loop, &line->io);
    }
    return 0;
}

/* Not inherited by children, which are started at any time. */
static int open_socket(const struct curl_sockaddr *address)
{
#ifdef SOCK_CLOEXEC
    return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
#else
    int fd = socket(address->family, address->socktype, address->protocol);
    int os;

    if (fd < 0 || (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0))
        return fd;
    os = errno;
    close(fd);
    errno = os;
    return -1;
#endif
}

/* libcurl has an address as text, without the scope that a link-local one needs: it is found among those that were resolved. */
static void add_scope(const struct http_exchange *exchange, struct curl_sockaddr *address)
{
    struct sockaddr_in6 *to = (struct sockaddr_in6 *)(void *)&address->addr;

    for (size_t i = 0; exchange->addresses && i < exchange->addresses->n; i++) {
        const struct sockaddr_in6 *known = (const struct sockaddr_in6 *)(const void *)&exchange->addresses->addresses[i];

        if (known->sin6_family == AF_INET6 && memcmp(&known->sin6_addr, &to->sin6_addr, sizeof to->sin6_addr) == 0)
            to->sin6_scope_id = known->sin6_scope_id;
    }
}

curl_socket_t line_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_exchange *exchange = arg;
    struct line *line;
    int fd;

    (void)purpose;
    if (address->family != AF_UNIX && !exchange->hop.literal && !exchange->addresses) {
        exchange->hop.wants_addresses = true; /* no kept connection: the name is needed after all */
        return CURL_SOCKET_BAD;
    }
    exchange->hop.opened = true;
    fd = open_socket(address);
    if (fd < 0) {
        exchange->hop.os = errno;
        return CURL_SOCKET_BAD;
    }
    if (address->family == AF_INET6)
        add_scope(exchange, address);
    line = line_create(fd, exchange->group, false);
    if (!line) {
        exchange->hop.os = ENOMEM;
        close(fd);
        return CURL_SOCKET_BAD;
    }
    line->seal = seal_share(exchange->hop.seal);
    return fd;
}

int line_close(void *arg, curl_socket_t fd)
{
    struct line *line = line_of(fd);

    (void)arg;
    if (line)
        line_free(line);
    return close(fd);
}
