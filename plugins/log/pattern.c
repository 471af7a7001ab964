/*
 * The operation `log.pattern`: counts the bad lines that came within a window of time, and knows when a good one came last. A line's time is when it was read,
 * which is right within one interval and asks nothing of the log's format. Position and counts are saved, so that neither a restart nor the process that each
 * run gets loses or repeats a line.
 */
#include "log.h"

#include <errno.h>

enum { VERSION = 1, KEPT = 64, QUOTE = 160 };

/* What is saved. It is read back by the same machine alone, so its own byte order will do. */
struct saved {
    uint32_t version, n_bad;      /* n_bad: of the times that are kept, the oldest first */
    struct follow_position position;
    int64_t began, good;          /* when the log was first read, when a good line came last (0: never); by unix_ns() */
    int64_t bad[KEPT];
    char last[QUOTE + 4];         /* the last bad line, for people */
};

_Static_assert(sizeof(struct saved) <= 4096, "the host saves no more");

struct state {
    struct talon_run *run;
    struct saved saved;
    uint64_t new_bad, new_good;
};

const struct talon_option log_pattern_options[] = {
    { .name = "path", TALON_PATH_AT(struct log_pattern_conf, path), .flags = TALON_REQUIRED, .help = "The log; symbolic links are followed." },
    { .name = "bad",
      TALON_PATTERN_AT(struct log_pattern_conf, bad),
      .help = "Regular expression of bad lines: more than `tolerate` of them `within` that time are a failure." },
    { .name = "good",
      TALON_PATTERN_AT(struct log_pattern_conf, good),
      .help = "Regular expression of good lines: one makes the bad lines before it forgotten. A line that is both is bad." },
    { .name = "within",
      TALON_DURATION_AT(struct log_pattern_conf, within),
      .fallback = "10m",
      .help = "How long a bad line counts." },
    { .name = "tolerate",
      TALON_INT_AT(struct log_pattern_conf, tolerate),
      .max = KEPT - 1,
      .fallback = "0",
      .help = "So many bad lines are no failure yet." },
    { .name = "good_within",
      TALON_DURATION_AT(struct log_pattern_conf, good_within),
      .help = "A good line must have come so recently; 0: none need come." },
    { .name = "max_read",
      TALON_SIZE_AT(struct log_pattern_conf, max_read),
      .min = 65536,
      .max = 1 << 28,
      .fallback = "4MiB",
      .help = "How much is read in one run; of more the end alone." },
    { .name = "may_be_missing", TALON_BOOL_AT(struct log_pattern_conf, may_be_missing), .help = "A log that is not there is well, and has no lines." },
    { .name = NULL },
};

const struct talon_metric log_pattern_metrics[] = {
    { .name = "bad", .unit = "", .help = "Bad lines that count." },
    { .name = "lines", .unit = "", .help = "New lines since the check before." },
    { .name = "since_good", .unit = "s", .help = "Since a good line came last, as far as this was watched." },
    { .name = "skipped", .unit = "B", .help = "New, but too much to be read." },
    { .name = NULL },
};

int log_pattern_validate(const void *given, struct talon_problem *problem)
{
    const struct log_pattern_conf *conf = given;

    problem->option = "bad";
    if (!conf->bad && !conf->good) {
        snprintf(problem->text, sizeof problem->text, "or `good` is needed: a regular expression of the lines that matter");
    } else if (!conf->bad && !conf->good_within) {
        problem->option = "good";
        snprintf(problem->text, sizeof problem->text, "alone says nothing: write `good_within` as well, or `bad`");
    } else if (conf->good_within && !conf->good) {
        problem->option = "good_within";
        snprintf(problem->text, sizeof problem->text, "needs `good`, which says what a good line is");
    } else if (conf->bad && !conf->within) {
        problem->option = "within";
        snprintf(problem->text, sizeof problem->text, "must be longer than 0");
    } else {
        return 0;
    }
    return 1;
}

/* ---- lines */

static void add_bad(struct state *state, int64_t now, const char *line, size_t n)
{
    struct saved *saved = &state->saved;
    const char *words = talon_quote(state->run, line, n < 1024 ? n : 1024, QUOTE);

    if (saved->n_bad == KEPT) {
        memmove(saved->bad, saved->bad + 1, (KEPT - 1) * sizeof *saved->bad);
        saved->n_bad--;
    }
    saved->bad[saved->n_bad++] = now;
    snprintf(saved->last, sizeof saved->last, "%s", words);
    state->new_bad++;
    state->run->host->release(state->run, (void *)(uintptr_t)words); /* there may be a hundred thousand of them */
}

static void judge_line(void *arg, const char *line, size_t n)
{
    struct state *state = arg;
    struct talon_run *run = state->run;
    const struct log_pattern_conf *conf = run->conf;
    const int64_t now = run->host->unix_ns(run);

    if (conf->bad && run->host->match(run, conf->bad, line, n, NULL)) {
        add_bad(state, now, line, n);
    } else if (conf->good && run->host->match(run, conf->good, line, n, NULL)) {
        state->saved.good = now;
        state->saved.n_bad = 0;
        state->new_good++;
    }
}

/* Bad lines that are too old go; those of the future stay (the clock was set back) until it has caught up or new ones replace them. */
static void forget_old(struct saved *saved, int64_t now, uint64_t within)
{
    uint32_t old = 0;

    while (old < saved->n_bad && now - saved->bad[old] >= (int64_t)within)
        old++;
    memmove(saved->bad, saved->bad + old, (saved->n_bad - old) * sizeof *saved->bad);
    saved->n_bad -= old;
}

/* ---- the judgement */

static const char *manner(struct talon_run *run, const struct follow_report *report)
{
    return report->skipped     ? talon_text(run, "; %s were too much to read", talon_show_size(run, (double)report->skipped))
           : report->rotated   ? "; it was rotated"
           : report->truncated ? "; it was truncated"
                               : "";
}

static void judge(struct talon_run *run, const struct saved *saved, const struct follow_report *report)
{
    const struct log_pattern_conf *conf = run->conf;
    const int64_t from = saved->good ? saved->good : saved->began, passed = run->host->unix_ns(run) - from;
    const uint64_t since_good = passed > 0 ? (uint64_t)passed : 0;

    run->host->metric(run, "bad", saved->n_bad, "");
    run->host->metric(run, "lines", (double)report->lines, "");
    run->host->metric(run, "skipped", (double)report->skipped, "B");
    if (conf->good)
        run->host->metric(run, "since_good", (double)since_good / 1e9, "s");
    if (saved->n_bad > 0)
        run->host->detail(run, "last_bad", saved->last);
    if (saved->n_bad > conf->tolerate)
        talon_done(run, TALON_FAIL, "log.bad", "%u%s bad line%s within %s, the last: \"%s\"", (unsigned)saved->n_bad, saved->n_bad == KEPT ? " or more" : "",
                   saved->n_bad == 1 ? "" : "s", talon_show_time(run, conf->within), saved->last);
    else if (conf->good_within && since_good >= conf->good_within)
        talon_done(run, TALON_FAIL, "log.no_good", "no good line for %s, expected within %s", talon_show_time(run, since_good),
                   talon_show_time(run, conf->good_within));
    else if (report->first)
        talon_done(run, TALON_OK, "log.ok", "watched from here on");
    else
        talon_done(run, TALON_OK, "log.ok", "%u bad line%s within %s, %llu new line%s%s", (unsigned)saved->n_bad, saved->n_bad == 1 ? "" : "s",
                   talon_show_time(run, conf->within), (unsigned long long)report->lines, report->lines == 1 ? "" : "s", manner(run, report));
}

/* ---- the run */

static void recall(struct talon_run *run, struct saved *saved)
{
    const struct saved none = { .version = VERSION, .began = run->host->unix_ns(run) };

    if (run->host->recall(run->instance, saved, sizeof *saved) != sizeof *saved || saved->version != VERSION || saved->n_bad > KEPT ||
        saved->position.n_mark > FOLLOW_MARK || saved->position.n_mark > saved->position.offset)
        *saved = none;
    saved->last[sizeof saved->last - 1] = '\0';
}

/* What is not there has no lines; where it is there again, all of it is new. */
static void missing(struct talon_run *run, struct saved *saved)
{
    const struct log_pattern_conf *conf = run->conf;
    const struct follow_report nothing = { .lines = 0 };

    if (conf->may_be_missing) {
        judge(run, saved, &nothing);
        return;
    }
    log_broken(run, conf->path, ENOENT);
}

void log_pattern_start(struct talon_run *run)
{
    const struct log_pattern_conf *conf = run->conf;
    struct state *state = run->host->alloc(run, sizeof *state);
    struct follow_report report;
    enum follow_end end;
    int why;

    state->run = run;
    recall(run, &state->saved);
    end = follow(conf->path, &state->saved.position, conf->max_read, judge_line, state, &report);
    why = errno;
    forget_old(&state->saved, run->host->unix_ns(run), conf->within);
    if (end == FOLLOW_NO_FILE)
        state->saved.position.begun = 1;
    run->host->save(run->instance, &state->saved, sizeof state->saved);
    if (end == FOLLOW_NO_FILE)
        missing(run, &state->saved);
    else if (end == FOLLOW_NO_LOG)
        talon_done(run, TALON_FAIL, "file.kind", "%s is no regular file", conf->path);
    else if (end == FOLLOW_ERROR)
        log_broken(run, conf->path, why);
    else
        judge(run, &state->saved, &report);
}
