/* A connection as an operation: between op_connect.c (from the name to the socket), link_tls.c (the handshake) and link_io.c (what is said on it). */
#ifndef HOST_LINK_H
#define HOST_LINK_H

#include "base/buffer.h"
#include "modules_load.h"
#include "op.h"
#include "resolve.h"
#include "trouble.h"
#include "turn.h"
#include "waiting.h"

#include <ev.h>

enum { LINK_INPUT = 65536, LINK_OUTPUT = 4 << 20 };

enum link_stage { LINK_LOADING, LINK_RESOLVING, LINK_WAITING, LINK_CONNECTING, LINK_SHAKING_HANDS, LINK_UP, LINK_ENDING };

struct link {
    struct op op; /* first */
    talon_link_fn *done;
    talon_data_fn *data;
    enum link_stage stage;
    /* where to */
    char *host, *unix_path;
    uint16_t port;
    struct resolve *question;
    struct resolved addresses;
    size_t next_address;
    struct waiting waiting;    /* for a descriptor */
    struct module_wait wait;   /* for the TLS module */
    /* how */
    bool secure;
    struct talon_tls tls;      /* its texts are ours */
    struct tls_link *session;
    /* the connection */
    int fd;                    /* -1: none */
    ev_io io;
    ev_timer timer;            /* the attempt's end, or the whole timeout's */
    uint64_t began, give_up;   /* give_up: NEVER, or when it must be up, by turn_now() */
    uint64_t resolve_ns, connect_ns, tls_ns;
    size_t max_input;
    struct buffer in, out;
    bool wants_write;          /* TLS does, to go on reading or shaking hands */
    bool broken;               /* nothing can be sent any more */
    struct trouble trouble;
};

static inline struct link *link_of(struct op *op)
{
    return (struct link *)(void *)op;
}

/* ---- op_connect.c */
extern const struct op_kind link_kind;
/* Tells the plugin that it is over, with link->trouble. Within owner_enter(). */
void link_over(struct link *link);
/* The same, from a posted call, for a failure that has been seen while the plugin is on the stack. */
void link_over_soon(struct link *link);
/* That, because of something of ours. */
void link_fail_local(struct link *link, const char *why);
/* Calls the plugin: it is up, or over. Within owner_enter(). */
void link_tell(struct link *link, const struct talon_error *error);

/* ---- link_tls.c */
/* With TLS: what went wrong, as the session knows it. */
void link_tls_trouble(struct link *link);
void link_copy_tls(struct link *link, const struct talon_tls *tls);
void link_begin_tls(struct link *link);
void link_shake_hands(struct link *link);
/* It is up, with TLS or without. */
void link_up(struct link *link);

/* ---- link_io.c */
void link_io_ready(struct link *link, int events);
/* What its descriptor is watched for, after something has changed. */
void link_io_watch(struct link *link);

#endif
