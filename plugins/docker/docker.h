/* What the files of the `docker` plugin share: the options, asking the engine, why there was no answer, and following its events. */
#ifndef DOCKER_H
#define DOCKER_H

#include "kit/json.h"

struct docker_place {
    const char *socket;
};

struct docker_engine_conf {
    struct docker_place place; /* first, as docker_get() expects it */
    int64_t min_cpus;
    uint64_t min_memory;
};

struct docker_container_conf {
    struct docker_place place; /* first */
    const char *name;
    uint64_t for_ns, memory;
    int32_t restart_policy;
    const char *const *forbid_ports;
};

struct docker_self { /* of an instance */
    struct docker_follower *follower; /* events.c; NULL: it follows nothing yet */
    talon_op again;                   /* waits until the container has run for long enough; 0: nothing does */
    double restarts;                  /* of the container at the last look; -1: not looked yet */
    char id[80];                      /* whose they are */
};

extern const struct talon_option docker_engine_options[], docker_container_options[];
extern const struct talon_metric docker_engine_metrics[], docker_container_metrics[];
extern const char *const docker_policies[];
enum docker_policy { DOCKER_POLICY_ANY, DOCKER_POLICY_NO, DOCKER_POLICY_ALWAYS, DOCKER_POLICY_UNLESS_STOPPED, DOCKER_POLICY_ON_FAILURE };

int docker_container_validate(const void *conf, struct talon_problem *problem);
void docker_container_setup(struct talon_run *instance);
void docker_container_start(struct talon_run *run);
void docker_engine_start(struct talon_run *run);

/* GET http://docker/PATH through the socket. Each request proves that a new connection can be made, and leaves none behind in whatever forwards it. */
void docker_get(struct talon_run *run, const char *path, talon_http_fn *got);
/* The JSON object of a 200. NULL: there is none, and the run has ended with why. */
const cJSON *docker_json(struct talon_run *run, const struct talon_response *got);
/* Ends the run for an answer that is no 200, or none at all. */
void docker_refused(struct talon_run *run, const struct talon_response *got);

/* What the engine says of itself in a body that is no success. Lives as long as the run. */
const char *docker_message(struct talon_run *run, const struct talon_response *got);

/* Follows the engine's events for as long as the run's instance lives: one that concerns the container of that name (NULL: only the end of all events does)
 * brings the instance's next check forward. Within a single shot nothing is followed. */
void docker_follow(struct talon_run *run, const char *name);

/* Judges what the engine says of a container that it knows, and ends the run (judge.c). */
void docker_judge(struct talon_run *run, const struct talon_response *got, const cJSON *container);
/* One that has exited with 0, SIGKILL's or SIGTERM's code: was it stopped by hand (stopped.c)? Ends the run. */
void docker_judge_stopped(struct talon_run *run, const cJSON *container, const char *how);

/* How an exit code reads: "exit code 137 (SIGKILL)". Lives as long as the run. */
const char *docker_exit(struct talon_run *run, int code);
/* " 3 min ago" by the engine's clock; "": it is not known when. */
const char *docker_ago(struct talon_run *run, const cJSON *container, const char *path, int64_t now);

#endif
