/* The check type `exec` and the action `exec.run`: runs a command, never through a shell, and judges its exit code and what it printed. */
#include "exec.h"

enum { LINE = 200, SHOWN = 3900, SHOWN_HEAD = 1500 };

struct conf {
    const char *const *command;
    const char *input, *dir;
    const struct talon_pair *env;
    int64_t expect_exit;
    const struct talon_pattern *match;
    int32_t nagios;
    uint64_t max_output;
    int32_t impact; /* read by the core alone */
};

/* What check and action have in common; what follows is judged by the exit code alone. */
#define COMMAND_OPTIONS                                                                                                                                        \
    { .name = "command",                                                                                                                                       \
      TALON_LIST_AT(struct conf, command),                                                                                                                     \
      .flags = TALON_REQUIRED,                                                                                                                                 \
      .help = "The program and its arguments, one each; no shell reads them." },                                                                               \
    { .name = "input",                                                                                                                                         \
      TALON_STRING_AT(struct conf, input),                                                                                                                     \
      .flags = TALON_SECRET,                                                                                                                                   \
      .help = "What it is given on standard input." },                                                                                                         \
    { .name = "env",                                                                                                                                           \
      TALON_MAP_AT(struct conf, env),                                                                                                                          \
      .flags = TALON_SECRET,                                                                                                                                   \
      .help = "Variables added to its small environment." },                                                                                                   \
    { .name = "dir", TALON_PATH_AT(struct conf, dir), .fallback = "/", .help = "The folder in which it starts." },                                             \
    { .name = "expect_exit",                                                                                                                                   \
      TALON_INT_AT(struct conf, expect_exit),                                                                                                                  \
      .max = 255,                                                                                                                                              \
      .fallback = "0",                                                                                                                                         \
      .help = "The exit code that is good." },                                                                                                                 \
    { .name = "match",                                                                                                                                         \
      TALON_PATTERN_AT(struct conf, match),                                                                                                                    \
      .help = "Regular expression that must be found in its standard output, or else in its standard error." }

#define OUTPUT_OPTION                                                                                                                                          \
    { .name = "max_output",                                                                                                                                    \
      TALON_SIZE_AT(struct conf, max_output),                                                                                                                  \
      .min = 256,                                                                                                                                              \
      .max = 1 << 20,                                                                                                                                          \
      .fallback = "64KiB",                                                                                                                                     \
      .help = "How much of each output is kept, half of it from the start and half from the end." }

static const struct talon_option options[] = {
    COMMAND_OPTIONS,
    { .name = "nagios",
      TALON_BOOL_AT(struct conf, nagios),
      .help = "Read exit code, first line and performance data as Nagios does." },
    OUTPUT_OPTION,
    { .name = NULL },
};

static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive", NULL };

/* Nobody but who writes the step knows what a command does to others: while nothing is said, the worst is assumed, which is never done by itself. */
static const struct talon_option run_options[] = {
    COMMAND_OPTIONS,
    OUTPUT_OPTION,
    { .name = "impact",
      TALON_ENUM_AT(struct conf, impact),
      .choices = impacts,
      .fallback = "destructive",
      .help = "How much the command can hurt: nothing (observe), one service (restart), others too (disruptive), data (destructive, never done by itself)." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "duration", .unit = "s", .help = "How long the command ran." },
    { .name = "exit_code", .unit = "", .help = "Its exit code." },
    { .name = "*", .unit = "", .help = "With `nagios`: its performance data, in seconds, bytes or percent." },
    { .name = NULL },
};

static const struct talon_metric run_metrics[] = {
    { .name = "duration", .unit = "s", .help = "How long the command ran." },
    { .name = "exit_code", .unit = "", .help = "Its exit code." },
    { .name = NULL },
};

static int is_variable(const char *name)
{
    static const char letters[] = "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    return *name && (*name < '0' || *name > '9') && name[strspn(name, letters)] == '\0';
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    const struct talon_pair *variable;

    if (!conf->command || !conf->command[0] || !conf->command[0][0]) {
        problem->option = "command";
        snprintf(problem->text, sizeof problem->text, "needs a program: write [check_something, --argument]");
        return 1;
    }
    if (conf->nagios && conf->expect_exit != 0) {
        problem->option = "expect_exit";
        snprintf(problem->text, sizeof problem->text, "has no effect with `nagios`, which reads the exit code itself");
        return 1;
    }
    for (variable = conf->env; variable && variable->name; variable++)
        if (!is_variable(variable->name)) {
            problem->option = "env";
            snprintf(problem->text, sizeof problem->text, "\"%.60s\" is no name of a variable", variable->name);
            return 1;
        }
    return 0;
}

/* ---- what it printed ---- */

static int is_blank(const char *from, const char *end)
{
    while (from < end && (unsigned char)*from <= ' ')
        from++;
    return from == end;
}

const char *exec_first_line(struct talon_run *run, const char *text, size_t n)
{
    const char *end = text + n;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;

        if (!is_blank(text, stop))
            return talon_quote(run, text, (size_t)(stop - text), LINE);
        text = newline ? newline + 1 : end;
    }
    return "";
}

const char *exec_last_line(struct talon_run *run, const char *text, size_t n)
{
    while (n > 0 && (unsigned char)text[n - 1] <= ' ')
        n--;
    for (size_t from = n; from > 0; from--)
        if (text[from - 1] == '\n')
            return talon_quote(run, text + from, n - from, LINE);
    return talon_quote(run, text, n, LINE);
}

/* One stream as a detail: its head and its end, and how much lies between. */
static void tell_output(struct talon_run *run, const char *name, const char *text, size_t n, size_t dropped)
{
    const size_t head = n > SHOWN ? SHOWN_HEAD : n, tail = n > SHOWN ? SHOWN - SHOWN_HEAD : 0;
    const size_t between = n - head - tail + dropped;
    char *shown;
    size_t used;

    if (n == 0)
        return;
    shown = run->host->alloc(run, head + tail + 64);
    memcpy(shown, text, head);
    used = head;
    if (tail > 0)
        used += (size_t)snprintf(shown + used, 64, "\n[%zu bytes left out]\n", between);
    memcpy(shown + used, text + n - tail, tail);
    used += tail;
    for (size_t i = 0; i < used; i++)
        if (shown[i] == '\0')
            shown[i] = ' ';
    run->host->detail(run, name, shown);
}

static void tell(struct talon_run *run, const struct talon_exit *ended)
{
    run->host->metric(run, "duration", (double)ended->total_ns / 1e9, "s");
    if (ended->code >= 0)
        run->host->metric(run, "exit_code", ended->code, "");
    tell_output(run, "stdout", ended->out, ended->out_len, ended->out_dropped);
    tell_output(run, "stderr", ended->err, ended->err_len, ended->err_dropped);
}

/* Its last words before it failed: of standard error, else of standard output. */
static const char *last_words(struct talon_run *run, const struct talon_exit *ended)
{
    const char *words = exec_last_line(run, ended->err, ended->err_len);

    if (!*words)
        words = exec_last_line(run, ended->out, ended->out_len);
    return *words ? talon_text(run, ": %s", words) : "";
}

/* ---- the judgement ---- */

static const char *program(struct talon_run *run)
{
    return ((const struct conf *)run->conf)->command[0];
}

/* Ends the run where `match` is found in neither output; 0: it is found, or not asked for. */
static int is_mismatch(struct talon_run *run, const struct talon_exit *ended)
{
    const struct conf *conf = run->conf;

    if (!conf->match || run->host->match(run, conf->match, ended->out, ended->out_len, NULL) ||
        run->host->match(run, conf->match, ended->err, ended->err_len, NULL))
        return 0;
    talon_done(run, TALON_FAIL, "exec.match", "%s exited with %d, but its output does not match%s", program(run),
               (int)ended->code, last_words(run, ended));
    return 1;
}

static void judge(struct talon_run *run, const struct talon_exit *ended)
{
    const struct conf *conf = run->conf;
    const char *line;

    if (ended->code != conf->expect_exit) {
        talon_done(run, TALON_FAIL, "exec.exit", "%s exited with %d, expected %d%s", program(run), (int)ended->code,
                   (int)conf->expect_exit, last_words(run, ended));
        return;
    }
    if (is_mismatch(run, ended))
        return;
    line = exec_first_line(run, ended->out, ended->out_len);
    if (*line)
        talon_done(run, TALON_OK, "exec.ok", "%s", line);
    else
        talon_done(run, TALON_OK, "exec.ok", "%s exited with %d in %s", program(run), (int)ended->code,
                   talon_show_time(run, ended->total_ns));
}

static void finished(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct conf *conf = run->conf;

    (void)arg;
    if (ended->error.code && ended->error.code != TALON_E_TIMEOUT) {
        talon_failed(run, &ended->error, "cannot run %s", program(run));
        return;
    }
    tell(run, ended);
    if (ended->error.code)
        talon_failed(run, &ended->error, "%s", program(run));
    else if (ended->signal) /* a monitoring plugin that dies has said nothing about its target */
        talon_done(run, conf->nagios ? TALON_UNKNOWN : TALON_FAIL, "exec.signal", "%s was killed by signal %d (%s)%s", program(run),
                   (int)ended->signal, strsignal((int)ended->signal), last_words(run, ended));
    else if (!conf->nagios)
        judge(run, ended);
    else if (ended->code != 0 || !is_mismatch(run, ended))
        exec_nagios_judge(run, ended);
}

static const char *const *environment(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const char **lines;
    size_t n = 0;

    while (conf->env && conf->env[n].name)
        n++;
    if (n == 0)
        return NULL;
    lines = run->host->alloc(run, (n + 1) * sizeof *lines);
    for (size_t i = 0; i < n; i++)
        lines[i] = talon_text(run, "%s=%s", conf->env[i].name, conf->env[i].value);
    return lines;
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;

    run->host->spawn(run,
                     TALON_REQUEST(talon_command, .max_output = (uint32_t)conf->max_output, .argv = conf->command,
                                   .env = environment(run), .folder = conf->dir, .input = conf->input,
                                   .input_len = conf->input ? strlen(conf->input) : 0),
                     finished, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "exec",
      .summary = "Runs a command and judges its exit code and output.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .validate = validate,
      .start = start },
    { .kind = TALON_ACTION,
      .name = "run",
      .summary = "Runs a command, which does whatever it does.",
      .options = run_options,
      .metrics = run_metrics,
      .conf_size = sizeof(struct conf),
      .impact = TALON_DESTROY,
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "exec",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "Checks by any command, monitoring plugins among them, and commands that repair.",
    TALON_OPERATIONS(operations),
};
