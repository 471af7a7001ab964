/*
 * What a host says beside its answers: lines on standard error, and its `log` messages. Both go to Talon's log under the plugin's name,
 * at most 100 lines in 10 s each; the rest is dropped, counted, and the count is told. Private to core/hosts.
 */
#ifndef HOSTS_CHATTER_H
#define HOSTS_CHATTER_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

enum { CHATTER_LINE = 2048 }; /* bytes; a longer line becomes several */

struct chatter_quota {
    uint64_t begun; /* awake */
    unsigned n;
    uint64_t dropped;
};

struct chatter {
    struct ev_loop *loop;
    const char *name; /* of the host */
    int fd;           /* of the pipe, -1: closed */
    ev_io readable;
    size_t n;
    char line[CHATTER_LINE];
    struct chatter_quota errors, logs;
};

/* Nothing to be heard yet. name: borrowed as long as it lives. */
void chatter_init(struct chatter *chatter, struct ev_loop *loop, const char *name);
/* Takes the pipe's end. */
void chatter_open(struct chatter *chatter, int fd);
/* Reads what is there now, at most some hundred kilobytes. */
void chatter_read(struct chatter *chatter);
/* Reads the rest, tells what was dropped, closes. */
void chatter_close(struct chatter *chatter);
/* A `log` message. level: as in the protocol, anything else is "info". who: the check, NULL: the host itself. */
void chatter_log(struct chatter *chatter, const char *level, const char *text, const char *who);
/* Now and then: tells what was dropped in a window that is over. */
void chatter_tick(struct chatter *chatter);

#endif
