/*
 * Files that want to exhaust the reader: each must be an error with a place, within a second and 64 MiB (rules.md 1.3). Every one is read in a
 * process of its own, so that its memory can be told.
 */
#include "config_hostile.h"
#include "config_support.h"

#include "base/sanitized.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if ADDRESS_SANITIZED
static const double seconds = 15.; /* the sanitizer's own cost */
static const long mebibytes = 4096;
#else
static const double seconds = 1.;
static const long mebibytes = 64;
#endif

struct outcome {
    double seconds;
    long mebibytes;
    unsigned errors, placed;
    char first[300];
};

/* ---- how each is tried ---- */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* of ours alone: others may keep the machine busy */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void judge(const struct config *config, struct outcome *outcome)
{
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    outcome->errors = (unsigned)config_errors(config);
    for (size_t i = 0; i < n; i++)
        outcome->placed += problems[i].severity == CONFIG_ERROR && problems[i].place.line > 0;
    if (n > 0)
        snprintf(outcome->first, sizeof outcome->first, "%u:%u: %.200s", problems[0].place.line, problems[0].place.column, problems[0].message);
}

/* In the child. */
static void try(const char *path, int to)
{
    struct outcome outcome = { 0 };
    struct rusage usage;
    const double begun = (alarm(60), now()); /* one that waits for something uses no time of the processor */
    struct config *config = support_load(path);
    struct model *model = config ? config_model(config) : NULL;

    outcome.seconds = now() - begun;
    if (config && !model)
        judge(config, &outcome);
    model_drop(model);
    config_free(config);
    getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
    outcome.mebibytes = usage.ru_maxrss >> 20;
#else
    outcome.mebibytes = usage.ru_maxrss >> 10;
#endif
    if (write(to, &outcome, sizeof outcome) != (ssize_t)sizeof outcome)
        _exit(2);
    _exit(0);
}

static bool run(size_t i)
{
    struct buffer text = buffer_make(0);
    struct outcome outcome;
    const char *path;
    int ends[2], status;
    bool good;
    pid_t pid;

    hostile_files[i].write(&text);
    assert_false(text.failed);
    path = support_write("hostile.yaml", buffer_string(&text), text.len);
    buffer_free(&text);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        try(path, ends[1]);
    close(ends[1]);
    good = read(ends[0], &outcome, sizeof outcome) == (ssize_t)sizeof outcome;
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (!good || status != 0) {
        print_message("%s: the reader died (%d)\n", hostile_files[i].name, status);
        return false;
    }
    good = outcome.errors > 0 && outcome.placed > 0 && outcome.seconds < seconds && outcome.mebibytes < mebibytes;
    print_message("%s%s: %.3f s, %ld MiB, %u errors, %s\n", good ? "" : "!!! ", hostile_files[i].name, outcome.seconds, outcome.mebibytes, outcome.errors, outcome.first);
    return good;
}

static void every_hostile_file_is_refused(void **state)
{
    unsigned bad = 0;

    (void)state;
    support_folder();
    for (size_t i = 0; i < n_hostile_files; i++)
        bad += !run(i);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_hostile_file_is_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
