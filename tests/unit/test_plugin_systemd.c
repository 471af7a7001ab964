/*
 * The plugin `systemd` on the fake host, in which a scripted child speaks as systemctl does: units in each state that systemd has, who stopped them, timers,
 * and * answers that prove nothing.
 */
#include "plugin_test.h"

#include "../../plugins/systemd/systemd.h"

#include <stdlib.h>

/* 2026-01-05 12:00:00 UTC */
enum { NOON = 1767614400 };

#define SERVICE "Id=web.service\nLoadState=loaded\nType=notify\nUnitFileState=enabled\nConditionResult=yes\nTriggeredBy=\n"
#define RUNNING SERVICE "ActiveState=active\nSubState=running\nResult=success\nMainPID=412\nExecMainCode=0\nExecMainStatus=0\nNRestarts=0\n" \
    "MemoryCurrent=4096\nActiveEnterTimestamp=Mon 2026-01-05 09:00:00 UTC\nActiveEnterTimestampMonotonic=500\nActiveExitTimestampMonotonic=0\n"

static struct fake *unit(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "unit");

    fake_set(fake, "unit", name);
    fake_calendar(fake, NOON);
    return fake;
}

static void shows(struct fake *fake, const char *out)
{
    fake_child(fake, 0, &(struct talon_exit){ .out = out, .out_len = strlen(out) });
}

static void one_that_runs(void **unused)
{
    struct fake *fake = unit("web");
    const struct talon_command *asked;

    (void)unused;
    shows(fake, RUNNING);
    CONCLUDES(fake, TALON_OK, "systemd.ok", "active (running) for 3 h");
    NEAR(fake_metric(fake, "pid"), 412);
    NEAR(fake_metric(fake, "uptime"), 10800);
    NEAR(fake_metric(fake, "memory"), 4096);
    NEAR(fake_metric(fake, "restarts"), 0);
    assert_string_equal(fake_detail(fake, "state"), "loaded, active (running)");
    asked = fake_spawned(fake, 0);
    assert_string_equal(asked->argv[0], "systemctl");
    assert_string_equal(asked->argv[1], "--system");
    assert_string_equal(asked->argv[6], "web");
    assert_null(asked->argv[7]);
    assert_string_equal(asked->env[0], "TZ=UTC");
    assert_null(asked->env[1]);
    fake_free(fake);

    fake = unit("web");
    fake_set(fake, "user", "true");
    shows(fake, RUNNING);
    CONCLUDES(fake, TALON_OK, "systemd.ok", "");
    assert_string_equal(fake_spawned(fake, 0)->argv[1], "--user");
    CONTAINS(fake_spawned(fake, 0)->env[1], "XDG_RUNTIME_DIR=/run/user/");
    fake_free(fake);
}

static void each_state(void **unused)
{
    static const struct {
        const char *show;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { SERVICE "ActiveState=activating\nSubState=auto-restart\nResult=exit-code\nExecMainCode=1\nExecMainStatus=203\nNRestarts=17\n", TALON_STARTING,
          "starting", "web.service waits to be started again (17 restarts so far): it exited with 203 (EXEC: its program is missing" },
        { SERVICE "ActiveState=activating\nSubState=start\nResult=success\n", TALON_STARTING, "starting", "web.service is starting (start)" },
        { SERVICE "ActiveState=reloading\nSubState=reload\nResult=success\n", TALON_OK, "systemd.ok", "active (reload)" },
        { SERVICE "ActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainCode=1\nExecMainStatus=3\n", TALON_FAIL, "systemd.failed",
          "web.service has failed: it exited with 3" },
        { SERVICE "ActiveState=failed\nSubState=failed\nResult=signal\nExecMainCode=2\nExecMainStatus=9\n", TALON_FAIL, "systemd.failed",
          "it was killed by signal 9 (Killed)" },
        { SERVICE "ActiveState=failed\nSubState=failed\nResult=oom-kill\nExecMainCode=2\nExecMainStatus=9\n", TALON_FAIL, "systemd.failed",
          "it was killed because memory ran out; it was killed by signal 9" },
        { SERVICE "ActiveState=failed\nSubState=failed\nResult=start-limit-hit\nExecMainCode=1\nExecMainStatus=0\n", TALON_FAIL, "systemd.failed",
          "it was started too often, and systemd has given up" },
        { SERVICE "ActiveState=failed\nSubState=failed\nResult=something-new\n", TALON_FAIL, "systemd.failed", "systemd calls it \"something-new\"" },
        { SERVICE "ActiveState=deactivating\nSubState=stop-sigterm\nResult=success\nActiveExitTimestampMonotonic=900\nExecMainExitTimestampMonotonic=0\n",
          TALON_STOPPED, "stopped.by_hand", "web.service is being stopped (stop-sigterm)" },
        { SERVICE "ActiveState=deactivating\nSubState=stop-sigterm\nResult=watchdog\nActiveExitTimestampMonotonic=900\nExecMainExitTimestampMonotonic=0\n",
          TALON_FAIL, "systemd.failed", "web.service is ending (stop-sigterm): it did not tell its watchdog that it lives" },
        { SERVICE "ActiveState=thawing\nSubState=x\n", TALON_UNKNOWN, "systemd.state", "systemd calls the state of web.service \"thawing\"" },
        { "Id=web.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n", TALON_FAIL, "systemd.not_found", "there is no unit web.service" },
        { "LoadState=not-found\nActiveState=inactive\nSubState=dead\n", TALON_FAIL, "systemd.not_found", "there is no unit web" },
        { "Id=web.service\nLoadState=masked\nActiveState=inactive\nSubState=dead\n", TALON_STOPPED, "stopped.by_hand", "web.service is masked" },
        { "Id=web.service\nLoadState=masked\nActiveState=active\nSubState=running\n", TALON_OK, "systemd.ok", "active (running)" },
        { "Id=web.service\nLoadState=bad-setting\nLoadError=org.x \"no ExecStart\"\nActiveState=inactive\nSubState=dead\n", TALON_FAIL, "systemd.bad_unit",
          "systemd cannot use the unit web.service (bad-setting): org.x \"no ExecStart\"" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = unit("web");

        shows(fake, cases[i].show);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

/* Stopped is what was seen to be stopped; what ended by itself has failed. */
static void inactive_ones(void **unused)
{
#define DEAD "Id=web.service\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\n"
    static const struct {
        const char *show;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { DEAD "Type=simple\nUnitFileState=enabled\nExecMainCode=2\nExecMainStatus=15\nActiveEnterTimestampMonotonic=10\nActiveExitTimestampMonotonic=50\n"
               "ExecMainExitTimestampMonotonic=60\n",
          TALON_STOPPED, "stopped.by_hand", "web.service was stopped" },
        { DEAD "Type=simple\nUnitFileState=enabled\nExecMainCode=1\nExecMainStatus=0\nActiveEnterTimestampMonotonic=10\nActiveExitTimestampMonotonic=50\n"
               "ExecMainExitTimestampMonotonic=40\n",
          TALON_FAIL, "systemd.inactive", "web.service has ended by itself: it exited with 0" },
        { DEAD "Type=simple\nUnitFileState=enabled\nActiveEnterTimestampMonotonic=0\nActiveExitTimestampMonotonic=0\n", TALON_FAIL, "systemd.inactive",
          "web.service is enabled, but does not run" },
        { DEAD "Type=simple\nUnitFileState=static\nConditionResult=no\nConditionTimestampMonotonic=0\n", TALON_FAIL, "systemd.inactive",
          "web.service does not run" },
        { DEAD "Type=simple\nUnitFileState=disabled\n", TALON_STOPPED, "stopped.by_hand", "web.service is disabled and does not run" },
        { DEAD "Type=simple\nUnitFileState=enabled\nConditionResult=no\nConditionTimestampMonotonic=7\n", TALON_FAIL, "systemd.inactive",
          "a condition of its unit does not hold" },
        { DEAD "Type=oneshot\nTriggeredBy=web.timer\nUnitFileState=static\nExecMainCode=1\nExecMainStatus=0\n", TALON_OK, "systemd.ok",
          "waits for web.timer; its last run was good" },
        { DEAD "Type=simple\nTriggeredBy=web.socket\nUnitFileState=disabled\n", TALON_OK, "systemd.ok", "waits for web.socket" },
        { DEAD "Type=oneshot\nUnitFileState=enabled\nExecMainCode=1\nExecMainStatus=0\n", TALON_OK, "systemd.ok", "has run and ended well" },
        { DEAD "Type=oneshot\nUnitFileState=enabled\n", TALON_FAIL, "systemd.inactive", "is enabled, but does not run" },
        { "Id=a.socket\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\nActiveEnterTimestampMonotonic=1\n"
          "ActiveExitTimestampMonotonic=5\n",
          TALON_STOPPED, "stopped.by_hand", "a.socket was stopped" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = unit("web.service");

        shows(fake, cases[i].show);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void restarts_between_two_looks(void **unused)
{
    struct fake *fake = unit("web");

    (void)unused;
    shows(fake, SERVICE "ActiveState=active\nSubState=running\nNRestarts=5\n");
    CONCLUDES(fake, TALON_OK, "systemd.ok", "active (running)");
    shows(fake, SERVICE "ActiveState=active\nSubState=running\nNRestarts=7\n");
    CONCLUDES(fake, TALON_OK, "systemd.ok", "");
    NEAR(fake_metric(fake, "restarts"), 2);
    shows(fake, SERVICE "ActiveState=active\nSubState=running\nNRestarts=10\n");
    CONCLUDES(fake, TALON_WARN, "systemd.restarts", "was started again 3 times since the last look");
    shows(fake, SERVICE "ActiveState=active\nSubState=running\nNRestarts=0\n"); /* started anew by hand, which begins the count */
    CONCLUDES(fake, TALON_OK, "systemd.ok", "");
    fake_free(fake);
}

static void timers(void **unused)
{
#define TIMER "Id=sync.timer\nLoadState=loaded\nActiveState=active\nSubState=waiting\nResult=success\nActiveEnterTimestamp=Sun 2026-01-04 12:00:00 UTC\n"
    struct fake *fake = unit("sync.timer");

    (void)unused;
    fake_set(fake, "max_age", "2h");
    shows(fake, TIMER "LastTriggerUSec=Mon 2026-01-05 10:00:01 UTC\n");
    CONCLUDES(fake, TALON_OK, "systemd.ok", "active (waiting), last went off 120 min ago");
    NEAR(fake_metric(fake, "since_trigger"), 7199);
    shows(fake, TIMER "LastTriggerUSec=Mon 2026-01-05 10:00:00 UTC\n");
    CONCLUDES(fake, TALON_FAIL, "systemd.overdue", "sync.timer last went off 2 h ago, expected within 2 h");
    shows(fake, TIMER "LastTriggerUSec=\n");
    CONCLUDES(fake, TALON_FAIL, "systemd.overdue", "sync.timer has never gone off, though it has been active for 24 h");
    shows(fake, TIMER "LastTriggerUSec=Tue 2026-01-06 10:00:00 UTC\n"); /* the clock was set back */
    CONCLUDES(fake, TALON_OK, "systemd.ok", "last went off 0.0 ms ago");
    fake_free(fake);
}

static void times(void **unused)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        { "Thu 1970-01-01 00:00:00 UTC", 0 },       { "Mon 2026-01-05 12:00:00 UTC", NOON }, { "Thu 2024-02-29 23:59:59 UTC", 1709251199 },
        { "Fri 2100-03-01 00:00:00 UTC", 4107542400 }, { "", -1 },                           { "n/a", -1 },
        { "Mon 2026-01-05 12:00:00 CET", -1 },      { "Mon 2026-13-05 12:00:00 UTC", -1 },   { "Mon 2026-01-05 12:00:00 UTC!", -1 },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t ns = systemd_read_time(cases[i].text);

        if (ns != (cases[i].seconds < 0 ? -1 : cases[i].seconds * INT64_C(1000000000)))
            fail_msg("`%s` is %lld", cases[i].text, (long long)ns);
    }
}

static void what_proves_nothing(void **unused)
{
    static const struct {
        struct talon_exit ended;
        const char *reason, *part;
    } cases[] = {
        { { .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "not found in /usr/bin"), .code = -1 }, "exec.not_found",
          "cannot ask systemctl: not found in /usr/bin" },
        { { .code = -1, .signal = 9 }, "exec.signal", "killed by signal 9" },
        { { .code = 1, .err = "System has not been booted with systemd\nCan't operate.\n", .err_len = 55 }, "systemd.refused",
          "systemctl exited with 1: System has not been booted with systemd Can't operate." },
        { { .code = 0, .out = "", .out_len = 0 }, "systemd.output", "did not say in which state web is" },
        { { .code = 0, .out = "\xff=\n=\n==\nActiveState\n", .out_len = 20 }, "systemd.output", "did not say" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = unit("web");

        fake_child(fake, FAKE_MS, &cases[i].ended);
        CONCLUDES(fake, TALON_UNKNOWN, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void silent_and_endless_answers(void **unused)
{
    struct fake *fake = unit("web");
    char *flood = malloc(60000);

    (void)unused;
    CONCLUDES(fake, TALON_UNKNOWN, "exec.timeout", "cannot ask systemctl: ");
    memset(flood, 'x', 60000);
    memcpy(flood, "SubState=", 9);
    fake_child(fake, 0, &(struct talon_exit){ .out = flood, .out_len = 60000 });
    CONCLUDES(fake, TALON_UNKNOWN, "systemd.output", "");
    fake_free(fake);
    free(flood);
}

static void wrong_options(void **unused)
{
    static const char *const cases[][3] = { { "unit", "", "is no name of a unit" },    { "unit", "-rf", "is no name of a unit" },
                                            { "unit", "a b", "is no name of a unit" }, { "unit", "a/b", "is no name of a unit" } };
    struct fake *fake = unit("web.service");

    (void)unused;
    fake_set(fake, "max_age", "1h");
    REFUSES(fake, "max_age", "is for timers alone, and \"web.service\" is none");
    fake_free(fake);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = unit(cases[i][1]);
        REFUSES(fake, cases[i][0], cases[i][2]);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_runs),
        cmocka_unit_test(each_state),
        cmocka_unit_test(inactive_ones),
        cmocka_unit_test(restarts_between_two_looks),
        cmocka_unit_test(timers),
        cmocka_unit_test(times),
        cmocka_unit_test(what_proves_nothing),
        cmocka_unit_test(silent_and_endless_answers),
        cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin systemd", tests, NULL, NULL);
}
