/* The scripted server of the module tests: see module_server.h. */
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST_TALKS = 4096, PATIENCE_MS = 10000 };

struct worker {
    struct talk talk;
    pthread_t thread;
    bool open;
};

struct server {
    struct server_setup setup;
    int fd, wake[2];
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct worker *workers[MOST_TALKS];
    int n;
    bool over;
    char *heard;
    size_t n_heard;
};

/* ---- talking */

/* False: nothing came in time, or the server is to stop. */
static bool wait_readable(const struct talk *talk)
{
    struct pollfd wait = { .fd = talk->fd, .events = POLLIN };

    return (talk->ssl && SSL_pending(talk->ssl) > 0) || poll(&wait, 1, PATIENCE_MS) > 0;
}

static ssize_t read_some(struct talk *talk, char *bytes, size_t n)
{
    if (!wait_readable(talk))
        return -1;
    return talk->ssl ? SSL_read(talk->ssl, bytes, (int)n) : recv(talk->fd, bytes, n, 0);
}

void talk_send(struct talk *talk, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n > 0) {
        ssize_t sent = talk->ssl ? SSL_write(talk->ssl, at, (int)n) : send(talk->fd, at, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        at += sent;
        n -= (size_t)sent;
    }
}

void talk_say(struct talk *talk, const char *text)
{
    talk_send(talk, text, strlen(text));
}

static void hear(struct server *server, const char *bytes, size_t n)
{
    char *more;

    pthread_mutex_lock(&server->lock);
    more = realloc(server->heard, server->n_heard + n + 1);
    if (more) {
        memcpy(more + server->n_heard, bytes, n);
        server->n_heard += n;
        more[server->n_heard] = '\0';
        server->heard = more;
    }
    pthread_mutex_unlock(&server->lock);
}

static size_t body_left(const char *head, size_t have)
{
    const char *line = strstr(head, "\r\nContent-Length: ");
    const size_t body = line ? (size_t)strtoul(line + 18, NULL, 10) : 0;

    return body > have ? body - have : 0;
}

bool talk_request(struct talk *talk)
{
    char head[65536], more[65536];
    size_t n = 0, left;
    char *end;

    do {
        ssize_t got = n + 1 < sizeof head ? read_some(talk, head + n, sizeof head - 1 - n) : -1;

        if (got <= 0)
            return false;
        n += (size_t)got;
        head[n] = '\0';
        end = strstr(head, "\r\n\r\n");
    } while (!end);
    hear(talk->server, head, n);
    left = body_left(head, n - (size_t)(end + 4 - head));
    while (left > 0) {
        ssize_t got = read_some(talk, more, left < sizeof more ? left : sizeof more);

        if (got <= 0)
            return false;
        hear(talk->server, more, (size_t)got);
        left -= (size_t)got;
    }
    return true;
}

void talk_wait(struct talk *talk)
{
    char bytes[4096];

    while (read_some(talk, bytes, sizeof bytes) > 0)
        ;
}

void talk_reset(struct talk *talk)
{
    const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void talk_pause(int ms)
{
    poll(NULL, 0, ms);
}

bool talk_accept_tls(struct talk *talk)
{
    talk->ssl = SSL_new(talk->server->setup.tls);
    if (!talk->ssl)
        return false;
    SSL_set_fd(talk->ssl, talk->fd);
    return SSL_accept(talk->ssl) == 1;
}

/* ---- threads */

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct talk *talk = &worker->talk;
    struct server *server = talk->server;

    if (!server->setup.tls || server->setup.raw || talk_accept_tls(talk))
        server->setup.script(talk);
    if (talk->ssl) {
        SSL_shutdown(talk->ssl);
        SSL_free(talk->ssl);
    }
    pthread_mutex_lock(&server->lock);
    worker->open = false;
    close(talk->fd);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void take(struct server *server, int fd)
{
    struct worker *worker = calloc(1, sizeof *worker);

    pthread_mutex_lock(&server->lock);
    if (!worker || server->over || server->n == MOST_TALKS) {
        close(fd);
        free(worker);
    } else {
        worker->talk = (struct talk){ .server = server, .fd = fd, .arg = server->setup.arg, .number = server->n + 1 };
        worker->open = true;
        server->workers[server->n++] = worker;
        pthread_create(&worker->thread, NULL, work, worker);
    }
    pthread_mutex_unlock(&server->lock);
}

static void *listen_for_talks(void *arg)
{
    struct server *server = arg;
    struct pollfd wait[2] = { { .fd = server->fd, .events = POLLIN }, { .fd = server->wake[0], .events = POLLIN } };

    while (poll(wait, 2, -1) >= 0 && wait[1].revents == 0) {
        int fd = wait[0].revents ? accept(server->fd, NULL, NULL) : -1;

        if (fd >= 0)
            take(server, fd);
    }
    return NULL;
}

/* ---- starting and stopping */

static int bind_inet(struct server *server, int family)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    const struct sockaddr *address = family == AF_INET6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t n = family == AF_INET6 ? sizeof six : sizeof four;
    int fd = socket(family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, address, n), 0);
    if (family == AF_INET6) {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&six, &n), 0);
        server->port = ntohs(six.sin6_port);
    } else {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&four, &n), 0);
        server->port = ntohs(four.sin_port);
    }
    return fd;
}

static int bind_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

struct server *server_start(const struct server_setup *setup)
{
    struct server *server = calloc(1, sizeof *server);

    assert_non_null(server);
    server->setup = *setup;
    server->fd = setup->path ? bind_unix(setup->path) : bind_inet(server, setup->family ? setup->family : AF_INET);
    assert_int_equal(listen(server->fd, setup->deaf ? 0 : 128), 0);
    assert_int_equal(pipe(server->wake), 0);
    pthread_mutex_init(&server->lock, NULL);
    if (!setup->deaf)
        assert_int_equal(pthread_create(&server->thread, NULL, listen_for_talks, server), 0);
    return server;
}

void server_stop(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    server->over = true;
    for (int i = 0; i < server->n; i++)
        if (server->workers[i]->open)
            shutdown(server->workers[i]->talk.fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    assert_int_equal(write(server->wake[1], "", 1), 1);
    if (!server->setup.deaf)
        pthread_join(server->thread, NULL);
    for (int i = 0; i < server->n; i++) {
        pthread_join(server->workers[i]->thread, NULL);
        free(server->workers[i]);
    }
    close(server->fd);
    close(server->wake[0]);
    close(server->wake[1]);
    if (server->setup.path)
        unlink(server->setup.path);
    pthread_mutex_destroy(&server->lock);
    free(server->heard);
    free(server);
}

unsigned server_port(const struct server *server)
{
    return server->port;
}

int server_connections(struct server *server)
{
    int n;

    pthread_mutex_lock(&server->lock);
    n = server->n;
    pthread_mutex_unlock(&server->lock);
    return n;
}

int server_open(struct server *server)
{
    int n = 0;

    pthread_mutex_lock(&server->lock);
    for (int i = 0; i < server->n; i++)
        n += server->workers[i]->open;
    pthread_mutex_unlock(&server->lock);
    return n;
}

const char *server_heard(struct server *server)
{
    const char *heard;

    pthread_mutex_lock(&server->lock);
    heard = server->heard ? server->heard : "";
    pthread_mutex_unlock(&server->lock);
    return heard;
}
