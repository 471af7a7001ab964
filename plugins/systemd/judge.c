/*
 * Judges a unit. An inactive one is stopped only where an act was seen: it was stopped before its main process ended (which the order of the two tells), or it
 * is disabled or masked. One that ended by itself, or was never started though it is enabled, has failed.
 */
#include "systemd.h"

enum { EXITED = 1, KILLED = 2, DUMPED = 3 }; /* CLD_ of waitid(2), as systemd passes them on */

#define NS_PER_S INT64_C(1000000000)

/* ---- words */

/* Exit codes that systemd itself gives a process which it could not start as it should (systemd.exec(5)). */
static const char *code_words(int64_t code)
{
    static const struct {
        int code;
        const char *words;
    } known[] = {
        { 2, "INVALIDARGUMENT: wrong arguments" },
        { 5, "NOTINSTALLED: a program is missing" },
        { 6, "NOTCONFIGURED: it is not configured" },
        { 78, "CONFIG: its configuration is wrong" },
        { 126, "its program cannot be executed" },
        { 127, "its program was not found" },
        { 200, "CHDIR: its folder is not there" },
        { 203, "EXEC: its program is missing or cannot be executed" },
        { 209, "STDOUT: its output could not be set up" },
        { 216, "GROUP: its group does not exist" },
        { 217, "USER: its user does not exist" },
        { 218, "CAPABILITIES: it may not have its capabilities" },
        { 226, "NAMESPACE: its file system could not be set up" },
        { 238, "STATE_DIRECTORY: its state folder could not be made" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            return known[i].words;
    return NULL;
}

const char *systemd_exit_words(struct talon_run *run, const struct systemd_unit *unit)
{
    const char *words = code_words(unit->main_status);

    if (unit->main_code == EXITED)
        return talon_text(run, words ? "it exited with %lld (%s)" : "it exited with %lld%s", (long long)unit->main_status, words ? words : "");
    if ((unit->main_code == KILLED || unit->main_code == DUMPED) && unit->main_status > 0 && unit->main_status < 128) {
        words = strsignal((int)unit->main_status);
        return talon_text(run, "it was killed by signal %lld (%s)", (long long)unit->main_status, words ? words : "unknown");
    }
    return "";
}

/* systemd's word for why it failed, as a sentence part. */
static const char *result_words(struct talon_run *run, const struct systemd_unit *unit)
{
    static const struct {
        const char *result, *words;
    } known[] = {
        { "timeout", "it did not start or stop in time" },
        { "watchdog", "it did not tell its watchdog that it lives" },
        { "start-limit-hit", "it was started too often, and systemd has given up" },
        { "oom-kill", "it was killed because memory ran out" },
        { "resources", "the system lacked something to start it" },
        { "protocol", "it did not start as its type asks" },
        { "unmounted", "what it needs was unmounted" },
        { "trigger-limit-hit", "it was triggered too often" },
        { "service-start-limit-hit", "its service was started too often" },
    };
    const char *exit = systemd_exit_words(run, unit);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(unit->result, known[i].result) == 0)
            return *exit && unit->main_status != 0 ? talon_text(run, "%s; %s", known[i].words, exit) : known[i].words;
    return *exit ? exit : talon_text(run, "systemd calls it \"%s\"", talon_quote(run, unit->result, strlen(unit->result), 40));
}

static const char *word(struct talon_run *run, const char *text)
{
    return talon_quote(run, text, strlen(text), 60);
}

/* ---- states */

/* How long ago that was, in ns; the calendar may have been set back since. */
static uint64_t since(struct talon_run *run, int64_t when)
{
    const int64_t passed = run->host->unix_ns(run) - when;

    return passed > 0 ? (uint64_t)passed : 0;
}

/* How long it is active, as far as that is said: " for 3 h". */
static const char *for_how_long(struct talon_run *run, const struct systemd_unit *unit)
{
    return unit->active_since < 0 ? "" : talon_text(run, " for %s", talon_show_time(run, since(run, unit->active_since)));
}

/* A timer that is due is judged by when it went off last; one that never did, by how long it has been waiting. 1: the run has ended. */
static int judge_age(struct talon_run *run, const struct systemd_unit *unit)
{
    const struct systemd_conf *conf = run->conf;
    const int64_t from = unit->triggered >= 0 ? unit->triggered : unit->active_since;

    if (!conf->max_age || from < 0 || since(run, from) < conf->max_age)
        return 0;
    if (unit->triggered >= 0)
        talon_done(run, TALON_FAIL, "systemd.overdue", "%s last went off %s ago, expected within %s", unit->id, talon_show_time(run, since(run, from)),
                   talon_show_time(run, conf->max_age));
    else
        talon_done(run, TALON_FAIL, "systemd.overdue", "%s has never gone off, though it has been active for %s", unit->id,
                   talon_show_time(run, since(run, from)));
    return 1;
}

static void judge_active(struct talon_run *run, const struct systemd_unit *unit, int64_t restarts)
{
    const struct systemd_conf *conf = run->conf;

    if (conf->warn_restarts > 0 && restarts >= conf->warn_restarts)
        talon_done(run, TALON_WARN, "systemd.restarts", "is active (%s)%s, but was started again %lld times since the last look", word(run, unit->sub),
                   for_how_long(run, unit), (long long)restarts);
    else if (judge_age(run, unit))
        return;
    else if (unit->triggered >= 0)
        talon_done(run, TALON_OK, "systemd.ok", "active (%s), last went off %s ago", word(run, unit->sub), talon_show_time(run, since(run, unit->triggered)));
    else
        talon_done(run, TALON_OK, "systemd.ok", "active (%s)%s", word(run, unit->sub), for_how_long(run, unit));
}

static void judge_activating(struct talon_run *run, const struct systemd_unit *unit)
{
    const char *exit = systemd_exit_words(run, unit);

    if (strcmp(unit->sub, "auto-restart") == 0)
        talon_done(run, TALON_STARTING, "starting", "%s waits to be started again (%lld restarts so far)%s%s", unit->id,
                   (long long)(unit->restarts > 0 ? unit->restarts : 0), *exit ? ": " : "", exit);
    else
        talon_done(run, TALON_STARTING, "starting", "%s is starting (%s)", unit->id, word(run, unit->sub));
}

/* Somebody stopped it: it left its active state before its main process had ended, or has none (a socket, a timer). */
static int was_stopped(const struct systemd_unit *unit)
{
    return unit->order_left > 0 && (unit->order_main_exit <= 0 || unit->order_main_exit > unit->order_left);
}

/* One that runs now and then waits for its trigger, or has done its work. */
static int may_be_inactive(const struct systemd_unit *unit)
{
    return *unit->triggered_by || strcmp(unit->type, "oneshot") == 0;
}

static void judge_inactive(struct talon_run *run, const struct systemd_unit *unit)
{
    const char *exit = systemd_exit_words(run, unit);

    if (strcmp(unit->file_state, "disabled") == 0 && !may_be_inactive(unit))
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "%s is disabled and does not run", unit->id);
    else if (may_be_inactive(unit) && *unit->triggered_by)
        talon_done(run, TALON_OK, "systemd.ok", "waits for %s%s", word(run, unit->triggered_by), unit->main_code > 0 ? "; its last run was good" : "");
    else if (may_be_inactive(unit) && unit->main_code > 0)
        talon_done(run, TALON_OK, "systemd.ok", "has run and ended well");
    else if (strcmp(unit->condition, "no") == 0 && unit->order_condition > 0)
        talon_done(run, TALON_FAIL, "systemd.inactive", "%s was not started, because a condition of its unit does not hold", unit->id);
    else if (unit->order_active <= 0 && strcmp(unit->file_state, "enabled") == 0)
        talon_done(run, TALON_FAIL, "systemd.inactive", "%s is enabled, but does not run", unit->id);
    else if (unit->order_active <= 0) /* systemd forgets all about an inactive unit that nothing refers to */
        talon_done(run, TALON_FAIL, "systemd.inactive", "%s does not run", unit->id);
    else if (was_stopped(unit))
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "%s was stopped", unit->id);
    else
        talon_done(run, TALON_FAIL, "systemd.inactive", "%s has ended by itself%s%s", unit->id, *exit ? ": " : "", exit);
}

static void judge_deactivating(struct talon_run *run, const struct systemd_unit *unit)
{
    if (was_stopped(unit) && strcmp(unit->result, "success") == 0)
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "%s is being stopped (%s)", unit->id, word(run, unit->sub));
    else
        talon_done(run, TALON_FAIL, "systemd.failed", "%s is ending (%s): %s", unit->id, word(run, unit->sub), result_words(run, unit));
}

/* A unit that systemd could not read. 1: the run has ended. */
static int judge_load(struct talon_run *run, const struct systemd_unit *unit)
{
    if (strcmp(unit->load, "not-found") == 0)
        talon_done(run, TALON_FAIL, "systemd.not_found", "there is no unit %s", unit->id);
    else if (strcmp(unit->load, "masked") == 0 && strcmp(unit->active, "active") != 0)
        talon_done(run, TALON_STOPPED, "stopped.by_hand", "%s is masked", unit->id);
    else if (strcmp(unit->load, "bad-setting") == 0 || strcmp(unit->load, "error") == 0)
        talon_done(run, TALON_FAIL, "systemd.bad_unit", "systemd cannot use the unit %s (%s)%s%s", unit->id, unit->load, *unit->load_error ? ": " : "",
                   word(run, unit->load_error));
    else
        return 0;
    return 1;
}

static void tell(struct talon_run *run, const struct systemd_unit *unit, int64_t restarts)
{
    const int active = strcmp(unit->active, "active") == 0 && unit->active_since >= 0;

    if (unit->main_pid > 0)
        run->host->metric(run, "pid", (double)unit->main_pid, "");
    if (active)
        run->host->metric(run, "uptime", (double)since(run, unit->active_since) / (double)NS_PER_S, "s");
    if (unit->memory >= 0)
        run->host->metric(run, "memory", (double)unit->memory, "B");
    if (unit->triggered >= 0)
        run->host->metric(run, "since_trigger", (double)since(run, unit->triggered) / (double)NS_PER_S, "s");
    run->host->metric(run, "restarts", (double)restarts, "");
    run->host->detail(run, "state", talon_text(run, "%s, %s (%s)", word(run, unit->load), word(run, unit->active), word(run, unit->sub)));
    if (*unit->result && strcmp(unit->result, "success") != 0)
        run->host->detail(run, "result", word(run, unit->result));
}

void systemd_judge(struct talon_run *run, const struct systemd_unit *unit, int64_t restarts)
{
    tell(run, unit, restarts);
    if (judge_load(run, unit))
        return;
    if (strcmp(unit->active, "active") == 0 || strcmp(unit->active, "reloading") == 0 || strcmp(unit->active, "refreshing") == 0)
        judge_active(run, unit, restarts);
    else if (strcmp(unit->active, "activating") == 0)
        judge_activating(run, unit);
    else if (strcmp(unit->active, "deactivating") == 0)
        judge_deactivating(run, unit);
    else if (strcmp(unit->active, "failed") == 0)
        talon_done(run, TALON_FAIL, "systemd.failed", "%s has failed: %s", unit->id, result_words(run, unit));
    else if (strcmp(unit->active, "inactive") == 0)
        judge_inactive(run, unit);
    else
        talon_done(run, TALON_UNKNOWN, "systemd.state", "systemd calls the state of %s \"%s\", which is not known here", unit->id, word(run, unit->active));
}
