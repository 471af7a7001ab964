/* Waiting for another owner, and waking those who wait. */
#ifndef HOST_OP_WAIT_H
#define HOST_OP_WAIT_H

#include "op.h"

talon_op op_wait(struct owner *owner, struct owner *on, talon_wait_fn *call, void *arg);
/* Everyone who waits for it now is called at the next turn. */
void op_wake(struct owner *on);
/* For owner.c: whoever still waits for it waits on, for nobody. */
void op_wait_forget(struct owner *on);

#endif
