/*
 * What the actions on a container share, and the actions `docker.start` and `docker.restart`. Each looks before it acts: so it can say in which state the
 * container was, and leaves alone what is already as it should be. Whether one that a person stopped may be started is not asked here: that is the core's
 * question.
 */
#include "act.h"

enum { BODY = 1 << 20 };

#define NS_PER_S UINT64_C(1000000000)

const struct talon_option docker_start_options[] = { DOCKER_ACT_OPTIONS(struct docker_start_conf), { .name = NULL } };

const struct talon_option docker_restart_options[] = {
    DOCKER_ACT_OPTIONS(struct docker_restart_conf),
    { .name = "grace",
      TALON_DURATION_AT(struct docker_restart_conf, grace),
      .max = INT64_C(3600000000000),
      .help = "How long its program may take to stop before it is killed, in whole seconds; 0: as the container itself says, ten seconds unless it was made "
              "otherwise." },
    { .name = NULL },
};

int docker_act_validate(const void *given, struct talon_problem *problem)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const struct docker_act_conf *conf = given;

    if (*conf->name && !conf->name[strspn(conf->name, allowed)] && !strchr("_.-", *conf->name) && strlen(conf->name) <= 128)
        return 0;
    problem->option = "name";
    snprintf(problem->text, sizeof problem->text, "is no name of a container: it has letters, digits, and `_`, `.`, `-` between them");
    return 1;
}

/* ---- no success */

void docker_act_failed(struct talon_run *run, const struct talon_response *got)
{
    const struct docker_act_conf *conf = run->conf;
    const struct docker_act *state = run->state;

    if (got->error.code == TALON_E_DENIED)
        talon_done(run, TALON_UNKNOWN, "refused.rights", "not done, Talon may not use %.160s; a person runs: sudo %s", conf->place.socket, state->by_hand);
    else if (got->error.code == TALON_E_TIMEOUT && state->before)
        talon_done(run, TALON_FAIL, got->error.token, "Docker took the request for %s, but did not end it in time; it may still do it", conf->name);
    else if (got->error.code)
        docker_refused(run, got);
    else if (got->status == 401 || got->status == 403)
        talon_done(run, TALON_UNKNOWN, "refused.rights", "not done, Talon lacks the right; a person runs: %s (HTTP %u: %s)", state->by_hand,
                   got->status, docker_message(run, got));
    else if (got->status == 404)
        talon_done(run, TALON_UNKNOWN, "docker.missing", "nothing was done: there is no container %s (%s)", conf->name, docker_message(run, got));
    else
        docker_refused(run, got);
}

/* ---- asking */

void docker_act_post(struct talon_run *run, const char *what, const char *body, talon_http_fn *got, const char *arg)
{
    static const char *const headers[] = { "Content-Type: application/json", NULL };
    const struct docker_act_conf *conf = run->conf;

    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .method = "POST",
                                  .url = talon_text(run, "http://docker/containers/%s/%s", conf->name, what), .unix_path = conf->place.socket,
                                  .headers = body ? headers : NULL, .body = body, .body_len = body ? strlen(body) : 0,
                                  .max_body = BODY),
                    got, (void *)(uintptr_t)arg);
}

static const char *state_words(struct talon_run *run, const cJSON *container)
{
    const char *status = json_string(container, "State.Status", "in no known state");

    status = talon_quote(run, status, strlen(status), 40);
    if (strcmp(status, "exited") != 0)
        return status;
    return talon_text(run, "exited (%s)", docker_exit(run, (int)json_number(container, "State.ExitCode", -1)));
}

static void inspected(struct talon_run *run, void *arg, const struct talon_response *got)
{
    struct docker_act *state = run->state;
    const cJSON *container;

    (void)arg;
    if (got->error.code || got->status != 200) {
        docker_act_failed(run, got);
        return;
    }
    container = docker_json(run, got);
    if (!container)
        return;
    state->before = state_words(run, container);
    run->host->detail(run, "before", state->before);
    state->inspected(run, container);
}

void docker_act_inspect(struct talon_run *run, const char *by_hand, docker_act_fn *then)
{
    const struct docker_act_conf *conf = run->conf;
    struct docker_act *state = run->state;

    state->inspected = then;
    state->by_hand = by_hand;
    docker_get(run, talon_text(run, "/containers/%s/json", conf->name), inspected);
}

/* ---- start */

static void started(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct docker_act_conf *conf = run->conf;
    const struct docker_act *state = run->state;

    (void)arg;
    if (!got->error.code && got->status == 204)
        talon_done(run, TALON_OK, "docker.done", "started %s, which was %s", conf->name, state->before);
    else if (!got->error.code && got->status == 304)
        talon_done(run, TALON_OK, "docker.already", "%s was started already by somebody else; before it was %s", conf->name, state->before);
    else
        docker_act_failed(run, got);
}

static void start_it(struct talon_run *run, const cJSON *container)
{
    const struct docker_act_conf *conf = run->conf;
    const struct docker_act *state = run->state;

    if (strcmp(json_string(container, "State.Status", ""), "running") == 0) {
        talon_done(run, TALON_OK, "docker.already", "%s runs already: nothing was done", conf->name);
        return;
    }
    run->host->progress(run, talon_text(run, "starts %s, which is %s", conf->name, state->before));
    docker_act_post(run, "start", NULL, started, NULL);
}

void docker_start_start(struct talon_run *run)
{
    const struct docker_act_conf *conf = run->conf;

    docker_act_inspect(run, talon_text(run, "docker start %s", conf->name), start_it);
}

/* ---- restart */

static void restarted(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct docker_act_conf *conf = run->conf;
    const struct docker_act *state = run->state;

    (void)arg;
    if (!got->error.code && (got->status == 204 || got->status == 304))
        talon_done(run, TALON_OK, "docker.done", "restarted %s, which was %s", conf->name, state->before);
    else
        docker_act_failed(run, got);
}

static void restart_it(struct talon_run *run, const cJSON *container)
{
    const struct docker_restart_conf *conf = run->conf;
    const struct docker_act *state = run->state;
    const unsigned long long seconds = (conf->grace + NS_PER_S - 1) / NS_PER_S;

    (void)container;
    run->host->progress(run, talon_text(run, "restarts %s, which is %s", conf->act.name, state->before));
    docker_act_post(run, seconds > 0 ? talon_text(run, "restart?t=%llu", seconds) : "restart", NULL, restarted, NULL);
}

void docker_restart_start(struct talon_run *run)
{
    const struct docker_act_conf *conf = run->conf;

    docker_act_inspect(run, talon_text(run, "docker restart %s", conf->name), restart_it);
}
