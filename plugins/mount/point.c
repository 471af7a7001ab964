/*
 * The operation `mount.point`: is the right file system mounted, does it answer, is there room, can the sentinel be read and the probe be written? The system
 * may wait for ever for a server that is gone, so its runs get a process of their own, and the table of mounts is looked at first, which never hangs.
 */
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const struct talon_option mount_point_options[] = {
    MOUNT_OPTIONS(mount_point_conf),
    { .name = "warn",
      TALON_NUMBER_AT(struct mount_point_conf, warn),
      .max = 100,
      .fallback = "85",
      .help = "Percent used, at or above which it is a warning; for inodes as well." },
    { .name = "fail",
      TALON_NUMBER_AT(struct mount_point_conf, fail),
      .max = 100,
      .fallback = "95",
      .help = "Percent used, at or above which it is a failure; for inodes as well." },
    { .name = "sentinel",
      TALON_STRING_AT(struct mount_point_conf, sentinel),
      .help = "A file in it, by its path below `path`, that must be readable: it proves that this is the right file system and that reading works." },
    { .name = "probe",
      TALON_STRING_AT(struct mount_point_conf, probe),
      .help = "A file in it, by its path below `path`, that each run writes anew, which proves that writing works; nothing else may be in it." },
    { .name = NULL },
};

const struct talon_metric mount_point_metrics[] = {
    { .name = "used_percent", .unit = "%", .help = "Used, of what users other than root may use." },
    { .name = "available", .unit = "B", .help = "Left for users other than root." },
    { .name = "size", .unit = "B", .help = "Size of the file system." },
    { .name = "inodes_used_percent", .unit = "%", .help = "Inodes used, where the file system counts them." },
    { .name = "time", .unit = "s", .help = "How long the file system took to answer." },
    { .name = "write_time", .unit = "s", .help = "How long it took to write the probe." },
    { .name = NULL },
};

/* Below the mount point, and not out of it again. */
static int is_below(const char *name)
{
    const size_t n = strlen(name);

    return n > 0 && name[0] != '/' && name[n - 1] != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 && !strstr(name, "/../") &&
           !(n >= 3 && strcmp(name + n - 3, "/..") == 0);
}

int mount_point_validate(const void *given, struct talon_problem *problem)
{
    const struct mount_point_conf *conf = given;

    if (conf->warn > conf->fail) {
        problem->option = "warn";
        snprintf(problem->text, sizeof problem->text, "must not be above `fail` (%g)", conf->fail);
    } else if ((conf->sentinel && !is_below(conf->sentinel)) || (conf->probe && !is_below(conf->probe))) {
        problem->option = conf->sentinel && !is_below(conf->sentinel) ? "sentinel" : "probe";
        snprintf(problem->text, sizeof problem->text, "must be a path below `path`: write it without a leading slash");
    } else if (conf->sentinel && conf->probe && strcmp(conf->sentinel, conf->probe) == 0) {
        problem->option = "probe";
        snprintf(problem->text, sizeof problem->text, "is overwritten, so it cannot be the sentinel as well");
    } else if (conf->probe && !conf->expected.writable) {
        problem->option = "probe";
        snprintf(problem->text, sizeof problem->text, "cannot be written where `writable` is false");
    } else {
        return 0;
    }
    return 1;
}

/* ---- errors, in words */

static const char *error_words(int why)
{
    switch (why) {
    case ESTALE: return "stale file handle: the server exports something else by now, it must be mounted anew";
    case ETIMEDOUT: return "its server did not answer in time";
    case EIO: return "input/output error: its server or its disk does not answer as it should";
    case ENOTCONN: return "not connected: what serves it has ended";
    case ENXIO:
    case ENODEV: return "its device is gone";
    default: return strerror(why);
    }
}

static int is_denied(int why)
{
    return why == EACCES || why == EPERM;
}

static int is_local(int why)
{
    return why == ENOMEM || why == EMFILE || why == ENFILE || why == EINTR;
}

static void broken(struct talon_run *run, const char *deed, const char *path, int why)
{
    if (is_denied(why))
        talon_done(run, TALON_UNKNOWN, "mount.denied", "cannot %s %s: not permitted to us (user %ld): %s", deed, path, (long)geteuid(), strerror(why));
    else if (is_local(why))
        talon_done(run, TALON_UNKNOWN, "local", "cannot %s %s: %s", deed, path, strerror(why));
    else
        talon_done(run, TALON_FAIL, why == ESTALE ? "mount.stale" : "mount.error", "cannot %s %s: %s", deed, path, error_words(why));
}

/* ---- each question. 1: the run has ended */

static int has_no_answer(struct talon_run *run, struct mount_space *space)
{
    const struct mount_point_conf *conf = run->conf;
    const uint64_t begun = run->host->now_ns(run);
    struct stat found;
    int why = stat(conf->expected.path, &found) == 0 ? 0 : errno;

    if (!why)
        why = mount_room(conf->expected.path, space);
    if (!why) {
        run->host->metric(run, "time", (double)(run->host->now_ns(run) - begun) / 1e9, "s");
        return 0;
    }
    broken(run, "ask", conf->expected.path, why);
    return 1;
}

static const char *below(struct talon_run *run, const char *name)
{
    const char *path = ((const struct mount_point_conf *)run->conf)->expected.path;

    return talon_text(run, path[strlen(path) - 1] == '/' ? "%s%s" : "%s/%s", path, name);
}

static int lacks_sentinel(struct talon_run *run)
{
    const struct mount_point_conf *conf = run->conf;
    const char *path;
    char head[512];
    int fd, why = 0;

    if (!conf->sentinel)
        return 0;
    path = below(run, conf->sentinel);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || read(fd, head, sizeof head) < 0)
        why = errno;
    if (fd >= 0)
        close(fd);
    if (!why)
        return 0;
    if (why == ENOENT || why == ENOTDIR)
        talon_done(run, TALON_FAIL, "mount.sentinel", "%s is not there: is another file system mounted on %s?", path, conf->expected.path);
    else
        broken(run, "read", path, why);
    return 1;
}

/* O_NOFOLLOW: somebody may have put a link there; O_NONBLOCK: or a FIFO. */
static int write_probe(const char *path)
{
    static const char text[] = "talon writes this file to see whether it can\n";
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    int why = 0;

    if (fd < 0)
        return errno;
    if (write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 || fsync(fd) != 0)
        why = errno ? errno : EIO;
    if (close(fd) != 0 && !why) /* NFS tells here what became of it */
        why = errno;
    return why;
}

static int cannot_write(struct talon_run *run)
{
    const struct mount_point_conf *conf = run->conf;
    const uint64_t begun = run->host->now_ns(run);
    const char *path;
    int why;

    if (!conf->probe)
        return 0;
    path = below(run, conf->probe);
    errno = 0;
    why = write_probe(path);
    if (!why) {
        run->host->metric(run, "write_time", (double)(run->host->now_ns(run) - begun) / 1e9, "s");
        return 0;
    }
    if (why == ENOSPC || why == EDQUOT)
        talon_done(run, TALON_FAIL, "mount.full", "cannot write %s: %s", path, strerror(why));
    else if (why == EROFS)
        talon_done(run, TALON_FAIL, "mount.read_only", "cannot write %s: %s", path, strerror(why));
    else
        broken(run, "write", path, why);
    return 1;
}

/* ---- room */

static double percent(double part, double whole)
{
    return whole > 0 ? part * 100 / whole : 0;
}

static void judge_space(struct talon_run *run, const struct mount_entry *entry, const struct mount_space *space)
{
    const struct mount_point_conf *conf = run->conf;
    const char *path = conf->expected.path, *left = talon_show_size(run, space->available);
    const double used = space->size - space->free, full = percent(used, used + space->available);
    const double inodes = percent(space->inodes - space->inodes_free, space->inodes), worst = full >= inodes ? full : inodes;
    const char *what = full >= inodes ? talon_text(run, "%s is %.1f %% full, %s left", path, full, left)
                                      : talon_text(run, "%s has used %.1f %% of its inodes, %.0f left", path, inodes, space->inodes_free);

    if (space->size > 0) {
        run->host->metric(run, "used_percent", full, "%");
        run->host->metric(run, "available", space->available, "B");
        run->host->metric(run, "size", space->size, "B");
    }
    if (space->inodes > 0)
        run->host->metric(run, "inodes_used_percent", inodes, "%");
    if (space->size > 0 && worst >= conf->fail)
        talon_done(run, TALON_FAIL, "mount.full", "%s; failure at %g %%", what, conf->fail);
    else if (space->size > 0 && worst >= conf->warn)
        talon_done(run, TALON_WARN, "mount.filling", "%s; warning at %g %%", what, conf->warn);
    else
        talon_done(run, TALON_OK, "mount.ok", "%s answers (%s)%s%s", talon_quote(run, entry->source, strlen(entry->source), 160), entry->type,
                   space->size > 0 ? ", " : "", space->size > 0 ? talon_text(run, "%s left", left) : "");
}

void mount_point_start(struct talon_run *run)
{
    const struct mount_point_conf *conf = run->conf;
    struct mount_space space = { 0 };
    struct mount_entry entry = { .point = "" };

    if (!mount_judge_entry(run, &conf->expected, &entry) && !has_no_answer(run, &space) && !lacks_sentinel(run) && !cannot_write(run))
        judge_space(run, &entry, &space);
}
