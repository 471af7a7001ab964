/* The action `systemd.restart` on the fake host, in which a scripted child speaks as systemctl does: what is done, what is refused and with which command a
 * person does it, and what is not understood. */
#include "plugin_test.h"

#define STATE(load, active, sub) "Id=web.service\nLoadState=" load "\nActiveState=" active "\nSubState=" sub "\nResult=success\n"
#define RUNS STATE("loaded", "active", "running")
#define FAILED "Id=web.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainCode=1\nExecMainStatus=3\n"

static struct fake *restart_of(const char *unit)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "restart");

    fake_set(fake, "unit", unit);
    return fake;
}

static struct fake *restart(void)
{
    return restart_of("web.service");
}

static void says(struct fake *fake, int code, const char *out, const char *err)
{
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .code = code, .out = out, .out_len = strlen(out), .err = err, .err_len = strlen(err) });
}

static void one_that_is_done(void **unused)
{
    struct fake *fake = restart();
    const struct talon_command *asked;

    (void)unused;
    says(fake, 0, FAILED, "");
    says(fake, 0, "", "");
    says(fake, 0, RUNS, "");
    CONCLUDES(fake, TALON_OK, "systemd.done", "restarted web.service: it was failed (failed), it is active (running)");
    CONTAINS(fake_log(fake), "restarts web.service, which is failed (failed)");
    assert_string_equal(fake_detail(fake, "before"), "failed (failed)");
    asked = fake_spawned(fake, 1);
    assert_string_equal(asked->argv[1], "--system");
    assert_string_equal(asked->argv[3], "--no-ask-password");
    assert_string_equal(asked->argv[4], "restart");
    assert_string_equal(asked->argv[5], "web.service");
    assert_null(asked->argv[6]);
    fake_free(fake);
}

static void one_that_does_not_hold(void **unused)
{
    struct fake *fake = restart();

    (void)unused;
    says(fake, 0, RUNS, "");
    says(fake, 0, "", "");
    says(fake, 0, FAILED, "");
    CONCLUDES(fake, TALON_FAIL, "systemd.failed", "web.service was restarted and has failed at once: it exited with 3");
    fake_free(fake);

    fake = restart();
    says(fake, 0, RUNS, "");
    says(fake, 0, "", "");
    says(fake, 0, "?", "");
    CONCLUDES(fake, TALON_WARN, "systemd.output", "restarted web.service, which was active (running) before; systemctl does not say");
    fake_free(fake);
}

static void what_systemctl_refuses(void **unused)
{
    static const struct {
        int code;
        const char *err;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 4, "Failed to restart web.service: Interactive authentication required.\n", TALON_UNKNOWN, "refused.rights",
          "a person runs: sudo systemctl restart web.service" },
        { 1, "Failed to restart web.service: Access denied\n", TALON_UNKNOWN, "refused.rights", "(Failed to restart web.service: Access denied)" },
        { 1, "Job for web.service failed because the control process exited with error code.\nSee \"x\"\n", TALON_FAIL, "systemd.failed",
          "systemctl restart web.service exited with 1: Job for web.service failed because the control process" },
        { 1, "Job for web.service failed: Permission denied\n", TALON_FAIL, "systemd.failed", "Job for web.service failed: Permission denied" },
        { 5, "", TALON_FAIL, "systemd.failed", "systemctl restart web.service exited with 5" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = restart();

        says(fake, 0, RUNS, "");
        says(fake, cases[i].code, "", cases[i].err);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        assert_null(fake_spawned(fake, 2));
        fake_free(fake);
    }
}

/* Nothing may be done where it is not known what would be. */
static void what_is_never_tried(void **unused)
{
    static const struct {
        int code;
        const char *out, *err, *reason, *part;
    } cases[] = {
        { 0, STATE("masked", "inactive", "dead"), "", "refused.masked", "a person has masked web.service; to allow it: sudo systemctl unmask web.service" },
        { 0, STATE("not-found", "inactive", "dead"), "", "systemd.not_found", "nothing was done: there is no unit web.service" },
        { 1, "", "Failed to connect to bus: No such file or directory\n", "systemd.refused", "systemctl exited with 1: Failed to connect to bus" },
        { 0, "\001\002garbage", "", "systemd.output", "systemctl did not say in which state" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = restart();
        says(fake, cases[i].code, cases[i].out, cases[i].err);
        CONCLUDES(fake, TALON_UNKNOWN, cases[i].reason, cases[i].part);
        assert_null(fake_spawned(fake, 1));
        fake_free(fake);
    }
    fake = restart();
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "no such program"), .code = -1 });
    CONCLUDES(fake, TALON_UNKNOWN, "exec.not_found", "nothing was done: cannot ask systemctl: no such program");
    fake_free(fake);
    fake = restart();
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .code = -1, .signal = 9 });
    CONCLUDES(fake, TALON_UNKNOWN, "systemd.refused", "systemctl was killed by signal 9");
    fake_free(fake);
}

static void one_that_takes_too_long(void **unused)
{
    struct fake *fake = restart();

    (void)unused;
    says(fake, 0, RUNS, "");
    CONCLUDES(fake, TALON_FAIL, "exec.timeout", "systemd has not restarted web.service in time; its job goes on: `sudo systemctl status web.service`");
    fake_free(fake);

    fake = restart();
    says(fake, 0, RUNS, "");
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .code = -1, .signal = 15 });
    CONCLUDES(fake, TALON_FAIL, "exec.signal", "whether it was done is not known");
    fake_free(fake);
}

static void of_a_user(void **unused)
{
    struct fake *fake = restart();

    (void)unused;
    fake_set(fake, "user", "true");
    says(fake, 0, RUNS, "");
    says(fake, 4, "", "Access denied");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "a person runs: systemctl --user restart web.service");
    assert_string_equal(fake_spawned(fake, 1)->argv[1], "--user");
    CONTAINS(fake_spawned(fake, 1)->env[1], "XDG_RUNTIME_DIR=/run/user/");
    fake_free(fake);
}

static void names(void **unused)
{
    static const char *const good[] = { "web.service", "db@1.service", "a.socket", "b.timer", "c.path", "srv-x.mount", "d.automount" };
    static const char *const bad[] = { "web", "multi-user.target", "user.slice", "*.service", "web.service; reboot", "-a.service", ".service", "",
        "a.servicE" };

    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct fake *fake = restart_of(good[i]);

        ACCEPTS(fake);
        fake_free(fake);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fake *fake = restart_of(bad[i]);

        REFUSES(fake, "unit", "must be the full name of one");
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_done),    cmocka_unit_test(one_that_does_not_hold),  cmocka_unit_test(what_systemctl_refuses),
        cmocka_unit_test(what_is_never_tried), cmocka_unit_test(one_that_takes_too_long), cmocka_unit_test(of_a_user),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
