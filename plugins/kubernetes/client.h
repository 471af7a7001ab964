/*
 * Asking an API server: a call is one request and what came of it, told apart by whose matter it is. It belongs to a run or a shared object, in whose state it
 * lies; there is one at a time in it.
 */
#ifndef KUBERNETES_CLIENT_H
#define KUBERNETES_CLIENT_H

#include "cluster.h"

enum client_outcome {
    CLIENT_GOOD,      /* 2xx */
    CLIENT_NO_LOGIN,  /* the kubeconfig or the credentials are not to be had: nothing was asked */
    CLIENT_UNREACHED, /* no answer: see `error` */
    CLIENT_UNHEARD,   /* the run's time is over, and our turn had not come */
    CLIENT_REJECTED,  /* 401 */
    CLIENT_FORBIDDEN, /* 403 */
    CLIENT_ABSENT,    /* 404 */
    CLIENT_CONFLICT,  /* 409 */
    CLIENT_GONE,      /* 410: the version that was named is too old */
    CLIENT_BUSY,      /* 429 */
    CLIENT_BROKEN,    /* 5xx */
    CLIENT_ODD        /* another status, or a body that is none */
};

enum { CLIENT_WORDS = 400 };

/* Why there is nothing; lives by itself. */
struct client_failure {
    enum client_outcome outcome;
    int ours;                  /* CLIENT_UNREACHED: our own trouble (talon_ours) */
    uint32_t retry_s;          /* CLIENT_BUSY: when to ask again, as far as it says so; 0: it does not */
    char token[64];            /* the reason for a result */
    char words[CLIENT_WORDS];  /* a sentence */
};

struct client_call;
/* `got` is NULL where no answer came. */
typedef void client_done_fn(struct talon_run *owner, struct client_call *call, const struct talon_response *got);

struct client_call {
    const char *method, *path, *body; /* method NULL: GET; path with its query; these live until it is over */
    const char *type;                 /* of the body; NULL: application/json */
    const char *as;                   /* user to act for; NULL: as the kubeconfig says */
    uint32_t max_body;                /* 0: 1 MiB */
    uint64_t timeout_ns;              /* 0: the owner's deadline */
    int urgent;                       /* takes no turn: it is about the server itself */
    int once;                         /* a path that is asked once: its connection is not kept */
    client_done_fn *done;
    struct client_failure failure;    /* CLIENT_GOOD: none */
    struct talon_run *cluster;
    int holds, deferred, renewed;
};

/* Begins it. done() may be called before this returns, when nothing can be asked. */
void client_ask(struct talon_run *owner, struct talon_run *cluster, struct client_call *call);
/* A stream of lines, beside the calls: it takes no turn and keeps no connection. 0: it could not be begun. */
talon_op client_stream(struct talon_run *owner, struct talon_run *cluster, const char *path, uint64_t timeout_ns, talon_data_fn *data, talon_http_fn *done);

/* What a body that is no success says of itself: a Status' message, else its first words. Lives as long as the owner. */
const char *client_words(struct talon_run *owner, const struct talon_response *got);
/* Ends a run that cannot be answered because of a failure: the question could not be asked. `what` is what was wanted: "the nodes". */
void client_unknown(struct talon_run *run, const struct client_failure *failure, const char *what);

/* A name of an object or namespace, as Kubernetes has them, also with `:` as RBAC's have. */
int client_is_name(const char *text);
/* The text as a part of a query, its special characters as %XX. Lives as long as the owner. */
const char *client_escape(struct talon_run *owner, const char *text);

#endif
