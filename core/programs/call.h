/* The call after a program's start: one HTTP request on this host. The core links no HTTP client, and needs no more than this. */
#ifndef PROGRAMS_CALL_H
#define PROGRAMS_CALL_H

#include "model.h"

#include <ev.h>

struct call;

/* why NULL: answered with 2xx; else a sentence. Comes once, never from within; then the call is gone. */
typedef void call_fn(void *arg, const char *why);

/* NULL: no memory. */
struct call *call_start(struct ev_loop *loop, const struct model_program *program, call_fn *done, void *arg);
/* No call of done() follows. NULL: nothing. */
void call_stop(struct call *call);

#endif
