/*
 * The check type `file`: is it there, how old, how large, what is in it. The calls block where a mount hangs, so its
 * runs get a process of their own. Only regular files are ever opened: opening a FIFO would wait for a writer, opening
 * a device may do something.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <talon/plugin.h>
#include <unistd.h>

enum { READ_AT_MOST = 1 << 20 };

#define ANY_SIZE (UINT64_C(8388607) << 40) /* the default of max_size, "8388607TiB": no file is larger */

#define AHEAD_NS (60 * INT64_C(1000000000)) /* a stamp further in the future is told */

struct conf {
    const char *path;
    int32_t exists;
    uint64_t max_age, min_size, max_size;
    const struct talon_pattern *match;
};

static const struct talon_option options[] = {
    { .name = "path",
      TALON_PATH_AT(struct conf, path),
      .flags = TALON_REQUIRED,
      .help = "The file; symbolic links are followed." },
    { .name = "exists",
      TALON_BOOL_AT(struct conf, exists),
      .fallback = "true",
      .help = "Whether it must be there, or must not." },
    { .name = "max_age",
      TALON_DURATION_AT(struct conf, max_age),
      .help = "It must have been changed more recently than this; 0: whenever." },
    { .name = "min_size", TALON_SIZE_AT(struct conf, min_size), .help = "A smaller regular file is a failure." },
    { .name = "max_size",
      TALON_SIZE_AT(struct conf, max_size),
      .fallback = "8388607TiB",
      .help = "A larger regular file is a failure." },
    { .name = "match",
      TALON_PATTERN_AT(struct conf, match),
      .help = "Regular expression that must be found in the first 1 MiB of a regular file." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "age", .unit = "s", .help = "Since its content was last changed." },
    { .name = "size", .unit = "B", .help = "Its size." },
    { .name = NULL },
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    const char *beside = conf->max_age               ? "max_age"
                         : conf->min_size            ? "min_size"
                         : conf->max_size < ANY_SIZE ? "max_size"
                         : conf->match               ? "match"
                                                     : NULL;

    if (!conf->exists && beside) {
        problem->option = beside;
        snprintf(problem->text, sizeof problem->text,
                 "says something of a file that must not be there (`exists: false`)");
    } else if (conf->min_size > conf->max_size) {
        problem->option = "min_size";
        snprintf(problem->text, sizeof problem->text, "is larger than `max_size`");
    } else {
        return 0;
    }
    return 1;
}

static const char *kind(const struct stat *found)
{
    return S_ISREG(found->st_mode)    ? "a regular file"
           : S_ISDIR(found->st_mode)  ? "a folder"
           : S_ISFIFO(found->st_mode) ? "a FIFO"
           : S_ISSOCK(found->st_mode) ? "a socket"
                                      : "a device";
}

/* A call on the path has failed: is it the file's fault or ours? */
static void broken(struct talon_run *run, int why)
{
    const struct conf *conf = run->conf;
    const int missing = why == ENOENT || why == ENOTDIR;

    if (missing && conf->exists)
        talon_done(run, TALON_FAIL, "file.missing", "%s does not exist", conf->path);
    else if (missing)
        talon_done(run, TALON_OK, "file.ok", "%s does not exist, as it should be", conf->path);
    else if (why == EACCES || why == EPERM)
        talon_done(run, TALON_UNKNOWN, "file.denied", "%s: not permitted to us (user %ld): %s", conf->path,
                   (long)geteuid(), strerror(why));
    else if (why == ENOMEM || why == EMFILE || why == ENFILE || why == EINTR)
        talon_done(run, TALON_UNKNOWN, "local", "cannot look at %s: %s", conf->path, strerror(why));
    else
        talon_done(run, TALON_FAIL, "file.error", "%s: %s", conf->path, strerror(why));
}

/* Reads what `match` is looked for in. Returns how many bytes, -1: ended the run. */
static ssize_t read_head(struct talon_run *run, char *into)
{
    const struct conf *conf = run->conf;
    struct stat found;
    size_t n = 0;
    ssize_t got = 0;
    int why = 0;
    /* O_NONBLOCK: should it have become a FIFO since it was looked at, open() still returns. */
    int fd = open(conf->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        broken(run, errno);
        return -1;
    }
    if (fstat(fd, &found) != 0)
        why = errno;
    else if (!S_ISREG(found.st_mode))
        why = ESTALE; /* it was one a moment ago */
    while (!why && n < READ_AT_MOST && (got = read(fd, into + n, READ_AT_MOST - n)) != 0) {
        if (got > 0)
            n += (size_t)got;
        else if (errno != EINTR)
            why = errno;
    }
    close(fd);
    if (why) {
        broken(run, why);
        return -1;
    }
    return (ssize_t)n;
}

/* Ends the run unless the content is as expected. */
static int judge_content(struct talon_run *run, const struct stat *found)
{
    const struct conf *conf = run->conf;
    char *head;
    ssize_t n;

    if (!conf->match)
        return 0;
    head = run->host->alloc(run, READ_AT_MOST);
    n = read_head(run, head);
    if (n < 0)
        return 1;
    if (run->host->match(run, conf->match, head, (size_t)n, NULL))
        return 0;
    talon_done(run, TALON_FAIL, "file.match", "the content of %s does not match%s: \"%s\"", conf->path,
               found->st_size > READ_AT_MOST ? " in its first 1 MiB" : "", talon_quote(run, head, (size_t)n, 120));
    return 1;
}

/* Ends the run unless its kind and size are as expected. */
static int judge_size(struct talon_run *run, const struct stat *found)
{
    const struct conf *conf = run->conf;
    const char *size = talon_show_size(run, (double)found->st_size);

    if ((conf->min_size || conf->max_size < ANY_SIZE || conf->match) && !S_ISREG(found->st_mode))
        talon_done(run, TALON_FAIL, "file.kind", "%s is %s, expected a regular file", conf->path, kind(found));
    else if ((uint64_t)found->st_size < conf->min_size)
        talon_done(run, TALON_FAIL, "file.small", "%s has %s, expected at least %s", conf->path, size,
                   talon_show_size(run, (double)conf->min_size));
    else if ((uint64_t)found->st_size > conf->max_size)
        talon_done(run, TALON_FAIL, "file.big", "%s has %s, expected at most %s", conf->path, size,
                   talon_show_size(run, (double)conf->max_size));
    else
        return 0;
    return 1;
}

static void judge(struct talon_run *run, const struct stat *found)
{
    const struct conf *conf = run->conf;
    const int64_t age = run->host->unix_ns(run) - file_changed_ns(found);
    const char *shown = talon_show_time(run, age > 0 ? (uint64_t)age : 0);

    run->host->metric(run, "age", (double)age / 1e9, "s");
    if (S_ISREG(found->st_mode))
        run->host->metric(run, "size", (double)found->st_size, "B");
    run->host->detail(run, "kind", kind(found));
    if (!conf->exists)
        talon_done(run, TALON_FAIL, "file.present", "%s exists (%s, changed %s ago), and should not", conf->path,
                   kind(found), shown);
    else if (conf->max_age && age >= 0 && (uint64_t)age >= conf->max_age)
        talon_done(run, TALON_FAIL, "file.old", "%s was last changed %s ago, expected within %s", conf->path, shown,
                   talon_show_time(run, conf->max_age));
    else if (judge_size(run, found) || judge_content(run, found))
        return;
    else if (conf->max_age && age < -AHEAD_NS)
        talon_done(run, TALON_WARN, "file.future", "%s was changed %s in the future: is the clock right?", conf->path,
                   talon_show_time(run, (uint64_t)-age));
    else
        talon_done(run, TALON_OK, "file.ok", "%s: %s, changed %s ago", conf->path,
                   S_ISREG(found->st_mode) ? talon_show_size(run, (double)found->st_size) : kind(found), shown);
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct stat found;

    if (stat(conf->path, &found) != 0)
        broken(run, errno);
    else
        judge(run, &found);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .flags = TALON_BLOCKING,
      .name = "file",
      .summary = "Looks at a file: there or not, its age, size and content.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,         .name = "file",
    .version = "1.0.0",        .license = "MIT",
    .summary = "File checks.", TALON_OPERATIONS(operations),
};
