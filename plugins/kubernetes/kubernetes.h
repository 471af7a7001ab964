/* The operations of the plugin `kubernetes`, one file each: what kubernetes.c puts into the descriptor. */
#ifndef KUBERNETES_H
#define KUBERNETES_H

#include "list.h"
#include "proxy.h"

/* The options that all have, in a conf struct whose first member is `struct cluster_conf cluster`. */
#define CLUSTER_OPTIONS(S)                                                                                                             \
    { .name = "kubeconfig",                                                                                                            \
      TALON_STRING_AT(S, cluster.kubeconfig),                                                                                          \
      .help = "The kubeconfig, or several with `:` between them; absolute or below `~/`. Default: what KUBECONFIG names in Talon's "   \
              "environment, else `~/.kube/config`." },                                                                                 \
    { .name = "context",                                                                                                               \
      TALON_STRING_AT(S, cluster.context),                                                                                             \
      .help = "Which of its contexts. Default: its current one." }

/* For checks of a list. */
#define WATCH_OPTION(S)                                                                                                                \
    { .name = "watch",                                                                                                                 \
      TALON_BOOL_AT(S, cluster.watch),                                                                                                 \
      .fallback = "true",                                                                                                              \
      .help = "Hold a watch open, so that a change is seen at once and not with the next run." }

struct api_conf {
    struct cluster_conf cluster;
    uint64_t warn_expiry;
};

struct api_run {
    struct client_call call;
};

struct node_conf {
    struct cluster_conf cluster;
    const char *node;
    uint64_t starting_for, lease_within;
};

struct node_run {
    struct list_want nodes, leases;
};

struct schedulable_conf {
    struct cluster_conf cluster;
    const char *node;
    const char *const *tolerations;
};

struct workload_conf {
    struct cluster_conf cluster;
    const char *space, *name;
    int32_t kind;
    int64_t min_ready;
    uint64_t starting_for;
};

struct workload_run {
    struct list_want workloads, pods;
};

struct pods_conf {
    struct cluster_conf cluster;
    const char *space, *selector;
    int64_t min, warn_restarts;
    uint64_t restarts_within, starting_for;
};

struct access_conf {
    struct cluster_conf cluster;
    const char *const *verbs, *const *subjects, *const *groups;
    const char *resource, *group, *subresource, *name, *space, *as;
};

struct access_run {
    struct client_call call;
    size_t at;          /* which of the questions, subjects times verbs */
    const char *denied; /* what is not allowed so far, a sentence; NULL: nothing */
    const char *verbs;  /* what the subject of now is not allowed; NULL: nothing */
};

struct proxy_conf {
    struct cluster_conf cluster;
    struct proxy_target target;
    const char *path;
    const char *const *expect_status;
    const struct talon_pattern *expect_body, *starting_body;
    const struct talon_pair *expect_json, *expect_header;
    uint64_t max_body, warn_after;
};

struct dkron_conf {
    struct cluster_conf cluster;
    struct proxy_target target;
    int64_t streak;
    const char *const *ignore;
};

struct dkron_run {
    struct proxy_call leader, jobs;
};

/* The instance of a check. */
struct kubernetes_self {
    struct talon_run *cluster, *list, *pods; /* what it uses of them; pods: or the leases of nodes */
    struct node_boots *boots;                /* node.c */
    struct dkron_jobs *jobs;                 /* dkron.c */
    struct expect_header *headers;           /* proxy.c; NULL: nothing is expected of them */
};

#define OPERATION(name)                                                            \
    extern const struct talon_option name##_options[];                             \
    extern const struct talon_metric name##_metrics[];                             \
    int name##_validate(const void *conf, struct talon_problem *problem);          \
    void name##_setup(struct talon_run *instance);                                 \
    void name##_start(struct talon_run *run)

OPERATION(api);
OPERATION(node);
OPERATION(schedulable);
OPERATION(workload);
OPERATION(pods);
OPERATION(access);
OPERATION(dkron);
OPERATION(proxy);

/* What is wrong with the options that all have, or 0. */
int cluster_validate(const struct cluster_conf *conf, struct talon_problem *problem);
__attribute__((format(printf, 3, 4))) int option_is_bad(struct talon_problem *problem, const char *option, const char *format, ...);

#endif
