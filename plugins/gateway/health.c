/*
 * The operations `gateway.health` and `gateway.channel`. The gateway answers 503 where it is not available, and 200 also where it has lost Redis and works on
 * without it: that is degraded, not down. A session that is being compacted or is recovering is for the moment only, and one that is stuck is first its own
 * watchdog's business.
 */
#include "gateway.h"
#include "kit/json.h"

enum { MAX_BODY = 1 << 20, WORDS = 120 };

const struct talon_option gateway_health_options[] = {
    { .name = "url", TALON_STRING_AT(struct gateway_health_conf, url), .flags = TALON_REQUIRED, .help = "Its health, such as http://127.0.0.1:3018/health." },
    { .name = "channels",
      TALON_LIST_AT(struct gateway_health_conf, channels),
      .help = "Components that must be ok, such as `telegram`: others that are not are a warning, and those that are disabled are well." },
    { .name = NULL },
};

const struct talon_option gateway_channel_options[] = {
    { .name = "url",
      TALON_STRING_AT(struct gateway_channel_conf, url),
      .flags = TALON_REQUIRED,
      .help = "The channel's health, such as http://127.0.0.1:3018/health/slack." },
    { .name = NULL },
};

const struct talon_metric gateway_health_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole exchange." },
    { .name = "uptime", .unit = "s", .help = "Since it was started." },
    { .name = "prompt_failures", .unit = "", .help = "Prompts that failed one after another." },
    { .name = "reconnects", .unit = "", .help = "Attempts to reach Redis again." },
    { .name = NULL },
};

const struct talon_metric gateway_channel_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole exchange." },
    { .name = NULL },
};

static int validate_url(const char *url, struct talon_problem *problem)
{
    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        return 0;
    problem->option = "url";
    snprintf(problem->text, sizeof problem->text, "is no URL: it begins with http:// or https://");
    return 1;
}

int gateway_health_validate(const void *given, struct talon_problem *problem)
{
    return validate_url(((const struct gateway_health_conf *)given)->url, problem);
}

int gateway_channel_validate(const void *given, struct talon_problem *problem)
{
    return validate_url(((const struct gateway_channel_conf *)given)->url, problem);
}

static const char *word(struct talon_run *run, const char *text)
{
    return talon_quote(run, text, strlen(text), WORDS);
}

static int begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* The JSON object of a 200 or a 503. NULL: the run has ended. */
static const cJSON *body_of(struct talon_run *run, const struct talon_response *got)
{
    const char *problem = "it is no object";
    const cJSON *body;

    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    if (got->error.code) {
        talon_failed(run, &got->error, "the gateway cannot be asked");
        return NULL;
    }
    if (got->status == 401 || got->status == 403) {
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "the gateway refuses to answer us: HTTP %u", got->status);
        return NULL;
    }
    if (got->status != 200 && got->status != 503) {
        talon_done(run, TALON_FAIL, "http.status", "the gateway answered with HTTP %u, expected 200 or 503%s", got->status,
                   got->status == 426 ? ": that path is of its WebSocket" : "");
        return NULL;
    }
    body = json_parse(run, got->body, got->body_len, &problem);
    if (body && cJSON_IsObject(body))
        return body;
    talon_done(run, TALON_FAIL, "protocol.bad", "the gateway answered HTTP %u without saying how it does: %s", got->status, problem ? problem : "no JSON");
    return NULL;
}

/* ---- the session */

static const char *session(const cJSON *body)
{
    return json_string(body, "components.session", "");
}

/* It repairs itself, or tidies up: wait. */
static int is_passing(const cJSON *body)
{
    return begins(session(body), "maintenance") || begins(session(body), "recovering") || json_is_true(body, "components.maintenanceActive") ||
           json_is_true(body, "components.stuckRecoveryPending");
}

static const char *reason_of(struct talon_run *run, const cJSON *body)
{
    const char *reason = json_string(body, "reason", NULL);

    return reason && *reason ? talon_text(run, ": %s", word(run, reason)) : "";
}

/* ---- components */

static int is_well(const char *state)
{
    return begins(state, "ok") || begins(state, "disabled") || begins(state, "maintenance") || begins(state, "recovering");
}

static int is_required(const struct gateway_health_conf *conf, const char *name)
{
    for (size_t i = 0; conf->channels && conf->channels[i]; i++)
        if (strcmp(conf->channels[i], name) == 0)
            return 1;
    return 0;
}

/* A required one that is not ok, disabled ones among them; NULL: all are. */
static const char *lost_channel(struct talon_run *run, const cJSON *body)
{
    const struct gateway_health_conf *conf = run->conf;
    const cJSON *components = json_at(body, "components");

    for (size_t i = 0; conf->channels && conf->channels[i]; i++) {
        const cJSON *state = cJSON_GetObjectItemCaseSensitive(components, conf->channels[i]);

        if (!cJSON_IsString(state))
            return talon_text(run, "the gateway knows no component %s", conf->channels[i]);
        if (!begins(state->valuestring, "ok"))
            return talon_text(run, "the gateway's %s is %s", conf->channels[i], word(run, state->valuestring));
    }
    return NULL;
}

/* All others that are not well, in one line; "": none. */
static const char *other_troubles(struct talon_run *run, const cJSON *body)
{
    const struct gateway_health_conf *conf = run->conf;
    const cJSON *component;
    const char *text = "";
    unsigned n = 0;

    cJSON_ArrayForEach(component, json_at(body, "components"))
        if (cJSON_IsString(component) && component->string && !is_well(component->valuestring) && !is_required(conf, component->string) && n++ < 4)
            text = talon_text(run, "%s%s%s is %s", text, *text ? ", " : "", word(run, component->string), word(run, component->valuestring));
    return text;
}

/* ---- the judgement */

static void tell(struct talon_run *run, const cJSON *body)
{
    const double uptime = json_number(body, "status.uptimeMs", -1), failures = json_number(body, "components.consecutivePromptFailures", -1);
    const double reconnects = json_number(body, "reconnectAttempts", -1);

    if (uptime >= 0)
        run->host->metric(run, "uptime", uptime / 1e3, "s");
    if (failures >= 0)
        run->host->metric(run, "prompt_failures", failures, "");
    if (reconnects >= 0)
        run->host->metric(run, "reconnects", reconnects, "");
    if (*session(body))
        run->host->detail(run, "session", word(run, session(body)));
    run->host->detail(run, "mode", word(run, json_string(body, "mode", "")));
}

static void judge_available(struct talon_run *run, const cJSON *body)
{
    const char *lost = lost_channel(run, body), *others = other_troubles(run, body);

    if (begins(session(body), "dead"))
        talon_done(run, TALON_FAIL, "gateway.session", "the gateway's session is %s", word(run, session(body)));
    else if (lost)
        talon_done(run, TALON_FAIL, "gateway.channel", "%s", lost);
    else if (begins(session(body), "stuck"))
        talon_done(run, TALON_WARN, "gateway.session", "the gateway's session is %s; its own watchdog is to free it", word(run, session(body)));
    else if (strcmp(json_string(body, "mode", "normal"), "normal") != 0)
        talon_done(run, TALON_WARN, "gateway.degraded", "the gateway works, degraded (%s)%s", word(run, json_string(body, "mode", "")), reason_of(run, body));
    else if (*others)
        talon_done(run, TALON_WARN, "gateway.degraded", "the gateway works, but %s", others);
    else if (cJSON_IsFalse(json_at(body, "healthy")) && !is_passing(body))
        talon_done(run, TALON_WARN, "gateway.degraded", "the gateway works, but says that it is not healthy%s", reason_of(run, body));
    else
        talon_done(run, TALON_OK, "gateway.ok", "available%s%s", is_passing(body) ? ", session: " : "", is_passing(body) ? word(run, session(body)) : "");
}

static void health_told(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const cJSON *body = body_of(run, got), *available = json_at(body, "available");

    (void)arg;
    if (!body)
        return;
    tell(run, body);
    if (!cJSON_IsBool(available))
        talon_done(run, TALON_FAIL, "protocol.bad", "the gateway does not say whether it is available: is it the gateway that answers there?");
    else if (cJSON_IsTrue(available))
        judge_available(run, body);
    else if (is_passing(body))
        talon_done(run, TALON_STARTING, "starting", "the gateway is not available for the moment: its session is %s", word(run, session(body)));
    else
        talon_done(run, TALON_FAIL, "gateway.unavailable", "the gateway is not available%s%s%s", reason_of(run, body),
                   *session(body) ? "; its session is " : "", word(run, session(body)));
}

static void channel_told(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const cJSON *body = body_of(run, got);
    const char *channel = word(run, json_string(body, "channel", "the channel"));

    (void)arg;
    if (!body)
        return;
    if (got->status == 200 && json_is_true(body, "ok"))
        talon_done(run, TALON_OK, "gateway.ok", "%s is connected", channel);
    else if (cJSON_IsFalse(json_at(body, "started")))
        talon_done(run, TALON_FAIL, "gateway.channel", "%s was not started", channel);
    else if (!cJSON_IsBool(json_at(body, "ok")))
        talon_done(run, TALON_FAIL, "protocol.bad", "the gateway does not say how %s does", channel);
    else
        talon_done(run, TALON_FAIL, "gateway.channel", "%s is started, but not connected", channel);
}

static void ask(struct talon_run *run, const char *url, talon_http_fn *then)
{
    run->host->http(run, TALON_REQUEST(talon_http, .flags = TALON_HTTP_1, .url = url, .max_body = MAX_BODY), then, NULL);
}

void gateway_health_start(struct talon_run *run)
{
    ask(run, ((const struct gateway_health_conf *)run->conf)->url, health_told);
}

void gateway_channel_start(struct talon_run *run)
{
    ask(run, ((const struct gateway_channel_conf *)run->conf)->url, channel_told);
}
