/*
 * Judges a job by its kind. What is healthy for one kind is a failure for another: a job with an interval is not running nearly always, and one that is
 * retired must not even be loaded.
 */
#include "launchd.h"

enum { YEAR = 366 * 86400 };

/* ---- words */

/* sysexits(3), and what shells and launchd itself end with. */
static const char *code_words(int code)
{
    static const struct {
        int code;
        const char *words;
    } known[] = {
        { 64, "EX_USAGE: wrong arguments" },      { 65, "EX_DATAERR: bad input" },
        { 66, "EX_NOINPUT: no input" },           { 69, "EX_UNAVAILABLE: something it needs is not there" },
        { 70, "EX_SOFTWARE: a fault of its own" }, { 71, "EX_OSERR: the system refused something" },
        { 72, "EX_OSFILE: a file of the system is missing" }, { 73, "EX_CANTCREAT: it could not create a file" },
        { 74, "EX_IOERR: reading or writing failed" }, { 75, "EX_TEMPFAIL: for the moment only" },
        { 76, "EX_PROTOCOL: a peer broke the protocol" }, { 77, "EX_NOPERM: not permitted" },
        { 78, "EX_CONFIG: its program or configuration is missing or wrong" }, { 126, "its program cannot be executed" },
        { 127, "its program was not found" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            return known[i].words;
    return NULL;
}

static const char *signal_words(int number)
{
    const char *words = strsignal(number);

    return words ? words : "unknown signal";
}

static const char *reason_words(struct talon_run *run, const char *reason)
{
    if (!*reason)
        return "";
    if (strstr(reason, "CODESIGNING"))
        return ": its code signature is not valid, as when its program was replaced in place";
    if (strstr(reason, "JETSAM"))
        return ": the system was short of memory";
    return talon_text(run, " (%s)", talon_quote(run, reason, strlen(reason), 60));
}

const char *launchd_end_words(struct talon_run *run, const struct launchctl_job *job)
{
    const char *words;

    switch (job->end) {
    case LAUNCHCTL_SIGNALLED:
        return talon_text(run, "it was killed by signal %d (%s)%s", job->end_code, signal_words(job->end_code), reason_words(run, job->end_reason));
    case LAUNCHCTL_EXITED:
        words = code_words(job->end_code);
        return talon_text(run, words ? "it exited with %d (%s)%s" : "it exited with %d%s%s", job->end_code, words ? words : "",
                          reason_words(run, job->end_reason));
    case LAUNCHCTL_NEVER_ENDED: return "it has never ended";
    default: break;
    }
    return *job->end_reason ? talon_text(run, "it ended%s", reason_words(run, job->end_reason)) : "how it ended is not said";
}

static int ended_badly(const struct launchctl_job *job)
{
    return job->end == LAUNCHCTL_SIGNALLED || (job->end == LAUNCHCTL_EXITED && job->end_code != 0);
}

static int is_at_work(const struct launchctl_job *job)
{
    return job->state == LAUNCHCTL_RUNNING && job->pid > 0;
}

/* How long its process has run; negative: not known. The calendar may have been set back since. */
static double uptime(struct talon_run *run, const struct launchd_found *found)
{
    return found->begun_ns ? (double)(run->host->unix_ns(run) - found->begun_ns) / 1e9 : -1;
}

/* "as process 1486 for 3 h" */
static const char *as_process(struct talon_run *run, const struct launchd_found *found)
{
    const double seconds = uptime(run, found);

    if (seconds < 0)
        return talon_text(run, "as process %ld", found->job.pid);
    return talon_text(run, "as process %ld for %s", found->job.pid, talon_show_time(run, (uint64_t)(seconds * 1e9)));
}

/* ---- kinds */

/* What no kind can be well with: its program cannot be started, or a word that this release of Talon does not know. 1: the run has ended. */
static int judge_state(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchctl_job *job = &found->job;

    if (job->state == LAUNCHCTL_SPAWN_FAILED) {
        talon_done(run, TALON_FAIL, "launchd.spawn", "launchd cannot start %s: %s", job->label,
                   job->end == LAUNCHCTL_EXITED || *job->end_reason ? launchd_end_words(run, job) : "is its program there, and executable?");
        return 1;
    }
    if (job->state != LAUNCHCTL_OTHER_STATE)
        return 0;
    if (strcmp(job->state_text, "xpcproxy") == 0) /* between fork and exec */
        talon_done(run, TALON_STARTING, "starting", "%s is being started", job->label);
    else
        talon_done(run, TALON_UNKNOWN, "launchd.state", "launchctl calls the state of %s \"%s\", which is not known here", job->label,
                   talon_quote(run, job->state_text, strlen(job->state_text), 40));
    return 1;
}

static void judge_keepalive(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchd_conf *conf = run->conf;
    const struct launchctl_job *job = &found->job;

    if (is_at_work(job) && conf->warn_restarts > 0 && found->restarts >= conf->warn_restarts)
        talon_done(run, TALON_WARN, "launchd.restarts", "runs %s, but was started again %ld times since the last look; before that %s",
                   as_process(run, found), found->restarts, launchd_end_words(run, job));
    else if (is_at_work(job))
        talon_done(run, TALON_OK, "launchd.ok", "runs %s", as_process(run, found));
    else if (job->state == LAUNCHCTL_RUNNING)
        talon_done(run, TALON_UNKNOWN, "launchd.state", "launchctl says that %s runs, but not as which process", job->label);
    else if (job->state == LAUNCHCTL_HELD_BACK)
        talon_done(run, TALON_STARTING, "starting", "%s waits to be started again (%ld runs so far): %s", job->label, job->runs,
                   launchd_end_words(run, job));
    else
        talon_done(run, TALON_FAIL, "launchd.not_running", "%s does not run: %s", job->label, launchd_end_words(run, job));
}

/* Twice its interval and the grace have passed without a run. */
static int is_overdue(const struct launchd_conf *conf, const struct launchd_found *found, uint64_t interval)
{
    return interval > 0 && found->idle_ns >= 2 * interval + conf->grace;
}

static void judge_interval(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchd_conf *conf = run->conf;
    const struct launchctl_job *job = &found->job;
    const long said = job->interval_s < YEAR ? job->interval_s : YEAR;
    const uint64_t interval = conf->interval ? conf->interval : (uint64_t)said * UINT64_C(1000000000);

    if (is_overdue(conf, found, interval) && is_at_work(job))
        talon_done(run, TALON_FAIL, "launchd.stuck", "the run of %s has gone on for %s, though one is due every %s", job->label,
                   talon_show_time(run, found->idle_ns), talon_show_time(run, interval));
    else if (is_overdue(conf, found, interval))
        talon_done(run, TALON_FAIL, "launchd.overdue", "%s has not run for %s, though it is due every %s", job->label,
                   talon_show_time(run, found->idle_ns), talon_show_time(run, interval));
    else if (ended_badly(job))
        talon_done(run, TALON_FAIL, "launchd.exit", "the last run of %s failed: %s", job->label, launchd_end_words(run, job));
    else if (is_at_work(job))
        talon_done(run, TALON_OK, "launchd.ok", "runs just now %s", as_process(run, found));
    else if (job->end == LAUNCHCTL_EXITED)
        talon_done(run, TALON_OK, "launchd.ok", job->runs >= 0 ? "its last run was good (%ld so far)" : "its last run was good", job->runs);
    else
        talon_done(run, TALON_OK, "launchd.ok", "loaded, has not ended a run yet");
}

static void judge_watch(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchctl_job *job = &found->job;

    if (ended_badly(job))
        talon_done(run, TALON_FAIL, "launchd.exit", "the last run of %s failed: %s", job->label, launchd_end_words(run, job));
    else if (is_at_work(job))
        talon_done(run, TALON_OK, "launchd.ok", "runs just now %s", as_process(run, found));
    else
        talon_done(run, TALON_OK, "launchd.ok", "loaded, waits for its event; %s",
                   job->end == LAUNCHCTL_EXITED ? "its last run was good" : "has not ended a run yet");
}

static void judge_oneshot(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchctl_job *job = &found->job;

    if (is_at_work(job))
        talon_done(run, TALON_STARTING, "starting", "still at work %s", as_process(run, found));
    else if (ended_badly(job))
        talon_done(run, TALON_FAIL, "launchd.exit", "%s failed: %s", job->label, launchd_end_words(run, job));
    else if (job->end == LAUNCHCTL_EXITED)
        talon_done(run, TALON_OK, "launchd.ok", "has run and ended well");
    else
        talon_done(run, TALON_WARN, "launchd.never_ran", "%s is loaded, but has not run", job->label);
}

static void judge_retired(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchctl_job *job = &found->job;

    talon_done(run, TALON_FAIL, "launchd.retired", "%s is retired, but is loaded in %s%s", job->label, found->domain,
               job->pid > 0 ? talon_text(run, " and runs as process %ld", job->pid) : "");
}

/* Of a healer that is not Talon's: while it is at work, Talon keeps its hands off. How its last run ended says nothing here. */
static void judge_idle(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchctl_job *job = &found->job;

    if (is_at_work(job))
        talon_done(run, TALON_FAIL, "launchd.running", "%s runs just now %s", job->label, as_process(run, found));
    else if (job->state == LAUNCHCTL_RUNNING)
        talon_done(run, TALON_FAIL, "launchd.running", "%s runs just now", job->label);
    else
        talon_done(run, TALON_OK, "launchd.ok", "loaded, does not run just now");
}

static void tell(struct talon_run *run, const struct launchd_found *found)
{
    const struct launchctl_job *job = &found->job;

    if (job->pid > 0)
        run->host->metric(run, "pid", (double)job->pid, "");
    if (uptime(run, found) >= 0)
        run->host->metric(run, "uptime", uptime(run, found), "s");
    if (job->runs >= 0)
        run->host->metric(run, "runs", (double)job->runs, "");
    if (job->end == LAUNCHCTL_EXITED)
        run->host->metric(run, "last_exit", job->end_code, "");
    run->host->metric(run, "restarts", (double)found->restarts, "");
    run->host->metric(run, "since_run", (double)found->idle_ns / 1e9, "s");
    run->host->detail(run, "domain", found->domain);
    run->host->detail(run, "state", talon_quote(run, job->state_text, strlen(job->state_text), 60));
    run->host->detail(run, "last_run", launchd_end_words(run, job));
}

void launchd_judge(struct talon_run *run, const struct launchd_found *found)
{
    static void (*const rules[])(struct talon_run *, const struct launchd_found *) = {
        [LAUNCHD_KEEPALIVE] = judge_keepalive, [LAUNCHD_INTERVAL] = judge_interval, [LAUNCHD_WATCH] = judge_watch,
        [LAUNCHD_ONESHOT] = judge_oneshot,     [LAUNCHD_RETIRED] = judge_retired,   [LAUNCHD_IDLE] = judge_idle,
    };
    const struct launchd_conf *conf = run->conf;

    tell(run, found);
    if (conf->kind == LAUNCHD_RETIRED || !judge_state(run, found))
        rules[conf->kind](run, found);
}
