/*
 * The check types `talos.api`, `talos.service` and `talos.etcd`: the machine API of a Talos node, which has neither a shell nor ssh. It is gRPC with
 * certificates on both sides; ours and the way there come from a talosconfig.
 */
#include "talos.h"

#include <stdlib.h>

enum { DEFAULT_PORT = 50000 };

/* ---- where, and who we are */

int talos_validate(const void *given, struct talon_problem *problem)
{
    const struct talos_place *place = given;

    problem->option = "endpoint";
    if (place->endpoint.unix_path) {
        snprintf(problem->text, sizeof problem->text, "must be HOST:PORT: the machine API has no unix socket");
        return 1;
    }
    problem->option = "node";
    if (place->node && (!*place->node || place->node[strspn(place->node, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_")])) {
        snprintf(problem->text, sizeof problem->text, "is no name or address of a node");
        return 1;
    }
    return 0;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT or V6. 0: none of them. */
static int read_endpoint(struct talon_run *run, const char *text, struct talon_address *to)
{
    const char *bracket = *text == '[' ? strchr(text, ']') : NULL, *colon = bracket ? bracket + 1 : strchr(text, ':');
    const int bare_six = !bracket && colon && strchr(colon + 1, ':');
    char *end;
    unsigned long port;

    *to = (struct talon_address){ .port = DEFAULT_PORT };
    if (bare_six || !colon || !*colon) {
        to->host = bracket ? talon_text(run, "%.*s", (int)(bracket - text - 1), text + 1) : text;
        return *to->host && !strpbrk(to->host, "/ ");
    }
    port = *colon == ':' && colon[1] >= '1' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 0;
    if (port == 0 || port > 65535 || *end)
        return 0;
    to->host = bracket ? talon_text(run, "%.*s", (int)(bracket - text - 1), text + 1) : talon_text(run, "%.*s", (int)(colon - text), text);
    to->port = (uint32_t)port;
    return *to->host && !strpbrk(to->host, "/ ");
}

static void no_config(struct talon_run *run, const char *problem)
{
    talon_done(run, TALON_UNKNOWN, "talos.config", "cannot use %s: %s", ((const struct talos_place *)run->conf)->config, problem);
}

/* Makes the state for calls. 0: that cannot be, and the run has ended with why. */
static int prepare(struct talon_run *run)
{
    const struct talos_place *place = run->conf;
    struct talos_state *state = run->state;
    struct talosconfig *config = &state->config;
    const char *problem = talosconfig_read(run, place->config, place->context, config);
    const int64_t now = run->host->unix_ns(run);

    if (problem) {
        no_config(run, problem);
        return 0;
    }
    state->target.address = place->endpoint;
    if (!place->endpoint.host && (!config->endpoint || !read_endpoint(run, config->endpoint, &state->target.address))) {
        no_config(run, config->endpoint ? "its first endpoint is no HOST or HOST:PORT" : "the context has no endpoint: name one with `endpoint`");
        return 0;
    }
    if (!talos_cert_expiry(run, config->cert, &state->expires)) {
        no_config(run, "its `crt` holds no certificate that can be read");
        return 0;
    }
    if (state->expires <= now) {
        talon_done(run, TALON_UNKNOWN, "auth.expired", "our certificate in %s expired %s ago: nothing can be asked until it has a new one", place->config,
                   talon_show_time(run, (uint64_t)(now - state->expires)));
        return 0;
    }
    state->tls = (struct talon_tls){ .size = sizeof state->tls, .ca = config->ca, .cert = config->cert, .key = config->key, .server_name = place->server_name };
    state->target.tls = &state->tls;
    state->where = grpc_where(run, &state->target.address);
    return 1;
}

/* ---- calls */

void talos_call(struct talon_run *run, const char *method, talon_http_fn *got)
{
    const struct talos_place *place = run->conf;
    struct talos_state *state = run->state;
    const char *lines[] = { place->node ? talon_text(run, "node: %s", place->node) : NULL, NULL };

    state->target.metadata = lines;
    grpc_call(run, &state->target, talon_text(run, "/machine.MachineService/%s", method), state->message, state->message_n, got, NULL);
    state->target.metadata = NULL;
}

void talos_begin(struct talon_run *run, const char *method, talon_http_fn *got)
{
    if (prepare(run))
        talos_call(run, method, got);
}

/* What the node's metadata say: who answered, and whether it did. NULL: it did. */
static const char *node_error(struct talon_run *run, struct protobuf message)
{
    struct protobuf_field field, name = { .number = 0 }, error = { .number = 0 };
    struct protobuf metadata;

    while (protobuf_next(&message, &field)) {
        if (field.number != 1)
            continue;
        for (metadata = protobuf_inside(&field); protobuf_next(&metadata, &field);)
            if (field.number == 1)
                name = field;
            else if (field.number == 2)
                error = field;
    }
    if (name.n > 0)
        run->host->detail(run, "node", protobuf_text(run, &name, 100));
    return error.n > 0 ? protobuf_text(run, &error, TALOS_WORDS) : NULL;
}

int talos_read(struct talon_run *run, const struct talon_response *got, struct protobuf *message)
{
    const struct talos_state *state = run->state;
    struct grpc_answer answer;
    struct protobuf messages;
    struct protobuf_field field;
    const char *error;

    if (!grpc_read(run, state->where, got, &answer))
        return 0;
    if (answer.status != GRPC_OK) {
        grpc_refused(run, state->where, &answer);
        return 0;
    }
    for (messages = protobuf_of(answer.message, answer.n); protobuf_next(&messages, &field);)
        if (field.number == 1 && field.type == PROTOBUF_BYTES) {
            *message = protobuf_inside(&field);
            error = node_error(run, *message);
            if (error)
                talon_done(run, TALON_FAIL, "talos.node", "the node does not answer %s: %s", state->where, error);
            return !error;
        }
    talon_done(run, TALON_FAIL, "protocol.bad", "%s answers with what is no message of the machine API", state->where);
    return 0;
}

/* ---- the plugin */

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "api",
      .summary = "Asks the machine API of a Talos node for its version.",
      .options = talos_api_options,
      .metrics = talos_api_metrics,
      .conf_size = sizeof(struct talos_api_conf),
      .run_size = sizeof(struct talos_state),
      .validate = talos_validate,
      .start = talos_api_start },
    { .kind = TALON_CHECK,
      .name = "service",
      .summary = "Asks a Talos node whether its services run and are healthy.",
      .options = talos_service_options,
      .metrics = talos_service_metrics,
      .conf_size = sizeof(struct talos_service_conf),
      .run_size = sizeof(struct talos_state),
      .validate = talos_validate,
      .start = talos_service_start },
    { .kind = TALON_CHECK,
      .name = "etcd",
      .summary = "Asks a Talos node for the state of its etcd member.",
      .options = talos_etcd_options,
      .metrics = talos_etcd_metrics,
      .conf_size = sizeof(struct talos_etcd_conf),
      .run_size = sizeof(struct talos_state),
      .validate = talos_validate,
      .start = talos_etcd_start },
    { .kind = TALON_ACTION,
      .name = "service-restart",
      .summary = "Restarts a service of a Talos node.",
      .options = talos_restart_options,
      .metrics = talos_restart_metrics,
      .conf_size = sizeof(struct talos_restart_conf),
      .run_size = sizeof(struct talos_state),
      .impact = TALON_DISRUPT,
      .validate = talos_restart_validate,
      .start = talos_restart_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "talos",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of Talos nodes, and the restart of their services.",
    TALON_OPERATIONS(operations),
};
