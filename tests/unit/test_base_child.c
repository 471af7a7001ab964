/* core/base/os/child: what a child is given and what not, how failures to start are told, and that it dies with its parent where that can be had. */
#include "base/os/child.h"

#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/usr/local/bin:/usr/bin:/bin"
#define COMMAND(...) (const char *const[]){ __VA_ARGS__, NULL }

enum { PATIENCE = 20000 }; /* ms, for what must come */

static char why[600];

static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return status;
}

/* Reads to the end, within patience. */
static size_t read_all(int fd, char *text, size_t room)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };
    size_t n = 0;
    ssize_t got;

    do {
        assert_int_equal(poll(&readable, 1, PATIENCE), 1);
        got = read(fd, text + n, room - 1 - n);
        assert_true(got >= 0);
        n += (size_t)got;
    } while (got > 0);
    text[n] = '\0';
    return n;
}

/* Runs it and compares what it prints. */
static void prints(struct child_request request, const char *expected)
{
    char text[4000];
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    request.out = ends[1];
    pid = child_start(&request, why, sizeof why);
    if (pid < 0)
        fail_msg("%s", why);
    close(ends[1]);
    read_all(ends[0], text, sizeof text);
    close(ends[0]);
    assert_int_equal(wait_for(pid), 0);
    assert_string_equal(text, expected);
}

static struct child_request shell(const char *const *argv)
{
    return (struct child_request){ .argv = argv, .path = PATH, .in = -1, .out = -1, .err = -1 };
}

/* ---- what it is given */

static void arguments_and_input(void **state)
{
    struct child_request request = shell(COMMAND("sh", "-c", "printf '%s,' \"$@\"; cat", "sh", "a b", "", "*"));
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "input", 5), 5);
    close(ends[1]);
    request.in = ends[0];
    prints(request, "a b,,*,input");
    assert_int_equal(fcntl(ends[0], F_GETFD), 0); /* still open here */
    close(ends[0]);
}

static void nothing_is_dev_null(void **state)
{
    (void)state;
    prints(shell(COMMAND("sh", "-c", "cat; echo lost >&2; echo end")), "end\n");
}

static void no_other_descriptors(void **state)
{
    int fds[40];

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        fds[i] = dup(STDERR_FILENO); /* without close-on-exec */
        assert_true(fds[i] >= 0);
    }
    prints(shell(COMMAND("sh", "-c", "for i in 3 4 5 6 7 8 9 10 11 20 30 40 45; do if (: >&$i) 2>/dev/null; then echo $i; fi; done; echo end")), "end\n");
    for (size_t i = 0; i < 40; i++)
        close(fds[i]);
}

static void the_folder(void **state)
{
    char real[600], expected[700];
    struct child_request request = shell(COMMAND("pwd"));

    prints(request, "/\n");
    assert_true(chdir(*state) == 0 && getcwd(real, sizeof real) && chdir("/") == 0);
    snprintf(expected, sizeof expected, "%s\n", real);
    request.folder = real;
    prints(request, expected);
}

static void a_small_environment(void **state)
{
    (void)state;
    setenv("HOME", "/home/ada", 1);
    setenv("USER", "ada", 1);
    setenv("LANG", "C", 1);
    setenv("TZ", "UTC", 1);
    setenv("TMPDIR", "/tmp", 1);
    setenv("SSL_CERT_FILE", "/tmp/ca.pem", 1);
    unsetenv("SSL_CERT_DIR");
    setenv("TALON_SECRET", "x", 1);
    prints(shell(COMMAND("env")), "PATH=" PATH "\nHOME=/home/ada\nUSER=ada\nLANG=C\nTZ=UTC\nTMPDIR=/tmp\nSSL_CERT_FILE=/tmp/ca.pem\n");
    unsetenv("TMPDIR");
    unsetenv("SSL_CERT_FILE");
    unsetenv("TZ");
    prints(shell(COMMAND("env")), "PATH=" PATH "\nHOME=/home/ada\nUSER=ada\nLANG=C\n");
}

static void a_given_environment(void **state)
{
    const char *const env[] = { "A=1", "PATH=/nowhere", NULL }, *const none[] = { NULL };
    struct child_request request = shell(COMMAND("env"));

    (void)state;
    request.env = env;
    prints(request, "A=1\nPATH=/nowhere\n");
    request.env = none;
    prints(request, "");
}

/* ---- its group, its signals */

static pid_t start_cat(int session, int *in)
{
    struct child_request request = shell(COMMAND("cat"));
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    request.in = ends[0];
    request.new_session = session;
    pid = child_start(&request, why, sizeof why);
    assert_true(pid > 0);
    close(ends[0]);
    *in = ends[1];
    return pid;
}

static void a_group_of_its_own(void **state)
{
    int in;

    (void)state;
    for (int session = 0; session < 2; session++) {
        const pid_t pid = start_cat(session, &in);

        assert_int_equal(getpgid(pid), pid);
        assert_int_equal(getsid(pid), session ? pid : getsid(0));
        close(in);
        assert_int_equal(wait_for(pid), 0);
    }
}

static void signals_are_as_at_the_beginning(void **state)
{
    struct child_request request = shell(COMMAND("sh", "-c", "kill -TERM $$; sleep 20"));
    sigset_t blocked, before;
    int status;
    pid_t pid;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGPIPE);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    pid = child_start(&request, why, sizeof why);
    assert_true(pid > 0);
    status = wait_for(pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    request.argv = COMMAND("sh", "-c", "kill -PIPE $$; sleep 20");
    status = wait_for(child_start(&request, why, sizeof why));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    assert_true(sigismember(&blocked, SIGTERM)); /* ours are as they were */
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

/* ---- descriptors in every order: in a process of its own, whose 0, 1 and 2 can be given up */

static int in_own_process(void (*test)(void))
{
    const pid_t pid = fork();

    if (pid == 0) {
        test();
        _exit(0);
    }
    return wait_for(pid);
}

static void need(bool good)
{
    if (!good)
        _exit(1);
}

static void without_standard_descriptors(void)
{
    struct child_request request = shell(COMMAND("sh", "-c", "cat >/dev/null; echo out; echo err >&2"));
    char text[100];
    int ends[2];
    ssize_t n;

    close(0);
    close(1);
    close(2);
    need(pipe(ends) == 0 && ends[0] == 0 && ends[1] == 1);
    request.out = request.err = ends[1];
    need(child_start(&request, why, sizeof why) > 0);
    close(ends[1]);
    for (size_t got = 0; (n = read(ends[0], text + got, sizeof text - got)) > 0;)
        got += (size_t)n;
    need(memcmp(text, "out\nerr\n", 8) == 0);
}

/* Each of the three is given as the number that another one becomes. */
static void crossed_descriptors(void)
{
    struct child_request request = shell(COMMAND("sh", "-c", "cat; echo err >&2"));
    int input[2], output[2], error[2];
    char text[16];

    close(0);
    close(1);
    close(2);
    need(dup2(open("/dev/null", O_RDWR), 1) == 1 && dup2(0, 2) == 2);
    need(pipe(input) == 0 && pipe(output) == 0 && pipe(error) == 0 && input[0] > 2);
    need(write(input[1], "input\n", 6) == 6);
    need(dup2(output[1], 0) == 0 && dup2(error[1], 1) == 1 && dup2(input[0], 2) == 2);
    request.out = 0;
    request.err = 1;
    request.in = 2;
    fcntl(input[1], F_SETFD, FD_CLOEXEC);
    need(child_start(&request, why, sizeof why) > 0);
    close(input[1]);
    need(read(output[0], text, 6) == 6 && memcmp(text, "input\n", 6) == 0);
    need(read(error[0], text, 4) == 4 && memcmp(text, "err\n", 4) == 0);
}

static void descriptors_in_any_order(void **state)
{
    (void)state;
    assert_int_equal(in_own_process(without_standard_descriptors), 0);
    assert_int_equal(in_own_process(crossed_descriptors), 0);
}

/* ---- what cannot be started */

static void refused(const struct child_request *request, int error, const char *sentence)
{
    assert_int_equal(child_start(request, why, sizeof why), -1);
    assert_int_equal(errno, error);
    assert_string_equal(why, sentence);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
    assert_int_equal(errno, ECHILD);
}

static void script(const char *path, const char *text, mode_t mode)
{
    temp_write(path, text);
    assert_int_equal(chmod(path, mode), 0);
}

static void what_is_not_there(void **state)
{
    struct child_request request = shell(COMMAND("limactl"));
    char expected[700];

    request.path = "/usr/bin:/bin";
    refused(&request, ENOENT, "limactl is not found in /usr/bin:/bin");
    request.argv = COMMAND("/nowhere/limactl");
    refused(&request, ENOENT, "/nowhere/limactl does not exist");
    request.argv = COMMAND("");
    refused(&request, ENOENT, "the name of the program is empty");
    request.argv = COMMAND("sh");
    request.path = "";
    request.folder = "/nowhere";
    refused(&request, ENOTDIR, "the folder /nowhere cannot be entered: No such file or directory");
    request.folder = temp_path(state, "file");
    temp_write(request.folder, "");
    snprintf(expected, sizeof expected, "the folder %s cannot be entered: Not a directory", request.folder);
    refused(&request, ENOTDIR, expected);
}

static void what_cannot_be_executed(void **state)
{
    const char *plain = temp_path(state, "plain"), *lost = temp_path(state, "lost"), *nothing = temp_path(state, "nothing");
    struct child_request request = shell(COMMAND(plain));
    char expected[700];

    script(plain, "#!/bin/sh\n", 0600);
    snprintf(expected, sizeof expected, "%s is not executable", plain);
    refused(&request, EACCES, expected);
    request.argv = COMMAND(*state);
    snprintf(expected, sizeof expected, "%s is not executable", (const char *)*state);
    refused(&request, EACCES, expected);
    script(lost, "#!/nowhere/interpreter\n", 0700);
    request.argv = COMMAND(lost);
    snprintf(expected, sizeof expected, "%s cannot be started: its interpreter does not exist", lost);
    refused(&request, ENOENT, expected);
    script(nothing, "echo hello\n", 0700);
    request.argv = COMMAND(nothing);
    snprintf(expected, sizeof expected, "%s cannot be started: it is no program of this system, and has no #! line", nothing);
    refused(&request, ENOEXEC, expected);
}

static void no_descriptor_left(void **state)
{
    struct child_request request = shell(COMMAND("true"));
    struct rlimit limit, none;
    pid_t pid;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    pid = child_start(&request, why, sizeof why);
    assert_int_equal(errno, EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(pid, -1);
    assert_non_null(strstr(why, " cannot be started: "));
}

static size_t open_descriptors(void)
{
    size_t n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void nothing_stays_open(void **state)
{
    const size_t before = open_descriptors();
    struct child_request good = shell(COMMAND("true")), bad = shell(COMMAND(temp_path(state, "none")));

    for (int i = 0; i < 5; i++) {
        assert_int_equal(wait_for(child_start(&good, why, sizeof why)), 0);
        assert_int_equal(child_start(&bad, why, sizeof why), -1);
    }
    assert_int_equal(open_descriptors(), before);
}

/* ---- finding */

static void finds_programs(void **state)
{
    const char *first = temp_path(state, "1"), *second = temp_path(state, "2");
    char path[1200], in_first[600], in_second[600], found[600] = "";

    assert_true(mkdir(first, 0700) == 0 && mkdir(second, 0700) == 0);
    snprintf(in_first, sizeof in_first, "%s/tool", first);
    snprintf(in_second, sizeof in_second, "%s/tool", second);
    snprintf(path, sizeof path, "/nowhere::%s:%s", first, second);
    assert_int_equal(child_find("tool", path, found, sizeof found), 0);
    script(in_second, "", 0700);
    assert_int_equal(child_find("tool", path, found, sizeof found), 1);
    assert_string_equal(found, in_second);
    script(in_first, "", 0600); /* passed over, as execvp does */
    assert_int_equal(child_find("tool", path, found, sizeof found), 1);
    assert_string_equal(found, in_second);
    assert_int_equal(chmod(in_second, 0600), 0);
    assert_int_equal(child_find("tool", path, found, sizeof found), -1);
    assert_string_equal(found, in_first);
    assert_int_equal(chmod(in_first, 0700), 0);
    assert_int_equal(child_find("tool", path, found, sizeof found), 1);
    assert_string_equal(found, in_first);
    assert_int_equal(child_find(in_second, path, found, sizeof found), -1);
    assert_int_equal(child_find(in_first, "", found, sizeof found), 1);
}

static void relative_folders_are_passed_over(void **state)
{
    char found[600];

    script(temp_path(state, "tool"), "", 0700);
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(child_find("tool", ".:", found, sizeof found), 0);
    assert_int_equal(child_find("tool", "", found, sizeof found), 0);
    assert_int_equal(child_find("./tool", "", found, sizeof found), 1); /* this one was meant */
    assert_int_equal(found[0], '/');
    assert_int_equal(chdir("/"), 0);
}

/* ---- its parent's death */

#ifdef __linux__
static void dies_with_its_parent(void **state)
{
    int ends[2];
    char text[16];
    pid_t parent;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    parent = fork();
    if (parent == 0) {
        struct child_request request = shell(COMMAND("sleep", "60"));

        request.out = ends[1];
        request.die_with_parent = 1;
        _exit(child_start(&request, why, sizeof why) > 0 ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(wait_for(parent), 0);
    assert_int_equal(read_all(ends[0], text, sizeof text), 0); /* the end comes when the last writer is gone */
    close(ends[0]);
}
#endif

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, temp_folder_make, temp_folder_remove)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_and_input),
        cmocka_unit_test(nothing_is_dev_null),
        cmocka_unit_test(no_other_descriptors),
        WITH_FOLDER(the_folder),
        cmocka_unit_test(a_small_environment),
        cmocka_unit_test(a_given_environment),
        cmocka_unit_test(a_group_of_its_own),
        cmocka_unit_test(signals_are_as_at_the_beginning),
        cmocka_unit_test(descriptors_in_any_order),
        WITH_FOLDER(what_is_not_there),
        WITH_FOLDER(what_cannot_be_executed),
        cmocka_unit_test(no_descriptor_left),
        WITH_FOLDER(nothing_stays_open),
        WITH_FOLDER(finds_programs),
        WITH_FOLDER(relative_folders_are_passed_over),
#ifdef __linux__
        cmocka_unit_test(dies_with_its_parent),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
