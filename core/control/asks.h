/*
 * The requests that wait for the loop, between the thread that reads them and the loop that carries them out: a queue and a bounded number of places, under one
 * lock. A request that waits too long is given up: one that the loop has not begun is then never carried out, one that it has is answered to nobody.
 * Knows no HTTP: whoever waits is a pointer. Private to control.
 */
#ifndef CONTROL_ASKS_H
#define CONTROL_ASKS_H

#include "control/control.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct asks;

struct control_ask {
    struct asks *asks;
    bool queued;              /* the loop has not seen it */
    bool held;                /* the loop has it, and will answer */
    bool waited;              /* somebody waits for the answer */
    bool answered;            /* here it is. A place is free when nobody waits and the loop does not hold it */
    struct control_ask *next; /* in the queue */
    const struct control_command *command;
    char name[CONTROL_NAME], user[CONTROL_USER];
    struct buffer body, answer;
    unsigned status;          /* of the answer */
    uint64_t since;           /* awake; when it was asked */
    void *waiter;             /* told by `wake` */
};

struct asks {
    pthread_mutex_t lock;
    struct control_ask places[CONTROL_ASKS];
    struct control_ask *first, *last;
    bool closed;              /* the end has come: no more are taken */
    void (*wake)(void *waiter); /* its ask is answered; called with the lock held */
};

void asks_begin(struct asks *asks, void (*wake)(void *waiter));
/* Frees what is left. */
void asks_end(struct asks *asks);

/* ---- by the thread that reads requests */

/* Puts one into the queue; takes the bytes of body (it is empty afterwards, also on failure). NULL: no place. `waiter` may be woken at once. */
struct control_ask *asks_put(struct asks *asks, const struct control_command *command, const char *name, const char *user, struct buffer *body, uint64_t now, void *waiter);
/* Its answer, if it is there. Takes the bytes into body. */
bool asks_collect(struct control_ask *ask, unsigned *status, struct buffer *body);
/* Nobody waits any more. */
void asks_leave(struct control_ask *ask);
/* Any thread: gives up, by an answer, what waits for longer than so many ns. */
void asks_give_up(struct asks *asks, uint64_t now, uint64_t longest);
/* Any thread: the end has come, for those that wait and those that the loop holds; no more are put. */
void asks_give_up_all(struct asks *asks);

/* {"ok":false,"error":"...","message":"..."} */
void asks_write_refusal(struct buffer *out, const char *error, const char *message);

/* ---- by the loop */

/* The next of the queue; NULL: it is empty. */
struct control_ask *asks_take(struct asks *asks);

#endif
