/*
 * One call of a gRPC method that takes a message and gives one, over the host's HTTP/2: with TLS, or in plain text by prior knowledge. What came of it is told
 * as for every other operation: no answer, an answer that is no gRPC, or a status, of which the meaning for a check is the same everywhere.
 */
#ifndef KIT_GRPC_H
#define KIT_GRPC_H

#include <talon/plugin.h>

enum grpc_status {
    GRPC_OK = 0,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_UNAVAILABLE = 14,
    GRPC_UNAUTHENTICATED = 16
};

struct grpc_target {
    struct talon_address address;
    const struct talon_tls *tls;        /* NULL: plain text */
    const char *const *metadata;        /* "name: value" lines, NULL ends; NULL: none */
};

struct grpc_answer {
    uint32_t status;
    const char *words;      /* its message, a line; "": none */
    const uint8_t *message; /* of GRPC_OK; lies in the response */
    size_t n;
};

/* "127.0.0.1:50000", "[::1]:1", "unix:/run/x": for people. Lives as long as its owner. */
const char *grpc_where(struct talon_run *owner, const struct talon_address *address);
/* Calls `method` ("/package.Service/Method") with a message of n bytes. The time that the run has left goes with it. */
void grpc_call(struct talon_run *run, const struct grpc_target *target, const char *method, const void *message, size_t n, talon_http_fn *got, void *arg);
/* Takes the response apart. 0: it is no answer of a gRPC server, and the run has ended with why; `where` is for people. */
int grpc_read(struct talon_run *run, const char *where, const struct talon_response *got, struct grpc_answer *answer);
/* Ends the run for a status that is not GRPC_OK: unknown where it is about us or our question. */
void grpc_refused(struct talon_run *run, const char *where, const struct grpc_answer *answer);
/* "UNAVAILABLE"; never NULL. */
const char *grpc_status_name(uint32_t status);

#endif
