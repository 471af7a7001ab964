/*
 * talon/plugin.h - the Talon plugin ABI, major version 1.
 *
 * A plugin is a shared object that exports one constant, `talon_plugin_descriptor`. It never links against
 * Talon: every service reaches it through `owner->host`, a table that only ever grows at its end.
 *
 * Three things own what a plugin starts. All are a `struct talon_run`, all have the same services:
 *   a run       one execution of an operation                    start(run)       ends by talon_done(), cancel or deadline
 *   an instance one configured check or action, between runs     setup(instance)  ends when it is removed from the configuration
 *   a shared    one thing that several instances of a plugin use setup(shared)    ends with its last member
 *
 * The contract
 *   1. Nothing blocks; waiting is an operation of the host (timer, watch, connect, http, spawn, wait).
 *   2. A started run ends exactly once: by talon_done(), or from outside (cancel, deadline). talon_done() may be called
 *      anywhere, also inside a library's callback: the run's memory stays until the plugin has returned to the host.
 *      A run that has returned without ending and has no operation left can never end: the host ends it (unknown, `plugin.idle`;
 *      once it was told TALON_LATE, as 6 says).
 *   3. When an owner ends: first its operations stop (no callback follows, children are killed), then its deferred calls
 *      run (last first), then its memory goes. So a plugin frees by hand only what other libraries gave it, with defer().
 *   4. Operations never fail at once and never call back before they have returned: every outcome reaches the callback, also
 *      "too many" and "no memory" (TALON_E_LOCAL). timer, watch and wait, whose callbacks carry no error, end the run then
 *      (unknown, `local`). After its owner has ended, a service does nothing.
 *   5. What a plugin passes is copied (build it on the stack). What it is handed lives for the call, except `conf` and `state`
 *      (as long as their owner) and error tokens (for ever).
 *   6. No operation of a run outlasts it. Near the deadline (5 % before, at most 100 ms) every operation still waiting is told
 *      so (TALON_E_TIMEOUT, TALON_LATE), and the plugin can say what it waited for. A run that still does not end is ended by
 *      the host: fail when a peer was silent (connect, http, spawn, watch), unknown when it waited for itself (timer, wait) or
 *      when the host itself was late.
 *   7. One thread. `arg` is handed back untouched and tells two operations of one owner apart.
 *   8. talon_error, talon_pair, talon_address, talon_table stand in others by value: they never grow. All else may, at its end.
 *   9. The host counts operations and memory of each owner; beyond 64 operations comes TALON_E_LOCAL, beyond 16 MiB the host
 *      dies, names the owner, and is restarted (alloc never returns NULL).
 */
#ifndef TALON_PLUGIN_H
#define TALON_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TALON_ABI_MAJOR 1
#define TALON_ABI_MINOR 0 /* newest minor that this header describes */
#ifndef TALON_WANT_MINOR
#define TALON_WANT_MINOR 0 /* oldest host that the plugin must run in; later services are hidden unless asked for */
#endif
#define TALON_PUBLIC __attribute__((visibility("default")))

/* ---- results ------------------------------------------------------------------------------------ */

enum talon_status {
    TALON_OK = 0,
    TALON_WARN = 1,
    TALON_FAIL = 2,
    TALON_UNKNOWN = 3,  /* could not tell; never heals anything, never pages as a failure */
    TALON_STARTING = 4, /* the target says so itself: loading, warming up, within its startup probe */
    TALON_STOPPED = 5   /* on purpose, by a person: disabled, booted out, scaled to nothing, cordoned */
};

enum talon_level { TALON_DEBUG, TALON_INFO, TALON_NOTICE, TALON_WARNING, TALON_ERROR };

/* Why an operation failed. RESOLVER, DENIED, NOT_FOUND and LOCAL (descriptors, memory, a refused request) are our own trouble,
 * never the service's fault: talon_failed() says unknown for them. */
enum talon_error_code {
    TALON_E_NONE,
    TALON_E_NO_NAME,     /* none         the resolver says that there is no such name */
    TALON_E_RESOLVER,    /* resolver     no answer from the resolver: says nothing about the service */
    TALON_E_NO_SOCKET,   /* no_socket    the unix socket is not there */
    TALON_E_REFUSED,     /* refused      nobody listens */
    TALON_E_UNREACHABLE, /* unreachable  no route, host down */
    TALON_E_DENIED,      /* denied       our permission: socket file, executable */
    TALON_E_CLOSED,      /* closed       the peer closed or reset before it had answered */
    TALON_E_TLS,         /* tls          handshake failed; their alert is in the text */
    TALON_E_CERT,        /* cert         their certificate does not verify; see talon_peer */
    TALON_E_TIMEOUT,     /* timeout */
    TALON_E_PROTOCOL,    /* protocol     they do not speak what was asked */
    TALON_E_TOO_BIG,     /* too_big      more than max_* */
    TALON_E_NOT_FOUND,   /* not_found    no such executable: says nothing about the service */
    TALON_E_LOCAL        /* local */
};

struct talon_error {
    uint32_t code;     /* enum talon_error_code */
    int32_t os;        /* errno, or 0 */
    const char *token; /* of rules.md 2.2, by the stage that failed, whatever the operation: "connect.refused", "tls.expired", "exec.not_found" */
    const char *text;  /* for people: with the peer's TLS alert, the resolver's words; never NULL */
};

struct talon_pair {
    const char *name, *value;
};

/* ---- options: typed, checked by the core before the plugin sees them ---------------------------- */

struct talon_address { /* "127.0.0.1:6379", "[::1]:443", "db.example:5432", "unix:/run/x.sock", "unix:~/x.sock" */
    const char *host, *unix_path;
    uint32_t port, reserved;
};

struct talon_table { /* rows of a nested structure */
    const void *rows;
    size_t n;
};

struct talon_pattern; /* a compiled regular expression, for host->match */

enum talon_type {
    TALON_T_STRING,   /* const char *                                   */
    TALON_T_PATH,     /* const char *, absolute: ~ and the file's folder resolved */
    TALON_T_PEM,      /* const char *, PEM text or an absolute path */
    TALON_T_INT,      /* int64_t, min..max                              */
    TALON_T_NUMBER,   /* double, min..max                               */
    TALON_T_BOOL,     /* int32_t                                        */
    TALON_T_DURATION, /* uint64_t, nanoseconds                          */
    TALON_T_SIZE,     /* uint64_t, bytes                                */
    TALON_T_ENUM,     /* int32_t, index in choices                      */
    TALON_T_LIST,     /* const char *const *, NULL-terminated           */
    TALON_T_MAP,      /* const struct talon_pair *, NULL-name ends      */
    TALON_T_ADDRESS,  /* struct talon_address                           */
    TALON_T_PATTERN,  /* const struct talon_pattern *                   */
    TALON_T_GROUP,    /* a nested structure, described by fields        */
    TALON_T_TABLE     /* struct talon_table, each row described by fields */
};

#define TALON_REQUIRED 0x1u
#define TALON_SECRET 0x2u   /* never logged, stored, shown or passed in an argument vector; wiped when freed */
#define TALON_OBSOLETE 0x4u /* still read, with a warning; help says what to use */

/* The order of the fields is the order in which one writes them: C++20 insists on it. */
struct talon_option {
    const char *name;
    uint32_t type, offset; /* both written by TALON_*_AT() below */
    uint32_t flags, row_size;
    int64_t min, max; /* both 0: unbounded */
    const char *const *choices;
    const struct talon_option *fields; /* TALON_T_GROUP, TALON_T_TABLE; name NULL ends */
    const char *fallback;              /* default, spelled as in YAML; NULL: zero */
    const char *former;                /* an earlier name, still accepted with a warning */
    const char *help;                  /* one sentence: the reference page is made of these */
};

/* offsetof that refuses a member of another type: the host writes there. */
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define TALON_AT(S, m, T) \
    (uint32_t)(offsetof(S, m) + 0 * sizeof(struct { int x; _Static_assert(_Generic(((S *)0)->m, T: 1, default: 0), #m " must be " #T); }))
#else
#define TALON_AT(S, m, T) (uint32_t)(offsetof(S, m) + 0 * sizeof(char[sizeof(((S *)0)->m) == sizeof(T) ? 1 : -1]))
#endif
#define TALON_STRING_AT(S, m) .type = TALON_T_STRING, .offset = TALON_AT(S, m, const char *)
#define TALON_PATH_AT(S, m) .type = TALON_T_PATH, .offset = TALON_AT(S, m, const char *)
#define TALON_PEM_AT(S, m) .type = TALON_T_PEM, .offset = TALON_AT(S, m, const char *)
#define TALON_INT_AT(S, m) .type = TALON_T_INT, .offset = TALON_AT(S, m, int64_t)
#define TALON_NUMBER_AT(S, m) .type = TALON_T_NUMBER, .offset = TALON_AT(S, m, double)
#define TALON_BOOL_AT(S, m) .type = TALON_T_BOOL, .offset = TALON_AT(S, m, int32_t)
#define TALON_DURATION_AT(S, m) .type = TALON_T_DURATION, .offset = TALON_AT(S, m, uint64_t)
#define TALON_SIZE_AT(S, m) .type = TALON_T_SIZE, .offset = TALON_AT(S, m, uint64_t)
#define TALON_ENUM_AT(S, m) .type = TALON_T_ENUM, .offset = TALON_AT(S, m, int32_t)
#define TALON_LIST_AT(S, m) .type = TALON_T_LIST, .offset = TALON_AT(S, m, const char *const *)
#define TALON_MAP_AT(S, m) .type = TALON_T_MAP, .offset = TALON_AT(S, m, const struct talon_pair *)
#define TALON_ADDRESS_AT(S, m) .type = TALON_T_ADDRESS, .offset = TALON_AT(S, m, struct talon_address)
#define TALON_PATTERN_AT(S, m) .type = TALON_T_PATTERN, .offset = TALON_AT(S, m, const struct talon_pattern *)
#define TALON_GROUP_AT(S, m) .type = TALON_T_GROUP, .offset = (uint32_t)offsetof(S, m)
#define TALON_TABLE_AT(S, m, row) .type = TALON_T_TABLE, .offset = TALON_AT(S, m, struct talon_table), .row_size = sizeof(row)

/* ---- what operations take and give --------------------------------------------------------------- */

typedef uint64_t talon_op; /* a started operation, for stop() and send(); never used twice; 0: none */

struct talon_run; /* below: its fields are public */

/* Bytes have come. Returns how many it has used; the rest is offered again with what follows (so: use whole lines, whole
 * messages). `last`: nothing follows. Of HTTP only the body of a 2xx answer comes this way, any other is collected as usual.
 * What stays unused beyond the request's max_* ends the operation (TALON_E_TOO_BIG). */
typedef size_t talon_data_fn(struct talon_run *, void *arg, const char *bytes, size_t n, int last);

struct talon_tls {
    uint32_t size, insecure;      /* insecure: accept any certificate (talon_peer still says what is wrong with it) */
    const char *ca, *cert, *key;  /* PEM text, or the absolute path of a file of it (read again when it changes); ca NULL: the system's.
                                   * Any key type, "ED25519 PRIVATE KEY" too */
    const char *server_name;      /* for SNI and verification; NULL: the host's name */
};

struct talon_peer { /* the other side's certificate; also there when the handshake failed because of it */
    uint32_t size;
    int32_t verify; /* 0, or the X509_V_ERR_ number */
    const char *verify_text, *subject, *issuer, *protocol;
    int64_t not_before, not_after; /* unix seconds, of the certificate that expires first in the chain */
};

struct talon_connect {
    uint32_t size, max_input; /* 0: 64 KiB */
    struct talon_address to;
    const struct talon_tls *tls; /* NULL: plain */
    uint64_t timeout_ns;         /* until connected; 0: the run's deadline, as everywhere */
    talon_data_fn *data;         /* NULL: what comes in is dropped */
};

struct talon_link {
    uint32_t size, reserved;
    struct talon_error error; /* TALON_E_NONE: it is up, send() may be used; else it is over (TALON_E_CLOSED: the peer closed) */
    const struct talon_peer *peer; /* NULL: no TLS */
    uint64_t connect_ns, tls_ns;
};

#define TALON_HTTP_KEEP 0x1u  /* may use and leave an open connection; otherwise each request opens and closes its own */
#define TALON_HTTP_2 0x2u     /* HTTP/2 only: by ALPN with https, by prior knowledge with http */
#define TALON_HTTP_1 0x4u     /* HTTP/1.1 only. Neither: HTTP/2 where ALPN offers it, else 1.1 */

struct talon_http {
    uint32_t size, flags;
    const char *method, *url;   /* NULL method: GET */
    const char *unix_path;      /* connect there whatever the URL says */
    const char *connect_to;     /* "127.0.0.1:443": connect there, keep Host and SNI of the URL */
    const char *const *headers; /* "Name: value", NULL-terminated */
    const void *body;
    size_t body_len;
    const struct talon_tls *tls;
    uint64_t timeout_ns; /* whole exchange; in an instance or shared 0 is: no limit (a stream) */
    uint64_t idle_ns;    /* longest silence within the body; 0: no limit */
    uint32_t max_body, max_redirects;
    talon_data_fn *data; /* stream: body goes here as it comes, max_body bounds what it leaves unused */
};

struct talon_response {
    uint32_t size, status; /* 0: there was no answer */
    struct talon_error error;
    const struct talon_pair *headers;            /* and trailers, in order, repeated names repeated; NULL-name ends; never NULL */
    const void *body;                            /* followed by a NUL that body_len does not count */
    size_t body_len;
    const struct talon_peer *peer;
    uint64_t resolve_ns, connect_ns, tls_ns, first_byte_ns, total_ns; /* since the start */
    uint32_t http_version, reused;                                    /* 10, 11, 20 */
};

struct talon_command {
    uint32_t size, max_output; /* kept per stream: the head half and the tail half; the rest is drained and counted */
    const char *const *argv;   /* never a shell string */
    const char *const *env;    /* "NAME=value", added to the minimal one */
    const char *folder;        /* NULL: / */
    const void *input;
    size_t input_len;
    uint64_t timeout_ns, grace_ns; /* then SIGTERM to the group, grace_ns (0: 1 s) later SIGKILL; the same where it is stopped or its owner ends */
    talon_data_fn *data;           /* stream: standard output goes here as it comes */
    uint32_t lasting, reserved;    /* lasting: where it ends with 0, what it has started (a server, a VM) lives on; else its group ends with it */
};

struct talon_exit {
    uint32_t size, reserved;
    struct talon_error error; /* TALON_E_NOT_FOUND, _DENIED, _LOCAL: never ran; _TIMEOUT: was killed for it */
    int32_t code, signal;     /* code -1: did not exit by itself */
    const char *out, *err;    /* each followed by a NUL */
    size_t out_len, err_len, out_dropped, err_dropped;
    uint64_t total_ns;
};

#define TALON_READ 0x1u
#define TALON_WRITE 0x2u
#define TALON_LATE 0x4u /* the run's deadline is near and nothing came */

typedef void talon_timer_fn(struct talon_run *, void *arg);
typedef void talon_wait_fn(struct talon_run *, void *arg, uint32_t late); /* 0: woken; TALON_LATE */
typedef void talon_watch_fn(struct talon_run *, void *arg, int fd, uint32_t events);
typedef void talon_link_fn(struct talon_run *, void *arg, const struct talon_link *);
typedef void talon_http_fn(struct talon_run *, void *arg, const struct talon_response *);
typedef void talon_exit_fn(struct talon_run *, void *arg, const struct talon_exit *);

/* ---- host services: every one takes the owner first ------------------------------------------------ */

struct talon_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;

    /* what a run says; bounded (64 metrics, 32 details of 4 KiB, 64 KiB in all), the rest is cut and counted */
    void (*complete)(struct talon_run *, enum talon_status, const char *reason, const char *summary);
    void (*metric)(struct talon_run *, const char *name, double value, const char *unit); /* unit: "s" "B" "%" "" */
    void (*detail)(struct talon_run *, const char *name, const char *value);
    void (*progress)(struct talon_run *, const char *text); /* seen at once: an action's steps in the incident's timeline */
    void (*log)(struct talon_run *, enum talon_level, const char *text);
    void (*nudge)(struct talon_run *); /* "something changed: check now", of a shared: every member's check. Many count as one;
                                        * during a run it is kept for afterwards; the core keeps a least distance */

    /* memory and time */
    void *(*alloc)(struct talon_run *, size_t);  /* zeroed, freed with the owner; never NULL (no memory: the host dies, and is restarted) */
    void (*release)(struct talon_run *, void *); /* earlier: for instances and shareds, which live long */
    void (*defer)(struct talon_run *, void (*call)(void *), void *arg); /* when the owner ends, whatever ended it */
    uint64_t (*now_ns)(struct talon_run *);                             /* monotonic */
    int64_t (*unix_ns)(struct talon_run *);                             /* the calendar's */

    /* operations */
    void (*stop)(struct talon_run *, talon_op); /* no callback follows; one that is over, or 0: nothing happens */
    talon_op (*timer)(struct talon_run *, uint64_t delay_ns, talon_timer_fn *, void *arg);
    talon_op (*watch)(struct talon_run *, int fd, uint32_t events, talon_watch_fn *, void *arg); /* until stop(); never closes fd */
    talon_op (*connect)(struct talon_run *, const struct talon_connect *, talon_link_fn *, void *arg); /* stop() closes it */
    void (*send)(struct talon_run *, talon_op link, const void *bytes, size_t n);
    talon_op (*http)(struct talon_run *, const struct talon_http *, talon_http_fn *, void *arg);
    talon_op (*spawn)(struct talon_run *, const struct talon_command *, talon_exit_fn *, void *arg);

    /* sharing: one key within a plugin, one shared; the first to ask makes it, a member stays one until it ends */
    struct talon_run *(*share)(struct talon_run *, const char *key, size_t state_size, void (*setup)(struct talon_run *shared));
    talon_op (*wait)(struct talon_run *, struct talon_run *on, talon_wait_fn *, void *arg); /* called once, after wake(on) */
    void (*wake)(struct talon_run *on);

    /* a few bytes of an instance that outlive restarts (a log's position); at most 4 KiB, written by and by */
    void (*save)(struct talon_run *instance, const void *bytes, size_t n);
    size_t (*recall)(struct talon_run *instance, void *bytes, size_t n); /* how many there are; 0: none */

    /* text */
    int (*match)(struct talon_run *, const struct talon_pattern *, const char *text, size_t n, size_t span[2]); /* 1, 0 */

    /* TLS on a plain connection that is up and has agreed to it (STARTTLS); NULL: as the system has it. Its callback comes once more: up with a peer, or over.
     * To be called when all of the peer's go-ahead is used: what it has said beyond that ends the connection, whoever sits between may have put it there. */
    void (*secure)(struct talon_run *, talon_op link, const struct talon_tls *);
};

enum talon_owner { TALON_RUN, TALON_INSTANCE, TALON_SHARED };

#define TALON_ONCE 0x1u   /* a single shot (talon check): nothing will be nudged, so open no streams */
#define TALON_NUDGED 0x2u /* this run was asked for by nudge() */

/* An owner. The host makes it; these fields are public and never move, later ones follow them. */
struct talon_run {
    const struct talon_host *host;
    const void *conf; /* the operation's conf struct; of a shared: that of the member that made it, kept as long as it is used */
    void *state;      /* run_size, instance_size or state_size zeroed bytes */
    void *self;       /* state of the instance; of a shared: its own */
    struct talon_run *instance; /* the run's; an instance's own; NULL in a shared */
    const char *name;           /* "redis.ping" */
    uint64_t id, deadline_ns;   /* by now_ns(); 0: none */
    uint32_t owner, flags;      /* enum talon_owner */
};

/* ---- the descriptor ----------------------------------------------------------------------------- */

enum talon_kind { TALON_CHECK, TALON_ACTION };

#define TALON_BLOCKING 0x1u   /* start() may block: its runs get a process of their own, one at a time; the deadline kills it */
#define TALON_REPEATABLE 0x2u /* an action that may be run again after a crash in its middle */

/* An action ends with ok or warn (done), fail (tried, did not work) or unknown (not done at all; reason `refused.*` where it
 * lacks the right, with the command for a person in the summary). */

/* How much an action can hurt. The core's limits and promises go by it. */
enum talon_impact {
    TALON_OBSERVE,    /* changes nothing */
    TALON_RESTART,    /* one service, for a while */
    TALON_DISRUPT,    /* others too: a VM, a node, a bridge */
    TALON_DESTROY     /* data may be lost; never automatic */
};

struct talon_problem { /* what validate() found: shown with file, line and column of that option */
    const char *option;
    char text[248];
};

/* A metric that the operation may report: `when:` is checked against it, and the reference page lists it. */
struct talon_metric {
    const char *name, *unit, *help; /* unit: "s" "B" "%" "" */
};

struct talon_operation {
    uint32_t kind, flags;
    const char *name; /* "workload": written `kubernetes.workload` in YAML; same as the plugin's: written alone */
    const char *summary;
    const struct talon_option *options; /* name NULL ends */
    const struct talon_metric *metrics; /* name NULL ends; NULL: none. Names made at run time (perfdata) start with `*` here */
    uint32_t conf_size, run_size, instance_size;
    uint32_t impact; /* enum talon_impact, of an action */
    int (*validate)(const void *conf, struct talon_problem *); /* optional, pure: what types cannot say. Not 0: bad */
    void (*setup)(struct talon_run *instance); /* optional: begins what lives between runs. talon_done() here: cannot, try again later */
    void (*start)(struct talon_run *);
};

struct talon_plugin {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    uint32_t option_size, operation_size; /* array strides, so that both may grow */
    uint32_t metric_size, reserved;
    const char *name, *version, *license, *summary;
    const struct talon_operation *operations;
    uint32_t n_operations, flags;
};

#if defined(__cplusplus) && __cplusplus < 202002L
#define TALON_PLUGIN_HEAD sizeof(struct talon_plugin), TALON_ABI_MAJOR, TALON_WANT_MINOR, sizeof(struct talon_option), sizeof(struct talon_operation), sizeof(struct talon_metric), 0
#else
#define TALON_PLUGIN_HEAD \
    .size = sizeof(struct talon_plugin), .abi_major = TALON_ABI_MAJOR, .abi_minor = TALON_WANT_MINOR, \
    .option_size = sizeof(struct talon_option), .operation_size = sizeof(struct talon_operation), \
    .metric_size = sizeof(struct talon_metric)
#endif
#define TALON_OPERATIONS(array) .operations = (array), .n_operations = sizeof(array) / sizeof *(array)

extern TALON_PUBLIC const struct talon_plugin talon_plugin_descriptor;

/* ---- what authors call: thin, so that the table stays the only border ------------------------------ */

/* A request with its size filled in: host->http(run, TALON_REQUEST(talon_http, .url = u), got, NULL). C++: talon_request<talon_http>(). */
#ifndef __cplusplus
#define TALON_REQUEST(type, ...) (&(struct type){ .size = sizeof(struct type), __VA_ARGS__ })
#endif

/* Ends the run. `reason` is a stable machine token ("connect.timeout"), the rest a one-line summary for people. */
__attribute__((format(printf, 4, 5))) static inline void
talon_done(struct talon_run *run, enum talon_status status, const char *reason, const char *format, ...)
{
    char summary[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(summary, sizeof summary, format, ap);
    va_end(ap);
    run->host->complete(run, status, reason, summary);
}

/* The trouble is ours: it says nothing about the service. */
static inline int talon_ours(const struct talon_error *error)
{
    return error->code == TALON_E_LOCAL || error->code == TALON_E_RESOLVER || error->code == TALON_E_DENIED || error->code == TALON_E_NOT_FOUND;
}

/* Ends the run because an operation failed: fail, or unknown when the trouble is ours. "cannot reach db: connection refused". */
__attribute__((format(printf, 3, 4))) static inline void
talon_failed(struct talon_run *run, const struct talon_error *error, const char *format, ...)
{
    char summary[512];
    int n;
    va_list ap;
    va_start(ap, format);
    n = vsnprintf(summary, sizeof summary, format, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof summary)
        snprintf(summary + n, sizeof summary - (size_t)n, ": %s", error->text);
    run->host->complete(run, talon_ours(error) ? TALON_UNKNOWN : TALON_FAIL, error->token, summary);
}

__attribute__((format(printf, 3, 4))) static inline void
talon_log(struct talon_run *owner, enum talon_level level, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    owner->host->log(owner, level, text);
}

/* A formatted string that lives as long as its owner. */
__attribute__((format(printf, 2, 3))) static inline const char *
talon_text(struct talon_run *owner, const char *format, ...)
{
    char *text;
    int n;
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, ap);
    text = (char *)owner->host->alloc(owner, n < 0 ? 1 : (size_t)n + 1);
    vsnprintf(text, n < 0 ? 1 : (size_t)n + 1, format, again);
    va_end(again);
    va_end(ap);
    return text;
}

/* The first header (or trailer) of that name, or NULL. */
static inline const char *talon_header(const struct talon_pair *pairs, const char *name)
{
    for (; pairs && pairs->name; pairs++) {
        const char *a = pairs->name, *b = name;
        while (*a && (*a == *b || ((*a ^ *b) == 0x20 && (*a | 0x20) >= 'a' && (*a | 0x20) <= 'z')))
            a++, b++;
        if (!*a && !*b)
            return pairs->value;
    }
    return NULL;
}

static inline uint64_t talon_left_ns(struct talon_run *run)
{
    uint64_t now = run->host->now_ns(run);
    return run->deadline_ns == 0 ? UINT64_MAX : run->deadline_ns > now ? run->deadline_ns - now : 0;
}

/* What a peer said, on one line for a summary: at most `max` bytes of it, runs of blanks and control characters as
 * one space, cut between characters, with "..." where something is left out. Never NULL; lives as long as its owner. */
static inline const char *talon_quote(struct talon_run *owner, const char *bytes, size_t n, size_t max)
{
    size_t from = 0, used = 0;
    char *text = (char *)owner->host->alloc(owner, max + 4);
    for (; from < n && used < max; from++) {
        const unsigned char c = (unsigned char)bytes[from];
        const int blank = c <= ' ' || c == 0x7f;
        if (!blank)
            text[used++] = (char)c;
        else if (used > 0 && text[used - 1] != ' ')
            text[used++] = ' ';
    }
    while (from < n && ((unsigned char)bytes[from] & 0xc0) == 0x80 && used > 0) {
        const int head = ((unsigned char)text[used - 1] & 0xc0) != 0x80;
        used--;
        if (head)
            break;
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    memcpy(text + used, from < n ? "..." : "", from < n ? 4 : 1);
    return text;
}

/* A time for people, in one unit: "0.4 ms", "1.2 s", "14 min", "3 h", "12 d". Lives as long as its owner. */
static inline const char *talon_show_time(struct talon_run *owner, uint64_t ns)
{
    const double s = (double)ns / 1e9;
    return s < 0.0995   ? talon_text(owner, "%.1f ms", s * 1e3)
           : s < 0.9995 ? talon_text(owner, "%.0f ms", s * 1e3)
           : s < 120    ? talon_text(owner, "%.1f s", s)
           : s < 7200   ? talon_text(owner, "%.0f min", s / 60)
           : s < 172800 ? talon_text(owner, "%.0f h", s / 3600)
                        : talon_text(owner, "%.0f d", s / 86400);
}

/* A size for people: "512 B", "1.2 MiB". Lives as long as its owner. */
static inline const char *talon_show_size(struct talon_run *owner, double bytes)
{
    static const char units[6][4] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    unsigned u = 0;
    for (; bytes >= 1023.95 && u < 5; u++)
        bytes /= 1024;
    return talon_text(owner, u > 0 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

#ifdef __cplusplus
}
template <class T> static inline T talon_request()
{
    T request = T();
    request.size = sizeof request;
    return request;
}
#endif
#endif
