/*
 * Nagios mode: exit codes 0 to 3 are ok, warn, fail and unknown, the first line up to a bar is the summary, and what
 * stands behind bars is performance data (`TEXT | PERFDATA`, then lines of further text, of which the first bar begins
 * more performance data).
 */
#include "exec.h"
#include "perfdata.h"

enum { MOST_METRICS = 60, LIMITS = 4000 };

struct collected {
    char names[MOST_METRICS + 2][PERFDATA_LABEL]; /* used up, those of the check itself among them */
    size_t n, ignored;
    char *limits; /* what each is compared with, in LIMITS bytes */
    size_t used;
};

static int is_taken(const struct collected *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->names[i], name) == 0)
            return 1;
    return 0;
}

/* Two labels may clean up to one name: later ones are numbered. Returns NULL when there are too many. */
static const char *take_name(struct collected *c, const char *label)
{
    char *name = c->names[c->n];
    size_t length;

    if (c->n == sizeof c->names / sizeof *c->names)
        return NULL;
    exec_perfdata_name(label, name);
    length = strlen(name);
    if (length > PERFDATA_LABEL - 5)
        length = PERFDATA_LABEL - 5;
    for (unsigned i = 2; is_taken(c, name); i++)
        snprintf(name + length, 5, "_%u", i);
    c->n++;
    return name;
}

/* `load1: warn 5, crit 10, max 16`: a line for each item that states limits. */
static void note_limits(struct collected *c, const char *name, const struct perfdata *item)
{
    const char *const values[] = { item->warn, item->crit, item->min, item->max };
    static const char *const words[] = { "warn", "crit", "min", "max" };
    const char *before = ": ";
    char line[PERFDATA_LABEL + 4 * (PERFDATA_RANGE + 8)];
    size_t n = (size_t)snprintf(line, sizeof line, "%s%s", c->used ? "\n" : "", name);

    for (size_t i = 0; i < 4; i++)
        if (*values[i]) {
            n += (size_t)snprintf(line + n, sizeof line - n, "%s%s %s", before, words[i], values[i]);
            before = ", ";
        }
    if (*before == ',' && c->used + n < LIMITS) {
        memcpy(c->limits + c->used, line, n + 1);
        c->used += n;
    }
}

static void collect(struct talon_run *run, struct collected *c, const char *text, size_t n)
{
    struct perfdata item;
    enum perfdata_found found;
    size_t at = 0;

    while ((found = exec_perfdata_next(text, n, &at, &item)) != PERFDATA_END) {
        const char *name = found == PERFDATA_ITEM ? take_name(c, item.label) : NULL;

        if (name) {
            run->host->metric(run, name, item.value, item.unit);
            note_limits(c, name, &item);
        } else {
            c->ignored += found != PERFDATA_NONE;
        }
    }
}

static void tell_perfdata(struct talon_run *run, const char *text, size_t n)
{
    struct collected *c = run->host->alloc(run, sizeof *c);
    const char *end = text + n, *newline = memchr(text, '\n', n);
    const char *stop = newline ? newline : end, *bar = memchr(text, '|', (size_t)(stop - text));

    c->limits = run->host->alloc(run, LIMITS);
    memcpy(c->names[c->n++], "duration", sizeof "duration");
    memcpy(c->names[c->n++], "exit_code", sizeof "exit_code");
    if (bar)
        collect(run, c, bar + 1, (size_t)(stop - bar) - 1);
    bar = memchr(stop, '|', (size_t)(end - stop));
    if (bar)
        collect(run, c, bar + 1, (size_t)(end - bar) - 1);
    if (c->used > 0)
        run->host->detail(run, "limits", c->limits);
    if (c->ignored > 0)
        run->host->detail(
            run, "perfdata_ignored",
            talon_text(run, "%zu items that are not well formed, or beyond %d", c->ignored, MOST_METRICS));
}

/* The first line up to its bar; where there is none, what it printed to standard error. */
static const char *summary(struct talon_run *run, const struct talon_exit *ended)
{
    const char *newline = memchr(ended->out, '\n', ended->out_len);
    size_t n = newline ? (size_t)(newline - ended->out) : ended->out_len;
    const char *bar = memchr(ended->out, '|', n), *line;

    line = talon_quote(run, ended->out, bar ? (size_t)(bar - ended->out) : n, 480);
    if (!*line)
        line = exec_first_line(run, ended->err, ended->err_len);
    return *line ? line : talon_text(run, "no output, exit code %d", (int)ended->code);
}

void exec_nagios_judge(struct talon_run *run, const struct talon_exit *ended)
{
    static const struct {
        enum talon_status status;
        const char *reason;
    } meanings[] = { { TALON_OK, "nagios.ok" },
                     { TALON_WARN, "nagios.warning" },
                     { TALON_FAIL, "nagios.critical" },
                     { TALON_UNKNOWN, "nagios.unknown" } };

    tell_perfdata(run, ended->out, ended->out_len);
    if (ended->code >= 0 && ended->code <= 3)
        talon_done(run, meanings[ended->code].status, meanings[ended->code].reason, "%s", summary(run, ended));
    else
        talon_done(run, TALON_UNKNOWN, "exec.exit", "exited with %d, monitoring plugins exit with 0 to 3: %s",
                   (int)ended->code, summary(run, ended));
}
