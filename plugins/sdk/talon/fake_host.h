/*
 * talon/fake_host.h - a host without processes, sockets or clock, for the unit tests of a plugin.
 *
 * One `struct fake` is one configured use of one operation. The test sets its options as they stand in YAML, scripts
 * what the world will answer, lets a run happen in virtual time, and reads what the plugin concluded:
 *
 *     struct fake *fake = fake_new(&talon_plugin_descriptor, "http");
 *     fake_set(fake, "url", "http://db.example/");
 *     fake_http(fake, 5 * FAKE_MS, TALON_REQUEST(talon_response, .status = 503));
 *     fake_run(fake);
 *     assert(fake_result(fake)->status == TALON_FAIL);
 *     assert(fake_broken(fake) == NULL);
 *     fake_free(fake);
 *
 * The fake keeps the contract of talon/plugin.h and watches that the plugin keeps it: what is handed to a plugin is a
 * copy of exactly its size that is freed right after the call, and all memory of a run goes with the run, so that
 * AddressSanitizer sees every use too late and every leak. A mistake of the test itself (an unknown option, no such
 * operation) ends the program with a sentence.
 */
#ifndef TALON_FAKE_HOST_H
#define TALON_FAKE_HOST_H

#include <talon/plugin.h>

#define FAKE_US UINT64_C(1000)
#define FAKE_MS UINT64_C(1000000)
#define FAKE_S UINT64_C(1000000000)

struct fake;

/* ---- one use of an operation ---------------------------------------------------------------------- */

/* Also checks the descriptor's own mistakes (names, help, defaults, ranges): they stand in fake_broken(). */
struct fake *fake_new(const struct talon_plugin *plugin, const char *operation);
/* Ends everything that still runs. */
void fake_free(struct fake *fake);

/* A scalar as in YAML; nested ones with a dot ("tls.insecure"). */
void fake_set(struct fake *fake, const char *option, const char *value);
/* One more element of a list (name NULL), or one more pair of a map. */
void fake_add(struct fake *fake, const char *option, const char *name, const char *value);
/* One more row of a table; its columns are then set as "option.COLUMN". */
void fake_row(struct fake *fake, const char *option);
/* Fills the conf struct and asks validate(). NULL: accepted; else "option: what is wrong", valid until the next call.
 * Starting a run does it as well, and ends the program when something is wrong. */
const char *fake_problem(struct fake *fake);

/* ---- time and life ---------------------------------------------------------------------------------- */

/* How long a run may take; 10 s unless said. */
void fake_timeout(struct fake *fake, uint64_t ns);
/* What unix_ns() says now. It moves with virtual time. */
void fake_calendar(struct fake *fake, int64_t unix_seconds);
/* What the instance recalls, as if it had saved that before a restart. Before it is set up. */
void fake_saved(struct fake *fake, const void *bytes, size_t n);
/* Flags of the next runs: TALON_ONCE, TALON_NUDGED. */
void fake_flags(struct fake *fake, uint32_t flags);
/* Sets the instance up (once, at the first start too). Returns 0 when the plugin ended the setup with talon_done(). */
int fake_setup(struct fake *fake);
/* Begins a run; a run before it must be over. Nothing is called back before time passes. */
void fake_start(struct fake *fake);
/* Lets time pass: everything that falls due in it happens in order. */
void fake_advance(struct fake *fake, uint64_t ns);
/* Starts a run unless one is on its way, and lets time pass until it has ended. */
void fake_run(struct fake *fake);
/* Ends the run from outside. */
void fake_cancel(struct fake *fake);

/* ---- what the world answers: scripts, taken in order, each by the next operation of its kind ---------- */

/* What no script is left for stays silent: it is told TALON_LATE near the deadline. */

#define FAKE_ERROR(number, errno_, name, words)                                                                        \
    {                                                                                                                  \
        .code = (number), .os = (errno_), .token = (name), .text = (words)                                             \
    }

void fake_http(struct fake *fake, uint64_t after_ns, const struct talon_response *response);
/* A piece of the body of the newest exchange that streams, now. */
void fake_http_piece(struct fake *fake, const void *bytes, size_t n);
void fake_child(struct fake *fake, uint64_t after_ns, const struct talon_exit *ended);
/* A piece of standard output of the newest child that streams, now. */
void fake_child_piece(struct fake *fake, const void *bytes, size_t n);

/* A connection's peer, step by step. The first step takes the next connect(): it answers, or fails. */
void fake_link(struct fake *fake, uint64_t after_ns, const struct talon_link *link); /* NULL: up, plain */
void fake_link_hears(struct fake *fake, const char *text);                           /* waits until this was sent */
void fake_link_says(struct fake *fake, uint64_t after_ns, const void *bytes, size_t n);
/* The outcome of secure(), for which it waits; NULL: TLS stands. */
void fake_link_secures(struct fake *fake, uint64_t after_ns, const struct talon_link *link);
void fake_link_ends(struct fake *fake, uint64_t after_ns, const struct talon_error *error); /* NULL: closed properly */

/* Events on a descriptor that the plugin watches, now. */
void fake_ready(struct fake *fake, int fd, uint32_t events);

/* ---- what the plugin did ------------------------------------------------------------------------------ */

enum fake_end {
    FAKE_RUNS,     /* not over */
    FAKE_DONE,     /* by talon_done() */
    FAKE_DEADLINE, /* by the host, at the deadline */
    FAKE_IDLE,     /* by the host: nothing was left that could end it */
    FAKE_LOCAL,    /* by the host: an operation whose callback carries no error could not be had */
    FAKE_CANCELLED /* by fake_cancel() */
};

struct fake_result { /* of the run that goes on or went last; valid until the next one */
    enum fake_end end;
    enum talon_status status;
    const char *reason, *summary; /* never NULL */
    uint64_t took_ns;
    unsigned metrics, details, cut; /* how many; how many more were left out for being over the bounds */
};

const struct fake_result *fake_result(const struct fake *fake);
/* NaN: not reported. */
double fake_metric(const struct fake *fake, const char *name);
/* NULL: not reported. */
const char *fake_unit(const struct fake *fake, const char *metric);
const char *fake_detail(const struct fake *fake, const char *name);
/* All log and progress lines so far. */
const char *fake_log(const struct fake *fake);
unsigned fake_nudges(const struct fake *fake);
/* What is on its way: operations of the run. */
unsigned fake_pending(const struct fake *fake);
/* The first breach of the contract, a sentence; NULL: none. */
const char *fake_broken(const struct fake *fake);

/* The n-th request of its kind since the run began, from 0; NULL: there were not so many. */
const struct talon_http *fake_asked(const struct fake *fake, size_t n);
const struct talon_connect *fake_connected(const struct fake *fake, size_t n);
/* What the last secure() was given; NULL: it was not called. */
const struct talon_tls *fake_secured(const struct fake *fake);
const struct talon_command *fake_spawned(const struct fake *fake, size_t n);
/* All that was sent on connections since the run began, followed by a NUL that n does not count. */
const char *fake_sent(const struct fake *fake, size_t *n);
/* The value of a header of the n-th request, without its name; NULL: not sent. */
const char *fake_asked_header(const struct fake *fake, size_t n, const char *name);

#endif
