/*
 * Loading, step by step, with real files, the real configuration and a plugin that is a program: good ones give a model, what the plugin itself
 * refuses is an error at its place, and a refused configuration changes nothing.
 */
#include "hosts_support.h"

#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    bool over;
    struct model *model;
    struct buffer problems;
};

static void on_loaded(void *arg, struct load *load, struct model *model, struct config *config)
{
    struct outcome *outcome = arg;
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    (void)load;
    assert_false(outcome->over);
    outcome->over = true;
    outcome->model = model;
    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], &outcome->problems);
}

static bool is_over(const void *arg)
{
    return ((const struct outcome *)arg)->over;
}

static struct load *start(struct bench *bench, const char *text, bool tolerate, struct outcome *outcome)
{
    struct load_request request = { .loop = bench->loop, .hosts = bench->hosts, .tolerate = tolerate, .done = on_loaded, .arg = outcome };
    struct load *load;

    *outcome = (struct outcome){ .problems = buffer_make(1 << 16) };
    request.file = bench_file(bench, "talon.yaml", text);
    load = load_start(&request);
    assert_non_null(load);
    assert_false(outcome->over);
    return load;
}

static void load(struct bench *bench, const char *text, bool tolerate, struct outcome *outcome)
{
    start(bench, text, tolerate, outcome);
    until(bench, is_over, outcome);
}

static void drop(struct outcome *outcome)
{
    model_drop(outcome->model);
    buffer_free(&outcome->problems);
}

/* A configuration whose plugin `mine` is that program, with one check of those options. */
static const char *with(const struct bench *bench, const char *mode, const char *options)
{
    static char text[4096];

    snprintf(text, sizeof text,
             "state: %s\nexec_path: [/usr/bin]\nplugins: { mine: { command: [%s, '%s'] } }\n"
             "services:\n  web:\n    checks:\n      up:\n        mine: { %s }\n",
             bench->folder, bench->program, mode, options);
    return text;
}

static void a_good_configuration_is_a_model(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, with(bench, "", "run: hello"), false, &outcome);
    if (!outcome.model)
        fail_msg("%s", buffer_string(&outcome.problems));
    assert_int_equal(outcome.model->n_checks, 1);
    assert_string_equal(outcome.model->checks[0].full_name, "web.up");
    assert_non_null(strstr(outcome.model->checks[0].conf.json, "\"run\":\"hello\""));
    assert_string_equal(hosts_child_path(bench->hosts), "/usr/bin");
    drop(&outcome);
}

static void the_plugin_has_its_say(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, with(bench, "", "validate: refuse, address: 'unix:/x'"), false, &outcome);
    assert_null(outcome.model);
    assert_non_null(strstr(buffer_string(&outcome.problems), "talon.yaml:8:"));
    assert_non_null(strstr(buffer_string(&outcome.problems), "no key"));
    drop(&outcome);
}

static void mistakes_never_reach_the_plugin(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, with(bench, "", "rum: hello"), false, &outcome);
    assert_null(outcome.model);
    assert_non_null(strstr(buffer_string(&outcome.problems), "rum"));
    drop(&outcome);
}

static void a_plugin_that_cannot_be_had(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, with(bench, "exit", "run: hello"), false, &outcome);
    assert_null(outcome.model);
    assert_non_null(strstr(buffer_string(&outcome.problems), "exit code 5"));
    drop(&outcome);
    load(bench, with(bench, "crash", "run: hello"), true, &outcome); /* the daemon: its checks are unknown, nothing else */
    assert_non_null(outcome.model);
    assert_non_null(strstr(outcome.model->operations[outcome.model->checks[0].operation].missing, "SIGSEGV"));
    drop(&outcome);
}

/* It dies when it is asked whether its options are right: that says nothing of the configuration. */
static void a_plugin_that_cannot_be_asked(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, with(bench, "", "validate: die"), false, &outcome);
    assert_null(outcome.model);
    assert_non_null(strstr(buffer_string(&outcome.problems), "died"));
    drop(&outcome);
    bench->hosts->times.pause = MS(5);
    load(bench, with(bench, "other", "validate: die"), true, &outcome); /* the daemon */
    assert_non_null(outcome.model);
    assert_null(outcome.model->operations[outcome.model->checks[0].operation].missing);
    assert_non_null(strstr(buffer_string(&outcome.problems), "warning: these options are not checked"));
    drop(&outcome);
}

static void a_refused_configuration_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, with(bench, "", "rum: hello"), false, &outcome);
    assert_string_equal(hosts_child_path(bench->hosts), "/usr/bin:/bin");
    drop(&outcome);
}

static void one_without_plugins_is_loaded_as_well(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    load(bench, "services: {}\n", false, &outcome);
    assert_true(has_host(bench, "shared")); /* it got ready while the file was read, in case that it was wanted */
    drop(&outcome);
}

/* Stopped at every step; the hosts go on with what they were asked, and nobody is there any more to hear it. */
static void a_stopped_load_is_silent(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;

    for (uint64_t ms = 0; ms <= 30; ms += 3) {
        struct load *load = start(bench, with(bench, "", ms % 2 ? "validate: never" : "run: hello"), false, &outcome);

        turn(bench, ms * NS_PER_MS);
        if (!outcome.over)
            load_stop(load);
        drop(&outcome);
        outcome = (struct outcome){ .over = false };
    }
    bench->hosts->times.answer = MS(300);
    load(bench, with(bench, "slow", "validate: never"), false, &outcome); /* and one that takes its time */
    assert_null(outcome.model);
    drop(&outcome);
    load_stop(NULL);
}

static void a_load_is_stopped_in_the_middle_of_a_question(void **state)
{
    struct bench *bench = *state;
    struct outcome outcome;
    struct load *load = start(bench, with(bench, "", "validate: never"), false, &outcome);

    turn(bench, MS(200));
    assert_false(outcome.over); /* the plugin does not answer */
    load_stop(load);
    turn(bench, MS(50));
    assert_false(outcome.over);
    assert_string_equal(hosts_child_path(bench->hosts), "/usr/bin:/bin");
    drop(&outcome);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(a_good_configuration_is_a_model),
        BENCH(the_plugin_has_its_say),
        BENCH(mistakes_never_reach_the_plugin),
        BENCH(a_plugin_that_cannot_be_had),
        BENCH(a_plugin_that_cannot_be_asked),
        BENCH(a_refused_configuration_changes_nothing),
        BENCH(one_without_plugins_is_loaded_as_well),
        BENCH(a_stopped_load_is_silent),
        BENCH(a_load_is_stopped_in_the_middle_of_a_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
