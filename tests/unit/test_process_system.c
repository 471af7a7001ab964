/* What the real system says of processes and listeners (process_linux.c, process_darwin.c): asked of this test itself and
 * of children that it starts and ends. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "plugin_test.h"

#include "../../plugins/process/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program_name; /* of this test */

static int listener(int family, uint16_t *port)
{
    const int fd = socket(family, SOCK_STREAM, 0);
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr *to = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;

    if (fd < 0 || bind(fd, to, size) != 0 || listen(fd, 1) != 0 || getsockname(fd, to, &size) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static struct process_address at(const char *host, uint16_t port)
{
    struct process_address address;
    char text[80];

    snprintf(text, sizeof text, "%s:%u", host, port);
    assert_true(process_address_read(text, &address));
    return address;
}

static void this_process(void **unused)
{
    struct process_facts facts;

    (void)unused;
    assert_int_equal(process_look(getpid(), &facts), PROCESS_YES);
    assert_false(facts.zombie);
    assert_true(facts.uptime >= 0 && facts.uptime < 3600);
    assert_true(facts.memory > 0);
    assert_true(facts.name[0] != '\0');
    assert_true(process_is_called(getpid(), &facts, facts.name));
    assert_true(process_is_called(getpid(), &facts, program_name));
    assert_false(process_is_called(getpid(), &facts, "surely-something-else"));
    assert_false(process_is_called(getpid(), &facts, ""));
}

static void a_child_from_its_birth_to_its_burial(void **unused)
{
    struct process_facts facts;
    siginfo_t ended;
    int fds[2];
    pid_t child;

    (void)unused;
    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char c;

        close(fds[1]);
        _exit(read(fds[0], &c, 1) == 0 ? 0 : 1);
    }
    close(fds[0]);
    assert_int_equal(process_look(child, &facts), PROCESS_YES);
    assert_false(facts.zombie);
    close(fds[1]);
    assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
    assert_true(process_look(child, &facts) != PROCESS_YES || facts.zombie);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(process_look(child, &facts), PROCESS_NO);
}

static void the_scan_finds_this_process_once(void **unused)
{
    struct process_scan *scan = process_scan_open();
    size_t found = 0;
    pid_t pid;

    (void)unused;
    assert_non_null(scan);
    while ((pid = process_scan_next(scan)) != 0) {
        assert_true(pid > 0);
        found += pid == getpid();
    }
    process_scan_close(scan);
    assert_int_equal(found, 1);
}

static void this_process_listens(void **unused)
{
    static const struct {
        int family;
        const char *host, *other;
    } cases[] = { { AF_INET, "127.0.0.1", "[::1]" }, { AF_INET6, "[::1]", "127.0.0.1" } };

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct process_sockets sockets = { .n = 0 }, others = { .n = 0 };
        struct process_address address, other;
        uint16_t port;
        const int fd = listener(cases[i].family, &port);

        if (fd < 0 && cases[i].family == AF_INET6)
            continue; /* a machine without IPv6 */
        assert_true(fd >= 0);
        address = at(cases[i].host, port);
        other = at(cases[i].other, port);
        assert_int_equal(process_listeners(&address, &sockets), PROCESS_YES);
        assert_int_equal(process_listens(getpid(), &address, &sockets), PROCESS_YES);
        assert_true(process_listeners(&other, &others) != PROCESS_YES); /* on the other loopback nobody does */
        assert_int_equal(process_listens(getppid(), &other, &others), PROCESS_NO);
        close(fd);
        sockets.n = 0;
        assert_true(process_listeners(&address, &sockets) != PROCESS_YES);
        assert_int_equal(process_listens(getpid(), &address, &sockets), PROCESS_NO);
    }
}

static void a_connection_is_no_listener(void **unused)
{
    struct process_sockets sockets = { .n = 0 };
    struct process_address address;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from;
    socklen_t size = sizeof from;
    uint16_t port;
    const int server = listener(AF_INET, &port), client = socket(AF_INET, SOCK_STREAM, 0);

    (void)unused;
    to.sin_port = htons(port);
    assert_true(server >= 0 && client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(getsockname(client, (struct sockaddr *)&from, &size), 0);
    address = at("127.0.0.1", ntohs(from.sin_port));
    assert_true(process_listeners(&address, &sockets) != PROCESS_YES);
    close(client);
    close(server);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_process),
        cmocka_unit_test(a_child_from_its_birth_to_its_burial),
        cmocka_unit_test(the_scan_finds_this_process_once),
        cmocka_unit_test(this_process_listens),
        cmocka_unit_test(a_connection_is_no_listener),
    };

    (void)argc;
    program_name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    return cmocka_run_group_tests_name("processes of the system", tests, NULL, NULL);
}
