/*
 * The plugin `colima` on the fake host, with the folder of a Lima instance that the test writes: running, starting, stopped by hand, crashed, half dead,
 * hanging, and a VM that stands still behind a host agent that calls it running.
 */
#include "plugin_test.h"
#include "temp_folder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define RUNNING \
    "{\"time\":\"2026-01-02T03:04:05Z\",\"status\":{\"sshLocalPort\":51234}}\n" \
    "{\"time\":\"2026-01-02T03:04:35Z\",\"status\":{\"running\":true,\"sshLocalPort\":51234}}\n"

static char folder[TEMP_PATH];

/* A process that has ended: its number is nobody's. */
static pid_t nobody(void)
{
    const pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    assert_true(pid > 0);
    assert_true(waitpid(pid, NULL, 0) == pid);
    return pid;
}

static const char *in_folder(const char *name)
{
    static char path[TEMP_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_pid(const char *name, pid_t pid, time_t age)
{
    const struct utimbuf then = { .actime = time(NULL) - age, .modtime = time(NULL) - age };
    char text[32];

    snprintf(text, sizeof text, "%ld\n", (long)pid);
    temp_write(in_folder(name), text);
    assert_int_equal(utime(in_folder(name), &then), 0);
}

/* `2026-01-02T03:04:05Z`, so many seconds ago. */
static const char *moment(long ago)
{
    static char text[32];
    const time_t then = time(NULL) - ago;
    struct tm utc;

    assert_non_null(gmtime_r(&then, &utc));
    assert_true(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
    return text;
}

/* A folder of a VM that was started a moment ago and runs. */
static void make_folder(void **state)
{
    snprintf(folder, sizeof folder, "%s", temp_path(state, "colima"));
    if (mkdir(folder, 0700) != 0)
        for (const char *const *file =
                 (const char *const[]){ "ha.pid", "vz.pid", "qemu.pid", "ha.stdout.log", "ha.stderr.log", "lima.yaml", "ssh.config", NULL };
             *file; file++)
            unlink(in_folder(*file));
    temp_write(in_folder("lima.yaml"), "# made by colima\ncpus: 8\nvmType: \"vz\"\nmemory: 24GiB\n");
    temp_write(in_folder("ha.stdout.log"), RUNNING);
    temp_write(in_folder("ha.stderr.log"), "{\"level\":\"info\",\"msg\":\"Starting VZ\",\"time\":\"2026-01-02T03:04:05Z\"}\n");
    write_pid("ha.pid", getpid(), 0);
    write_pid("vz.pid", getpid(), 0);
}

static struct fake *vm(const char *ssh)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "vm");

    fake_calendar(fake, time(NULL) + 600);
    fake_set(fake, "folder", folder);
    if (ssh)
        fake_set(fake, "ssh", ssh);
    return fake;
}

static void agent_says(struct fake *fake, uint32_t status, const char *body)
{
    fake_http(fake, 3 * FAKE_MS,
              TALON_REQUEST(talon_response, .status = status, .body = body, .body_len = strlen(body), .total_ns = 3 * FAKE_MS, .http_version = 11));
}

static void one_that_runs(void **state)
{
    struct fake *fake;

    make_folder(state);
    fake = vm(NULL);
    agent_says(fake, 200, "{\"sshLocalPort\":51234}");
    CONCLUDES(fake, TALON_OK, "colima.ok", "runs for 10 min (vz)");
    assert_string_equal(fake_asked(fake, 0)->unix_path, in_folder("ha.sock"));
    assert_string_equal(fake_asked(fake, 0)->url, "http://lima-hostagent/v1/info");
    assert_true(fake_metric(fake, "agent_uptime") >= 599 && fake_metric(fake, "agent_uptime") < 660);
    NEAR(fake_metric(fake, "agent_time"), 0.003);
    fake_free(fake);

    fake = vm(NULL);
    fake_set(fake, "warm_up", "1h");
    agent_says(fake, 200, "{}");
    CONCLUDES(fake, TALON_STARTING, "starting", "runs for 10 min only");
    fake_free(fake);

    temp_write(in_folder("lima.yaml"), "cpus: 8\n"); /* no vmType: what is there */
    unlink(in_folder("vz.pid"));
    write_pid("qemu.pid", getpid(), 0);
    fake = vm(NULL);
    agent_says(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "colima.ok", "(qemu)");
    fake_free(fake);
}

static void one_that_is_degraded(void **state)
{
    struct fake *fake;

    make_folder(state);
    temp_write(in_folder("ha.stdout.log"), RUNNING "not json\n{\"status\":{\"running\":true,\"degraded\":true,\"errors\":[7,\"cannot mount\\nhome\",\"x\"]}}\n"
                                                   "{\"status\":{\"portForward\":{\"type\":\"failed\"}}}\n");
    fake = vm(NULL);
    agent_says(fake, 200, "{}");
    CONCLUDES(fake, TALON_WARN, "colima.degraded", "Lima calls it degraded: cannot mount home");
    fake_free(fake);
}

static void one_that_starts(void **state)
{
    struct fake *fake;

    make_folder(state);
    temp_write(in_folder("ha.stdout.log"), "{\"status\":{\"sshLocalPort\":51234}}\n");
    temp_write(in_folder("ha.stderr.log"), "{\"msg\":\"Waiting for the essential requirement 1 of 3: \\\"ssh\\\"\"}\n");
    fake = vm(NULL);
    CONCLUDES(fake, TALON_STARTING, "starting", "began 10 min ago and waits for the essential requirement 1 of 3: \"ssh\"");
    fake_free(fake);

    unlink(in_folder("vz.pid"));
    unlink(in_folder("ha.stderr.log"));
    unlink(in_folder("ha.stdout.log"));
    fake = vm(NULL);
    CONCLUDES(fake, TALON_STARTING, "starting", "began 10 min ago, it does not run yet");
    fake_free(fake);
}

static void one_that_is_down(void **state)
{
    char text[400];
    struct fake *fake;

    make_folder(state);
    unlink(in_folder("ha.pid"));
    unlink(in_folder("vz.pid"));
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.down", "nothing tells that somebody stopped it");
    fake_free(fake);

    snprintf(text, sizeof text, "{\"level\":\"info\",\"msg\":\"Received SIGINT, shutting down the host agent\",\"time\":\"%s\"}\n", moment(0));
    temp_write(in_folder("ha.stderr.log"), text);
    fake = vm(NULL);
    CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", "was shut down 10 min ago, as it was told to");
    fake_free(fake);

    temp_write(in_folder("ha.stderr.log"), "{\"msg\":\"Received SIGTERM, shutting down the host agent\",\"time\":\"2001-01-02T03:04:05Z\"}\n");
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.down", "before this machine was started, and nothing has started it since");
    fake_free(fake);

    temp_write(in_folder("ha.stderr.log"),
               "{\"msg\":\"Driver stopped due to error: \\\"virtual machine stopped unexpectedly\\\"\",\"time\":\"2026-01-02T03:04:05Z\"}\n");
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.crashed", "Driver stopped due to error: \"virtual machine stopped unexpectedly\"");
    fake_free(fake);
}

static void one_that_crashed(void **state)
{
    struct fake *fake;

    make_folder(state);
    write_pid("ha.pid", nobody(), 0);
    write_pid("vz.pid", nobody(), 0);
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.crashed", "ended without a word");
    fake_free(fake);

    write_pid("ha.pid", getpid(), 60L * 60 * 24 * 10000); /* a number from before this boot is another process' by now */
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.crashed", "ended without a word");
    fake_free(fake);
}

static void one_that_is_half_dead(void **state)
{
    struct fake *fake;

    make_folder(state);
    unlink(in_folder("vz.pid"));
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.no_driver", "its host agent runs, its driver (vz) does not");
    fake_free(fake);

    make_folder(state);
    write_pid("ha.pid", nobody(), 0);
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.no_agent", "its driver (vz) runs, its host agent does not");
    fake_free(fake);
}

static void one_that_shuts_down(void **state)
{
    struct fake *fake;
    char text[400];

    make_folder(state);
    snprintf(text, sizeof text, RUNNING "{\"time\":\"%s\",\"status\":{\"exiting\":true}}\n", moment(0));
    temp_write(in_folder("ha.stdout.log"), text);
    fake = vm(NULL);
    fake_set(fake, "stop_within", "11m");
    CONCLUDES(fake, TALON_STOPPED, "stopped.by_hand", "is being shut down");
    fake_free(fake);

    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.stuck", "hangs in its shutdown, which began 10 min ago");
    fake_free(fake);

    make_folder(state);
    temp_write(in_folder("ha.stderr.log"), "{\"msg\":\"Driver stopped due to error: \\\"EOF\\\"\"}\n");
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.crashed", "its host agent gives up: Driver stopped");
    fake_free(fake);
}

static void an_agent_that_does_not_answer(void **state)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        const char *words;
    } cases[] = {
        { FAKE_ERROR(TALON_E_NO_SOCKET, 2, "connect.no_socket", "no socket"), TALON_FAIL, "ha.sock is gone" },
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "refused"), TALON_FAIL, "ha.sock any more" },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "late"), TALON_FAIL, "hangs: no answer at ha.sock" },
        { FAKE_ERROR(TALON_E_CLOSED, 0, "connect.closed", "closed"), TALON_FAIL, "its host agent does not answer" },
        { FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "no permission"), TALON_UNKNOWN, "no permission" },
    };
    struct fake *fake;

    make_folder(state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = vm(NULL);
        fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = cases[i].error));
        CONCLUDES(fake, cases[i].status, cases[i].error.token, cases[i].words);
        fake_free(fake);
    }
    fake = vm(NULL);
    CONCLUDES(fake, TALON_FAIL, "timeout", "hangs: no answer");
    fake_free(fake);
    fake = vm(NULL);
    agent_says(fake, 500, "{\"message\":\"driver is gone\"}");
    CONCLUDES(fake, TALON_FAIL, "colima.agent", "HTTP 500: driver is gone");
    fake_free(fake);
    fake = vm(NULL);
    agent_says(fake, 200, "hello");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "does not speak as Lima's does");
    fake_free(fake);
}

static void a_folder_that_is_missing(void **state)
{
    struct fake *fake;

    make_folder(state);
    fake = fake_new(&talon_plugin_descriptor, "vm");
    fake_set(fake, "folder", "/nonexistent/colima");
    CONCLUDES(fake, TALON_FAIL, "colima.missing", "it was never made, or was deleted");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "vm");
    fake_set(fake, "folder", in_folder("lima.yaml"));
    CONCLUDES(fake, TALON_FAIL, "colima.missing", "does not exist");
    fake_free(fake);
}

static void files_that_hold_anything(void **state)
{
    static const char *const pids[] = { "", "x", "-1", "0", "99999999999", "12x" };
    struct fake *fake;
    char *large = malloc(200000);

    assert_non_null(large);
    make_folder(state);
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        temp_write(in_folder("ha.pid"), pids[i]);
        temp_write(in_folder("vz.pid"), pids[i]);
        fake = vm(NULL);
        CONCLUDES(fake, TALON_FAIL, "colima.down", "does not run");
        fake_free(fake);
    }
    make_folder(state); /* a log whose start lies far back */
    memset(large, 'x', 199999);
    large[199999] = '\0';
    temp_write(in_folder("ha.stdout.log"), large);
    temp_write(in_folder("lima.yaml"), "vmType: ../../etc\nvmType: vz\n");
    fake = vm(NULL);
    agent_says(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "colima.ok", "(vz)");
    fake_free(fake);
    free(large);
}

/* ---- the VM's ssh */

static void the_greeting_of_its_ssh(void **state)
{
    static const struct {
        struct talon_error error;
        const char *reason, *words;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "refused"), "colima.unreachable", "nobody forwards its ssh port 51234" },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "connect.timeout", "late"), "colima.frozen", "does not accept an ssh connection" },
        { FAKE_ERROR(TALON_E_CLOSED, 0, "connect.closed", "closed"), "colima.unreachable", "closes ssh connections without a greeting" },
    };
    struct fake *fake;

    make_folder(state);
    fake = vm("banner");
    agent_says(fake, 200, "{\"sshLocalPort\":51234}");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, "SS", 2);
    fake_link_says(fake, FAKE_MS, "H-2.0-OpenSSH_9.2\r\n", 19);
    CONCLUDES(fake, TALON_OK, "colima.ok", "runs for 10 min");
    assert_int_equal(fake_connected(fake, 0)->to.port, 51234);
    assert_string_equal(fake_connected(fake, 0)->to.host, "127.0.0.1");
    fake_free(fake);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = vm("banner");
        agent_says(fake, 200, "{\"sshLocalPort\":51234}");
        fake_link(fake, FAKE_MS, TALON_REQUEST(talon_link, .error = cases[i].error));
        CONCLUDES(fake, TALON_FAIL, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
    fake = vm("banner"); /* accepted by whoever forwards, and nothing behind it */
    agent_says(fake, 200, "{\"sshLocalPort\":51234}");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_ends(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.unreachable", "without a greeting");
    fake_free(fake);
    fake = vm("banner");
    agent_says(fake, 200, "{\"sshLocalPort\":51234}");
    fake_link(fake, FAKE_MS, NULL);
    CONCLUDES(fake, TALON_FAIL, "colima.frozen", "the VM does not greet over ssh: it stands still");
    fake_free(fake);
    fake = vm("banner");
    agent_says(fake, 200, "{\"sshLocalPort\":51234}");
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, "HTTP/1.1 400\r\n", 14);
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "greets with \"HTTP/1.1 400\"");
    fake_free(fake);
    fake = vm("banner");
    agent_says(fake, 200, "{\"sshLocalPort\":\"no\"}");
    CONCLUDES(fake, TALON_FAIL, "colima.agent", "names no port for ssh");
    fake_free(fake);
}

static struct fake *logs_in(const struct talon_exit *ended)
{
    struct fake *fake = vm("login");

    agent_says(fake, 200, "{}");
    fake_child(fake, 100 * FAKE_MS, ended);
    return fake;
}

#define EXIT(code_, out_, err_) \
    TALON_REQUEST(talon_exit, .code = (code_), .out = (out_), .out_len = sizeof(out_) - 1, .err = (err_), .err_len = sizeof(err_) - 1, \
                  .total_ns = 100 * FAKE_MS)

static void a_login_by_ssh(void **state)
{
    struct fake *fake;

    make_folder(state);
    temp_write(in_folder("ssh.config"), "Host lima-colima\n");
    fake = logs_in(EXIT(0, "95.31 700.00\n", ""));
    CONCLUDES(fake, TALON_OK, "colima.ok", "runs for 95.3 s");
    NEAR(fake_metric(fake, "uptime"), 95.31);
    NEAR(fake_metric(fake, "ssh_time"), 0.1);
    assert_string_equal(fake_spawned(fake, 0)->argv[0], "ssh");
    assert_string_equal(fake_spawned(fake, 0)->argv[2], in_folder("ssh.config"));
    assert_string_equal(fake_spawned(fake, 0)->argv[12], "lima-colima");
    fake_free(fake);

    fake = logs_in(EXIT(255, "", "debug\r\nConnection timed out during banner exchange\r\n"));
    CONCLUDES(fake, TALON_FAIL, "colima.unreachable", "ssh into the VM fails: Connection timed out during banner exchange");
    fake_free(fake);
    fake = logs_in(EXIT(1, "", ""));
    CONCLUDES(fake, TALON_FAIL, "colima.unreachable", "ssh into the VM fails: exit code 1");
    fake_free(fake);
    fake = logs_in(EXIT(0, "hello", ""));
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "with \"hello\"");
    fake_free(fake);
    fake = logs_in(TALON_REQUEST(talon_exit, .code = -1, .out = "", .err = "", .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "exec.timeout", "late")));
    CONCLUDES(fake, TALON_FAIL, "colima.frozen", "a login by ssh into the VM does not end");
    fake_free(fake);
    fake = logs_in(TALON_REQUEST(talon_exit, .code = -1, .out = "", .err = "", .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "not found")));
    CONCLUDES(fake, TALON_UNKNOWN, "exec.not_found", "cannot run ssh: not found");
    fake_free(fake);

    unlink(in_folder("ssh.config"));
    fake = vm("login");
    agent_says(fake, 200, "{}");
    CONCLUDES(fake, TALON_UNKNOWN, "file.denied", "cannot read");
    fake_free(fake);
}

static void options_that_cannot_be(void **state)
{
    struct fake *fake;

    make_folder(state);
    fake = vm(NULL);
    fake_set(fake, "ssh_host", "x");
    REFUSES(fake, "ssh_host", "has no effect without `ssh: login`");
    fake_free(fake);
    fake = vm("login");
    fake_set(fake, "ssh_host", "-oProxyCommand=x");
    REFUSES(fake, "ssh_host", "is no name of a host");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_runs),
        cmocka_unit_test(one_that_is_degraded),
        cmocka_unit_test(one_that_starts),
        cmocka_unit_test(one_that_is_down),
        cmocka_unit_test(one_that_crashed),
        cmocka_unit_test(one_that_is_half_dead),
        cmocka_unit_test(one_that_shuts_down),
        cmocka_unit_test(an_agent_that_does_not_answer),
        cmocka_unit_test(a_folder_that_is_missing),
        cmocka_unit_test(files_that_hold_anything),
        cmocka_unit_test(the_greeting_of_its_ssh),
        cmocka_unit_test(a_login_by_ssh),
        cmocka_unit_test(options_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, temp_folder_make, temp_folder_remove);
}
