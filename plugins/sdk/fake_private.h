/* What the files of the fake host share: owners, operations, scripts. The face for tests is talon/fake_host.h. */
#ifndef FAKE_PRIVATE_H
#define FAKE_PRIVATE_H

#include <stdarg.h>
#include <talon/fake_host.h>

/* ---- memory that goes at once (fake_copy.c) ---- */

struct fake_block;

struct fake_pool {
    struct fake_block *first;
};

/* Zeroed, a block of its own of exactly n bytes, so that a step beyond it is seen. Never NULL. */
void *fake_pool_alloc(struct fake_pool *pool, size_t n);
void *fake_pool_copy(struct fake_pool *pool, const void *bytes, size_t n);
char *fake_pool_text(struct fake_pool *pool, const char *text); /* NULL stays NULL */
void fake_pool_release(struct fake_pool *pool, void *bytes);
void fake_pool_free(struct fake_pool *pool);

/* Deep copies. */
struct talon_http *fake_copy_http(struct fake_pool *pool, const struct talon_http *from);
struct talon_connect *fake_copy_connect(struct fake_pool *pool, const struct talon_connect *from);
struct talon_tls *fake_copy_tls(struct fake_pool *pool, const struct talon_tls *from); /* NULL stays NULL */
struct talon_command *fake_copy_command(struct fake_pool *pool, const struct talon_command *from);
struct talon_response *fake_copy_response(struct fake_pool *pool, const struct talon_response *from);
struct talon_link *fake_copy_link(struct fake_pool *pool, const struct talon_link *from);
struct talon_exit *fake_copy_exit(struct fake_pool *pool, const struct talon_exit *from);
struct talon_error fake_copy_error(struct fake_pool *pool, const struct talon_error *from);

/* ---- owners ---- */

struct fake_deferred {
    struct fake_deferred *next;
    void (*call)(void *);
    void *arg;
};

struct fake_owner {
    struct talon_run run; /* first: a plugin's pointer is ours */
    struct fake *fake;
    struct fake_pool pool;
    struct fake_deferred *deferred; /* last first */
    int over;
    char *key; /* of a shared */
    struct fake_owner *next_shared;
};

struct fake_owner *fake_owner_of(struct talon_run *run);
/* A new owner with `state` bytes of state. */
struct fake_owner *fake_owner_new(struct fake *fake, enum talon_owner kind, size_t state);
/* Stops its operations, runs what was deferred, frees it. */
void fake_owner_end(struct fake_owner *owner);

/* ---- scripts and operations ---- */

enum fake_kind { FAKE_TIMER, FAKE_WATCH, FAKE_CONNECT, FAKE_HTTP, FAKE_SPAWN, FAKE_WAIT };

enum fake_step_kind { FAKE_ANSWERS, FAKE_HEARS, FAKE_SAYS, FAKE_SECURES, FAKE_ENDS };

struct fake_step {
    struct fake_step *next;
    enum fake_step_kind kind;
    uint64_t after_ns;
    struct fake_pool pool;
    void *outcome; /* a response, link, exit or error */
    char *bytes;
    size_t n;
};

struct fake_op {
    struct fake_op *next;
    talon_op id;
    enum fake_kind kind;
    struct fake_owner *owner;
    int over; /* no callback follows; freed when the plugin has returned */
    void *arg;
    talon_timer_fn *timer;
    talon_watch_fn *watch;
    talon_link_fn *link;
    talon_http_fn *http;
    talon_exit_fn *child;
    talon_wait_fn *wait;
    talon_data_fn *data;
    struct fake_step *steps;
    uint64_t due; /* of the first step, or of the timer; UINT64_MAX: not known */
    int up, told_late;
    int securing; /* secure() was called, and its outcome has not come */
    int fd;
    uint32_t events;
    const struct talon_run *on; /* of a wait */
    char *input;                /* not used yet */
    size_t n_input, max_input;
    char *sent;
    size_t n_sent, heard;
};

struct fake_record { /* a request that the plugin made */
    struct fake_record *next;
    enum fake_kind kind;
    const void *request;
};

struct fake_metric {
    char *name, *unit;
    double value;
};

struct fake_detail {
    char *name, *value;
};

enum { FAKE_METRICS = 64, FAKE_DETAILS = 32, FAKE_DETAIL = 4096, FAKE_OPERATIONS = 64, FAKE_SAVED = 4096 };

struct fake {
    const struct talon_plugin *plugin;
    const struct talon_operation *operation;
    struct talon_host host;
    char broken[512], problem[512];

    /* fake_options.c */
    struct fake_pool setting_pool, conf_pool;
    struct fake_setting *settings;
    struct talon_pattern *patterns;
    void *conf; /* NULL: not built yet */

    /* time and owners */
    uint64_t now, timeout, started;
    int64_t calendar; /* of now, ns */
    uint32_t flags;
    uint64_t last_id;
    struct fake_owner *run, *instance, *shared; /* shared: a list */
    int setup_refused, told_late, answered_late;

    /* fake_ops.c, fake_peer.c */
    struct fake_op *ops; /* in the order in which they began */
    struct fake_step *links, *answers, *exits;

    /* what was done */
    struct fake_pool said;
    struct fake_record *records;
    const struct talon_tls *secured; /* what the last secure() was given */
    struct fake_result result;
    struct fake_metric metrics[FAKE_METRICS];
    struct fake_detail details[FAKE_DETAILS];
    char *sent, *log;
    size_t n_sent, n_log;
    unsigned nudges;
    char saved[FAKE_SAVED];
    size_t n_saved;
};

/* Says what the test did wrong, and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void fake_misuse(const char *format, ...);
/* Notes a breach of the contract; the first one is kept. */
__attribute__((format(printf, 2, 3))) void fake_breach(struct fake *fake, const char *format, ...);
/* Ends the run by the host. */
void fake_end_run(struct fake *fake, enum fake_end end, enum talon_status status, const char *reason,
                  const char *summary);
/* To be called after every call into the plugin: carries out ends. */
void fake_settle(struct fake *fake);
/* Appends n bytes and a NUL. */
void fake_append(char **text, size_t *length, const void *bytes, size_t n);

/* The services (fake_ops.c). */
void fake_ops_fill(struct talon_host *host);

/* Operations on their way (fake_time.c). */
uint64_t fake_op_next(const struct fake *fake); /* when the next thing happens; UINT64_MAX: nothing will */
void fake_op_fire(struct fake *fake);           /* what is due now, one thing */
void fake_ops_late(struct fake *fake);          /* tells every waiting operation of the run */
void fake_ops_stop(struct fake_owner *owner);
void fake_ops_reap(struct fake *fake);
unsigned fake_ops_count(const struct fake *fake, const struct fake_owner *owner);
int fake_ops_peer_silent(const struct fake *fake);
struct fake_op *fake_op_newest(struct fake *fake, enum fake_kind kind);

/* Scripts (fake_peer.c). */
void fake_steps_take(struct fake *fake, struct fake_op *op); /* gives a new operation its script */
void fake_step_due(struct fake_op *op, uint64_t now);        /* when its first step happens */
void fake_step_play(struct fake *fake, struct fake_op *op);  /* that first step */
void fake_step_free(struct fake_step *step);
void fake_offer(struct fake *fake, struct fake_op *op, const void *bytes, size_t n, int last);
/* Ends an operation with an error, as the host would. */
void fake_op_fail(struct fake *fake, struct fake_op *op, const struct talon_error *error);

/* Options (fake_options.c). */
void fake_conf_build(struct fake *fake);
void fake_conf_free(struct fake *fake);
int fake_match(struct talon_run *run, const struct talon_pattern *pattern, const char *text, size_t n, size_t span[2]);

/* The descriptor (fake_describe.c): notes its mistakes as breaches. */
void fake_describe(struct fake *fake);

#endif
