/* Timers and watched descriptors: the operations whose callbacks carry no error. */
#ifndef HOST_OP_TIMER_H
#define HOST_OP_TIMER_H

#include "owner.h"

talon_op op_timer(struct owner *owner, uint64_t delay_ns, talon_timer_fn *call, void *arg);
talon_op op_watch(struct owner *owner, int fd, uint32_t events, talon_watch_fn *call, void *arg);

#endif
