/*
 * The check type `clock`: does something keep this machine's clock right? The kernel is asked, which knows how far its discipline (chrony, ntpd, timesyncd, timed)
 * has it off and since when nobody has set it; no server is asked, so it says as well where there is no network that the time is no longer kept.
 */
#include "clock.h"

#include <talon/plugin.h>

#include <errno.h>

#define NS_PER_S 1e9

struct conf {
    uint64_t warn, fail;
    int32_t required;
};

static const struct talon_option options[] = {
    { .name = "warn", TALON_DURATION_AT(struct conf, warn), .fallback = "500ms", .help = "An offset that is a warning; 0: none is." },
    { .name = "fail", TALON_DURATION_AT(struct conf, fail), .fallback = "10s", .help = "An offset that is a failure; 0: none is." },
    { .name = "required",
      TALON_BOOL_AT(struct conf, required),
      .help = "Whether it is a warning that nothing keeps the clock; where it is not, the offset is then unknown." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "offset", .unit = "s", .help = "How far the clock is known to be off." },
    { .name = "estimated_error", .unit = "s", .help = "What its discipline estimates as its error." },
    { .name = NULL },
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    if (conf->warn <= conf->fail || conf->fail == 0)
        return 0;
    problem->option = "warn";
    snprintf(problem->text, sizeof problem->text, "must not be above `fail`");
    return 1;
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct clock_state clock;
    double off;
    const char *shown;

    if (!clock_look(&clock)) {
        talon_done(run, TALON_UNKNOWN, "clock.hidden", "cannot ask the kernel for its clock: %s", strerror(errno));
        return;
    }
    if (!clock.synchronised) {
        talon_done(run, conf->required ? TALON_WARN : TALON_UNKNOWN, "clock.unsynchronised", "nothing keeps the clock of this machine, so nobody knows how far it is off");
        return;
    }
    off = clock.offset < 0 ? -clock.offset : clock.offset;
    shown = talon_show_time(run, (uint64_t)(off * NS_PER_S));
    run->host->metric(run, "offset", clock.offset, "s");
    run->host->metric(run, "estimated_error", clock.estimated, "s");
    if (conf->fail > 0 && off * NS_PER_S >= (double)conf->fail)
        talon_done(run, TALON_FAIL, "clock.offset", "the clock is off by %s", shown);
    else if (conf->warn > 0 && off * NS_PER_S >= (double)conf->warn)
        talon_done(run, TALON_WARN, "clock.offset", "the clock is off by %s", shown);
    else
        talon_done(run, TALON_OK, "clock.ok", "it is kept, and off by %s", shown);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "clock",
      .summary = "Looks whether something keeps this machine's clock right, by what the kernel knows.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "clock",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks of the machine's clock.",
    TALON_OPERATIONS(operations),
};
