/*
 * The check type `secrets.status`: asks the daemon of agent-secrets over its socket whether it runs and what it holds. Its command line exits with 0 also where
 * it failed, and its other question (secrets.health) keeps leases waiting, so neither is used. No secret is ever asked for here.
 */
#include "kit/json.h"
#include "kit/jsonrpc.h"
#include "kit/moment.h"

#include <talon/plugin.h>

enum { METHOD_NOT_FOUND = -32601, UNAUTHORIZED = -32006 };

struct conf {
    const char *socket;
    int64_t min_secrets, max_leases;
};

static const struct talon_option options[] = {
    { .name = "socket",
      TALON_PATH_AT(struct conf, socket),
      .fallback = "~/.agent-secrets/agent-secrets.sock",
      .help = "The socket of its daemon." },
    { .name = "min_secrets",
      TALON_INT_AT(struct conf, min_secrets),
      .max = 1000000,
      .fallback = "1",
      .help = "It must hold at least so many secrets: an empty store cannot serve anybody." },
    { .name = "max_leases",
      TALON_INT_AT(struct conf, max_leases),
      .max = 1000000,
      .fallback = "0",
      .help = "More leases than these at once are a warning; 0: any number is well." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "secrets", .unit = "", .help = "Secrets that it holds." },
    { .name = "leases", .unit = "", .help = "Leases that are active." },
    { .name = "uptime", .unit = "s", .help = "Since it was started." },
    { .name = "answer_time", .unit = "s", .help = "From the question to its answer." },
    { .name = NULL },
};

/* The state itself, or, as some releases wrap it, below `data` or `result`. */
static const cJSON *state_in(const cJSON *result)
{
    static const char *const wraps[] = { "data", "result" };

    for (size_t i = 0; i < 2; i++)
        if (cJSON_IsObject(json_at(result, wraps[i])))
            return json_at(result, wraps[i]);
    return result;
}

static void refused(struct talon_run *run, const struct jsonrpc_answer *answer)
{
    if (answer->code == UNAUTHORIZED)
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "it refuses to answer us: %s", answer->message);
    else if (answer->code == METHOD_NOT_FOUND)
        talon_done(run, TALON_UNKNOWN, "secrets.version", "it does not know secrets.status: is this another release, or another daemon? %s", answer->message);
    else
        talon_done(run, TALON_FAIL, "secrets.error", "it answered with the error %d: %s", answer->code, answer->message);
}

static void tell(struct talon_run *run, const cJSON *state, uint64_t took_ns)
{
    const double held = json_number(state, "secrets_count", -1), leases = json_number(state, "active_leases", -1);
    const char *started = json_string(state, "started_at", "");
    int64_t since;

    run->host->metric(run, "answer_time", (double)took_ns / 1e9, "s");
    if (held >= 0)
        run->host->metric(run, "secrets", held, "");
    if (leases >= 0)
        run->host->metric(run, "leases", leases, "");
    if (moment_rfc3339(started, &since) && since <= run->host->unix_ns(run))
        run->host->metric(run, "uptime", (double)(run->host->unix_ns(run) - since) / 1e9, "s");
}

static void answered(struct talon_run *run, const struct jsonrpc_answer *answer)
{
    const struct conf *conf = run->conf;
    const cJSON *state = state_in(answer->result);
    const double held = json_number(state, "secrets_count", -1), leases = json_number(state, "active_leases", -1);

    if (!answer->result) {
        refused(run, answer);
        return;
    }
    tell(run, state, answer->took_ns);
    if (!cJSON_IsBool(json_at(state, "running")))
        talon_done(run, TALON_FAIL, "protocol.bad", "its answer does not say whether it runs");
    else if (!json_is_true(state, "running"))
        talon_done(run, TALON_FAIL, "secrets.locked", "its daemon answers, but says that it does not run: its store is not open");
    else if (held >= 0 && held < (double)conf->min_secrets)
        talon_done(run, TALON_FAIL, "secrets.empty", "it holds %.0f secrets, expected at least %lld", held, (long long)conf->min_secrets);
    else if (conf->max_leases > 0 && leases > (double)conf->max_leases)
        talon_done(run, TALON_WARN, "secrets.leases", "%.0f leases are active, more than %lld", leases, (long long)conf->max_leases);
    else if (held >= 0 && leases >= 0)
        talon_done(run, TALON_OK, "secrets.ok", "runs, %.0f secrets, %.0f leases", held, leases);
    else
        talon_done(run, TALON_OK, "secrets.ok", "runs");
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;

    jsonrpc_ask(run,
                &(struct jsonrpc_question){ .who = "the daemon of secrets", .to = { .unix_path = conf->socket }, .method = "secrets.status", .params = "{}" },
                answered);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "status",
      .summary = "Asks the daemon of agent-secrets whether it serves.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "secrets",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of agent-secrets.",
    TALON_OPERATIONS(operations),
};
