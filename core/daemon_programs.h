/* The daemon's programs (core/programs): where they meet its configuration, its checks, its commands, its state folder. */
#ifndef DAEMON_PROGRAMS_H
#define DAEMON_PROGRAMS_H

#include "base/result.h"
#include "control/control.h"
#include "model.h"
#include "serve/snapshot.h"

struct daemon;

/* False: no memory. */
bool daemon_programs_begin(struct daemon *d);
void daemon_programs_end(struct daemon *d);
/* Another configuration is in force. */
void daemon_programs_take(struct daemon *d, const struct model *model);
/* A run of a check has ended. */
void daemon_programs_result(struct daemon *d, size_t check, const struct result *result);
/* For the snapshot: into `programs`, which has room for `room`; returns how many. Borrowed until anything else happens. */
size_t daemon_programs_view(struct daemon *d, struct snapshot_program *programs, size_t room);

/* The commands of daemon_control.c. arg: the daemon. */
void daemon_programs_show(void *arg, struct control_ask *ask);
void daemon_programs_start(void *arg, struct control_ask *ask);
void daemon_programs_stop(void *arg, struct control_ask *ask);
void daemon_programs_restart(void *arg, struct control_ask *ask);

#endif
