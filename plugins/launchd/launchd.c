/*
 * The check type `launchd.job`: asks launchctl(1) for one job and judges it by its kind (judge.c). There is no public interface to launchd but this program.
 * What is done with a job is in act.c.
 *
 * One function for each step: `print` in each domain where the job may be, until one has it; then the process' age, which only a new process makes
 * worth asking for; where the job is not there or stands still, `print-disabled`, since what a person has disabled has not failed.
 */
#include "launchd.h"

enum { WORDS = 160 };

#define MOST_SECONDS UINT64_C(4000000000) /* no process is older */

struct state {
    const char *domains[LAUNCHD_DOMAINS];
    size_t n, at;
    int there[LAUNCHD_DOMAINS];  /* the domain exists */
    const char *trouble;      /* why one domain could not be asked; NULL: all were */
    int is_loaded;
    struct launchd_found found;
};

static const char *const kinds[] = { "keepalive", "interval", "watch", "oneshot", "retired", "idle", NULL };

static const struct talon_option options[] = {
    { .name = "label", TALON_STRING_AT(struct launchd_conf, label), .flags = TALON_REQUIRED, .help = "The label of the job." },
    { .name = "domain",
      TALON_STRING_AT(struct launchd_conf, domain),
      .help = "Where it is loaded: `system`, `gui/UID` or `user/UID`; where this is not given, it is looked for in gui, user and system, in this order." },
    { .name = "kind",
      TALON_ENUM_AT(struct launchd_conf, kind),
      .choices = kinds,
      .fallback = "keepalive",
      .help = "How it is judged: `keepalive` must run, `interval`, `watch` and `oneshot` must have ended their last run well, `retired` must not be loaded, `idle` must not run just now, which says that somebody else's healer rests." },
    { .name = "uid",
      TALON_INT_AT(struct launchd_conf, uid),
      .max = INT32_MAX,
      .fallback = "0",
      .help = "Whose domains are searched; 0: those of the user that Talon runs as, where that is root of the user at the screen." },
    { .name = "interval",
      TALON_DURATION_AT(struct launchd_conf, interval),
      .help = "With `kind: interval`: how often it must run; 0: as launchd says itself, where it does." },
    { .name = "grace",
      TALON_DURATION_AT(struct launchd_conf, grace),
      .fallback = "1m",
      .help = "With `kind: interval`: it is overdue after two intervals and this." },
    { .name = "warn_restarts",
      TALON_INT_AT(struct launchd_conf, warn_restarts),
      .max = 100000,
      .fallback = "3",
      .help = "With `kind: keepalive`: so many new starts between two checks are a warning; 0: never." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "pid", .unit = "", .help = "Its process, where it runs." },
    { .name = "uptime", .unit = "s", .help = "How long that process has run." },
    { .name = "runs", .unit = "", .help = "How often it was started since it was loaded." },
    { .name = "restarts", .unit = "", .help = "How often it was started since the check before." },
    { .name = "last_exit", .unit = "", .help = "The exit code of its last run." },
    { .name = "since_run", .unit = "s", .help = "How long no new run has begun, as far as this was watched." },
    { .name = NULL },
};

/* ---- options */

static int validate(const void *given, struct talon_problem *problem)
{
    const struct launchd_conf *conf = given;

    if (!launchd_is_named(conf->label, conf->domain, problem))
        return 1;
    if (conf->interval && conf->kind != LAUNCHD_INTERVAL) {
        problem->option = "interval";
        snprintf(problem->text, sizeof problem->text, "has no effect without `kind: interval`");
        return 1;
    }
    return 0;
}

/* ---- asking */

/* Why the question could not be asked, which says nothing of the job; NULL: it was answered. */
static const char *no_answer(struct talon_run *run, const struct talon_exit *ended)
{
    if (ended->error.code)
        return talon_text(run, "cannot ask launchctl: %s", ended->error.text);
    if (ended->signal)
        return talon_text(run, "cannot ask launchctl: it was killed by signal %d", (int)ended->signal);
    return NULL;
}

/* ---- the end */

static void conclude(struct talon_run *run)
{
    struct launchd_self *self = run->self;
    struct state *state = run->state;
    struct launchd_found *found = &state->found;
    const struct launchctl_job *job = &found->job;
    const uint64_t now = run->host->now_ns(run);

    snprintf(self->domain, sizeof self->domain, "%s", found->domain);
    if (!self->seen || job->runs != self->runs || (job->runs < 0 && job->pid != self->pid))
        self->advanced_ns = now;
    if (self->seen && job->runs > self->runs && self->runs >= 0)
        found->restarts = job->runs - self->runs;
    found->idle_ns = now - self->advanced_ns;
    self->seen = 1;
    self->runs = job->runs;
    self->pid = job->pid;
    self->begun_ns = found->begun_ns;
    launchd_judge(run, found);
}

/* Nobody has it: what that means depends on whether everybody could be asked, and on whether it should be there. */
static void conclude_absent(struct talon_run *run)
{
    const struct launchd_conf *conf = run->conf;
    struct launchd_self *self = run->self;
    const struct state *state = run->state;
    size_t there = 0;

    memset(self, 0, sizeof *self);
    for (size_t i = 0; i < state->n; i++)
        there += (size_t)state->there[i];
    if (state->trouble)
        talon_done(run, TALON_UNKNOWN, "launchd.refused", "%s", state->trouble);
    else if (conf->kind == LAUNCHD_RETIRED)
        talon_done(run, TALON_OK, "launchd.ok", "not loaded, as it should be");
    else if (conf->kind == LAUNCHD_IDLE)
        talon_done(run, TALON_OK, "launchd.ok", "not loaded, so it does not run");
    else if (there == 0)
        talon_done(run, TALON_FAIL, "launchd.no_domain", "%s is not loaded: there is no domain %s, so nobody is logged in there", conf->label,
                   state->domains[0]);
    else
        talon_done(run, TALON_FAIL, "launchd.not_loaded", "%s is not loaded%s%s", conf->label, state->n == 1 ? " in " : "",
                   state->n == 1 ? state->domains[0] : "");
}

/* ---- has somebody disabled it? */

static void ask_disabled(struct talon_run *run);

static void disabled_asked(struct talon_run *run)
{
    const struct state *state = run->state;

    if (state->is_loaded)
        conclude(run);
    else
        conclude_absent(run);
}

static void disabled_told(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct launchd_conf *conf = run->conf;
    struct state *state = run->state;

    (void)arg;
    if (ended->error.code) { /* the time is over, or no process can be had: of another domain nobody would answer either */
        disabled_asked(run);
        return;
    }
    if (!no_answer(run, ended) && ended->code == 0 && launchctl_is_disabled(ended->out, ended->out_len, conf->label)) {
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "%s is disabled in %s", conf->label, state->domains[state->at]);
        return;
    }
    state->at++;
    ask_disabled(run);
}

/* In each domain that is there; of a job that was found in its own alone. */
static void ask_disabled(struct talon_run *run)
{
    struct state *state = run->state;

    while (state->at < state->n && !state->there[state->at])
        state->at++;
    if (state->at < state->n)
        launchd_ask(run, disabled_told, (const char *const[]){ "launchctl", "print-disabled", state->domains[state->at], NULL });
    else
        disabled_asked(run);
}

static void only_domain(struct state *state, const char *domain)
{
    state->domains[0] = domain;
    state->there[0] = 1;
    state->n = 1;
    state->at = 0;
}

/* ---- how old is its process? */

/* ps's [[days-]hours:]minutes:seconds. Returns 0 when it is none. */
static int elapsed(const char *text, size_t n, uint64_t *seconds)
{
    const char *end = text + n;
    uint64_t total = 0, part = 0;
    int parts = 0, digits = 0;

    while (text < end && *text == ' ')
        text++;
    for (; text < end && *text != '\n' && *text != ' '; text++) {
        if (*text >= '0' && *text <= '9' && digits < 7) {
            part = part * 10 + (uint64_t)(*text - '0');
            digits++;
        } else if (digits > 0 && (*text == '-' || *text == ':') && parts < 3) {
            total = (total + part) * (*text == '-' ? 24 : 60);
            part = 0;
            digits = 0;
            parts++;
        } else {
            return 0;
        }
    }
    *seconds = total + part;
    return parts > 0 && digits > 0 && *seconds < MOST_SECONDS;
}

static void aged(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    struct state *state = run->state;
    uint64_t seconds;

    (void)arg;
    if (!ended->error.code && ended->code == 0 && elapsed(ended->out, ended->out_len, &seconds))
        state->found.begun_ns = run->host->unix_ns(run) - (int64_t)seconds * 1000000000;
    conclude(run);
}

/* The age of a process that was seen before is known. */
static void found_job(struct talon_run *run)
{
    const struct launchd_conf *conf = run->conf;
    const struct launchd_self *self = run->self;
    struct state *state = run->state;
    struct launchd_found *found = &state->found;

    state->is_loaded = 1;
    if (conf->kind == LAUNCHD_KEEPALIVE && found->job.state == LAUNCHCTL_IDLE) { /* has somebody wanted this? */
        only_domain(state, found->domain);
        ask_disabled(run);
    } else if (found->job.pid <= 0 || conf->kind == LAUNCHD_RETIRED) {
        conclude(run);
    } else if (self->seen && self->pid == found->job.pid && self->begun_ns) {
        found->begun_ns = self->begun_ns;
        conclude(run);
    } else {
        launchd_ask(run, aged, (const char *const[]){ "ps", "-o", "etime=", "-p", talon_text(run, "%ld", found->job.pid), NULL });
    }
}

/* ---- where is it? */

static void ask_print(struct talon_run *run);

/* A domain does not have it, or is not there; anything else that launchctl refuses with leaves open whether it has. */
static void refused(struct talon_run *run, const struct talon_exit *ended)
{
    const struct launchd_conf *conf = run->conf;
    struct state *state = run->state;
    const enum launchctl_refusal refusal = launchctl_refusal(ended->code, ended->err);

    state->there[state->at] = refusal != LAUNCHCTL_NO_DOMAIN;
    if (refusal != LAUNCHCTL_NO_JOB && refusal != LAUNCHCTL_NO_DOMAIN)
        state->trouble = talon_text(run, "launchctl print %s/%s exited with %d: %s", state->domains[state->at], conf->label, (int)ended->code,
                                    talon_quote(run, ended->err, ended->err_len, WORDS));
}

static void printed(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    struct state *state = run->state;
    const char *why = no_answer(run, ended);
    char problem[256];

    (void)arg;
    if (why) {
        talon_done(run, TALON_UNKNOWN, ended->error.code ? ended->error.token : "exec.signal", "%s", why);
    } else if (ended->code == 0 && launchctl_read_print(ended->out, ended->out_len, &state->found.job, problem, sizeof problem)) {
        state->found.domain = state->domains[state->at];
        found_job(run);
    } else if (ended->code == 0) {
        talon_done(run, TALON_UNKNOWN, "launchd.output", "%s", talon_quote(run, problem, strlen(problem), 256));
    } else {
        refused(run, ended);
        state->at++;
        ask_print(run);
    }
}

static void ask_print(struct talon_run *run)
{
    const struct launchd_conf *conf = run->conf;
    struct state *state = run->state;

    if (state->at < state->n) {
        launchd_ask(run, printed, (const char *const[]){ "launchctl", "print", talon_text(run, "%s/%s", state->domains[state->at], conf->label), NULL });
    } else if (conf->kind == LAUNCHD_RETIRED || conf->kind == LAUNCHD_IDLE) {
        conclude_absent(run);
    } else {
        state->at = 0;
        ask_disabled(run);
    }
}

static void start(struct talon_run *run)
{
    const struct launchd_conf *conf = run->conf;
    const struct launchd_self *self = run->self;
    struct state *state = run->state;

    state->n = launchd_domains(run, conf->domain, conf->uid, state->domains);
    for (size_t i = 1; i < state->n; i++) /* where it was the last time it probably still is */
        if (strcmp(state->domains[i], self->domain) == 0) {
            const char *first = state->domains[i];

            state->domains[i] = state->domains[0];
            state->domains[0] = first;
        }
    ask_print(run);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "job",
      .summary = "Asks launchd for a job, and judges it by what kind of job it is.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct launchd_conf),
      .run_size = sizeof(struct state),
      .instance_size = sizeof(struct launchd_self),
      .validate = validate,
      .start = start },
    { .kind = TALON_ACTION,
      .flags = TALON_REPEATABLE,
      .name = "kickstart",
      .summary = "Starts a job of launchd now, in the domain where it is loaded.",
      .options = launchd_kickstart_options,
      .conf_size = sizeof(struct launchd_act_conf),
      .run_size = sizeof(struct launchd_act),
      .impact = TALON_RESTART,
      .validate = launchd_act_validate,
      .start = launchd_kickstart_start },
    { .kind = TALON_ACTION,
      .flags = TALON_REPEATABLE,
      .name = "bootout",
      .summary = "Stops a job of launchd and takes it out of the domain where it is loaded; it does not come back by itself.",
      .options = launchd_bootout_options,
      .conf_size = sizeof(struct launchd_act_conf),
      .run_size = sizeof(struct launchd_act),
      .impact = TALON_DISRUPT,
      .validate = launchd_act_validate,
      .start = launchd_bootout_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "launchd",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of macOS's launchd, and actions on its jobs.",
    TALON_OPERATIONS(operations),
};
