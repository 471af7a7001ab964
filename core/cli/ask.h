/*
 * Asks a running daemon, or what it left: where it answers, what it answers. The endpoint is asked by a plain GET of our own, because the core does
 * not link an HTTP client and needs no more than this.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/buffer.h"

struct ask_place {
    char endpoint[300];  /* "127.0.0.1:9999", "[::1]:9999" */
    char state[1024];    /* the state folder */
};

/* From the configuration that `given` (or the default) names, what the daemon wrote into the state folder, and the defaults. Says nothing when there is no
 * configuration: a default is as good. */
void ask_find(const char *given, struct ask_place *place);
/* GET path within 2 s. Returns the HTTP status and the body (bounded), or 0 and a sentence in why. */
int ask_get(const char *endpoint, const char *path, struct buffer *body, char *why, size_t why_size);

#endif
