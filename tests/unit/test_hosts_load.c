/* Plugins that cannot be loaded, each with its sentence, and plugins whose files change while they are used. */
#include "hosts_support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- loading */

static void a_death_in_load_has_a_name(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "bad", .path = bench_file(bench, "bad.so", "{\"load\":\"die\"}") };
    struct description description = { .over = false };
    struct use *use;

    load_shared(bench, "redis", "{}");
    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_string_equal(description.why, "it died when it was loaded (SIGSEGV)");
    use = use_make(bench, "redis", "redis.ping", "{}"); /* the others go on */
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 1); /* and it is not loaded again, which would take them along again */
    use_free(use);
    use = use_make(bench, "bad", "bad.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_int_equal(view(bench, "shared").deaths, 1);
    use_free(use);
    description_free(&description);
}

static void a_host_that_cannot_be_started_is_a_sentence(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { "/no/such/program", NULL };
    struct hosts_plugin plugin = { .name = "gone", .command = command, .own_host = true };
    struct description description = { .over = false };
    struct use *use;

    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_non_null(strstr(description.why, "/no/such/program does not exist"));
    use = use_make(bench, "gone", "gone.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.not_started"); /* at once: nobody waits for its whole timeout */
    assert_true(use->result->duration_ns < MS(5000));
    use_free(use);
    command[0] = "no-such-program-anywhere";
    describe(bench, &plugin, &description);
    assert_non_null(strstr(description.why, "not found in /usr/bin:/bin"));
    description_free(&description);
}

static void a_program_that_is_no_host_is_a_sentence(void **state)
{
    static const struct { const char *mode, *why; } modes[] = {
        { "exit", "exit code 5 before it said hello" },
        { "crash", "SIGSEGV before it said hello" },
        { "bad-protocol", "speaks another protocol than version 1" },
        { "no-hello", "its host has not said hello in time" },
        { "early", "it spoke before it said hello" },
    };
    struct bench *bench = *state;
    struct description description = { .over = false };

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const char *command[] = { bench->program, modes[i].mode, NULL };
        struct hosts_plugin plugin = { .name = modes[i].mode, .command = command, .own_host = true };

        bench->hosts->times.answer = strcmp(modes[i].mode, "no-hello") == 0 ? MS(300) : MS(10000);
        describe(bench, &plugin, &description);
        assert_null(description.text);
        if (!strstr(description.why, modes[i].why))
            fail_msg("%s: %s", modes[i].mode, description.why);
    }
    description_free(&description);
}

static void an_echo_is_no_host(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { "cat", NULL };
    struct hosts_plugin plugin = { .name = "cat", .command = command, .own_host = true };
    struct description description = { .over = false };

    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_non_null(strstr(description.why, "said hello without its name"));
    description_free(&description);
}

/* ---- changed files */

static void a_changed_shared_plugin_takes_over_at_the_next_setup(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "redis" };
    struct description description = { .over = false };
    struct use *old, *other, *new;
    pid_t before;

    load_shared(bench, "redis", "{\"version\":\"1\"}");
    load_shared(bench, "tcp", "{}");
    old = use_make(bench, "redis", "redis.old", "{\"run\":\"report\"}");
    other = use_make(bench, "tcp", "tcp.other", "{\"ms\":400}");
    use_run(bench, old, MS(10000));
    before = view(bench, "shared").pid;
    plugin.path = bench_file(bench, "redis.so", "{\"version\":\"22\"}");
    describe(bench, &plugin, &description);
    assert_non_null(strstr(description.text, "\"version\":\"22\"")); /* told by the new file, */
    assert_int_equal(view(bench, "shared").pid, before);             /* while the old one goes on: the configuration may be refused */
    assert_result(use_run(bench, old, MS(10000)), STATUS_OK, "");
    use_start(other, MS(10000), 0);
    turn(bench, MS(100));
    new = use_make(bench, "redis", "redis.new", "{}");
    assert_result(use_run(bench, new, MS(10000)), STATUS_OK, "");
    assert_true(view(bench, "shared").pid != before);
    assert_false(has_host(bench, "redis")); /* where it was tried */
    assert_result(use_wait(bench, other), STATUS_OK, "");
    assert_result(use_run(bench, old, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 0);
    assert_int_equal(view(bench, "shared").plugins, 2);
    use_free(old);
    use_free(other);
    use_free(new);
    description_free(&description);
}

static void a_changed_own_plugin_takes_over_at_the_next_setup(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { bench->program, "", NULL, NULL };
    struct hosts_plugin plugin = { .name = "mine", .command = command, .own_host = true };
    struct description description = { .over = false };
    struct use *use, *new;
    pid_t before;

    command[2] = strdup(bench_file(bench, "script", "one"));
    describe(bench, &plugin, &description);
    use = use_make(bench, "mine", "mine.check", "{\"ms\":300}");
    use_run(bench, use, MS(10000));
    before = view(bench, "mine").pid;
    describe(bench, &plugin, &description); /* unchanged */
    assert_null(plugin_find(bench->hosts, "mine")->later);
    bench_file(bench, "script", "one and more"); /* the script of an interpreter */
    describe(bench, &plugin, &description);
    assert_non_null(plugin_find(bench->hosts, "mine")->later);
    assert_int_equal(view(bench, "mine").pid, before);
    use_start(use, MS(10000), 0);
    turn(bench, MS(50));
    new = use_make(bench, "mine", "mine.new", "{}");
    assert_true(view(bench, "mine").pid != before);
    assert_result(use_run(bench, new, MS(10000)), STATUS_OK, "");
    assert_result(use_wait(bench, use), STATUS_OK, ""); /* begun in the old one, ended in the new one */
    assert_int_equal(use->done, 2);
    use_free(use);
    use_free(new);
    description_free(&description);
    free((char *)(uintptr_t)command[2]);
}

static void a_change_that_is_undone_is_none(void **state)
{
    struct bench *bench = *state;
    const char *other[] = { bench->program, "x", NULL }, *first[] = { bench->program, "", NULL };
    struct hosts_plugin plugin = { .name = "mine", .command = first, .own_host = true };
    struct description description = { .over = false };
    struct use *use;
    pid_t before;

    describe(bench, &plugin, &description);
    use = use_make(bench, "mine", "mine.check", "{}");
    use_run(bench, use, MS(10000));
    before = view(bench, "mine").pid;
    plugin.command = other;
    describe(bench, &plugin, &description);
    plugin.command = first; /* the reload was refused, the next one has it as it was */
    describe(bench, &plugin, &description);
    use_free(use);
    use = use_make(bench, "mine", "mine.check", "{}");
    use_run(bench, use, MS(10000));
    assert_int_equal(view(bench, "mine").pid, before);
    use_free(use);
    description_free(&description);
}

static void a_shipped_plugin_may_move_to_a_host_of_its_own(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "redis", .own_host = true };
    struct description description = { .over = false };
    struct use *use, *other;

    load_shared(bench, "redis", "{}");
    load_shared(bench, "tcp", "{}");
    use = use_make(bench, "redis", "redis.check", "{}");
    other = use_make(bench, "tcp", "tcp.check", "{}");
    use_run(bench, use, MS(10000));
    plugin.path = bench_file(bench, "redis.so", "{}");
    describe(bench, &plugin, &description);
    use_free(use);
    use = use_make(bench, "redis", "redis.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_result(use_run(bench, other, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "redis").instances, 1);
    assert_int_equal(view(bench, "shared").instances, 1);
    plugin.own_host = false; /* and back */
    describe(bench, &plugin, &description);
    use_free(use);
    use = use_make(bench, "redis", "redis.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").instances, 2);
    assert_false(has_host(bench, "redis"));
    use_free(use);
    use_free(other);
    description_free(&description);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(a_death_in_load_has_a_name),
        BENCH(a_host_that_cannot_be_started_is_a_sentence),
        BENCH(a_program_that_is_no_host_is_a_sentence),
        BENCH(an_echo_is_no_host),
        BENCH(a_changed_shared_plugin_takes_over_at_the_next_setup),
        BENCH(a_changed_own_plugin_takes_over_at_the_next_setup),
        BENCH(a_change_that_is_undone_is_none),
        BENCH(a_shipped_plugin_may_move_to_a_host_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
