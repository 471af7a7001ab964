/* One run of an action: see action.h. */
#include "action.h"

#include "base/os/clock.h"
#include "base/shortage.h"
#include "filling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 160 };

struct action {
    struct action_request request;
    char name[NAME];
    uint64_t deadline;               /* awake: of secrets and run together */
    struct filling filling;
    struct hosts_instance *instance; /* NULL: not set up */
    struct hosts_run *run;           /* NULL: not started */
    struct result *failure;          /* what it ends with at the next turn; NULL: it goes on */
    ev_timer timer;                  /* its end before there is a run */
};

static void action_free(struct action *action)
{
    ev_timer_stop(action->request.loop, &action->timer);
    filling_stop(&action->filling);
    if (action->instance)
        hosts_teardown(action->instance);
    result_drop(action->failure);
    model_drop(action->request.model);
    free(action);
}

/* Its plugin host has died, or would not end it at its deadline: what it did by then nobody knows. */
static bool has_died(const struct result *result)
{
    return result->status == STATUS_UNKNOWN && strcmp(result->reason, "interrupted") == 0;
}

static void end(struct action *action, struct result *result)
{
    action->request.done(action->request.arg, action, result, has_died(result));
    action_free(action);
}

/* As unknown, at the next turn of the loop. */
static void fail(struct action *action, const char *reason, const char *summary)
{
    action->failure = result_make(STATUS_UNKNOWN, reason, summary, 0, NULL, 0, NULL, 0);
    ev_timer_stop(action->request.loop, &action->timer);
    ev_timer_set(&action->timer, 0., 0.);
    ev_timer_start(action->request.loop, &action->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct action *action = timer->data;

    (void)loop, (void)events;
    if (!action->failure)
        action->failure = result_make(STATUS_UNKNOWN, "secret.timeout", "a secret that this action needs did not come in time", 0, NULL, 0, NULL, 0);
    end(action, action->failure);
}

static void on_done(void *arg, struct result *result)
{
    struct action *action = arg;

    action->run = NULL;
    end(action, result);
    result_drop(result);
}

static void on_filled(void *arg, const struct buffer *filled, const char *reason, const char *why)
{
    struct action *action = arg;
    const struct model_action *what = action->request.what;
    const struct model *model = action->request.model;
    const struct model_operation *operation = &model->operations[what->operation];
    struct hosts_instance_request request = { .plugin = model->plugins[operation->plugin].name, .operation = operation->name, .name = action->name,
                                              .missing = what->missing ? what->missing : operation->missing, .arg = action };
    const uint64_t now = clock_awake();

    if (!filled) {
        fail(action, reason, why);
        return;
    }
    request.conf = buffer_string(filled);
    action->instance = hosts_setup(action->request.hosts, &request);
    if (action->instance)
        action->run = hosts_start(action->instance, action->deadline > now ? action->deadline - now : 1, HOSTS_ONCE, on_done, action);
    if (action->run)
        ev_timer_stop(action->request.loop, &action->timer);
    else
        fail(action, "local", "the action could not be started: no memory");
}

struct action *action_start(const struct action_request *request)
{
    struct action *action = calloc(1, sizeof *action);

    if (!action) {
        shortage_note();
        return NULL;
    }
    action->request = *request;
    model_keep(request->model);
    snprintf(action->name, sizeof action->name, "%s", request->name);
    action->deadline = clock_awake() + request->what->timeout;
    ev_timer_init(&action->timer, on_timer, (double)request->what->timeout / 1e9, 0.);
    action->timer.data = action;
    ev_timer_start(request->loop, &action->timer);
    if (request->what->operation == MODEL_NONE)
        fail(action, "plugin.refused", "what this action is can only be known with the entry of `heal` that runs it");
    else
        filling_start(&action->filling, request->secrets, request->model, &request->what->conf, on_filled, action);
    return action;
}

void action_cancel(struct action *action)
{
    if (!action)
        return;
    if (action->run)
        hosts_cancel(action->run);
    action_free(action);
}
