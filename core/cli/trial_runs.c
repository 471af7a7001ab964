/*
 * Runs of a plugin that is tried: a first one, one that is cancelled, one whose deadline comes at once, and many, between which its host must neither
 * grow nor keep descriptors open.
 */
#include "cli/trial.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "base/os/process.h"
#include "base/sanitized.h"
#include "base/scalar.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    RUNS = 1000,
    WARM = 100,                  /* runs before the first measurement: caches fill */
    LEAK = 48 * 1024,            /* bytes that each half of the rest may add: about 100 a run */
    DESCRIPTORS = 4,             /* that each half may add */
    PATIENCE_S = 30,             /* for all runs together */
    TIMEOUT_S = 10,              /* of one run */
    SHORT_MS = 20,               /* of the run whose deadline is tried */
};

struct running {
    struct trial *t;
    struct hosts_instance *instance;
    bool done;
    struct result *result;
};

static void on_nudge(void *arg)
{
    (void)arg;
}

static void on_save(void *arg, const void *bytes, size_t n)
{
    (void)arg, (void)bytes, (void)n;
}

static struct hosts_instance *set_up(struct trial *t, const struct model *model)
{
    const struct hosts_instance_request request = {
        .plugin = t->name,
        .operation = t->type,
        .name = "test.run",
        .conf = model->checks[0].conf.json,
        .nudge = on_nudge,
        .save = on_save,
        .arg = t,
    };

    return hosts_setup(t->hosts, &request);
}

static void on_done(void *arg, struct result *result)
{
    struct running *running = arg;

    running->done = true;
    running->result = result;
}

/* One run to its end. NULL: interrupted, or no memory. */
static struct result *run(struct running *r, uint64_t timeout)
{
    struct hosts_run *started;

    r->done = false;
    r->result = NULL;
    started = hosts_start(r->instance, timeout, 0, on_done, r);
    if (started && !trial_wait(r->t, &r->done))
        hosts_cancel(started);
    return r->result;
}

static bool is_of_host(const struct result *result)
{
    return strncmp(result->reason, "plugin.", 7) == 0;
}

static void row_of(struct trial *t, enum trial_mark mark, const char *what, const struct result *result)
{
    char time[32];

    scalar_show_duration(result->duration_ns / 1000 * 1000, time, sizeof time);
    trial_row(t, mark, what, "%s %s: %s (%s)", status_name(result->status), result->reason, result->summary, time);
}

/* ---- the rows. Each returns false where nothing that follows can make sense. */

static bool first(struct running *r)
{
    struct buffer names = buffer_make(0);
    struct result *result = run(r, TIMEOUT_S * (uint64_t)NS_PER_S);
    bool good = result && !is_of_host(result);

    trial_stand_ins(r->t, &names);
    if (result && trial_leaks_secret(r->t, result)) {
        trial_row(r->t, TRIAL_WRONG, "first run", "a secret option's value stands in its result: say only that it was used");
        good = false;
    } else if (result) {
        row_of(r->t, !good ? TRIAL_WRONG : result->status == STATUS_OK || result->status == STATUS_WARN ? TRIAL_OK : TRIAL_NOTE, "first run", result);
    }
    if (good && names.len > 0)
        trial_row(r->t, TRIAL_NOTE, "", "with stand-ins for what is required: %s; --option NAME=VALUE gives real ones", buffer_string(&names));
    result_drop(result);
    buffer_free(&names);
    return good;
}

/* The next run waits for the end of the cancelled one, and so shows that there was one. */
static bool cancelled(struct running *r)
{
    struct hosts_run *started = hosts_start(r->instance, TIMEOUT_S * (uint64_t)NS_PER_S, 0, on_done, r);
    struct result *result;
    bool good;

    if (!started)
        return false;
    r->done = false;
    ev_run(r->t->loop, EVRUN_NOWAIT); /* it is sent before the loop waits */
    if (r->done)
        result_drop(r->result);
    else
        hosts_cancel(started);
    result = run(r, TIMEOUT_S * (uint64_t)NS_PER_S);
    good = result && !is_of_host(result);
    if (good)
        trial_row(r->t, TRIAL_OK, "cancel", "ended, and the next run was as usual");
    else if (result)
        row_of(r->t, TRIAL_WRONG, "cancel", result);
    result_drop(result);
    return good;
}

static bool deadline(struct running *r)
{
    const uint64_t timeout = SHORT_MS * (uint64_t)NS_PER_MS;
    struct result *result = run(r, timeout);
    const bool good = result && (!is_of_host(result) || strcmp(result->reason, "plugin.idle") == 0);

    if (result && good && result->duration_ns < timeout * 9 / 10)
        trial_row(r->t, TRIAL_OK, "deadline", "was done before one of %d ms", SHORT_MS);
    else if (result)
        row_of(r->t, good ? TRIAL_OK : TRIAL_WRONG, "deadline", result);
    result_drop(result);
    return good;
}

/* ---- many */

struct size {
    uint64_t bytes;
    unsigned descriptors;
    bool known;
};

static struct size size_now(const struct trial *t)
{
    const pid_t pid = trial_pid(t);
    struct size size = { 0 };

    size.known = pid > 0 && process_size(pid, &size.bytes, &size.descriptors);
    return size;
}

static void tell_many(struct trial *t, const struct size at[3], unsigned n, uint64_t took)
{
    const int64_t first_half = (int64_t)at[1].bytes - (int64_t)at[0].bytes, second_half = (int64_t)at[2].bytes - (int64_t)at[1].bytes;
    const int more = (int)at[2].descriptors - (int)at[0].descriptors;
    const unsigned measured = n > WARM ? n - WARM : 1;
    char what[32];

    snprintf(what, sizeof what, "%u runs", n);
    if (!at[0].known || !at[1].known || !at[2].known)
        trial_row(t, TRIAL_NOTE, what, "%.2f ms each; the size of its host cannot be told here", (double)took / 1e6 / n);
    else if (at[1].descriptors > at[0].descriptors + DESCRIPTORS && at[2].descriptors > at[1].descriptors + DESCRIPTORS)
        trial_row(t, TRIAL_WRONG, what, "%d descriptors were left open, %.1f by each run: close what you open, with defer()", more, (double)more / measured);
    else if (!ADDRESS_SANITIZED && first_half > LEAK && second_half > LEAK)
        trial_row(t, TRIAL_WRONG, what, "the host grew by %lld KiB, about %lld bytes by each run: free what you take from elsewhere, with defer()",
                  (long long)(first_half + second_half) / 1024, (long long)(first_half + second_half) / (long long)measured);
    else
        trial_row(t, TRIAL_OK, what, "%.2f ms each; memory %+lld KiB, descriptors %+d", (double)took / 1e6 / n, (long long)(first_half + second_half) / 1024, more);
}

static void many(struct running *r)
{
    const uint64_t began = clock_awake(), end = began + PATIENCE_S * (uint64_t)NS_PER_S;
    struct size at[3] = { { 0 } };
    unsigned n = 0;

    for (; n < RUNS && clock_awake() < end; n++) {
        struct result *result;

        if (n == WARM || n == WARM + (RUNS - WARM) / 2)
            at[n > WARM] = size_now(r->t);
        result = run(r, TIMEOUT_S * (uint64_t)NS_PER_S);
        if (!result)
            return;
        if (is_of_host(result)) {
            row_of(r->t, TRIAL_WRONG, "many runs", result);
            result_drop(result);
            return;
        }
        result_drop(result);
    }
    at[2] = size_now(r->t);
    tell_many(r->t, at, n, clock_awake() - began);
    if (n < RUNS)
        trial_row(r->t, TRIAL_NOTE, "", "only %u of %d runs in %d s, too few to see a leak", n, RUNS, PATIENCE_S);
}

void trial_runs(struct trial *t, const struct model *model)
{
    struct running r = { .t = t, .instance = set_up(t, model) };
    char how[TRIAL_SENTENCE];

    if (!r.instance) {
        trial_row(t, TRIAL_WRONG, "setup", "no memory");
        return;
    }
    if (first(&r) && cancelled(&r) && deadline(&r))
        many(&r);
    hosts_teardown(r.instance);
    if (!t->interrupted && trial_died(t, how))
        trial_row(t, TRIAL_WRONG, "its host", "died: %s; `--gdb` lets a debugger look at it", how);
    if (hosts_abandoned(t->hosts) > 0)
        trial_row(t, TRIAL_WRONG, "its children", "%u survived SIGKILL", hosts_abandoned(t->hosts));
}

/* ---- with a debugger */

struct attended {
    bool asked, over;
};

static void on_key(struct ev_loop *loop, ev_io *io, int events)
{
    struct attended *attended = io->data;
    char bytes[256];

    (void)loop, (void)events;
    if (read(io->fd, bytes, sizeof bytes) <= 0)
        attended->over = true;
    attended->asked = true;
}

void trial_attended(struct trial *t, const struct model *model)
{
    struct running r = { .t = t, .instance = set_up(t, model) };
    struct attended attended = { false, false };
    struct result *result;
    ev_io key;

    if (!r.instance)
        return;
    printf("The host of %s is process %ld. Look at it from another terminal:\n\n  gdb -p %ld -ex 'break start' -ex continue\n  lldb -p %ld -o 'break set -n start' -o continue\n\n"
           "Enter starts a run of %s, an end of file ends this.\n",
           t->name, (long)trial_pid(t), (long)trial_pid(t), (long)trial_pid(t), t->type);
    fflush(stdout);
    ev_io_init(&key, on_key, STDIN_FILENO, EV_READ);
    key.data = &attended;
    ev_io_start(t->loop, &key);
    while (trial_wait(t, &attended.asked) && !attended.over) {
        attended.asked = false;
        result = run(&r, 3600 * (uint64_t)NS_PER_S);
        if (result)
            row_of(t, is_of_host(result) ? TRIAL_WRONG : TRIAL_OK, "run", result);
        fflush(stdout);
        result_drop(result);
    }
    ev_io_stop(t->loop, &key);
    hosts_teardown(r.instance);
}
