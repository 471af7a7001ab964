/* Child processes and everything they leave behind: see children.h. */
#include "children.h"

#include "base/os/process.h"
#include "base/os/random.h"
#include "base/os/strays.h"
#include "die.h"
#include "instance.h"
#include "limits.h"
#include "turn.h"
#include "waiting.h"
#include "wire.h"

#include <errno.h>
#include <ev.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STRAYS = 512, MANY = 4 };

#define SURVIVES UINT64_C(1000000000) /* so long after SIGKILL a process that still lives is stuck */
#define KILL_ALL UINT64_C(400000000)
#define TURN_OF_STARTS UINT64_C(20000000) /* so long one turn of the loop may go on starting children */

struct child {
    struct child *next, **at;
    pid_t pid;              /* and its process group */
    uint64_t number;        /* of its mark */
    struct instance *instance;
    child_ended_fn *ended;  /* NULL: nobody wants to know */
    void *arg;
    ev_child watcher;
    ev_timer timer;         /* the next step of ending it */
    bool reaped, killed, counted;
    bool leaves;            /* what is left of its group lives on */
    uint64_t killed_at;
    time_t began;           /* calendar */
    bool abandoned;         /* even SIGKILL did not end it */
};

static struct child *all;
static uint64_t last_number;
static char beginning[CHILD_MARK - 40]; /* of our marks: "PID-HEX-" */
static ev_child any;               /* sees those end that we have adopted */
static struct post sweep_post;

/* ---- marks, and what has left its group */

void children_mark(char mark[CHILD_MARK])
{
    snprintf(mark, CHILD_MARK, "TALON_RUN=%s%" PRIu64, beginning, last_number + 1);
}

static const struct child *find(pid_t pid)
{
    const struct child *child = all;

    while (child && (child->pid != pid || child->reaped))
        child = child->next;
    return child;
}

/* Does anybody still want to know of the child with that mark? */
static bool is_wanted(const char *number)
{
    const uint64_t wanted = strtoull(number, NULL, 10);
    const struct child *child = all;

    while (child && (child->number != wanted || !child->ended))
        child = child->next;
    return child != NULL;
}

/* Kills what we have adopted and whose run is over, and says how many there were. When one dies its own children are adopted, and its death begins the
 * next look; but many may be a fork bomb, which makes new ones faster than that. */
static size_t sweep(bool even_wanted)
{
    static pid_t pids[STRAYS];
    const size_t n = process_children(pids, STRAYS);
    char number[32];
    size_t killed = 0;

    for (size_t i = 0; i < n; i++)
        if (!find(pids[i]) && process_mark(pids[i], beginning, number, sizeof number) && (even_wanted || !is_wanted(number)))
            killed += kill(pids[i], SIGKILL) == 0;
    if (killed >= MANY)
        killed += strays_end(beginning, even_wanted ? NULL : is_wanted);
    return killed;
}

static void on_sweep(struct post *post)
{
    (void)post;
    sweep(false);
}

static void on_any(struct ev_loop *loop, ev_child *watcher, int events)
{
    (void)loop, (void)events;
    if (!find(watcher->rpid))
        turn_post(&sweep_post, on_sweep);
}

/* ---- the end of one */

/* When the leader is gone, its number is free for others as soon as its group is empty. While the group lives nobody else gets it: so who bears
 * it now is a stranger. */
static void signal_group(const struct child *child, int number)
{
    if (child->reaped && kill(child->pid, 0) == 0)
        return;
    kill(-child->pid, number);
}

static void stop_counting(struct child *child)
{
    if (!child->counted)
        return;
    child->counted = false;
    limits_give_child();
    waiting_stir();
}

static void free_child(struct child *child)
{
    ev_child_stop(turn_loop(), &child->watcher);
    ev_timer_stop(turn_loop(), &child->timer);
    stop_counting(child);
    *child->at = child->next;
    if (child->next)
        child->next->at = child->at;
    free(child);
}

/* It is dead and nobody asks for it: what is left of its group goes, and what has left the group. */
static void bury(struct child *child)
{
    if (!child->leaves)
        signal_group(child, SIGKILL);
    if (child->instance && child->instance->stuck == child) {
        wire_log(&child->instance->owner, TALON_NOTICE, "the process of an earlier run that was stuck has ended");
        child->instance->stuck = NULL;
    }
    free_child(child);
    turn_post(&sweep_post, on_sweep);
}

static void abandon(struct child *child)
{
    child_ended_fn *ended = child->ended;
    char text[CHILD_STUCK];

    child->ended = NULL;
    child->abandoned = true;
    stop_counting(child);
    if (child->instance)
        child->instance->stuck = child;
    children_describe(child, text);
    wire_log(child->instance ? &child->instance->owner : NULL, TALON_ERROR, text);
    if (ended)
        ended(child->arg, CHILD_SURVIVES);
}

static void kill_now(struct child *child)
{
    child->killed = true;
    child->killed_at = turn_now();
    signal_group(child, SIGKILL);
    turn_timer(&child->timer, SURVIVES);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct child *child = timer->data;

    (void)loop, (void)events;
    if (child->killed)
        abandon(child);
    else
        kill_now(child);
}

static void on_exit_of(struct ev_loop *loop, ev_child *watcher, int events)
{
    struct child *child = watcher->data;
    child_ended_fn *ended = child->ended;

    (void)events;
    child->reaped = true;
    ev_child_stop(loop, watcher);
    ev_timer_stop(loop, &child->timer);
    stop_counting(child);
    if (ended)
        ended(child->arg, watcher->rstatus);
    else
        bury(child);
}

void children_terminate(struct child *child, uint64_t grace_ns)
{
    if (child->killed)
        return;
    if (grace_ns == 0) {
        kill_now(child);
        return;
    }
    signal_group(child, SIGTERM);
    signal_group(child, SIGCONT); /* or one that is stopped would not hear it */
    turn_timer(&child->timer, grace_ns);
}

void children_stop(struct child *child, uint64_t grace_ns)
{
    child->ended = NULL;
    if (child->reaped)
        bury(child);
    else if (!ev_is_active(&child->timer)) /* else its end is on its way */
        children_terminate(child, grace_ns);
}

void children_release(struct child *child, uint64_t within_ns)
{
    child->ended = NULL;
    if (child->reaped)
        bury(child);
    else
        turn_timer(&child->timer, within_ns);
}

void children_leave(struct child *child)
{
    child->leaves = child->reaped;
}

bool children_linger(const struct instance *instance)
{
    const struct child *child = all;

    while (child && (child->instance != instance || child->ended || child->reaped))
        child = child->next;
    return child != NULL;
}

void children_describe(const struct child *child, char text[CHILD_STUCK])
{
    char since[32] = "?";
    const char *state = process_state(child->pid);
    struct tm local;

    if (localtime_r(&child->began, &local))
        strftime(since, sizeof since, "%H:%M:%S", &local);
    snprintf(text, CHILD_STUCK, "hangs since %s: process %ld of an earlier run survives SIGKILL%s%s", since, (long)child->pid, *state ? ", " : "", state);
}

void children_forget_instance(const struct instance *instance)
{
    for (struct child *child = all; child; child = child->next)
        if (child->instance == instance)
            child->instance = NULL;
}

/* ---- the beginning of one */

/* Starting one takes a millisecond, many on a busy machine, and blocks. A hundred at once must not keep the host from answering its ping. */
static uint64_t last_start; /* by turn_now() */

bool children_turn_is_over(void)
{
    return last_start >= turn_start() && turn_now() - turn_start() >= TURN_OF_STARTS;
}

const char *children_shortage(bool lacks_fds)
{
    if (lacks_fds || !limits_take_child())
        return limits_text(lacks_fds ? LIMIT_FDS : LIMIT_CHILDREN);
    limits_give_child();
    return "this machine is too busy to start more processes";
}

static pid_t start(const struct child_request *request, char *why, size_t why_size)
{
    pid_t pid;
    int error;

    limits_lift();
    pid = child_start(request, why, why_size);
    error = errno;
    limits_lower();
    errno = error;
    return pid;
}

struct child *children_start(const struct child_request *request, struct instance *instance, child_ended_fn *ended, void *arg, char *why, size_t why_size)
{
    struct child *child;
    pid_t pid;

    if (children_turn_is_over()) {
        why[0] = '\0';
        errno = EINPROGRESS;
        return NULL;
    }
    last_start = turn_now();
    if (!limits_take_child()) {
        why[0] = '\0';
        errno = EAGAIN;
        return NULL;
    }
    pid = start(request, why, why_size);
    if (pid < 0) {
        limits_give_child();
        return NULL;
    }
    child = must_alloc(sizeof *child);
    child->pid = pid;
    child->number = ++last_number;
    child->instance = instance;
    child->ended = ended;
    child->arg = arg;
    child->counted = true;
    child->began = time(NULL);
    ev_child_init(&child->watcher, on_exit_of, pid, 0);
    ev_init(&child->timer, on_timer);
    child->watcher.data = child->timer.data = child;
    ev_child_start(turn_loop(), &child->watcher);
    child->next = all;
    child->at = &all;
    if (all)
        all->at = &child->next;
    all = child;
    return child;
}

/* ---- all of them */

bool children_begin(void)
{
    snprintf(beginning, sizeof beginning, "%ld-%016" PRIx64 "-", (long)getpid(), random_id());
    ev_child_init(&any, on_any, 0, 0);
    ev_child_start(turn_loop(), &any);
    return true;
}

/* Takes all that have died. False: there is no child any more. */
static bool reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (struct child *child = all; child; child = child->next)
            child->reaped |= child->pid == pid;
    return pid == 0;
}

/* Is there one whose end may be waited for? */
static bool any_is_ending(void)
{
    const struct child *child = all;

    while (child && (child->reaped || child->abandoned))
        child = child->next;
    return child != NULL;
}

void children_kill_all(void)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    const uint64_t end = turn_now() + KILL_ALL;

    if (!beginning[0])
        return;
    for (const struct child *child = all; child; child = child->next)
        signal_group(child, SIGKILL);
    while (reap() && turn_now() < end && (sweep(true) > 0 || any_is_ending()))
        nanosleep(&moment, NULL);
}

void children_end(void)
{
    children_kill_all();
    while (all)
        free_child(all);
    ev_child_stop(turn_loop(), &any);
    turn_unpost(&sweep_post);
}
