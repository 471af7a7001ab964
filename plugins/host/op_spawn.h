/* Child processes as operations of an owner. */
#ifndef HOST_OP_SPAWN_H
#define HOST_OP_SPAWN_H

#include "owner.h"

talon_op op_spawn(struct owner *owner, const struct talon_command *command, talon_exit_fn *call, void *arg);

#endif
