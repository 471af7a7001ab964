/*
 * The check type `process` (its action is in signal.c): the process of a pid file, or those of a name, live; and one of them listens. All processes
 * are looked at in slices, between which the host's loop turns, so that a host with ten thousand of them stands still
 * no longer than one with ten.
 */
#include "signal_action.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLICE = 64, KEPT = 64, MOST = 4194304 };

struct conf {
    const char *pid_file, *name, *listens;
    int64_t min, max;
};

struct state {
    struct process_scan *scan;
    pid_t pids[KEPT]; /* those that were found, the first of them */
    size_t kept, count, asked;
    int hidden; /* one of them may listen, but we may not see it */
    double youngest, memory;
    struct process_address address;
    struct process_sockets sockets;
};

static const struct talon_option options[] = {
    { .name = "pid_file", TALON_PATH_AT(struct conf, pid_file), .help = "The file that holds its number." },
    { .name = "name",
      TALON_STRING_AT(struct conf, name),
      .help = "Its name: the file name of the program, as `ps` and `pgrep` show it." },
    { .name = "min",
      TALON_INT_AT(struct conf, min),
      .max = MOST,
      .fallback = "1",
      .help = "At least so many of that name." },
    { .name = "max",
      TALON_INT_AT(struct conf, max),
      .max = MOST,
      .fallback = "4194304",
      .help = "At most so many of that name." },
    { .name = "listens",
      TALON_STRING_AT(struct conf, listens),
      .help = "It listens on this TCP port: `PORT`, or `ADDRESS:PORT` where an address matters." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "count", .unit = "", .help = "Processes found." },
    { .name = "uptime", .unit = "s", .help = "Since the youngest of them was started." },
    { .name = "memory", .unit = "B", .help = "Resident memory of all of them, where it may be seen." },
    { .name = NULL },
};

static int bad(struct talon_problem *problem, const char *option, const char *text)
{
    problem->option = option;
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return 1;
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    const int counts = conf->min != 1 || conf->max != MOST;
    struct process_address address;

    if (!conf->pid_file && !conf->name && !conf->listens)
        return bad(problem, "name", "is missing: say which process by `name`, `pid_file` or `listens`");
    if (conf->name && (!conf->name[0] || strchr(conf->name, '/')))
        return bad(problem, "name", "must be a file name without folders, as `ps` shows it");
    if (conf->name && strlen(conf->name) >= PROCESS_NAME)
        return bad(problem, "name", "is longer than 63 characters");
    if (counts && (!conf->name || conf->pid_file))
        return bad(problem, conf->min != 1 ? "min" : "max", "counts processes of one `name`, without `pid_file`");
    if (conf->min > conf->max)
        return bad(problem, "min", "is greater than `max`");
    if (conf->listens && !process_address_read(conf->listens, &address))
        return bad(
            problem, "listens",
            "must be PORT, or ADDRESS:PORT with a numeric address or localhost: 6379, 127.0.0.1:6379, [::1]:6379");
    if (conf->listens && conf->max == 0)
        return bad(problem, "listens", "cannot be asked of a process that must not run (`max: 0`)");
    return 0;
}

/* ---- the end ---- */

static const char *subject(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const struct state *state = run->state;

    if (state->count == 1)
        return talon_text(run, "%s%sprocess %ld", conf->name ? conf->name : "", conf->name ? ", " : "",
                          (long)state->pids[0]);
    return talon_text(run, "%zu processes called %s", state->count, conf->name);
}

static void succeed(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const struct state *state = run->state;
    const char *listens = conf->listens ? talon_text(run, ", listening on %s", conf->listens) : "";

    if (state->kept == 0 && conf->listens)
        talon_done(run, TALON_OK, "process.ok", "somebody listens on %s", conf->listens);
    else if (state->count == 0)
        talon_done(run, TALON_OK, "process.ok", "no process called %s, as it should be", conf->name);
    else
        talon_done(run, TALON_OK, "process.ok", "%s, up %s%s", subject(run),
                   state->youngest < 0 ? "for a time that cannot be seen"
                                       : talon_show_time(run, (uint64_t)(state->youngest * 1e9)),
                   listens);
}

/* ---- who listens: one process a turn ---- */

static void ask_next(struct talon_run *run, void *arg)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    enum process_answer answer;

    (void)arg;
    if (state->asked == state->kept) {
        if (state->hidden || state->count > state->kept)
            talon_done(
                run, TALON_UNKNOWN, "process.denied",
                "%s: not permitted to see whether it listens on %s (we are user %ld; it needs that user or root)",
                subject(run), conf->listens, (long)geteuid());
        else
            talon_done(run, TALON_FAIL, "process.not_listening", "%s: does not listen on %s, another process does",
                       subject(run), conf->listens);
        return;
    }
    answer = process_listens(state->pids[state->asked++], &state->address, &state->sockets);
    state->hidden |= answer == PROCESS_HIDDEN;
    if (answer == PROCESS_YES)
        succeed(run);
    else
        run->host->timer(run, 0, ask_next, NULL);
}

static void ask_listeners(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    enum process_answer answer;

    if (!conf->listens) {
        succeed(run);
        return;
    }
    process_address_read(conf->listens, &state->address);
    answer = process_listeners(&state->address, &state->sockets);
    if (answer == PROCESS_NO)
        talon_done(run, TALON_FAIL, "process.not_listening", "%s%snobody listens on %s",
                   state->kept ? subject(run) : "", state->kept ? ": " : "", conf->listens);
    else if (state->kept > 0)
        ask_next(run, NULL);
    else if (answer == PROCESS_YES)
        succeed(run);
    else
        talon_done(run, TALON_UNKNOWN, "process.denied",
                   "cannot see who listens on %s (we are user %ld): use a `tcp` check, or run as root", conf->listens,
                   (long)geteuid());
}

/* ---- which processes ---- */

static void keep(struct state *state, pid_t pid, const struct process_facts *facts)
{
    if (state->kept < KEPT)
        state->pids[state->kept++] = pid;
    if (facts->uptime >= 0 && (state->youngest < 0 || facts->uptime < state->youngest))
        state->youngest = facts->uptime;
    if (facts->memory >= 0)
        state->memory = (state->memory < 0 ? 0 : state->memory) + facts->memory;
    state->count++;
}

static void tell(struct talon_run *run)
{
    const struct state *state = run->state;

    run->host->metric(run, "count", (double)state->count, "");
    if (state->youngest >= 0)
        run->host->metric(run, "uptime", state->youngest, "s");
    if (state->memory >= 0)
        run->host->metric(run, "memory", state->memory, "B");
}

static void counted(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const struct state *state = run->state;
    const int64_t count = (int64_t)state->count;

    tell(run);
    if (count < conf->min && process_scan_is_partial())
        talon_done(run, TALON_UNKNOWN, "process.denied",
                   "%lld processes called %s are visible, but those of other users are hidden from user %ld",
                   (long long)count, conf->name, (long)geteuid());
    else if (count < conf->min && count == 0)
        talon_done(run, TALON_FAIL, "process.missing", "no process called %s", conf->name);
    else if (count < conf->min)
        talon_done(run, TALON_FAIL, "process.few", "%lld processes called %s, expected at least %lld", (long long)count,
                   conf->name, (long long)conf->min);
    else if (count > conf->max)
        talon_done(run, TALON_FAIL, "process.many", "%lld processes called %s, expected at most %lld", (long long)count,
                   conf->name, (long long)conf->max);
    else if (count == 0)
        succeed(run);
    else
        ask_listeners(run);
}

static void scan_slice(struct talon_run *run, void *arg)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    struct process_facts facts;
    pid_t pid;

    (void)arg;
    for (int i = 0; i < SLICE; i++) {
        pid = process_scan_next(state->scan);
        if (pid == 0) {
            counted(run);
            return;
        }
        if (process_look(pid, &facts) == PROCESS_YES && !facts.zombie && process_is_called(pid, &facts, conf->name))
            keep(state, pid, &facts);
    }
    run->host->timer(run, 0, scan_slice, NULL);
}

static void scan(struct talon_run *run)
{
    struct state *state = run->state;

    state->scan = process_scan_open();
    if (!state->scan) {
        talon_done(run, TALON_UNKNOWN, "local", "cannot list the processes: %s", strerror(errno));
        return;
    }
    run->host->defer(run, process_scan_close, state->scan);
    scan_slice(run, NULL);
}

/* ---- the pid file ---- */

pid_t process_read_pid(struct talon_run *run, const char *path, int64_t *written)
{
    char text[32] = "", *end = text;
    struct stat found;
    ssize_t n = -1;
    long pid = 0;
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int why = errno;

    if (fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
        n = read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (fd < 0 && (why == EACCES || why == EPERM)) {
        talon_done(run, TALON_UNKNOWN, "process.denied", "%s: not permitted to us (user %ld): %s", path,
                   (long)geteuid(), strerror(why));
        return 0;
    }
    if (fd < 0) {
        talon_done(run, why == EMFILE || why == ENFILE ? TALON_UNKNOWN : TALON_FAIL,
                   why == EMFILE || why == ENFILE ? "local" : "process.pid_file", "cannot read the pid file %s: %s",
                   path, strerror(why));
        return 0;
    }
    if (n > 0)
        pid = strtol(text, &end, 10);
    if (pid <= 0 || pid > INT32_MAX || (*end && !strchr(" \t\r\n", *end))) {
        talon_done(run, TALON_FAIL, "process.pid_file", "the pid file %s holds no process number%s%s%s", path,
                   n > 0 ? ": \"" : "", n > 0 ? talon_quote(run, text, (size_t)n, 20) : "", n > 0 ? "\"" : "");
        return 0;
    }
    if (written)
        *written = (int64_t)found.st_mtime;
    return (pid_t)pid;
}

static void look_at(struct talon_run *run, pid_t pid)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    struct process_facts facts;
    const enum process_answer answer = process_look(pid, &facts);

    if (answer == PROCESS_NO)
        talon_done(run, TALON_FAIL, "process.missing", "process %ld of %s does not run", (long)pid, conf->pid_file);
    else if (answer == PROCESS_HIDDEN && (conf->name || conf->listens))
        talon_done(run, TALON_UNKNOWN, "process.denied", "process %ld of %s runs, but user %ld may not look at it",
                   (long)pid, conf->pid_file, (long)geteuid());
    else if (answer == PROCESS_HIDDEN)
        talon_done(run, TALON_OK, "process.ok", "process %ld runs; user %ld may not look at it", (long)pid,
                   (long)geteuid());
    else if (facts.zombie)
        talon_done(run, TALON_FAIL, "process.missing",
                   "process %ld (%s) of %s has ended, and its parent did not notice", (long)pid, facts.name,
                   conf->pid_file);
    else if (conf->name && !process_is_called(pid, &facts, conf->name))
        talon_done(run, TALON_FAIL, "process.other", "process %ld of %s is called %s, not %s: the pid file is stale",
                   (long)pid, conf->pid_file, facts.name, conf->name);
    else {
        keep(state, pid, &facts);
        tell(run);
        ask_listeners(run);
    }
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    pid_t pid;

    state->youngest = state->memory = -1;
    if (conf->pid_file) {
        pid = process_read_pid(run, conf->pid_file, NULL);
        if (pid > 0)
            look_at(run, pid);
    } else if (conf->name) {
        scan(run);
    } else {
        ask_listeners(run);
    }
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "process",
      .summary = "Looks for processes, and whether they listen.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = sizeof(struct state),
      .validate = validate,
      .start = start },
    { .kind = TALON_ACTION,
      .name = "signal",
      .summary = "Sends a signal to the process of a pid file or the listener of a port, if it is surely the one that is meant.",
      .options = signal_options,
      .metrics = signal_metrics,
      .conf_size = sizeof(struct signal_conf),
      .run_size = sizeof(struct signal_state),
      .impact = TALON_RESTART,
      .validate = signal_validate,
      .start = signal_start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "process",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Process checks, and signals to processes.",
    TALON_OPERATIONS(operations),
};
