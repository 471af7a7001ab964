/*
 * Child processes and everything they leave behind. Each leads a process group of its own and bears a mark, TALON_RUN, in its environment. It is stopped by
 * SIGTERM and, a grace later, SIGKILL; what has left its group is found by the mark and killed; what even SIGKILL does not end is abandoned, and told.
 */
#ifndef HOST_CHILDREN_H
#define HOST_CHILDREN_H

#include "base/os/child.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHILD_MARK = 80, CHILD_STUCK = 192, CHILD_SURVIVES = -1 };

struct child;
struct instance;

/* status as from waitpid(), or CHILD_SURVIVES: even SIGKILL does not end it, and it was stopped, as by children_stop(). Called once, unless the
 * child was stopped before. */
typedef void child_ended_fn(void *arg, int status);

/* Writes "TALON_RUN=..." of the child that is started next. */
void children_mark(char mark[CHILD_MARK]);
/* Starts it; its environment must have the mark. instance: whose it is; NULL: nobody's. NULL: errno and, in why, a sentence. EAGAIN with an empty why: the
 * limit of children is reached, and waiting_stir() is called when one is free. EINPROGRESS with an empty why: this turn has started children for long
 * enough, and must let the loop answer; waiting_stir() makes the next turn try again. */
struct child *children_start(const struct child_request *request, struct instance *instance, child_ended_fn *ended, void *arg, char *why, size_t why_size);
/* Would it be EINPROGRESS now? Whoever asks before pipes are made makes none for nothing, again in each turn. */
bool children_turn_is_over(void);
/* For a result, of somebody who waited for too long: which limit is reached, or that the machine is too busy. */
const char *children_shortage(bool lacks_fds);
/* SIGTERM to its group, and SIGKILL after the grace; `ended` is called when it ends. */
void children_terminate(struct child *child, uint64_t grace_ns);
/* Nobody wants to know any more: it and all that it has started end, by the grace if it still runs; `child` must not be used again. */
void children_stop(struct child *child, uint64_t grace_ns);
/* The same for one that is about to end by itself: SIGKILL if it takes longer. */
void children_release(struct child *child, uint64_t within_ns);
/* It has ended, and what it has started lives on. */
void children_leave(struct child *child);
/* Does a process of the instance still live that should not? */
bool children_linger(const struct instance *instance);
/* For a result: what an earlier run has left and for how long. */
void children_describe(const struct child *child, char text[CHILD_STUCK]);
/* The instance goes. */
void children_forget_instance(const struct instance *instance);

bool children_begin(void);
/* SIGKILL to all; waits until they are gone, but not for long, and for none that is stuck. */
void children_kill_all(void);
void children_end(void);

#endif
