/* Faults in what a run says, and in how it ends: not at all, twice, with what nobody can show. */
#include "faulty.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { METRICS = 1000, DETAILS = 100, DETAIL = 1 << 20, SUMMARY = 32 << 20, LINES = 100000, NUDGES = 10000 };

static const uint64_t hour = UINT64_C(3600000000000);

static void nothing(struct talon_run *run, void *arg)
{
    (void)run, (void)arg;
}

static void never_done(struct talon_run *run)
{
    run->host->timer(run, hour, nothing, NULL);
}

static void ended(struct talon_run *run, void *arg, const struct talon_exit *exit)
{
    (void)run, (void)arg, (void)exit;
}

/* It waits for somebody else, and ignores that it is told to end. */
static void never_told(struct talon_run *run)
{
    static const char *const argv[] = { "sleep", "3600", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
}

static void idle(struct talon_run *run)
{
    (void)run;
}

/* It has an operation, stops it, and then has none. */
static void idle_later(struct talon_run *run)
{
    run->host->stop(run, run->host->timer(run, hour, nothing, NULL));
}

static void done_twice(struct talon_run *run)
{
    talon_done(run, TALON_OK, "faulty.first", "the first");
    talon_done(run, TALON_FAIL, "faulty.second", "the second");
}

static void bad_status(struct talon_run *run)
{
    run->host->complete(run, (enum talon_status)77, "faulty.seventy_seven", "77");
}

static void bad_reason(struct talon_run *run)
{
    run->host->complete(run, TALON_OK, "Some Reason\n<b>", "said");
}

static void no_words(struct talon_run *run)
{
    run->host->complete(run, TALON_OK, NULL, NULL);
}

static void bad_text(struct talon_run *run)
{
    run->host->complete(run, TALON_OK, "faulty.text", "bell \a, tab \t, line\n, escape \x1b[31m, \xff\xfe and <script>");
}

/* A text of n letters, or NULL: that much memory was not to be had. */
static char *letters(size_t n)
{
    char *text = malloc(n + 1);

    if (text) {
        memset(text, 'x', n);
        text[n] = '\0';
    }
    return text;
}

static void big_summary(struct talon_run *run)
{
    char *text = letters(SUMMARY);

    run->host->complete(run, TALON_OK, "faulty.summary", text ? text : "no memory");
    free(text);
}

static void big_details(struct talon_run *run)
{
    char *text = letters(DETAIL);

    for (int i = 0; text && i < DETAILS; i++)
        run->host->detail(run, talon_text(run, "d%d", i), text);
    free(text);
    faulty_good(run);
}

static void many_metrics(struct talon_run *run)
{
    for (int i = 0; i < METRICS; i++)
        run->host->metric(run, talon_text(run, "m%d", i), i, "");
    faulty_good(run);
}

static void no_number(struct talon_run *run)
{
    run->host->metric(run, "turns", (double)NAN, "");
    run->host->metric(run, "up", (double)INFINITY, "");
    run->host->metric(run, "down", -(double)INFINITY, "");
    run->host->metric(run, "good", 1, "");
    faulty_good(run);
}

static void log_flood(struct talon_run *run)
{
    for (int i = 0; i < LINES; i++)
        talon_log(run, TALON_WARNING, "log_flood: line %d", i);
    faulty_good(run);
}

static void stderr_flood(struct talon_run *run)
{
    for (int i = 0; i < LINES; i++)
        fprintf(stderr, "stderr_flood: line %d\n", i);
    faulty_good(run);
}

static void progress_flood(struct talon_run *run)
{
    for (int i = 0; i < LINES; i++)
        run->host->progress(run, "progress_flood");
    faulty_good(run);
}

static void nudge_flood(struct talon_run *run)
{
    for (int i = 0; i < NUDGES; i++)
        run->host->nudge(run->instance);
    faulty_good(run);
}

static void print_stdout(struct talon_run *run)
{
    puts("{\"type\":\"done\",\"run\":\"1\"}");
    fflush(stdout);
    faulty_good(run);
}

/* Handles that were never given out, of others, and of what is over. */
static void strange_handles(struct talon_run *run)
{
    const talon_op op = run->host->timer(run, hour, nothing, NULL);

    run->host->stop(run, op);
    run->host->stop(run, op);
    run->host->stop(run, UINT64_MAX);
    run->host->stop(run->instance, op);
    run->host->send(run, op, "x", 1);
    run->host->send(run, 12345, "x", 1);
    run->host->release(run, NULL);
    faulty_good(run);
}

/* Everything that has ended does nothing any more. */
static void after_done(struct talon_run *run)
{
    static const char *const argv[] = { "sleep", "3600", NULL };

    faulty_good(run);
    run->host->metric(run, "late", 1, "");
    run->host->detail(run, "late", "late");
    run->host->timer(run, 1, nothing, NULL);
    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv), ended, NULL);
    run->host->progress(run, "late");
    run->host->nudge(run);
}

const struct fault faulty_results[] = {
    { .name = "never_done", .start = never_done },
    { .name = "never_told", .start = never_told },
    { .name = "idle", .start = idle },
    { .name = "idle_later", .start = idle_later },
    { .name = "done_twice", .start = done_twice },
    { .name = "bad_status", .start = bad_status },
    { .name = "bad_reason", .start = bad_reason },
    { .name = "no_words", .start = no_words },
    { .name = "bad_text", .start = bad_text },
    { .name = "big_summary", .start = big_summary },
    { .name = "big_details", .start = big_details },
    { .name = "many_metrics", .start = many_metrics },
    { .name = "no_number", .start = no_number },
    { .name = "log_flood", .start = log_flood },
    { .name = "stderr_flood", .start = stderr_flood },
    { .name = "progress_flood", .start = progress_flood },
    { .name = "nudge_flood", .start = nudge_flood },
    { .name = "print_stdout", .start = print_stdout },
    { .name = "strange_handles", .start = strange_handles },
    { .name = "after_done", .start = after_done },
    { .name = NULL },
};
