/*
 * The actions `launchd.kickstart` and `launchd.bootout`. A job is first looked for as the check looks for it, since the same label may be loaded in the domain
 * of a user or of the system, and launchctl acts on the one that it is told; then launchctl does it, and is asked once more what came of it.
 */
#include "launchd.h"

enum { WORDS = 160, IN_PROGRESS = 36, ALREADY = 37, NO_PROCESS = 3 };

#define LOOK_AGAIN UINT64_C(250000000)

#define ACT_OPTIONS                                                                                                                                    \
    { .name = "label", TALON_STRING_AT(struct launchd_act_conf, label), .flags = TALON_REQUIRED, .help = "The label of the job." },                    \
    { .name = "domain",                                                                                                                                \
      TALON_STRING_AT(struct launchd_act_conf, domain),                                                                                                \
      .help = "Where it is loaded: `system`, `gui/UID` or `user/UID`; where this is not given, it is looked for in gui, user and system, in this order." }, \
    { .name = "uid",                                                                                                                                   \
      TALON_INT_AT(struct launchd_act_conf, uid),                                                                                                      \
      .max = INT32_MAX,                                                                                                                                \
      .fallback = "0",                                                                                                                                 \
      .help = "Whose domains are searched; 0: those of the user that Talon runs as, where that is root of the user at the screen." }

const struct talon_option launchd_kickstart_options[] = {
    ACT_OPTIONS,
    { .name = "kill",
      TALON_BOOL_AT(struct launchd_act_conf, kill),
      .help = "Kill its process first where it runs (`launchctl kickstart -k`); otherwise one that runs is left alone." },
    { .name = NULL },
};

const struct talon_option launchd_bootout_options[] = { ACT_OPTIONS, { .name = NULL } };

int launchd_act_validate(const void *given, struct talon_problem *problem)
{
    const struct launchd_act_conf *conf = given;

    return !launchd_is_named(conf->label, conf->domain, problem);
}

static const char *state_words(struct talon_run *run, const struct launchctl_job *job)
{
    const char *words = talon_quote(run, job->state_text, strlen(job->state_text), 40);

    return job->pid > 0 ? talon_text(run, "%s as process %ld", words, job->pid) : *words ? words : "in no known state";
}

/* ---- what launchctl refuses */

static void not_done(struct talon_run *run, const struct talon_exit *ended)
{
    const struct launchd_act *state = run->state;
    const char *said = talon_quote(run, ended->err, ended->err_len, WORDS), *verb = state->boots_out ? "bootout" : "kickstart";

    switch (launchctl_refusal(ended->code, ended->err)) {
    case LAUNCHCTL_NOT_ALLOWED:
        talon_done(run, TALON_UNKNOWN, "refused.rights", "not done, Talon lacks the right; a person runs: %s (%s)", state->by_hand, said);
        break;
    case LAUNCHCTL_DISABLED:
        talon_done(run, TALON_UNKNOWN, "refused.disabled", "not done, a person has disabled it; to allow it: %slaunchctl enable %s (%s)",
                   strncmp(state->target, "system/", 7) == 0 ? "sudo " : "", state->target, said);
        break;
    case LAUNCHCTL_NO_JOB:
    case LAUNCHCTL_NO_DOMAIN:
        talon_done(run, TALON_UNKNOWN, "launchd.not_loaded", "nothing was done: %s was unloaded meanwhile (%s)", state->target, said);
        break;
    case LAUNCHCTL_DONE:
    case LAUNCHCTL_BAD_TARGET:
    case LAUNCHCTL_OTHER_REFUSAL:
    default:
        talon_done(run, TALON_FAIL, "launchd.failed", "launchctl %s %s exited with %d%s%s", verb, state->target, (int)ended->code, *said ? ": " : "", said);
    }
}

/* launchctl did not run to its end. 1: the run has ended. */
static int is_cut_short(struct talon_run *run, const struct talon_exit *ended)
{
    const struct launchd_act *state = run->state;

    if (ended->error.code == TALON_E_TIMEOUT)
        talon_done(run, TALON_FAIL, ended->error.token, "launchd did not end it in time: whether %s is done is not known", state->target);
    else if (ended->error.code)
        talon_failed(run, &ended->error, "cannot run launchctl for %s", state->target);
    else if (ended->signal)
        talon_done(run, TALON_FAIL, "exec.signal", "launchctl was killed by signal %d: whether %s is done is not known", (int)ended->signal, state->target);
    else
        return 0;
    return 1;
}

/* ---- kickstart */

static void looked_after(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct launchd_act *state = run->state;
    struct launchctl_job job;
    char problem[256];

    (void)arg;
    if (ended->error.code || ended->code != 0 || !launchctl_read_print(ended->out, ended->out_len, &job, problem, sizeof problem)) {
        talon_done(run, TALON_WARN, "launchd.output", "started %s, which was %s before; launchctl does not say how it is now", state->target, state->before);
        return;
    }
    run->host->detail(run, "after", state_words(run, &job));
    if (job.state == LAUNCHCTL_SPAWN_FAILED)
        talon_done(run, TALON_FAIL, "launchd.spawn", "launchd cannot start %s: is its program there, and executable?", state->target);
    else
        talon_done(run, TALON_OK, "launchd.done", "started %s: it was %s, it is %s", state->target, state->before, state_words(run, &job));
}

static void kicked(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct launchd_act *state = run->state;

    (void)arg;
    if (is_cut_short(run, ended))
        return;
    if (ended->code == 0)
        launchd_ask(run, looked_after, (const char *const[]){ "launchctl", "print", state->target, NULL });
    else if (ended->code == ALREADY)
        talon_done(run, TALON_OK, "launchd.already", "%s runs already: nothing was done", state->target);
    else
        not_done(run, ended);
}

static void kick(struct talon_run *run)
{
    const struct launchd_act_conf *conf = run->conf;
    struct launchd_act *state = run->state;

    if (!conf->kill && state->job.state == LAUNCHCTL_RUNNING && state->job.pid > 0) {
        talon_done(run, TALON_OK, "launchd.already", "%s runs already as process %ld: nothing was done", state->target, state->job.pid);
        return;
    }
    run->host->progress(run, talon_text(run, "starts %s, which is %s", state->target, state->before));
    if (conf->kill)
        launchd_ask(run, kicked, (const char *const[]){ "launchctl", "kickstart", "-k", state->target, NULL });
    else
        launchd_ask(run, kicked, (const char *const[]){ "launchctl", "kickstart", state->target, NULL });
}

/* ---- bootout */

static void look_whether_gone(struct talon_run *run, void *arg);

static void looked_whether_gone(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct launchd_act *state = run->state;
    const enum launchctl_refusal refusal = launchctl_refusal(ended->code, ended->err);

    (void)arg;
    if (is_cut_short(run, ended))
        return;
    if (refusal == LAUNCHCTL_NO_JOB || refusal == LAUNCHCTL_NO_DOMAIN)
        talon_done(run, TALON_OK, "launchd.done", "%s is unloaded; it was %s", state->target, state->before);
    else if (refusal != LAUNCHCTL_DONE)
        talon_done(run, TALON_WARN, "launchd.output", "%s was told to go, and was %s before; launchctl does not say whether it is gone", state->target,
                   state->before);
    else if (talon_left_ns(run) < 3 * LOOK_AGAIN)
        talon_done(run, TALON_FAIL, "timeout", "%s was told to go, and is still loaded: its program does not end", state->target);
    else
        run->host->timer(run, LOOK_AGAIN, look_whether_gone, NULL);
}

static void look_whether_gone(struct talon_run *run, void *arg)
{
    const struct launchd_act *state = run->state;

    (void)arg;
    launchd_ask(run, looked_whether_gone, (const char *const[]){ "launchctl", "print", state->target, NULL });
}

/* launchctl may return while the job's program is still ending. */
static void booted_out(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    (void)arg;
    if (is_cut_short(run, ended))
        return;
    if (ended->code == 0 || ended->code == IN_PROGRESS || ended->code == NO_PROCESS)
        look_whether_gone(run, NULL);
    else
        not_done(run, ended);
}

/* ---- where is it? */

static void look(struct talon_run *run);

static void found(struct talon_run *run)
{
    const struct launchd_act_conf *conf = run->conf;
    struct launchd_act *state = run->state;
    const char *domain = state->domains[state->at], *sudo = strcmp(domain, "system") == 0 ? "sudo " : "";

    state->target = talon_text(run, "%s/%s", domain, conf->label);
    state->before = state_words(run, &state->job);
    state->by_hand = talon_text(run, "%slaunchctl %s%s %s", sudo, state->boots_out ? "bootout" : "kickstart", conf->kill ? " -k" : "", state->target);
    run->host->detail(run, "domain", domain);
    run->host->detail(run, "before", state->before);
    if (!state->boots_out) {
        kick(run);
        return;
    }
    run->host->progress(run, talon_text(run, "unloads %s, which is %s", state->target, state->before));
    launchd_ask(run, booted_out, (const char *const[]){ "launchctl", "bootout", state->target, NULL });
}

static void nowhere(struct talon_run *run)
{
    const struct launchd_act_conf *conf = run->conf;
    const struct launchd_act *state = run->state;

    if (state->trouble)
        talon_done(run, TALON_UNKNOWN, "launchd.refused", "nothing was done: %s", state->trouble);
    else if (state->boots_out)
        talon_done(run, TALON_OK, "launchd.already", "%s is not loaded: nothing was done", conf->label);
    else
        talon_done(run, TALON_UNKNOWN, "launchd.not_loaded", "nothing was done: %s is not loaded in %s%s; a person runs: launchctl bootstrap DOMAIN PLIST",
                   conf->label, state->domains[0], state->n > 1 ? ", user or system" : "");
}

static void looked(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    struct launchd_act *state = run->state;
    const enum launchctl_refusal refusal = launchctl_refusal(ended->code, ended->err);
    char problem[256];

    (void)arg;
    if (ended->error.code || ended->signal) {
        talon_done(run, TALON_UNKNOWN, ended->error.code ? ended->error.token : "exec.signal", "nothing was done: cannot ask launchctl: %s",
                   ended->error.code ? ended->error.text : "it was killed");
        return;
    }
    if (ended->code == 0 && launchctl_read_print(ended->out, ended->out_len, &state->job, problem, sizeof problem)) {
        found(run);
        return;
    }
    if (ended->code == 0) {
        talon_done(run, TALON_UNKNOWN, "launchd.output", "nothing was done: %s", talon_quote(run, problem, strlen(problem), 256));
        return;
    }
    if (refusal != LAUNCHCTL_NO_JOB && refusal != LAUNCHCTL_NO_DOMAIN)
        state->trouble = talon_text(run, "launchctl print in %s exited with %d: %s", state->domains[state->at], (int)ended->code,
                                    talon_quote(run, ended->err, ended->err_len, WORDS));
    state->at++;
    look(run);
}

/* One that could not be asked may have it: then the job must not be sought in the next, where another of that label may be. */
static void look(struct talon_run *run)
{
    const struct launchd_act_conf *conf = run->conf;
    const struct launchd_act *state = run->state;

    if (state->at == state->n || state->trouble)
        nowhere(run);
    else
        launchd_ask(run, looked, (const char *const[]){ "launchctl", "print", talon_text(run, "%s/%s", state->domains[state->at], conf->label), NULL });
}

static void begin(struct talon_run *run, int boots_out)
{
    const struct launchd_act_conf *conf = run->conf;
    struct launchd_act *state = run->state;

    state->boots_out = boots_out;
    state->n = launchd_domains(run, conf->domain, conf->uid, state->domains);
    look(run);
}

void launchd_kickstart_start(struct talon_run *run)
{
    begin(run, 0);
}

void launchd_bootout_start(struct talon_run *run)
{
    begin(run, 1);
}
