/*
 * The check type `kubernetes.workload`: are as many replicas ready as are wanted? The workloads of a namespace and kind are one list for all checks. Where one
 * is not as it should be, the pods say why; they are one list as well, which is asked for then alone.
 */
#include "kubernetes.h"
#include "pod.h"
#include "rollout.h"

#include "kit/json.h"
#include "moment.h"

enum { SHOWN_PODS = 8 };

static const char *const kinds[] = { "deployment", "statefulset", "daemonset", NULL };

const struct talon_option workload_options[] = {
    CLUSTER_OPTIONS(struct workload_conf),
    { .name = "kind",
      TALON_ENUM_AT(struct workload_conf, kind),
      .choices = kinds,
      .fallback = "deployment",
      .help = "What it is: deployment, statefulset or daemonset." },
    { .name = "namespace", TALON_STRING_AT(struct workload_conf, space), .fallback = "default", .help = "The namespace that it is in." },
    { .name = "name", TALON_STRING_AT(struct workload_conf, name), .flags = TALON_REQUIRED, .help = "Its name." },
    { .name = "min_ready",
      TALON_INT_AT(struct workload_conf, min_ready),
      .max = 100000,
      .help = "So many ready replicas are enough; 0: as many as it asks for itself." },
    { .name = "starting_for",
      TALON_DURATION_AT(struct workload_conf, starting_for),
      .fallback = "5m",
      .help = "How long a pod may take to become ready, where nothing says that it never will." },
    WATCH_OPTION(struct workload_conf),
    { .name = NULL },
};

const struct talon_metric workload_metrics[] = {
    { .name = "ready", .unit = "", .help = "Replicas that are ready." },
    { .name = "wanted", .unit = "", .help = "Replicas that it asks for." },
    { .name = "available", .unit = "", .help = "Replicas that have been ready for long enough (minReadySeconds)." },
    { .name = "updated", .unit = "", .help = "Replicas that are of its newest template." },
    { .name = "restarts", .unit = "", .help = "Restarts of its containers, where its pods were looked at." },
    { .name = NULL },
};

int workload_validate(const void *given, struct talon_problem *problem)
{
    const struct workload_conf *conf = given;

    if (!client_is_name(conf->space))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", conf->space);
    if (!client_is_name(conf->name))
        return option_is_bad(problem, "name", "\"%.80s\" is no name of a workload", conf->name);
    return cluster_validate(&conf->cluster, problem);
}

void workload_setup(struct talon_run *instance)
{
    const struct workload_conf *conf = instance->conf;
    struct kubernetes_self *self = instance->state;

    self->list = list_join(instance, talon_text(instance, "/apis/apps/v1/namespaces/%s/%ss", conf->space, kinds[conf->kind]), "", 1);
    self->pods = list_join(instance, talon_text(instance, "/api/v1/namespaces/%s/pods", conf->space), "", 0);
}

static const char *what(struct talon_run *run)
{
    const struct workload_conf *conf = run->conf;

    return talon_text(run, "the %s %s of namespace %s", kinds[conf->kind], conf->name, conf->space);
}

static void tell_counts(struct talon_run *run, const struct rollout *now)
{
    run->host->metric(run, "ready", now->ready, "");
    run->host->metric(run, "wanted", now->wanted, "");
    run->host->metric(run, "available", now->available, "");
    run->host->metric(run, "updated", now->updated, "");
}

/* "1 of 3 ready", and how many would do where those are not all. */
static const char *counts_of(struct talon_run *run, const struct rollout *now)
{
    if (now->ready < now->needed && (now->needed < now->wanted || now->needed > now->wanted))
        return talon_text(run, "%.0f of %.0f ready, expected %.0f", now->ready, now->wanted, now->needed);
    return talon_text(run, "%.0f of %.0f ready", now->ready, now->wanted);
}

/* ---- with its pods */

struct matter {
    struct pod_state worst; /* words "" and rank 0: nothing is the matter with any */
    unsigned pods, restarts;
};

static int is_worse(const struct pod_state *than, const struct pod_state *state)
{
    if (state->rank == 0 || than->rank == 0)
        return state->rank > than->rank;
    return than->patient != state->patient ? than->patient : state->rank > than->rank;
}

static struct matter look_at_pods(struct talon_run *run, const cJSON *workload, const cJSON *pods)
{
    const struct workload_conf *conf = run->conf;
    struct matter matter = { .pods = 0 };
    const cJSON *pod;

    cJSON_ArrayForEach(pod, pods) {
        struct pod_state state;

        if (!pod_is_selected(pod, json_at(workload, "spec.selector")))
            continue;
        state = pod_look(run, pod, (int64_t)(conf->starting_for / 1000000000u));
        if (state.over)
            continue;
        matter.restarts += state.restarts;
        if (matter.pods++ < SHOWN_PODS)
            run->host->detail(run, state.name, state.ready ? "ready" : state.words);
        if (is_worse(&matter.worst, &state))
            matter.worst = state;
    }
    run->host->metric(run, "restarts", matter.restarts, "");
    return matter;
}

/* Too few are ready. */
static void judge_short(struct talon_run *run, const struct rollout *now, const struct matter *matter)
{
    const struct workload_conf *conf = run->conf;
    const char *counts = counts_of(run, now);

    if (matter->worst.rank > 0 && !matter->worst.patient)
        talon_done(run, TALON_FAIL, matter->worst.reason, "%s: pod %.80s: %s", counts, matter->worst.name, matter->worst.words);
    else if (now->stuck)
        talon_done(run, TALON_FAIL, "kubernetes.rollout", "%s: %s", counts, now->stuck);
    else if (matter->worst.rank > 0)
        talon_done(run, TALON_STARTING, "starting", "%s: pod %.80s: %s", counts, matter->worst.name, matter->worst.words);
    else if (now->changed_s >= 0 && now->changed_s < (int64_t)(conf->starting_for / 1000000000u))
        talon_done(run, TALON_STARTING, "starting", "%s: its pods are being made", counts);
    else if (matter->pods == 0)
        talon_done(run, TALON_FAIL, "kubernetes.no_pods", "%s: it has no pods", counts);
    else
        talon_done(run, TALON_FAIL, "kubernetes.not_ready", "%s by its controller's count, though no pod of %u says so", counts, matter->pods);
}

/* Enough are ready, but it is between two versions. */
static void judge_rolling(struct talon_run *run, const struct rollout *now, const struct matter *matter)
{
    const char *counts = counts_of(run, now);

    if (matter->worst.rank > 0 && !matter->worst.patient)
        talon_done(run, TALON_WARN, "kubernetes.rollout", "%s, but its rollout is stuck: pod %.80s: %s", counts, matter->worst.name, matter->worst.words);
    else if (now->stuck)
        talon_done(run, TALON_WARN, "kubernetes.rollout", "%s, but %s", counts, now->stuck);
    else
        talon_done(run, TALON_OK, "kubernetes.rolling", "%s, and a rollout is on its way: %s", counts, now->pending);
}

static void pods_listed(struct talon_run *run, struct list_want *want)
{
    const struct workload_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    const struct list *list = self->list->state;
    const cJSON *workload = list_find(list->items, conf->name); /* by now the list may be a newer one */
    struct rollout now;
    struct matter matter = { .pods = 1 };

    if (!workload) {
        talon_done(run, TALON_UNKNOWN, "kubernetes.changed", "%s changed while it was looked at", what(run));
        return;
    }
    now = rollout_look(run, workload, (enum rollout_kind)conf->kind, conf->min_ready);
    tell_counts(run, &now);
    if (want->items)
        matter = look_at_pods(run, workload, want->items);
    else
        run->host->detail(run, "pods", want->failure->words);
    if (now.ready < now.needed)
        judge_short(run, &now, &matter);
    else
        judge_rolling(run, &now, &matter);
}

/* ---- without */

static void judge(struct talon_run *run, const cJSON *workload)
{
    const struct workload_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    const struct rollout now = rollout_look(run, workload, (enum rollout_kind)conf->kind, conf->min_ready);
    struct workload_run *state = run->state;

    if (now.wanted < 1 && conf->kind != ROLLOUT_DAEMONSET) {
        tell_counts(run, &now);
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "it is scaled to 0 replicas");
    } else if (now.wanted < 1 && !now.pending) {
        tell_counts(run, &now);
        talon_done(run, TALON_FAIL, "kubernetes.no_pods", "no node is to run it");
    } else if (now.ready < now.needed || now.pending) {
        list_get_after(run, self->pods, &state->pods, ((const struct list *)self->list->state)->began_ns, pods_listed); /* pods of a moment ago were well */
    } else {
        tell_counts(run, &now);
        talon_done(run, TALON_OK, "kubernetes.ready", "%s", counts_of(run, &now));
    }
}

static void listed(struct talon_run *run, struct list_want *want)
{
    const struct workload_conf *conf = run->conf;
    const cJSON *workload = want->items ? list_find(want->items, conf->name) : NULL;

    if (workload)
        judge(run, workload);
    else if (want->items)
        talon_done(run, TALON_FAIL, "kubernetes.absent", "there is no %s %s in namespace %s", kinds[conf->kind], conf->name, conf->space);
    else
        client_unknown(run, want->failure, what(run));
}

void workload_start(struct talon_run *run)
{
    const struct kubernetes_self *self = run->self;
    struct workload_run *state = run->state;

    list_get(run, self->list, &state->workloads, listed);
}
