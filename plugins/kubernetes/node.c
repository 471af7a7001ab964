/*
 * The check type `kubernetes.node`: what the conditions of the nodes say. A node that is not ready although its kubelet speaks, soon after a boot that was
 * seen, is starting; one whose kubelet has fallen silent never is. A node under pressure works, and throws pods out: a warning.
 */
#include "kubernetes.h"

#include "kit/json.h"
#include "moment.h"

enum { MOST_BOOTS = 64, WORDS = 200 };

/* When each node was last seen to have booted. */
struct node_boots {
    size_t n;
    struct {
        char node[64], boot[64];
        int64_t seen_s; /* 0: it ran already when it was first seen */
    } at[MOST_BOOTS];
};

const struct talon_option node_options[] = {
    CLUSTER_OPTIONS(struct node_conf),
    { .name = "node", TALON_STRING_AT(struct node_conf, node), .help = "Its name. Default: all nodes, of which each must be ready." },
    { .name = "starting_for",
      TALON_DURATION_AT(struct node_conf, starting_for),
      .fallback = "2m",
      .help = "How long a node may take to become ready after it was created or has booted." },
    { .name = "lease_within",
      TALON_DURATION_AT(struct node_conf, lease_within),
      .fallback = "0",
      .help = "A node whose kubelet has not renewed its lease within this time, by this machine's clock, is silent, whatever its conditions say; kubelets renew "
              "each 10 s. 0: leases are not asked for." },
    WATCH_OPTION(struct node_conf),
    { .name = NULL },
};

const struct talon_metric node_metrics[] = {
    { .name = "nodes", .unit = "", .help = "Nodes that were looked at." },
    { .name = "ready", .unit = "", .help = "Those that are ready." },
    { .name = NULL },
};

int node_validate(const void *given, struct talon_problem *problem)
{
    const struct node_conf *conf = given;

    if (conf->node && !client_is_name(conf->node))
        return option_is_bad(problem, "node", "\"%.80s\" is no name of a node", conf->node);
    return cluster_validate(&conf->cluster, problem);
}

void node_setup(struct talon_run *instance)
{
    const struct node_conf *conf = instance->conf;
    struct kubernetes_self *self = instance->state;

    self->list = list_join(instance, "/api/v1/nodes", "", 1);
    if (conf->lease_within > 0)
        self->pods = list_join(instance, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", "", 0);
    self->boots = instance->host->alloc(instance, sizeof *self->boots);
}

/* ---- boots */

static int64_t boot_age(struct talon_run *run, struct node_boots *boots, const cJSON *node)
{
    const char *name = json_string(node, "metadata.name", ""), *boot = json_string(node, "status.nodeInfo.bootID", "");
    const int64_t now = run->host->unix_ns(run) / 1000000000;
    size_t i = 0;

    while (i < boots->n && strncmp(boots->at[i].node, name, sizeof boots->at[i].node - 1) != 0)
        i++;
    if (i == MOST_BOOTS || !*boot)
        return -1;
    if (i == boots->n) {
        snprintf(boots->at[boots->n].node, sizeof boots->at[i].node, "%s", name);
        boots->n++;
    } else if (strncmp(boots->at[i].boot, boot, sizeof boots->at[i].boot - 1) != 0) {
        boots->at[i].seen_s = now;
    }
    snprintf(boots->at[i].boot, sizeof boots->at[i].boot, "%s", boot);
    return boots->at[i].seen_s ? now - boots->at[i].seen_s : -1;
}

static int is_fresh(struct talon_run *run, const cJSON *node)
{
    const struct node_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    const int64_t most = (int64_t)(conf->starting_for / 1000000000u);
    const int64_t booted = boot_age(run, self->boots, node), created = moment_age(run, json_string(node, "metadata.creationTimestamp", NULL));

    return (booted >= 0 && booted < most) || (created >= 0 && created < most);
}

/* ---- conditions */

static const cJSON *condition(const cJSON *node, const char *type)
{
    const cJSON *found;

    cJSON_ArrayForEach(found, json_at(node, "status.conditions")) {
        if (strcmp(json_string(found, "type", ""), type) == 0)
            return found;
    }
    return NULL;
}

static int is(const cJSON *node, const char *type, const char *status)
{
    return strcmp(json_string(condition(node, type), "status", ""), status) == 0;
}

/* " since 14 min: REASON: message", as far as they are there. */
static const char *why(struct talon_run *run, const cJSON *found)
{
    const char *since = moment_since(run, json_string(found, "lastTransitionTime", NULL));
    const char *reason = json_string(found, "reason", ""), *message = json_string(found, "message", "");

    return talon_text(run, "%s%s%s%s%s%s", *since ? " since " : "", since, *reason ? ": " : "", reason, *message ? ": " : "",
                      talon_quote(run, message, strlen(message), WORDS));
}

struct finding {
    enum talon_status status;
    const char *reason, *words;
};

static struct finding look_at_pressure(struct talon_run *run, const cJSON *node)
{
    static const struct {
        const char *type, *words;
    } pressures[] = { { "DiskPressure", "runs out of disk" }, { "MemoryPressure", "runs out of memory" }, { "PIDPressure", "runs out of process ids" } };

    for (size_t i = 0; i < sizeof pressures / sizeof *pressures; i++)
        if (is(node, pressures[i].type, "True"))
            return (struct finding){ TALON_WARN, "kubernetes.pressure",
                                     talon_text(run, "%s%s", pressures[i].words, why(run, condition(node, pressures[i].type))) };
    return (struct finding){ TALON_OK, "kubernetes.ready", "" };
}

/* Conditions are what the control plane last wrote; where it stands still itself, the lease is what grows old. */
static struct finding look_at_lease(struct talon_run *run, const cJSON *leases, const cJSON *node)
{
    const struct node_conf *conf = run->conf;
    const int64_t age = moment_age(run, json_string(list_find(leases, json_string(node, "metadata.name", "")), "spec.renewTime", NULL));

    if (leases && age >= (int64_t)(conf->lease_within / 1000000000u))
        return (struct finding){ TALON_FAIL, "kubernetes.silent",
                                 talon_text(run, "has a kubelet that is silent: its lease was last renewed %s ago", moment_words(run, age)) };
    return look_at_pressure(run, node);
}

static struct finding look_at(struct talon_run *run, const cJSON *leases, const cJSON *node)
{
    const cJSON *ready = condition(node, "Ready");
    const int fresh = is_fresh(run, node);

    if (!ready && fresh)
        return (struct finding){ TALON_STARTING, "starting", "has just joined" };
    if (!ready)
        return (struct finding){ TALON_FAIL, "kubernetes.not_ready", "says nothing of its readiness" };
    if (is(node, "Ready", "Unknown"))
        return (struct finding){ TALON_FAIL, "kubernetes.silent", talon_text(run, "has a kubelet that is silent%s", why(run, ready)) };
    if (!is(node, "Ready", "True"))
        return (struct finding){ fresh ? TALON_STARTING : TALON_FAIL, fresh ? "starting" : "kubernetes.not_ready",
                                 talon_text(run, "is not ready%s", why(run, ready)) };
    if (is(node, "NetworkUnavailable", "True"))
        return (struct finding){ fresh ? TALON_STARTING : TALON_FAIL, fresh ? "starting" : "kubernetes.network",
                                 talon_text(run, "has no network for pods%s", why(run, condition(node, "NetworkUnavailable"))) };
    return look_at_lease(run, leases, node);
}

/* ---- all of them */

static int rank(enum talon_status status)
{
    return status == TALON_FAIL ? 3 : status == TALON_STARTING ? 2 : status == TALON_WARN ? 1 : 0;
}

static void judge(struct talon_run *run, const cJSON *nodes, const cJSON *leases, const char *only)
{
    struct finding worst = { TALON_OK, "kubernetes.ready", "" };
    const char *whose = only ? only : "";
    const cJSON *node;
    unsigned n = 0, ready = 0;

    cJSON_ArrayForEach(node, nodes) {
        const char *name = json_string(node, "metadata.name", "?");
        struct finding found;

        if (only && strcmp(name, only) != 0)
            continue;
        found = look_at(run, leases, node);
        n++;
        ready += rank(found.status) < 2;
        if (rank(found.status) > rank(worst.status)) {
            worst = found;
            whose = name;
        }
        if (rank(found.status) > 0 && n <= 16)
            run->host->detail(run, name, found.words);
    }
    run->host->metric(run, "nodes", n, "");
    run->host->metric(run, "ready", ready, "");
    if (n == 0 && only)
        talon_done(run, TALON_FAIL, "kubernetes.absent", "the cluster has no node %s", only);
    else if (n == 0)
        talon_done(run, TALON_FAIL, "kubernetes.absent", "the cluster has no nodes");
    else if (worst.status == TALON_OK)
        talon_done(run, TALON_OK, worst.reason, n == 1 ? "the node is ready" : "all %u nodes are ready", n);
    else if (n == 1)
        talon_done(run, worst.status, worst.reason, "%s %s", whose, worst.words);
    else
        talon_done(run, worst.status, worst.reason, "%u of %u nodes are ready: %s %s", ready, n, whose, worst.words);
}

/* Leases that cannot be had leave what the conditions say, and a detail. */
static void leases_listed(struct talon_run *run, struct list_want *want)
{
    const struct node_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    const struct list *nodes = self->list->state;

    if (!want->items)
        run->host->detail(run, "leases", want->failure->words);
    if (nodes->items)
        judge(run, nodes->items, want->items, conf->node);
    else
        client_unknown(run, &nodes->failure, "the nodes");
}

static void listed(struct talon_run *run, struct list_want *want)
{
    const struct node_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    struct node_run *state = run->state;

    if (!want->items)
        client_unknown(run, want->failure, "the nodes");
    else if (self->pods)
        list_get(run, self->pods, &state->leases, leases_listed);
    else
        judge(run, want->items, NULL, conf->node);
}

void node_start(struct talon_run *run)
{
    const struct kubernetes_self *self = run->self;
    struct node_run *state = run->state;

    list_get(run, self->list, &state->nodes, listed);
}
