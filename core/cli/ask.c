/* Asks a running daemon: see ask.h. */
#include "cli/ask.h"

#include "base/os/clock.h"
#include "base/os/files.h"
#include "base/scalar.h"
#include "config/config.h"
#include "store/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (2 * (uint64_t)NS_PER_S)

enum { HEAD_MAX = 16384 };

/* ---- where */

static void defaults(struct ask_place *place)
{
    const char *state = getenv("TALON_STATE");

    snprintf(place->endpoint, sizeof place->endpoint, "127.0.0.1:9999");
    if (!files_absolute(state && state[0] ? state : "~/.local/state/talon", NULL, place->state, sizeof place->state))
        place->state[0] = '\0';
}

static void from_configuration(const char *file, struct ask_place *place)
{
    struct config_request request = { .file = file };
    struct config *config = config_read(&request);
    const struct model_settings *settings;

    if (!config)
        return;
    settings = config_settings(config);
    snprintf(place->state, sizeof place->state, "%s", settings->state);
    snprintf(place->endpoint, sizeof place->endpoint, strchr(settings->listen_host, ':') ? "[%s]:%u" : "%s:%u", settings->listen_host, (unsigned)settings->listen_port);
    config_free(config);
}

void ask_find(const char *given, struct ask_place *place)
{
    const char *from_environment = getenv("TALON_CONFIG");
    struct buffer endpoint = buffer_make(sizeof place->endpoint - 1);
    char file[4096];

    defaults(place);
    if (!given)
        given = from_environment && from_environment[0] ? from_environment : "~/.config/talon/talon.yaml";
    if (!files_absolute(given, NULL, file, sizeof file) || access(file, R_OK) != 0)
        snprintf(file, sizeof file, "%s", TALON_SYSCONFDIR "/talon/talon.yaml");
    if (access(file, R_OK) == 0)
        from_configuration(file, place);
    if (place->state[0] && state_read(place->state, "endpoint", &endpoint) && endpoint.len > 1)
        snprintf(place->endpoint, sizeof place->endpoint, "%.*s", (int)endpoint.len - 1, buffer_string(&endpoint));
    buffer_free(&endpoint);
}

/* ---- what */

struct asking {
    int fd;
    uint64_t until;
    char *why;
    size_t why_size;
};

/* False: a sentence is in why. */
static bool wait_for(struct asking *asking, short events)
{
    struct pollfd one = { .fd = asking->fd, .events = events };
    uint64_t now = clock_awake();
    int n = now < asking->until ? poll(&one, 1, (int)((asking->until - now) / NS_PER_MS) + 1) : 0;

    if (n > 0)
        return true;
    snprintf(asking->why, asking->why_size, "%s", n == 0 ? "it does not answer within 2 s" : strerror(errno));
    return false;
}

static bool connect_to(struct asking *asking, const char *endpoint)
{
    struct scalar_address address;
    struct sockaddr_storage to = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;
    char why[SCALAR_WHY];
    socklen_t size = sizeof *v4, n = sizeof(int);
    int error = 0;

    if (!scalar_address(endpoint, &address, why) || address.path[0]) {
        snprintf(asking->why, asking->why_size, "%s is no address", endpoint);
        return false;
    }
    if (inet_pton(AF_INET, address.host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
    } else if (inet_pton(AF_INET6, address.host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address.port);
        size = sizeof *v6;
    }
    asking->fd = socket(to.ss_family, SOCK_STREAM, 0);
    if (asking->fd >= 0 && fcntl(asking->fd, F_SETFL, O_NONBLOCK) == 0 && connect(asking->fd, (struct sockaddr *)&to, size) != 0 && errno == EINPROGRESS) {
        if (!wait_for(asking, POLLOUT))
            return false;
        getsockopt(asking->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        errno = error;
    } else if (asking->fd >= 0) {
        errno = 0;
    }
    if (asking->fd >= 0 && errno == 0)
        return true;
    snprintf(asking->why, asking->why_size, "%s", strerror(errno));
    return false;
}

static bool exchange(struct asking *asking, const char *endpoint, const char *path, struct buffer *answer)
{
    char request[512];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", path, endpoint);
    ssize_t got;

    if (!wait_for(asking, POLLOUT) || send(asking->fd, request, (size_t)n, 0) != n)
        return false;
    for (;;) {
        char *room = buffer_reserve(answer, 16384);

        if (!room || !wait_for(asking, POLLIN))
            return false;
        got = recv(asking->fd, room, 16384, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return got == 0;
        answer->len += (size_t)got;
        answer->data[answer->len] = '\0';
    }
}

int ask_get(const char *endpoint, const char *path, struct buffer *body, char *why, size_t why_size)
{
    struct asking asking = { .fd = -1, .until = clock_awake() + PATIENCE, .why = why, .why_size = why_size };
    bool good;
    const char *end;
    int status = 0;

    snprintf(why, why_size, "it closed the connection without an answer");
    good = connect_to(&asking, endpoint) && exchange(&asking, endpoint, path, body);
    if (asking.fd >= 0)
        close(asking.fd);
    if (!good)
        return 0;
    end = strstr(buffer_string(body), "\r\n\r\n");
    if (!end || strncmp(body->data, "HTTP/1.", 7) != 0 || body->len < 12) {
        snprintf(why, why_size, "what answers there does not speak HTTP");
        return 0;
    }
    status = (int)strtol(body->data + 9, NULL, 10);
    buffer_consume(body, (size_t)(end + 4 - body->data));
    return status;
}
