/*
 * The check type `kubernetes.dkron`: has Dkron a leader, and do its jobs succeed? Its /health is a constant, so its leader is asked for: without one no job
 * runs. Jobs count their failures for ever; a streak is what has been added since a job last succeeded, as far as this check has seen it.
 */
#include "kubernetes.h"

#include "kit/json.h"
#include "kit/moment.h"

enum { MOST_JOBS = 1000, SHOWN_JOBS = 4, NAME = 80, LEADER = 64 << 10, JOBS = 8 << 20 };

const struct talon_option dkron_options[] = {
    CLUSTER_OPTIONS(struct dkron_conf),
    PROXY_OPTIONS(struct dkron_conf),
    { .name = "streak",
      TALON_INT_AT(struct dkron_conf, streak),
      .min = 1,
      .max = 1000,
      .fallback = "3",
      .help = "A job that has failed so often since it last succeeded is a failure; one that has failed less often is a warning." },
    { .name = "ignore", TALON_LIST_AT(struct dkron_conf, ignore), .help = "Names of jobs that may fail." },
    { .name = NULL },
};

const struct talon_metric dkron_metrics[] = {
    { .name = "time", .unit = "s", .help = "The last exchange, the way through the API server with it." },
    { .name = "jobs", .unit = "", .help = "Jobs that are not disabled." },
    { .name = "failing", .unit = "", .help = "Those of them whose last run failed." },
    { .name = "disabled", .unit = "", .help = "Jobs that are disabled." },
    { .name = NULL },
};

/* What was seen of a job when it had last succeeded. */
struct dkron_jobs {
    size_t n;
    struct {
        char name[NAME];
        double successes, failures;
    } at[MOST_JOBS];
};

int dkron_validate(const void *given, struct talon_problem *problem)
{
    const struct dkron_conf *conf = given;

    return proxy_target_validate(&conf->target, problem) || cluster_validate(&conf->cluster, problem);
}

void dkron_setup(struct talon_run *instance)
{
    const struct dkron_conf *conf = instance->conf;
    struct kubernetes_self *self = instance->state;

    proxy_join(instance, &conf->target);
    self->jobs = instance->host->alloc(instance, sizeof *self->jobs);
}

/* ---- one job */

static int last_run_failed(const cJSON *job)
{
    int64_t good = 0, bad = 0;
    const int has_good = moment_rfc3339(json_string(job, "last_success", ""), &good), has_bad = moment_rfc3339(json_string(job, "last_error", ""), &bad);

    return has_bad && (!has_good || bad > good);
}

/* How often it has failed since it succeeded; what happened before this check first saw it counts once. */
static double streak_of(struct dkron_jobs *jobs, const cJSON *job)
{
    const double successes = json_number(job, "success_count", 0), failures = json_number(job, "error_count", 0);
    const char *name = json_string(job, "name", "");
    size_t i = 0;

    while (i < jobs->n && strncmp(jobs->at[i].name, name, NAME - 1) != 0)
        i++;
    if (i == MOST_JOBS)
        return 1;
    if (i == jobs->n) {
        snprintf(jobs->at[i].name, NAME, "%s", name);
        jobs->at[i].successes = successes;
        jobs->at[i].failures = successes > 0 ? failures - 1 : 0;
        jobs->n++;
    } else if (successes > jobs->at[i].successes || successes < jobs->at[i].successes || failures < jobs->at[i].failures) {
        jobs->at[i].successes = successes; /* it has succeeded, or is another job of that name: its last failure came after */
        jobs->at[i].failures = failures - 1;
    }
    return failures - jobs->at[i].failures;
}

static int is_ignored(const struct dkron_conf *conf, const char *name)
{
    for (const char *const *known = conf->ignore; known && *known; known++)
        if (strcmp(*known, name) == 0)
            return 1;
    return 0;
}

/* ---- all of them */

struct tally {
    unsigned jobs, disabled, failing, streaks;
    const char *worst, *others; /* for people: those with a streak, and those that just failed */
};

static const char *add(struct talon_run *run, const char *list, unsigned n, const char *words)
{
    if (n > SHOWN_JOBS)
        return list;
    if (n == SHOWN_JOBS)
        return talon_text(run, "%s and others", list);
    return talon_text(run, "%s%s%s", list, *list ? ", " : "", words);
}

static void count(struct talon_run *run, const cJSON *job, struct tally *tally)
{
    const struct kubernetes_self *self = run->self;
    const struct dkron_conf *conf = run->conf;
    const char *name = json_string(job, "name", "?"), *shown;
    double streak;

    if (json_is_true(job, "disabled")) {
        tally->disabled++;
        return;
    }
    tally->jobs++;
    if (is_ignored(conf, name) || !last_run_failed(job))
        return;
    streak = streak_of(self->jobs, job);
    shown = talon_quote(run, name, strlen(name), NAME);
    if (streak >= (double)conf->streak)
        tally->worst = add(run, tally->worst, tally->streaks++, talon_text(run, "%s (%.0f times)", shown, streak));
    else
        tally->others = add(run, tally->others, tally->failing - tally->streaks, shown);
    tally->failing++;
}

static void judge_jobs(struct talon_run *run, const cJSON *jobs)
{
    struct tally tally = { .worst = "", .others = "" };
    const cJSON *job;

    cJSON_ArrayForEach(job, jobs)
        count(run, job, &tally);
    run->host->metric(run, "jobs", tally.jobs, "");
    run->host->metric(run, "failing", tally.failing, "");
    run->host->metric(run, "disabled", tally.disabled, "");
    if (tally.streaks > 0)
        talon_done(run, TALON_FAIL, "dkron.failing", "%u of %u jobs fail again and again: %s", tally.streaks, tally.jobs, tally.worst);
    else if (tally.failing > 0)
        talon_done(run, TALON_WARN, "dkron.failed", "%u of %u jobs failed when they last ran: %s", tally.failing, tally.jobs, tally.others);
    else
        talon_done(run, TALON_OK, "dkron.ok", "it has a leader, and %s", tally.jobs ? talon_text(run, "none of its %u jobs fails", tally.jobs) : "no jobs");
}

/* ---- the steps */

static void listed(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const char *problem;
    const cJSON *jobs;

    if (!proxy_reached(run, call, got))
        return;
    if (got->status != 200) {
        talon_done(run, TALON_FAIL, "http.status", "it does not list its jobs: HTTP %u", got->status);
        return;
    }
    jobs = json_parse(run, got->body, got->body_len, &problem);
    if (cJSON_IsArray(jobs) || cJSON_IsNull(jobs))
        judge_jobs(run, jobs);
    else
        talon_done(run, TALON_FAIL, "protocol.bad", "it does not list its jobs: %s", jobs ? "the body is no list" : problem);
}

/* Dkron says 500 and `null` where there is none. */
static void led(struct talon_run *run, struct client_call *call, const struct talon_response *got)
{
    const struct dkron_conf *conf = run->conf;
    struct dkron_run *state = run->state;
    const cJSON *leader;
    const char *problem;

    if (!proxy_reached(run, call, got))
        return;
    leader = json_parse(run, got->body, got->body_len, &problem);
    if (got->status == 200 && *json_string(leader, "Name", "")) {
        proxy_ask(run, &conf->target, "/v1/jobs", JOBS, &state->jobs, listed);
    } else if (cJSON_IsNull(leader) || got->status == 404) {
        talon_done(run, TALON_FAIL, "dkron.no_leader", "it has no leader, so no job runs");
    } else {
        talon_done(run, TALON_FAIL, got->status == 200 ? "protocol.bad" : "http.status", "it does not name its leader: HTTP %u%s%s", got->status,
                   got->body_len ? ": " : "", talon_quote(run, got->body, got->body_len, NAME));
    }
}

void dkron_start(struct talon_run *run)
{
    const struct dkron_conf *conf = run->conf;
    struct dkron_run *state = run->state;

    proxy_ask(run, &conf->target, "/v1/leader", LEADER, &state->leader, led);
}
