/* What the tests of core/hosts share: a loop with deadlines, hosts whose times are short, a plugin that lies in a temporary folder. */
#ifndef HOSTS_SUPPORT_H
#define HOSTS_SUPPORT_H

#include "hosts/hosts_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MS(n) (UINT64_C(n) * NS_PER_MS)

struct bench {
    struct ev_loop *loop;
    struct hosts *hosts;
    char folder[256];   /* temporary */
    char program[1024]; /* the fake host */
    int fds;            /* open before */
};

/* Before each test: *state is a struct bench. After it: everything is gone, or the test fails. */
int bench_begin(void **state);
int bench_end(void **state);

/* Turns the loop until it holds; fails after 20 s. */
typedef bool condition_fn(const void *arg);
void until(struct bench *bench, condition_fn *holds, const void *arg);
/* Turns the loop for that long. */
void turn(struct bench *bench, uint64_t ns);

/* The time between pings. */
void bench_tick(struct bench *bench, uint64_t ns);

/* Writes FOLDER/name; its path is valid for seven more calls. */
const char *bench_file(struct bench *bench, const char *name, const char *text);

/* ---- descriptions */

struct description {
    bool over;
    unsigned calls;
    char *text; /* NULL: refused */
    char why[HOSTS_TEXT];
};
void describe(struct bench *bench, const struct hosts_plugin *plugin, struct description *description);
void description_free(struct description *description);
/* Describes a shared plugin whose file holds `text`, and waits. */
void load_shared(struct bench *bench, const char *name, const char *text);
/* Describes a plugin with a host of its own: the fake host itself, told `mode`. */
void load_own(struct bench *bench, const char *name, const char *mode);

/* ---- instances and runs */

struct use {
    struct hosts_instance *instance;
    struct hosts_run *run;
    struct result *result;  /* of the last run that ended */
    unsigned done, nudges, saves;
    unsigned char saved[HOSTS_SAVED];
    size_t n_saved;
};
struct use *use_make(struct bench *bench, const char *plugin, const char *name, const char *conf);
struct use *use_operation(struct bench *bench, const char *plugin, const char *operation, const char *name, const char *conf, const char *saved);
void use_free(struct use *use);
void use_start(struct use *use, uint64_t timeout, unsigned flags);
/* Starts it and waits for its end. */
const struct result *use_run(struct bench *bench, struct use *use, uint64_t timeout);
/* Waits until the run that was started has ended. */
const struct result *use_wait(struct bench *bench, struct use *use);
/* Waits until the run that was started has gone to its host. */
void use_sent(struct bench *bench, const struct use *use);
/* The detail of that name of the last result; fails when there is none. */
const char *use_detail(const struct use *use, const char *name);
void assert_result(const struct result *result, enum status status, const char *reason);
/* A conf that misbehaves `times` times, counted in a file, whichever process does it. Valid until the next call. */
const char *conf_once(const struct bench *bench, const char *run, const char *more, int times);

/* ---- hosts */

/* The host of that name, as it is seen; fails when there is none. */
struct hosts_view view(const struct bench *bench, const char *name);
/* Sends its process a signal; fails when it has none. */
void kill_host(const struct bench *bench, const char *name, int number);
bool has_host(const struct bench *bench, const char *name);
void wait_for_state(struct bench *bench, const char *name, const char *state);
void wait_for_deaths(struct bench *bench, const char *name, unsigned deaths);

#endif
