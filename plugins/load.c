/* The check type `load`: how many processes wanted to run, for each CPU, over the last minute. It never fails: a busy
 * host is no broken one. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <stdlib.h>
#include <talon/plugin.h>
#include <unistd.h>

struct conf {
    double warn;
};

static const struct talon_option options[] = {
    { .name = "warn",
      TALON_NUMBER_AT(struct conf, warn),
      .max = 10000,
      .fallback = "4",
      .help = "Load for each CPU over a minute, at or above which it is a warning." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "load1", .unit = "", .help = "Load average over a minute." },
    { .name = "load5", .unit = "", .help = "Load average over five minutes." },
    { .name = "load15", .unit = "", .help = "Load average over a quarter of an hour." },
    { .name = "per_cpu", .unit = "", .help = "Load over a minute for each CPU." },
    { .name = "cpus", .unit = "", .help = "CPUs that are online." },
    { .name = NULL },
};

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    double load[3], each;

    if (getloadavg(load, 3) != 3 || cpus < 1) {
        talon_done(run, TALON_UNKNOWN, "load.unavailable", "the system does not tell its load average");
        return;
    }
    each = load[0] / (double)cpus;
    run->host->metric(run, "load1", load[0], "");
    run->host->metric(run, "load5", load[1], "");
    run->host->metric(run, "load15", load[2], "");
    run->host->metric(run, "per_cpu", each, "");
    run->host->metric(run, "cpus", (double)cpus, "");
    if (each >= conf->warn)
        talon_done(run, TALON_WARN, "load.high", "load %.2f on %ld CPUs is %.2f for each; warning at %g", load[0], cpus,
                   each, conf->warn);
    else
        talon_done(run, TALON_OK, "load.ok", "load %.2f on %ld CPUs is %.2f for each", load[0], cpus, each);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "load",
      .summary = "Load average for each CPU.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,         .name = "load",
    .version = "1.0.0",        .license = "MIT",
    .summary = "Load checks.", TALON_OPERATIONS(operations),
};
