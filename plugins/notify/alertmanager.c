/*
 * The action `notify.alertmanager`: an alert by version 2 of Alertmanager's API. Labels are what it knows an alert by, so they come from the configuration alone
 * and are the same when the alert is over; what changes (title, text, level) are annotations. An alert without an end is over for Alertmanager after five
 * minutes, since a client is expected to repeat it: ours gets an end of its own.
 */
#include "notify.h"

enum { BOUND = 16384 };

const struct talon_option notify_alertmanager_options[] = {
    NOTE_OPTIONS(struct notify_alertmanager),
    { .name = "url",
      TALON_STRING_AT(struct notify_alertmanager, url),
      .flags = TALON_REQUIRED,
      .help = "Alertmanager's address, with its prefix where it has one: `http://127.0.0.1:9093`." },
    { .name = "name", TALON_STRING_AT(struct notify_alertmanager, name), .fallback = "Talon", .help = "The label `alertname`." },
    { .name = "labels", TALON_MAP_AT(struct notify_alertmanager, labels), .help = "Further labels, by name: what the alert is known by, and routed by." },
    { .name = "since", TALON_INT_AT(struct notify_alertmanager, since), .max = INT64_C(99999999999), .help = "When it began, in seconds since 1970; 0: now." },
    { .name = "lasts",
      TALON_DURATION_AT(struct notify_alertmanager, lasts),
      .min = INT64_C(60000000000),
      .max = INT64_C(31536000000000000),
      .fallback = "24h",
      .help = "When Alertmanager takes it as over by itself, should no all-clear come." },
    { .name = "source", TALON_STRING_AT(struct notify_alertmanager, source), .help = "A link that Alertmanager shows with it (`generatorURL`)." },
    { .name = "user", TALON_STRING_AT(struct notify_alertmanager, user), .help = "User of basic authentication." },
    { .name = "password", TALON_STRING_AT(struct notify_alertmanager, password), .flags = TALON_SECRET, .help = "Password of basic authentication." },
    { .name = "bearer", TALON_STRING_AT(struct notify_alertmanager, bearer), .flags = TALON_SECRET, .help = "Token to authenticate with." },
    { .name = "ca", TALON_PEM_AT(struct notify_alertmanager, ca), .help = "Authorities to trust, as PEM text or a file of it. Not given: those of the system." },
    { .name = NULL },
};

static int is_label(const char *name)
{
    static const char letters[] = "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    return *name && (*name < '0' || *name > '9') && name[strspn(name, letters)] == '\0';
}

static int bad(struct talon_problem *problem, const char *option, const char *text)
{
    problem->option = option;
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return 1;
}

int notify_alertmanager_validate(const void *given, struct talon_problem *problem)
{
    const struct notify_alertmanager *conf = given;

    if (!*conf->note.text)
        return bad(problem, "text", "is empty");
    if (!notify_is_url(conf->url) || strpbrk(conf->url, "?#"))
        return bad(problem, "url", "must start with http:// or https://, and have neither ? nor #");
    if (!*conf->name)
        return bad(problem, "name", "is empty");
    for (const struct talon_pair *label = conf->labels; label && label->name; label++) {
        if (!is_label(label->name))
            return bad(problem, "labels", "has a name that Alertmanager does not take: only letters, digits and _, no digit first");
        if (strcmp(label->name, "alertname") == 0)
            return bad(problem, "labels", "has `alertname`, which is the option `name`");
    }
    return 0;
}

/* ---- what is sent */

static void add_labels(const struct notify_alertmanager *conf, cJSON *alert)
{
    cJSON *labels = cJSON_AddObjectToObject(alert, "labels");

    cJSON_AddStringToObject(labels, "alertname", conf->name);
    for (const struct talon_pair *label = conf->labels; label && label->name; label++)
        cJSON_AddStringToObject(labels, label->name, label->value);
}

static const char *body_of(struct talon_run *run)
{
    const struct notify_alertmanager *conf = run->conf;
    const int64_t now = run->host->unix_ns(run) / INT64_C(1000000000), begin = conf->since > 0 && conf->since < now ? conf->since : now;
    const int64_t end = conf->note.over ? now : now + (int64_t)(conf->lasts / UINT64_C(1000000000));
    cJSON *root = cJSON_CreateArray(), *alert = cJSON_CreateObject(), *annotations;

    cJSON_AddItemToArray(root, alert);
    add_labels(conf, alert);
    annotations = cJSON_AddObjectToObject(alert, "annotations");
    if (conf->note.title)
        cJSON_AddStringToObject(annotations, "summary", notify_fit(run, conf->note.title, BOUND, 0));
    cJSON_AddStringToObject(annotations, "description", notify_fit(run, conf->note.text, BOUND, 0));
    cJSON_AddStringToObject(annotations, "level", notify_levels[conf->note.level]);
    cJSON_AddStringToObject(alert, "startsAt", notify_moment(run, begin));
    cJSON_AddStringToObject(alert, "endsAt", notify_moment(run, end));
    if (conf->source)
        cJSON_AddStringToObject(alert, "generatorURL", conf->source);
    return notify_json(run, root);
}

/* NULL: none. */
static const char *login(struct talon_run *run)
{
    const struct notify_alertmanager *conf = run->conf;
    const char *basic, *both;

    if (conf->bearer) {
        notify_hide(run, conf->bearer);
        return talon_text(run, "Authorization: Bearer %s", conf->bearer);
    }
    if (!conf->user && !conf->password)
        return NULL;
    both = talon_text(run, "%s:%s", conf->user ? conf->user : "", conf->password ? conf->password : "");
    basic = notify_base64(run, both, strlen(both));
    notify_hide(run, conf->password);
    notify_hide(run, basic);
    return talon_text(run, "Authorization: Basic %s", basic);
}

/* ---- the exchange */

/* Its errors are a JSON string, or an object with a message. */
static const char *words_of(struct talon_run *run, const struct talon_response *got)
{
    const char *problem;
    const cJSON *answer = json_parse(run, got->body, got->body_len, &problem);
    const char *words = cJSON_IsString(answer) ? answer->valuestring : json_string(answer, "message", NULL);

    return words ? notify_words(run, words, strlen(words)) : notify_words(run, got->body, got->body_len);
}

static void judge(struct talon_run *run, const struct talon_response *got)
{
    const struct notify_alertmanager *conf = run->conf;

    if (got->status == 200)
        notify_end(run, TALON_OK, "notify.sent", conf->note.over ? "Alertmanager knows that the alert is over" : "Alertmanager has taken the alert");
    else if (got->status == 404)
        notify_end(run, TALON_FAIL, "notify.refused", "there is no Alertmanager at this address: HTTP 404%s", words_of(run, got));
    else
        notify_by_status(run, got, words_of(run, got));
}

void notify_alertmanager_start(struct talon_run *run)
{
    const struct notify_alertmanager *conf = run->conf;
    struct notify *notify = run->state;
    const struct talon_tls tls = { .size = sizeof tls, .ca = conf->ca };
    const char *body = body_of(run), *headers[] = { "Content-Type: application/json", login(run), NULL };
    const size_t n = strlen(conf->url);

    notify->who = "Alertmanager";
    notify_send(run,
                TALON_REQUEST(talon_http, .method = "POST", .url = talon_text(run, "%.*s/api/v2/alerts", (int)(n - (conf->url[n - 1] == '/')), conf->url),
                              .headers = headers, .body = body, .body_len = strlen(body), .tls = conf->ca ? &tls : NULL),
                judge);
}
