/* The core's side of its guard (guard.h): the heartbeat, what the guard must know, and the end of the core when the guard has gone. */
#ifndef GUARDED_H
#define GUARDED_H

#include <stdbool.h>
#include <stdint.h>

struct ev_loop;

/* Standard input is the guard's socket: takes it away from there, and arranges for last words. False: it is none. */
bool guarded_begin(void);
/* Calls gone(arg) from the loop when the guard has ended: nobody would start this core again, or stop it. From now on the core also adopts and ends what a
 * plugin host that has died leaves behind. */
void guarded_watch(struct ev_loop *loop, void (*gone)(void *arg), void *arg);
/* Asks the guard for a socket to the keeper of programs, and calls joined(arg, socket) from the loop when it comes: the callee's. Nothing comes back when that
 * cannot be: ask again after a while. */
void guarded_keep(void (*joined)(void *arg, int socket), void *arg);
/* Is the guard there still? */
bool guarded_is_there(void);
/* Each does nothing when there is no guard, and never waits for it. */
void guarded_beat(void);
void guarded_ready(void);
void guarded_tell(uint64_t stall, const char *state_folder);
void guarded_end(struct ev_loop *loop);

#endif
