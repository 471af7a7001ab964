/*
 * The actions `colima.start`, `colima.stop` and `colima.force-cycle`: Colima's own program, since what it keeps beside Lima's files only it knows. The words
 * that it is given are fixed here but for the profile: none of them deletes anything, and none can be made to. What it says in its log is put into words that
 * tell a person what to do.
 */
#include "colima.h"

enum { MAX_OUTPUT = 16384, TAIL = 3000, WORDS = 200, MOST_PROFILE = 60 };

#define BETWEEN_NS UINT64_C(3000000000) /* as `colima restart` waits: Lima's processes need it to let go of their sockets */

static const char *const words_start[] = { "start", NULL };
static const char *const words_stop[] = { "stop", NULL };
static const char *const words_force[] = { "stop", "--force", NULL };

#define COMMON_OPTIONS                                                                                                                                         \
    { .name = "profile", TALON_STRING_AT(struct action_conf, profile), .fallback = "default", .help = "Colima's profile." },                                   \
        { .name = "command", TALON_STRING_AT(struct action_conf, command), .fallback = "colima", .help = "The program, by its name or path." },                \
    {                                                                                                                                                          \
        .name = "path", TALON_STRING_AT(struct action_conf, path),                                                                                             \
        .help = "The PATH in which it finds `limactl` and `docker`: folders with colons between. Not given: Talon's `exec_path`."                              \
    }

const struct talon_option action_options[] = { COMMON_OPTIONS, { .name = NULL } };

const struct talon_option cycle_options[] = {
    COMMON_OPTIONS,
    { .name = "stop_within",
      TALON_DURATION_AT(struct action_conf, stop_within),
      .min = INT64_C(1000000000),
      .max = INT64_C(3600000000000),
      .fallback = "60s",
      .help = "How long the stop may take before it is given up." },
    { .name = NULL },
};

const struct talon_metric action_metrics[] = {
    { .name = "stop_time", .unit = "s", .help = "How long the stop took." },
    { .name = "start_time", .unit = "s", .help = "How long the start took." },
    { .name = NULL },
};

static int bad(struct talon_problem *problem, const char *option, const char *text)
{
    problem->option = option;
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return 1;
}

int action_validate(const void *given, struct talon_problem *problem)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const struct action_conf *conf = given;
    const size_t n = strlen(conf->profile);

    if (n == 0 || n > MOST_PROFILE || *conf->profile == '-' || conf->profile[strspn(conf->profile, letters)])
        return bad(problem, "profile", "is no name of a profile: letters, digits, - and _");
    if (!*conf->command || *conf->command == '-')
        return bad(problem, "command", "is no program");
    if (conf->path && *conf->path != '/')
        return bad(problem, "path", "must be absolute folders with colons between");
    return 0;
}

/* ---- what it says */

static int holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* The message of the last line of its log that is an error (`level=fatal msg="..."`, on a terminal `FATA[0001] ...`), else the last line. */
static const char *message_of(struct talon_run *run, const char *text)
{
    const char *best = NULL, *line = text, *last = "";

    while (*line) {
        const size_t n = strcspn(line, "\n");
        const char *msg = talon_text(run, "%.*s", (int)n, line), *at = strstr(msg, " msg=");

        if (strspn(msg, " \t\r") < n)
            last = at ? at + 5 : msg;
        if (strstr(msg, "level=fatal") || strstr(msg, "level=error") || strncmp(msg, "FATA[", 5) == 0 || strncmp(msg, "ERRO[", 5) == 0)
            best = at ? at + 5 : msg;
        line += n + (line[n] == '\n');
    }
    last = best ? best : last;
    return talon_quote(run, last, strlen(last), WORDS);
}

static void tell_output(struct talon_run *run, const char *name, const struct talon_exit *ended)
{
    const char *texts[] = { ended->err, ended->out };
    const size_t lengths[] = { ended->err_len, ended->out_len };

    for (size_t i = 0; i < 2; i++) {
        const size_t from = lengths[i] > TAIL ? lengths[i] - TAIL : 0;

        if (lengths[i] > 0)
            run->host->detail(run, talon_text(run, "%s_%s", name, i == 0 ? "stderr" : "stdout"), texts[i] + from);
    }
}

struct meaning {
    const char *part;
    enum talon_status status;
    const char *reason, *words;
};

static const struct meaning *meaning_of(const char *text)
{
    static const struct meaning known[] = {
        { "executable file not found", TALON_UNKNOWN, "exec.not_found", "it does not find a program that it needs in its PATH: set `path`, or Talon's `exec_path`" },
        { "dependency check failed", TALON_UNKNOWN, "exec.not_found", "it does not find a program that it needs in its PATH: set `path`, or Talon's `exec_path`" },
        { "no space left on device", TALON_FAIL, "disk.full", "the disk is full" },
        { "ermission denied", TALON_UNKNOWN, "refused.rights", "it lacks a right" },
        { "operation not permitted", TALON_UNKNOWN, "refused.rights", "it lacks a right" },
        { "address already in use", TALON_FAIL, "colima.busy", "a port or socket that it needs is in use" },
        { "failed to get Info from", TALON_FAIL, "colima.agent", "its host agent does not answer" },
        { "vm is running, but host agent is not", TALON_FAIL, "colima.broken", "half of it is dead" },
        { "driver is running but host agent is not", TALON_FAIL, "colima.broken", "half of it is dead" },
        { "host agent is running but driver is not", TALON_FAIL, "colima.broken", "half of it is dead" },
        { "did not receive an event with the \"running\" status", TALON_FAIL, "colima.broken", "its VM did not come up" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (holds(text, known[i].part))
            return &known[i];
    return NULL;
}

static const char *line_for_a_person(struct talon_run *run, const char *const *words)
{
    const struct action_conf *conf = run->conf;

    return talon_text(run, "%s %s%s%s --profile %s", conf->command, words[0], words[1] ? " " : "", words[1] ? words[1] : "", conf->profile);
}

/* Ends the run for a child that did not do it. */
static void failed(struct talon_run *run, const char *const *words, const struct talon_exit *ended)
{
    const char *said = talon_text(run, "%s\n%s", ended->out ? ended->out : "", ended->err ? ended->err : ""), *message = message_of(run, said), *line = line_for_a_person(run, words);
    const struct meaning *meaning = meaning_of(said);

    if (ended->error.code == TALON_E_TIMEOUT)
        talon_done(run, TALON_FAIL, "exec.timeout", "`%s` was not done in time%s%s", line, *message ? ", its last words: " : "", message);
    else if (ended->error.code)
        talon_failed(run, &ended->error, "cannot run `%s`", line);
    else if (ended->signal)
        talon_done(run, TALON_FAIL, "exec.signal", "`%s` was killed by signal %d%s%s", line, (int)ended->signal, *message ? ": " : "", message);
    else if (meaning)
        talon_done(run, meaning->status, meaning->reason, "`%s` did not work, %s: %s", line, meaning->words, message);
    else
        talon_done(run, TALON_FAIL, "colima.failed", "`%s` exited with %d%s%s", line, (int)ended->code, *message ? ": " : "", message);
}

/* ---- running it */

static void call(struct talon_run *run, const char *const *words, uint64_t within_ns, talon_exit_fn *ended)
{
    const struct action_conf *conf = run->conf;
    const char *argv[6] = { conf->command }, *env[] = { conf->path ? talon_text(run, "PATH=%s", conf->path) : NULL, NULL };
    size_t n = 1;

    for (; words[n - 1]; n++)
        argv[n] = words[n - 1];
    argv[n] = "--profile";
    argv[n + 1] = conf->profile;
    run->host->progress(run, line_for_a_person(run, words));
    run->host->spawn(run, TALON_REQUEST(talon_command, .max_output = MAX_OUTPUT, .argv = argv, .env = env, .timeout_ns = within_ns, .lasting = words == words_start), ended,
                     NULL);
}

static void started(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    (void)arg;
    tell_output(run, "start", ended);
    if (ended->error.code || ended->code != 0) {
        failed(run, words_start, ended);
        return;
    }
    run->host->metric(run, "start_time", (double)ended->total_ns / 1e9, "s");
    if (holds(ended->err, "already running"))
        talon_done(run, TALON_WARN, "colima.already", "Colima says that the VM runs already, and did nothing: one that hangs needs a force-cycle");
    else
        talon_done(run, TALON_OK, "colima.ok", "started in %s", talon_show_time(run, ended->total_ns));
}

static void start_now(struct talon_run *run, void *arg)
{
    (void)arg;
    call(run, words_start, 0, started);
}

static void stopped(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct action_state *state = run->state;
    const int was_down = !ended->error.code && (holds(ended->err, "is not running") || holds(ended->out, "is not running"));

    (void)arg;
    tell_output(run, "stop", ended);
    if ((ended->error.code || ended->code != 0) && !was_down) {
        failed(run, state->cycles ? words_force : words_stop, ended);
        return;
    }
    run->host->metric(run, "stop_time", (double)ended->total_ns / 1e9, "s");
    if (state->cycles)
        run->host->timer(run, BETWEEN_NS, start_now, NULL);
    else if (was_down)
        talon_done(run, TALON_OK, "colima.ok", "did not run");
    else
        talon_done(run, TALON_OK, "colima.ok", "stopped in %s", talon_show_time(run, ended->total_ns));
}

void action_start(struct talon_run *run)
{
    start_now(run, NULL);
}

void action_stop(struct talon_run *run)
{
    call(run, words_stop, 0, stopped);
}

void action_force_cycle(struct talon_run *run)
{
    const struct action_conf *conf = run->conf;
    struct action_state *state = run->state;

    state->cycles = 1;
    call(run, words_force, conf->stop_within, stopped);
}
