/* The check type `memory`: how much of the memory can no longer be had without swapping, in percent. */
#include "memory.h"

#include <talon/plugin.h>

struct conf {
    double warn, fail;
};

static const struct talon_option options[] = {
    { .name = "warn",
      TALON_NUMBER_AT(struct conf, warn),
      .max = 100,
      .fallback = "90",
      .help = "Percent not available, at or above which it is a warning." },
    { .name = "fail",
      TALON_NUMBER_AT(struct conf, fail),
      .max = 100,
      .fallback = "97",
      .help = "Percent not available, at or above which it is a failure." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "used_percent", .unit = "%", .help = "Memory that is not available." },
    { .name = "available", .unit = "B", .help = "Memory that can be had without swapping." },
    { .name = "total", .unit = "B", .help = "Memory of the host." },
    { .name = "swap_used", .unit = "B", .help = "Swap in use." },
    { .name = "swap_total", .unit = "B", .help = "Swap of the host." },
    { .name = NULL },
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    if (conf->warn <= conf->fail)
        return 0;
    problem->option = "warn";
    snprintf(problem->text, sizeof problem->text, "must not be above `fail` (%g)", conf->fail);
    return 1;
}

static void judge(struct talon_run *run, const struct memory_figures *memory)
{
    const struct conf *conf = run->conf;
    const double used = (memory->total - memory->available) * 100 / memory->total;
    const char *left = talon_show_size(run, memory->available), *total = talon_show_size(run, memory->total);

    run->host->metric(run, "used_percent", used, "%");
    run->host->metric(run, "available", memory->available, "B");
    run->host->metric(run, "total", memory->total, "B");
    run->host->metric(run, "swap_used", memory->swap_used, "B");
    run->host->metric(run, "swap_total", memory->swap_total, "B");
    if (used >= conf->fail)
        talon_done(run, TALON_FAIL, "memory.full", "%.1f %% used, %s of %s available; failure at %g %%", used, left,
                   total, conf->fail);
    else if (used >= conf->warn)
        talon_done(run, TALON_WARN, "memory.high", "%.1f %% used, %s of %s available; warning at %g %%", used, left,
                   total, conf->warn);
    else
        talon_done(run, TALON_OK, "memory.ok", "%.1f %% used, %s of %s available", used, left, total);
}

static void start(struct talon_run *run)
{
    struct memory_figures memory;
    char why[200];

    if (memory_read(&memory, why, sizeof why) != 0)
        talon_done(run, TALON_UNKNOWN, "memory.unavailable", "%s", why);
    else
        judge(run, &memory);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "memory",
      .summary = "How much memory is not available.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,           .name = "memory",
    .version = "1.0.0",          .license = "MIT",
    .summary = "Memory checks.", TALON_OPERATIONS(operations),
};
