/* The parts around a supervised program: its environment from a file and from others, its log turned over while it writes, a descriptor handed on, a port looked at. */
#include "base/os/pass.h"
#include "base/os/port.h"
#include "programs/environment.h"
#include "programs/rotate.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- environment */

static const char *value_of(const struct environment *environment, const char *name)
{
    const size_t n = strlen(name);

    for (size_t i = 0; i < environment->n; i++)
        if (strncmp(environment->all[i], name, n) == 0 && environment->all[i][n] == '=')
            return environment->all[i] + n + 1;
    return NULL;
}

static void a_file_is_read_and_never_run(void **state)
{
    static const struct {
        const char *line, *name, *value; /* value NULL: it is no variable */
    } cases[] = {
        { "A=b", "A", "b" },
        { "export A=b", "A", "b" },
        { "export   A=b", "A", "b" },
        { "  A=b", "A", "b" },
        { "A=\"b c\"", "A", "b c" },
        { "A='b c'", "A", "b c" },
        { "A='b", "A", "'b" },
        { "A=\"", "A", "\"" },
        { "A=", "A", "" },
        { "A=\"\"", "A", "" },
        { "A=b\r", "A", "b" },
        { "A=b \t", "A", "b" },
        { "A=$(id) `id` $HOME", "A", "$(id) `id` $HOME" },
        { "A=b=c", "A", "b=c" },
        { "A_1=x", "A_1", "x" },
        { "1A=x", "1A", NULL },
        { "A B=x", "A", NULL },
        { "export", "export", NULL },
        { "=x", "", NULL },
        { "A", "A", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct environment *environment = environment_create("/bin");
        const size_t bad = environment_read(environment, cases[i].line);

        assert_int_equal(bad, cases[i].value == NULL);
        if (cases[i].value)
            assert_string_equal(value_of(environment, cases[i].name), cases[i].value);
        else
            assert_null(value_of(environment, cases[i].name[0] ? cases[i].name : "A"));
        environment_free(environment);
    }
}

static void comments_and_empty_lines_are_passed_over_and_the_last_one_counts(void **state)
{
    struct environment *environment = environment_create("/bin:/usr/bin");

    (void)state;
    assert_int_equal(environment_read(environment, "# A=1\n\n   \n\t# x\nA=1\nA=2"), 0);
    assert_string_equal(value_of(environment, "A"), "2");
    assert_true(environment_set(environment, "A", "34", 1));
    assert_string_equal(value_of(environment, "A"), "3");
    assert_string_equal(value_of(environment, "PATH"), "/bin:/usr/bin");
    assert_null(environment->all[environment->n]);
    environment_free(environment);
    environment_free(NULL);
}

static void there_is_a_bound(void **state)
{
    struct environment *environment = environment_create("/bin");
    char name[32];
    size_t n = 0;

    (void)state;
    for (bool good = true; good; n += good) {
        snprintf(name, sizeof name, "V%zu", n);
        good = environment_set(environment, name, "", 0);
    }
    assert_int_equal(environment->n, ENVIRONMENT_VARIABLES);
    assert_null(environment->all[ENVIRONMENT_VARIABLES]);
    environment_free(environment);
}

/* ---- a log */

static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void a_log_is_turned_over_while_it_is_written(void **state)
{
    char path[512], old[600];
    int fd;

    snprintf(path, sizeof path, "%s/log", (const char *)*state);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (int turn = 1; turn <= 5; turn++) {
        for (int i = 0; i < 10; i++)
            assert_int_equal(write(fd, "0123456789", 10), 10);
        rotate_log(path, 101);
        assert_int_equal(size_of(path), 100);
        rotate_log(path, 100);
        assert_int_equal(size_of(path), 0); /* and the next byte is the first one */
        snprintf(old, sizeof old, "%s.1", path);
        assert_int_equal(size_of(old), 100);
    }
    snprintf(old, sizeof old, "%s.3", path);
    assert_int_equal(size_of(old), 100);
    snprintf(old, sizeof old, "%s.4", path);
    assert_int_equal(size_of(old), -1);
    close(fd);
    rotate_log("", 1);
    rotate_log("/dev/null", 0); /* no file: left alone */
}

/* ---- a descriptor */

static void a_descriptor_is_handed_on(void **state)
{
    int ends[2], pipes[2], fd;
    char byte, read_back;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(pass_receive(ends[1], &byte, &fd), -1);
    assert_true(pass_send(ends[0], 'c', pipes[0]));
    assert_true(pass_send(ends[0], 'd', -1));
    close(pipes[0]);
    assert_int_equal(pass_receive(ends[1], &byte, &fd), 1);
    assert_true(byte == 'c' && fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    assert_int_equal(write(pipes[1], "x", 1), 1);
    assert_int_equal(read(fd, &read_back, 1), 1);
    close(fd);
    assert_int_equal(pass_receive(ends[1], &byte, &fd), 1);
    assert_true(byte == 'd' && fd == -1);
    close(ends[0]);
    assert_int_equal(pass_receive(ends[1], &byte, &fd), 0);
    close(ends[1]);
    close(pipes[1]);
}

/* ---- a port */

static void a_port_that_is_taken_has_a_holder(void **state)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET };
    struct port_holder holder;
    socklen_t n = sizeof address;
    uint16_t port;

    (void)state;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    port = ntohs(address.sin_port);
    assert_int_equal(port_look(NULL, port, &holder), PORT_TAKEN);
    assert_int_equal(holder.pid, getpid());
    assert_true(strncmp(holder.name, "test_programs", 13) == 0);
    assert_int_equal(port_look("127.0.0.1", port, &holder), PORT_TAKEN);
    assert_int_equal(port_look("127.0.0.2", port, &holder), PORT_FREE);
    close(fd);
    assert_int_equal(port_look(NULL, port, &holder), PORT_FREE);
    assert_int_equal(holder.pid, 0);
    assert_int_equal(port_look("no address", port, &holder), PORT_NO_ANSWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_and_never_run),
        cmocka_unit_test(comments_and_empty_lines_are_passed_over_and_the_last_one_counts),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test_setup_teardown(a_log_is_turned_over_while_it_is_written, temp_folder_make, temp_folder_remove),
        cmocka_unit_test(a_descriptor_is_handed_on),
        cmocka_unit_test(a_port_that_is_taken_has_a_holder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
