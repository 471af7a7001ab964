/*
 * The action `systemd.restart`: what state the unit is in, `systemctl restart`, and what state it is in then. A restart is the unit's own stop and start, so
 * that its dependencies are kept; one that a person masked is left alone, since systemd itself would refuse it.
 */
#include "systemd.h"

enum { WORDS = 160 };

const struct talon_option systemd_restart_options[] = {
    { .name = "unit",
      TALON_STRING_AT(struct systemd_restart_conf, unit),
      .flags = TALON_REQUIRED,
      .help = "The unit, named in full: a service, socket, timer, path or mount, such as cron.service." },
    { .name = "user",
      TALON_BOOL_AT(struct systemd_restart_conf, user),
      .help = "Ask the service manager of the user that Talon runs as, not the system's." },
    { .name = NULL },
};

/* A target or a slice would take others with it. */
static int has_kind(const char *unit)
{
    static const char *const kinds[] = { ".service", ".socket", ".timer", ".path", ".mount", ".automount" };
    const char *dot = strrchr(unit, '.');

    for (size_t i = 0; dot && dot > unit && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(dot, kinds[i]) == 0)
            return 1;
    return 0;
}

int systemd_restart_validate(const void *given, struct talon_problem *problem)
{
    const struct systemd_restart_conf *conf = given;

    if (systemd_is_unit(conf->unit) && has_kind(conf->unit))
        return 0;
    problem->option = "unit";
    snprintf(problem->text, sizeof problem->text, "must be the full name of one service, socket, timer, path or mount, such as cron.service");
    return 1;
}

/* ---- what a person would do */

static const char *by_hand(struct talon_run *run, const char *verb)
{
    const struct systemd_restart_conf *conf = run->conf;

    return talon_text(run, conf->user ? "systemctl --user %s %s" : "sudo systemctl %s %s", verb, conf->unit);
}

/* ---- what systemctl says */

/* What a unit's own job came to may use the same words: that one was begun. */
static int is_about_rights(const char *said)
{
    static const char *const words[] = { "Access denied", "authentication required", "Permission denied", "Operation not permitted", "not authorized" };

    if (strncmp(said, "Job for ", 8) == 0)
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(said, words[i]))
            return 1;
    return 0;
}

/* systemctl could not be asked before anything was done. 1: the run has ended. */
static int is_unasked(struct talon_run *run, const struct talon_exit *ended, struct systemd_unit *unit)
{
    const struct systemd_restart_conf *conf = run->conf;
    const char *said = talon_quote(run, ended->err, ended->err_len, WORDS);

    if (ended->error.code)
        talon_done(run, TALON_UNKNOWN, ended->error.token, "nothing was done: cannot ask systemctl: %s", ended->error.text);
    else if (ended->signal || ended->code != 0)
        talon_done(run, TALON_UNKNOWN, "systemd.refused", "nothing was done: systemctl %s %d%s%s", ended->signal ? "was killed by signal" : "exited with",
                   (int)(ended->signal ? ended->signal : ended->code), *said ? ": " : "", said);
    else if (!systemd_read_show(ended->out, ended->out_len, unit))
        talon_done(run, TALON_UNKNOWN, "systemd.output", "nothing was done: systemctl did not say in which state %s is", conf->unit);
    else
        return 0;
    return 1;
}

static const char *state_words(struct talon_run *run, const struct systemd_unit *unit)
{
    return talon_text(run, "%s (%s)", talon_quote(run, unit->active, strlen(unit->active), 40), talon_quote(run, unit->sub, strlen(unit->sub), 40));
}

/* ---- the steps */

/* The restart was taken; does it run? A unit of Type=simple counts as started before its program has shown what it can: that is for checks to see. */
static void looked_after(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct systemd_restart_conf *conf = run->conf;
    const struct systemd_restart *state = run->state;
    struct systemd_unit unit;
    const char *exit;

    (void)arg;
    if (ended->error.code || ended->signal || ended->code != 0 || !systemd_read_show(ended->out, ended->out_len, &unit)) {
        talon_done(run, TALON_WARN, "systemd.output", "restarted %s, which was %s before; systemctl does not say how it is now", conf->unit, state->before);
        return;
    }
    run->host->detail(run, "after", state_words(run, &unit));
    exit = systemd_exit_words(run, &unit);
    if (strcmp(unit.active, "failed") == 0)
        talon_done(run, TALON_FAIL, "systemd.failed", "%s was restarted and has failed at once%s%s", conf->unit, *exit ? ": " : "", exit);
    else
        talon_done(run, TALON_OK, "systemd.done", "restarted %s: it was %s, it is %s", conf->unit, state->before, state_words(run, &unit));
}

static void restarted(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct systemd_restart_conf *conf = run->conf;
    const char *said = talon_quote(run, ended->err, ended->err_len, WORDS);

    (void)arg;
    if (ended->error.code == TALON_E_TIMEOUT)
        talon_done(run, TALON_FAIL, ended->error.token, "systemd has not restarted %s in time; its job goes on: `%s` shows it", conf->unit,
                   by_hand(run, "status"));
    else if (ended->error.code)
        talon_failed(run, &ended->error, "cannot run systemctl restart %s", conf->unit);
    else if (ended->signal)
        talon_done(run, TALON_FAIL, "exec.signal", "systemctl restart %s was killed by signal %d: whether it was done is not known", conf->unit,
                   (int)ended->signal);
    else if (ended->code == 0)
        systemd_show(run, conf->unit, conf->user, looked_after);
    else if (is_about_rights(said))
        talon_done(run, TALON_UNKNOWN, "refused.rights", "not done, Talon lacks the right; a person runs: %s (%s)", by_hand(run, "restart"), said);
    else
        talon_done(run, TALON_FAIL, "systemd.failed", "systemctl restart %s exited with %d%s%s", conf->unit, (int)ended->code, *said ? ": " : "", said);
}

static void looked_before(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct systemd_restart_conf *conf = run->conf;
    const char *const argv[] = { "systemctl", conf->user ? "--user" : "--system", "--no-pager", "--no-ask-password", "restart", conf->unit, NULL };
    struct systemd_restart *state = run->state;
    struct systemd_unit unit;

    (void)arg;
    if (is_unasked(run, ended, &unit))
        return;
    state->before = state_words(run, &unit);
    run->host->detail(run, "before", state->before);
    if (strcmp(unit.load, "not-found") == 0) {
        talon_done(run, TALON_UNKNOWN, "systemd.not_found", "nothing was done: there is no unit %s", conf->unit);
    } else if (strcmp(unit.load, "masked") == 0) {
        talon_done(run, TALON_UNKNOWN, "refused.masked", "not done, a person has masked %s; to allow it: %s", conf->unit, by_hand(run, "unmask"));
    } else {
        run->host->progress(run, talon_text(run, "restarts %s, which is %s", conf->unit, state->before));
        systemd_ask(run, argv, conf->user, restarted);
    }
}

void systemd_restart_start(struct talon_run *run)
{
    const struct systemd_restart_conf *conf = run->conf;

    systemd_show(run, conf->unit, conf->user, looked_before);
}
