/*
 * The actions of the plugin `kubernetes`: their options, and what they share. An action is a row of calls, one after the other, in the run's own state; each
 * ends with a verdict that says whether anything was done, since a runbook goes on by that.
 */
#ifndef KUBERNETES_ACT_H
#define KUBERNETES_ACT_H

#include "kubernetes.h"
#include "manifest.h"

#include "kit/json.h"

struct act { /* the first member of each action's state */
    struct client_call call;
    const char *by_hand; /* the command with which a person does the same */
    unsigned done;       /* objects that were changed so far */
};

struct pods_act_conf { /* delete_pod, evict */
    struct cluster_conf cluster;
    const char *space, *name, *selector, *uid;
    const char *const *waiting;
    int64_t at_most, grace;
};

struct restart_conf {
    struct cluster_conf cluster;
    const char *space, *name;
    int32_t kind;
};

struct uncordon_conf {
    struct cluster_conf cluster;
    const char *node;
};

struct untaint_conf {
    struct cluster_conf cluster;
    const char *node;
    const char *const *taints;
};

struct apply_conf {
    struct cluster_conf cluster;
    const char *manifest, *file, *space;
    int32_t force;
};

/* ---- what their runs know */

struct pods_act {
    struct act act; /* first */
    int evicts;
    const cJSON *pods, *pod; /* an array's members from `pods`; the one of now */
    unsigned n, gone, changed, leaving;
    const char *told, *what;
};

struct restart {
    struct act act; /* first */
    const char *what, *path;
};

struct node_act {
    struct act act; /* first */
    const char *what, *path, *words; /* words: what is being done */
    unsigned tries;
    int untaints;
};

struct apply_resource { /* what the API server calls the objects of a kind */
    const char *path; /* "/api/v1", "/apis/apps/v1" */
    const char *name; /* "deployments" */
    int namespaced;
};

struct apply {
    struct act act; /* first */
    struct manifest manifest;
    size_t at;
    const char *what, *done;
    struct apply_resource resource;
};

/* ---- the operations */

#define ACTION_OPERATION(name)                                            \
    extern const struct talon_option name##_options[];                    \
    int name##_validate(const void *conf, struct talon_problem *problem); \
    void name##_start(struct talon_run *run)

ACTION_OPERATION(delete_pod);
ACTION_OPERATION(evict);
ACTION_OPERATION(restart);
ACTION_OPERATION(uncordon);
ACTION_OPERATION(untaint);
ACTION_OPERATION(apply);
void act_setup(struct talon_run *instance);

/* Asks the instance's cluster; `path`, `body` and `type` (of the body; NULL: JSON) live as long as the run. */
void act_ask(struct talon_run *run, const char *method, const char *path, const char *body, const char *type, client_done_fn *done);
/* The JSON object of a success. NULL: there is none, and the run has ended with why; `what` is what was wanted: "the pod web in prod". */
const cJSON *act_answer(struct talon_run *run, struct client_call *call, const struct talon_response *got, const char *what);
/* Ends the run because a call is no success. */
void act_failed(struct talon_run *run, const struct client_failure *failure, const char *what);
/* The text of a JSON tree, which is deleted; lives as long as the run. */
const char *act_text(struct talon_run *run, cJSON *json);

#endif
