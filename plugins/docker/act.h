/* What the actions of the `docker` plugin share: a container is looked at, then the engine is asked to do something with it. */
#ifndef DOCKER_ACT_H
#define DOCKER_ACT_H

#include "docker.h"

struct docker_act_conf { /* the first member of every action's options */
    struct docker_place place; /* first */
    const char *name;
};

struct docker_start_conf {
    struct docker_act_conf act;
};

struct docker_restart_conf {
    struct docker_act_conf act;
    uint64_t grace;
};

struct docker_update_conf {
    struct docker_act_conf act;
    int32_t restart_policy;
    int64_t retries;
    uint64_t memory, memory_swap;
    double cpus;
};

typedef void docker_act_fn(struct talon_run *run, const cJSON *container);

struct docker_act {          /* of a run */
    docker_act_fn *inspected;
    const char *before;      /* the container's state before, in words */
    const char *by_hand;     /* the command with which a person does the same */
};

#define DOCKER_ACT_OPTIONS(S)                                                                                      \
    { .name = "socket",                                                                                            \
      TALON_PATH_AT(S, act.place.socket),                                                                       \
      .fallback = "/var/run/docker.sock",                                                                          \
      .help = "The engine's unix socket." },                                                                       \
    { .name = "name", TALON_STRING_AT(S, act.name), .flags = TALON_REQUIRED, .help = "The container, by its name." }

extern const struct talon_option docker_start_options[], docker_restart_options[], docker_update_options[];
int docker_act_validate(const void *conf, struct talon_problem *problem);
int docker_update_validate(const void *conf, struct talon_problem *problem);
void docker_start_start(struct talon_run *run);
void docker_restart_start(struct talon_run *run);
void docker_update_start(struct talon_run *run);

/* Looks at the container of the options; then() is only called when there is one. `by_hand` lives as long as the run. */
void docker_act_inspect(struct talon_run *run, const char *by_hand, docker_act_fn *then);
/* POST http://docker/containers/NAME/WHAT, with a body of JSON (NULL: none). got() is handed arg, which lives as long as the run. */
void docker_act_post(struct talon_run *run, const char *what, const char *body, talon_http_fn *got, const char *arg);
/* Ends the run for an answer that is no success, or none. */
void docker_act_failed(struct talon_run *run, const struct talon_response *got);

#endif
