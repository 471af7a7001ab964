/* The plugin `colima` on the fake host: what the VM answers of itself by ssh, and what forwarding has left behind, of real processes. */
#include "plugin_test.h"
#include "temp_folder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAYS(text) TALON_REQUEST(talon_exit, .code = 0, .out = (text), .out_len = sizeof(text) - 1, .err = "", .total_ns = 100 * FAKE_MS)
#define FAILS(number, text) TALON_REQUEST(talon_exit, .code = (number), .out = "", .err = (text), .err_len = sizeof(text) - 1)

static struct fake *inside(void **state)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "inside");

    temp_write(temp_path(state, "ssh.config"), "Host lima-colima\n");
    fake_set(fake, "folder", *state);
    fake_set(fake, "ssh_host", "lima-colima");
    return fake;
}

static void all_that_can_be_asked(void **state)
{
    struct fake *fake = inside(state);
    const char *command;

    temp_write(temp_path(state, "colima.yaml"), "cpu: 8\nnestedVirtualization: true # for microVMs\n");
    fake_add(fake, "ports", NULL, "6443");
    fake_add(fake, "ports", NULL, "6379");
    fake_set(fake, "docker", "true");
    fake_set(fake, "disk", "/");
    fake_set(fake, "nested", temp_path(state, "colima.yaml"));
    fake_child(fake, FAKE_MS, SAYS("Welcome\nup 4711.5 9000.0\ntcp 6443 0\ntcp 6379 0\ndocker 0\ndisk /dev/vda1 1000000 400000 600000 40% /\nkvm 0\n"));
    CONCLUDES(fake, TALON_OK, "colima.ok", "all is well within the VM");
    command = fake_spawned(fake, 0)->argv[13];
    assert_string_equal(fake_spawned(fake, 0)->argv[12], "lima-colima");
    CONTAINS(command, "timeout 2 bash -c ': </dev/tcp/127.0.0.1/6379' 2>/dev/null; echo tcp 6379 $?");
    CONTAINS(command, "docker version");
    CONTAINS(command, "df -Pk / |");
    CONTAINS(command, "test -c /dev/kvm");
    NEAR(fake_metric(fake, "uptime"), 4711.5);
    NEAR(fake_metric(fake, "ports_open"), 2);
    NEAR(fake_metric(fake, "disk_used_percent"), 40);
    NEAR(fake_metric(fake, "kvm"), 1);
    fake_free(fake);
}

static void each_thing_that_is_wrong(void **state)
{
    static const struct {
        const char *answer;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "up 1\ntcp 6443 1\ndocker 0\ndisk x 10 1 9\n", TALON_FAIL, "colima.port", "nobody listens at port 6443 within the VM" },
        { "up 1\ntcp 6443 124\ndocker 0\ndisk x 10 1 9\n", TALON_FAIL, "colima.port", "port 6443 takes no connection within the VM: silence" },
        { "up 1\ntcp 6443 127\ndocker 0\ndisk x 10 1 9\n", TALON_UNKNOWN, "exec.not_found", "no `timeout` or no `bash`" },
        { "up 1\ntcp 6443 0\ndocker 1\ndisk x 10 1 9\n", TALON_FAIL, "colima.docker", "Docker does not answer within the VM" },
        { "up 1\ntcp 6443 0\ndocker 124\ndisk x 10 1 9\n", TALON_FAIL, "colima.docker", "Docker hangs within the VM" },
        { "up 1\ntcp 6443 0\ndocker 127\ndisk x 10 1 9\n", TALON_UNKNOWN, "exec.not_found", "no `docker`" },
        { "up 1\ntcp 6443 0\ndocker 0\ndisk x 100 85 15\n", TALON_WARN, "disk.filling", "/ of the VM is 85 % full, 15.0 KiB left" },
        { "up 1\ntcp 6443 0\ndocker 0\ndisk x 100 96 4\n", TALON_FAIL, "disk.full", "96 % full" },
        { "up 1\ntcp 6443 0\ndocker 0\ndisk df: no such\n", TALON_UNKNOWN, "protocol.bad", "`df` of the VM says nothing of /" },
        { "up 1\ntcp 6443 0\ndocker 0\ndisk x 100 85 15\ntcp 6443 1\n", TALON_FAIL, "colima.port", "nobody listens" },
        { "up 1\ntcp 6443 0\n", TALON_FAIL, "protocol.bad", "answers less than it was asked" },
        { "", TALON_FAIL, "protocol.bad", "answers less" },
        { "tcp\ntcp x y\ndocker\ndisk\nkvm\nup\n\n\1\2", TALON_FAIL, "protocol.bad", "answers less" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = inside(state);

        fake_add(fake, "ports", NULL, "6443");
        fake_set(fake, "docker", "true");
        fake_set(fake, "disk", "/");
        fake_child(fake, FAKE_MS, TALON_REQUEST(talon_exit, .out = cases[i].answer, .out_len = strlen(cases[i].answer), .err = ""));
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void nested_virtualization(void **state)
{
    static const struct {
        const char *file, *answer;
        enum talon_status status;
        const char *words;
    } cases[] = {
        { "cpu: 8\n", "up 1\nkvm 1\n", TALON_OK, "all is well" },
        { "nestedVirtualization: false\n", "up 1\nkvm 1\n", TALON_OK, "all is well" },
        { "nestedVirtualization: true\n", "up 1\nkvm 0\n", TALON_OK, "all is well" },
        { "nestedVirtualization: true\n", "up 1\nkvm 1\n", TALON_FAIL, "is asked for, but the VM has no /dev/kvm" },
        { "nestedVirtualization: false\n", "up 1\nkvm 0\n", TALON_WARN, "although nested virtualization is not asked for" },
        { NULL, "up 1\nkvm 0\n", TALON_UNKNOWN, "so it is not known what is wanted" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = inside(state);

        if (cases[i].file)
            temp_write(temp_path(state, "colima.yaml"), cases[i].file);
        else
            unlink(temp_path(state, "colima.yaml"));
        fake_set(fake, "nested", temp_path(state, "colima.yaml"));
        fake_child(fake, FAKE_MS, TALON_REQUEST(talon_exit, .out = cases[i].answer, .out_len = strlen(cases[i].answer), .err = ""));
        CONCLUDES(fake, cases[i].status, cases[i].status == TALON_UNKNOWN ? "file.denied" : cases[i].status == TALON_OK ? "colima.ok" : "colima.kvm",
                  cases[i].words);
        fake_free(fake);
    }
}

static void a_vm_that_lets_nobody_in(void **state)
{
    struct fake *fake = inside(state);

    fake_set(fake, "docker", "true");
    fake_child(fake, FAKE_MS, FAILS(255, "kex_exchange_identification: Connection closed by remote host\n"));
    CONCLUDES(fake, TALON_UNKNOWN, "colima.unreachable", "ssh into the VM fails: kex_exchange_identification: Connection closed by remote host");
    CONCLUDES(fake, TALON_UNKNOWN, "colima.frozen", "does not end: it stands still");
    unlink(temp_path(state, "ssh.config"));
    CONCLUDES(fake, TALON_UNKNOWN, "file.denied", "cannot read");
    fake_free(fake);
}

static void options_that_cannot_be(void **state)
{
    static const struct {
        const char *option, *value, *words;
    } cases[] = { { "disk", "/a b", "absolute path" }, { "disk", "/$(reboot)", "absolute path" }, { "disk", "x", "absolute path" },
                  { "warn", "99", "must not be above" } };
    struct fake *fake = inside(state);

    REFUSES(fake, "ports", "must say what to look at");
    fake_add(fake, "ports", NULL, "22; reboot");
    REFUSES(fake, "ports", "no port");
    fake_free(fake);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = inside(state);
        fake_set(fake, "docker", "true");
        fake_set(fake, cases[i].option, cases[i].value);
        REFUSES(fake, cases[i].option, cases[i].words);
        fake_free(fake);
    }
    fake = fake_new(&talon_plugin_descriptor, "forwarder");
    fake_set(fake, "folder", *state);
    fake_set(fake, "warn", "2000");
    REFUSES(fake, "warn", "must not be above `fail`");
    fake_free(fake);
}

/* ---- the forwarder */

static struct fake *forwarder(void **state)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "forwarder");
    char pid[32];

    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    temp_write(temp_path(state, "ha.pid"), pid);
    fake_set(fake, "folder", *state);
    return fake;
}

/* Connections of ours that only the peer has closed. */
static void leave(int *fds, size_t n)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof to;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&to, &length), 0);
    for (size_t i = 0; i < n; i++) {
        struct pollfd readable = { .events = POLLIN };

        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fds[i], (const struct sockaddr *)&to, sizeof to), 0);
        close(accept(listener, NULL, NULL));
        readable.fd = fds[i];
        assert_int_equal(poll(&readable, 1, 5000), 1); /* its end is here */
    }
    close(listener);
}

static void connections_that_are_left(void **state)
{
    struct fake *fake = forwarder(state);
    double before;
    int fds[5];

    fake_run(fake);
    before = fake_metric(fake, "close_wait");
    assert_int_equal(fake_result(fake)->status, TALON_OK);
    fake_free(fake);
    leave(fds, 5);
    fake = forwarder(state);
    fake_set(fake, "warn", "5");
    CONCLUDES(fake, TALON_WARN, "colima.leak", "connections that their peers have closed");
    NEAR(fake_metric(fake, "close_wait"), before + 5);
    fake_free(fake);
    fake = forwarder(state);
    fake_set(fake, "warn", "4");
    fake_set(fake, "fail", "5");
    CONCLUDES(fake, TALON_FAIL, "colima.leak", "at 2048 it forwards nothing any more");
    fake_free(fake);
    for (size_t i = 0; i < 5; i++)
        close(fds[i]);
}

static void no_instance(void **state)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "forwarder");

    fake_set(fake, "folder", temp_path(state, "none"));
    CONCLUDES(fake, TALON_UNKNOWN, "colima.missing", "cannot look into");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_can_be_asked),   cmocka_unit_test(each_thing_that_is_wrong), cmocka_unit_test(nested_virtualization),
        cmocka_unit_test(a_vm_that_lets_nobody_in), cmocka_unit_test(options_that_cannot_be),  cmocka_unit_test(connections_that_are_left),
        cmocka_unit_test(no_instance),
    };

    return cmocka_run_group_tests(tests, temp_folder_make, temp_folder_remove);
}
