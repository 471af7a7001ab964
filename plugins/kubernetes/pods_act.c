/*
 * The actions `kubernetes.delete-pod` and `kubernetes.evict`, by name or by selector. A pod is deleted as the one that was seen, by its uid: a name is used
 * again (a StatefulSet's always), and the new pod may be a good one. One that an eviction's disruption budget holds is asked for again while there is time.
 */
#include "act.h"

#include <stdlib.h>

enum { WORDS = 100, RETRY_S = 5, MOST_LISTED = 500 };

#define NS_PER_S UINT64_C(1000000000)

#define PODS_ACT_OPTIONS                                                                                                                         \
    CLUSTER_OPTIONS(struct pods_act_conf),                                                                                                       \
    { .name = "namespace", TALON_STRING_AT(struct pods_act_conf, space), .flags = TALON_REQUIRED, .help = "The namespace of the pods." },        \
    { .name = "name", TALON_STRING_AT(struct pods_act_conf, name), .help = "One pod, by its name." },                                            \
    { .name = "selector", TALON_STRING_AT(struct pods_act_conf, selector), .help = "Pods by their labels instead, such as `app=web`." },         \
    { .name = "at_most",                                                                                                                         \
      TALON_INT_AT(struct pods_act_conf, at_most),                                                                                               \
      .min = 1,                                                                                                                                  \
      .max = 100,                                                                                                                                \
      .fallback = "1",                                                                                                                           \
      .help = "Without `name`: where more pods than this match, none is touched." },                                                             \
    { .name = "waiting",                                                                                                                         \
      TALON_LIST_AT(struct pods_act_conf, waiting),                                                                                              \
      .help = "Instead of `name`, with or without `selector`: only pods of which a container waits for one of these reasons, such as ImagePullBackOff." }, \
    { .name = "uid", TALON_STRING_AT(struct pods_act_conf, uid), .help = "With `name`: only the pod of this uid; another of that name is left alone." }, \
    { .name = "grace",                                                                                                                           \
      TALON_INT_AT(struct pods_act_conf, grace),                                                                                                 \
      .min = -1,                                                                                                                                 \
      .max = 86400,                                                                                                                              \
      .fallback = "-1",                                                                                                                          \
      .help = "Seconds that its programs may take to end; -1: as the pod itself says." }, \
    { .name = NULL }

const struct talon_option delete_pod_options[] = { PODS_ACT_OPTIONS };
const struct talon_option evict_options[] = { PODS_ACT_OPTIONS };

int delete_pod_validate(const void *given, struct talon_problem *problem)
{
    const struct pods_act_conf *conf = given;

    if (!client_is_name(conf->space))
        return option_is_bad(problem, "namespace", "\"%.80s\" is no name of a namespace", conf->space);
    if (conf->name && conf->waiting)
        return option_is_bad(problem, "waiting", "is for many pods, and `name` is one");
    if (!conf->waiting && !conf->name == !conf->selector)
        return option_is_bad(problem, "name", "give either this or `selector`");
    if (conf->name && conf->selector)
        return option_is_bad(problem, "name", "give either this or `selector`");
    if (conf->name && !client_is_name(conf->name))
        return option_is_bad(problem, "name", "\"%.80s\" is no name of a pod", conf->name);
    if (conf->selector && !*conf->selector)
        return option_is_bad(problem, "selector", "an empty one would mean each pod of the namespace");
    if (conf->uid && !conf->name)
        return option_is_bad(problem, "uid", "has no effect without `name`");
    if (conf->grace == 0)
        return option_is_bad(problem, "grace", "0 would force it, and two pods of one name may then run at once: that is for a person to decide");
    return cluster_validate(&conf->cluster, problem);
}

int evict_validate(const void *given, struct talon_problem *problem)
{
    return delete_pod_validate(given, problem);
}

/* ---- words */

static const char *name_of(const cJSON *pod)
{
    return json_string(pod, "metadata.name", "?");
}

/* "Running", "Pending (ImagePullBackOff)", as kubectl shows it in the first place. */
static const char *state_words(struct talon_run *run, const cJSON *pod)
{
    const char *phase = json_string(pod, "status.phase", "in no known phase"), *why = json_string(pod, "status.reason", "");
    const cJSON *container;

    cJSON_ArrayForEach(container, json_at(pod, "status.containerStatuses")) {
        const char *waits = json_string(container, "state.waiting.reason", "");

        if (*waits)
            why = waits;
    }
    return *why ? talon_text(run, "%s (%s)", talon_quote(run, phase, strlen(phase), 40), talon_quote(run, why, strlen(why), 60))
                : talon_quote(run, phase, strlen(phase), 40);
}

/* ---- the end */

/* Which pods are meant, where it is no single one. */
static const char *words_for(struct talon_run *run)
{
    const struct pods_act_conf *conf = run->conf;

    if (!conf->waiting)
        return conf->selector;
    return talon_text(run, "%s%s%s...", conf->selector ? conf->selector : "", conf->selector ? " and waits by " : "one that waits by ", conf->waiting[0]);
}

static const char *add_count(struct talon_run *run, const char *text, unsigned n, const char *words)
{
    return n > 0 ? talon_text(run, "%s%s%u %s", text, *text ? ", " : "", n, words) : text;
}

static void conclude(struct talon_run *run)
{
    const struct pods_act_conf *conf = run->conf;
    const struct pods_act *state = run->state;
    const char *verb = state->evicts ? "evicted" : "deleted", *rest = "";

    rest = add_count(run, rest, state->leaving, "already on the way out");
    rest = add_count(run, rest, state->gone, "gone meanwhile");
    rest = add_count(run, rest, state->changed, "another pod by now and left alone");
    if (state->act.done == 1 && state->n == 1)
        talon_done(run, TALON_OK, "kubernetes.done", "%s the pod %s in %s", verb, state->told, conf->space);
    else if (state->act.done > 0)
        talon_done(run, TALON_OK, "kubernetes.done", "%s %u of %u pods in %s%s%s", verb, state->act.done, state->n, conf->space, *rest ? ": " : "", rest);
    else if (state->changed > 0)
        talon_done(run, TALON_UNKNOWN, "kubernetes.conflict", "nothing was done: of %u pods %s", state->n, rest);
    else if (state->n > 0)
        talon_done(run, TALON_OK, "kubernetes.already", "nothing was left to do: of %u pods %s", state->n, rest);
    else
        talon_done(run, conf->waiting ? TALON_OK : TALON_WARN, "kubernetes.absent", "nothing was done: no pod in %s is %s", conf->space,
                   conf->name ? conf->name : words_for(run));
}

/* ---- one pod */

static void next(struct talon_run *run);
static void act(struct talon_run *run);

static void act_again(struct talon_run *run, void *arg)
{
    (void)arg;
    act(run);
}

/* A budget that allows it in a moment is worth waiting for; one that does not within our time is a refusal. */
static void held_back(struct talon_run *run, const struct client_failure *failure)
{
    const struct pods_act_conf *conf = run->conf;
    const struct pods_act *state = run->state;
    const uint64_t pause = (failure->retry_s > 0 ? failure->retry_s : RETRY_S) * NS_PER_S;
    const char *done = state->act.done > 0 ? talon_text(run, " (%u done before)", state->act.done) : "";

    if (talon_left_ns(run) > pause + NS_PER_S) {
        run->host->progress(run, talon_text(run, "%s, asks again in %llu s: %s", state->what, (unsigned long long)(pause / NS_PER_S), failure->words));
        run->host->timer(run, pause, act_again, NULL);
        return;
    }
    if (!state->evicts) {
        act_failed(run, failure, state->what);
        return;
    }
    talon_done(run, TALON_UNKNOWN, "refused.budget", "not done%s, %s is held back; a person looks at: kubectl -n %s get poddisruptionbudgets (%s)", done,
               state->what, conf->space, failure->words);
}

static void acted(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct pods_act_conf *conf = run->conf;
    struct pods_act *state = run->state;
    const char *text = "gone already";

    (void)got;
    if (call->failure.outcome == CLIENT_BUSY) {
        held_back(run, &call->failure);
        return;
    }
    if (call->failure.outcome == CLIENT_GOOD) {
        state->act.done++;
        text = state->evicts ? "evicted" : "deleted";
    } else if (call->failure.outcome == CLIENT_ABSENT) {
        state->gone++;
    } else if (call->failure.outcome == CLIENT_CONFLICT) {
        state->changed++;
        text = "another pod by now, left alone";
        if (conf->name) {
            talon_done(run, TALON_UNKNOWN, "kubernetes.conflict", "nothing was done: %s is another pod by now (%s)", state->what, call->failure.words);
            return;
        }
    } else {
        act_failed(run, &call->failure, state->what);
        return;
    }
    run->host->detail(run, name_of(state->pod), text);
    next(run);
}

static cJSON *delete_options(struct talon_run *run)
{
    const struct pods_act_conf *conf = run->conf;
    const struct pods_act *state = run->state;
    cJSON *options = cJSON_CreateObject(), *preconditions;

    cJSON_AddStringToObject(options, "apiVersion", "v1");
    cJSON_AddStringToObject(options, "kind", "DeleteOptions");
    preconditions = cJSON_AddObjectToObject(options, "preconditions");
    cJSON_AddStringToObject(preconditions, "uid", json_string(state->pod, "metadata.uid", ""));
    if (conf->grace >= 0)
        cJSON_AddNumberToObject(options, "gracePeriodSeconds", (double)conf->grace);
    return options;
}

static cJSON *eviction(struct talon_run *run)
{
    const struct pods_act_conf *conf = run->conf;
    const struct pods_act *state = run->state;
    cJSON *body = cJSON_CreateObject(), *meta;

    cJSON_AddStringToObject(body, "apiVersion", "policy/v1");
    cJSON_AddStringToObject(body, "kind", "Eviction");
    meta = cJSON_AddObjectToObject(body, "metadata");
    cJSON_AddStringToObject(meta, "name", name_of(state->pod));
    cJSON_AddStringToObject(meta, "namespace", conf->space);
    cJSON_AddItemToObject(body, "deleteOptions", delete_options(run));
    return body;
}

static void act(struct talon_run *run)
{
    const struct pods_act_conf *conf = run->conf;
    const struct pods_act *state = run->state;
    const char *path = talon_text(run, "/api/v1/namespaces/%s/pods/%s%s", conf->space, name_of(state->pod), state->evicts ? "/eviction" : "");

    act_ask(run, state->evicts ? "POST" : "DELETE", path, act_text(run, state->evicts ? eviction(run) : delete_options(run)), NULL, acted);
}

/* What the API server tells about itself must not lead elsewhere, and a pod that only mirrors a file of its node would not go. 1: the run has ended. */
static int is_refused(struct talon_run *run)
{
    const struct pods_act *state = run->state;
    const char *uid = json_string(state->pod, "metadata.uid", "");

    if (!client_is_name(name_of(state->pod)) || !*uid || strlen(uid) > 128)
        talon_done(run, TALON_FAIL, "protocol.bad", "nothing was done: the API server lists a pod without a name or uid");
    else if (json_at(state->pod, "metadata.annotations.kubernetes\\.io/config\\.mirror"))
        talon_done(run, TALON_UNKNOWN, "refused.static", "not done, %s mirrors a manifest of its node: only there can it be removed", name_of(state->pod));
    else
        return 0;
    return 1;
}

static int waits(const cJSON *containers, const char *const *reasons)
{
    const cJSON *container;

    cJSON_ArrayForEach(container, containers)
        for (size_t i = 0; reasons[i]; i++)
            if (strcmp(json_string(container, "state.waiting.reason", ""), reasons[i]) == 0)
                return 1;
    return 0;
}

static int is_meant(const struct pods_act_conf *conf, const cJSON *pod)
{
    return !conf->waiting || waits(json_at(pod, "status.containerStatuses"), conf->waiting) || waits(json_at(pod, "status.initContainerStatuses"), conf->waiting);
}

static void next(struct talon_run *run)
{
    const struct pods_act_conf *conf = run->conf;
    struct pods_act *state = run->state;

    for (state->pod = state->pods; state->pod; state->pod = state->pod->next) {
        if (!is_meant(conf, state->pod))
            continue;
        if (!json_at(state->pod, "metadata.deletionTimestamp"))
            break;
        state->leaving++;
    }
    if (!state->pod) {
        conclude(run);
        return;
    }
    state->pods = state->pod->next;
    if (is_refused(run))
        return;
    state->what = talon_text(run, "the pod %s in %s", name_of(state->pod), conf->space);
    state->told = talon_text(run, "%s, which was %s,", name_of(state->pod), state_words(run, state->pod));
    state->act.by_hand = talon_text(run, "kubectl -n %s delete pod %s", conf->space, name_of(state->pod));
    run->host->progress(run, talon_text(run, "%s %s, which is %s", state->evicts ? "evicts" : "deletes", name_of(state->pod), state_words(run, state->pod)));
    act(run);
}

/* ---- which pods? */

static void found_one(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct pods_act_conf *conf = run->conf;
    struct pods_act *state = run->state;
    const cJSON *pod;
    const char *uid;

    if (call->failure.outcome == CLIENT_ABSENT) {
        conclude(run);
        return;
    }
    pod = act_answer(run, call, got, state->what);
    if (!pod)
        return;
    uid = json_string(pod, "metadata.uid", "");
    if (conf->uid && strcmp(conf->uid, uid) != 0) {
        talon_done(run, TALON_UNKNOWN, "kubernetes.conflict", "nothing was done: %s is another pod by now (uid %s, not %s)", state->what,
                   talon_quote(run, uid, strlen(uid), 60), talon_quote(run, conf->uid, strlen(conf->uid), 60));
        return;
    }
    state->pods = pod;
    state->n = 1;
    next(run);
}

static void found_some(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct pods_act_conf *conf = run->conf;
    struct pods_act *state = run->state;
    const cJSON *list = act_answer(run, call, got, state->what), *items = json_at(list, "items");
    const cJSON *pod;
    unsigned n = 0;

    if (!list)
        return;
    cJSON_ArrayForEach(pod, items)
        n += (unsigned)is_meant(conf, pod);
    if (n > conf->at_most || json_at(list, "metadata.remainingItemCount")) {
        talon_done(run, TALON_UNKNOWN, "refused.too_many", "not done, more than %lld pods in %s match %s; a person looks at: %s",
                   n > conf->at_most ? (long long)conf->at_most : MOST_LISTED, conf->space, words_for(run), state->act.by_hand);
        return;
    }
    state->pods = cJSON_IsArray(items) ? items->child : NULL;
    state->n = n;
    next(run);
}

static void begin(struct talon_run *run, int evicts)
{
    const struct pods_act_conf *conf = run->conf;
    struct pods_act *state = run->state;
    const char *pods = talon_text(run, "/api/v1/namespaces/%s/pods", conf->space), *path;

    state->evicts = evicts;
    if (conf->name) {
        state->what = talon_text(run, "the pod %s in %s", conf->name, conf->space);
        state->act.by_hand = talon_text(run, "kubectl -n %s get pod %s", conf->space, conf->name);
        act_ask(run, NULL, talon_text(run, "%s/%s", pods, conf->name), NULL, NULL, found_one);
        return;
    }
    state->what = talon_text(run, "the pods of %s in %s", words_for(run), conf->space);
    state->act.by_hand = talon_text(run, conf->selector ? "kubectl -n %s get pods -l '%s'" : "kubectl -n %s get pods", conf->space, conf->selector);
    path = conf->selector ? talon_text(run, "%s?labelSelector=%s&", pods, client_escape(run, conf->selector)) : talon_text(run, "%s?", pods);
    act_ask(run, NULL, talon_text(run, "%slimit=%lld", path, conf->waiting ? MOST_LISTED : (long long)conf->at_most + 1), NULL, NULL, found_some);
}

void delete_pod_start(struct talon_run *run)
{
    begin(run, 0);
}

void evict_start(struct talon_run *run)
{
    begin(run, 1);
}
