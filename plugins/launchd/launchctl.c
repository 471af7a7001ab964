/* What launchctl says of a job, read: see launchctl.h. */
#include "launchctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { LINE = 1024 };

struct cursor {
    const char *at, *end;
    unsigned line;
    char *why;
    size_t why_n;
};

static struct cursor cursor_make(const char *text, size_t n, char *why, size_t why_n)
{
    if (why_n > 0)
        why[0] = '\0';
    return (struct cursor){ .at = text, .end = text + n, .why = why, .why_n = why_n };
}

static bool bad(const struct cursor *cursor, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool bad(const struct cursor *cursor, const char *format, ...)
{
    char text[LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(cursor->why, cursor->why_n, "launchctl's output is not understood: line %u: %s", cursor->line, text);
    return false;
}

/* The next line without its end, cut when it is long (no value that is looked at is). */
static bool next_line(struct cursor *cursor, char line[LINE])
{
    const char *stop;
    size_t n;

    if (cursor->at == cursor->end)
        return false;
    stop = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
    if (!stop)
        stop = cursor->end;
    n = (size_t)(stop - cursor->at);
    if (n >= LINE)
        n = LINE - 1;
    memcpy(line, cursor->at, n);
    line[n] = '\0';
    cursor->at = stop == cursor->end ? stop : stop + 1;
    cursor->line++;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A number at the beginning of the text, after which come only what `more` allows. */
static bool number(const char *text, const char *more, long *value)
{
    char *end;
    long read;

    errno = 0;
    read = strtol(text, &end, 10);
    if (end == text || errno != 0 || (*end && !strchr(more, *end)))
        return false;
    *value = read;
    return true;
}

static enum launchctl_state state_of(const char *word)
{
    static const struct {
        const char *word;
        enum launchctl_state state;
    } known[] = {
        { "running", LAUNCHCTL_RUNNING },          { "not running", LAUNCHCTL_IDLE },         { "waiting", LAUNCHCTL_IDLE },
        { "spawn scheduled", LAUNCHCTL_HELD_BACK }, { "spawn failed", LAUNCHCTL_SPAWN_FAILED },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(word, known[i].word) == 0)
            return known[i].state;
    return LAUNCHCTL_OTHER_STATE;
}

static void job_begin(struct launchctl_job *job, const char *label, size_t n)
{
    *job = (struct launchctl_job){ .state = LAUNCHCTL_OTHER_STATE, .runs = -1 };
    snprintf(job->label, sizeof job->label, "%.*s", (int)n, label);
}

/* ---- launchctl print */

/* "0", "78: EX_CONFIG" or "(never exited)". */
static bool take_exit_code(const struct cursor *cursor, const char *value, struct launchctl_job *job)
{
    long code;

    if (strcmp(value, "(never exited)") == 0) {
        job->end = LAUNCHCTL_NEVER_ENDED;
        return true;
    }
    if (!number(value, ":", &code) || code < 0 || code > 255)
        return bad(cursor, "the last exit code is `%s`, not a number of 0 to 255", value);
    job->end = LAUNCHCTL_EXITED;
    job->end_code = (int)code;
    return true;
}

/* "Killed: 9". */
static bool take_signal(const struct cursor *cursor, const char *value, struct launchctl_job *job)
{
    const char *colon = strrchr(value, ':');
    long signal;

    if (!colon || !number(colon + 1, "", &signal) || signal < 1 || signal > 127)
        return bad(cursor, "the last terminating signal is `%s`, which has no number", value);
    job->end = LAUNCHCTL_SIGNALLED;
    job->end_code = (int)signal;
    return true;
}

static bool take_count(const struct cursor *cursor, const char *key, const char *value, long *count)
{
    if (!number(value, " ", count) || *count < 0)
        return bad(cursor, "`%s` is `%s`, not a number", key, value);
    return true;
}

static bool take(const struct cursor *cursor, const char *key, const char *value, struct launchctl_job *job)
{
    if (strcmp(key, "state") == 0) {
        if (job->state != LAUNCHCTL_SPAWN_FAILED)
            job->state = state_of(value);
        snprintf(job->state_text, sizeof job->state_text, "%.63s", value);
    } else if (strcmp(key, "job state") == 0) {
        if (state_of(value) == LAUNCHCTL_SPAWN_FAILED)
            job->state = LAUNCHCTL_SPAWN_FAILED;
    } else if (strcmp(key, "last exit reason") == 0) {
        snprintf(job->end_reason, sizeof job->end_reason, "%.63s", value);
    } else if (strcmp(key, "last exit code") == 0) {
        return take_exit_code(cursor, value, job);
    } else if (strcmp(key, "last terminating signal") == 0) {
        return take_signal(cursor, value, job);
    } else if (strcmp(key, "pid") == 0) {
        return take_count(cursor, key, value, &job->pid);
    } else if (strcmp(key, "runs") == 0) {
        return take_count(cursor, key, value, &job->runs);
    } else if (strcmp(key, "run interval") == 0) {
        return take_count(cursor, key, value, &job->interval_s);
    }
    return true;
}

/* "DOMAIN/LABEL = {", of which a domain has slashes as well: gui/501/LABEL. */
static bool take_head(const struct cursor *cursor, const char *line, struct launchctl_job *job)
{
    const size_t n = strlen(line);
    const char *slash;

    if (!ends_with(line, " = {"))
        return bad(cursor, "`DOMAIN/LABEL = {` was expected");
    slash = strrchr(line, '/');
    if (!slash || slash[1] == ' ')
        return bad(cursor, "no label follows the domain");
    job_begin(job, slash + 1, (size_t)(line + n - (slash + 1)) - strlen(" = {"));
    return true;
}

/* Nested blocks have keys of the same names: what is of the job itself is set in by one tab, whatever an argument or a variable of it looks like. */
bool launchctl_read_print(const char *text, size_t n, struct launchctl_job *job, char *why, size_t why_n)
{
    struct cursor cursor = cursor_make(text, n, why, why_n);
    char line[LINE], *equals;

    if (!next_line(&cursor, line))
        return bad(&cursor, "there is none");
    if (!take_head(&cursor, line, job))
        return false;
    for (;;) {
        if (!next_line(&cursor, line))
            return bad(&cursor, "it ends before its last `}`");
        if (strcmp(line, "}") == 0)
            return job->state_text[0] ? true : bad(&cursor, "the job has no `state`");
        equals = line[0] == '\t' && line[1] != '\t' ? strstr(line, " = ") : NULL;
        if (!equals)
            continue;
        *equals = '\0';
        if (!take(&cursor, line + 1, equals + strlen(" = "), job))
            return false;
    }
}

/* ---- launchctl list */

static void take_wait_status(struct launchctl_job *job, int status)
{
    job->end = WIFSIGNALED(status) ? LAUNCHCTL_SIGNALLED : LAUNCHCTL_EXITED;
    job->end_code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void take_pid(struct launchctl_job *job, long pid)
{
    job->pid = pid;
    job->state = pid > 0 ? LAUNCHCTL_RUNNING : LAUNCHCTL_IDLE;
    snprintf(job->state_text, sizeof job->state_text, "%s", pid > 0 ? "running" : "not running");
}

bool launchctl_read_list(const char *text, size_t n, struct launchctl_job *job, char *why, size_t why_n)
{
    struct cursor cursor = cursor_make(text, n, why, why_n);
    char line[LINE], label[256] = "";
    long value;

    job_begin(job, "", 0);
    take_pid(job, 0);
    if (!next_line(&cursor, line) || strcmp(line, "{") != 0)
        return bad(&cursor, "`{` was expected");
    while (next_line(&cursor, line)) {
        if (strcmp(line, "};") == 0)
            return label[0] ? true : bad(&cursor, "the job has no \"Label\"");
        if (sscanf(line, "\t\"Label\" = \"%255[^\"]\";", label) == 1) {
            snprintf(job->label, sizeof job->label, "%s", label);
        } else if (strncmp(line, "\t\"PID\" = ", 9) == 0) {
            if (!number(line + 9, ";", &value) || value < 0)
                return bad(&cursor, "the PID is no number");
            take_pid(job, value);
        } else if (strncmp(line, "\t\"LastExitStatus\" = ", 20) == 0) {
            if (!number(line + 20, ";", &value) || value < 0 || value > 0xffff)
                return bad(&cursor, "the last exit status is none of wait(2)");
            take_wait_status(job, (int)value);
        }
    }
    return bad(&cursor, "it ends before its `};`");
}

static bool take_row(const struct cursor *cursor, char *pid, char *status, struct launchctl_job *job)
{
    long number_of_pid = 0, code;

    if (strcmp(pid, "-") != 0 && (!number(pid, "", &number_of_pid) || number_of_pid < 0))
        return bad(cursor, "the PID `%s` is no number", pid);
    take_pid(job, number_of_pid);
    if (strcmp(status, "-") == 0)
        return true;
    if (!number(status, "", &code) || code < -127 || code > 255)
        return bad(cursor, "the status `%s` is neither an exit code nor a signal", status);
    job->end = code < 0 ? LAUNCHCTL_SIGNALLED : LAUNCHCTL_EXITED;
    job->end_code = (int)labs(code);
    return true;
}

bool launchctl_find_row(const char *text, size_t n, const char *label, struct launchctl_job *job, char *why, size_t why_n)
{
    struct cursor cursor = cursor_make(text, n, why, why_n);
    char line[LINE];

    job_begin(job, label, strlen(label));
    if (!next_line(&cursor, line) || strcmp(line, "PID\tStatus\tLabel") != 0)
        return bad(&cursor, "the heads PID, Status and Label were expected");
    while (next_line(&cursor, line)) {
        char *status = strchr(line, '\t'), *name = status ? strchr(status + 1, '\t') : NULL;

        if (!name)
            return bad(&cursor, "a row has three columns");
        *status++ = *name++ = '\0';
        if (strcmp(name, label) == 0)
            return take_row(&cursor, line, status, job);
    }
    return false;
}

/* ---- what else it says */

bool launchctl_is_disabled(const char *text, size_t n, const char *label)
{
    struct cursor cursor = cursor_make(text, n, NULL, 0);
    char line[LINE], quoted[LINE];
    const int length = snprintf(quoted, sizeof quoted, "\"%.255s\" => ", label);

    while (next_line(&cursor, line)) {
        const char *row = line + strspn(line, "\t ");

        if (strncmp(row, quoted, (size_t)length) == 0)
            return strcmp(row + length, "disabled") == 0 || strcmp(row + length, "true") == 0;
    }
    return false;
}

enum launchctl_refusal launchctl_refusal(int exit_code, const char *said)
{
    switch (exit_code) {
    case 0: return LAUNCHCTL_DONE;
    case 64: return LAUNCHCTL_BAD_TARGET;
    case 112:
    case 125: return LAUNCHCTL_NO_DOMAIN; /* 125: where nobody can ever log in */
    case 113: return LAUNCHCTL_NO_JOB;
    case 119: return LAUNCHCTL_DISABLED;
    case 150: return LAUNCHCTL_NOT_ALLOWED;
    default: break;
    }
    return said && strstr(said, "Operation not permitted") ? LAUNCHCTL_NOT_ALLOWED : LAUNCHCTL_OTHER_REFUSAL;
}
