/*
 * The check type `tailscale`: asks tailscaled by its local API, as its own command line does. Connected is what it believes; that traffic passes is proved by
 * a ping of a peer, where one is asked for.
 *
 * One function for each step: the status, its answer, the ping's answer.
 */
#include "tailscale.h"

enum { MAX_STATUS = 4 << 20, MAX_PING = 65536, WORDS = 120 };

static const struct talon_option options[] = {
    { .name = "socket",
      TALON_PATH_AT(struct tailscale_conf, socket),
      .help = "The socket of tailscaled; not given: where the system has it, or the port of Tailscale's application on macOS." },
    { .name = "token_folder",
      TALON_PATH_AT(struct tailscale_conf, token_folder),
      .fallback = "/Library/Tailscale",
      .help = "Where Tailscale's application on macOS leaves the password of its port." },
    { .name = "peers", TALON_LIST_AT(struct tailscale_conf, peers), .help = "Machines of the tailnet that must be online, by name." },
    { .name = "ping",
      TALON_STRING_AT(struct tailscale_conf, ping),
      .help = "The address in the tailnet of a machine that must be reached, which needs the rights of tailscale's operator." },
    { .name = "warn_expiry",
      TALON_DURATION_AT(struct tailscale_conf, warn_expiry),
      .fallback = "7d",
      .help = "So long before the key of this machine expires it is a warning; 0: never." },
    { .name = "health", TALON_BOOL_AT(struct tailscale_conf, health), .fallback = "true", .help = "Whether Tailscale's own warnings are warnings." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "key_expires_in", .unit = "s", .help = "Until the key of this machine expires." },
    { .name = "peers_offline", .unit = "", .help = "How many of `peers` are not online." },
    { .name = "ping_time", .unit = "s", .help = "How long the ping took." },
    { .name = NULL },
};

struct state {
    struct tailscale_way way;
    const cJSON *status;
};

static int validate(const void *given, struct talon_problem *problem)
{
    static const char letters[] = "0123456789abcdefABCDEF.:";
    const struct tailscale_conf *conf = given;

    if (conf->ping && (!*conf->ping || conf->ping[strspn(conf->ping, letters)])) {
        problem->option = "ping";
        snprintf(problem->text, sizeof problem->text, "is no address: write that of the machine in the tailnet, such as 100.64.0.7");
        return 1;
    }
    for (size_t i = 0; conf->peers && conf->peers[i]; i++)
        if (!*conf->peers[i]) {
            problem->option = "peers";
            snprintf(problem->text, sizeof problem->text, "has an empty name");
            return 1;
        }
    return 0;
}

/* The name of the host is what tailscaled knows a question of this machine by. */
static void ask(struct talon_run *run, const char *method, const char *path, uint32_t max_body, talon_http_fn *then)
{
    const struct state *state = run->state;
    const char *const headers[] = { state->way.header, NULL };

    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .method = method,
                                  .url = talon_text(run, "http://local-tailscaled.sock/localapi/v0/%s", path), .unix_path = state->way.unix_path,
                                  .connect_to = state->way.connect_to, .headers = headers, .max_body = max_body),
                    then, NULL);
}

/* What is no 200 with JSON. NULL: the run has ended. */
static const cJSON *body_of(struct talon_run *run, const struct talon_response *got)
{
    const struct state *state = run->state;
    const char *problem;
    const cJSON *body;

    if (got->error.code) {
        talon_failed(run, &got->error, "cannot ask tailscaled at %s", state->way.shown);
        return NULL;
    }
    if (got->status == 401 || got->status == 403) {
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "tailscaled refuses to answer us: HTTP %u: %s", got->status,
                   talon_quote(run, got->body, got->body_len, WORDS));
        return NULL;
    }
    if (got->status != 200) {
        talon_done(run, TALON_FAIL, "http.status", "tailscaled answered with HTTP %u: %s", got->status, talon_quote(run, got->body, got->body_len, WORDS));
        return NULL;
    }
    body = json_parse(run, got->body, got->body_len, &problem);
    if (!body)
        talon_done(run, TALON_FAIL, "protocol.bad", "the answer of tailscaled: %s", problem);
    return body;
}

/* ---- the ping */

static void pinged(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct tailscale_conf *conf = run->conf;
    const struct state *state = run->state;
    const cJSON *body = body_of(run, got);
    const char *error, *name;
    double seconds;

    (void)arg;
    if (!body)
        return;
    error = json_string(body, "Err", "");
    seconds = json_number(body, "LatencySeconds", -1);
    name = json_string(body, "NodeName", conf->ping);
    name = talon_quote(run, name, strlen(name), WORDS);
    if (*error || !(seconds >= 0 && seconds < 3600)) {
        talon_done(run, TALON_FAIL, "tailscale.ping", "Tailscale is connected, but does not reach %s: %s", name,
                   *error ? talon_quote(run, error, strlen(error), WORDS) : "no time was told");
        return;
    }
    run->host->metric(run, "ping_time", seconds, "s");
    tailscale_conclude(run, state->status,
                       talon_text(run, ", %s answers in %s%s", name, talon_show_time(run, (uint64_t)(seconds * 1e9)),
                                  *json_string(body, "Endpoint", "") ? "" : " through a relay"));
}

/* ---- the status */

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct tailscale_conf *conf = run->conf;
    struct state *state = run->state;

    (void)arg;
    state->status = body_of(run, got);
    if (!state->status || tailscale_judge(run, state->status))
        return;
    if (conf->ping)
        ask(run, "POST", talon_text(run, "ping?ip=%s&type=disco", conf->ping), MAX_PING, pinged);
    else
        tailscale_conclude(run, state->status, "");
}

static void start(struct talon_run *run)
{
    const struct tailscale_conf *conf = run->conf;
    struct state *state = run->state;

    if (tailscale_find_way(run, &state->way))
        ask(run, "GET", conf->peers && conf->peers[0] ? "status" : "status?peers=false", MAX_STATUS, answered);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "tailscale",
      .summary = "Asks tailscaled whether this machine is connected to its tailnet.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct tailscale_conf),
      .run_size = sizeof(struct state),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "tailscale",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of Tailscale.",
    TALON_OPERATIONS(operations),
};
