/* Reads and judges a request before anything is answered: its target, its headers, its Host (rules.md 6.1). Private to serve. */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is served. Server-sent events (GET /events) will be one more of these, with a connection that stays: their place is in the table of request.c. */
enum route { ROUTE_HEALTH, ROUTE_HEALTHZ, ROUTE_READYZ, ROUTE_METRICS, ROUTE_STATUS, ROUTE_SERVICES, ROUTE_CHECKS, ROUTE_INCIDENTS, ROUTE_INCIDENT, ROUTE_LIMITS, ROUTE_HEAL, ROUTE_WHY,
             ROUTE_HISTORY, ROUTE_UPTIME, ROUTE_PAGE, ROUTE_NONE };

enum judgement {
    REQUEST_GOOD,
    REQUEST_BAD,          /* 400 */
    REQUEST_NO_HOST,      /* 400 */
    REQUEST_TWO_HOSTS,    /* 400 */
    REQUEST_MISDIRECTED,  /* 421 */
    REQUEST_METHOD,       /* 405 */
    REQUEST_UNKNOWN_PATH, /* 404 */
    REQUEST_LARGE_HEAD,   /* 431 */
    REQUEST_LARGE_BODY,   /* 413 */
};

enum { REQUEST_QUERY = 256, REQUEST_HEAD_MAX = 16384, REQUEST_BODY_MAX = 1 << 20 };

struct request {
    enum route route;
    bool malformed;       /* the target is no target */
    bool absolute;        /* it names a host of its own */
    bool own_host_good;   /* and that is one of ours */
    const char *end;      /* of the raw target, where the library has put its NUL */
    enum judgement judgement;
    bool judged, openmetrics;
    bool has_body, large_body, expects; /* expects: to be told to go on before it sends the body */
    uint64_t bytes;       /* of the head, and of the body so far */
    bool query_cut;       /* the query is longer than is looked at */
    char name[24];        /* what follows the path of a route that has such a part */
    char query[REQUEST_QUERY]; /* as it came, without its question mark */
};

/* The raw target, as it came: "/health?x", "http://localhost:9999/health". */
void request_begin(struct request *request, const char *target, const char *const *allow_hosts);
/* The head is whole. As the library's handler gets them. */
void request_judge(struct request *request, struct MHD_Connection *connection, const char *method, const char *version, const char *const *allow_hosts);

/* The value of a parameter of the query, decoded; "": it is not there. False: it is malformed, too long, or there twice. */
bool request_query(const struct request *request, const char *name, char *value, size_t n);

/* ---- parts of it, for tests */

/* Is the host of this authority ("localhost:9999", "[::1]") a loopback name or one of those listed? */
bool request_host_is_ours(const char *authority, size_t n, const char *const *allow_hosts);
/* Does an Accept value prefer OpenMetrics 1 to the older text? NULL: there is none. */
bool request_wants_openmetrics(const char *accept);

#endif
