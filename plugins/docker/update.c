/*
 * The action `docker.update`: sets a container's restart policy and bounds while it goes on running. Only what differs is sent, so that a second time changes
 * nothing.
 */
#include "act.h"

#include <math.h>

static const char *const policies[] = { "keep", "no", "always", "unless-stopped", "on-failure", NULL };
enum { KEEP, ON_FAILURE = 4, SAID = 200 };

const struct talon_option docker_update_options[] = {
    DOCKER_ACT_OPTIONS(struct docker_update_conf),
    { .name = "restart_policy",
      TALON_ENUM_AT(struct docker_update_conf, restart_policy),
      .choices = policies,
      .fallback = "keep",
      .help = "When Docker restarts it by itself." },
    { .name = "retries",
      TALON_INT_AT(struct docker_update_conf, retries),
      .max = 1000000,
      .fallback = "0",
      .help = "With `restart_policy: on-failure`: how often at most; 0: without end." },
    { .name = "memory",
      TALON_SIZE_AT(struct docker_update_conf, memory),
      .fallback = "0",
      .help = "The most memory that it may use; 0: as it is." },
    { .name = "memory_swap",
      TALON_SIZE_AT(struct docker_update_conf, memory_swap),
      .fallback = "0",
      .help = "Memory and swap together; Docker wants it raised with `memory` where it was set. 0: as it is." },
    { .name = "cpus",
      TALON_NUMBER_AT(struct docker_update_conf, cpus),
      .max = 4096,
      .fallback = "0",
      .help = "The most processors that it may use, such as 1.5; 0: as it is." },
    { .name = NULL },
};

int docker_update_validate(const void *given, struct talon_problem *problem)
{
    const struct docker_update_conf *conf = given;

    if (docker_act_validate(given, problem))
        return 1;
    problem->option = "restart_policy";
    if (conf->restart_policy == KEEP && conf->memory == 0 && conf->memory_swap == 0 && conf->cpus <= 0) {
        snprintf(problem->text, sizeof problem->text, "nothing would be changed: give this, `memory`, `memory_swap` or `cpus`");
        return 1;
    }
    problem->option = "retries";
    if (conf->retries > 0 && conf->restart_policy != ON_FAILURE) {
        snprintf(problem->text, sizeof problem->text, "has no effect without `restart_policy: on-failure`");
        return 1;
    }
    problem->option = "memory_swap";
    if (conf->memory_swap > 0 && conf->memory_swap < conf->memory) {
        snprintf(problem->text, sizeof problem->text, "is memory and swap together: it cannot be less than `memory`");
        return 1;
    }
    return 0;
}

/* ---- what differs */

struct changes {
    cJSON *body;
    const char *words; /* "": nothing differs */
};

__attribute__((format(printf, 3, 4))) static void note(struct talon_run *run, struct changes *changes, const char *format, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    changes->words = talon_text(run, "%s%s%s", changes->words, *changes->words ? ", " : "", text);
}

static void change_policy(struct talon_run *run, const cJSON *container, struct changes *changes)
{
    const struct docker_update_conf *conf = run->conf;
    const char *policy = policies[conf->restart_policy], *is = json_string(container, "HostConfig.RestartPolicy.Name", "no");
    cJSON *wanted;

    if (*is == '\0')
        is = "no";
    if (conf->restart_policy == KEEP)
        return;
    if (strcmp(policy, is) == 0 && (conf->restart_policy != ON_FAILURE ||
                                    (int64_t)json_number(container, "HostConfig.RestartPolicy.MaximumRetryCount", 0) == conf->retries))
        return;
    wanted = cJSON_AddObjectToObject(changes->body, "RestartPolicy");
    cJSON_AddStringToObject(wanted, "Name", policy);
    cJSON_AddNumberToObject(wanted, "MaximumRetryCount", (double)conf->retries);
    note(run, changes, "restart policy %s, was %s", policy, talon_quote(run, is, strlen(is), 40));
}

static void change_memory(struct talon_run *run, const cJSON *container, struct changes *changes)
{
    const struct docker_update_conf *conf = run->conf;
    const double memory = json_number(container, "HostConfig.Memory", 0), both = json_number(container, "HostConfig.MemorySwap", 0);

    if (conf->memory > 0 && fabs((double)conf->memory - memory) >= 1) {
        cJSON_AddNumberToObject(changes->body, "Memory", (double)conf->memory);
        note(run, changes, "memory %s, was %s", talon_show_size(run, (double)conf->memory), memory > 0 ? talon_show_size(run, memory) : "without a bound");
    }
    if (conf->memory_swap > 0 && fabs((double)conf->memory_swap - both) >= 1) {
        cJSON_AddNumberToObject(changes->body, "MemorySwap", (double)conf->memory_swap);
        note(run, changes, "memory and swap %s, was %s", talon_show_size(run, (double)conf->memory_swap),
             both > 0 ? talon_show_size(run, both) : "without a bound");
    }
}

static void change_cpus(struct talon_run *run, const cJSON *container, struct changes *changes)
{
    const struct docker_update_conf *conf = run->conf;
    const double wanted = floor(conf->cpus * 1e9 + 0.5), is = json_number(container, "HostConfig.NanoCpus", 0);

    if (conf->cpus <= 0 || fabs(wanted - is) < 1)
        return;
    cJSON_AddNumberToObject(changes->body, "NanoCpus", wanted);
    note(run, changes, is > 0 ? "%g CPUs, was %g" : "%g CPUs, was without a bound", conf->cpus, is / 1e9);
}

/* ---- the steps */

/* What the engine could not do as asked (a kernel without that bound) it says in warnings. */
static void updated(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct docker_update_conf *conf = run->conf;
    const char *changes = arg, *warning;
    const cJSON *answer;

    if (got->error.code || got->status != 200) {
        docker_act_failed(run, got);
        return;
    }
    answer = docker_json(run, got);
    if (!answer)
        return;
    warning = json_string(answer, "Warnings.0", "");
    if (*warning)
        talon_done(run, TALON_WARN, "docker.warned", "updated %s (%s), and Docker warns: %s", conf->act.name, changes,
                   talon_quote(run, warning, strlen(warning), SAID));
    else
        talon_done(run, TALON_OK, "docker.done", "updated %s: %s", conf->act.name, changes);
}

static void free_text(void *text)
{
    cJSON_free(text);
}

static void update_it(struct talon_run *run, const cJSON *container)
{
    const struct docker_update_conf *conf = run->conf;
    struct changes changes = { .body = cJSON_CreateObject(), .words = "" };
    char *body;

    change_policy(run, container, &changes);
    change_memory(run, container, &changes);
    change_cpus(run, container, &changes);
    body = cJSON_PrintUnformatted(changes.body);
    cJSON_Delete(changes.body);
    if (!body) {
        talon_done(run, TALON_UNKNOWN, "local", "nothing was done: no memory");
        return;
    }
    run->host->defer(run, free_text, body);
    if (!*changes.words) {
        talon_done(run, TALON_OK, "docker.already", "%s is as it should be already: nothing was done", conf->act.name);
        return;
    }
    run->host->progress(run, talon_text(run, "updates %s: %s", conf->act.name, changes.words));
    run->host->detail(run, "changes", changes.words);
    docker_act_post(run, "update", body, updated, changes.words);
}

static const char *by_hand(struct talon_run *run)
{
    const struct docker_update_conf *conf = run->conf;
    const char *policy = conf->restart_policy == KEEP ? "" : talon_text(run, " --restart %s", policies[conf->restart_policy]);

    if (conf->retries > 0)
        policy = talon_text(run, "%s:%lld", policy, (long long)conf->retries);
    return talon_text(run, "docker update%s%s%s%s %s", policy, conf->memory ? talon_text(run, " --memory %llu", (unsigned long long)conf->memory) : "",
                      conf->memory_swap ? talon_text(run, " --memory-swap %llu", (unsigned long long)conf->memory_swap) : "",
                      conf->cpus > 0 ? talon_text(run, " --cpus %g", conf->cpus) : "", conf->act.name);
}

void docker_update_start(struct talon_run *run)
{
    docker_act_inspect(run, by_hand(run), update_it);
}
