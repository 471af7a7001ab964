/* The plugin `launchd` on the fake host, in which scripted children speak as launchctl and ps do: each kind of job in each of its states, jobs that are not
 * loaded or disabled, and answers that prove nothing. */
#include "plugin_test.h"

#include <stdio.h>

#define LABEL "com.example.server"
#define RUNNING "system/" LABEL " = {\n\tstate = running\n\truns = 3\n\tpid = 1486\n\tlast exit code = (never exited)\n}\n"
#define RUNNING_AGAIN "system/" LABEL " = {\n\tstate = running\n\truns = 9\n\tpid = 2001\n\tlast exit code = 78: EX_CONFIG\n}\n"
#define THROTTLED "system/" LABEL " = {\n\tstate = spawn scheduled\n\truns = 4711\n\tlast exit code = 78: EX_CONFIG\n}\n"
#define IDLE "system/" LABEL " = {\n\tstate = not running\n\truns = 89\n\tlast exit code = 0\n\trun interval = 120 seconds\n}\n"
#define IDLE_LATER "system/" LABEL " = {\n\tstate = not running\n\truns = 90\n\tlast exit code = 0\n\trun interval = 120 seconds\n}\n"
#define IDLE_BAD "system/" LABEL " = {\n\tstate = not running\n\truns = 89\n\tlast exit code = 1\n\trun interval = 120 seconds\n}\n"
#define KILLED "system/" LABEL " = {\n\tstate = not running\n\truns = 2\n\tlast terminating signal = Killed: 9\n\tlast exit reason = OS_REASON_CODESIGNING\n}\n"
#define NEW "system/" LABEL " = {\n\tstate = not running\n\truns = 0\n\tlast exit code = (never exited)\n}\n"
#define NO_JOB "Bad request.\nCould not find service \"" LABEL "\" in domain for system\n"
#define NO_DOMAIN "Could not find domain for user gui: 501\n"
#define DISABLED "\tdisabled services = {\n\t\t\"" LABEL "\" => disabled\n\t}\n"
#define ENABLED "\tdisabled services = {\n\t\t\"" LABEL "\" => enabled\n\t}\n"

static struct fake *job_in(const char *domain, const char *kind)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "job");

    fake_set(fake, "label", LABEL);
    fake_set(fake, "domain", domain);
    fake_set(fake, "kind", kind);
    return fake;
}

static struct fake *job(const char *kind)
{
    return job_in("system", kind);
}

static void says(struct fake *fake, const char *out)
{
    fake_child(fake, 5 * FAKE_MS, &(struct talon_exit){ .out = out, .out_len = strlen(out) });
}

static void refuses_with(struct fake *fake, int code, const char *err)
{
    fake_child(fake, 5 * FAKE_MS, &(struct talon_exit){ .code = code, .err = err, .err_len = strlen(err) });
}

static void asked(struct fake *fake, size_t n, const char *program, const char *verb, const char *what)
{
    const struct talon_command *command = fake_spawned(fake, n);

    assert_non_null(command);
    assert_string_equal(command->argv[0], program);
    assert_string_equal(command->argv[1], verb);
    assert_string_equal(command->argv[2], what);
}

/* ---- keepalive ---- */

static void one_that_runs(void **unused)
{
    struct fake *fake = job("keepalive");

    (void)unused;
    says(fake, RUNNING);
    says(fake, "   02:03:04\n");
    CONCLUDES(fake, TALON_OK, "launchd.ok", "runs as process 1486 for 2 h");
    asked(fake, 0, "launchctl", "print", "system/" LABEL);
    asked(fake, 1, "ps", "-o", "etime=");
    assert_string_equal(fake_spawned(fake, 1)->argv[4], "1486");
    NEAR(fake_metric(fake, "pid"), 1486);
    assert_true(fabs(fake_metric(fake, "uptime") - 7384) < 1);
    NEAR(fake_metric(fake, "restarts"), 0);
    assert_string_equal(fake_detail(fake, "domain"), "system");

    says(fake, RUNNING); /* the age of a process that is known is not asked for again */
    CONCLUDES(fake, TALON_OK, "launchd.ok", "runs as process 1486 for 2 h");
    assert_null(fake_spawned(fake, 1));
    fake_free(fake);
}

static void ages(void **unused)
{
    static const struct {
        const char *text;
        double seconds;
    } cases[] = { { "00:07", 7 }, { "  59:59\n", 3599 }, { "1-00:00:01\n", 86401 }, { "321-01:00:00", 27738000 },
                  { "", NAN },    { "7", NAN },          { "a:b", NAN },            { "1:2:3:4:5", NAN },
                  { ":1", NAN },  { "1:", NAN },         { "99999999999:00", NAN }, { "999999-00:00:00", NAN } };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = job("keepalive");
        double uptime;

        says(fake, RUNNING);
        says(fake, cases[i].text);
        CONCLUDES(fake, TALON_OK, "launchd.ok", "runs as process 1486");
        uptime = fake_metric(fake, "uptime");
        if (isnan(cases[i].seconds) ? !isnan(uptime) : fabs(uptime - cases[i].seconds) > 1)
            fail_msg("`%s` is %g", cases[i].text, uptime);
        fake_free(fake);
    }
}

static void one_that_is_started_again_and_again(void **unused)
{
    struct fake *fake = job("keepalive");

    (void)unused;
    says(fake, RUNNING);
    says(fake, "01:00");
    CONCLUDES(fake, TALON_OK, "launchd.ok", "");
    says(fake, RUNNING_AGAIN);
    says(fake, "00:03");
    CONCLUDES(fake, TALON_WARN, "launchd.restarts", "was started again 6 times since the last look; before that it exited with 78 (EX_CONFIG");
    NEAR(fake_metric(fake, "restarts"), 6);
    says(fake, THROTTLED);
    CONCLUDES(fake, TALON_STARTING, "starting", LABEL " waits to be started again (4711 runs so far): it exited with 78");
    fake_free(fake);
}

static void one_that_does_not_run(void **unused)
{
    struct fake *fake = job("keepalive");

    (void)unused;
    says(fake, KILLED);
    says(fake, ENABLED);
    CONCLUDES(fake, TALON_FAIL, "launchd.not_running", LABEL " does not run: it was killed by signal 9 (Killed): its code signature is not valid");
    asked(fake, 1, "launchctl", "print-disabled", "system");

    says(fake, KILLED);
    says(fake, DISABLED);
    CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", LABEL " is disabled in system");

    says(fake, KILLED); /* where that cannot be asked, what was seen counts */
    refuses_with(fake, 1, "Operation not permitted\n");
    CONCLUDES(fake, TALON_FAIL, "launchd.not_running", "does not run");
    fake_free(fake);
}

static void one_that_cannot_be_started(void **unused)
{
    static const char *const kinds[] = { "keepalive", "interval", "watch", "oneshot" };

    (void)unused;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct fake *fake = job(kinds[i]);

        says(fake, "system/" LABEL " = {\n\tstate = spawn scheduled\n\tjob state = spawn failed\n\tlast exit code = 78: EX_CONFIG\n}\n");
        CONCLUDES(fake, TALON_FAIL, "launchd.spawn", "launchd cannot start " LABEL ": it exited with 78");
        fake_free(fake);
    }
}

/* ---- the other kinds ---- */

static void one_with_an_interval(void **unused)
{
    struct fake *fake = job("interval");

    (void)unused;
    says(fake, IDLE);
    CONCLUDES(fake, TALON_OK, "launchd.ok", "its last run was good (89 so far)");
    fake_advance(fake, 200 * FAKE_S);
    says(fake, IDLE_LATER);
    CONCLUDES(fake, TALON_OK, "launchd.ok", "its last run was good (90 so far)");
    fake_advance(fake, 299 * FAKE_S);
    says(fake, IDLE_LATER);
    CONCLUDES(fake, TALON_OK, "launchd.ok", "");
    fake_advance(fake, FAKE_S);
    says(fake, IDLE_LATER);
    CONCLUDES(fake, TALON_FAIL, "launchd.overdue", LABEL " has not run for 5 min, though it is due every 2 min");
    says(fake, IDLE_BAD);
    CONCLUDES(fake, TALON_FAIL, "launchd.exit", "the last run of " LABEL " failed: it exited with 1");
    fake_free(fake);
}

static void the_interval_may_be_given(void **unused)
{
    struct fake *fake = job("interval");

    (void)unused;
    fake_set(fake, "interval", "1h");
    fake_set(fake, "grace", "0");
    says(fake, RUNNING);
    says(fake, "00:10");
    CONCLUDES(fake, TALON_OK, "launchd.ok", "runs just now as process 1486 for 10");
    fake_advance(fake, 7200 * FAKE_S);
    says(fake, RUNNING);
    CONCLUDES(fake, TALON_FAIL, "launchd.stuck", "has gone on for 2 h, though one is due every 60 min");
    fake_free(fake);
}

static void those_that_run_now_and_then(void **unused)
{
    static const struct {
        const char *kind, *print;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { "watch", IDLE, TALON_OK, "launchd.ok", "waits for its event; its last run was good" },
        { "watch", NEW, TALON_OK, "launchd.ok", "waits for its event; has not ended a run yet" },
        { "watch", IDLE_BAD, TALON_FAIL, "launchd.exit", "it exited with 1" },
        { "watch", KILLED, TALON_FAIL, "launchd.exit", "it was killed by signal 9" },
        { "oneshot", IDLE, TALON_OK, "launchd.ok", "has run and ended well" },
        { "oneshot", NEW, TALON_WARN, "launchd.never_ran", "has not run" },
        { "oneshot", IDLE_BAD, TALON_FAIL, "launchd.exit", LABEL " failed: it exited with 1" },
        { "oneshot", RUNNING, TALON_STARTING, "starting", "still at work as process 1486" },
        { "interval", NEW, TALON_OK, "launchd.ok", "has not ended a run yet" },
        { "retired", IDLE, TALON_FAIL, "launchd.retired", LABEL " is retired, but is loaded in system" },
        { "retired", RUNNING, TALON_FAIL, "launchd.retired", "loaded in system and runs as process 1486" },
        { "idle", RUNNING, TALON_FAIL, "launchd.running", LABEL " runs just now as process 1486" },
        { "idle", IDLE, TALON_OK, "launchd.ok", "loaded, does not run just now" },
        { "idle", IDLE_BAD, TALON_OK, "launchd.ok", "loaded, does not run just now" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = job(cases[i].kind);

        says(fake, cases[i].print);
        refuses_with(fake, 1, "");
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

/* ---- where it is, and where it is not ---- */

static struct fake *anywhere(const char *kind)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "job");

    fake_set(fake, "label", LABEL);
    fake_set(fake, "uid", "501");
    fake_set(fake, "kind", kind);
    return fake;
}

static void it_is_found_and_remembered(void **unused)
{
    struct fake *fake = anywhere("keepalive");

    (void)unused;
    refuses_with(fake, 112, NO_DOMAIN);
    refuses_with(fake, 113, NO_JOB);
    says(fake, RUNNING);
    says(fake, "00:01");
    CONCLUDES(fake, TALON_OK, "launchd.ok", "runs as process 1486");
    asked(fake, 0, "launchctl", "print", "gui/501/" LABEL);
    asked(fake, 1, "launchctl", "print", "user/501/" LABEL);
    asked(fake, 2, "launchctl", "print", "system/" LABEL);
    says(fake, RUNNING);
    CONCLUDES(fake, TALON_OK, "launchd.ok", "");
    asked(fake, 0, "launchctl", "print", "system/" LABEL);
    fake_free(fake);
}

static void it_is_nowhere(void **unused)
{
    struct fake *fake = anywhere("keepalive");

    (void)unused;
    refuses_with(fake, 112, NO_DOMAIN);
    refuses_with(fake, 113, NO_JOB);
    refuses_with(fake, 113, NO_JOB);
    says(fake, ENABLED);
    says(fake, "");
    CONCLUDES(fake, TALON_FAIL, "launchd.not_loaded", LABEL " is not loaded");
    asked(fake, 3, "launchctl", "print-disabled", "user/501");
    asked(fake, 4, "launchctl", "print-disabled", "system");

    refuses_with(fake, 112, NO_DOMAIN);
    refuses_with(fake, 113, NO_JOB);
    refuses_with(fake, 113, NO_JOB);
    says(fake, ENABLED);
    says(fake, DISABLED);
    CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", LABEL " is disabled in system");
    fake_free(fake);

    fake = job("watch");
    refuses_with(fake, 113, NO_JOB);
    says(fake, "");
    CONCLUDES(fake, TALON_FAIL, "launchd.not_loaded", LABEL " is not loaded in system");
    fake_free(fake);

    fake = job_in("gui/501", "keepalive");
    refuses_with(fake, 125, "Domain does not support specified action\n");
    CONCLUDES(fake, TALON_FAIL, "launchd.no_domain", "there is no domain gui/501, so nobody is logged in there");
    fake_free(fake);
}

static void the_retired_are_looked_for_everywhere(void **unused)
{
    struct fake *fake = anywhere("retired");

    (void)unused;
    refuses_with(fake, 113, NO_JOB);
    refuses_with(fake, 112, NO_DOMAIN);
    refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_OK, "launchd.ok", "not loaded, as it should be");
    assert_null(fake_spawned(fake, 3));
    refuses_with(fake, 113, NO_JOB);
    refuses_with(fake, 1, "Operation not permitted\n");
    refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_UNKNOWN, "launchd.refused", "launchctl print user/501/" LABEL " exited with 1: Operation not permitted");
    fake_free(fake);
}

/* Where nobody has it, nobody heals beside us; where that could not be asked, nobody knows. */
static void another_healer_that_is_not_there(void **unused)
{
    struct fake *fake = anywhere("idle");

    (void)unused;
    for (int i = 0; i < 3; i++)
        refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_OK, "launchd.ok", "not loaded, so it does not run");
    refuses_with(fake, 1, "Operation not permitted\n");
    refuses_with(fake, 113, NO_JOB);
    refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_UNKNOWN, "launchd.refused", "Operation not permitted");
    fake_free(fake);
}

/* ---- no answer ---- */

static void what_proves_nothing(void **unused)
{
    static const struct {
        struct talon_exit ended;
        const char *reason, *part;
    } cases[] = {
        { { .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "not found in /usr/bin:/bin"), .code = -1 }, "exec.not_found",
          "cannot ask launchctl: not found in /usr/bin:/bin" },
        { { .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "exec.timeout", "did not end within 3 s"), .code = -1 }, "exec.timeout",
          "cannot ask launchctl: did not end within 3 s" },
        { { .code = -1, .signal = 6 }, "exec.signal", "cannot ask launchctl: it was killed by signal 6" },
        { { .code = 0, .out = "\x01\xff", .out_len = 2 }, "launchd.output", "launchctl's output is not understood" },
        { { .code = 0, .out = "system/a = {\n\tstate = hibernating\n}\n", .out_len = 37 }, "launchd.state",
          "launchctl calls the state of a \"hibernating\"" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = job("keepalive");

        fake_child(fake, FAKE_MS, &cases[i].ended);
        CONCLUDES(fake, TALON_UNKNOWN, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void launchctl_is_silent(void **unused)
{
    struct fake *fake = job("keepalive");

    (void)unused;
    CONCLUDES(fake, TALON_UNKNOWN, "exec.timeout", "cannot ask launchctl: ");
    fake_free(fake);
}

static void wrong_options(void **unused)
{
    static const char *const cases[][3] = {
        { "label", "", "is no label" },          { "label", "a b", "is no label" },
        { "label", "-x", "is no label" },        { "label", "gui/501/a", "is no label" },
        { "domain", "gui", "is no domain" },     { "domain", "gui/x", "is no domain" },
        { "domain", "login/1", "is no domain" }, { "interval", "5m", "has no effect without `kind: interval`" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "job");

        if (strcmp(cases[i][0], "label") != 0)
            fake_set(fake, "label", LABEL);
        fake_set(fake, cases[i][0], cases[i][1]);
        REFUSES(fake, cases[i][0], cases[i][2]);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_runs),
        cmocka_unit_test(ages),
        cmocka_unit_test(one_that_is_started_again_and_again),
        cmocka_unit_test(one_that_does_not_run),
        cmocka_unit_test(one_that_cannot_be_started),
        cmocka_unit_test(one_with_an_interval),
        cmocka_unit_test(the_interval_may_be_given),
        cmocka_unit_test(those_that_run_now_and_then),
        cmocka_unit_test(it_is_found_and_remembered),
        cmocka_unit_test(it_is_nowhere),
        cmocka_unit_test(the_retired_are_looked_for_everywhere),
        cmocka_unit_test(another_healer_that_is_not_there),
        cmocka_unit_test(what_proves_nothing),
        cmocka_unit_test(launchctl_is_silent),
        cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin launchd", tests, NULL, NULL);
}
