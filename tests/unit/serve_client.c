/* A client that can misbehave: see serve_client.h. */
#include "serve_client.h"

#include "base/moment.h"
#include "base/os/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int client_open(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("a client cannot connect");
        abort();
    }
    return fd;
}

bool client_send(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool client_say(int fd, const char *text)
{
    return client_send(fd, text, strlen(text));
}

/* 1: more has been read, 0: closed, -1: too late. */
static int read_more(int fd, struct buffer *answer, uint64_t until)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    uint64_t now = clock_awake();
    char bytes[65536];
    ssize_t n;

    if (poll(&one, 1, now < until ? (int)((until - now) / NS_PER_MS) + 1 : 0) <= 0)
        return -1;
    n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0) /* a reset closes as well */
        return 0;
    buffer_add(answer, bytes, (size_t)n);
    return 1;
}

bool client_read(int fd, struct buffer *answer, uint64_t ns)
{
    uint64_t until = clock_awake() + ns;
    int more;

    do {
        more = read_more(fd, answer, until);
    } while (more > 0);
    return more == 0;
}

static bool is_whole(const struct buffer *answer)
{
    const char *end = strstr(buffer_string(answer), "\r\n\r\n"), *length = strstr(buffer_string(answer), "Content-Length: ");

    return end && length && answer->len >= (size_t)(end + 4 - answer->data) + strtoul(length + 16, NULL, 10);
}

bool client_read_one(int fd, struct buffer *answer, uint64_t ns)
{
    uint64_t until = clock_awake() + ns;

    while (!is_whole(answer))
        if (read_more(fd, answer, until) <= 0)
            return is_whole(answer);
    return true;
}

int client_code(const struct buffer *answer)
{
    return strncmp(buffer_string(answer), "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer->data + 9, NULL, 10) : 0;
}

const char *client_body(const struct buffer *answer)
{
    const char *end = strstr(buffer_string(answer), "\r\n\r\n");

    return end ? end + 4 : "";
}

int client_ask_bytes(uint16_t port, const char *request, size_t n, struct buffer *answer)
{
    int fd = client_open(port);

    buffer_clear(answer);
    client_send(fd, request, n);
    client_read(fd, answer, CLIENT_PATIENCE);
    close(fd);
    return client_code(answer);
}

int client_ask(uint16_t port, const char *request, struct buffer *answer)
{
    return client_ask_bytes(port, request, strlen(request), answer);
}

int client_get(uint16_t port, const char *path, struct buffer *answer)
{
    char request[256];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
    return client_ask(port, request, answer);
}

uint64_t client_quickest(uint16_t port)
{
    struct buffer answer = buffer_make(0);
    uint64_t quickest = UINT64_MAX;

    for (int i = 0; i < 5; i++) {
        uint64_t begun = clock_awake(), took;

        if (client_get(port, "/health", &answer) != 200) {
            quickest = UINT64_MAX;
            break;
        }
        took = clock_awake() - begun;
        quickest = took < quickest ? took : quickest;
    }
    buffer_free(&answer);
    return quickest;
}
