/*
 * Asking an API server: see client.h. A call waits for the login, then for its turn, then for the answer; credentials that are refused are exchanged once,
 * where there is somebody to give others.
 */
#include "client.h"

#include "kit/json.h"

#include <stdlib.h>

enum { MOST_HEADERS = 24, QUOTE = 200 };

static void next(struct talon_run *owner, struct client_call *call);

/* ---- the turn */

static void give_back(struct client_call *call)
{
    struct cluster *cluster = call->cluster->state;

    if (!call->holds)
        return;
    call->holds = 0;
    cluster->in_use--;
    call->cluster->host->wake(call->cluster);
}

/* The owner has ended in the middle of it. */
static void give_back_at_end(void *call)
{
    give_back(call);
}

__attribute__((format(printf, 5, 6))) static void fail(struct talon_run *owner, struct client_call *call, enum client_outcome outcome, const char *token,
                                                       const char *format, ...)
{
    va_list ap;

    give_back(call);
    call->failure.outcome = outcome;
    snprintf(call->failure.token, sizeof call->failure.token, "%s", token);
    va_start(ap, format);
    vsnprintf(call->failure.words, sizeof call->failure.words, format, ap);
    va_end(ap);
    call->done(owner, call, NULL);
}

/* ---- what is sent */

struct head {
    const char *lines[MOST_HEADERS + 1];
    char *mine[MOST_HEADERS]; /* to be overwritten and released */
    size_t n, n_mine;
    struct talon_tls tls;
};

/* `name` with all that stands before the value. */
static void add(struct talon_run *owner, struct head *head, const char *name, const char *value)
{
    if (head->n == MOST_HEADERS)
        return;
    head->mine[head->n_mine] = (char *)(uintptr_t)talon_text(owner, "%s%s", name, value);
    head->lines[head->n++] = head->mine[head->n_mine++];
}

static void forget(struct talon_run *owner, struct head *head)
{
    for (size_t i = 0; i < head->n_mine; i++) {
        volatile char *byte = head->mine[i];

        while (*byte)
            *byte++ = '\0';
        owner->host->release(owner, head->mine[i]);
    }
}

/* 0: the token cannot be had. */
static int prepare(struct talon_run *owner, struct talon_run *shared, const char *as, const char *type, struct head *head)
{
    const struct cluster *cluster = shared->state;
    const struct kubeconfig_login *login = &cluster->login;
    const cJSON *group, *groups = as ? NULL : login->as_groups;
    const char *token = cluster_token(shared);

    if (!token)
        return 0;
    add(owner, head, "Accept: ", "application/json");
    if (type)
        add(owner, head, "Content-Type: ", type);
    if (*token)
        add(owner, head, "Authorization: Bearer ", token);
    if (as || login->as)
        add(owner, head, "Impersonate-User: ", as ? as : login->as);
    cJSON_ArrayForEach(group, groups) {
        if (cJSON_IsString(group))
            add(owner, head, "Impersonate-Group: ", group->valuestring);
    }
    head->tls = (struct talon_tls){
        .size = sizeof head->tls,
        .insecure = (uint32_t)login->insecure,
        .ca = login->ca,
        .cert = cluster->given.cert ? cluster->given.cert : login->cert,
        .key = cluster->given.cert ? cluster->given.key : login->key,
        .server_name = login->server_name,
    };
    return 1;
}

/* ---- what comes back */

const char *client_words(struct talon_run *owner, const struct talon_response *got)
{
    const char *body = got->body, *message, *words;
    char problem[JSON_PROBLEM];
    cJSON *status = got->body_len > 0 && *body == '{' ? json_read(owner, body, got->body_len, problem) : NULL;

    message = json_string(status, "message", NULL);
    words = message && *message ? talon_quote(owner, message, strlen(message), QUOTE) : talon_quote(owner, body, got->body_len, QUOTE);

    cJSON_Delete(status);
    return words;
}

static enum client_outcome outcome_of(uint32_t status, const char **token)
{
    static const struct {
        uint32_t status;
        enum client_outcome outcome;
        const char *token;
    } known[] = {
        { 401, CLIENT_REJECTED, "auth.rejected" },       { 403, CLIENT_FORBIDDEN, "auth.forbidden" }, { 404, CLIENT_ABSENT, "kubernetes.absent" },
        { 409, CLIENT_CONFLICT, "kubernetes.conflict" }, { 410, CLIENT_GONE, "kubernetes.gone" },     { 429, CLIENT_BUSY, "kubernetes.busy" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status) {
            *token = known[i].token;
            return known[i].outcome;
        }
    *token = status >= 500 ? "kubernetes.error" : "http.status";
    return status >= 500 ? CLIENT_BROKEN : CLIENT_ODD;
}

static void note_status(struct talon_run *owner, struct client_call *call, const struct talon_response *got)
{
    const char *retry = talon_header(got->headers, "Retry-After"), *token, *words = client_words(owner, got);

    call->failure.outcome = outcome_of(got->status, &token);
    snprintf(call->failure.token, sizeof call->failure.token, "%s", token);
    call->failure.retry_s = retry && strlen(retry) < 6 ? (uint32_t)strtoul(retry, NULL, 10) : 0;
    if (call->failure.outcome == CLIENT_BUSY && retry)
        snprintf(call->failure.words, sizeof call->failure.words, "HTTP 429, to be asked again after %.20s s: %s", retry, words);
    else
        snprintf(call->failure.words, sizeof call->failure.words, "HTTP %u%s%s", got->status, *words ? ": " : "", words);
    owner->host->release(owner, (void *)(uintptr_t)words);
}

static void answered(struct talon_run *owner, void *arg, const struct talon_response *got)
{
    struct client_call *call = arg;

    if (got->error.code) {
        call->failure.ours = talon_ours(&got->error);
        give_back(call);
        call->failure.outcome = CLIENT_UNREACHED;
        snprintf(call->failure.token, sizeof call->failure.token, "%s", got->error.token);
        snprintf(call->failure.words, sizeof call->failure.words, "%s", got->error.text);
        call->done(owner, call, got);
        return;
    }
    if (got->status == 401 && !call->renewed && cluster_refused(call->cluster)) {
        call->renewed = 1;
        give_back(call);
        next(owner, call);
        return;
    }
    call->failure.outcome = CLIENT_GOOD;
    if (got->status < 200 || got->status > 299)
        note_status(owner, call, got);
    give_back(call);
    call->done(owner, call, got);
}

/* ---- the steps */

static void send(struct talon_run *owner, struct client_call *call)
{
    struct cluster *cluster = call->cluster->state;
    struct head head = { .n = 0 };
    char *url;

    if (!prepare(owner, call->cluster, call->as, !call->body ? NULL : call->type ? call->type : "application/json", &head)) {
        forget(owner, &head);
        fail(owner, call, CLIENT_NO_LOGIN, "kubernetes.kubeconfig", "%s", cluster->problem);
        return;
    }
    call->holds = 1;
    cluster->in_use++;
    url = (char *)(uintptr_t)talon_text(owner, "%s%s", cluster->login.server, call->path);
    owner->host->http(owner,
                      TALON_REQUEST(talon_http, .flags = call->once ? 0 : TALON_HTTP_KEEP, .method = call->method, .url = url, .headers = head.lines,
                                    .body = call->body, .body_len = call->body ? strlen(call->body) : 0, .tls = &head.tls,
                                    .timeout_ns = call->timeout_ns, .max_body = call->max_body),
                      answered, call);
    owner->host->release(owner, url);
    forget(owner, &head);
}

static void woken(struct talon_run *owner, void *arg, uint32_t late)
{
    struct client_call *call = arg;
    const struct cluster *cluster = call->cluster->state;

    if (!late)
        next(owner, call);
    else if (cluster->spawned)
        fail(owner, call, CLIENT_NO_LOGIN, "kubernetes.kubeconfig", "the credential plugin %.100s has not ended yet",
             json_string(cluster->login.exec, "command", "?"));
    else
        fail(owner, call, CLIENT_UNHEARD, "kubernetes.busy", "it has not answered what was asked before");
}

static void next(struct talon_run *owner, struct client_call *call)
{
    const struct cluster *cluster = call->cluster->state;
    const enum cluster_state state = cluster_login(call->cluster);

    if (state == CLUSTER_BROKEN)
        fail(owner, call, CLIENT_NO_LOGIN, "kubernetes.kubeconfig", "%s", cluster->problem);
    else if (state == CLUSTER_WAITS || (cluster->in_use >= CLUSTER_AT_ONCE && !call->urgent))
        owner->host->wait(owner, call->cluster, woken, call);
    else
        send(owner, call);
}

void client_ask(struct talon_run *owner, struct talon_run *cluster, struct client_call *call)
{
    call->cluster = cluster;
    call->renewed = 0;
    call->failure = (struct client_failure){ .outcome = CLIENT_GOOD };
    if (!call->deferred) {
        call->deferred = 1;
        owner->host->defer(owner, give_back_at_end, call);
    }
    next(owner, call);
}

talon_op client_stream(struct talon_run *owner, struct talon_run *shared, const char *path, uint64_t timeout_ns, talon_data_fn *data, talon_http_fn *done)
{
    const struct cluster *cluster = shared->state;
    struct head head = { .n = 0 };
    talon_op op = 0;
    char *url;

    if (cluster_login(shared) == CLUSTER_READY && prepare(owner, shared, NULL, NULL, &head)) {
        url = (char *)(uintptr_t)talon_text(owner, "%s%s", cluster->login.server, path);
        op = owner->host->http(owner,
                               TALON_REQUEST(talon_http, .url = url, .headers = head.lines, .tls = &head.tls, .timeout_ns = timeout_ns,
                                             .max_body = 4u << 20, .data = data),
                               done, NULL);
        owner->host->release(owner, url);
    }
    forget(owner, &head);
    return op;
}

/* ---- for those who ask */

void client_unknown(struct talon_run *run, const struct client_failure *failure, const char *what)
{
    talon_done(run, TALON_UNKNOWN, failure->token, "cannot ask the API server for %s: %s", what, failure->words);
}

int client_is_name(const char *text)
{
    return *text && strlen(text) <= 253 && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:_")] == '\0' && *text != '.';
}

const char *client_escape(struct talon_run *owner, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~";
    static const char hex[] = "0123456789ABCDEF";
    char *escaped = owner->host->alloc(owner, 3 * strlen(text) + 1);
    size_t n = 0;

    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (strchr(plain, c)) {
            escaped[n++] = (char)c;
        } else {
            escaped[n++] = '%';
            escaped[n++] = hex[c >> 4];
            escaped[n++] = hex[c & 15];
        }
    }
    return escaped;
}
