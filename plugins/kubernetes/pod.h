/* What is the matter with a pod, in words. */
#ifndef KUBERNETES_POD_H
#define KUBERNETES_POD_H

#include "list.h"

struct pod_state {
    const char *name;
    int ready, over; /* over: it has done its work and is not expected back */
    int patient;     /* not ready, but that may still be in order */
    int rank;        /* of what is the matter: the higher the closer to the cause */
    const char *reason, *words; /* for a result; "container redis crashes again and again (7 restarts, ...)" */
    unsigned restarts;
    int64_t restarted_s; /* how long ago a container last ended; -1: none did */
};

/* starting_s: how long a pod may take. Its texts live as long as the run. */
struct pod_state pod_look(struct talon_run *run, const cJSON *pod, int64_t starting_s);
/* Does a selector of a workload (matchLabels, matchExpressions) mean it? */
int pod_is_selected(const cJSON *pod, const cJSON *selector);

#endif
