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
#include <install_dirs.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FULL_LOOK_MS = 20 };

/* ---- where */

static void defaults(struct ask_place *place)
{
    const char *state = getenv("TALON_STATE");

    place->log[0] = '\0';
    snprintf(place->endpoint, sizeof place->endpoint, "127.0.0.1:9999");
    if (!files_absolute(state && state[0] ? state : "~/.local/state/talon", NULL, place->state, sizeof place->state))
        place->state[0] = '\0';
    snprintf(place->control, sizeof place->control, "%.*s/control.sock", (int)sizeof place->control - 16, place->state);
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
    snprintf(place->control, sizeof place->control, "%s", settings->control_path);
    snprintf(place->log, sizeof place->log, "%s", settings->log_file ? settings->log_file : "");
    snprintf(place->endpoint, sizeof place->endpoint, strchr(settings->listen_host, ':') ? "[%s]:%u" : "%s:%u", settings->listen_host, (unsigned)settings->listen_port);
    config_free(config);
}

/* What a running daemon has written down holds before what the files say by now. */
static void from_state(const char *folder, const char *name, char *out, size_t n)
{
    struct buffer line = buffer_make(n - 1);

    if (folder[0] && state_read(folder, name, &line) && line.len > 1)
        snprintf(out, n, "%.*s", (int)line.len - 1, buffer_string(&line));
    buffer_free(&line);
}

void ask_find(const char *given, struct ask_place *place)
{
    const char *from_environment = getenv("TALON_CONFIG");
    char file[4096];

    defaults(place);
    if (!given)
        given = from_environment && from_environment[0] ? from_environment : "~/.config/talon/talon.yaml";
    if (!files_absolute(given, NULL, file, sizeof file) || access(file, R_OK) != 0)
        snprintf(file, sizeof file, "%s", TALON_SYSCONFDIR "/talon/talon.yaml");
    if (access(file, R_OK) == 0)
        from_configuration(file, place);
    from_state(place->state, "endpoint", place->endpoint, sizeof place->endpoint);
    from_state(place->state, "control", place->control, sizeof place->control);
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
    if (n == 0)
        errno = ETIMEDOUT;
    snprintf(asking->why, asking->why_size, "%s", n == 0 ? "it does not answer in time" : strerror(errno));
    return false;
}

/* The socket address of an endpoint; 0: it is none. */
static socklen_t address_of(const char *endpoint, struct sockaddr_storage *to)
{
    struct scalar_address address;
    struct sockaddr_in *v4 = (struct sockaddr_in *)to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
    struct sockaddr_un *un = (struct sockaddr_un *)to;
    char why[SCALAR_WHY];

    if (!scalar_address(endpoint, &address, why) || strlen(address.path) >= sizeof un->sun_path)
        return 0;
    if (address.path[0]) {
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, address.path, strlen(address.path) + 1);
        return sizeof *un;
    }
    if (inet_pton(AF_INET, address.host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, address.host, &v6->sin6_addr) != 1)
        return 0;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    return sizeof *v6;
}

/* Where the other side's queue is full, a unix socket says so at once instead of waiting. */
static int connect_patiently(const struct asking *asking, const struct sockaddr_storage *to, socklen_t size)
{
    while (connect(asking->fd, (const struct sockaddr *)to, size) != 0) {
        if (errno != EAGAIN || clock_awake() >= asking->until)
            return errno;
        poll(NULL, 0, FULL_LOOK_MS);
    }
    return 0;
}

static bool connect_to(struct asking *asking, const char *endpoint)
{
    struct sockaddr_storage to = { 0 };
    socklen_t size = address_of(endpoint, &to), n = sizeof(int);
    int error = 0;

    if (size == 0) {
        errno = 0;
        snprintf(asking->why, asking->why_size, "%s is no address", endpoint);
        return false;
    }
    asking->fd = socket(to.ss_family, SOCK_STREAM, 0);
    if (asking->fd < 0 || fcntl(asking->fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(asking->fd, F_SETFD, FD_CLOEXEC) != 0) {
        error = errno;
    } else {
        error = connect_patiently(asking, &to, size);
        if (error == EINPROGRESS) {
            if (!wait_for(asking, POLLOUT))
                return false;
            getsockopt(asking->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        }
    }
    errno = error;
    if (error != 0)
        snprintf(asking->why, asking->why_size, "%s", strerror(error));
    return error == 0;
}

/* Small enough for a socket's buffer mostly: what does not go at once is waited for. */
static bool send_request(struct asking *asking, const char *method, const char *endpoint, const char *path, const char *said)
{
    struct buffer request = buffer_make(0);
    size_t sent = 0;
    bool done;

    buffer_printf(&request, "%s %s HTTP/1.0\r\nHost: %s\r\n", method, path, strncmp(endpoint, "unix:", 5) == 0 ? "localhost" : endpoint);
    if (strcmp(method, "GET") != 0)
        buffer_printf(&request, "Content-Length: %zu\r\n", said ? strlen(said) : 0);
    buffer_printf(&request, "Connection: close\r\n\r\n%s", said ? said : "");
    while (!request.failed && sent < request.len && wait_for(asking, POLLOUT)) {
        ssize_t n = send(asking->fd, request.data + sent, request.len - sent, 0);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            break;
        sent += n > 0 ? (size_t)n : 0;
    }
    done = !request.failed && sent == request.len;
    buffer_free(&request);
    return done;
}

static bool exchange(struct asking *asking, const char *method, const char *endpoint, const char *path, const char *said, struct buffer *answer)
{
    ssize_t got;

    if (!send_request(asking, method, endpoint, path, said))
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

int ask_by(const char *method, const char *endpoint, const char *path, const char *said, uint64_t patience, struct buffer *body, char *why, size_t why_size)
{
    struct asking asking = { .fd = -1, .until = clock_awake() + patience, .why = why, .why_size = why_size };
    bool good;
    const char *end;
    int status = 0, error;

    snprintf(why, why_size, "it closed the connection without an answer");
    good = connect_to(&asking, endpoint) && exchange(&asking, method, endpoint, path, said, body);
    error = errno;
    if (asking.fd >= 0)
        close(asking.fd);
    errno = error;
    if (!good)
        return 0;
    errno = 0;
    end = strstr(buffer_string(body), "\r\n\r\n");
    if (!end || strncmp(body->data, "HTTP/1.", 7) != 0 || body->len < 12) {
        snprintf(why, why_size, "what answers there does not speak HTTP");
        return 0;
    }
    status = (int)strtol(body->data + 9, NULL, 10);
    buffer_consume(body, (size_t)(end + 4 - body->data));
    return status;
}

int ask_get(const char *endpoint, const char *path, uint64_t patience, struct buffer *body, char *why, size_t why_size)
{
    return ask_by("GET", endpoint, path, NULL, patience, body, why, why_size);
}
