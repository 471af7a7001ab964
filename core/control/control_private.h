/* What the files of core/control share: the one that speaks HTTP, and the one that has the loop's side and the clock. */
#ifndef CONTROL_PRIVATE_H
#define CONTROL_PRIVATE_H

#include "base/moment.h"
#include "control/asks.h"
#include "control/socket.h"

#include <ev.h>
#include <microhttpd.h>
#include <pthread.h>

enum { CONTROL_CONNECTIONS = 32 };

struct control_bounds { /* ns */
    uint64_t request; /* from the connection to the end of its request */
    uint64_t command; /* until it is given up */
    uint64_t taking;  /* that a client may take for taking its answer */
    uint64_t look;    /* how often these are looked at */
};

enum connection_stage { CONNECTION_READING, CONNECTION_WAITING, CONNECTION_ANSWERING };

/* One request each: it is closed after its answer. */
struct connection {
    bool used;
    bool shut;                /* sent away by us */
    int fd;
    enum connection_stage stage;
    uint64_t since;           /* awake; when the stage began */
    struct MHD_Connection *handle;
    /* of the reading thread alone: */
    bool trusted, begun;      /* begun: its request is whole, and has been put to the loop */
    struct buffer body;
    struct control_ask *ask;  /* NULL: none waits */
};

struct control {
    struct control_settings settings; /* path and group are ours */
    struct control_bounds bounds;
    gid_t group;
    struct socket_file file;
    int listener;
    struct MHD_Daemon *daemon;
    struct asks asks;
    ev_async asked;                   /* the queue has something */
    pthread_mutex_t lock;             /* of what follows; taken before that of asks */
    struct connection connections[CONTROL_CONNECTIONS];
    bool ending, ticking;
    pthread_t clock;                  /* looks at the times, since the loop may stand still */
    int wake[2];                      /* a byte: the first connection is in, or the end has come */
};

/* control_start() with other bounds: for tests. */
struct control *control_start_within(const struct control_settings *settings, const struct control_bounds *bounds, char *why, size_t why_size);

/* ---- http.c */

/* NULL: it could not be started. */
struct MHD_Daemon *http_start(struct control *control);
/* Lets a waiting connection go on. */
void http_wake(void *waiter);

/* ---- control.c */

/* A command has been put into the queue. Any thread. */
void control_asked(struct control *control);
/* The clock is to look. */
void control_wake(struct control *control);

#endif
