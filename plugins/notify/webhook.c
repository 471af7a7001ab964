/*
 * The action `notify.webhook`: any service that takes a message by HTTP, as JSON of ours or as a body made from a template. Any 2xx means that it was taken.
 * Address and headers may be secrets and are treated as such.
 */
#include "notify.h"

enum { BOUND = 32768, MOST_BODY = 1 << 20 };

const struct talon_option notify_webhook_options[] = {
    NOTE_OPTIONS(struct notify_webhook),
    { .name = "url", TALON_STRING_AT(struct notify_webhook, url), .flags = TALON_REQUIRED | TALON_SECRET, .help = "Where to send it." },
    { .name = "method", TALON_STRING_AT(struct notify_webhook, method), .fallback = "POST", .help = "POST or PUT." },
    { .name = "headers", TALON_MAP_AT(struct notify_webhook, headers), .flags = TALON_SECRET, .help = "Headers to send, by name." },
    { .name = "content_type", TALON_STRING_AT(struct notify_webhook, content_type), .fallback = "application/json", .help = "What the body is." },
    { .name = "template",
      TALON_STRING_AT(struct notify_webhook, template),
      .help = "The body, in which `{text}`, `{title}`, `{level}`, `{over}` and `{time}` are put in: as the inside of a JSON string where `content_type` is JSON, "
              "else as they are. Not given: an object of these five." },
    { .name = "ca", TALON_PEM_AT(struct notify_webhook, ca), .help = "Authorities to trust, as PEM text or a file of it. Not given: those of the system." },
    { .name = NULL },
};

static int bad(struct talon_problem *problem, const char *option, const char *text)
{
    problem->option = option;
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return 1;
}

int notify_webhook_validate(const void *given, struct talon_problem *problem)
{
    const struct notify_webhook *conf = given;

    if (!*conf->note.text)
        return bad(problem, "text", "is empty");
    if (strcmp(conf->method, "POST") != 0 && strcmp(conf->method, "PUT") != 0)
        return bad(problem, "method", "must be POST or PUT");
    if (!*conf->content_type || strpbrk(conf->content_type, "\r\n"))
        return bad(problem, "content_type", "must be a media type, such as text/plain");
    return 0;
}

/* ---- the body */

static const char *value_of(struct talon_run *run, const char *name, size_t n)
{
    const struct notify_webhook *conf = run->conf;

    if (n == 4 && memcmp(name, "text", n) == 0)
        return notify_fit(run, conf->note.text, BOUND, 0);
    if (n == 5 && memcmp(name, "title", n) == 0)
        return conf->note.title ? notify_fit(run, conf->note.title, BOUND, 0) : "";
    if (n == 5 && memcmp(name, "level", n) == 0)
        return notify_levels[conf->note.level];
    if (n == 4 && memcmp(name, "over", n) == 0)
        return conf->note.over ? "true" : "false";
    if (n == 4 && memcmp(name, "time", n) == 0)
        return notify_moment(run, run->host->unix_ns(run) / INT64_C(1000000000));
    return NULL;
}

/* As it stands between the quotes of a JSON string. */
static const char *inside_json(struct talon_run *run, const char *value)
{
    const char *quoted = notify_json(run, cJSON_CreateString(value));
    const size_t n = strlen(quoted);

    return n >= 2 ? talon_text(run, "%.*s", (int)(n - 2), quoted + 1) : "";
}

enum { VALUES = 5 };

static const char *const value_names[VALUES] = { "text", "title", "level", "over", "time" };

/* Which value is asked for at an opening brace; VALUES: none, since braces around anything else stay as they are: JSON is full of them. */
static size_t value_at(const char *brace)
{
    const size_t n = strcspn(brace + 1, "{}");
    size_t i = 0;

    while (i < VALUES && (brace[1 + n] != '}' || strlen(value_names[i]) != n || memcmp(value_names[i], brace + 1, n) != 0))
        i++;
    return i;
}

/* Measures (out NULL) or writes the template with its values; how many bytes that are. */
static size_t put_in(const char *template, const char *const values[VALUES], char *out)
{
    size_t used = 0, i, n;

    for (const char *at = template; *at; at += n) {
        i = *at == '{' ? value_at(at) : VALUES;
        n = i < VALUES ? strlen(value_names[i]) + 2 : 1;
        if (out)
            memcpy(out + used, i < VALUES ? values[i] : at, i < VALUES ? strlen(values[i]) : 1);
        used += i < VALUES ? strlen(values[i]) : 1;
    }
    return used;
}

/* NULL: it would be larger than any service takes. */
static const char *filled(struct talon_run *run)
{
    const struct notify_webhook *conf = run->conf;
    const int json = strstr(conf->content_type, "json") != NULL;
    const char *values[VALUES];
    size_t n;
    char *out;

    for (size_t i = 0; i < VALUES; i++) {
        values[i] = value_of(run, value_names[i], strlen(value_names[i]));
        values[i] = json ? inside_json(run, values[i]) : values[i];
    }
    n = put_in(conf->template, values, NULL);
    if (n > MOST_BODY)
        return NULL;
    out = run->host->alloc(run, n + 1);
    put_in(conf->template, values, out);
    return out;
}

static const char *object(struct talon_run *run)
{
    static const char *const strings[] = { "title", "text", "level", "time" };
    const struct notify_webhook *conf = run->conf;
    cJSON *root = cJSON_CreateObject();

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        cJSON_AddStringToObject(root, strings[i], value_of(run, strings[i], strlen(strings[i])));
    cJSON_AddBoolToObject(root, "over", conf->note.over);
    return notify_json(run, root);
}

/* ---- the exchange */

static const char *const *headers_of(struct talon_run *run)
{
    const struct notify_webhook *conf = run->conf;
    const char **lines;
    size_t n = 0, own = 1;

    while (conf->headers && conf->headers[n].name)
        n++;
    lines = run->host->alloc(run, (n + 2) * sizeof *lines);
    for (size_t i = 0; i < n; i++) {
        lines[i] = talon_text(run, "%s: %s", conf->headers[i].name, conf->headers[i].value);
        notify_hide(run, conf->headers[i].value);
    }
    if (conf->headers && talon_header(conf->headers, "Content-Type"))
        own = 0;
    if (own)
        lines[n] = talon_text(run, "Content-Type: %s", conf->content_type);
    return lines;
}

static void judge(struct talon_run *run, const struct talon_response *got)
{
    if (got->status >= 200 && got->status < 300)
        notify_end(run, TALON_OK, "notify.sent", "the webhook has taken the message");
    else
        notify_by_status(run, got, notify_words(run, got->body, got->body_len));
}

void notify_webhook_start(struct talon_run *run)
{
    const struct notify_webhook *conf = run->conf;
    struct notify *notify = run->state;
    const struct talon_tls tls = { .size = sizeof tls, .ca = conf->ca };
    const char *body = conf->template ? filled(run) : object(run);

    notify->who = "the webhook";
    notify_hide_url(run, conf->url);
    if (!body)
        notify_end(run, TALON_UNKNOWN, "too_big", "the template with its values is larger than 1 MiB: it was not sent");
    else if (notify_is_url(conf->url))
        notify_send(run,
                    TALON_REQUEST(talon_http, .method = conf->method, .url = conf->url, .headers = headers_of(run), .body = body, .body_len = strlen(body),
                                  .tls = conf->ca ? &tls : NULL),
                    judge);
    else
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "the webhook's address does not start with http:// or https://");
}
