/*
 * The action `kubernetes.rollout-restart`: the annotation by which kubectl does it, so that both show the same. The controller then replaces the pods by the
 * workload's own strategy, with its budgets: whether they come up is for `kubernetes.workload` to see.
 */
#include "act.h"

#include <time.h>

static const char *const kinds[] = { "deployment", "statefulset", "daemonset", NULL };
enum { DAEMONSET = 2 };

const struct talon_option restart_options[] = {
    CLUSTER_OPTIONS(struct restart_conf),
    { .name = "namespace", TALON_STRING_AT(struct restart_conf, space), .flags = TALON_REQUIRED, .help = "The namespace of the workload." },
    { .name = "name", TALON_STRING_AT(struct restart_conf, name), .flags = TALON_REQUIRED, .help = "The workload, by its name." },
    { .name = "kind", TALON_ENUM_AT(struct restart_conf, kind), .choices = kinds, .fallback = "deployment", .help = "What it is." },
    { .name = NULL },
};

int restart_validate(const void *given, struct talon_problem *problem)
{
    const struct restart_conf *conf = given;

    if (!client_is_name(conf->space))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", conf->space);
    if (!client_is_name(conf->name))
        return option_is_bad(problem, "name", "\"%.80s\" is no name of a workload", conf->name);
    return cluster_validate(&conf->cluster, problem);
}

static void patched(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct restart *state = run->state;

    if (act_answer(run, call, got, state->what))
        talon_done(run, TALON_OK, "kubernetes.done", "%s is being rolled out anew", state->what);
}

static const char *patch(struct talon_run *run)
{
    const time_t now = (time_t)(run->host->unix_ns(run) / 1000000000);
    cJSON *body = cJSON_CreateObject(), *at = body;
    struct tm calendar;
    char moment[32];

    gmtime_r(&now, &calendar);
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", &calendar);
    at = cJSON_AddObjectToObject(at, "spec");
    at = cJSON_AddObjectToObject(at, "template");
    at = cJSON_AddObjectToObject(at, "metadata");
    at = cJSON_AddObjectToObject(at, "annotations");
    cJSON_AddStringToObject(at, "kubectl.kubernetes.io/restartedAt", moment);
    return act_text(run, body);
}

/* One that is paused would take the annotation and do nothing; one scaled to nothing has nothing to restart. */
static void looked(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct restart_conf *conf = run->conf;
    const struct restart *state = run->state;
    const cJSON *workload = act_answer(run, call, got, state->what);
    const int each_node = conf->kind == DAEMONSET;

    if (!workload)
        return;
    run->host->detail(run, "before",
                      talon_text(run, "%.0f of %.0f ready", json_number(workload, each_node ? "status.numberReady" : "status.readyReplicas", 0),
                                 json_number(workload, each_node ? "status.desiredNumberScheduled" : "spec.replicas", 1)));
    if (json_is_true(workload, "spec.paused")) {
        talon_done(run, TALON_UNKNOWN, "refused.paused", "not done, somebody has paused its rollout; a person runs: kubectl -n %s rollout resume %s/%s",
                   conf->space, kinds[conf->kind], conf->name);
    } else if (!each_node && json_number(workload, "spec.replicas", 1) < 1) {
        talon_done(run, TALON_UNKNOWN, "refused.stopped", "not done, %s is scaled to nothing; a person runs: kubectl -n %s scale %s/%s --replicas=N",
                   state->what, conf->space, kinds[conf->kind], conf->name);
    } else {
        run->host->progress(run, talon_text(run, "restarts %s", state->what));
        act_ask(run, "PATCH", talon_text(run, "%s?fieldManager=talon", state->path), patch(run), "application/strategic-merge-patch+json", patched);
    }
}

void restart_start(struct talon_run *run)
{
    const struct restart_conf *conf = run->conf;
    struct restart *state = run->state;

    state->what = talon_text(run, "the %s %s in %s", kinds[conf->kind], conf->name, conf->space);
    state->path = talon_text(run, "/apis/apps/v1/namespaces/%s/%ss/%s", conf->space, kinds[conf->kind], conf->name);
    state->act.by_hand = talon_text(run, "kubectl -n %s rollout restart %s/%s", conf->space, kinds[conf->kind], conf->name);
    act_ask(run, NULL, state->path, NULL, NULL, looked);
}
