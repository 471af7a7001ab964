/*
 * What the files of the HTTP module share.
 *
 * An exchange is what the host asked for. It is made of hops, one for each redirect that is followed, and each hop is one transfer of libcurl: so
 * libcurl never carries a header, a body or a credential to a place that was not asked for. A hop belongs to a group: one multi handle of
 * libcurl, whose connections its exchanges may use one after the other. Exchanges whose TLS options or HTTP versions differ are in different groups, because
 * libcurl does not know those options (they are set behind its back in the SSL_CTX) and would hand one's connection to another.
 *
 * libcurl must not be called from within its own callbacks. So those only note what has happened: what follows is done by group_drive().
 */
#ifndef HOST_HTTP_PRIVATE_H
#define HOST_HTTP_PRIVATE_H

#include "module_fault.h"
#include "modules.h"

#include "base/buffer.h"

#include <curl/curl.h>

enum {
    HTTP_HOST = 256,               /* bytes of a host's name with its NUL */
    HTTP_MOST_HEADERS = 256 << 10, /* bytes of an answer's headers, interim answers and trailers among them */
    HTTP_MAX_BODY = 1 << 20,       /* where the request says 0 */
    HTTP_NS_PER_MS = 1000000,
};

#define HTTP_NS_PER_S 1000000000u

/* ---- TLS options and what came of them (http_trust.c) ---- */

/* TLS options, one copy for all exchanges that have the same. */
struct trust {
    struct trust *next;
    unsigned users;
    struct talon_tls tls;
    char *bytes;
    size_t n;
};

/* What the TLS module noted of one connection: kept by the hop that made it and by the connection's sockets. */
struct seal {
    unsigned users;
    void *record;
};

/* Overwrites what is freed next. */
void http_wipe(void *bytes, size_t n);
/* The same options again, one user more. *trust NULL: those of a request without any. False: no memory. */
bool trust_take(const struct talon_tls *tls, struct trust **trust);
struct trust *trust_share(struct trust *trust);
/* The options for another origin: without certificate, key and name. False: no memory. */
bool trust_reduce(const struct trust *from, struct trust **trust);
void trust_drop(struct trust *trust);
struct seal *seal_create(void);
struct seal *seal_share(struct seal *seal);
void seal_drop(struct seal *seal);

/* ---- groups, sockets, easy handles (http_group.c, http_socket.c) ---- */

struct http_exchange;
struct list;

struct group {
    struct group *next;
    CURLM *multi;
    struct trust *trust;
    uint32_t version; /* TALON_HTTP_1, TALON_HTTP_2 or 0 */
    bool fresh;       /* connections are never kept: the one group of all exchanges that want none */
    unsigned lanes;
    size_t exchanges; /* in it now */
    uint64_t used;    /* clock_awake() of the last begin */
    ev_timer timer;   /* libcurl's */
    ev_timer idle;    /* ends a group that nobody has used for long */
};

/* One socket of libcurl. Line and exchange know each other, or neither does. */
struct line {
    int fd;
    uint64_t serial;
    struct group *group;
    struct http_exchange *exchange;
    struct seal *seal;
    bool foreign;   /* not opened by our callback: forgotten when libcurl wants no more events of it */
    ev_io io;
    unsigned still; /* events in a row in which nothing moved */
    uint64_t moved; /* of its exchange at the last event */
};

/*
 * The group in which a lane keeps its connections; NULL: no memory. A lane is what repeats itself, run after run: the URL of a check. libcurl walks through
 * all connections of a group again and again (to find one, once a second to see which are dead, at the end of each transfer), so a group holds few lanes
 * and there are more groups instead.
 */
struct group *group_of_lane(unsigned long long lane, struct trust *trust, uint32_t version);
/* The group for a hop whose connection is closed when it is over; NULL: no memory. */
struct group *group_fresh(void);
/* Lets libcurl act on an event, then carries out all that it has finished. fd CURL_SOCKET_TIMEOUT: time has passed. */
void group_drive(struct group *group, curl_socket_t fd, int events);
/* Is libcurl on the stack? Then nothing of it may be called but what reads. */
bool group_inside(void);
void group_close_all(void);

CURL *easy_take(void);
void easy_give(CURL *easy);
void easy_close_all(void);

/* The callbacks of libcurl for sockets. */
int line_wish(CURL *easy, curl_socket_t fd, int what, void *group, void *assigned);
curl_socket_t line_open(void *exchange, curlsocktype purpose, struct curl_sockaddr *address);
int line_close(void *unused, curl_socket_t fd);
struct line *line_of(curl_socket_t fd);
void line_unlink(struct http_exchange *exchange);
size_t line_count(void);
void line_close_all(void);

/* ---- the exchange ---- */

enum stage {
    STAGE_QUEUED,    /* begins its hop at the next turn */
    STAGE_RESOLVING,
    STAGE_WAITING,   /* for room in a unix socket's queue */
    STAGE_TRANSFER,  /* libcurl has it */
    STAGE_OVER,      /* finished() follows at the next turn */
    STAGE_FINISHING, /* in finished() */
    STAGE_STOPPED,   /* freed as soon as libcurl is off the stack */
};

/* What was asked for: one block of memory, wiped when it goes, because headers and body may hold secrets. */
struct request {
    char *bytes;
    size_t n;
    const char *method, *unix_path;
    const char *body;
    size_t body_len;
    struct curl_slist *lines; /* n_lines of them, as libcurl wants them spelled, with room for the module's own behind */
    size_t n_lines;
    bool has_connection, has_content_type, has_expect;
    char to_host[HTTP_HOST]; /* connect_to; "": none */
    uint16_t to_port;
    unsigned long long url_hash; /* of the URL as it was asked for */
    CURLU *url;            /* the first hop's */
    char host[HTTP_HOST];  /* and its origin: what goes elsewhere gets none of the secrets */
    uint16_t port;
    bool https;
};

/* One transfer, and where it goes. */
struct hop {
    CURLU *url;
    const char *method;
    bool foreign;   /* another origin than the one that was asked for, or after one: none of the headers, body, credentials */
    bool bodiless;  /* a redirect has turned it into a GET */
    bool https;
    bool literal;   /* the target is an address, or a unix socket: nothing to resolve */
    bool opened;    /* a socket was opened: no kept connection was used */
    bool shaking;   /* and is connected: the TLS handshake has begun */
    bool wants_addresses;
    char host[HTTP_HOST]; /* of the URL, without brackets */
    uint16_t port;
    char target[HTTP_HOST]; /* where to connect: host, or connect_to's */
    uint16_t target_port;
    struct curl_slist connect_to, addresses; /* for libcurl; data NULL: not needed */
    int os;              /* errno of a socket that could not be opened */
    uint64_t asked;      /* clock_awake() when libcurl got it */
    uint64_t resolve_ns; /* since the exchange's start; 0: nothing was resolved */
    struct seal *seal;   /* NULL: no TLS */
};

struct head {
    size_t name, value;
};

struct answer {
    uint32_t status, version;
    bool interim; /* a 1xx: its headers are not the answer's */
    bool whole;   /* the end of its headers has come */
    bool cut;     /* the rest of a redirect's body is not wanted */
    struct buffer heads;        /* name NUL value NUL */
    struct head *list;
    size_t n, room;
    size_t seen;                /* bytes of headers of all kinds */
    struct buffer body;         /* collected, or what the stream's reader has left unused */
    uint64_t body_bytes;
};

struct http_exchange {
    struct http_exchange *previous, *next;
    struct list *list; /* NULL: in none */
    enum stage stage;
    uint32_t flags, max_body, redirects_left, max_redirects;
    uint64_t idle_ns, began;
    uint64_t short_before;                    /* shortage_count() when it began */
    uint64_t deadline, quiet_until, retry_at; /* clock_awake(); 0: none */
    uint64_t armed;                           /* what the timer is set to */
    ev_timer timer;
    http_finished_fn *finished;
    http_data_fn *data;
    void *arg;
    struct request request;
    struct trust *trust; /* of this hop */
    struct hop hop;
    struct resolve *resolving;
    struct resolved *addresses; /* of the hop's target; NULL: not asked for */
    struct group *group; /* of the hop */
    CURL *easy;          /* NULL: not in libcurl */
    struct line *line;
    struct seal *kept; /* of the kept connection that the hop used */
    uint64_t moved; /* counts what shows that the transfer moves */
    struct answer answer;
    struct fault fault;
    struct talon_response response; /* filled as things become known */
    char words[CURL_ERROR_SIZE];    /* libcurl's */
};

/* http.c */
struct http_globals {
    const struct module_host *host;
    struct ev_loop *loop;
    const struct tls_module *(*load_tls)(void);
    const struct tls_module *tls; /* NULL: not asked for yet */
};
extern struct http_globals http_globals;

/* Ends it at the next turn, with its fault. Allowed within libcurl. */
void exchange_end_later(struct http_exchange *exchange);
/* libcurl is done with it. */
void exchange_done(struct http_exchange *exchange, CURLcode code);
/* Sets the timer to whatever comes first. */
void exchange_arm(struct http_exchange *exchange);
/* Frees those that were stopped while libcurl was on the stack. */
void exchange_reap(void);

/* http_request.c */
/* Copies and checks; false: fault. */
bool request_copy(struct request *request, const struct talon_http *http, struct fault *fault);
void request_free(struct request *request);
/* The header lines for this hop, "Connection: close" and such among them. Borrowed: until the next call. */
struct curl_slist *request_lines(struct http_exchange *exchange);
bool request_has_body(const struct http_exchange *exchange);

/* http_hop.c */
/* Finds out where it goes; false: fault. */
bool hop_prepare(struct http_exchange *exchange);
/* Gives the addresses of its target to libcurl. False: fault. */
bool hop_set_addresses(struct http_exchange *exchange);
/* Hands it to libcurl. False: fault. */
bool hop_launch(struct http_exchange *exchange);
void hop_free(struct http_exchange *exchange);

/* http_redirect.c */
/* Is the answer a redirect that is to be followed? */
bool redirect_follows(const struct http_exchange *exchange);
/* Makes the next hop of it; false: fault. */
bool redirect_take(struct http_exchange *exchange);

/* http_answer.c */
size_t answer_header(char *bytes, size_t size, size_t n, void *exchange);
size_t answer_body(char *bytes, size_t size, size_t n, void *exchange);
/* The first header of that name, or NULL. */
const char *answer_find(const struct answer *answer, const char *name);
/* The pairs for the response, NULL-name ends; NULL: no memory. To be freed. */
struct talon_pair *answer_pairs(const struct answer *answer);
/* Empties it, keeps the memory. */
void answer_clear(struct answer *answer);
void answer_free(struct answer *answer);

/* http_error.c: these fill the exchange's fault */
void error_of_code(struct http_exchange *exchange, CURLcode code);
/* For the stage that it is in. */
void error_of_expiry(struct http_exchange *exchange);
void error_of_silence(struct http_exchange *exchange);
void error_of_resolver(struct http_exchange *exchange, const struct talon_error *error);

#endif
