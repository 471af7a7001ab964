/* How far a workload's rollout is, by the rules of `kubectl rollout status`. */
#ifndef KUBERNETES_ROLLOUT_H
#define KUBERNETES_ROLLOUT_H

#include <cjson/cJSON.h>
#include <talon/plugin.h>

enum rollout_kind { ROLLOUT_DEPLOYMENT, ROLLOUT_STATEFULSET, ROLLOUT_DAEMONSET };

struct rollout {
    double wanted, needed, ready, available, updated; /* needed: `min_ready`, else wanted */
    const char *pending; /* what is still to come; NULL: it is done */
    const char *stuck;   /* its controller says that it will not come; NULL: it does not say so */
    int64_t changed_s;   /* how long ago its controller last saw progress, or it was made; -1: not known */
};

/* Its texts live as long as the run. */
struct rollout rollout_look(struct talon_run *run, const cJSON *workload, enum rollout_kind kind, int64_t min_ready);

#endif
