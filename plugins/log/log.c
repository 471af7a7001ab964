/*
 * The check types of `log`: what is new in a log file (pattern.c), and when it was last written to. Files may lie where the system waits for ever, so runs get
 * a process of their own.
 */
#include "log.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_SECONDS INT64_C(9000000000) /* a file may claim to be of any time, also of one that has no place in 64 bits of nanoseconds */

void log_broken(struct talon_run *run, const char *path, int why)
{
    if (why == ENOENT || why == ENOTDIR)
        talon_done(run, TALON_FAIL, "file.missing", "%s does not exist", path);
    else if (why == EACCES || why == EPERM)
        talon_done(run, TALON_UNKNOWN, "file.denied", "%s: not permitted to us (user %ld): %s", path, (long)geteuid(), strerror(why));
    else if (why == ENOMEM || why == EMFILE || why == ENFILE || why == EINTR)
        talon_done(run, TALON_UNKNOWN, "local", "cannot read %s: %s", path, strerror(why));
    else
        talon_done(run, TALON_FAIL, "file.error", "%s: %s", path, strerror(why));
}

/* ---- age */

const struct talon_option log_age_options[] = {
    { .name = "path", TALON_PATH_AT(struct log_age_conf, path), .flags = TALON_REQUIRED, .help = "The log; symbolic links are followed." },
    { .name = "max_age",
      TALON_DURATION_AT(struct log_age_conf, max_age),
      .flags = TALON_REQUIRED,
      .help = "It must have been written to more recently than this." },
    { .name = "warn_age", TALON_DURATION_AT(struct log_age_conf, warn_age), .help = "From this age on it is a warning; 0: never." },
    { .name = NULL },
};

const struct talon_metric log_age_metrics[] = {
    { .name = "age", .unit = "s", .help = "Since it was last written to." },
    { .name = "size", .unit = "B", .help = "Its size." },
    { .name = NULL },
};

int log_age_validate(const void *given, struct talon_problem *problem)
{
    const struct log_age_conf *conf = given;

    problem->option = conf->max_age == 0 ? "max_age" : "warn_age";
    if (conf->max_age == 0)
        snprintf(problem->text, sizeof problem->text, "must be longer than 0");
    else if (conf->warn_age >= conf->max_age)
        snprintf(problem->text, sizeof problem->text, "must be shorter than `max_age`");
    else
        return 0;
    return 1;
}

void log_age_start(struct talon_run *run)
{
    const struct log_age_conf *conf = run->conf;
    struct stat found;
    uint64_t age;
    int64_t passed;
    const char *shown;

    if (stat(conf->path, &found) != 0) {
        log_broken(run, conf->path, errno);
        return;
    }
    passed = run->host->unix_ns(run) - (found.st_mtime < MOST_SECONDS ? (int64_t)found.st_mtime : MOST_SECONDS) * 1000000000;
    age = passed > 0 ? (uint64_t)passed : 0;
    shown = talon_show_time(run, age);
    run->host->metric(run, "age", (double)passed / 1e9, "s");
    run->host->metric(run, "size", (double)found.st_size, "B");
    if (age >= conf->max_age)
        talon_done(run, TALON_FAIL, "log.old", "%s was last written to %s ago, expected within %s", conf->path, shown, talon_show_time(run, conf->max_age));
    else if (conf->warn_age && age >= conf->warn_age)
        talon_done(run, TALON_WARN, "log.old", "%s was last written to %s ago; warning at %s", conf->path, shown, talon_show_time(run, conf->warn_age));
    else
        talon_done(run, TALON_OK, "log.ok", "last written to %s ago", shown);
}

/* ---- the plugin */

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .flags = TALON_BLOCKING,
      .name = "pattern",
      .summary = "Reads what is new in a log file and judges its lines.",
      .options = log_pattern_options,
      .metrics = log_pattern_metrics,
      .conf_size = sizeof(struct log_pattern_conf),
      .validate = log_pattern_validate,
      .start = log_pattern_start },
    { .kind = TALON_CHECK,
      .flags = TALON_BLOCKING,
      .name = "age",
      .summary = "Looks when a log file was last written to.",
      .options = log_age_options,
      .metrics = log_age_metrics,
      .conf_size = sizeof(struct log_age_conf),
      .validate = log_age_validate,
      .start = log_age_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "log",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of log files.",
    TALON_OPERATIONS(operations),
};
