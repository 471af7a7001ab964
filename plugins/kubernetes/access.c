/*
 * The check type `kubernetes.access`: is somebody allowed to do something? The API server is asked by access reviews, one for each subject and verb, one after
 * the other. "No" is a failure. A server that cannot be asked, or that could not find out, has said nothing of anybody's rights.
 */
#include "kubernetes.h"

#include "kit/json.h"

enum { MOST_QUESTIONS = 32, SHOWN_DENIED = 300 };

const struct talon_option access_options[] = {
    CLUSTER_OPTIONS(struct access_conf),
    { .name = "subjects",
      TALON_LIST_AT(struct access_conf, subjects),
      .help = "Users who must be allowed, each for itself (SubjectAccessReview). Default: whoever Talon is itself." },
    { .name = "groups",
      TALON_LIST_AT(struct access_conf, groups),
      .fallback = "[\"system:authenticated\"]",
      .help = "Groups that the `subjects` are in." },
    { .name = "as", TALON_STRING_AT(struct access_conf, as), .help = "A user to act for, where the question is about ourselves (impersonation)." },
    { .name = "verbs", TALON_LIST_AT(struct access_conf, verbs), .flags = TALON_REQUIRED, .help = "What they must be allowed to do: get, list, create ..." },
    { .name = "resource", TALON_STRING_AT(struct access_conf, resource), .flags = TALON_REQUIRED, .help = "With what: nodes, pods, deployments ..." },
    { .name = "subresource", TALON_STRING_AT(struct access_conf, subresource), .help = "A part of it: proxy, log, exec, status ..." },
    { .name = "group", TALON_STRING_AT(struct access_conf, group), .help = "The resource's API group: apps, batch ... Default: the core's." },
    { .name = "namespace", TALON_STRING_AT(struct access_conf, space), .help = "In this namespace. Default: in all, or outside of them." },
    { .name = "name", TALON_STRING_AT(struct access_conf, name), .help = "With the object of this name. Default: with any." },
    { .name = NULL },
};

const struct talon_metric access_metrics[] = { { .name = NULL } };

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

static size_t questions(const struct access_conf *conf)
{
    const size_t subjects = count(conf->subjects);

    return (subjects ? subjects : 1) * count(conf->verbs);
}

int access_validate(const void *given, struct talon_problem *problem)
{
    const struct access_conf *conf = given;

    if (count(conf->verbs) == 0)
        return option_is_bad(problem, "verbs", "needs at least one verb: write [get, list]");
    if (questions(conf) > MOST_QUESTIONS)
        return option_is_bad(problem, "verbs", "and `subjects` make %zu questions: at most %d are asked", questions(conf), MOST_QUESTIONS);
    if (conf->as && count(conf->subjects) > 0)
        return option_is_bad(problem, "as", "has no meaning beside `subjects`, who are asked about by name");
    if (conf->as && (!*conf->as || strpbrk(conf->as, "\r\n")))
        return option_is_bad(problem, "as", "is no name of a user");
    if (conf->space && !client_is_name(conf->space))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", conf->space);
    return cluster_validate(&conf->cluster, problem);
}

void access_setup(struct talon_run *instance)
{
    struct kubernetes_self *self = instance->state;

    self->cluster = cluster_join(instance);
}

/* ---- a question */

static const char *subject(const struct access_conf *conf, size_t at)
{
    return count(conf->subjects) ? conf->subjects[at / count(conf->verbs)] : NULL;
}

static const char *verb(const struct access_conf *conf, size_t at)
{
    return conf->verbs[at % count(conf->verbs)];
}

/* "get, list nodes/proxy in namespace x" */
static const char *act(struct talon_run *run, const char *verbs)
{
    const struct access_conf *conf = run->conf;

    return talon_text(run, "%s %s%s%s%s%s%s%s", verbs, conf->resource, conf->subresource ? "/" : "", conf->subresource ? conf->subresource : "",
                      conf->name ? " " : "", conf->name ? conf->name : "", conf->space ? " in namespace " : "", conf->space ? conf->space : "");
}

static void add(cJSON *to, const char *name, const char *value)
{
    if (value && *value)
        cJSON_AddStringToObject(to, name, value);
}

static const char *review(struct talon_run *run, size_t at)
{
    const struct access_conf *conf = run->conf;
    const char *user = subject(conf, at), *copy;
    cJSON *root = cJSON_CreateObject(), *spec, *what, *groups;
    char *text;

    add(root, "apiVersion", "authorization.k8s.io/v1");
    add(root, "kind", user ? "SubjectAccessReview" : "SelfSubjectAccessReview");
    spec = cJSON_AddObjectToObject(root, "spec");
    add(spec, "user", user);
    if (user && count(conf->groups) > 0) {
        groups = cJSON_AddArrayToObject(spec, "groups");
        for (const char *const *group = conf->groups; *group; group++)
            cJSON_AddItemToArray(groups, cJSON_CreateString(*group));
    }
    what = cJSON_AddObjectToObject(spec, "resourceAttributes");
    add(what, "verb", verb(conf, at));
    add(what, "resource", conf->resource);
    add(what, "subresource", conf->subresource);
    add(what, "group", conf->group);
    add(what, "namespace", conf->space);
    add(what, "name", conf->name);
    text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    copy = talon_text(run, "%s", text ? text : "");
    cJSON_free(text);
    return copy;
}

/* ---- the answers */

static const char *who(const struct access_conf *conf, size_t at)
{
    return subject(conf, at) ? subject(conf, at) : conf->as ? conf->as : "Talon";
}

/* The verbs that are denied to the subject of the last question become a part of the sentence. */
static void close_denial(struct talon_run *run)
{
    const struct access_conf *conf = run->conf;
    struct access_run *state = run->state;

    if (state->verbs && (!state->denied || strlen(state->denied) < SHOWN_DENIED))
        state->denied = talon_text(run, "%s%s%s may not %s", state->denied ? state->denied : "", state->denied ? "; " : "", who(conf, state->at - 1),
                                   act(run, state->verbs));
    state->verbs = NULL;
}

static void conclude(struct talon_run *run)
{
    const struct access_conf *conf = run->conf;
    const struct access_run *state = run->state;

    if (state->denied)
        talon_done(run, TALON_FAIL, "kubernetes.denied", "not allowed: %s", state->denied);
    else if (questions(conf) == 1)
        talon_done(run, TALON_OK, "kubernetes.allowed", "%s may %s", who(conf, 0), act(run, verb(conf, 0)));
    else
        talon_done(run, TALON_OK, "kubernetes.allowed", "all %zu are allowed", questions(conf));
}

static void ask(struct talon_run *run);

static void answered(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct access_conf *conf = run->conf;
    struct access_run *state = run->state;
    const char *problem, *trouble;
    const cJSON *answer;

    if (call->failure.outcome != CLIENT_GOOD) {
        client_unknown(run, &call->failure, "what is allowed");
        return;
    }
    answer = json_parse(run, got->body, got->body_len, &problem);
    trouble = json_string(answer, "status.evaluationError", "");
    if (!answer || !cJSON_IsBool(json_at(answer, "status.allowed"))) {
        talon_done(run, TALON_UNKNOWN, "protocol.bad", "cannot ask the API server for what is allowed: %s",
                   answer ? "the answer is no access review" : problem);
        return;
    }
    if (!json_is_true(answer, "status.allowed") && *trouble) {
        talon_done(run, TALON_UNKNOWN, "kubernetes.review", "the API server could not find out who may %s: %s", act(run, verb(conf, state->at)),
                   talon_quote(run, trouble, strlen(trouble), 200));
        return;
    }
    if (!json_is_true(answer, "status.allowed"))
        state->verbs = state->verbs ? talon_text(run, "%s, %s", state->verbs, verb(conf, state->at)) : verb(conf, state->at);
    state->at++;
    if (state->at % count(conf->verbs) == 0)
        close_denial(run);
    ask(run);
}

static void ask(struct talon_run *run)
{
    const struct access_conf *conf = run->conf;
    const struct kubernetes_self *self = run->self;
    struct access_run *state = run->state;

    if (state->at == questions(conf)) {
        conclude(run);
        return;
    }
    state->call.method = "POST";
    state->call.path = count(conf->subjects) ? "/apis/authorization.k8s.io/v1/subjectaccessreviews" : "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    state->call.body = review(run, state->at);
    state->call.as = conf->as;
    state->call.done = answered;
    client_ask(run, self->cluster, &state->call);
}

void access_start(struct talon_run *run)
{
    ask(run);
}
