/*
 * Child processes as operations: started when a place is free, over when the child has ended and its outputs are closed. What it has started and left behind
 * ends with it. A grandchild that keeps an output open keeps the operation until its deadline, not longer.
 */
#include "op_spawn.h"

#include "host.h"
#include "instance.h"
#include "spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE UINT64_C(1000000000) /* unless the plugin says another */
#define AFTER_KILL UINT64_C(200000000)

static struct spawn *spawn_of_post(struct post *post)
{
    return (struct spawn *)(void *)((char *)post - offsetof(struct spawn, op.post));
}

/* ---- the end */

static void close_spawn(struct op *op)
{
    struct spawn *spawn = (struct spawn *)(void *)op;

    ev_timer_stop(turn_loop(), &spawn->timer);
    waiting_remove(&spawn->waiting);
    if (spawn->child)
        children_stop(spawn->child, spawn->grace);
    spawn->child = NULL;
    spawn_io_end(spawn);
}

static void free_spawn(struct op *op)
{
    struct spawn *spawn = (struct spawn *)(void *)op;

    spawn_command_free(&spawn->command);
    output_free(&spawn->out_kept);
    output_free(&spawn->err_kept);
    buffer_free(&spawn->unused);
}

static struct talon_exit make_exit(struct spawn *spawn)
{
    struct talon_exit ended = {
        .size = sizeof ended,
        .error = spawn->trouble.error,
        .code = spawn->exited && WIFEXITED(spawn->status) ? WEXITSTATUS(spawn->status) : -1,
        .signal = spawn->exited && WIFSIGNALED(spawn->status) ? WTERMSIG(spawn->status) : 0,
        .out_dropped = spawn->out_kept.dropped,
        .err_dropped = spawn->err_kept.dropped,
        .total_ns = spawn->began ? (spawn->ended ? spawn->ended : turn_now()) - spawn->began : 0,
    };

    ended.out = output_text(&spawn->out_kept, &ended.out_len);
    ended.err = output_text(&spawn->err_kept, &ended.err_len);
    return ended;
}

/* Tells the plugin. Within owner_enter(). */
static void finish(struct spawn *spawn)
{
    struct owner *owner = spawn->op.owner;
    struct talon_exit ended;

    if (spawn->op.over)
        return;
    ended = make_exit(spawn);
    op_end(&spawn->op);
    spawn->done(&owner->face, spawn->op.arg, &ended);
}

static void finish_from_loop(struct spawn *spawn)
{
    struct owner_call call;

    owner_enter(spawn->op.owner, &call);
    finish(spawn);
    owner_leave(&call);
}

static void on_post(struct post *post)
{
    finish_from_loop(spawn_of_post(post));
}

/* It never ran: told at the next turn. */
static void fail(struct spawn *spawn, enum talon_error_code code, int os, const char *token, const char *text)
{
    trouble_set(&spawn->trouble, code, os, token, "%s", text);
    turn_post(&spawn->op.post, on_post);
}

void spawn_too_big(struct spawn *spawn)
{
    trouble_set(&spawn->trouble, TALON_E_TOO_BIG, 0, "too_big", "it printed more than %zu bytes that the plugin could not use", spawn->max_output);
    finish(spawn);
}

void spawn_look(struct spawn *spawn)
{
    if (spawn->exited && spawn->out < 0 && spawn->err < 0)
        finish(spawn);
}

/* ---- deadlines */

static void set_timed_out(struct spawn *spawn)
{
    const double took = (double)(turn_now() - spawn->began) / 1e9;

    spawn->timed_out = true;
    if (spawn->exited)
        trouble_set(&spawn->trouble, TALON_E_TIMEOUT, 0, "exec.timeout", "it has ended, but what it has started kept its output open for %.3g s", took);
    else
        trouble_set(&spawn->trouble, TALON_E_TIMEOUT, 0, "exec.timeout", "it did not end within %.3g s and was killed", took);
}

/* Its own timeout: it gets its grace, and the plugin hears of its end. */
static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct spawn *spawn = timer->data;

    (void)loop, (void)events;
    if (spawn->timed_out) {
        finish_from_loop(spawn);
        return;
    }
    set_timed_out(spawn);
    if (spawn->exited) {
        finish_from_loop(spawn);
        return;
    }
    children_terminate(spawn->child, spawn->grace);
    turn_timer(&spawn->timer, spawn->grace + AFTER_KILL); /* by then it is dead, or never will be */
}

/* The run's deadline is near. */
static void late_spawn(struct op *op)
{
    struct spawn *spawn = (struct spawn *)(void *)op;

    if (spawn->waiting.at || waiting_was_long(&spawn->waiting, spawn->asked))
        trouble_set(&spawn->trouble, TALON_E_LOCAL, 0, "local", "it could not be started in time: %s", children_shortage(spawn->lacks_fds));
    else if (!spawn->timed_out && spawn->child)
        set_timed_out(spawn);
    finish(spawn);
}

static bool waits_for_peer(const struct op *op)
{
    const struct spawn *spawn = (const struct spawn *)(const void *)op;

    return spawn->child && !waiting_was_long(&spawn->waiting, spawn->asked);
}

static const struct op_kind spawn_kind = {
    .name = "a child process", .close = close_spawn, .free = free_spawn, .late = late_spawn, .waits_for_peer = waits_for_peer
};

/* ---- the beginning */

static void on_end(void *arg, int status)
{
    struct spawn *spawn = arg;
    struct owner_call call;

    spawn->ended = turn_now();
    owner_enter(spawn->op.owner, &call);
    if (status == CHILD_SURVIVES) {
        spawn->child = NULL;
        finish(spawn);
    } else {
        spawn->exited = true;
        spawn->status = status;
        if (spawn->command.lasting && status == 0)
            children_leave(spawn->child);
        if (spawn->timed_out) {
            spawn_io_drain(spawn);
            finish(spawn);
        } else {
            spawn_look(spawn);
        }
    }
    owner_leave(&call);
}

static void refuse_start(struct spawn *spawn, int os, const char *why)
{
    if (os == ENOENT || os == ENOTDIR)
        fail(spawn, TALON_E_NOT_FOUND, os, "exec.not_found", why);
    else if (os == EACCES || os == EPERM || os == ENOEXEC)
        fail(spawn, TALON_E_DENIED, os, "exec.not_allowed", why);
    else
        fail(spawn, TALON_E_LOCAL, os, "local", why);
}

static struct child *start(struct spawn *spawn, const int theirs[3], char *why, size_t why_size)
{
    const struct child_request request = {
        .argv = spawn->command.argv,
        .env = spawn->command.env,
        .path = host_path(),
        .folder = spawn->command.folder,
        .in = theirs[0],
        .out = theirs[1],
        .err = theirs[2],
        .die_with_parent = 1,
    };

    spawn_command_mark(&spawn->command);
    return children_start(&request, instance_of(spawn->op.owner), on_end, spawn, why, why_size);
}

static void try_start(struct spawn *spawn);

static void retry(struct waiting *waiting)
{
    try_start((struct spawn *)(void *)((char *)waiting - offsetof(struct spawn, waiting)));
}

static bool is_shortage(int os)
{
    return os == EMFILE || os == ENFILE || os == EAGAIN || os == EINPROGRESS;
}

static void try_start(struct spawn *spawn)
{
    char why[256] = "";
    int theirs[3], os = 0;

    if (children_turn_is_over()) {
        spawn->lacks_fds = false;
        waiting_add(&spawn->waiting, retry);
        waiting_stir();
        return;
    }
    spawn->in = spawn->out = spawn->err = -1;
    if (spawn_pipes(spawn, theirs)) {
        spawn->child = start(spawn, theirs, why, sizeof why);
        os = errno;
    } else {
        os = errno;
        snprintf(why, sizeof why, "no pipe could be made: %s", strerror(os));
    }
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    if (spawn->child) {
        spawn->began = turn_now();
        spawn_io_begin(spawn);
        if (spawn->timeout)
            turn_timer(&spawn->timer, spawn->timeout);
        return;
    }
    spawn_io_end(spawn);
    spawn->lacks_fds = os == EMFILE || os == ENFILE;
    if (is_shortage(os))
        waiting_add(&spawn->waiting, retry);
    else
        refuse_start(spawn, os, why);
    if (os == EINPROGRESS)
        waiting_stir();
}

/* A command may be of a later version of the header, or of an earlier one. */
static struct talon_command own_copy(const struct talon_command *command)
{
    struct talon_command own = { .size = 0 };

    memcpy(&own, command, command->size < sizeof own ? command->size : sizeof own);
    return own;
}

talon_op op_spawn(struct owner *owner, const struct talon_command *command, talon_exit_fn *call, void *arg)
{
    struct spawn *spawn = op_begin(owner, &spawn_kind, sizeof *spawn, arg);
    const struct talon_command wanted = own_copy(command);
    struct instance *instance = instance_of(owner);
    char stuck[CHILD_STUCK];

    spawn->done = call;
    spawn->asked = turn_now();
    spawn->data = wanted.data;
    spawn->max_output = wanted.max_output ? wanted.max_output : SPAWN_OUTPUT;
    spawn->out_kept = output_make(spawn->max_output);
    spawn->err_kept = output_make(spawn->max_output);
    spawn->unused = buffer_make(0);
    spawn->timeout = wanted.timeout_ns;
    spawn->grace = wanted.grace_ns ? wanted.grace_ns : GRACE;
    spawn->in = spawn->out = spawn->err = -1;
    spawn->trouble.error = no_trouble();
    ev_init(&spawn->timer, on_timeout);
    spawn->timer.data = spawn;
    spawn_command_copy(&spawn->command, &wanted);
    if (spawn->op.refused) {
        fail(spawn, TALON_E_LOCAL, 0, "local", spawn->op.refused);
    } else if (!spawn->command.argv[0] || !spawn->command.argv[0][0]) {
        fail(spawn, TALON_E_NOT_FOUND, 0, "exec.not_found", "no program is named");
    } else if (instance && instance->stuck) {
        children_describe(instance->stuck, stuck);
        fail(spawn, TALON_E_LOCAL, 0, "stuck", stuck);
    } else {
        try_start(spawn);
    }
    return spawn->op.id;
}
