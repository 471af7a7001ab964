/*
 * What is the matter with a pod: its deletion, its phase, its scheduling, then each of its containers. What needs time (images that are pulled, a startup
 * probe, a readiness probe) is given that time; what will not mend by waiting (an image that is not there, a crash again and again) is told at once.
 */
#include "pod.h"

#include "kit/json.h"
#include "moment.h"

enum { MESSAGE = 220, GONE_S = 60, AGAIN = 3 };

/* The matter that is told of several: those nearer to a cause that a person can mend come first. */
enum { RANK_NONE, RANK_WAITS, RANK_NOT_READY, RANK_TERMINATING, RANK_EXITED, RANK_CRASH, RANK_CONFIG, RANK_IMAGE, RANK_SCHEDULE, RANK_FAILED };

struct look {
    struct talon_run *run;
    const cJSON *pod;
    int64_t starting_s;
    struct pod_state state;
};

__attribute__((format(printf, 5, 6))) static void say(struct look *look, int rank, int patient, const char *reason, const char *format, ...)
{
    char words[400];
    va_list ap;

    if (rank <= look->state.rank)
        return;
    va_start(ap, format);
    vsnprintf(words, sizeof words, format, ap);
    va_end(ap);
    look->state.rank = rank;
    look->state.patient = patient;
    look->state.reason = reason;
    look->state.words = talon_text(look->run, "%s", words);
}

static const char *quote(struct look *look, const cJSON *node, const char *path)
{
    const char *text = json_string(node, path, "");

    return talon_quote(look->run, text, strlen(text), MESSAGE);
}

static const cJSON *condition(const cJSON *pod, const char *type)
{
    const cJSON *found;

    cJSON_ArrayForEach(found, json_at(pod, "status.conditions")) {
        if (strcmp(json_string(found, "type", ""), type) == 0)
            return found;
    }
    return NULL;
}

/* ---- containers */

static unsigned restarts_of(const cJSON *container)
{
    const double n = json_number(container, "restartCount", 0);

    return n > 0 && n < 1e9 ? (unsigned)n : 0;
}

/* " (7 restarts, last: exit code 137, OOMKilled, 2 min ago)" */
static const char *history(struct look *look, const cJSON *container)
{
    const cJSON *last = json_at(container, "lastState.terminated");
    const char *ago = moment_since(look->run, json_string(last, "finishedAt", NULL)), *reason = json_string(last, "reason", "");
    const unsigned restarts = restarts_of(container);

    if (!last)
        return restarts ? talon_text(look->run, " (%u restart%s)", restarts, restarts == 1 ? "" : "s") : "";
    return talon_text(look->run, " (%u restart%s, last: exit code %.0f%s%.40s%s%s%s)", restarts, restarts == 1 ? "" : "s", json_number(last, "exitCode", 0),
                      *reason ? ", " : "", reason, *ago ? ", " : "", ago, *ago ? " ago" : "");
}

static int is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static void look_at_waiting(struct look *look, const cJSON *container, const char *name, int64_t age)
{
    static const char *const images[] = { "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
                                          "RegistryUnavailable", NULL };
    static const char *const patient[] = { "", "ContainerCreating", "PodInitializing", NULL };
    const char *why = json_string(container, "state.waiting.reason", ""), *message = quote(look, container, "state.waiting.message");

    if (strcmp(why, "CrashLoopBackOff") == 0)
        say(look, RANK_CRASH, 0, "kubernetes.crash_loop", "container %.60s crashes again and again%s", name, history(look, container));
    else if (is_one_of(why, images))
        say(look, RANK_IMAGE, 0, "kubernetes.image", "the image %.150s of container %.60s cannot be pulled: %.40s%s%.150s",
            json_string(container, "image", "?"), name, why, *message ? ": " : "", message);
    else if (!is_one_of(why, patient))
        say(look, RANK_CONFIG, 0, "kubernetes.container", "container %.60s cannot be started: %.60s%s%s", name, why, *message ? ": " : "", message);
    else if (age < look->starting_s)
        say(look, RANK_WAITS, 1, "starting", "container %.60s is being created", name);
    else
        say(look, RANK_NOT_READY, 0, "kubernetes.stuck", "container %.60s is being created since %s", name, moment_words(look->run, age));
}

/* Between two crashes it runs for a moment, and is no better for that. */
static int crashes_again(const struct look *look, const cJSON *container)
{
    const cJSON *last = json_at(container, "lastState.terminated");
    const int64_t age = moment_age(look->run, json_string(last, "finishedAt", NULL));

    return restarts_of(container) >= AGAIN && json_number(last, "exitCode", 0) != 0 && age >= 0 && age < look->starting_s;
}

static void look_at_running(struct look *look, const cJSON *container, const char *name)
{
    const int64_t age = moment_age(look->run, json_string(container, "state.running.startedAt", NULL));
    const int probing = cJSON_IsFalse(json_at(container, "started"));
    const int killed = strcmp(json_string(container, "lastState.terminated.reason", ""), "OOMKilled") == 0;

    if (probing)
        say(look, RANK_WAITS, 1, "starting", "container %.60s is within its startup probe since %s", name, moment_words(look->run, age));
    else if (killed)
        say(look, RANK_CRASH, 0, "kubernetes.oom", "container %.60s was killed because its memory was used up%s", name, history(look, container));
    else if (crashes_again(look, container))
        say(look, RANK_CRASH, 0, "kubernetes.crash_loop", "container %.60s crashes again and again%s", name, history(look, container));
    else if (age >= 0 && age < look->starting_s)
        say(look, RANK_WAITS, 1, "starting", "container %.60s started %s ago", name, moment_words(look->run, age));
    else
        say(look, RANK_NOT_READY, 0, "kubernetes.not_ready", "container %.60s runs since %s and is not ready%s", name, moment_words(look->run, age),
            history(look, container));
}

static void look_at_ended(struct look *look, const cJSON *container, const char *name)
{
    const cJSON *ended = json_at(container, "state.terminated");
    const double code = json_number(ended, "exitCode", 0);
    const char *why = json_string(ended, "reason", "");

    if (strcmp(why, "OOMKilled") == 0)
        say(look, RANK_CRASH, 0, "kubernetes.oom", "container %.60s was killed because its memory was used up (%u restarts)", name, restarts_of(container));
    else
        say(look, RANK_EXITED, 0, "kubernetes.exited", "container %.60s ended with exit code %.0f%s%.40s%s", name, code, *why ? ", " : "", why,
            history(look, container));
}

static void look_at_container(struct look *look, const cJSON *container, int init, int64_t age)
{
    const char *name = json_string(container, "name", "?");
    const cJSON *state = json_at(container, "state");
    const int64_t ended = moment_age(look->run, json_string(container, "lastState.terminated.finishedAt", NULL));

    look->state.restarts += restarts_of(container);
    if (ended >= 0 && (look->state.restarted_s < 0 || ended < look->state.restarted_s))
        look->state.restarted_s = ended;
    if (json_is_true(container, "ready"))
        return;
    if (json_at(state, "terminated") && (!init || json_number(state, "terminated.exitCode", 0) != 0)) /* an init container ends, and that is good */
        look_at_ended(look, container, name);
    else if (json_at(state, "running") && init)
        say(look, RANK_WAITS, age < look->starting_s, age < look->starting_s ? "starting" : "kubernetes.stuck", "init container %.60s runs since %s", name,
            moment_since(look->run, json_string(state, "running.startedAt", NULL)));
    else if (json_at(state, "running"))
        look_at_running(look, container, name);
    else if (!json_at(state, "terminated"))
        look_at_waiting(look, container, name, age);
}

/* ---- the pod itself */

static void look_at_deletion(struct look *look)
{
    const char *text = json_string(look->pod, "metadata.deletionTimestamp", NULL);
    const int64_t due = moment_read(text), now = look->run->host->unix_ns(look->run) / 1000000000;
    const int64_t asked = due - (int64_t)json_number(look->pod, "metadata.deletionGracePeriodSeconds", 30);

    if (due == 0)
        return;
    if (now - due > GONE_S)
        say(look, RANK_TERMINATING, 0, "kubernetes.terminating", "it is stuck terminating: it should have been gone %s ago",
            moment_words(look->run, now - due));
    else
        say(look, RANK_TERMINATING, now - asked < look->starting_s, now - asked < look->starting_s ? "starting" : "kubernetes.terminating",
            "it is terminating since %s", moment_words(look->run, now - asked));
}

static void look_at_scheduling(struct look *look, int64_t age)
{
    const cJSON *scheduled = condition(look->pod, "PodScheduled");

    if (strcmp(json_string(scheduled, "status", ""), "False") == 0 && strcmp(json_string(scheduled, "reason", ""), "SchedulingGated") == 0)
        say(look, RANK_SCHEDULE, 0, "kubernetes.gated", "it is held back by a scheduling gate");
    else if (strcmp(json_string(scheduled, "status", ""), "False") == 0)
        say(look, RANK_SCHEDULE, 0, "kubernetes.unschedulable", "no node takes it: %s", quote(look, scheduled, "message"));
    else if (!json_at(look->pod, "status.containerStatuses.0"))
        say(look, RANK_WAITS, age < look->starting_s, age < look->starting_s ? "starting" : "kubernetes.stuck", "it is %s since %s",
            scheduled ? "waiting for its containers" : "waiting for a node", moment_words(look->run, age));
}

static void look_at_phase(struct look *look)
{
    const char *phase = json_string(look->pod, "status.phase", ""), *why = json_string(look->pod, "status.reason", "");

    if (strcmp(phase, "Failed") == 0)
        say(look, RANK_FAILED, 0, "kubernetes.failed", "it has failed%s%.60s: %s", *why ? ": " : "", why, quote(look, look->pod, "status.message"));
    else if (strcmp(phase, "Unknown") == 0 || strcmp(why, "NodeLost") == 0)
        say(look, RANK_FAILED, 0, "kubernetes.silent", "its node is silent");
}

/* All containers are ready and the pod is not: a readiness gate, or a kubelet that says nothing any more. */
static void look_at_rest(struct look *look)
{
    const cJSON *ready = condition(look->pod, "Ready");
    const int64_t since = moment_age(look->run, json_string(ready, "lastTransitionTime", NULL));
    const int patient = since >= 0 && since < look->starting_s;

    say(look, RANK_WAITS, patient, patient ? "starting" : "kubernetes.not_ready", "it is not ready since %s%s%s", moment_words(look->run, since),
        *json_string(ready, "message", "") ? ": " : "", quote(look, ready, "message"));
}

struct pod_state pod_look(struct talon_run *run, const cJSON *pod, int64_t starting_s)
{
    struct look look = { .run = run, .pod = pod, .starting_s = starting_s, .state = { .restarted_s = -1, .reason = "kubernetes.ready", .words = "" } };
    const int64_t age = moment_age(run, json_string(pod, "metadata.creationTimestamp", NULL));
    const cJSON *container;
    const int deleted = json_string(pod, "metadata.deletionTimestamp", NULL) != NULL;

    look.state.name = json_string(pod, "metadata.name", "?");
    look.state.over = strcmp(json_string(pod, "status.phase", ""), "Succeeded") == 0;
    look.state.ready = !deleted && strcmp(json_string(condition(pod, "Ready"), "status", ""), "True") == 0;
    cJSON_ArrayForEach(container, json_at(pod, "status.initContainerStatuses")) {
        look_at_container(&look, container, 1, age);
    }
    cJSON_ArrayForEach(container, json_at(pod, "status.containerStatuses")) {
        look_at_container(&look, container, 0, age);
    }
    if (look.state.ready || look.state.over) {
        look.state.rank = RANK_NONE;
        look.state.reason = "kubernetes.ready";
        look.state.words = "";
        return look.state;
    }
    look_at_deletion(&look);
    look_at_phase(&look);
    look_at_scheduling(&look, age);
    if (look.state.rank == RANK_NONE)
        look_at_rest(&look);
    return look.state;
}

/* ---- selectors */

static const char *label_of(const cJSON *pod, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json_at(pod, "metadata.labels"), key);

    return cJSON_IsString(value) ? value->valuestring : NULL;
}

static int meets(const cJSON *pod, const cJSON *expression)
{
    const char *value = label_of(pod, json_string(expression, "key", "")), *operation = json_string(expression, "operator", "");
    const cJSON *candidate;
    int listed = 0;

    cJSON_ArrayForEach(candidate, json_at(expression, "values")) {
        listed |= value && cJSON_IsString(candidate) && strcmp(candidate->valuestring, value) == 0;
    }
    return strcmp(operation, "In") == 0             ? listed
           : strcmp(operation, "NotIn") == 0        ? !listed
           : strcmp(operation, "Exists") == 0       ? value != NULL
           : strcmp(operation, "DoesNotExist") == 0 ? value == NULL
                                                    : 0;
}

int pod_is_selected(const cJSON *pod, const cJSON *selector)
{
    const cJSON *wanted, *expression;
    int any = 0;

    cJSON_ArrayForEach(wanted, json_at(selector, "matchLabels")) {
        const char *value = label_of(pod, wanted->string);

        any = 1;
        if (!value || !cJSON_IsString(wanted) || strcmp(value, wanted->valuestring) != 0)
            return 0;
    }
    cJSON_ArrayForEach(expression, json_at(selector, "matchExpressions")) {
        any = 1;
        if (!meets(pod, expression))
            return 0;
    }
    return any;
}
