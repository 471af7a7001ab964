/*
 * The table of services: the only border between plugins and the host. Here it is seen that a call comes from the host's one thread, and that it
 * does nothing once its owner has ended; what a service does is elsewhere.
 */
#include "services.h"

#include "base/os/clock.h"
#include "die.h"
#include "instance.h"
#include "match.h"
#include "op.h"
#include "op_connect.h"
#include "op_http.h"
#include "op_spawn.h"
#include "op_timer.h"
#include "op_wait.h"
#include "run.h"
#include "share.h"
#include "turn.h"
#include "wire.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_t host_thread;

void services_begin(void)
{
    host_thread = pthread_self();
}

/* The host's own state must not be touched from here: not even the log's. */
static _Noreturn void end_for_thread(const struct owner *owner, const char *service)
{
    fprintf(stderr, "talon-host: the plugin of %s called %s from another thread than the host's: plugins are single-threaded towards the host; ending\n",
            owner->face.name, service);
    _exit(DIE_CODE);
}

static struct owner *check(struct talon_run *run, const char *service)
{
    struct owner *owner = owner_of(run);

    if (!pthread_equal(pthread_self(), host_thread))
        end_for_thread(owner, service);
    return owner;
}

static struct run *run_of(struct owner *owner)
{
    return owner->face.owner == TALON_RUN ? (struct run *)(void *)owner : NULL;
}

/* ---- what a run says */

static void complete(struct talon_run *face, enum talon_status status, const char *reason, const char *summary)
{
    struct owner *owner = check(face, "complete");

    if (run_of(owner))
        run_complete(run_of(owner), status, reason, summary);
    else if (owner->face.owner == TALON_INSTANCE)
        instance_complete((struct instance *)(void *)owner, reason, summary);
    else
        wire_log(owner, TALON_WARNING, "the plugin ended a shared object by talon_done(), which only runs and setups have; that is ignored");
}

static void metric(struct talon_run *face, const char *name, double value, const char *unit)
{
    struct owner *owner = check(face, "metric");

    if (run_of(owner) && !owner->over)
        run_metric(run_of(owner), name, value, unit);
}

static void detail(struct talon_run *face, const char *name, const char *value)
{
    struct owner *owner = check(face, "detail");

    if (run_of(owner) && !owner->over)
        run_detail(run_of(owner), name, value);
}

static void progress(struct talon_run *face, const char *text)
{
    struct owner *owner = check(face, "progress");

    if (run_of(owner) && !owner->over)
        run_progress(run_of(owner), text);
}

static void log_line(struct talon_run *face, enum talon_level level, const char *text)
{
    struct owner *owner = check(face, "log");

    if (!owner->over && text)
        wire_log(owner, level, text);
}

static void nudge(struct talon_run *face)
{
    struct owner *owner = check(face, "nudge");

    if (owner->over)
        return;
    if (instance_of(owner))
        instance_nudge(instance_of(owner));
    else
        share_nudge(owner);
}

/* ---- memory and time: these go on while the owner ends, because its deferred calls need them */

static void *alloc(struct talon_run *face, size_t size)
{
    return owner_alloc(check(face, "alloc"), size);
}

static void release(struct talon_run *face, void *bytes)
{
    owner_release(check(face, "release"), bytes);
}

static void defer(struct talon_run *face, void (*call)(void *), void *arg)
{
    owner_defer(check(face, "defer"), call, arg);
}

static uint64_t now_ns(struct talon_run *face)
{
    check(face, "now_ns");
    return turn_now();
}

static int64_t unix_ns(struct talon_run *face)
{
    check(face, "unix_ns");
    return clock_moment().wall;
}

/* ---- operations */

static void stop(struct talon_run *face, talon_op id)
{
    struct op *op = op_find(check(face, "stop"), id);

    if (op)
        op_end(op);
}

static talon_op timer(struct talon_run *face, uint64_t delay_ns, talon_timer_fn *call, void *arg)
{
    struct owner *owner = check(face, "timer");

    return owner->over ? 0 : op_timer(owner, delay_ns, call, arg);
}

static talon_op watch(struct talon_run *face, int fd, uint32_t events, talon_watch_fn *call, void *arg)
{
    struct owner *owner = check(face, "watch");

    return owner->over ? 0 : op_watch(owner, fd, events, call, arg);
}

static talon_op connect_to(struct talon_run *face, const struct talon_connect *request, talon_link_fn *call, void *arg)
{
    struct owner *owner = check(face, "connect");

    return owner->over ? 0 : op_connect(owner, request, call, arg);
}

static void send_bytes(struct talon_run *face, talon_op link, const void *bytes, size_t n)
{
    struct owner *owner = check(face, "send");

    if (!owner->over)
        op_send(owner, link, bytes, n);
}

static void secure(struct talon_run *face, talon_op link, const struct talon_tls *tls)
{
    struct owner *owner = check(face, "secure");

    if (!owner->over)
        op_secure(owner, link, tls);
}

static talon_op http(struct talon_run *face, const struct talon_http *request, talon_http_fn *call, void *arg)
{
    struct owner *owner = check(face, "http");

    return owner->over ? 0 : op_http(owner, request, call, arg);
}

static talon_op spawn(struct talon_run *face, const struct talon_command *command, talon_exit_fn *call, void *arg)
{
    struct owner *owner = check(face, "spawn");

    return owner->over ? 0 : op_spawn(owner, command, call, arg);
}

/* ---- sharing */

static struct talon_run *share(struct talon_run *face, const char *key, size_t state_size, void (*setup)(struct talon_run *shared))
{
    struct owner *owner = check(face, "share");

    return owner->over ? NULL : &share_join(owner, key, state_size, setup)->face;
}

static talon_op wait_for(struct talon_run *face, struct talon_run *on, talon_wait_fn *call, void *arg)
{
    struct owner *owner = check(face, "wait");

    return owner->over ? 0 : op_wait(owner, owner_of(on), call, arg);
}

static void wake(struct talon_run *on)
{
    op_wake(check(on, "wake"));
}

/* ---- what outlives restarts */

static void save(struct talon_run *face, const void *bytes, size_t n)
{
    struct owner *owner = check(face, "save");

    if (!owner->over && instance_of(owner))
        instance_save(instance_of(owner), bytes, n);
}

static size_t recall(struct talon_run *face, void *bytes, size_t n)
{
    struct owner *owner = check(face, "recall");

    return instance_of(owner) ? instance_recall(instance_of(owner), bytes, n) : 0;
}

/* ---- text */

static int match(struct talon_run *face, const struct talon_pattern *pattern, const char *text, size_t n, size_t span[2])
{
    struct owner *owner = check(face, "match");
    const char *over;
    const int found = match_find(pattern, text, n, span, &over);

    if (over)
        wire_log(owner, TALON_WARNING, over);
    return found;
}

static const struct talon_host table = {
    .size = sizeof(struct talon_host),
    .abi_major = TALON_ABI_MAJOR,
    .abi_minor = TALON_ABI_MINOR,
    .complete = complete,
    .metric = metric,
    .detail = detail,
    .progress = progress,
    .log = log_line,
    .nudge = nudge,
    .alloc = alloc,
    .release = release,
    .defer = defer,
    .now_ns = now_ns,
    .unix_ns = unix_ns,
    .stop = stop,
    .timer = timer,
    .watch = watch,
    .connect = connect_to,
    .send = send_bytes,
    .http = http,
    .spawn = spawn,
    .share = share,
    .wait = wait_for,
    .wake = wake,
    .save = save,
    .recall = recall,
    .match = match,
    .secure = secure,
};

const struct talon_host *services_table(void)
{
    return &table;
}
