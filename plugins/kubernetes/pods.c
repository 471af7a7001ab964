/*
 * The check type `kubernetes.pods`: each pod of a selector is ready, and none restarts again and again. It is for what no workload of ours stands for, and for
 * the agents of a cluster itself (its network, its DNS).
 */
#include "kubernetes.h"
#include "moment.h"
#include "pod.h"

enum { SHOWN_PODS = 16 };

const struct talon_option pods_options[] = {
    CLUSTER_OPTIONS(struct pods_conf),
    { .name = "namespace", TALON_STRING_AT(struct pods_conf, space), .fallback = "default", .help = "The namespace that they are in." },
    { .name = "selector",
      TALON_STRING_AT(struct pods_conf, selector),
      .help = "A label selector, as kubectl's -l: `app=flannel`, `tier in (a, b), !old`. Default: all pods." },
    { .name = "min", TALON_INT_AT(struct pods_conf, min), .min = 0, .max = 100000, .fallback = "1", .help = "So many of them must be there at least." },
    { .name = "warn_restarts",
      TALON_INT_AT(struct pods_conf, warn_restarts),
      .min = 0,
      .max = 1000000,
      .help = "Warn when a pod has restarted so often, the last time within `restarts_within`; 0: never." },
    { .name = "restarts_within",
      TALON_DURATION_AT(struct pods_conf, restarts_within),
      .fallback = "10m",
      .help = "A restart that is longer ago is over." },
    { .name = "starting_for",
      TALON_DURATION_AT(struct pods_conf, starting_for),
      .fallback = "5m",
      .help = "How long a pod may take to become ready, where nothing says that it never will." },
    WATCH_OPTION(struct pods_conf),
    { .name = NULL },
};

const struct talon_metric pods_metrics[] = {
    { .name = "pods", .unit = "", .help = "Pods that were found, without those that have done their work." },
    { .name = "ready", .unit = "", .help = "Those that are ready." },
    { .name = "restarts", .unit = "", .help = "Restarts of their containers." },
    { .name = NULL },
};

int pods_validate(const void *given, struct talon_problem *problem)
{
    const struct pods_conf *conf = given;

    if (!client_is_name(conf->space))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", conf->space);
    return cluster_validate(&conf->cluster, problem);
}

void pods_setup(struct talon_run *instance)
{
    const struct pods_conf *conf = instance->conf;
    struct kubernetes_self *self = instance->state;
    const char *path = talon_text(instance, "/api/v1/namespaces/%s/pods", conf->space);
    const int some = conf->selector && *conf->selector;

    self->list = list_join(instance, path, some ? talon_text(instance, "labelSelector=%s", client_escape(instance, conf->selector)) : "", 1);
}

struct count {
    unsigned pods, ready, restarts;
    struct pod_state worst, restless; /* of restless: the one that restarted most, lately */
};

static void look_at(struct talon_run *run, const cJSON *pod, struct count *count)
{
    const struct pods_conf *conf = run->conf;
    const struct pod_state state = pod_look(run, pod, (int64_t)(conf->starting_for / 1000000000u));
    const int lately = state.restarted_s >= 0 && state.restarted_s <= (int64_t)(conf->restarts_within / 1000000000u);

    if (state.over)
        return;
    count->ready += (unsigned)state.ready;
    count->restarts += state.restarts;
    if (count->pods++ < SHOWN_PODS && state.rank > 0)
        run->host->detail(run, state.name, state.words);
    if (state.rank > 0 && (count->worst.rank == 0 || (count->worst.patient && !state.patient) ||
                           (count->worst.patient == state.patient && state.rank > count->worst.rank)))
        count->worst = state;
    if (conf->warn_restarts > 0 && lately && state.restarts >= conf->warn_restarts && state.restarts > count->restless.restarts)
        count->restless = state;
}

static void judge(struct talon_run *run, const struct count *count)
{
    const struct pods_conf *conf = run->conf;

    run->host->metric(run, "pods", count->pods, "");
    run->host->metric(run, "ready", count->ready, "");
    run->host->metric(run, "restarts", count->restarts, "");
    if (count->worst.rank > 0)
        talon_done(run, count->worst.patient ? TALON_STARTING : TALON_FAIL, count->worst.reason, "%u of %u pods are ready: %.80s: %s", count->ready,
                   count->pods, count->worst.name, count->worst.words);
    else if (count->pods < conf->min)
        talon_done(run, TALON_FAIL, "kubernetes.no_pods", "%u pods are there, expected at least %lld", count->pods, (long long)conf->min);
    else if (count->restless.restarts > 0)
        talon_done(run, TALON_WARN, "kubernetes.restarts", "%u of %u pods are ready, but %.80s has restarted %u times, last %s ago", count->ready, count->pods,
                   count->restless.name, count->restless.restarts, moment_words(run, count->restless.restarted_s));
    else if (count->pods == 0)
        talon_done(run, TALON_OK, "kubernetes.ready", "there are no pods");
    else
        talon_done(run, TALON_OK, "kubernetes.ready", count->pods == 1 ? "the pod is ready" : "all %u pods are ready", count->pods);
}

static void listed(struct talon_run *run, struct list_want *want)
{
    const struct pods_conf *conf = run->conf;
    struct count count = { .pods = 0 };
    const cJSON *pod;

    if (!want->items) {
        client_unknown(run, want->failure, talon_text(run, "the pods of namespace %s", conf->space));
        return;
    }
    cJSON_ArrayForEach(pod, want->items) {
        look_at(run, pod, &count);
    }
    judge(run, &count);
}

void pods_start(struct talon_run *run)
{
    const struct kubernetes_self *self = run->self;

    list_get(run, self->list, run->state, listed);
}
