/*
 * The check type `systemd.unit`: asks `systemctl show` for the properties of one unit, which is made for programs, and judges them (judge.c). D-Bus itself
 * would need a library for one question. The action `systemd.restart` goes the same way (restart.c).
 */
#include "systemd.h"

#include <unistd.h>

enum { MAX_OUTPUT = 65536, WORDS = 200 };

static const struct talon_option options[] = {
    { .name = "unit",
      TALON_STRING_AT(struct systemd_conf, unit),
      .flags = TALON_REQUIRED,
      .help = "The unit; a name without a suffix is a service." },
    { .name = "user", TALON_BOOL_AT(struct systemd_conf, user), .help = "Ask the service manager of the user that Talon runs as, not the system's." },
    { .name = "max_age",
      TALON_DURATION_AT(struct systemd_conf, max_age),
      .help = "Of a timer: it must have gone off more recently than this; 0: whenever." },
    { .name = "warn_restarts",
      TALON_INT_AT(struct systemd_conf, warn_restarts),
      .max = 100000,
      .fallback = "3",
      .help = "So many new starts between two checks are a warning; 0: never." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "pid", .unit = "", .help = "Its main process, where it has one." },
    { .name = "uptime", .unit = "s", .help = "How long it has been active." },
    { .name = "memory", .unit = "B", .help = "What its processes use, where systemd counts it." },
    { .name = "restarts", .unit = "", .help = "How often systemd started it again since the check before." },
    { .name = "since_trigger", .unit = "s", .help = "Of a timer: since it went off last." },
    { .name = NULL },
};

int systemd_is_unit(const char *unit)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";

    return *unit && *unit != '-' && strlen(unit) < 256 && unit[strspn(unit, allowed)] == '\0';
}

static int is_timer(const char *unit)
{
    const size_t n = strlen(unit), m = strlen(".timer");

    return n > m && strcmp(unit + n - m, ".timer") == 0;
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct systemd_conf *conf = given;

    if (!systemd_is_unit(conf->unit)) {
        problem->option = "unit";
        snprintf(problem->text, sizeof problem->text, "is no name of a unit: write it as systemctl shows it, such as cron.service");
    } else if (conf->max_age && !is_timer(conf->unit)) {
        problem->option = "max_age";
        snprintf(problem->text, sizeof problem->text, "is for timers alone, and \"%.100s\" is none", conf->unit);
    } else {
        return 0;
    }
    return 1;
}

/* Where systemctl can say nothing, nothing is known of the unit. */
static void no_answer(struct talon_run *run, const struct talon_exit *ended)
{
    const char *said = talon_quote(run, ended->err, ended->err_len, WORDS);

    if (ended->error.code)
        talon_done(run, TALON_UNKNOWN, ended->error.token, "cannot ask systemctl: %s", ended->error.text);
    else if (ended->signal)
        talon_done(run, TALON_UNKNOWN, "exec.signal", "cannot ask systemctl: it was killed by signal %d", (int)ended->signal);
    else if (ended->code != 0)
        talon_done(run, TALON_UNKNOWN, "systemd.refused", "systemctl exited with %d%s%s", (int)ended->code, *said ? ": " : "", said);
    else
        talon_done(run, TALON_UNKNOWN, "systemd.output", "systemctl did not say in which state %s is", ((const struct systemd_conf *)run->conf)->unit);
}

static void shown(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct systemd_conf *conf = run->conf;
    struct systemd_self *self = run->self;
    struct systemd_unit unit;
    int64_t restarts = 0;

    (void)arg;
    if (ended->error.code || ended->signal || ended->code != 0 || !systemd_read_show(ended->out, ended->out_len, &unit)) {
        no_answer(run, ended);
        return;
    }
    if (!*unit.id)
        snprintf(unit.id, sizeof unit.id, "%.150s", conf->unit);
    if (self->seen && unit.restarts > self->restarts && self->restarts >= 0)
        restarts = unit.restarts - self->restarts;
    self->seen = 1;
    self->restarts = unit.restarts;
    systemd_judge(run, &unit, restarts);
}

void systemd_ask(struct talon_run *run, const char *const *argv, int user, talon_exit_fn *then)
{
    const char *const environment[] = { "TZ=UTC", user ? talon_text(run, "XDG_RUNTIME_DIR=/run/user/%lu", (unsigned long)getuid()) : NULL, NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .max_output = MAX_OUTPUT, .argv = argv, .env = environment), then, NULL);
}

void systemd_show(struct talon_run *run, const char *unit, int user, talon_exit_fn *then)
{
    const char *const argv[] = { "systemctl", user ? "--user" : "--system", "--no-pager", "show", "-p", systemd_properties, unit, NULL };

    systemd_ask(run, argv, user, then);
}

static void start(struct talon_run *run)
{
    const struct systemd_conf *conf = run->conf;

    systemd_show(run, conf->unit, conf->user, shown);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "unit",
      .summary = "Asks systemd for the state of a unit.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct systemd_conf),
      .instance_size = sizeof(struct systemd_self),
      .validate = validate,
      .start = start },
    { .kind = TALON_ACTION,
      .flags = TALON_REPEATABLE,
      .name = "restart",
      .summary = "Restarts a unit of systemd, or starts one that does not run.",
      .options = systemd_restart_options,
      .conf_size = sizeof(struct systemd_restart_conf),
      .run_size = sizeof(struct systemd_restart),
      .impact = TALON_RESTART,
      .validate = systemd_restart_validate,
      .start = systemd_restart_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "systemd",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks and restarts of systemd's units.",
    TALON_OPERATIONS(operations),
};
