/*
 * One run of an action: its options with their secrets, an instance of its operation for this run alone, its own deadline. What it starts in its plugin host ends
 * with it, also when that host or the core dies. Knows nothing of runbooks.
 */
#ifndef ACTION_H
#define ACTION_H

#include "base/result.h"
#include "hosts/hosts.h"
#include "config/secrets.h"
#include "model.h"

struct action;

struct action_request {
    struct ev_loop *loop;
    struct hosts *hosts;
    struct secrets *secrets;
    const struct model *model;       /* kept while it runs */
    const struct model_action *what; /* of it */
    const char *name;                /* for messages: "bridge-heal of redis" */
    /* Once, unless it is cancelled; never from within action_start(). result: borrowed. died: nobody knows what it did. */
    void (*done)(void *arg, struct action *action, struct result *result, bool died);
    void *arg;
};

/* NULL: no memory. It is gone when done() has returned. */
struct action *action_start(const struct action_request *request);
/* No call follows. NULL: nothing. */
void action_cancel(struct action *action);

#endif
