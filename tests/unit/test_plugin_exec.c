/* The plugin `exec` on the fake host: exit codes, outputs, commands that cannot be run, and monitoring plugins with their
 * performance data, well formed and not. */
#include "plugin_test.h"

#include "../../plugins/exec/perfdata.h"

#include <stdlib.h>

static struct fake *exec(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "exec");

    fake_add(fake, "command", NULL, "check_it");
    fake_add(fake, "command", NULL, "--all");
    return fake;
}

static struct fake *nagios(void)
{
    struct fake *fake = exec();

    fake_set(fake, "nagios", "true");
    return fake;
}

static void exits(struct fake *fake, int code, const char *out, const char *err)
{
    fake_child(fake, 20 * FAKE_MS,
               &(struct talon_exit){ .code = code,
                                     .out = out,
                                     .out_len = strlen(out),
                                     .err = err,
                                     .err_len = strlen(err),
                                     .total_ns = 20 * FAKE_MS });
}

/* ---- what is started ---- */

static void the_command_is_started_as_it_stands(void **unused)
{
    struct fake *fake = exec();
    const struct talon_command *asked;

    (void)unused;
    fake_set(fake, "input", "question\n");
    fake_set(fake, "dir", "/srv");
    fake_set(fake, "max_output", "1KiB");
    fake_add(fake, "env", "LANG", "C");
    fake_add(fake, "env", "TOKEN", "a=b c");
    exits(fake, 0, "", "");
    CONCLUDES(fake, TALON_OK, "exec.ok", "check_it exited with 0 in 20.0 ms");
    asked = fake_spawned(fake, 0);
    assert_string_equal(asked->argv[0], "check_it");
    assert_string_equal(asked->argv[1], "--all");
    assert_null(asked->argv[2]);
    assert_string_equal(asked->env[0], "LANG=C");
    assert_string_equal(asked->env[1], "TOKEN=a=b c");
    assert_null(asked->env[2]);
    assert_string_equal(asked->folder, "/srv");
    assert_int_equal(asked->input_len, 9);
    assert_memory_equal(asked->input, "question\n", 9);
    assert_int_equal(asked->max_output, 1024);
    assert_int_equal(asked->timeout_ns, 0);
    fake_free(fake);
}

static void what_is_not_given_is_not_there(void **unused)
{
    struct fake *fake = exec();
    const struct talon_command *asked;

    (void)unused;
    exits(fake, 0, "", "");
    CONCLUDES(fake, TALON_OK, "exec.ok", "");
    asked = fake_spawned(fake, 0);
    assert_null(asked->env);
    assert_null(asked->input);
    assert_string_equal(asked->folder, "/");
    assert_int_equal(asked->max_output, 65536);
    assert_null(fake_detail(fake, "stdout"));
    assert_null(fake_detail(fake, "stderr"));
    fake_free(fake);
}

/* ---- plain judgement ---- */

static void the_exit_code_decides(void **unused)
{
    static const struct {
        const char *expected;
        int code;
        enum talon_status status;
        const char *part;
    } cases[] = {
        { NULL, 0, TALON_OK, "exited with 0" },
        { NULL, 1, TALON_FAIL, "check_it exited with 1, expected 0: it broke" },
        { NULL, 255, TALON_FAIL, "check_it exited with 255, expected 0" },
        { "3", 3, TALON_OK, "exited with 3" },
        { "3", 0, TALON_FAIL, "check_it exited with 0, expected 3" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = exec();

        if (cases[i].expected)
            fake_set(fake, "expect_exit", cases[i].expected);
        exits(fake, cases[i].code, "", "trying\nit broke\n\n");
        CONCLUDES(fake, cases[i].status, cases[i].status == TALON_OK ? "exec.ok" : "exec.exit", cases[i].part);
        NEAR(fake_metric(fake, "exit_code"), cases[i].code);
        NEAR(fake_metric(fake, "duration"), 0.02);
        assert_string_equal(fake_detail(fake, "stderr"), "trying\nit broke\n\n");
        fake_free(fake);
    }
}

static void its_words_are_the_summary(void **unused)
{
    struct fake *fake = exec();

    (void)unused;
    exits(fake, 0, " \n\t\nall 3 replicas\x01 are up\r\nmore\n", "noise");
    CONCLUDES(fake, TALON_OK, "exec.ok", "");
    assert_string_equal(fake_result(fake)->summary, "all 3 replicas are up");
    exits(fake, 2, "first\nlast word\n", "");
    CONCLUDES(fake, TALON_FAIL, "exec.exit", "check_it exited with 2, expected 0: last word");
    exits(fake, 2, "", "");
    CONCLUDES(fake, TALON_FAIL, "exec.exit", "check_it exited with 2, expected 0");
    fake_free(fake);
}

static void the_output_must_match(void **unused)
{
    struct fake *fake = exec();

    (void)unused;
    fake_set(fake, "match", "^synced$");
    exits(fake, 0, "synced", "");
    CONCLUDES(fake, TALON_OK, "exec.ok", "synced");
    exits(fake, 0, "other", "synced"); /* standard output first, then error */
    CONCLUDES(fake, TALON_OK, "exec.ok", "other");
    exits(fake, 0, "behind by 7\n", "");
    CONCLUDES(fake, TALON_FAIL, "exec.match", "check_it exited with 0, but its output does not match: behind by 7");
    exits(fake, 1, "synced", ""); /* the exit code comes first */
    CONCLUDES(fake, TALON_FAIL, "exec.exit", "exited with 1");
    fake_free(fake);
}

static void commands_that_cannot_run_are_unknown(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *part;
    } cases[] = {
        { FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "not found in /usr/bin:/bin"), TALON_UNKNOWN,
          "cannot run check_it: not found in /usr/bin:/bin" },
        { FAKE_ERROR(TALON_E_DENIED, 13, "exec.not_allowed", "permission denied"), TALON_UNKNOWN,
          "cannot run check_it: permission denied" },
        { FAKE_ERROR(TALON_E_LOCAL, 11, "local", "no process can be started"), TALON_UNKNOWN, "cannot run check_it" },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "exec.timeout", "did not end within 2 s"), TALON_FAIL,
          "check_it: did not end within 2 s" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = i % 2 ? nagios() : exec();

        fake_child(fake, 0, &(struct talon_exit){ .error = cases[i].error, .code = -1 });
        CONCLUDES(fake, cases[i].status, cases[i].error.token, cases[i].part);
        assert_true(isnan(fake_metric(fake, "exit_code")));
        fake_free(fake);
    }
}

static void a_command_that_never_ends_is_a_failure(void **unused)
{
    struct fake *fake = exec();

    (void)unused;
    fake_timeout(fake, 2 * FAKE_S);
    CONCLUDES(fake, TALON_FAIL, "exec.timeout", "check_it: ");
    assert_true(fake_result(fake)->took_ns == 1900 * FAKE_MS);
    fake_free(fake);
}

static void what_it_said_before_its_timeout_is_kept(void **unused)
{
    struct fake *fake = exec();

    (void)unused;
    fake_child(fake, 0,
               &(struct talon_exit){ .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "exec.timeout", "did not end"),
                                     .code = -1,
                                     .out = "half done",
                                     .out_len = 9 });
    CONCLUDES(fake, TALON_FAIL, "exec.timeout", "did not end");
    assert_string_equal(fake_detail(fake, "stdout"), "half done");
    fake_free(fake);
}

static void signals(void **unused)
{
    struct talon_exit killed = { .code = -1, .signal = 9, .err = "out of memory\n", .err_len = 14 };
    struct fake *fake = exec();

    (void)unused;
    fake_child(fake, FAKE_MS, &killed);
    CONCLUDES(fake, TALON_FAIL, "exec.signal", "check_it was killed by signal 9 (");
    CONTAINS(fake_result(fake)->summary, "): out of memory");
    fake_free(fake);

    fake = nagios();
    fake_child(fake, FAKE_MS, &killed);
    CONCLUDES(fake, TALON_UNKNOWN, "exec.signal", "killed by signal 9");
    fake_free(fake);
}

static void long_output_keeps_head_and_end(void **unused)
{
    enum { LONG = 200000 };
    char *out = malloc(LONG);
    struct fake *fake = exec();
    const char *shown;

    (void)unused;
    memset(out, 'x', LONG);
    memcpy(out, "begin", 5);
    out[100] = '\0';
    memcpy(out + LONG - 3, "end", 3);
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .out = out, .out_len = 65536, .out_dropped = LONG - 65536 });
    CONCLUDES(fake, TALON_OK, "exec.ok", "begin");
    shown = fake_detail(fake, "stdout");
    assert_true(strlen(shown) > 3900 && strlen(shown) < 4000);
    assert_memory_equal(shown, "begin", 5);
    CONTAINS(shown, "\n[196100 bytes left out]\n");
    assert_true(strlen(fake_result(fake)->summary) < 300);
    assert_int_equal(fake_result(fake)->cut, 0);
    fake_free(fake);
    free(out);
}

/* ---- monitoring plugins ---- */

static void exit_codes_of_monitoring_plugins(void **unused)
{
    static const struct {
        int code;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 0, TALON_OK, "nagios.ok", "DISK - fine" },
        { 1, TALON_WARN, "nagios.warning", "DISK - fine" },
        { 2, TALON_FAIL, "nagios.critical", "DISK - fine" },
        { 3, TALON_UNKNOWN, "nagios.unknown", "DISK - fine" },
        { 4, TALON_UNKNOWN, "exec.exit", "exited with 4, monitoring plugins exit with 0 to 3: DISK - fine" },
        { 127, TALON_UNKNOWN, "exec.exit", "exited with 127" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = nagios();

        exits(fake, cases[i].code, "DISK - fine | used=1\nlong text\n", "");
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        assert_null(strstr(fake_result(fake)->summary, "used"));
        assert_null(strstr(fake_result(fake)->summary, "long"));
        NEAR(fake_metric(fake, "used"), 1);
        fake_free(fake);
    }
}

static void a_monitoring_plugin_without_output(void **unused)
{
    struct fake *fake = nagios();

    (void)unused;
    exits(fake, 2, "", "connect to host: no\n");
    CONCLUDES(fake, TALON_FAIL, "nagios.critical", "connect to host: no");
    exits(fake, 1, "", "");
    CONCLUDES(fake, TALON_WARN, "nagios.warning", "no output, exit code 1");
    exits(fake, 0, "| a=1", "");
    CONCLUDES(fake, TALON_OK, "nagios.ok", "no output, exit code 0");
    fake_free(fake);
}

static void match_with_nagios_looks_at_good_results(void **unused)
{
    struct fake *fake = nagios();

    (void)unused;
    fake_set(fake, "match", "HTTP/2");
    exits(fake, 0, "OK HTTP/2", "");
    CONCLUDES(fake, TALON_OK, "nagios.ok", "OK HTTP/2");
    exits(fake, 0, "OK HTTP/1.1", "");
    CONCLUDES(fake, TALON_FAIL, "exec.match", "does not match: OK HTTP/1.1");
    exits(fake, 1, "WARNING HTTP/1.1", "");
    CONCLUDES(fake, TALON_WARN, "nagios.warning", "WARNING HTTP/1.1");
    fake_free(fake);
}

static void performance_data_become_metrics(void **unused)
{
    static const char out[] = "LOAD OK | load1=0.42;5;10;0; 'time taken'=12ms;100;200 /=37%;85;95;0;100\n"
                              "first long line\n"
                              "second long line | /var=1024MB;;;0;2048 hits=17c\n"
                              "'it''s here'=5s missing=U\n";
    struct fake *fake = nagios();

    (void)unused;
    exits(fake, 0, out, "");
    CONCLUDES(fake, TALON_OK, "nagios.ok", "LOAD OK");
    NEAR(fake_metric(fake, "load1"), 0.42);
    assert_string_equal(fake_unit(fake, "load1"), "");
    NEAR(fake_metric(fake, "time_taken"), 0.012);
    assert_string_equal(fake_unit(fake, "time_taken"), "s");
    NEAR(fake_metric(fake, "root"), 37);
    assert_string_equal(fake_unit(fake, "root"), "%");
    NEAR(fake_metric(fake, "var"), 1073741824.0);
    assert_string_equal(fake_unit(fake, "var"), "B");
    NEAR(fake_metric(fake, "hits"), 17);
    NEAR(fake_metric(fake, "it_s_here"), 5);
    assert_true(isnan(fake_metric(fake, "missing")));
    CONTAINS(fake_detail(fake, "limits"), "load1: warn 5, crit 10, min 0");
    CONTAINS(fake_detail(fake, "limits"), "\nroot: warn 85, crit 95, min 0, max 100");
    assert_null(fake_detail(fake, "perfdata_ignored"));
    fake_free(fake);
}

static void names_never_collide(void **unused)
{
    struct fake *fake = nagios();

    (void)unused;
    exits(fake, 0, "OK | A-B=1 a_b=2 'a b'=3 duration=4 exit_code=5 %=6 '***'=7", "");
    CONCLUDES(fake, TALON_OK, "nagios.ok", "OK");
    NEAR(fake_metric(fake, "a_b"), 1);
    NEAR(fake_metric(fake, "a_b_2"), 2);
    NEAR(fake_metric(fake, "a_b_3"), 3);
    NEAR(fake_metric(fake, "duration"), 0.02);
    NEAR(fake_metric(fake, "duration_2"), 4);
    NEAR(fake_metric(fake, "exit_code"), 0);
    NEAR(fake_metric(fake, "exit_code_2"), 5);
    NEAR(fake_metric(fake, "percent"), 6);
    NEAR(fake_metric(fake, "value"), 7);
    fake_free(fake);
}

static void bad_performance_data_are_counted(void **unused)
{
    struct fake *fake = nagios();

    (void)unused;
    exits(fake, 0, "OK | a=1 b= =3 c=x 'd=4 e=5;6;7 ok=8", "");
    CONCLUDES(fake, TALON_OK, "nagios.ok", "OK");
    NEAR(fake_metric(fake, "a"), 1);
    CONTAINS(fake_detail(fake, "perfdata_ignored"), "items that are not well formed");
    fake_free(fake);
}

static void a_flood_of_performance_data_is_bounded(void **unused)
{
    char *out = malloc(64000);
    size_t n = (size_t)snprintf(out, 64000, "OK |");
    struct fake *fake = nagios();

    (void)unused;
    for (unsigned i = 0; i < 1000; i++)
        n += (size_t)snprintf(out + n, 64000 - n, " same-rather-long-name-of-a-metric=%u;1:2;3", i);
    exits(fake, 0, out, "");
    CONCLUDES(fake, TALON_OK, "nagios.ok", "OK");
    assert_true(fake_result(fake)->metrics <= 64);
    assert_int_equal(fake_result(fake)->cut, 0);
    CONTAINS(fake_detail(fake, "perfdata_ignored"), "940 items");
    fake_free(fake);
    free(out);
}

/* ---- perfdata.h by itself ---- */

static void one_item_each(void **unused)
{
    static const struct {
        const char *text;
        enum perfdata_found found;
        double value;
        const char *unit, *warn;
    } cases[] = {
        { "a=1", PERFDATA_ITEM, 1, "", "" },
        { "a=-1.5e3", PERFDATA_ITEM, -1500, "", "" },
        { "a=1,5", PERFDATA_ITEM, 1.5, "", "" },
        { "a=.5", PERFDATA_ITEM, 0.5, "", "" },
        { "a=5us", PERFDATA_ITEM, 5e-6, "s", "" },
        { "a=2KB;@1:2", PERFDATA_ITEM, 2048, "B", "@1:2" },
        { "a=2KiB;~:5;", PERFDATA_ITEM, 2048, "B", "~:5" },
        { "a=21.5C;30", PERFDATA_ITEM, 21.5, "", "30" },
        { "a=1;;;;;", PERFDATA_ITEM, 1, "", "" },
        { "a=U;1;2", PERFDATA_NONE, 0, "", "" },
        { "a=1;two", PERFDATA_BAD, 0, "", NULL },
        { "a=1e999", PERFDATA_BAD, 0, "", NULL },
        { "a=1-2", PERFDATA_BAD, 0, "", NULL },
        { "a=", PERFDATA_BAD, 0, "", NULL },
        { "a", PERFDATA_BAD, 0, "", NULL },
        { "''=1", PERFDATA_BAD, 0, "", NULL },
        { "=1", PERFDATA_BAD, 0, "", NULL },
        { "a=1;2;3;4;5;6", PERFDATA_BAD, 0, "", NULL },
        { "a=nan", PERFDATA_BAD, 0, "", NULL },
        { "a=inf", PERFDATA_BAD, 0, "", NULL },
        { "a=0x10", PERFDATA_BAD, 0, "", NULL },
        { "   ", PERFDATA_END, 0, "", NULL },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = strlen(cases[i].text);
        char *exact = malloc(n); /* without a NUL: a step beyond is seen */
        struct perfdata item;
        size_t at = 0;

        memcpy(exact, cases[i].text, n);
        if (exec_perfdata_next(exact, n, &at, &item) != cases[i].found)
            fail_msg("%s is taken for something else", cases[i].text);
        if (cases[i].found == PERFDATA_ITEM) {
            NEAR(item.value, cases[i].value);
            assert_string_equal(item.unit, cases[i].unit);
            assert_string_equal(item.warn, cases[i].warn);
        }
        assert_true(at <= n);
        free(exact);
    }
}

static void every_beginning_of_it_ends(void **unused)
{
    static const char text[] = "a=1;2;3;4;5 'b c''d'=6.5e-3ms;@1:2;~:3 'open=7 c=U x=y z=8%;;;0;100";

    (void)unused;
    for (size_t n = 0; n < sizeof text; n++) {
        char *exact = malloc(n + 1);
        struct perfdata item;
        size_t at = 0, items = 0;

        memcpy(exact, text, n);
        while (exec_perfdata_next(exact, n, &at, &item) != PERFDATA_END)
            assert_true(++items < 20);
        free(exact);
    }
}

/* ---- what is refused ---- */

static void wrong_options_are_refused(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "exec");

    (void)unused;
    REFUSES(fake, "command", "is required");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "exec");
    fake_add(fake, "command", NULL, "");
    REFUSES(fake, "command", "needs a program");
    fake_free(fake);

    fake = nagios();
    fake_set(fake, "expect_exit", "1");
    REFUSES(fake, "expect_exit", "has no effect with `nagios`");
    fake_free(fake);

    fake = exec();
    fake_add(fake, "env", "A B", "x");
    REFUSES(fake, "env", "\"A B\" is no name of a variable");
    fake_free(fake);
    fake = exec();
    fake_add(fake, "env", "1A", "x");
    REFUSES(fake, "env", "\"1A\" is no name of a variable");
    fake_free(fake);

    fake = exec();
    fake_set(fake, "expect_exit", "256");
    REFUSES(fake, "expect_exit", "must be 0 to 255");
    fake_free(fake);
    fake = exec();
    fake_set(fake, "max_output", "2MiB");
    REFUSES(fake, "max_output", "must be 256 to 1048576");
    fake_free(fake);
    fake = exec();
    fake_set(fake, "match", "[");
    REFUSES(fake, "match", "regular expression");
    fake_free(fake);
}

/* ---- the action ---- */

static void it_runs_as_an_action(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "run");

    (void)unused;
    fake_add(fake, "command", NULL, "mend_it");
    fake_set(fake, "impact", "restart");
    exits(fake, 0, "mended\n", "");
    CONCLUDES(fake, TALON_OK, "exec.ok", "mended");
    assert_string_equal(fake_spawned(fake, 0)->argv[0], "mend_it");
    assert_int_equal(fake_spawned(fake, 0)->max_output, 64 << 10);
    exits(fake, 1, "", "no such job\n");
    CONCLUDES(fake, TALON_FAIL, "exec.exit", "mend_it exited with 1, expected 0: no such job");
    CONTAINS(fake_detail(fake, "stderr"), "no such job");
    fake_child(fake, FAKE_MS, TALON_REQUEST(talon_exit, .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "no such program"), .code = -1));
    CONCLUDES(fake, TALON_UNKNOWN, "exec.not_found", "cannot run mend_it");
    fake_free(fake);
}

/* While nobody says what a command does to others, it is never done by itself. */
static void its_impact_is_the_worst_unless_said(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < talon_plugin_descriptor.n_operations; i++)
        if (strcmp(talon_plugin_descriptor.operations[i].name, "run") == 0)
            assert_int_equal(talon_plugin_descriptor.operations[i].impact, TALON_DESTROY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_as_an_action),
        cmocka_unit_test(its_impact_is_the_worst_unless_said),
        cmocka_unit_test(the_command_is_started_as_it_stands),
        cmocka_unit_test(what_is_not_given_is_not_there),
        cmocka_unit_test(the_exit_code_decides),
        cmocka_unit_test(its_words_are_the_summary),
        cmocka_unit_test(the_output_must_match),
        cmocka_unit_test(commands_that_cannot_run_are_unknown),
        cmocka_unit_test(a_command_that_never_ends_is_a_failure),
        cmocka_unit_test(what_it_said_before_its_timeout_is_kept),
        cmocka_unit_test(signals),
        cmocka_unit_test(long_output_keeps_head_and_end),
        cmocka_unit_test(exit_codes_of_monitoring_plugins),
        cmocka_unit_test(a_monitoring_plugin_without_output),
        cmocka_unit_test(match_with_nagios_looks_at_good_results),
        cmocka_unit_test(performance_data_become_metrics),
        cmocka_unit_test(names_never_collide),
        cmocka_unit_test(bad_performance_data_are_counted),
        cmocka_unit_test(a_flood_of_performance_data_is_bounded),
        cmocka_unit_test(one_item_each),
        cmocka_unit_test(every_beginning_of_it_ends),
        cmocka_unit_test(wrong_options_are_refused),
    };

    return cmocka_run_group_tests_name("plugin exec", tests, NULL, NULL);
}
