/* A command of ours beside a program: its preflight, a look at launchd or systemd, an event that is handed over. Bounded in time and output, and gone with its group. */
#ifndef PROGRAMS_TASK_H
#define PROGRAMS_TASK_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TASK_OUTPUT = 4096, TASK_INPUT = 4096 }; /* bytes of the end of what it says, in both its outputs; bytes that it is told */

struct task;

struct task_request {
    const char *const *argv, *const *env;
    const char *folder;
    const char *path;   /* where it is looked up */
    const char *input;  /* at most TASK_INPUT bytes; NULL: none */
    uint64_t timeout;   /* ns */
};

struct task_end {
    bool exited;        /* else it was killed, ran too long or was never started */
    int code;           /* exited */
    const char *why;    /* "exit code 3", "did not end within 30 s", "bun is not found in ..." */
    const char *output;
};

/* end: borrowed for the call, which comes once, never from within, and after which the task is gone. */
typedef void task_fn(void *arg, const struct task_end *end);

/* NULL: no memory. */
struct task *task_start(struct ev_loop *loop, const struct task_request *request, task_fn *done, void *arg);
/* Kills it; no call follows. NULL: nothing. */
void task_stop(struct task *task);

#endif
