/*
 * The check type `kubernetes.schedulable`: would a new pod find a node? A cordon is an act of a person, so it is told as one; a taint that keeps pods away and
 * is not tolerated is a failure, and its key mostly names the cause (node.kubernetes.io/disk-pressure). The taint of a control plane is normal.
 */
#include "kubernetes.h"

#include "kit/json.h"

static const char cordon[] = "node.kubernetes.io/unschedulable"; /* the taint that a cordon sets beside `unschedulable` */

const struct talon_option schedulable_options[] = {
    CLUSTER_OPTIONS(struct schedulable_conf),
    { .name = "node", TALON_STRING_AT(struct schedulable_conf, node), .help = "Its name. Default: all nodes, of which each must take pods." },
    { .name = "tolerations",
      TALON_LIST_AT(struct schedulable_conf, tolerations),
      .fallback = "[node-role.kubernetes.io/control-plane, node-role.kubernetes.io/master]",
      .help = "Taints that are no trouble: KEY, KEY=VALUE, each with :EFFECT behind it where it is meant for that effect alone." },
    WATCH_OPTION(struct schedulable_conf),
    { .name = NULL },
};

const struct talon_metric schedulable_metrics[] = {
    { .name = "nodes", .unit = "", .help = "Nodes that were looked at." },
    { .name = "schedulable", .unit = "", .help = "Those that take new pods." },
    { .name = NULL },
};

int schedulable_validate(const void *given, struct talon_problem *problem)
{
    const struct schedulable_conf *conf = given;
    const char *const *toleration;

    if (conf->node && !client_is_name(conf->node))
        return option_is_bad(problem, "node", "\"%.80s\" is no name of a node", conf->node);
    for (toleration = conf->tolerations; toleration && *toleration; toleration++) {
        const char *effect = strchr(*toleration, ':');

        if (strcspn(*toleration, "=:") == 0)
            return option_is_bad(problem, "tolerations", "\"%.80s\" names no key of a taint", *toleration);
        if (effect && strcmp(effect, ":NoSchedule") != 0 && strcmp(effect, ":NoExecute") != 0)
            return option_is_bad(problem, "tolerations", "\"%.80s\": an effect is NoSchedule or NoExecute", *toleration);
    }
    return cluster_validate(&conf->cluster, problem);
}

void schedulable_setup(struct talon_run *instance)
{
    struct kubernetes_self *self = instance->state;

    self->list = list_join(instance, "/api/v1/nodes", "", 1);
}

/* ---- taints */

static int same(const char *text, size_t n, const char *with)
{
    return strlen(with) == n && memcmp(text, with, n) == 0;
}

static int tolerates(const char *toleration, const cJSON *taint)
{
    const size_t key = strcspn(toleration, "=:");
    const char *value = toleration[key] == '=' ? toleration + key + 1 : NULL, *effect = strchr(toleration + key, ':');

    return same(toleration, key, json_string(taint, "key", "")) && (!value || same(value, strcspn(value, ":"), json_string(taint, "value", ""))) &&
           (!effect || strcmp(effect + 1, json_string(taint, "effect", "")) == 0);
}

static int is_tolerated(struct talon_run *run, const cJSON *taint)
{
    const struct schedulable_conf *conf = run->conf;
    const char *const *toleration = conf->tolerations;
    const char *effect = json_string(taint, "effect", "");

    if ((strcmp(effect, "NoSchedule") != 0 && strcmp(effect, "NoExecute") != 0) || strcmp(json_string(taint, "key", ""), cordon) == 0)
        return 1;
    while (toleration && *toleration && !tolerates(*toleration, taint))
        toleration++;
    return toleration && *toleration;
}

/* "KEY=VALUE:EFFECT, ..." of those that keep pods away; NULL: none. */
static const char *bad_taints(struct talon_run *run, const cJSON *node)
{
    const char *words = NULL;
    const cJSON *taint;

    cJSON_ArrayForEach(taint, json_at(node, "spec.taints")) {
        const char *value = json_string(taint, "value", "");

        if (is_tolerated(run, taint) || (words && strlen(words) > 250))
            continue;
        words = talon_text(run, "%s%s%s%s%s:%s", words ? words : "", words ? ", " : "", json_string(taint, "key", "?"), *value ? "=" : "", value,
                           json_string(taint, "effect", ""));
        words = talon_quote(run, words, strlen(words), 350);
    }
    return words;
}

/* ---- all nodes */

struct count {
    unsigned nodes, cordoned, tainted;
    const char *cordoned_node, *tainted_node, *taints;
};

static void look_at(struct talon_run *run, const cJSON *node, struct count *count)
{
    const char *name = json_string(node, "metadata.name", "?"), *taints = bad_taints(run, node);

    count->nodes++;
    if (taints && count->tainted++ == 0) {
        count->tainted_node = name;
        count->taints = taints;
    } else if (!taints && json_is_true(node, "spec.unschedulable") && count->cordoned++ == 0) {
        count->cordoned_node = name;
    }
}

static void judge(struct talon_run *run, const struct count *count, const char *only)
{
    const unsigned good = count->nodes - count->cordoned - count->tainted;

    run->host->metric(run, "nodes", count->nodes, "");
    run->host->metric(run, "schedulable", good, "");
    if (count->nodes == 0)
        talon_done(run, TALON_FAIL, "kubernetes.absent", "the cluster has no %s%s", only ? "node " : "nodes", only ? only : "");
    else if (count->tainted > 0)
        talon_done(run, TALON_FAIL, "kubernetes.tainted", "%s takes no new pods: %s%s", count->tainted_node, count->taints,
                   count->tainted > 1 ? talon_text(run, " (and %u more nodes)", count->tainted - 1) : "");
    else if (count->cordoned == count->nodes)
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "%s is cordoned: it takes no new pods until somebody uncordons it", count->cordoned_node);
    else if (count->cordoned > 0)
        talon_done(run, TALON_WARN, "kubernetes.cordoned", "%u of %u nodes take new pods: %s is cordoned", good, count->nodes, count->cordoned_node);
    else
        talon_done(run, TALON_OK, "kubernetes.schedulable", count->nodes == 1 ? "the node takes new pods" : "all %u nodes take new pods", count->nodes);
}

static void listed(struct talon_run *run, struct list_want *want)
{
    const struct schedulable_conf *conf = run->conf;
    struct count count = { .nodes = 0 };
    const cJSON *node;

    if (!want->items) {
        client_unknown(run, want->failure, "the nodes");
        return;
    }
    cJSON_ArrayForEach(node, want->items) {
        if (!conf->node || strcmp(json_string(node, "metadata.name", ""), conf->node) == 0)
            look_at(run, node, &count);
    }
    judge(run, &count, conf->node);
}

void schedulable_start(struct talon_run *run)
{
    const struct kubernetes_self *self = run->self;

    list_get(run, self->list, run->state, listed);
}
