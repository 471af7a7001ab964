/*
 * A server for the tests of the plugin host's modules: each connection gets a thread of its own, which runs a script of what to read and to say. With TLS
 * or without, over IPv4, IPv6 or a unix socket, always on a free port of loopback.
 */
#ifndef MODULE_SERVER_H
#define MODULE_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct server;

struct talk { /* one connection */
    struct server *server;
    int fd;
    SSL *ssl; /* NULL: plain */
    void *arg;
    int number; /* of the connection, from 1 */
};

struct server_setup {
    void (*script)(struct talk *);
    void *arg;
    int family;       /* 0: AF_INET */
    const char *path; /* of a unix socket */
    SSL_CTX *tls;     /* borrowed */
    bool raw;         /* TLS is made by the script: talk_accept_tls() */
    bool deaf;        /* listens with the smallest queue and never accepts */
};

/* Fails the test when it cannot listen. */
struct server *server_start(const struct server_setup *setup);
/* Ends every connection, joins every thread. */
void server_stop(struct server *server);
unsigned server_port(const struct server *server);
int server_connections(struct server *server);
/* How many connections are open now. */
int server_open(struct server *server);
/* All that was asked, one request after the other; borrowed until the next request. */
const char *server_heard(struct server *server);

bool talk_accept_tls(struct talk *talk);
/* Reads one request, head and body. False: the client has closed. */
bool talk_request(struct talk *talk);
void talk_say(struct talk *talk, const char *text);
void talk_send(struct talk *talk, const void *bytes, size_t n);
/* Waits until the client closes. */
void talk_wait(struct talk *talk);
/* Closes with a reset. */
void talk_reset(struct talk *talk);
/* Waits a little: the pace of a slow peer, not a synchronisation. */
void talk_pause(int ms);

#endif
