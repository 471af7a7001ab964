/* The actions of the plugin `launchd` on the fake host, in which scripted children speak as launchctl does: the domain that is found, what is done there, and
 * each refusal with the command for a person. */
#include "plugin_test.h"

#define LABEL "com.example.server"
#define RUNNING "x/" LABEL " = {\n\tstate = running\n\truns = 3\n\tpid = 1486\n\tlast exit code = (never exited)\n}\n"
#define RUNNING_ANEW "x/" LABEL " = {\n\tstate = running\n\truns = 4\n\tpid = 2001\n\tlast exit code = 0\n}\n"
#define IDLE "x/" LABEL " = {\n\tstate = not running\n\truns = 89\n\tlast exit code = 78: EX_CONFIG\n}\n"
#define NO_JOB "Bad request.\nCould not find service \"" LABEL "\" in domain for system\n"
#define NO_DOMAIN "Could not find domain for user gui: 501\n"

static struct fake *action(const char *name, const char *domain)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, name);

    fake_set(fake, "label", LABEL);
    if (domain)
        fake_set(fake, "domain", domain);
    return fake;
}

static void says(struct fake *fake, const char *out)
{
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .out = out, .out_len = strlen(out) });
}

static void refuses_with(struct fake *fake, int code, const char *err)
{
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .code = code, .err = err, .err_len = strlen(err) });
}

/* The n-th child's arguments after `launchctl`; c NULL: there are two. */
static void told(struct fake *fake, size_t n, const char *a, const char *b, const char *c)
{
    const struct talon_command *command = fake_spawned(fake, n);

    assert_non_null(command);
    assert_string_equal(command->argv[0], "launchctl");
    assert_string_equal(command->argv[1], a);
    assert_string_equal(command->argv[2], b);
    if (c)
        assert_string_equal(command->argv[3], c);
    assert_null(command->argv[c ? 4 : 3]);
}

/* ---- kickstart */

static void kicks(void **unused)
{
    struct fake *fake = action("kickstart", "system");

    (void)unused;
    says(fake, IDLE);
    says(fake, "");
    says(fake, RUNNING_ANEW);
    CONCLUDES(fake, TALON_OK, "launchd.done", "started system/" LABEL ": it was not running, it is running as process 2001");
    told(fake, 0, "print", "system/" LABEL, NULL);
    told(fake, 1, "kickstart", "system/" LABEL, NULL);
    CONTAINS(fake_log(fake), "starts system/" LABEL ", which is not running");
    assert_string_equal(fake_detail(fake, "domain"), "system");
    fake_free(fake);

    fake = action("kickstart", "system");
    says(fake, RUNNING);
    CONCLUDES(fake, TALON_OK, "launchd.already", "runs already as process 1486: nothing was done");
    assert_null(fake_spawned(fake, 1));
    fake_free(fake);

    fake = action("kickstart", "system");
    fake_set(fake, "kill", "true");
    says(fake, RUNNING);
    says(fake, "");
    says(fake, RUNNING_ANEW);
    CONCLUDES(fake, TALON_OK, "launchd.done", "it was running as process 1486, it is running as process 2001");
    told(fake, 1, "kickstart", "-k", "system/" LABEL);
    fake_free(fake);

    fake = action("kickstart", "system");
    says(fake, IDLE);
    refuses_with(fake, 37, "service already running");
    CONCLUDES(fake, TALON_OK, "launchd.already", "runs already");
    fake_free(fake);
}

/* As the check: gui, user, system. */
static void in_the_domain_found(void **unused)
{
    struct fake *fake = action("kickstart", NULL);

    (void)unused;
    fake_set(fake, "uid", "501");
    refuses_with(fake, 112, NO_DOMAIN);
    refuses_with(fake, 113, NO_JOB);
    says(fake, IDLE);
    says(fake, "");
    says(fake, RUNNING_ANEW);
    CONCLUDES(fake, TALON_OK, "launchd.done", "started system/" LABEL);
    told(fake, 0, "print", "gui/501/" LABEL, NULL);
    told(fake, 1, "print", "user/501/" LABEL, NULL);
    told(fake, 3, "kickstart", "system/" LABEL, NULL);
    fake_free(fake);

    fake = action("kickstart", NULL);
    fake_set(fake, "uid", "501");
    says(fake, IDLE);
    refuses_with(fake, 1, "Could not kickstart service \"x\": 1: Operation not permitted\n");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "a person runs: launchctl kickstart gui/501/" LABEL " (");
    fake_free(fake);
}

static void what_launchctl_refuses(void **unused)
{
    static const struct {
        int code;
        const char *err;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 150, "Operation not permitted while System Integrity Protection is engaged", TALON_UNKNOWN, "refused.rights",
          "a person runs: sudo launchctl kickstart -k system/" LABEL " (Operation not permitted while" },
        { 1, "Could not kickstart service: 1: Operation not permitted", TALON_UNKNOWN, "refused.rights", "sudo launchctl kickstart -k system/" LABEL },
        { 119, "Service is disabled", TALON_UNKNOWN, "refused.disabled", "to allow it: sudo launchctl enable system/" LABEL " (Service is disabled)" },
        { 113, NO_JOB, TALON_UNKNOWN, "launchd.not_loaded", "was unloaded meanwhile" },
        { 5, "Input/output error", TALON_FAIL, "launchd.failed", "launchctl kickstart system/" LABEL " exited with 5: Input/output error" },
        { 64, "", TALON_FAIL, "launchd.failed", "exited with 64" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = action("kickstart", "system");

        fake_set(fake, "kill", "true");
        says(fake, RUNNING);
        refuses_with(fake, cases[i].code, cases[i].err);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        assert_null(fake_spawned(fake, 2));
        fake_free(fake);
    }
}

/* Another job of that label may be in the next domain. */
static void what_is_never_tried(void **unused)
{
    struct fake *fake = action("kickstart", NULL);

    (void)unused;
    refuses_with(fake, 1, "Input/output error");
    CONCLUDES(fake, TALON_UNKNOWN, "launchd.refused", "nothing was done: launchctl print in gui/");
    assert_null(fake_spawned(fake, 1));
    fake_free(fake);

    fake = action("kickstart", NULL);
    refuses_with(fake, 112, NO_DOMAIN);
    refuses_with(fake, 113, NO_JOB);
    refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_UNKNOWN, "launchd.not_loaded", "a person runs: launchctl bootstrap DOMAIN PLIST");
    assert_null(fake_spawned(fake, 3));
    fake_free(fake);

    fake = action("kickstart", "system");
    says(fake, "\001\002 garbage");
    CONCLUDES(fake, TALON_UNKNOWN, "launchd.output", "nothing was done: launchctl's output is not understood");
    fake_free(fake);

    fake = action("bootout", "system");
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "no such program"), .code = -1 });
    CONCLUDES(fake, TALON_UNKNOWN, "exec.not_found", "nothing was done: cannot ask launchctl: no such program");
    fake_free(fake);
}

static void what_comes_of_it(void **unused)
{
    struct fake *fake = action("kickstart", "system");

    (void)unused;
    says(fake, IDLE);
    says(fake, "");
    says(fake, "x/" LABEL " = {\n\tstate = spawn failed\n\truns = 4\n\tlast exit code = 78: EX_CONFIG\n}\n");
    CONCLUDES(fake, TALON_FAIL, "launchd.spawn", "launchd cannot start system/" LABEL);
    fake_free(fake);

    fake = action("kickstart", "system");
    says(fake, IDLE);
    says(fake, "");
    says(fake, "?");
    CONCLUDES(fake, TALON_WARN, "launchd.output", "launchctl does not say how it is now");
    fake_free(fake);

    fake = action("kickstart", "system");
    says(fake, IDLE);
    CONCLUDES(fake, TALON_FAIL, "exec.timeout", "whether system/" LABEL " is done is not known");
    fake_free(fake);

    fake = action("kickstart", "system");
    says(fake, IDLE);
    fake_child(fake, FAKE_MS, &(struct talon_exit){ .code = -1, .signal = 9 });
    CONCLUDES(fake, TALON_FAIL, "exec.signal", "killed by signal 9");
    fake_free(fake);
}

/* ---- bootout */

static void boots_out(void **unused)
{
    struct fake *fake = action("bootout", "system");

    (void)unused;
    says(fake, RUNNING);
    refuses_with(fake, 36, "Boot-out failed: 36: Operation now in progress\n");
    says(fake, RUNNING);
    refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_OK, "launchd.done", "system/" LABEL " is unloaded; it was running as process 1486");
    told(fake, 1, "bootout", "system/" LABEL, NULL);
    told(fake, 3, "print", "system/" LABEL, NULL);
    CONTAINS(fake_log(fake), "unloads system/" LABEL);
    fake_free(fake);

    fake = action("bootout", "system");
    refuses_with(fake, 113, NO_JOB);
    CONCLUDES(fake, TALON_OK, "launchd.already", LABEL " is not loaded: nothing was done");
    fake_free(fake);

    fake = action("bootout", "system");
    says(fake, RUNNING);
    refuses_with(fake, 150, "Operation not permitted");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "a person runs: sudo launchctl bootout system/" LABEL " (");
    fake_free(fake);
}

static void one_that_does_not_go(void **unused)
{
    struct fake *fake = action("bootout", "system");

    (void)unused;
    fake_timeout(fake, 2 * FAKE_S);
    says(fake, RUNNING);
    says(fake, "");
    for (int i = 0; i < 20; i++)
        says(fake, RUNNING);
    CONCLUDES(fake, TALON_FAIL, "timeout", "was told to go, and is still loaded");
    fake_free(fake);

    fake = action("bootout", "system");
    says(fake, RUNNING);
    says(fake, "");
    refuses_with(fake, 1, "Input/output error");
    CONCLUDES(fake, TALON_WARN, "launchd.output", "launchctl does not say whether it is gone");
    fake_free(fake);
}

static void options(void **unused)
{
    struct fake *fake = action("kickstart", "gui");

    (void)unused;
    REFUSES(fake, "domain", "write system, gui/UID or user/UID");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "bootout");
    fake_set(fake, "label", "system/x");
    REFUSES(fake, "label", "is no label");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kicks),           cmocka_unit_test(in_the_domain_found), cmocka_unit_test(what_launchctl_refuses),
            cmocka_unit_test(what_is_never_tried),
        cmocka_unit_test(what_comes_of_it), cmocka_unit_test(boots_out),          cmocka_unit_test(one_that_does_not_go),   cmocka_unit_test(options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
