/* The actions of `colima` on the fake host: what is run, and that nothing else can be; and what is made of Colima's messages. */
#include "plugin_test.h"

#include <stdio.h>

#define FATAL(words) "time=\"2026-01-02T03:04:05Z\" level=info msg=\"starting colima\"\ntime=\"2026-01-02T03:04:06Z\" level=fatal msg=\"" words "\"\n"

static void ends(struct fake *fake, int code, const char *err)
{
    fake_child(fake, 20 * FAKE_S, TALON_REQUEST(talon_exit, .code = code, .out = "", .err = err, .err_len = strlen(err), .total_ns = 20 * FAKE_S));
}

static struct fake *action(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, name);

    fake_timeout(fake, 300 * FAKE_S);
    return fake;
}

/* One child was started with exactly these words. */
static void ran(struct fake *fake, size_t n, const char *line)
{
    const struct talon_command *command = fake_spawned(fake, n);
    char words[200] = "";

    assert_non_null(command);
    for (size_t i = 0, used = 0; command->argv[i]; i++)
        used += (size_t)snprintf(words + used, sizeof words - used, "%s%s", i ? " " : "", command->argv[i]);
    assert_string_equal(words, line);
}

static void a_start(void **unused)
{
    struct fake *fake = action("start");

    (void)unused;
    ends(fake, 0, "time=\"x\" level=info msg=done\n");
    CONCLUDES(fake, TALON_OK, "colima.ok", "started in 20.0 s");
    ran(fake, 0, "colima start --profile default");
    assert_true(fake_spawned(fake, 0)->lasting); /* the VM, whose agents it has started, is what is wanted */
    NEAR(fake_metric(fake, "start_time"), 20);
    CONTAINS(fake_detail(fake, "start_stderr"), "msg=done");
    CONTAINS(fake_log(fake), "colima start --profile default");
    ends(fake, 0, "time=\"x\" level=warning msg=\"already running, ignoring\"\n");
    CONCLUDES(fake, TALON_WARN, "colima.already", "needs a force-cycle");
    fake_free(fake);
}

static void options_reach_the_program(void **unused)
{
    struct fake *fake = action("start");

    (void)unused;
    fake_set(fake, "profile", "work");
    fake_set(fake, "command", "/opt/homebrew/bin/colima");
    fake_set(fake, "path", "/opt/homebrew/bin:/usr/bin:/bin");
    ends(fake, 0, "");
    CONCLUDES(fake, TALON_OK, "colima.ok", "started");
    ran(fake, 0, "/opt/homebrew/bin/colima start --profile work");
    assert_string_equal(fake_spawned(fake, 0)->env[0], "PATH=/opt/homebrew/bin:/usr/bin:/bin");
    fake_free(fake);
}

static void a_stop(void **unused)
{
    struct fake *fake = action("stop");

    (void)unused;
    ends(fake, 0, "");
    CONCLUDES(fake, TALON_OK, "colima.ok", "stopped in 20.0 s");
    ran(fake, 0, "colima stop --profile default");
    assert_null(fake_spawned(fake, 1));
    ends(fake, 1, FATAL("colima is not running"));
    CONCLUDES(fake, TALON_OK, "colima.ok", "did not run");
    ends(fake, 1, FATAL("error stopping: exit status 1"));
    CONCLUDES(fake, TALON_FAIL, "colima.failed", "`colima stop --profile default` exited with 1: \"error stopping: exit status 1\"");
    fake_free(fake);
}

static void a_cycle(void **unused)
{
    struct fake *fake = action("force-cycle");

    (void)unused;
    fake_set(fake, "stop_within", "45s");
    ends(fake, 0, "");
    ends(fake, 0, "");
    CONCLUDES(fake, TALON_OK, "colima.ok", "started");
    ran(fake, 0, "colima stop --force --profile default");
    ran(fake, 1, "colima start --profile default");
    assert_null(fake_spawned(fake, 2));
    assert_true(fake_spawned(fake, 0)->timeout_ns == 45 * FAKE_S);
    assert_true(fake_result(fake)->took_ns >= 43 * FAKE_S); /* with a pause between */
    NEAR(fake_metric(fake, "stop_time"), 20);

    ends(fake, 1, FATAL("colima is not running"));
    ends(fake, 0, "");
    CONCLUDES(fake, TALON_OK, "colima.ok", "started");

    ends(fake, 1, FATAL("error stopping: boom"));
    CONCLUDES(fake, TALON_FAIL, "colima.failed", "`colima stop --force --profile default` exited with 1");
    assert_null(fake_spawned(fake, 1));

    fake_child(fake, 45 * FAKE_S,
               TALON_REQUEST(talon_exit, .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "exec.timeout", "too long"), .code = -1, .signal = 15, .out = "", .err = "stopping",
                             .err_len = 8));
    CONCLUDES(fake, TALON_FAIL, "exec.timeout", "was not done in time, its last words: stopping");
    assert_null(fake_spawned(fake, 1));
    fake_free(fake);
}

static void what_it_says(void **unused)
{
    static const struct {
        const char *err;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { FATAL("dependency check failed for VM: limactl not found, run 'brew install lima' to install"), TALON_UNKNOWN, "exec.not_found", "set `path`" },
        { FATAL("error starting vm: exec: \\\"limactl\\\": executable file not found in $PATH"), TALON_UNKNOWN, "exec.not_found", "set `path`" },
        { FATAL("open disk: no space left on device"), TALON_FAIL, "disk.full", "the disk is full" },
        { FATAL("open x: permission denied"), TALON_UNKNOWN, "refused.rights", "`colima start --profile default` did not work, it lacks a right" },
        { FATAL("failed to get Info from ha.sock: connection refused"), TALON_FAIL, "colima.agent", "its host agent does not answer" },
        { FATAL("vz driver is running but host agent is not"), TALON_FAIL, "colima.broken", "half of it is dead" },
        { FATAL("listen tcp: bind: address already in use"), TALON_FAIL, "colima.busy", "in use" },
        { "FATA[0001] something new\n", TALON_FAIL, "colima.failed", "exited with 1: FATA[0001] something new" },
        { "\n\n", TALON_FAIL, "colima.failed", "exited with 1" },
        { "", TALON_FAIL, "colima.failed", "exited with 1" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = action("start");

        ends(fake, 1, cases[i].err);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void one_that_is_not_there(void **unused)
{
    struct fake *fake = action("start");

    (void)unused;
    fake_child(fake, FAKE_MS,
               TALON_REQUEST(talon_exit, .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "no such program"), .code = -1, .out = "", .err = ""));
    CONCLUDES(fake, TALON_UNKNOWN, "exec.not_found", "cannot run `colima start --profile default`: no such program");
    fake_child(fake, FAKE_MS, TALON_REQUEST(talon_exit, .code = -1, .signal = 9, .out = "", .err = ""));
    CONCLUDES(fake, TALON_FAIL, "exec.signal", "signal 9");
    fake_free(fake);
}

/* Whatever stands in the options: the words are ours, and the profile can be no option. */
static void nothing_can_be_deleted(void **unused)
{
    static const char *const profiles[] = { "", "-f", "--force", "a b", "a;b", "delete --force", "../x", "$(x)" };
    static const char *const names[] = { "start", "stop", "force-cycle" };

    (void)unused;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
            struct fake *fake = action(names[k]);

            fake_set(fake, "profile", profiles[i]);
            REFUSES(fake, "profile", "is no name of a profile");
            fake_free(fake);
        }
    for (size_t k = 0; k < 3; k++) {
        struct fake *fake = action(names[k]);

        fake_set(fake, "profile", "delete");
        ends(fake, 0, "");
        ends(fake, 0, "");
        fake_run(fake);
        for (size_t i = 0; fake_spawned(fake, i); i++) {
            assert_true(strcmp(fake_spawned(fake, i)->argv[1], "start") == 0 || strcmp(fake_spawned(fake, i)->argv[1], "stop") == 0);
            assert_true(fake_spawned(fake, i)->input_len == 0);
        }
        fake_free(fake);
    }
}

static void options_that_are_wrong(void **unused)
{
    struct fake *fake = action("start");

    (void)unused;
    fake_set(fake, "path", "bin");
    REFUSES(fake, "path", "absolute folders");
    fake_free(fake);
    fake = action("stop");
    fake_set(fake, "command", "");
    REFUSES(fake, "command", "no program");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start),
        cmocka_unit_test(options_reach_the_program),
        cmocka_unit_test(a_stop),
        cmocka_unit_test(a_cycle),
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(one_that_is_not_there),
        cmocka_unit_test(nothing_can_be_deleted),
        cmocka_unit_test(options_that_are_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
