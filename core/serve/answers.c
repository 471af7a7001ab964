/* The answers: see answers.h. */
#include "serve/answers.h"

#include "serve/json.h"
#include "serve/page_style.h"
#include "serve/serve.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 128 << 20, REFUSALS = REQUEST_LARGE_BODY + 1 };

static const char json_type[] = "application/json", page_type[] = "text/html; charset=utf-8", text_type[] = "text/plain; version=0.0.4; charset=utf-8",
                  openmetrics_type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

enum representation { AS_HEALTH, AS_HEALTHZ, AS_READYZ, AS_TEXT, AS_OPENMETRICS, AS_STATUS, AS_SERVICES, AS_CHECKS, AS_INCIDENTS, AS_LIMITS, AS_HEAL, AS_PAGE, REPRESENTATIONS };

struct cached {
    struct MHD_Response *response; /* NULL: none */
    unsigned status;
    uint64_t generation;           /* of the snapshot it was made from */
    bool stalled;
};

struct answers {
    pthread_mutex_t lock;          /* of newest */
    struct snapshot *newest;       /* NULL: none yet */
    atomic_uint_least64_t generation; /* of newest; 0: none yet. Read without the lock by each request */
    struct cached cached[REPRESENTATIONS];
    struct MHD_Response *refusals[REFUSALS], *too_large;
};

static const struct {
    unsigned status;
    const char *error, *message;
} refusals[REFUSALS] = {
    [REQUEST_BAD] = { 400, "bad_request", "the request is malformed: control characters, an ambiguous length or a target that is none" },
    [REQUEST_NO_HOST] = { 400, "bad_request", "an HTTP/1.1 request must have a Host header" },
    [REQUEST_TWO_HOSTS] = { 400, "bad_request", "a request must have one Host header, not several" },
    [REQUEST_MISDIRECTED] = { 421, "misdirected", "this host name is not served here: ask by a loopback name, or list it under allow_hosts in the configuration" },
    [REQUEST_METHOD] = { 405, "method_not_allowed", "only GET and HEAD are answered; nothing can be changed here" },
    [REQUEST_UNKNOWN_PATH] = { 404, "not_found", "there are /, /health, /healthz, /readyz, /metrics and, below /api/v1/: status, services, checks, incidents (?since=D, ?id=ID: as they were written down), incidents/ID, limits, heal, why?of=NAME, history?check=NAME&since=D and uptime?service=NAME" },
    [REQUEST_LARGE_HEAD] = { 431, "too_large", "the request's headers are over 16 KiB" },
    [REQUEST_LARGE_BODY] = { 413, "too_large", "a body is not read, and this one is too large to be ignored" },
};

/* ---- responses */

/* Takes the bytes. NULL: no memory. */
static struct MHD_Response *make_response(struct buffer *body, const char *type)
{
    struct MHD_Response *response = NULL;

    if (!body->failed && body->len > 0)
        response = MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        buffer_free(body);
        return NULL;
    }
    *body = buffer_make(body->max);
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static struct MHD_Response *make_refusal(const char *error, const char *message)
{
    struct buffer body = buffer_make(0);

    buffer_char(&body, '{');
    json_bool(&body, "ok", false);
    json_text(&body, "error", error);
    json_text(&body, "message", message);
    buffer_text(&body, "}\n");
    return make_response(&body, json_type);
}

/* A page that holds what others said may be shown, and nothing in it may be run, loaded, framed or sent. */
static bool guard_page(struct MHD_Response *response)
{
    return MHD_add_response_header(response, "Content-Security-Policy", page_policy) == MHD_YES &&
           MHD_add_response_header(response, "Referrer-Policy", "no-referrer") == MHD_YES && MHD_add_response_header(response, "X-Frame-Options", "DENY") == MHD_YES;
}

/* ---- rendering */

static enum representation representation_of(const struct request *request)
{
    switch (request->route) {
    case ROUTE_HEALTH:
        return AS_HEALTH;
    case ROUTE_HEALTHZ:
        return AS_HEALTHZ;
    case ROUTE_READYZ:
        return AS_READYZ;
    case ROUTE_METRICS:
        return request->openmetrics ? AS_OPENMETRICS : AS_TEXT;
    case ROUTE_STATUS:
        return AS_STATUS;
    case ROUTE_SERVICES:
        return AS_SERVICES;
    case ROUTE_CHECKS:
        return AS_CHECKS;
    case ROUTE_INCIDENTS:
        return AS_INCIDENTS;
    case ROUTE_LIMITS:
        return AS_LIMITS;
    case ROUTE_HEAL:
        return AS_HEAL;
    case ROUTE_INCIDENT:
    case ROUTE_WHY:
    case ROUTE_HISTORY:
    case ROUTE_UPTIME:
    case ROUTE_PAGE:
    case ROUTE_NONE:
        break;
    }
    return AS_PAGE;
}

static unsigned render_probe(bool good, const char *bad, struct buffer *out)
{
    buffer_char(out, '{');
    json_bool(out, "ok", good);
    json_text(out, "why", good ? NULL : bad);
    buffer_text(out, "}\n");
    return good ? 200 : 503;
}

/* Returns the status. */
static unsigned render(const struct snapshot *snapshot, enum representation as, bool stalled, struct buffer *out)
{
    switch (as) {
    case AS_HEALTH:
        render_health(snapshot, stalled, out);
        break;
    case AS_HEALTHZ:
        return render_probe(!stalled, "the daemon's loop stands still", out);
    case AS_READYZ:
        return render_probe(snapshot && snapshot->overall.round_complete, "the first round is not complete", out);
    case AS_TEXT:
    case AS_OPENMETRICS:
        render_metrics(snapshot, stalled, as == AS_OPENMETRICS, out);
        break;
    case AS_STATUS:
        render_status(snapshot, stalled, out);
        break;
    case AS_SERVICES:
        render_services(snapshot, out);
        break;
    case AS_CHECKS:
        render_checks(snapshot, out);
        break;
    case AS_INCIDENTS:
        render_incidents(snapshot, out);
        break;
    case AS_LIMITS:
        render_limits(snapshot, out);
        break;
    case AS_HEAL:
        render_heal(snapshot, out);
        break;
    case AS_PAGE:
    case REPRESENTATIONS:
        render_page(snapshot, stalled, out);
    }
    return 200;
}

static const char *type_of(enum representation as)
{
    return as == AS_PAGE ? page_type : as == AS_TEXT ? text_type : as == AS_OPENMETRICS ? openmetrics_type : json_type;
}

struct snapshot *answers_snapshot(struct answers *answers)
{
    struct snapshot *snapshot;

    pthread_mutex_lock(&answers->lock);
    snapshot = snapshot_keep(answers->newest);
    pthread_mutex_unlock(&answers->lock);
    return snapshot;
}

/* What was made from an older snapshot is let go at once: big answers are asked for seldom, and would lie about. */
static void forget_old(struct answers *answers, uint64_t generation)
{
    for (int i = 0; i < REPRESENTATIONS; i++) {
        struct cached *cached = &answers->cached[i];

        if (!cached->response || cached->generation == generation)
            continue;
        MHD_destroy_response(cached->response);
        cached->response = NULL;
    }
}

static void renew(struct answers *answers, enum representation as, bool stalled)
{
    struct cached *cached = &answers->cached[as];
    struct snapshot *snapshot = answers_snapshot(answers);
    struct buffer body = buffer_make(ANSWER_MAX);

    if (cached->response)
        MHD_destroy_response(cached->response);
    cached->generation = snapshot ? snapshot->generation : 0;
    cached->stalled = stalled;
    cached->status = render(snapshot, as, stalled, &body);
    cached->response = make_response(&body, type_of(as));
    if (cached->response && as == AS_PAGE && !guard_page(cached->response)) {
        MHD_destroy_response(cached->response);
        cached->response = NULL;
    }
    forget_old(answers, cached->generation);
    snapshot_drop(snapshot);
}

/* ---- answers that are made for one request, and not kept */

struct answer answers_json(unsigned status, struct buffer *body)
{
    return (struct answer){ status, make_response(body, json_type), true };
}

struct answer answers_refusal(unsigned status, const char *error, const char *message)
{
    return (struct answer){ status, make_refusal(error, message), true };
}

static struct answer answer_incident(const struct snapshot *snapshot, const struct request *request)
{
    struct buffer body = buffer_make(ANSWER_MAX);

    if (render_incident(snapshot, strtoull(request->name, NULL, 10), &body))
        return answers_json(200, &body);
    return answers_refusal(404, "unknown_incident", "there is no incident of that number, open or closed lately; /api/v1/incidents lists them");
}

static struct answer answer_why(const struct snapshot *snapshot, const struct request *request)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    const char *meant;
    char name[REQUEST_QUERY], message[2 * REQUEST_QUERY];

    if (!request_query(request, "of", name, sizeof name) || !name[0])
        return answers_refusal(400, "bad_request", "of=NAME is missing or malformed: a service, a check or an incident's number");
    if (render_why(snapshot, name, &body))
        return answers_json(200, &body);
    meant = render_nearest(snapshot, name);
    snprintf(message, sizeof message, "there is no service, check or incident named %.128s%s%.128s%s", name, meant ? "; did you mean `" : "", meant ? meant : "", meant ? "`?" : "");
    return answers_refusal(404, "unknown_name", message);
}

static struct answer answer_once(struct answers *answers, const struct request *request)
{
    struct snapshot *snapshot = answers_snapshot(answers);
    struct answer made = request->route == ROUTE_WHY ? answer_why(snapshot, request) : answer_incident(snapshot, request);

    snapshot_drop(snapshot);
    if (!made.response)
        return (struct answer){ 503, answers->too_large, false };
    return made;
}

/* ---- the interface */

struct answer answers_get(struct answers *answers, const struct request *request, bool stalled)
{
    enum representation as = representation_of(request);
    const struct cached *cached = &answers->cached[as];
    uint64_t generation = atomic_load_explicit(&answers->generation, memory_order_acquire);

    if (request->route == ROUTE_WHY || request->route == ROUTE_INCIDENT)
        return answer_once(answers, request);
    if (!cached->response || cached->generation != generation || cached->stalled != stalled)
        renew(answers, as, stalled);
    if (!cached->response)
        return (struct answer){ 503, answers->too_large, false };
    return (struct answer){ cached->status, cached->response, false };
}

struct answer answers_refuse(const struct answers *answers, enum judgement judgement)
{
    return (struct answer){ refusals[judgement].status, answers->refusals[judgement], false };
}

void answers_publish(struct answers *answers, struct snapshot *snapshot)
{
    struct snapshot *before;

    pthread_mutex_lock(&answers->lock);
    before = answers->newest;
    answers->newest = snapshot;
    atomic_store_explicit(&answers->generation, snapshot ? snapshot->generation : 0, memory_order_release);
    pthread_mutex_unlock(&answers->lock);
    snapshot_drop(before);
}

/* ---- life */

static bool make_refusals(struct answers *answers)
{
    bool good = true;

    for (int i = REQUEST_GOOD + 1; i < REFUSALS; i++) {
        answers->refusals[i] = make_refusal(refusals[i].error, refusals[i].message);
        good = good && answers->refusals[i];
    }
    answers->too_large = make_refusal("no_memory", "the answer is too large, or there is no memory for it");
    return good && answers->too_large && MHD_add_response_header(answers->refusals[REQUEST_METHOD], MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES;
}

struct answers *answers_create(void)
{
    struct answers *answers = calloc(1, sizeof *answers);

    if (!answers)
        return NULL;
    pthread_mutex_init(&answers->lock, NULL);
    if (make_refusals(answers))
        return answers;
    answers_free(answers);
    return NULL;
}

void answers_free(struct answers *answers)
{
    if (!answers)
        return;
    for (int i = 0; i < REPRESENTATIONS; i++)
        if (answers->cached[i].response)
            MHD_destroy_response(answers->cached[i].response);
    for (int i = 0; i < REFUSALS; i++)
        if (answers->refusals[i])
            MHD_destroy_response(answers->refusals[i]);
    if (answers->too_large)
        MHD_destroy_response(answers->too_large);
    snapshot_drop(answers->newest);
    pthread_mutex_destroy(&answers->lock);
    free(answers);
}
