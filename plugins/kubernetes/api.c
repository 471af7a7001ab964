/*
 * The check type `kubernetes.api`: does the API server say that it is ready? The status code is the answer; on failure its body names each part, and those that
 * fail are told. This is the check that fails when the server cannot be reached: for all others, that is a question that could not be asked.
 */
#include "kubernetes.h"

enum { SHOWN_PARTS = 4, SHOWN_BODY = 2000 };

#define NS_PER_S 1e9

const struct talon_option api_options[] = {
    CLUSTER_OPTIONS(struct api_conf),
    { .name = "warn_expiry",
      TALON_DURATION_AT(struct api_conf, warn_expiry),
      .fallback = "14d",
      .help = "Warn when a certificate of the server's chain expires within this time; 0: never." },
    { .name = NULL },
};

const struct talon_metric api_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole exchange." },
    { .name = "cert_expires_in", .unit = "s", .help = "Until the first certificate of the server's chain expires." },
    { .name = NULL },
};

int api_validate(const void *given, struct talon_problem *problem)
{
    const struct api_conf *conf = given;

    return cluster_validate(&conf->cluster, problem);
}

void api_setup(struct talon_run *instance)
{
    struct kubernetes_self *self = instance->state;

    self->cluster = cluster_join(instance);
}

static const char *server_of(struct talon_run *run)
{
    const struct kubernetes_self *self = run->self;
    const struct cluster *cluster = self->cluster->state;

    return cluster->login.server ? cluster->login.server : "the API server";
}

/* ---- what the parts say: lines of `[+]ping ok` and `[-]etcd failed: reason withheld` */

struct parts {
    const char *names; /* of those that fail, for people */
    unsigned failing;
    int only_starting; /* all of them are hooks that run once after the start, or caches that fill then */
};

static int begins(const char *text, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static void take_line(struct talon_run *run, const char *line, size_t n, struct parts *parts)
{
    size_t length = 0;

    if (!begins(line, n, "[-]"))
        return;
    line += 3;
    while (length < n - 3 && line[length] != ' ')
        length++;
    parts->only_starting &= begins(line, length, "poststarthook/") || begins(line, length, "informer-sync");
    if (parts->failing++ < SHOWN_PARTS)
        parts->names = talon_text(run, "%s%s%s", parts->names, *parts->names ? ", " : "", talon_quote(run, line, length, 60));
}

static struct parts read_parts(struct talon_run *run, const struct talon_response *got)
{
    struct parts parts = { .names = "", .only_starting = 1 };
    const char *at = got->body, *end = at + got->body_len;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;

        take_line(run, at, (size_t)(stop - at), &parts);
        at = newline ? newline + 1 : end;
    }
    if (parts.failing > SHOWN_PARTS)
        parts.names = talon_text(run, "%s and %u more", parts.names, parts.failing - SHOWN_PARTS);
    return parts;
}

/* ---- the judgement */

static void judge_good(struct talon_run *run, const struct talon_response *got)
{
    const struct api_conf *conf = run->conf;
    const char *took = talon_show_time(run, got->total_ns);
    const int dated = got->peer && got->peer->not_after;
    const double left = dated ? (double)got->peer->not_after - (double)run->host->unix_ns(run) / NS_PER_S : 0;

    if (dated)
        run->host->metric(run, "cert_expires_in", left, "s");
    if (dated && conf->warn_expiry > 0 && left < (double)conf->warn_expiry / NS_PER_S)
        talon_done(run, TALON_WARN, "http.expiry", "ready in %s, but the certificate of %s %s %s%s", took, got->peer->subject,
                   left < 0 ? "expired" : "expires in", talon_show_time(run, (uint64_t)((left < 0 ? -left : left) * NS_PER_S)), left < 0 ? " ago" : "");
    else
        talon_done(run, TALON_OK, "kubernetes.ready", "ready in %s", took);
}

static void judge_broken(struct talon_run *run, const struct client_failure *failure, const struct talon_response *got)
{
    const struct parts parts = read_parts(run, got);

    run->host->detail(run, "answer", talon_quote(run, got->body, got->body_len, SHOWN_BODY));
    if (parts.failing == 0)
        talon_done(run, TALON_FAIL, "kubernetes.not_ready", "it is not ready: %s", failure->words);
    else if (parts.only_starting)
        talon_done(run, TALON_STARTING, "starting", "it starts: %s", parts.names);
    else
        talon_done(run, TALON_FAIL, "kubernetes.not_ready", "it is not ready: %s", parts.names);
}

static void judge_failure(struct talon_run *run, const struct client_failure *failure)
{
    switch (failure->outcome) {
    case CLIENT_UNREACHED:
        talon_done(run, failure->ours ? TALON_UNKNOWN : TALON_FAIL, failure->token, "cannot reach %s: %s", server_of(run), failure->words);
        return;
    case CLIENT_NO_LOGIN:
        talon_done(run, TALON_UNKNOWN, failure->token, "%s", failure->words);
        return;
    case CLIENT_REJECTED:
    case CLIENT_FORBIDDEN:
        talon_done(run, TALON_UNKNOWN, failure->token, "%s refuses our credentials: %s", server_of(run), failure->words);
        return;
    case CLIENT_GOOD:
    case CLIENT_UNHEARD:
    case CLIENT_ABSENT:
    case CLIENT_CONFLICT:
    case CLIENT_GONE:
    case CLIENT_BUSY:
    case CLIENT_BROKEN:
    case CLIENT_ODD:
    default:
        talon_done(run, TALON_FAIL, failure->token, "it is not ready: %s", failure->words);
    }
}

/* ---- the steps */

static void ask(struct talon_run *run, const char *path, client_done_fn *done)
{
    const struct kubernetes_self *self = run->self;
    struct api_run *state = run->state;

    state->call.path = path;
    state->call.urgent = 1;
    state->call.done = done;
    client_ask(run, self->cluster, &state->call);
}

static void judge(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    if (got && got->status)
        run->host->metric(run, "time", (double)got->total_ns / NS_PER_S, "s");
    if (call->failure.outcome == CLIENT_GOOD)
        judge_good(run, got);
    else if (call->failure.outcome == CLIENT_BROKEN)
        judge_broken(run, &call->failure, got);
    else
        judge_failure(run, &call->failure);
}

static void readied(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    if (call->failure.outcome == CLIENT_ABSENT) /* before Kubernetes 1.16, and what stands in for an API server */
        ask(run, "/healthz", judge);
    else if (call->failure.outcome == CLIENT_BROKEN && read_parts(run, got).failing == 0)
        ask(run, "/readyz?verbose", judge);
    else
        judge(run, call, got);
}

void api_start(struct talon_run *run)
{
    ask(run, "/readyz", readied);
}
