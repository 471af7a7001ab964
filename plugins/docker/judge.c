/*
 * What `docker.container` says of a container. `State.Running` is true of a paused one too, so `State.Status` decides, and only one that runs is asked about
 * health, restarts and how it was set up.
 */
#include "docker.h"

#include "kit/moment.h"

enum { WORDS = 200 };

/* ---- words */

const char *docker_exit(struct talon_run *run, int code)
{
    static const struct {
        int code;
        const char *meaning;
    } known[] = {
        { 125, "Docker could not run it" },  { 126, "its command cannot be executed" }, { 127, "its command was not found" },
        { 134, "SIGABRT" },                  { 137, "SIGKILL" },                        { 139, "SIGSEGV" },
        { 143, "SIGTERM" },                  { 255, "also what is left when Docker or its machine ended under it" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            return talon_text(run, "exit code %d (%s)", code, known[i].meaning);
    return talon_text(run, "exit code %d", code);
}

/* Nanoseconds between the moment that stands there and now; -1: none does. */
static int64_t since(const cJSON *container, const char *path, int64_t now)
{
    int64_t then;

    if (!moment_rfc3339(json_string(container, path, ""), &then))
        return -1;
    return now > then ? now - then : 0;
}

const char *docker_ago(struct talon_run *run, const cJSON *container, const char *path, int64_t now)
{
    const int64_t ns = since(container, path, now);

    if (ns < 0)
        return "";
    return ns < 1000000000 ? " just now" : talon_text(run, " %s ago", talon_show_time(run, (uint64_t)ns)); /* its clock and ours may differ by as much */
}

/* The last line that the last health check said; "": it said nothing. */
static const char *health_words(struct talon_run *run, const cJSON *container)
{
    const cJSON *log = json_at(container, "State.Health.Log");
    const int n = cJSON_IsArray(log) ? cJSON_GetArraySize(log) : 0;
    const char *text = n > 0 ? json_string(cJSON_GetArrayItem(log, n - 1), "Output", "") : "";
    size_t end = strlen(text), from;

    while (end > 0 && (unsigned char)text[end - 1] <= ' ')
        end--;
    for (from = end; from > 0 && text[from - 1] != '\n' && text[from - 1] != '\r';)
        from--;
    return talon_quote(run, text + from, end - from, WORDS);
}

static const char *error_words(struct talon_run *run, const cJSON *container)
{
    const char *text = json_string(container, "State.Error", "");

    return talon_quote(run, text, strlen(text), WORDS);
}

static int exit_code(const cJSON *container)
{
    const double code = json_number(container, "State.ExitCode", 0);

    return code >= -1000 && code <= 100000 ? (int)code : -1;
}

/* ", restarted 5 times"; "": never. */
static const char *restarts_words(struct talon_run *run, const cJSON *container)
{
    const double n = json_number(container, "RestartCount", 0);

    return n < 1 ? "" : talon_text(run, ", restarted %.0f time%s", n, n < 1.5 ? "" : "s");
}

/* ---- one that runs */

/* Is it set up other than it should be? A sentence part; NULL: no. */
static const char *set_up_badly(struct talon_run *run, const cJSON *container, const char **reason)
{
    const struct docker_container_conf *conf = run->conf;
    const char *policy = json_string(container, "HostConfig.RestartPolicy.Name", ""), *const *port = conf->forbid_ports;
    const double memory = json_number(container, "HostConfig.Memory", 0);

    *reason = "docker.policy";
    if (conf->restart_policy != DOCKER_POLICY_ANY && strcmp(*policy ? policy : "no", docker_policies[conf->restart_policy]) != 0)
        return talon_text(run, "its restart policy is %s, expected %s", *policy ? talon_quote(run, policy, strlen(policy), 40) : "no",
                          docker_policies[conf->restart_policy]);
    *reason = "docker.memory";
    if (conf->memory > 0 && (memory < (double)conf->memory || memory > (double)conf->memory))
        return talon_text(run, "its memory is %s, expected %s", memory < 1 ? "not bounded" : talon_text(run, "bounded to %s", talon_show_size(run, memory)),
                          talon_show_size(run, (double)conf->memory));
    *reason = "docker.port";
    for (; port && *port; port++)
        if (json_at(container, talon_text(run, "HostConfig.PortBindings.%s", *port)))
            return talon_text(run, "it publishes %s, which must not be", *port);
    return NULL;
}

/* How many restarts there were since the last look at the same container. */
static double new_restarts(struct talon_run *run, const cJSON *container)
{
    struct docker_self *self = run->self;
    const char *id = json_string(container, "Id", "");
    const double restarts = json_number(container, "RestartCount", 0);
    const double before = self->restarts >= 0 && strncmp(self->id, id, sizeof self->id - 1) == 0 ? self->restarts : restarts;

    self->restarts = restarts;
    snprintf(self->id, sizeof self->id, "%s", id);
    return restarts - before;
}

/* It runs, and what could not be said of its life is not in the way: is anything worth a warning? */
static void judge_manner(struct talon_run *run, const cJSON *container, int64_t up)
{
    const double again = new_restarts(run, container);
    const char *reason, *problem = set_up_badly(run, container, &reason), *shown = up < 0 ? "" : talon_text(run, " for %s", talon_show_time(run, (uint64_t)up));

    if (again >= 1)
        talon_done(run, TALON_WARN, "docker.restarted", "runs%s, but Docker had to restart it %.0f time%s since the last look", shown, again,
                   again < 1.5 ? "" : "s");
    else if (json_is_true(container, "State.OOMKilled"))
        talon_done(run, TALON_WARN, "docker.oom", "runs%s, but the kernel has killed a process of it for want of memory", shown);
    else if (problem)
        talon_done(run, TALON_WARN, reason, "runs%s, but %s", shown, problem);
    else
        talon_done(run, TALON_OK, "docker.ok", "runs%s%s%s", shown, json_at(container, "State.Health.Status") ? ", healthy" : "",
                   restarts_words(run, container));
}

static void is_old_enough(struct talon_run *instance, void *arg)
{
    (void)arg;
    ((struct docker_self *)instance->state)->again = 0;
    instance->host->nudge(instance);
}

/* Nobody tells that a container has run for long enough: it is looked at when that is so, not at its next turn. */
static void judge_young(struct talon_run *run, const cJSON *container, uint64_t up)
{
    const struct docker_container_conf *conf = run->conf;
    struct talon_run *instance = run->instance;
    struct docker_self *self = run->self;

    if (!(run->flags & TALON_ONCE)) {
        instance->host->stop(instance, self->again);
        self->again = instance->host->timer(instance, conf->for_ns - up, is_old_enough, NULL);
    }
    talon_done(run, TALON_STARTING, "starting", "runs for %s only%s", talon_show_time(run, up), restarts_words(run, container));
}

static void judge_running(struct talon_run *run, const cJSON *container, int64_t now)
{
    const struct docker_container_conf *conf = run->conf;
    const char *health = json_string(container, "State.Health.Status", "none"), *words = health_words(run, container);
    const double streak = json_number(container, "State.Health.FailingStreak", 0);
    const int64_t up = since(container, "State.StartedAt", now);

    if (up >= 0)
        run->host->metric(run, "uptime", (double)up / 1e9, "s");
    if (strcmp(health, "none") != 0)
        run->host->metric(run, "health_failures", streak, "");
    if (strcmp(health, "unhealthy") == 0)
        talon_done(run, TALON_FAIL, "docker.unhealthy", "is unhealthy, %.0f health check%s failed in a row%s%s", streak, streak > 0 && streak < 2 ? "" : "s",
                   *words ? ": " : "", words);
    else if (strcmp(health, "starting") == 0)
        talon_done(run, TALON_STARTING, "starting", "runs, but no health check has passed yet%s%s", *words ? ": " : "", words);
    else if (up >= 0 && (uint64_t)up < conf->for_ns)
        judge_young(run, container, (uint64_t)up);
    else
        judge_manner(run, container, up);
}

/* ---- one that does not */

static void judge_paused(struct talon_run *run, const cJSON *container, int64_t now)
{
    (void)container, (void)now;
    talon_done(run, TALON_FAIL, "docker.paused", "is paused: its processes stand still until it is unpaused");
}

static void judge_restarting(struct talon_run *run, const cJSON *container, int64_t now)
{
    const char *error = error_words(run, container), *how = docker_exit(run, exit_code(container));

    if (json_is_true(container, "State.OOMKilled"))
        talon_done(run, TALON_FAIL, "docker.oom", "ends again and again, killed for want of memory%s%s", docker_ago(run, container, "State.FinishedAt", now),
                   restarts_words(run, container));
    else
        talon_done(run, TALON_FAIL, "docker.restarting", "ends again and again, last%s: %s%s", docker_ago(run, container, "State.FinishedAt", now),
                   *error ? error : how, restarts_words(run, container));
}

static void judge_exited(struct talon_run *run, const cJSON *container, int64_t now)
{
    const int code = exit_code(container);
    const char *error = error_words(run, container);
    const char *ago = docker_ago(run, container, "State.FinishedAt", now), *how = talon_text(run, "%s%s%s", docker_exit(run, code), *ago ? "," : "", ago);

    if (*error)
        talon_done(run, TALON_FAIL, "docker.start", "does not run, Docker could not start it: %s", error);
    else if (json_is_true(container, "State.OOMKilled"))
        talon_done(run, TALON_FAIL, "docker.oom", "was killed for want of memory%s", docker_ago(run, container, "State.FinishedAt", now));
    else if (code == 0 || code == 137 || code == 143)
        docker_judge_stopped(run, container, how);
    else
        talon_done(run, TALON_FAIL, "docker.exited", "has ended: %s%s", how, restarts_words(run, container));
}

static void judge_created(struct talon_run *run, const cJSON *container, int64_t now)
{
    const struct docker_container_conf *conf = run->conf;
    const char *error = error_words(run, container);
    const int64_t age = since(container, "Created", now);

    if (*error)
        talon_done(run, TALON_FAIL, "docker.start", "does not run, Docker could not start it: %s", error);
    else if (age >= 0 && (uint64_t)age < conf->for_ns)
        talon_done(run, TALON_STARTING, "starting", "was made %s ago and is not started yet", talon_show_time(run, (uint64_t)age));
    else
        talon_done(run, TALON_FAIL, "docker.created", "was made%s, but never started", docker_ago(run, container, "Created", now));
}

static void judge_removing(struct talon_run *run, const cJSON *container, int64_t now)
{
    (void)container, (void)now;
    talon_done(run, TALON_FAIL, "docker.removing", "is being removed");
}

static void judge_dead(struct talon_run *run, const cJSON *container, int64_t now)
{
    const char *error = error_words(run, container);

    (void)now;
    talon_done(run, TALON_FAIL, "docker.dead", "is dead: Docker could not remove it whole, and cannot start it%s%s", *error ? ": " : "", error);
}

/* ---- which of them */

void docker_judge(struct talon_run *run, const struct talon_response *got, const cJSON *container)
{
    static const struct {
        const char *status;
        void (*judge)(struct talon_run *, const cJSON *, int64_t now);
    } known[] = {
        { "running", judge_running }, { "paused", judge_paused },     { "restarting", judge_restarting }, { "exited", judge_exited },
        { "created", judge_created }, { "removing", judge_removing }, { "dead", judge_dead },
    };
    const char *status = json_string(container, "State.Status", ""), *image = json_string(container, "Config.Image", "");

    run->host->metric(run, "restarts", json_number(container, "RestartCount", 0), "");
    if (strcmp(status, "running") != 0 && strcmp(status, "paused") != 0)
        run->host->metric(run, "exit_code", exit_code(container), "");
    if (*image)
        run->host->detail(run, "image", talon_quote(run, image, strlen(image), WORDS));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(status, known[i].status) == 0) {
            known[i].judge(run, container, moment_of_peer(run, got));
            return;
        }
    talon_done(run, TALON_FAIL, "protocol.bad", "its state \"%s\" is none that Docker knows", talon_quote(run, status, strlen(status), 40));
}
