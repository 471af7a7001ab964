/* What launchctl prints of a job, in the shapes that were recorded on real machines, and in shapes that nobody should take for an answer. */
#include "../../plugins/launchd/launchctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define RUNNING \
    "system/com.example.gateway = {\n\tactive count = 1\n\tpath = /Library/LaunchDaemons/com.example.gateway.plist\n\ttype = LaunchDaemon\n\tstate = running\n\n" \
    "\tprogram = /opt/gateway/bin/gateway\n\targuments = {\n\t\t/opt/gateway/bin/gateway\n\t\tstate = waiting\n\t\t}\n\t}\n\n" \
    "\tdefault environment = {\n\t\tPATH => /usr/bin:/bin:/usr/sbin:/sbin\n\t}\n\n\truns = 3\n\tpid = 1486\n\timmediate reason = inefficient\n\tforks = 3\n" \
    "\texecs = 1\n\tlast exit code = (never exited)\n\n\tendpoints = {\n\t\t\"com.example.gateway\" = {\n\t\t\tport = 0x4e83b\n\t\t\tstate = active\n\t\t}\n\t}\n}\n"

static struct launchctl_job print_of(const char *text)
{
    struct launchctl_job job;
    char why[256];

    if (!launchctl_read_print(text, strlen(text), &job, why, sizeof why))
        fail_msg("%s", why);
    return job;
}

static void a_running_job(void **unused)
{
    const struct launchctl_job job = print_of(RUNNING);

    (void)unused;
    assert_string_equal(job.label, "com.example.gateway");
    assert_int_equal(job.state, LAUNCHCTL_RUNNING);
    assert_int_equal(job.pid, 1486);
    assert_int_equal(job.runs, 3);
    assert_int_equal(job.end, LAUNCHCTL_NEVER_ENDED);
    assert_int_equal(job.interval_s, 0);
}

static void a_job_between_its_runs(void **unused)
{
    static const char *const words[] = { "not running", "waiting" };

    (void)unused;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct launchctl_job job;
        char text[512];

        snprintf(text, sizeof text,
                 "gui/501/com.example.sync = {\n\tstate = %s\n\truns = 89\n\tlast exit code = 0\n\trun interval = 120 seconds\n}\n", words[i]);
        job = print_of(text);
        assert_string_equal(job.label, "com.example.sync");
        assert_int_equal(job.state, LAUNCHCTL_IDLE);
        assert_string_equal(job.state_text, words[i]);
        assert_int_equal(job.pid, 0);
        assert_int_equal(job.runs, 89);
        assert_int_equal(job.end, LAUNCHCTL_EXITED);
        assert_int_equal(job.end_code, 0);
        assert_int_equal(job.interval_s, 120);
    }
}

static void a_job_that_crashes_again_and_again(void **unused)
{
    struct launchctl_job job = print_of("user/501/a = {\n\tstate = spawn scheduled\n\truns = 4711\n\tlast exit code = 78: EX_CONFIG\n}\n");

    (void)unused;
    assert_int_equal(job.state, LAUNCHCTL_HELD_BACK);
    assert_int_equal(job.end, LAUNCHCTL_EXITED);
    assert_int_equal(job.end_code, 78);

    job = print_of("user/501/a = {\n\tstate = not running\n\tlast terminating signal = Killed: 9\n\tlast exit reason = OS_REASON_CODESIGNING\n}\n");
    assert_int_equal(job.end, LAUNCHCTL_SIGNALLED);
    assert_int_equal(job.end_code, 9);
    assert_string_equal(job.end_reason, "OS_REASON_CODESIGNING");
    assert_int_equal(job.runs, -1);

    job = print_of("user/501/a = {\n\tjob state = spawn failed\n\tstate = spawn scheduled\n}\n");
    assert_int_equal(job.state, LAUNCHCTL_SPAWN_FAILED);
    job = print_of("user/501/a = {\n\tstate = spawn scheduled\n\tjob state = spawn failed\n}\n");
    assert_int_equal(job.state, LAUNCHCTL_SPAWN_FAILED);
    assert_int_equal(job.end, LAUNCHCTL_END_UNKNOWN);
}

static void a_word_of_a_later_release(void **unused)
{
    const struct launchctl_job job = print_of("system/a = {\n\tstate = hibernating\n}\n");

    (void)unused;
    assert_int_equal(job.state, LAUNCHCTL_OTHER_STATE);
    assert_string_equal(job.state_text, "hibernating");
}

static void what_is_no_print(void **unused)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {
        { "", "line 0: there is none" },
        { "Bad request.\n", "line 1: `DOMAIN/LABEL = {` was expected" },
        { "nothing = {\n}\n", "line 1: no label follows the domain" },
        { "system/ = {\n}\n", "line 1: no label follows the domain" },
        { "system/a = {\n\tstate = running\n", "line 2: it ends before its last `}`" },
        { "system/a = {\n\tpid = 3\n}\n", "line 3: the job has no `state`" },
        { "system/a = {\n\tpid = many\n}\n", "line 2: `pid` is `many`, not a number" },
        { "system/a = {\n\truns = 99999999999999999999\n}\n", "line 2: `runs` is `99999999999999999999`, not a number" },
        { "system/a = {\n\tlast exit code = 256\n}\n", "line 2: the last exit code is `256`, not a number of 0 to 255" },
        { "system/a = {\n\tlast terminating signal = Killed\n}\n", "line 2: the last terminating signal is `Killed`, which has no number" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct launchctl_job job;
        char why[256];

        assert_false(launchctl_read_print(wrong[i].text, strlen(wrong[i].text), &job, why, sizeof why));
        if (!strstr(why, wrong[i].why))
            fail_msg("`%s` instead of `%s`", why, wrong[i].why);
    }
}

/* Cut anywhere, it is an error and no verdict. */
static void a_print_that_is_cut(void **unused)
{
    (void)unused;
    for (size_t n = 0; n + 2 < sizeof RUNNING; n++) {
        struct launchctl_job job;
        char why[256];

        if (launchctl_read_print(RUNNING, n, &job, why, sizeof why))
            fail_msg("%zu bytes were taken for all of it", n);
    }
}

static void a_list_of_one(void **unused)
{
    static const char running[] = "{\n\t\"StandardOutPath\" = \"/var/log/a\";\n\t\"LimitLoadToSessionType\" = \"Aqua\";\n\t\"Label\" = \"homebrew.mxcl.example\";\n"
                                  "\t\"OnDemand\" = true;\n\t\"LastExitStatus\" = 15;\n\t\"PID\" = 40425;\n\t\"Program\" = \"/opt/a\";\n\t\"ProgramArguments\" = (\n"
                                  "\t\t\"/opt/a\";\n\t\t\"PID\" = 1;\n\t);\n};\n";
    static const char ended[] = "{\n\t\"Label\" = \"a\";\n\t\"LastExitStatus\" = 19968;\n};\n";
    struct launchctl_job job;
    char why[256];

    (void)unused;
    assert_true(launchctl_read_list(running, strlen(running), &job, why, sizeof why));
    assert_string_equal(job.label, "homebrew.mxcl.example");
    assert_int_equal(job.state, LAUNCHCTL_RUNNING);
    assert_int_equal(job.pid, 40425);
    assert_int_equal(job.end, LAUNCHCTL_SIGNALLED);
    assert_int_equal(job.end_code, 15);

    assert_true(launchctl_read_list(ended, strlen(ended), &job, why, sizeof why));
    assert_int_equal(job.state, LAUNCHCTL_IDLE);
    assert_int_equal(job.pid, 0);
    assert_int_equal(job.end, LAUNCHCTL_EXITED);
    assert_int_equal(job.end_code, 78);

    assert_false(launchctl_read_list(ended, strlen(ended) - 3, &job, why, sizeof why));
    assert_non_null(strstr(why, "it ends before its `};`"));
    assert_false(launchctl_read_list("{\n};\n", 5, &job, why, sizeof why));
    assert_non_null(strstr(why, "the job has no \"Label\""));
}

static void a_row_of_the_list(void **unused)
{
    static const char rows[] = "PID\tStatus\tLabel\n312\t0\tcom.example.a\n-\t78\tcom.example.b\n-\t-9\tcom.example.c\nx\t0\tcom.example.d\n";
    struct launchctl_job job;
    char why[256];

    (void)unused;
    assert_true(launchctl_find_row(rows, strlen(rows), "com.example.a", &job, why, sizeof why));
    assert_int_equal(job.pid, 312);
    assert_int_equal(job.state, LAUNCHCTL_RUNNING);
    assert_true(launchctl_find_row(rows, strlen(rows), "com.example.b", &job, why, sizeof why));
    assert_int_equal(job.state, LAUNCHCTL_IDLE);
    assert_int_equal(job.end, LAUNCHCTL_EXITED);
    assert_int_equal(job.end_code, 78);
    assert_true(launchctl_find_row(rows, strlen(rows), "com.example.c", &job, why, sizeof why));
    assert_int_equal(job.end, LAUNCHCTL_SIGNALLED);
    assert_int_equal(job.end_code, 9);
    assert_false(launchctl_find_row(rows, strlen(rows), "com.example", &job, why, sizeof why));
    assert_string_equal(why, "");
    assert_false(launchctl_find_row(rows, strlen(rows), "com.example.d", &job, why, sizeof why));
    assert_non_null(strstr(why, "line 5: the PID `x` is no number"));
    assert_false(launchctl_find_row("", 0, "a", &job, why, sizeof why));
    assert_non_null(strstr(why, "were expected"));
}

static void who_is_disabled(void **unused)
{
    static const char rows[] = "\tdisabled services = {\n\t\t\"com.example.a\" => disabled\n\t\t\"com.example.b\" => enabled\n\t\t\"com.example.c\" => true\n\t\t\"com.example.d\" => false\n\t}\n";

    (void)unused;
    assert_true(launchctl_is_disabled(rows, strlen(rows), "com.example.a"));
    assert_false(launchctl_is_disabled(rows, strlen(rows), "com.example.b"));
    assert_true(launchctl_is_disabled(rows, strlen(rows), "com.example.c"));
    assert_false(launchctl_is_disabled(rows, strlen(rows), "com.example.d"));
    assert_false(launchctl_is_disabled(rows, strlen(rows), "com.example"));
}

static void refusals(void **unused)
{
    (void)unused;
    assert_int_equal(launchctl_refusal(0, ""), LAUNCHCTL_DONE);
    assert_int_equal(launchctl_refusal(113, "Bad request.\nCould not find service \"a\" in domain for user gui: 501\n"), LAUNCHCTL_NO_JOB);
    assert_int_equal(launchctl_refusal(112, "Could not find domain for user gui: 424242\n"), LAUNCHCTL_NO_DOMAIN);
    assert_int_equal(launchctl_refusal(125, "Domain does not support specified action\n"), LAUNCHCTL_NO_DOMAIN);
    assert_int_equal(launchctl_refusal(64, "Unrecognized target specifier.\n"), LAUNCHCTL_BAD_TARGET);
    assert_int_equal(launchctl_refusal(119, ""), LAUNCHCTL_DISABLED);
    assert_int_equal(launchctl_refusal(150, "Operation not permitted\n"), LAUNCHCTL_NOT_ALLOWED);
    assert_int_equal(launchctl_refusal(1, "Could not kickstart service \"a\": 1: Operation not permitted\n"), LAUNCHCTL_NOT_ALLOWED);
    assert_int_equal(launchctl_refusal(1, "something else\n"), LAUNCHCTL_OTHER_REFUSAL);
    assert_int_equal(launchctl_refusal(5, NULL), LAUNCHCTL_OTHER_REFUSAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_job),         cmocka_unit_test(a_job_between_its_runs), cmocka_unit_test(a_job_that_crashes_again_and_again),
        cmocka_unit_test(a_word_of_a_later_release), cmocka_unit_test(what_is_no_print),   cmocka_unit_test(a_print_that_is_cut),
        cmocka_unit_test(a_list_of_one),         cmocka_unit_test(a_row_of_the_list),      cmocka_unit_test(who_is_disabled),
        cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
