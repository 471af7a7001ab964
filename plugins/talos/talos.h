/* What the files of the `talos` plugin share: where the machine API is and who we are to it, one call of it, and what is judged of the answers. */
#ifndef TALOS_H
#define TALOS_H

#include "kit/grpc.h"
#include "kit/protobuf.h"

enum { TALOS_WORDS = 200 };

struct talos_place { /* first in the conf of each operation */
    const char *config, *context, *node, *server_name;
    struct talon_address endpoint;
};

struct talos_api_conf {
    struct talos_place place; /* first */
    uint64_t warn_expiry;
};

struct talos_service_conf {
    struct talos_place place; /* first */
    const char *service;
    const char *const *required;
};

struct talos_restart_conf {
    struct talos_place place; /* first */
    const char *service;
};

struct talos_etcd_conf {
    struct talos_place place; /* first */
};

/* What a talosconfig says of one context; the run's, and the key in it is wiped with the run. */
struct talosconfig {
    const char *endpoint;        /* HOST or HOST:PORT; NULL: it names none */
    const char *ca, *cert, *key; /* PEM text */
};

struct talos_state { /* of a run */
    struct talosconfig config;
    struct grpc_target target;
    struct talon_tls tls;
    int64_t expires; /* our certificate, unix ns */
    const char *where;
    const void *message; /* what the method is given; NULL: nothing */
    size_t message_n;
};

extern const struct talon_option talos_api_options[], talos_service_options[], talos_etcd_options[], talos_restart_options[];
extern const struct talon_metric talos_api_metrics[], talos_service_metrics[], talos_etcd_metrics[], talos_restart_metrics[];

/* The options that each operation has, for its conf S. */
#define TALOS_PLACE_OPTIONS(S) \
    { .name = "config", \
      TALON_PATH_AT(S, place.config), \
      .fallback = "~/.talos/config", \
      .help = "The talosconfig with our certificate; read again for each run." }, \
        { .name = "context", TALON_STRING_AT(S, place.context), .help = "Which context of it; the current one unless given." }, \
        { .name = "endpoint", \
          TALON_ADDRESS_AT(S, place.endpoint), \
          .help = "Where the machine API is, HOST:PORT; the context's first endpoint unless given." }, \
        { .name = "node", TALON_STRING_AT(S, place.node), .help = "The node that is asked, through that endpoint; the endpoint itself unless given." }, \
    { \
        .name = "server_name", TALON_STRING_AT(S, place.server_name), .help = "Name to ask for and to verify; the endpoint's host unless given." \
    }

int talos_validate(const void *conf, struct talon_problem *problem);
void talos_api_start(struct talon_run *run);
void talos_service_start(struct talon_run *run);
void talos_etcd_start(struct talon_run *run);
void talos_restart_start(struct talon_run *run);
int talos_restart_validate(const void *conf, struct talon_problem *problem);

/* Reads a context of a talosconfig. NULL: done; else why not, a sentence part that never holds any of it. */
const char *talosconfig_read(struct talon_run *run, const char *path, const char *context, struct talosconfig *config);
/* Base64 into plain bytes, which are followed by a NUL; NULL: it is none. The owner's. */
char *talos_base64(struct talon_run *owner, const char *text, size_t length, size_t *n);
/* When the first certificate of a PEM text expires, unix ns. 0: there is none that can be read. */
int talos_cert_expiry(struct talon_run *owner, const char *pem, int64_t *unix_ns);

/* Reads the configuration, then calls a method, "Version", with the message of the run's state, where there is one. Ends the run where that cannot be. */
void talos_begin(struct talon_run *run, const char *method, talon_http_fn *got);
/* Another call in the same run. */
void talos_call(struct talon_run *run, const char *method, talon_http_fn *got);
/*
 * Takes the answer apart, of which each has the same shape: messages, one for each node that answered, with metadata in field 1. The first message, at
 * its start, into *message. 0: there is none, and the run has ended with why.
 */
int talos_read(struct talon_run *run, const struct talon_response *got, struct protobuf *message);

#endif
