/* The plugin `kubernetes`: its check types and actions, and what is the same in the options of all of them. */
#include "act.h"

int option_is_bad(struct talon_problem *problem, const char *option, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(problem->text, sizeof problem->text, format, ap);
    va_end(ap);
    problem->option = option;
    return 1;
}

int cluster_validate(const struct cluster_conf *conf, struct talon_problem *problem)
{
    const char *at = conf->kubeconfig ? conf->kubeconfig : "";
    size_t n, files = 0;

    for (; *at; at += n + (at[n] == ':')) {
        n = strcspn(at, ":");
        files += n > 0;
        if (n > 0 && *at != '/' && strncmp(at, "~/", 2) != 0)
            return option_is_bad(problem, "kubeconfig", "\"%.*s\" must be an absolute path, or one that begins with ~/", n < 80 ? (int)n : 80, at);
    }
    if (files > KUBECONFIG_FILES)
        return option_is_bad(problem, "kubeconfig", "names %zu files: %d are read at most", files, KUBECONFIG_FILES);
    return 0;
}

#define CHECK(word, about, run_bytes)                                                                                                \
    { .kind = TALON_CHECK, .name = #word, .summary = about, .options = word##_options, .metrics = word##_metrics,                    \
      .conf_size = sizeof(struct word##_conf), .run_size = run_bytes, .instance_size = sizeof(struct kubernetes_self),               \
      .validate = word##_validate, .setup = word##_setup, .start = word##_start }

#define ACTION(word, written, about, conf, run_bytes)                                                                                \
    { .kind = TALON_ACTION, .flags = TALON_REPEATABLE, .name = written, .summary = about, .options = word##_options,                 \
      .conf_size = sizeof(struct conf), .run_size = run_bytes, .instance_size = sizeof(struct kubernetes_self),                      \
      .impact = TALON_RESTART, .validate = word##_validate, .setup = act_setup, .start = word##_start }

static const struct talon_operation operations[] = {
    CHECK(api, "Asks an API server whether it is ready.", sizeof(struct api_run)),
    CHECK(node, "Sees that nodes are ready and under no pressure.", sizeof(struct node_run)),
    CHECK(schedulable, "Sees that nodes take new pods: neither cordoned nor tainted.", sizeof(struct list_want)),
    CHECK(workload, "Sees that a workload is rolled out and ready, and says why it is not.", sizeof(struct workload_run)),
    CHECK(pods, "Sees that the pods of a selector are ready and do not restart.", sizeof(struct list_want)),
    CHECK(access, "Asks whether somebody is allowed to do something (RBAC).", sizeof(struct access_run)),
    CHECK(proxy, "Fetches a page of a service through the API server and compares it with what is expected.", sizeof(struct proxy_call)),
    CHECK(dkron, "Asks Dkron, through the API server, whether it has a leader and its jobs succeed.", sizeof(struct dkron_run)),
    ACTION(delete_pod, "delete-pod", "Deletes a pod, or the few of a selector, so that their controller makes new ones.", pods_act_conf,
           sizeof(struct pods_act)),
    ACTION(evict, "evict", "Evicts a pod, or the few of a selector, as far as their disruption budgets allow.", pods_act_conf, sizeof(struct pods_act)),
    ACTION(restart, "rollout-restart", "Replaces the pods of a workload by its own strategy, as kubectl rollout restart does.", restart_conf,
           sizeof(struct restart)),
    ACTION(uncordon, "uncordon", "Lets a node take new pods again that was cordoned.", uncordon_conf, sizeof(struct node_act)),
    ACTION(untaint, "untaint", "Removes named taints of a node.", untaint_conf, sizeof(struct node_act)),
    ACTION(apply, "apply", "Applies a manifest by server-side apply, as the field manager talon.", apply_conf, sizeof(struct apply)),
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "kubernetes",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Kubernetes checks and actions, by its API and a kubeconfig.",
    TALON_OPERATIONS(operations),
};
