/*
 * The server that the bench watches: answers every GET at once, keeps connections that ask for it, and counts. It is in C because it must never be what
 * is measured.
 *
 *   bench-server [--port N]      prints its port, then serves until SIGTERM
 *   GET /_count                  how many other requests there were
 *   GET /_break/NAME, /_mend     from now on /NAME is answered with 503; all is well again
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 4096, BROKEN = 64, NAME = 64 };

struct client {
    ev_io io;
    size_t n;
    char head[ROOM];
};

static unsigned long long counted;
static char broken[BROKEN][NAME];
static size_t n_broken;

static void hang_up(struct ev_loop *loop, struct client *client)
{
    ev_io_stop(loop, &client->io);
    close(client->io.fd);
    free(client);
}

static bool is_broken(const char *path)
{
    for (size_t i = 0; i < n_broken; i++)
        if (strcmp(broken[i], path) == 0)
            return true;
    return false;
}

/* Writes the answer to one request; false: the connection is to be closed. */
static bool answer(int fd, const char *head)
{
    char path[NAME] = "", body[32] = "ok", reply[256];
    bool close_it = strstr(head, "onnection: close") != NULL;
    int status = 200, n;

    sscanf(head, "GET /%63[^ ]", path);
    if (strcmp(path, "_count") == 0) {
        snprintf(body, sizeof body, "%llu", counted);
    } else if (strncmp(path, "_break/", 7) == 0 && n_broken < BROKEN) {
        snprintf(broken[n_broken++], NAME, "%s", path + 7);
    } else if (strcmp(path, "_mend") == 0) {
        n_broken = 0;
    } else {
        counted++;
        status = is_broken(path) ? 503 : 200;
    }
    n = snprintf(reply, sizeof reply, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body), close_it ? "Connection: close\r\n" : "", body);
    return write(fd, reply, (size_t)n) == n && !close_it;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct client *client = io->data;
    ssize_t got = read(io->fd, client->head + client->n, sizeof client->head - 1 - client->n);
    char *end;

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        hang_up(loop, client);
        return;
    }
    client->n += (size_t)got;
    client->head[client->n] = '\0';
    while ((end = strstr(client->head, "\r\n\r\n")) != NULL) {
        size_t used = (size_t)(end + 4 - client->head);

        *end = '\0';
        if (!answer(io->fd, client->head)) {
            hang_up(loop, client);
            return;
        }
        memmove(client->head, client->head + used, client->n - used + 1);
        client->n -= used;
    }
    if (client->n == sizeof client->head - 1)
        hang_up(loop, client);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
    (void)events;
    for (;;) {
        int one = 1, fd = accept(io->fd, NULL, NULL);
        struct client *client = fd < 0 ? NULL : calloc(1, sizeof *client);

        if (fd < 0)
            return;
        if (!client) {
            close(fd);
            return;
        }
        fcntl(fd, F_SETFL, O_NONBLOCK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ev_io_init(&client->io, on_readable, fd, EV_READ);
        client->io.data = client;
        ev_io_start(loop, &client->io);
    }
}

static void on_terminate(struct ev_loop *loop, ev_signal *signal_, int events)
{
    (void)signal_, (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static int listen_at(unsigned short port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, 4096) < 0 || getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        perror("bench-server: cannot listen");
        exit(1);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct ev_loop *loop = ev_default_loop(0);
    unsigned short port = argc == 3 && strcmp(argv[1], "--port") == 0 ? (unsigned short)strtoul(argv[2], NULL, 10) : 0;
    ev_io listener;
    ev_signal terminate;

    signal(SIGPIPE, SIG_IGN);
    ev_io_init(&listener, on_connection, listen_at(port), EV_READ);
    ev_io_start(loop, &listener);
    ev_signal_init(&terminate, on_terminate, SIGTERM);
    ev_signal_start(loop, &terminate);
    ev_run(loop, 0);
    return 0;
}
