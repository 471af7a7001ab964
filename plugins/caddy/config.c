/*
 * The operation `caddy.config`: the admin API's /config/ says what Caddy serves, its /reverse_proxy/upstreams which upstreams have failed lately. An upstream
 * that fails is no failure of Caddy, so it is a warning here; who stands behind it is watched by a check of its own.
 *
 * One function for each step: the configuration, the upstreams.
 */
#include "caddy.h"
#include "kit/json.h"

enum { MAX_CONFIG = 4 << 20, WORDS = 120, SHOWN = 3 };

const struct talon_option caddy_config_options[] = {
    { .name = "url", TALON_STRING_AT(struct caddy_config_conf, url), .fallback = "http://localhost:2019", .help = "Its admin API." },
    { .name = "unix", TALON_PATH_AT(struct caddy_config_conf, unix_path), .help = "The socket of its admin API, where it has one." },
    { .name = "listens",
      TALON_LIST_AT(struct caddy_config_conf, listens),
      .help = "Addresses that its configuration must listen on, as they stand there (`:443`); a port alone stands for any address." },
    { .name = "warn_fails",
      TALON_INT_AT(struct caddy_config_conf, warn_fails),
      .max = 1000000,
      .fallback = "1",
      .help = "So many failures of an upstream within Caddy's own window are a warning; 0: never." },
    { .name = NULL },
};

const struct talon_metric caddy_config_metrics[] = {
    { .name = "servers", .unit = "", .help = "HTTP servers in its configuration." },
    { .name = "upstreams", .unit = "", .help = "Upstreams that were used since it was loaded." },
    { .name = "failing", .unit = "", .help = "Upstreams that have failed lately." },
    { .name = "requests", .unit = "", .help = "Requests that upstreams are busy with." },
    { .name = NULL },
};

int caddy_config_validate(const void *given, struct talon_problem *problem)
{
    const struct caddy_config_conf *conf = given;

    if (strncmp(conf->url, "http://", 7) == 0 || strncmp(conf->url, "https://", 8) == 0)
        return 0;
    problem->option = "url";
    snprintf(problem->text, sizeof problem->text, "is no URL: write http://localhost:2019");
    return 1;
}

/* On a socket Caddy only answers those who ask for no host at all. */
static void ask(struct talon_run *run, const char *path, talon_http_fn *then)
{
    const struct caddy_config_conf *conf = run->conf;
    const char *const headers[] = { conf->unix_path ? "Host: " : NULL, NULL };
    const size_t n = strlen(conf->url);

    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .unix_path = conf->unix_path, .headers = headers, .max_body = MAX_CONFIG,
                                  .url = talon_text(run, "%.*s%s", (int)(conf->url[n - 1] == '/' ? n - 1 : n), conf->url, path)),
                    then, NULL);
}

static const char *word(struct talon_run *run, const char *text)
{
    return talon_quote(run, text, strlen(text), WORDS);
}

/* Caddy's own words for what is wrong: {"error":"..."}, else what was answered. */
static const char *own_words(struct talon_run *run, const struct talon_response *got)
{
    const char *problem;
    const char *error = json_string(json_parse(run, got->body, got->body_len, &problem), "error", NULL);

    return error ? word(run, error) : talon_quote(run, got->body, got->body_len, WORDS);
}

/* NULL: the run has ended. */
static const cJSON *body_of(struct talon_run *run, const struct talon_response *got, const char *what)
{
    const char *problem;
    const cJSON *body;

    if (got->error.code) {
        talon_failed(run, &got->error, "cannot ask Caddy's admin API for its %s", what);
        return NULL;
    }
    if (got->status == 401 || got->status == 403) {
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "Caddy's admin API refuses us: HTTP %u: %s", got->status, own_words(run, got));
        return NULL;
    }
    if (got->status != 200) {
        talon_done(run, TALON_FAIL, "http.status", "asked for its %s, Caddy's admin API answered with HTTP %u: %s", what, got->status, own_words(run, got));
        return NULL;
    }
    body = json_parse(run, got->body, got->body_len, &problem);
    if (!body)
        talon_done(run, TALON_FAIL, "protocol.bad", "asked for its %s, Caddy's admin API answered otherwise: %s", what, problem);
    return body;
}

/* ---- upstreams */

/* {"address":"localhost:8288","num_requests":0,"fails":0} each. */
static void judge_upstreams(struct talon_run *run, const cJSON *upstreams)
{
    const struct caddy_config_conf *conf = run->conf;
    const cJSON *upstream;
    const char *failing = "";
    unsigned n = 0, bad = 0;
    double requests = 0;

    cJSON_ArrayForEach(upstream, upstreams)
    {
        const double fails = json_number(upstream, "fails", 0);
        const char *address = json_string(upstream, "address", "?");

        n++;
        requests += json_number(upstream, "num_requests", 0);
        if (conf->warn_fails == 0 || fails < (double)conf->warn_fails)
            continue;
        if (bad++ < SHOWN)
            failing = talon_text(run, "%s%s%s (%.0f failure%s)", failing, *failing ? ", " : "", word(run, address), fails, fails == 1 ? "" : "s");
    }
    run->host->metric(run, "upstreams", n, "");
    run->host->metric(run, "failing", bad, "");
    run->host->metric(run, "requests", requests, "");
    if (bad > 0)
        talon_done(run, TALON_WARN, "caddy.upstream", "%u of %u upstreams failed lately: %s%s", bad, n, failing, bad > SHOWN ? ", ..." : "");
    else
        talon_done(run, TALON_OK, "caddy.ok", n == 0 ? "configured, no upstream was used yet" : "configured, %u upstreams are well", n);
}

static void upstreams_told(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const cJSON *upstreams = body_of(run, got, "upstreams");

    (void)arg;
    if (upstreams && cJSON_IsArray(upstreams))
        judge_upstreams(run, upstreams);
    else if (upstreams)
        talon_done(run, TALON_FAIL, "protocol.bad", "Caddy's admin API answered with something else than a list of upstreams");
}

/* ---- configuration */

/* ":443" is listened on as ":443", and a port alone as any address with it. */
static int is_address(const char *address, const char *wanted)
{
    const char *colon = strrchr(address, ':');

    if (strcmp(address, wanted) == 0)
        return 1;
    return *wanted >= '0' && *wanted <= '9' && !strchr(wanted, ':') && !strchr(wanted, '.') && colon && strcmp(colon + 1, wanted) == 0;
}

static int is_listened_on(const cJSON *servers, const char *wanted)
{
    const cJSON *server, *address;

    cJSON_ArrayForEach(server, servers)
        cJSON_ArrayForEach(address, json_at(server, "listen"))
            if (cJSON_IsString(address) && is_address(address->valuestring, wanted))
                return 1;
    return 0;
}

static void config_told(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct caddy_config_conf *conf = run->conf;
    const cJSON *config = body_of(run, got, "configuration"), *servers = json_at(config, "apps.http.servers");

    (void)arg;
    if (!config)
        return;
    run->host->metric(run, "servers", cJSON_IsObject(servers) ? cJSON_GetArraySize(servers) : 0, "");
    if (cJSON_IsNull(config)) {
        talon_done(run, TALON_FAIL, "caddy.no_config", "Caddy runs without a configuration: none was loaded");
        return;
    }
    if (!cJSON_IsObject(servers) || cJSON_GetArraySize(servers) == 0) {
        talon_done(run, TALON_FAIL, "caddy.no_config", "Caddy's configuration serves nothing: there is no HTTP server in it");
        return;
    }
    for (size_t i = 0; conf->listens && conf->listens[i]; i++)
        if (!is_listened_on(servers, conf->listens[i])) {
            talon_done(run, TALON_FAIL, "caddy.listens", "Caddy's configuration does not listen on %s", conf->listens[i]);
            return;
        }
    ask(run, "/reverse_proxy/upstreams", upstreams_told);
}

void caddy_config_start(struct talon_run *run)
{
    ask(run, "/config/", config_told);
}
