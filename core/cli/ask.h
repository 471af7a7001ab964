/*
 * Asks a running daemon, or what it left: where it answers, what it answers. The endpoint is asked by a plain GET of our own, because the core does
 * not link an HTTP client and needs no more than this.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/buffer.h"
#include "base/moment.h"

#include <stdint.h>

struct ask_place {
    char endpoint[300];  /* "127.0.0.1:9999", "[::1]:9999" */
    char state[1024];    /* the state folder */
    char control[1024];  /* the control socket's path */
    char log[1024];      /* the log file of the configuration; "": there is no configuration */
};

/* From the configuration that `given` (or the default) names, what the daemon wrote into the state folder, and the defaults. Says nothing when there is no
 * configuration: a default is as good. */
void ask_find(const char *given, struct ask_place *place);

#define ASK_PATIENCE (2 * (uint64_t)NS_PER_S)

/* GET path of an endpoint ("127.0.0.1:9999", "unix:/run/x.sock") within so many ns. Returns the HTTP status and the body (bounded), or 0, errno (0: it is not of
 * the system) and a sentence in why. */
int ask_get(const char *endpoint, const char *path, uint64_t patience, struct buffer *body, char *why, size_t why_size);
/* The same with another method, and what is said with it (JSON; NULL: nothing). */
int ask_by(const char *method, const char *endpoint, const char *path, const char *said, uint64_t patience, struct buffer *body, char *why, size_t why_size);

#endif
