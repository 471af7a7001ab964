/*
 * Finds out what listening sockets speak, without harm. First it listens: who speaks first (SSH, mail, MySQL) is never spoken to. Then it sends Redis's PING,
 * then, each on a new connection, a GET and a TLS hello. All sockets at once, each step with a short time of its own.
 */
#include "cli/discover.h"

#include "base/os/clock.h"
#include "cli/discover_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum step { STEP_LISTEN, STEP_PING, STEP_GET, STEP_HELLO, STEP_OVER };

/* In ms; a page may take a while. */
static const unsigned step_time[] = { 250, 250, 500, 250 };

struct talk {
    struct listener *listener;
    enum step step;
    int fd;
    bool sent;
    uint64_t until;
    size_t n;
    char heard[DISCOVER_HEAD];
};

static void hang_up(struct talk *talk)
{
    if (talk->fd >= 0)
        close(talk->fd);
    talk->fd = -1;
}

static void dial(struct talk *talk)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(talk->listener->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(talk->listener->port) };
    const bool six = strchr(talk->listener->address, ':') != NULL;

    hang_up(talk);
    talk->n = 0;
    talk->heard[0] = '\0';
    if (inet_pton(six ? AF_INET6 : AF_INET, talk->listener->address, six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
        return;
    talk->fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (talk->fd < 0)
        return;
    if (fcntl(talk->fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(talk->fd, F_SETFD, FD_CLOEXEC) == 0 &&
        (connect(talk->fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, six ? sizeof v6 : sizeof v4) == 0 || errno == EINPROGRESS))
        return;
    hang_up(talk);
}

/* Printers print whatever they are sent, and listen there. */
static bool is_printer(uint16_t port)
{
    return port >= 9100 && port <= 9107;
}

static void begin(struct talk *talk, enum step step)
{
    talk->step = step;
    talk->sent = false;
    if (step == STEP_PING && is_printer(talk->listener->port))
        talk->step = step = STEP_OVER;
    if (step != STEP_OVER) {
        talk->until = clock_awake() + step_time[step] * (uint64_t)NS_PER_MS;
        if (step != STEP_PING) /* that goes where nothing was heard */
            dial(talk);
        if (talk->fd >= 0)
            return;
    }
    talk->step = STEP_OVER;
    hang_up(talk);
}

static bool begins(const struct talk *talk, const char *with)
{
    return strncmp(talk->heard, with, strlen(with)) == 0;
}

static bool is_alert(const struct talk *talk)
{
    return talk->n >= 2 && talk->heard[0] == 0x15 && talk->heard[1] == 3;
}

static void read_http(struct talk *talk)
{
    struct listener *l = talk->listener;

    l->speech = SPEAKS_HTTP;
    l->status = talk->n > 12 ? (int)strtol(talk->heard + 9, NULL, 10) : 0;
    for (const char *line = strchr(talk->heard, '\n'); line; line = strchr(line + 1, '\n'))
        if (strncasecmp(line + 1, "server:", 7) == 0)
            sscanf(line + 8, " %63[^\r\n]", l->server);
}

/* ---- what was heard in a step, whole or in part; true: it tells all that the step can */

static bool heard_banner(struct talk *talk)
{
    if (!begins(talk, "SSH-"))
        return false;
    talk->listener->speech = SPEAKS_SSH;
    begin(talk, STEP_OVER);
    return true;
}

static bool heard_pong(struct talk *talk)
{
    static const char *const replies[] = { "+PONG", "-NOAUTH", "-LOADING", "-MISCONF", "-MASTERDOWN" };

    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        if (begins(talk, replies[i])) {
            talk->listener->speech = SPEAKS_REDIS;
            talk->listener->password = begins(talk, "-NOAUTH");
            begin(talk, STEP_OVER);
            return true;
        }
    if (!is_alert(talk))
        return false;
    begin(talk, STEP_HELLO);
    return true;
}

/* A 400 is what Go, nginx and Apache say in plain words on a port that wants TLS: then the next step asks for it. */
static bool heard_page(struct talk *talk, bool whole)
{
    if (is_alert(talk)) {
        begin(talk, STEP_HELLO);
        return true;
    }
    if (!begins(talk, "HTTP/1.") || (!whole && !strstr(talk->heard, "\r\n\r\n")))
        return false;
    read_http(talk);
    begin(talk, talk->listener->status == 400 ? STEP_HELLO : STEP_OVER);
    return true;
}

static bool heard_hello(struct talk *talk, bool whole)
{
    const enum tls_answer answer = discover_tls_read((const unsigned char *)talk->heard, talk->n);

    if (answer == TLS_MORE && !whole)
        return false;
    if (talk->n > 0 && answer != TLS_NOT) {
        talk->listener->speech = SPEAKS_TLS;
        talk->listener->handshake = answer == TLS_GOOD || answer == TLS_MORE;
    }
    begin(talk, STEP_OVER);
    return true;
}

/* whole: nothing follows in this step. */
static void judge(struct talk *talk, bool whole)
{
    const enum step step = talk->step;
    const bool told = step == STEP_LISTEN  ? heard_banner(talk)
                      : step == STEP_PING  ? heard_pong(talk)
                      : step == STEP_GET   ? heard_page(talk, whole)
                                           : heard_hello(talk, whole);

    if (told || !whole)
        return;
    if (step == STEP_LISTEN && talk->n > 0)
        begin(talk, STEP_OVER); /* it speaks first, and is nothing that we know */
    else
        begin(talk, (enum step)(step + 1));
}

static void hear(struct talk *talk)
{
    const ssize_t got = recv(talk->fd, talk->heard + talk->n, sizeof talk->heard - 1 - talk->n, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        talk->n += (size_t)got;
        talk->heard[talk->n] = '\0';
        judge(talk, talk->n == sizeof talk->heard - 1);
    } else if (talk->step == STEP_LISTEN && talk->n == 0) {
        begin(talk, STEP_OVER); /* it hung up, or cannot be reached, before anything was said: leave it alone */
    } else {
        judge(talk, true);
    }
}

static void speak(struct talk *talk)
{
    unsigned char hello[TLS_HELLO];
    char get[256];
    const struct listener *l = talk->listener;
    const void *what = "PING\r\n";
    size_t n = 6;

    if (talk->step == STEP_GET) {
        n = (size_t)snprintf(get, sizeof get, "GET / HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: talon-init\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                             strchr(l->address, ':') ? "[" : "", l->address, strchr(l->address, ':') ? "]" : "", (unsigned)l->port);
        what = get;
    } else if (talk->step == STEP_HELLO) {
        n = discover_tls_hello(hello);
        what = hello;
    }
    talk->sent = true;
    if (send(talk->fd, what, n, 0) < 0)
        judge(talk, true);
}

static size_t turn(struct talk *talks, size_t n)
{
    struct pollfd fds[DISCOVER_PORTS];
    struct talk *of[DISCOVER_PORTS];
    size_t open = 0;
    const uint64_t now = clock_awake();

    for (size_t i = 0; i < n; i++) {
        if (talks[i].step != STEP_OVER && now >= talks[i].until)
            judge(&talks[i], true);
        if (talks[i].step == STEP_OVER)
            continue;
        of[open] = &talks[i];
        fds[open++] = (struct pollfd){ .fd = talks[i].fd, .events = (short)(talks[i].step == STEP_LISTEN || talks[i].sent ? POLLIN : POLLOUT) };
    }
    if (open == 0 || poll(fds, (nfds_t)open, 20) <= 0)
        return open;
    for (size_t i = 0; i < open; i++) {
        if (fds[i].revents & POLLOUT && !of[i]->sent && of[i]->step != STEP_LISTEN)
            speak(of[i]);
        else if (fds[i].revents)
            hear(of[i]);
    }
    return open;
}

void discover_speech(struct listener *listeners, size_t n)
{
    struct talk *talks = calloc(n ? n : 1, sizeof *talks);

    if (!talks)
        return;
    if (n > DISCOVER_PORTS)
        n = DISCOVER_PORTS;
    for (size_t i = 0; i < n; i++) {
        talks[i] = (struct talk){ .listener = &listeners[i], .fd = -1 };
        begin(&talks[i], STEP_LISTEN);
    }
    while (turn(talks, n) > 0)
        ;
    free(talks);
}
