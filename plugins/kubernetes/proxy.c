/*
 * The check type `kubernetes.proxy`: fetches a page of a service through the API server and judges it as `http` does. A service that has no pod to answer is
 * failed; an API server that cannot be asked, or does not let us, says nothing of the service.
 */
#include "kubernetes.h"

#include "kit/expect.h"
#include "kit/json.h"

#include <stddef.h>

enum { BODY_OK = 256, BODY_BAD = 1024 };

const struct talon_option proxy_options[] = {
    CLUSTER_OPTIONS(struct proxy_conf),
    PROXY_OPTIONS(struct proxy_conf),
    { .name = "path", TALON_STRING_AT(struct proxy_conf, path), .fallback = "/", .help = "What to fetch of it, with its query." },
    { .name = "expect_status",
      TALON_LIST_AT(struct proxy_conf, expect_status),
      .help = "Status codes that are good: `200`, `2xx` or `200-399`; `2xx` unless given." },
    { .name = "expect_body",
      TALON_PATTERN_AT(struct proxy_conf, expect_body),
      .help = "Regular expression that must be found in the body." },
    { .name = "expect_json",
      TALON_MAP_AT(struct proxy_conf, expect_json),
      .help = "Values in the JSON body by their path (`status`, `checks.0.ok`), numbers compared by value." },
    { .name = "expect_header",
      TALON_MAP_AT(struct proxy_conf, expect_header),
      .help = "Regular expressions that a header's value must match, by header name; `^$`: it is empty or missing. The API server adds some of its own." },
    { .name = "starting_body",
      TALON_PATTERN_AT(struct proxy_conf, starting_body),
      .help = "Where this regular expression is found in the body of an answer that is not good, the service is starting." },
    { .name = "max_body",
      TALON_SIZE_AT(struct proxy_conf, max_body),
      .min = 1,
      .max = 8 << 20,
      .fallback = "1MiB",
      .help = "A larger body cannot be judged." },
    { .name = "warn_after",
      TALON_DURATION_AT(struct proxy_conf, warn_after),
      .help = "An answer that takes so long, the way through the API server with it, is a warning; 0: never." },
    { .name = NULL },
};

const struct talon_metric proxy_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole exchange, the way through the API server with it." },
    { .name = "status", .unit = "", .help = "Status code of the answer." },
    { .name = "size", .unit = "B", .help = "Size of the body." },
    { .name = NULL },
};

/* ---- for all that ask a service */

const char *const proxy_kinds[] = { "deployment", "statefulset", NULL };

static int is_port(const char *text)
{
    return *text && strlen(text) <= 63 && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

int proxy_target_validate(const struct proxy_target *target, struct talon_problem *problem)
{
    if (!client_is_name(target->space) || strchr(target->space, ':'))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", target->space);
    if (!client_is_name(target->service) || strchr(target->service, ':'))
        return option_is_bad(problem, "service", "\"%.80s\" is no name of a service", target->service);
    if (!is_port(target->port))
        return option_is_bad(problem, "port", "\"%.80s\" is no port: write its number, or its name in the service", target->port);
    if (target->workload && !client_is_name(target->workload))
        return option_is_bad(problem, "workload", "\"%.80s\" is no name of a workload", target->workload);
    return 0;
}

void proxy_join(struct talon_run *instance, const struct proxy_target *target)
{
    struct kubernetes_self *self = instance->state;

    self->cluster = cluster_join(instance);
    if (target->workload)
        self->list = list_join(instance, talon_text(instance, "/apis/apps/v1/namespaces/%s/%ss", target->space, proxy_kinds[target->kind]), "", 0);
}

void proxy_ask(struct talon_run *run, const struct proxy_target *target, const char *path, uint32_t max_body, struct proxy_call *proxied, client_done_fn *done)
{
    const struct kubernetes_self *self = run->self;

    proxied->target = target;
    proxied->call.path = talon_text(run, "/api/v1/namespaces/%s/services/%s:%s/proxy%s", target->space, target->service, target->port, path);
    proxied->call.max_body = max_body;
    proxied->call.done = done;
    client_ask(run, self->cluster, &proxied->call);
}

/* ---- nobody answers: is that wanted? */

static void workloads_listed(struct talon_run *run, struct list_want *want)
{
    const struct proxy_call *proxied = (const struct proxy_call *)(const void *)((const char *)want - offsetof(struct proxy_call, workloads));
    const struct proxy_target *target = proxied->target;
    const cJSON *workload = want->items ? list_find(want->items, target->workload) : NULL;

    if (workload && json_number(workload, "spec.replicas", 1) < 1)
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "nobody answers: the %s %s is scaled to 0 replicas", proxy_kinds[target->kind], target->workload);
    else
        talon_done(run, TALON_FAIL, "kubernetes.no_endpoint", "nobody answers behind the service %s of namespace %s: %s", target->service, target->space,
                   proxied->words);
}

static void no_endpoint(struct talon_run *run, struct proxy_call *proxied)
{
    const struct kubernetes_self *self = run->self;

    snprintf(proxied->words, sizeof proxied->words, "%s", proxied->call.failure.words);
    if (self->list)
        list_get(run, self->list, &proxied->workloads, workloads_listed);
    else
        workloads_listed(run, &proxied->workloads);
}

/* Did the API server itself say that? A service that answers with such an object would have to be an API server. */
static int is_its_own(struct talon_run *run, const struct talon_response *got)
{
    char problem[JSON_PROBLEM];
    cJSON *status = json_read(run, got->body, got->body_len, problem);
    const int own = strcmp(json_string(status, "kind", ""), "Status") == 0 && strcmp(json_string(status, "apiVersion", ""), "v1") == 0;

    cJSON_Delete(status);
    return own;
}

int proxy_reached(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    struct proxy_call *proxied = (struct proxy_call *)(void *)call; /* its first member */
    const struct proxy_target *target = proxied->target;
    const struct client_failure *failure = &call->failure;

    if (got && got->status)
        run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    if (failure->outcome == CLIENT_GOOD || (failure->outcome != CLIENT_UNREACHED && got && got->status && !is_its_own(run, got)))
        return 1;
    if (failure->outcome == CLIENT_ABSENT)
        talon_done(run, TALON_FAIL, failure->token, "there is no service %s in namespace %s", target->service, target->space);
    else if (failure->outcome == CLIENT_BROKEN && got->status == 503)
        no_endpoint(run, proxied);
    else
        client_unknown(run, failure, talon_text(run, "the service %s of namespace %s", target->service, target->space));
    return 0;
}

/* ---- the check */

int proxy_validate(const void *given, struct talon_problem *problem)
{
    const struct proxy_conf *conf = given;
    const char *const *status;
    const struct talon_pair *pair;
    char why[160];

    if (*conf->path != '/' || conf->path[strcspn(conf->path, " \r\n\t#")])
        return option_is_bad(problem, "path", "must begin with / and hold no spaces: write one as %%20");
    for (status = conf->expect_status; status && *status; status++)
        if (!expect_status_is_pattern(*status))
            return option_is_bad(problem, "expect_status", "\"%.40s\" is no status: write 200, 2xx or 200-399", *status);
    for (pair = conf->expect_json; pair && pair->name; pair++)
        if (!json_is_path(pair->name))
            return option_is_bad(problem, "expect_json", "\"%.80s\" is no path: write names and indexes with dots between, as checks.0.ok", pair->name);
    if (!expect_headers_are_good(conf->expect_header, why, sizeof why))
        return option_is_bad(problem, "expect_header", "%s", why);
    return proxy_target_validate(&conf->target, problem) || cluster_validate(&conf->cluster, problem);
}

void proxy_setup(struct talon_run *instance)
{
    const struct proxy_conf *conf = instance->conf;
    struct kubernetes_self *self = instance->state;

    proxy_join(instance, &conf->target);
    self->headers = expect_headers(instance, conf->expect_header);
}

/* NULL: all is as expected; else what is not, and its reason. */
static const char *problem_of(struct talon_run *run, const struct talon_response *got, const char **reason)
{
    const struct proxy_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    const char *problem;

    *reason = "http.status";
    if (!expect_status_matches(conf->expect_status, got->status))
        return talon_text(run, "HTTP %u, expected %s%s", got->status, expect_status_words(run, conf->expect_status), expect_own_words(run, got));
    *reason = "http.header";
    if ((problem = expect_header_problem(run, self->headers, got->headers)) != NULL)
        return talon_text(run, "HTTP %u, but %s", got->status, problem);
    *reason = "http.body";
    if (conf->expect_body && !run->host->match(run, conf->expect_body, got->body, got->body_len, NULL))
        return got->body_len == 0 ? talon_text(run, "HTTP %u, but the body is empty", got->status)
                                  : talon_text(run, "HTTP %u, but the body does not match%s", got->status, expect_own_words(run, got));
    *reason = "http.json";
    problem = conf->expect_json ? expect_json_problem(run, conf->expect_json, got->body, got->body_len) : NULL;
    return problem ? talon_text(run, "HTTP %u, but %s", got->status, problem) : NULL;
}

static void judge(struct talon_run *run, const struct talon_response *got)
{
    const struct proxy_conf *conf = run->conf;
    const char *reason, *problem = problem_of(run, got, &reason);

    run->host->metric(run, "status", got->status, "");
    run->host->metric(run, "size", (double)got->body_len, "B");
    if (got->body_len > 0)
        run->host->detail(run, "body", talon_quote(run, got->body, got->body_len, problem ? BODY_BAD : BODY_OK));
    if (!problem && conf->warn_after && got->total_ns >= conf->warn_after)
        talon_done(run, TALON_WARN, "http.slow", "HTTP %u in %s, expected within %s", got->status, talon_show_time(run, got->total_ns),
                   talon_show_time(run, conf->warn_after));
    else if (!problem)
        talon_done(run, TALON_OK, "http.ok", "HTTP %u in %s", got->status, talon_show_time(run, got->total_ns));
    else if (conf->starting_body && run->host->match(run, conf->starting_body, got->body, got->body_len, NULL))
        talon_done(run, TALON_STARTING, "starting", "it is not ready yet: %s", problem);
    else
        talon_done(run, TALON_FAIL, reason, "%s", problem);
}

static void answered(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    if (proxy_reached(run, call, got))
        judge(run, got);
}

void proxy_start(struct talon_run *run)
{
    const struct proxy_conf *conf = run->conf;

    proxy_ask(run, &conf->target, conf->path, (uint32_t)conf->max_body, run->state, answered);
}
