/*
 * The check types `docker.engine` and `docker.container` and the actions on containers (act.c, update.c): the Engine API over its unix socket. The socket is
 * often forwarded (out of a VM, by ssh), so each way of not answering is told apart: no socket, nobody behind it, closed at once and silence mean four
 * different layers.
 */
#include "act.h"

enum { BODY = 2 << 20, WORDS = 200 };

static const char *socket_of(struct talon_run *run)
{
    return ((const struct docker_place *)run->conf)->socket;
}

void docker_get(struct talon_run *run, const char *path, talon_http_fn *got)
{
    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .url = talon_text(run, "http://docker%s", path), .unix_path = socket_of(run),
                                  .max_body = BODY),
                    got, NULL);
}

/* ---- no answer */

static void silent(struct talon_run *run, const struct talon_error *error)
{
    const char *socket = socket_of(run);

    switch (error->code) {
    case TALON_E_NO_SOCKET:
        talon_done(run, TALON_FAIL, error->token, "there is no socket %s: Docker, or what forwards its socket, does not run", socket);
        break;
    case TALON_E_REFUSED:
        talon_done(run, TALON_FAIL, error->token, "nobody listens at %s: whoever made that socket, Docker or what forwards it, is gone", socket);
        break;
    case TALON_E_CLOSED:
        talon_done(run, TALON_FAIL, error->token, "%s accepts and closes: what forwards the socket lives, Docker behind it does not", socket);
        break;
    case TALON_E_TIMEOUT:
        talon_done(run, TALON_FAIL, error->token, "%s accepts, but does not answer: Docker hangs, or the way to it does", socket);
        break;
    default:
        talon_failed(run, error, "cannot ask Docker through %s", socket);
    }
}

const char *docker_message(struct talon_run *run, const struct talon_response *got)
{
    const char *problem, *text = json_string(json_parse(run, got->body, got->body_len, &problem), "message", NULL);

    return text ? talon_quote(run, text, strlen(text), WORDS) : talon_quote(run, got->body, got->body_len, WORDS);
}

void docker_refused(struct talon_run *run, const struct talon_response *got)
{
    if (got->error.code)
        silent(run, &got->error);
    else if (got->status == 401 || got->status == 403)
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "HTTP %u: the way to Docker refuses us this question: %s", got->status, docker_message(run, got));
    else
        talon_done(run, TALON_FAIL, "docker.error", "Docker answers with HTTP %u: %s", got->status, docker_message(run, got));
}

const cJSON *docker_json(struct talon_run *run, const struct talon_response *got)
{
    const char *problem;
    const cJSON *json;

    if (got->error.code || got->status != 200) {
        docker_refused(run, got);
        return NULL;
    }
    json = json_parse(run, got->body, got->body_len, &problem);
    if (json && cJSON_IsObject(json))
        return json;
    talon_done(run, TALON_FAIL, "protocol.bad", "%s does not speak as Docker does: %s", socket_of(run), json ? "the body is no object" : problem);
    return NULL;
}

/* ---- the plugin */

#define ACTION(word, about, check)                                                                                          \
    { .kind = TALON_ACTION, .flags = TALON_REPEATABLE, .name = #word, .summary = about, .options = docker_##word##_options, \
      .conf_size = sizeof(struct docker_##word##_conf), .run_size = sizeof(struct docker_act), .impact = TALON_RESTART,     \
      .validate = check, .start = docker_##word##_start }

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "engine",
      .summary = "Asks a Docker engine whether it lives, and what it says of itself.",
      .options = docker_engine_options,
      .metrics = docker_engine_metrics,
      .conf_size = sizeof(struct docker_engine_conf),
      .instance_size = sizeof(struct docker_self),
      .start = docker_engine_start },
    { .kind = TALON_CHECK,
      .name = "container",
      .summary = "Asks a Docker engine whether a container runs and is healthy.",
      .options = docker_container_options,
      .metrics = docker_container_metrics,
      .conf_size = sizeof(struct docker_container_conf),
      .instance_size = sizeof(struct docker_self),
      .validate = docker_container_validate,
      .setup = docker_container_setup,
      .start = docker_container_start },
    ACTION(start, "Starts a container.", docker_act_validate),
    ACTION(restart, "Restarts a container, or starts one that does not run.", docker_act_validate),
    ACTION(update, "Sets the restart policy and the bounds of a container, without a restart.", docker_update_validate),
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "docker",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Docker engine and container checks, and actions on containers.",
    TALON_OPERATIONS(operations),
};
