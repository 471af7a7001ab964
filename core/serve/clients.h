/*
 * The connections of the endpoint, and the bounds on what each may cost (rules.md 6.2). The library closes what is inactive; that a request is whole in time
 * however slowly it trickles in, and that a crowd of idle clients never keeps another out, is seen to here. A connection that has to go is shut down, not
 * closed: the descriptor stays the library's. Private to serve.
 *
 * The serving thread tells what each connection is at; a second thread looks a few times a second, sleeps while there are no connections, and measures.
 */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include "serve/request.h"

#include <stdbool.h>
#include <stdint.h>

struct clients;

struct client {
    struct request request;      /* of the request that is being read or answered; the serving thread's alone */
    struct past_question *question; /* it sleeps until the store has answered; NULL: it does not */
    struct client_watch *watch;  /* private */
};

struct clients_bounds { /* times in ns */
    unsigned most;          /* connections; the next one makes the oldest go */
    unsigned crowd;         /* over so many, the longest idle ones go at once */
    uint64_t first_byte;    /* of accept to the first byte */
    uint64_t whole;         /* of a request's first byte to its last */
    uint64_t idle;          /* between an answer and the next request */
    uint64_t answer;        /* that a client may take for taking an answer */
    uint64_t look;          /* how often the times are looked at: they hold to this */
};

/* Starts the second thread. NULL: no memory, descriptor or thread. Copies the bounds. */
struct clients *clients_create(const struct clients_bounds *bounds);
/* Ends the thread. All clients must have left. NULL: nothing. */
void clients_free(struct clients *clients);

/* ---- by the serving thread */

/* A connection has been accepted: may send others away. NULL: there is no place, which does not happen while no more than the bounds' most + CLIENTS_SPARE are
 * in. */
enum { CLIENTS_SPARE = 64 };
struct client *clients_enter(struct clients *clients, int fd);
/* Before its descriptor is closed. */
void clients_leave(struct clients *clients, struct client *client);
/* Its request line has been read; it is being answered; it has its answer and the request was so many bytes long. */
void client_reading(struct client *client);
void client_answering(struct client *client);
void client_answered(struct client *client, uint64_t bytes);

/* ---- by any thread */

/* Sends idle clients away and waits until the others have their answers, at most so many ns. */
void clients_drain(struct clients *clients, uint64_t ns);

#endif
