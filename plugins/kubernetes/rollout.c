/* How far a workload's rollout is: see rollout.h. A field that is left out is 0, but for the replicas that are asked for, which are 1. */
#include "rollout.h"

#include "kit/json.h"
#include "moment.h"

enum { WORDS = 200 };

static const cJSON *condition(const cJSON *workload, const char *type)
{
    const cJSON *found;

    cJSON_ArrayForEach(found, json_at(workload, "status.conditions")) {
        if (strcmp(json_string(found, "type", ""), type) == 0)
            return found;
    }
    return NULL;
}

static double status(const cJSON *workload, const char *name)
{
    return json_number(json_at(workload, "status"), name, 0);
}

/* ---- by kind: what is still to come, or NULL */

static const char *deployment(struct talon_run *run, const cJSON *workload, const struct rollout *now)
{
    const double all = status(workload, "replicas");

    if (now->updated < now->wanted)
        return talon_text(run, "%.0f of %.0f replicas are of the new template", now->updated, now->wanted);
    if (all > now->updated)
        return talon_text(run, "%.0f old replicas are still to go", all - now->updated);
    if (now->available < now->updated)
        return talon_text(run, "%.0f of %.0f new replicas are available", now->available, now->updated);
    return NULL;
}

static const char *daemonset(struct talon_run *run, const cJSON *workload, const struct rollout *now)
{
    if (strcmp(json_string(workload, "spec.updateStrategy.type", ""), "OnDelete") == 0)
        return NULL; /* its pods are exchanged by hand, whenever that may be */
    if (now->updated < now->wanted)
        return talon_text(run, "%.0f of %.0f pods are of the new template", now->updated, now->wanted);
    if (now->available < now->wanted)
        return talon_text(run, "%.0f of %.0f pods are available", now->available, now->wanted);
    return NULL;
}

static const char *statefulset(struct talon_run *run, const cJSON *workload, const struct rollout *now)
{
    const double partition = json_number(workload, "spec.updateStrategy.rollingUpdate.partition", 0);

    if (strcmp(json_string(workload, "spec.updateStrategy.type", ""), "OnDelete") == 0)
        return NULL;
    if (partition > 0)
        return now->updated >= now->wanted - partition
                   ? NULL
                   : talon_text(run, "%.0f of %.0f pods of the new partition are there", now->updated, now->wanted - partition);
    if (strcmp(json_string(workload, "status.updateRevision", ""), json_string(workload, "status.currentRevision", "")) != 0)
        return talon_text(run, "%.0f of %.0f pods are of the new template", now->updated, now->wanted);
    return NULL;
}

/* ---- what its controller says */

static const char *stuck(struct talon_run *run, const cJSON *workload)
{
    const cJSON *progress = condition(workload, "Progressing"), *refused = condition(workload, "ReplicaFailure");
    const cJSON *saying = strcmp(json_string(refused, "status", ""), "True") == 0 ? refused : progress;
    const char *message = json_string(saying, "message", "");

    if (saying == refused && refused)
        return talon_text(run, "its pods cannot be made: %s", talon_quote(run, message, strlen(message), WORDS));
    if (strcmp(json_string(progress, "reason", ""), "ProgressDeadlineExceeded") == 0)
        return talon_text(run, "its rollout does not get on: %s", talon_quote(run, message, strlen(message), WORDS));
    return NULL;
}

static int64_t changed(struct talon_run *run, const cJSON *workload)
{
    const int64_t made = moment_age(run, json_string(workload, "metadata.creationTimestamp", NULL));
    const int64_t progress = moment_age(run, json_string(condition(workload, "Progressing"), "lastUpdateTime", NULL));

    return progress >= 0 && (made < 0 || progress < made) ? progress : made;
}

struct rollout rollout_look(struct talon_run *run, const cJSON *workload, enum rollout_kind kind, int64_t min_ready)
{
    const int daemons = kind == ROLLOUT_DAEMONSET;
    struct rollout now = {
        .wanted = daemons ? status(workload, "desiredNumberScheduled") : json_number(workload, "spec.replicas", 1),
        .ready = status(workload, daemons ? "numberReady" : "readyReplicas"),
        .available = status(workload, daemons ? "numberAvailable" : "availableReplicas"),
        .updated = status(workload, daemons ? "updatedNumberScheduled" : "updatedReplicas"),
        .stuck = stuck(run, workload),
        .changed_s = changed(run, workload),
    };

    now.needed = min_ready > 0 ? (double)min_ready : now.wanted;
    if (status(workload, "observedGeneration") < json_number(workload, "metadata.generation", 0))
        now.pending = "its controller has not seen its newest template yet";
    else if (json_is_true(workload, "spec.paused"))
        now.pending = NULL; /* by a person: what is ready counts */
    else
        now.pending = daemons                        ? daemonset(run, workload, &now)
                      : kind == ROLLOUT_STATEFULSET ? statefulset(run, workload, &now)
                                                    : deployment(run, workload, &now);
    return now;
}
