/*
 * Blocking runs: talon-host is started once more, with --run, for each of them, and this host is its core: it sends hello, load, setup and start, and passes
 * on what comes back. The deadline kills the process. While one survives even that, no other is started for its instance, and what it asks is known to hang.
 */
#include "worker.h"

#include "base/os/install_paths.h"
#include "base/os/lines.h"
#include "base/text.h"
#include "children.h"
#include "die.h"
#include "host.h"
#include "instance.h"
#include "limits.h"
#include "op.h"
#include "run.h"
#include "spawn.h"
#include "waiting.h"
#include "wire.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 32, LINE_MOST = 4 << 20, QUEUE_MOST = 8 << 20, LINES_A_TURN = 64 };

#define MARGIN_MOST UINT64_C(20000000) /* the process itself speaks first, if it can */
#define ENDS_WITHIN UINT64_C(1000000000)

struct worker {
    struct op op; /* first */
    struct waiting waiting;
    struct spawn_command command;
    struct child *child; /* NULL: not started, or over */
    struct lines *lines;
    ev_io readable, writable;
    bool lacks_fds;      /* what it waits for */
    bool done;           /* it has said its last word */
};

static unsigned working;

static struct run *run_of(const struct worker *worker)
{
    return (struct run *)(void *)worker->op.owner;
}

/* ---- the end */

static void close_worker(struct op *op)
{
    struct worker *worker = (struct worker *)(void *)op;

    waiting_remove(&worker->waiting);
    if (worker->lines) {
        ev_io_stop(turn_loop(), &worker->readable);
        ev_io_stop(turn_loop(), &worker->writable);
        working--;
    }
    if (worker->child && worker->done)
        children_release(worker->child, ENDS_WITHIN);
    else if (worker->child)
        children_stop(worker->child, 0);
    worker->child = NULL;
    waiting_stir();
}

/* The lines object is in use while one of its lines is being read. */
static void free_worker(struct op *op)
{
    struct worker *worker = (struct worker *)(void *)op;

    lines_free(worker->lines);
    spawn_command_free(&worker->command);
}

static void fail(struct worker *worker, const char *reason, const char *summary)
{
    run_complete(run_of(worker), TALON_UNKNOWN, reason, summary);
}

/* A process that SIGKILL does not end waits within the kernel for what was asked: that is no lack of knowledge, it is the failure itself, and it goes on. */
static void hangs(struct worker *worker, const char *summary)
{
    run_complete(run_of(worker), TALON_FAIL, "stuck", summary);
}

/* One that runs tells its operations by itself. */
static void late_worker(struct op *op)
{
    struct worker *worker = (struct worker *)(void *)op;

    if (!worker->waiting.at)
        return;
    if (children_linger(run_of(worker)->instance))
        hangs(worker, "the process of its previous run has been killed, but has not ended yet");
    else if (working >= AT_ONCE)
        fail(worker, "local", "32 blocking runs are in progress, and no more are started at once");
    else
        fail(worker, "local", children_shortage(worker->lacks_fds));
}

static bool waits_for_peer(const struct op *op)
{
    const struct worker *worker = (const struct worker *)(const void *)op;

    return worker->child && !waiting_was_long(&worker->waiting, run_of(worker)->began);
}

static const struct op_kind worker_kind = {
    .name = "the process of a blocking run", .close = close_worker, .free = free_worker, .late = late_worker, .waits_for_peer = waits_for_peer
};

/* ---- what it says */

static bool begins(const char *text, const char *type, const char *field, const char *id)
{
    char beginning[96];
    const int n = snprintf(beginning, sizeof beginning, "{\"type\":\"%s\",\"%s\":\"%s\"", type, field, id);

    return strncmp(text, beginning, (size_t)n) == 0;
}

static void relay(const char *text, size_t n)
{
    const struct buffer line = { .data = (char *)(uintptr_t)text, .len = n };

    wire_send_less(&line);
}

static void take_saved(struct run *run, const cJSON *message)
{
    const char *base64 = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "bytes"));
    struct buffer bytes = buffer_make(INSTANCE_SAVED);

    if (base64 && text_unbase64(&bytes, base64, strlen(base64)) && !bytes.failed)
        instance_save(run->instance, buffer_string(&bytes), bytes.len);
    buffer_free(&bytes);
}

/* What is rare. */
static void take_other(struct worker *worker, const char *text, size_t n)
{
    cJSON *message = cJSON_ParseWithLength(text, n);
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "type"));
    const char *why = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "text"));

    if (!type)
        fail(worker, "plugin.bad_result", "the process of the run did not keep to the plugin protocol");
    else if (strcmp(type, "refused") == 0)
        fail(worker, "plugin.refused", why ? why : "its process could not begin the run");
    else if (strcmp(type, "save") == 0)
        take_saved(run_of(worker), message);
    else if (strcmp(type, "nudge") == 0)
        instance_nudge(run_of(worker)->instance);
    cJSON_Delete(message);
}

static void on_line(void *arg, char *text, size_t n)
{
    struct worker *worker = arg;
    struct run *run = run_of(worker);

    if (worker->done || run->owner.over)
        return;
    if (begins(text, "done", "run", run->id.text)) {
        worker->done = true;
        run_relay(run, text, n);
    } else if (begins(text, "progress", "run", run->id.text) || strncmp(text, "{\"type\":\"log\"", 13) == 0) {
        relay(text, n);
    } else {
        take_other(worker, text, n);
    }
}

static enum lines_outcome read_lines(struct worker *worker)
{
    enum lines_outcome outcome;

    do
        outcome = lines_read(worker->lines, LINES_A_TURN, on_line, worker);
    while (outcome == LINES_MORE && lines_pending(worker->lines) && !worker->op.owner->over);
    return outcome;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct worker *worker = io->data;
    struct owner_call call;

    (void)events;
    owner_enter(worker->op.owner, &call);
    if (read_lines(worker) != LINES_MORE && !worker->op.owner->over)
        ev_io_stop(loop, io); /* it dies: how, its end will tell */
    owner_leave(&call);
}

static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = { { SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" },
                  { SIGILL, "SIGILL" },   { SIGKILL, "SIGKILL" }, { SIGTERM, "SIGTERM" } };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return "a signal";
}

static void on_end(void *arg, int status)
{
    struct worker *worker = arg;
    struct run *run = run_of(worker);
    struct owner_call call;
    char text[256], how[48];

    owner_enter(&run->owner, &call);
    if (status == CHILD_SURVIVES)
        worker->child = NULL;
    else
        read_lines(worker);
    if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "%s", signal_name(WTERMSIG(status)));
    else
        snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(status));
    snprintf(text, sizeof text, "plugin %s died (%s) in check %s", run->owner.plugin->name, how, run->owner.face.name);
    if (!run->owner.over)
        fail(worker, "plugin.died", text);
    owner_leave(&call);
}

/* ---- what it is told */

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct worker *worker = io->data;

    (void)events;
    if (lines_flush(worker->lines) != LINES_MORE || lines_queued(worker->lines) == 0)
        ev_io_stop(loop, io);
}

static void add(struct buffer *line, const char *field, const char *text)
{
    buffer_printf(line, ",\"%s\":", field);
    wire_add_json(line, text);
}

static bool send_line(struct worker *worker, struct buffer *line)
{
    buffer_char(line, '}');
    return !line->failed && lines_send(worker->lines, line->data, line->len);
}

static bool send_hello(struct worker *worker, struct buffer *line)
{
    const struct limits *limits = limits_now();

    buffer_text(line, "{\"type\":\"hello\",\"protocol\":1");
    add(line, "version", TALON_VERSION);
    add(line, "path", host_path());
    buffer_printf(line, ",\"limits\":{\"memory\":\"%" PRIu64 "\",\"fds\":%u,\"children\":%u,\"timers\":%u}", limits->memory, limits->fds, limits->children,
                  limits->timers);
    return send_line(worker, line);
}

static bool send_load(struct worker *worker, struct buffer *line)
{
    const struct plugin *plugin = worker->op.owner->plugin;

    buffer_clear(line);
    buffer_text(line, "{\"type\":\"load\"");
    add(line, "plugin", plugin->name);
    add(line, "path", plugin->path);
    return send_line(worker, line);
}

static bool send_setup(struct worker *worker, struct buffer *line)
{
    const struct instance *instance = run_of(worker)->instance;

    buffer_clear(line);
    buffer_text(line, "{\"type\":\"setup\"");
    add(line, "instance", instance->id.text);
    add(line, "operation", instance->operation->name);
    add(line, "name", instance->name);
    buffer_printf(line, ",\"conf\":%s", instance->conf_text);
    if (instance->n_saved > 0) {
        buffer_text(line, ",\"saved\":\"");
        text_base64(line, instance->saved, instance->n_saved);
        buffer_char(line, '"');
    }
    return send_line(worker, line);
}

static bool send_start(struct worker *worker, struct buffer *line)
{
    const struct run *run = run_of(worker);
    const uint64_t now = turn_now(), left = run_deadline(run) > now ? run_deadline(run) - now : 0;
    const uint64_t margin = left / 50 < MARGIN_MOST ? left / 50 : MARGIN_MOST;

    buffer_clear(line);
    buffer_text(line, "{\"type\":\"start\"");
    add(line, "run", run->id.text);
    add(line, "instance", run->instance->id.text);
    buffer_printf(line, ",\"left_ns\":\"%" PRIu64 "\",\"flags\":[%s%s%s]", left - margin, run->owner.face.flags & TALON_ONCE ? "\"once\"" : "",
                  (run->owner.face.flags & (TALON_ONCE | TALON_NUDGED)) == (TALON_ONCE | TALON_NUDGED) ? "," : "",
                  run->owner.face.flags & TALON_NUDGED ? "\"nudged\"" : "");
    return send_line(worker, line);
}

static void brief(struct worker *worker)
{
    struct buffer line = buffer_make(0);
    const bool good = send_hello(worker, &line) && send_load(worker, &line) && send_setup(worker, &line) && send_start(worker, &line);

    if (line.data)
        wipe(line.data, line.room); /* the options may hold secrets */
    buffer_free(&line);
    if (!good) {
        fail(worker, "local", "no memory to begin a blocking run");
        return;
    }
    lines_flush(worker->lines);
    if (lines_queued(worker->lines) > 0)
        ev_io_start(turn_loop(), &worker->writable);
}

/* ---- the beginning */

static void try_start(struct worker *worker);

static void retry(struct waiting *waiting)
{
    struct worker *worker = (struct worker *)(void *)((char *)waiting - offsetof(struct worker, waiting));
    struct owner_call call;

    owner_enter(worker->op.owner, &call);
    try_start(worker);
    owner_leave(&call);
}

static struct child *start(struct worker *worker, int theirs, char *why, size_t why_size)
{
    const struct child_request request = {
        .argv = worker->command.argv, .env = worker->command.env, .in = theirs, .out = theirs, .err = STDERR_FILENO, .die_with_parent = 1
    };

    spawn_command_mark(&worker->command);
    return children_start(&request, run_of(worker)->instance, on_end, worker, why, why_size);
}

static void begin(struct worker *worker)
{
    char why[256] = "";
    int ends[2], os;

    if (children_turn_is_over()) {
        worker->lacks_fds = false;
        waiting_add(&worker->waiting, retry);
        waiting_stir();
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        worker->lacks_fds = true;
        waiting_add(&worker->waiting, retry);
        return;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    worker->child = start(worker, ends[1], why, sizeof why);
    os = errno;
    worker->lacks_fds = os == EMFILE || os == ENFILE;
    close(ends[1]);
    worker->lines = worker->child ? lines_create(ends[0], LINE_MOST, QUEUE_MOST) : NULL;
    if (!worker->lines)
        close(ends[0]);
    if (worker->lines) {
        working++;
        ev_io_init(&worker->readable, on_readable, ends[0], EV_READ);
        ev_io_init(&worker->writable, on_writable, ends[0], EV_WRITE);
        worker->readable.data = worker->writable.data = worker;
        ev_io_start(turn_loop(), &worker->readable);
        brief(worker);
    } else if (!worker->child && (os == EAGAIN || os == EMFILE || os == ENFILE || os == EINPROGRESS)) {
        waiting_add(&worker->waiting, retry);
        if (os == EINPROGRESS)
            waiting_stir();
    } else {
        fail(worker, "local", why[0] ? why : "no memory to begin a blocking run");
    }
}

static void try_start(struct worker *worker)
{
    const struct instance *instance = run_of(worker)->instance;
    char text[CHILD_STUCK];

    if (instance->stuck) {
        children_describe(instance->stuck, text);
        hangs(worker, text);
    } else if (working >= AT_ONCE || children_linger(instance)) {
        waiting_add(&worker->waiting, retry);
    } else {
        begin(worker);
    }
}

void worker_start(struct run *run)
{
    struct worker *worker = op_begin(&run->owner, &worker_kind, sizeof *worker, NULL);
    const char *const argv[] = { install_host_program(), "--run", NULL };

    spawn_command_copy(&worker->command, &(struct talon_command){ .size = sizeof(struct talon_command), .argv = argv });
    try_start(worker);
}
