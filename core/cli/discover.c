/*
 * Finds out what listening sockets speak, without harm: first it listens (SSH and mail speak first), then it sends Redis's PING, then, on a new
 * connection, a GET. All sockets at once, each step with a short time of its own.
 */
#include "cli/discover.h"

#include "base/buffer.h"
#include "base/os/clock.h"
#include "base/os/files.h"

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
#include <yaml.h>

#define STEP_TIME (300 * (uint64_t)NS_PER_MS)

enum step { STEP_LISTEN, STEP_PING, STEP_GET, STEP_OVER };

struct talk {
    struct listener *listener;
    enum step step;
    int fd;
    bool sent;
    uint64_t until;
    size_t n;
    char heard[DISCOVER_HEAD];
};

static const char *const words[] = { "", "PING\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: talon-init\r\nConnection: close\r\n\r\n" };

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
    bool six = strchr(talk->listener->address, ':') != NULL;

    hang_up(talk);
    talk->n = 0;
    talk->sent = false;
    if (inet_pton(six ? AF_INET6 : AF_INET, talk->listener->address, six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
        return;
    talk->fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (talk->fd < 0)
        return;
    if (fcntl(talk->fd, F_SETFL, O_NONBLOCK) == 0 &&
        (connect(talk->fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, six ? sizeof v6 : sizeof v4) == 0 || errno == EINPROGRESS))
        return;
    hang_up(talk);
}

static void begin(struct talk *talk, enum step step)
{
    talk->step = step;
    talk->until = clock_awake() + STEP_TIME;
    if (step == STEP_LISTEN || step == STEP_GET)
        dial(talk);
    talk->sent = false;
    if (step == STEP_OVER || talk->fd < 0) {
        talk->step = STEP_OVER;
        hang_up(talk);
    }
}

static bool begins(const struct talk *talk, const char *with)
{
    return strncmp(talk->heard, with, strlen(with)) == 0;
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

/* Something was heard. True: that tells what it speaks. */
static bool recognise(struct talk *talk)
{
    struct listener *l = talk->listener;

    if (begins(talk, "SSH-")) {
        l->speech = SPEAKS_SSH;
    } else if (begins(talk, "+PONG") || begins(talk, "-NOAUTH") || begins(talk, "-LOADING") || begins(talk, "-MISCONF")) {
        l->speech = SPEAKS_REDIS;
        l->password = begins(talk, "-NOAUTH");
    } else if (talk->n >= 2 && talk->heard[0] == 0x15 && talk->heard[1] == 3) {
        l->speech = SPEAKS_TLS; /* an alert: it wanted a handshake */
    } else if (talk->step == STEP_GET && begins(talk, "HTTP/1.") && strstr(talk->heard, "\r\n\r\n")) {
        read_http(talk);
    } else {
        return false;
    }
    return true;
}

static void next_step(struct talk *talk)
{
    if (talk->step == STEP_LISTEN)
        begin(talk, STEP_PING);
    else
        begin(talk, talk->step == STEP_PING ? STEP_GET : STEP_OVER);
}

static void hear(struct talk *talk)
{
    ssize_t got = recv(talk->fd, talk->heard + talk->n, sizeof talk->heard - 1 - talk->n, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        talk->n += (size_t)got;
        talk->heard[talk->n] = '\0';
        if (recognise(talk))
            begin(talk, STEP_OVER);
        else if (talk->n == sizeof talk->heard - 1)
            next_step(talk);
        return;
    }
    if (talk->step == STEP_LISTEN)
        begin(talk, STEP_OVER); /* it hung up before anything was said: leave it alone */
    else
        next_step(talk);
}

static void speak(struct talk *talk)
{
    const char *what = words[talk->step];

    talk->sent = true;
    if (send(talk->fd, what, strlen(what), 0) < 0)
        next_step(talk);
}

static size_t turn(struct talk *talks, size_t n)
{
    struct pollfd fds[DISCOVER_PORTS];
    struct talk *of[DISCOVER_PORTS];
    size_t open = 0;
    uint64_t now = clock_awake();

    for (size_t i = 0; i < n; i++) {
        if (talks[i].step != STEP_OVER && now >= talks[i].until)
            next_step(&talks[i]);
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
    for (size_t i = 0; i < n; i++) {
        talks[i] = (struct talk){ .listener = &listeners[i], .fd = -1 };
        begin(&talks[i], STEP_LISTEN);
    }
    while (turn(talks, n) > 0)
        ;
    free(talks);
}

/* ---- kubeconfig: the scalar after the first key `server` */

static bool server_of(const char *text, size_t n, char *server, size_t room)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool next = false, over = false, found = false;

    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    while (!over && yaml_parser_parse(&parser, &event)) {
        if (event.type == YAML_SCALAR_EVENT && next) {
            snprintf(server, room, "%s", (const char *)event.data.scalar.value);
            over = found = true;
        }
        next = event.type == YAML_SCALAR_EVENT && strcmp((const char *)event.data.scalar.value, "server") == 0;
        over = over || event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return found;
}

bool discover_kubernetes(const char *kubeconfig, char *address, size_t n)
{
    struct buffer text = buffer_make(1 << 20);
    char server[256], why[256], path[1024];
    const char *host;
    bool good = files_absolute(kubeconfig, NULL, path, sizeof path) && files_read(path, &text, why, sizeof why) &&
                server_of(buffer_string(&text), text.len, server, sizeof server);

    buffer_free(&text);
    if (!good)
        return false;
    host = strstr(server, "://");
    host = host ? host + 3 : server;
    snprintf(address, n, "%.*s", (int)strcspn(host, "/"), host);
    if (!strchr(address, ':') && strlen(address) + 5 < n)
        memcpy(address + strlen(address), ":443", 5);
    return address[0] != '\0';
}
