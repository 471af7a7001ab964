/*
 * Questions about the past: GET /api/v1/history, /api/v1/uptime, /api/v1/incidents?since=D. The store's thread answers them; meanwhile the connection sleeps and the serving thread goes on,
 * so a store that is slow or stands still delays nobody else. Bounded: so many at once, and a time for each. Private to serve.
 */
#ifndef SERVE_PAST_H
#define SERVE_PAST_H

#include "serve/answers.h"
#include "serve/serve.h"

struct past;
struct past_question;

enum { PAST_MOST = 16 };

/* NULL: no memory. */
struct past *past_create(void);
/* When no connection sleeps any more. A question that the store has still to answer goes when it has. NULL: nothing. */
void past_free(struct past *past);

/* Any thread: who is to be asked from now on. NULL: nobody. */
void past_store(struct past *past, struct store *store, serve_ask *ask);

bool past_is_asked(const struct request *request);
/* By the serving thread, in the library's handler. NULL: *refused is the answer at once; else the connection sleeps, and the handler is called again when it is woken. */
struct past_question *past_ask(struct past *past, const struct snapshot *snapshot, const struct request *request, struct MHD_Connection *connection, struct answer *refused);
/* It was woken: the answer. The question is gone. */
struct answer past_answer(struct past *past, struct past_question *question);
/* Its client has gone. */
void past_leave(struct past *past, struct past_question *question);

/* Any thread: wakes those that have waited too long, with a sentence. */
void past_look(struct past *past, uint64_t now);
/* The end: wakes all, and takes no more. */
void past_end(struct past *past);

#endif
