/*
 * The check type `disk`: how full a file system is, in percent as df counts them: what is used, of what users other
 * than root may use at all. The call blocks where a mount hangs, so its runs get a process of their own.
 */
#include "disk.h"

#include <errno.h>
#include <talon/plugin.h>
#include <unistd.h>

struct conf {
    const char *path;
    double warn, fail;
};

static const struct talon_option options[] = {
    { .name = "path",
      TALON_PATH_AT(struct conf, path),
      .fallback = "/",
      .help = "Any path on the file system, usually where it is mounted." },
    { .name = "warn",
      TALON_NUMBER_AT(struct conf, warn),
      .max = 100,
      .fallback = "85",
      .help = "Percent used, at or above which it is a warning; for inodes as well." },
    { .name = "fail",
      TALON_NUMBER_AT(struct conf, fail),
      .max = 100,
      .fallback = "95",
      .help = "Percent used, at or above which it is a failure; for inodes as well." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "used_percent", .unit = "%", .help = "Used, of what users other than root may use." },
    { .name = "used", .unit = "B", .help = "Used." },
    { .name = "available", .unit = "B", .help = "Left for users other than root." },
    { .name = "size", .unit = "B", .help = "Size of the file system." },
    { .name = "inodes_used_percent", .unit = "%", .help = "Inodes used, where the file system counts them." },
    { .name = "inodes_free", .unit = "", .help = "Inodes left, where the file system counts them." },
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

static void broken(struct talon_run *run, int why)
{
    const char *path = ((const struct conf *)run->conf)->path;

    if (why == ENOENT || why == ENOTDIR)
        talon_done(run, TALON_FAIL, "disk.missing", "%s does not exist", path);
    else if (why == EACCES || why == EPERM)
        talon_done(run, TALON_UNKNOWN, "disk.denied", "%s: not permitted to us (user %ld): %s", path, (long)geteuid(),
                   strerror(why));
    else if (why == ENOMEM || why == EMFILE || why == ENFILE || why == ENOSYS)
        talon_done(run, TALON_UNKNOWN, "local", "cannot ask for %s: %s", path, strerror(why));
    else
        talon_done(run, TALON_FAIL, "disk.error", "%s: %s", path, strerror(why));
}

static double percent(double part, double whole)
{
    return whole > 0 ? part * 100 / whole : 0;
}

static void judge(struct talon_run *run, const struct disk_figures *disk)
{
    const struct conf *conf = run->conf;
    const double used = disk->size - disk->free, full = percent(used, used + disk->available);
    const double inodes = percent(disk->inodes - disk->inodes_free, disk->inodes);
    const char *left = talon_show_size(run, disk->available);

    run->host->metric(run, "used_percent", full, "%");
    run->host->metric(run, "used", used, "B");
    run->host->metric(run, "available", disk->available, "B");
    run->host->metric(run, "size", disk->size, "B");
    if (disk->inodes > 0) {
        run->host->metric(run, "inodes_used_percent", inodes, "%");
        run->host->metric(run, "inodes_free", disk->inodes_free, "");
    }
    if (disk->read_only)
        run->host->detail(run, "mounted", "read-only");
    if (full >= conf->fail)
        talon_done(run, TALON_FAIL, "disk.full", "%s is %.1f %% full, %s left; failure at %g %%", conf->path, full,
                   left, conf->fail);
    else if (disk->inodes > 0 && inodes >= conf->fail)
        talon_done(run, TALON_FAIL, "disk.inodes", "%s has used %.1f %% of its inodes, %.0f left; failure at %g %%",
                   conf->path, inodes, disk->inodes_free, conf->fail);
    else if (full >= conf->warn)
        talon_done(run, TALON_WARN, "disk.filling", "%s is %.1f %% full, %s left; warning at %g %%", conf->path, full,
                   left, conf->warn);
    else if (disk->inodes > 0 && inodes >= conf->warn)
        talon_done(run, TALON_WARN, "disk.inodes", "%s has used %.1f %% of its inodes, %.0f left; warning at %g %%",
                   conf->path, inodes, disk->inodes_free, conf->warn);
    else
        talon_done(run, TALON_OK, "disk.ok", "%s is %.1f %% full, %s left", conf->path, full, left);
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct disk_figures disk;
    const int why = disk_read(conf->path, &disk);

    if (why)
        broken(run, why);
    else if (disk.size <= 0)
        talon_done(run, TALON_UNKNOWN, "disk.no_size", "%s lies on a file system without a size, as /proc is one",
                   conf->path);
    else
        judge(run, &disk);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .flags = TALON_BLOCKING,
      .name = "disk",
      .summary = "How full a file system is.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,         .name = "disk",
    .version = "1.0.0",        .license = "MIT",
    .summary = "Disk checks.", TALON_OPERATIONS(operations),
};
