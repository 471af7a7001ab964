/* The control socket over a real socket: whom its file lets in, what it replaces, and what clients and a loop that stands still may do to it. */
#include "control/control_private.h"

#include "base/os/clock.h"
#include "base/os/loop.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MS(n) ((uint64_t)(n) * NS_PER_MS)
#define PATIENCE MS(20000)

static const struct control_bounds usual = { .request = MS(5000), .command = MS(10000), .taking = MS(10000), .look = MS(20) };
static const struct control_bounds quick = { .request = MS(100), .command = MS(100), .taking = MS(5000), .look = MS(10) };

/* ---- a daemon with two commands */

struct daemon {
    struct ev_loop *loop;
    struct control *control;
    unsigned called;
    struct control_ask *kept; /* by POST /keep, which does not answer */
};

static void echo(void *arg, struct control_ask *ask)
{
    struct daemon *daemon = arg;
    struct buffer body = buffer_make(0);

    daemon->called++;
    buffer_printf(&body, "{\"name\":\"%s\",\"bytes\":%zu}\n", control_name(ask), control_body(ask)->len);
    control_answer(ask, 200, &body);
}

static void keep(void *arg, struct control_ask *ask)
{
    struct daemon *daemon = arg;

    daemon->called++;
    daemon->kept = ask;
}

static const struct control_command commands[] = { { "POST", "/echo/*", echo }, { "POST", "/keep", keep } };

/* Fills it in place: its commands are given its address. */
static void start(struct daemon *daemon, const char *path, const struct control_bounds *bounds)
{
    struct control_settings settings = { .path = path, .commands = commands, .n_commands = 2, .arg = daemon };
    char why[512];

    *daemon = (struct daemon){ .loop = loop_create() };
    assert_non_null(daemon->loop);
    settings.loop = daemon->loop;
    daemon->control = control_start_within(&settings, bounds, why, sizeof why);
    if (!daemon->control)
        fail_msg("%s", why);
}

static void end(struct daemon *daemon)
{
    control_stop(daemon->control);
    ev_loop_destroy(daemon->loop);
}

/* ---- a client */

static int dial(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

/* Reads to the end while the loop turns (NULL: it stands still). Returns the status, 0: closed without one. */
static int hear(int fd, struct ev_loop *loop, char *text, size_t n)
{
    const uint64_t until = clock_awake() + PATIENCE;
    size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && clock_awake() < until) {
        struct pollfd one = { .fd = fd, .events = POLLIN };

        if (loop)
            ev_run(loop, EVRUN_NOWAIT);
        if (poll(&one, 1, 5) <= 0)
            continue;
        got = recv(fd, text + len, n - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    assert_true(got <= 0);
    text[len] = '\0';
    close(fd);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

static int ask(struct daemon *daemon, const char *path, const char *request, char *text, size_t n)
{
    int fd = dial(path);

    say(fd, request);
    return hear(fd, daemon->loop, text, n);
}

#define ECHO "POST /echo/me HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"

/* ---- the file */

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    return st.st_mode & 07777;
}

static int open_plain(const char *path, const gid_t *group, struct socket_file *file, char *why)
{
    return socket_open(path, group, file, why, 512);
}

static void its_file_is_its_owners_alone_and_goes_with_it(void **state)
{
    const char *path = temp_path(state, "s");
    const mode_t before = umask(0);
    struct socket_file file;
    const gid_t group = getegid();
    char why[512];
    int fd = open_plain(path, NULL, &file, why);

    assert_true(fd >= 0);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(umask(before), 0); /* as it was */
    close(fd);
    fd = open_plain(path, &group, &file, why); /* nobody answers on the old one: it is replaced */
    assert_true(fd >= 0);
    assert_int_equal(mode_of(path), 0660);
    assert_true(socket_is_there(path, &file));
    socket_remove(path, &file);
    assert_int_equal(access(path, F_OK), -1);
    close(fd);
}

static void only_a_dead_socket_is_replaced(void **state)
{
    const char *path = temp_path(state, "s"), *note = temp_path(state, "note");
    struct socket_file first, second;
    char why[512], text[16];
    int fd = open_plain(path, NULL, &first, why);

    assert_true(fd >= 0);
    assert_int_equal(open_plain(path, NULL, &second, why), -1);
    assert_non_null(strstr(why, "another program answers on it"));
    assert_true(socket_is_there(path, &first));
    close(fd);
    temp_write(note, "dear");
    assert_int_equal(open_plain(note, NULL, &second, why), -1);
    assert_non_null(strstr(why, "no socket"));
    temp_read(note, text, sizeof text);
    assert_string_equal(text, "dear");
    socket_remove(note, &first); /* it is another's */
    assert_int_equal(access(note, F_OK), 0);
}

static void a_folder_that_others_may_write_is_refused(void **state)
{
    const char *folder = temp_path(state, "open"), *path = temp_path(state, "open/s");
    struct socket_file file;
    char why[512];
    int fd;

    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_int_equal(open_plain(path, NULL, &file, why), -1);
    assert_non_null(strstr(why, "written by others"));
    assert_int_equal(chmod(folder, 0755), 0);
    fd = open_plain(path, NULL, &file, why);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(open_plain(temp_path(state, "none/s"), NULL, &file, why), -1);
    assert_non_null(strstr(why, "does not exist"));
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    struct socket_file file;
    char path[300], why[512];

    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(open_plain(path, NULL, &file, why), -1);
    assert_non_null(strstr(why, "too long"));
}

/* ---- requests */

static void commands_are_carried_out_on_the_loop(void **state)
{
    const char *path = temp_path(state, "s");
    struct daemon daemon;
    char text[4096];

    start(&daemon, path, &usual);
    assert_int_equal(ask(&daemon, path, ECHO, text, sizeof text), 200);
    assert_non_null(strstr(text, "{\"name\":\"me\",\"bytes\":4}"));
    assert_int_equal(ask(&daemon, path, "POST /nothing HTTP/1.1\r\nHost: x\r\n\r\n", text, sizeof text), 404);
    assert_non_null(strstr(text, "POST /echo/*"));
    assert_int_equal(ask(&daemon, path, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n", text, sizeof text), 405);
    assert_non_null(strstr(text, "Allow: POST\r\n"));
    assert_int_equal(ask(&daemon, path, "POST /keep HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", text, sizeof text), 413);
    assert_int_equal(daemon.called, 1);
    assert_true(control_is_there(daemon.control));
    end(&daemon);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_body_that_did_not_say_how_large_it_is_ends_at_64_kib(void **state)
{
    const char *path = temp_path(state, "s");
    struct daemon daemon;
    char text[4096], chunk[4200];
    int fd;

    start(&daemon, path, &usual);
    fd = dial(path);
    say(fd, "POST /echo/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    snprintf(chunk, sizeof chunk, "1000\r\n%4096s\r\n", "");
    for (int i = 0; i < 20; i++)
        if (send(fd, chunk, strlen(chunk), 0) < 0)
            break;
    assert_int_equal(hear(fd, daemon.loop, text, sizeof text), 0);
    assert_int_equal(daemon.called, 0);
    assert_int_equal(ask(&daemon, path, ECHO, text, sizeof text), 200);
    end(&daemon);
}

static void a_loop_that_stands_still_is_told_of_and_carries_nothing_out_later(void **state)
{
    const char *path = temp_path(state, "s");
    struct daemon daemon;
    char text[4096];
    int fd;

    start(&daemon, path, &quick);
    fd = dial(path);
    say(fd, ECHO);
    assert_int_equal(hear(fd, NULL, text, sizeof text), 504);
    assert_non_null(strstr(text, "the loop does not turn"));
    ev_run(daemon.loop, EVRUN_NOWAIT);
    assert_int_equal(daemon.called, 0);
    assert_int_equal(ask(&daemon, path, "POST /keep HTTP/1.1\r\nHost: x\r\n\r\n", text, sizeof text), 504);
    assert_non_null(strstr(text, "still being carried out"));
    assert_int_equal(daemon.called, 1);
    control_refuse(daemon.kept, 500, "late", "to nobody");
    end(&daemon);
}

static void slow_requests_and_a_crowd_keep_nobody_out_for_long(void **state)
{
    const char *path = temp_path(state, "s");
    struct daemon daemon;
    int crowd[CONTROL_CONNECTIONS];
    char text[4096];

    start(&daemon, path, &quick);
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++) {
        crowd[i] = dial(path);
        say(crowd[i], i % 2 == 0 ? "POST /ec" : "POST /echo/me HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo");
    }
    assert_int_equal(ask(&daemon, path, ECHO, text, sizeof text), 200); /* the 33rd */
    for (size_t i = 0; i < CONTROL_CONNECTIONS; i++)
        assert_int_equal(hear(crowd[i], daemon.loop, text, sizeof text), 0);
    assert_int_equal(daemon.called, 1);
    end(&daemon);
}

static void who_waits_at_the_end_is_told(void **state)
{
    const char *path = temp_path(state, "s");
    struct daemon daemon;
    const uint64_t until = clock_awake() + PATIENCE;
    char text[4096];
    int fd;

    start(&daemon, path, &usual);
    fd = dial(path);
    say(fd, "POST /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!daemon.kept && clock_awake() < until) {
        ev_run(daemon.loop, EVRUN_NOWAIT);
        poll(NULL, 0, 2);
    }
    assert_non_null(daemon.kept);
    end(&daemon);
    assert_int_equal(hear(fd, NULL, text, sizeof text), 503);
    assert_non_null(strstr(text, "the daemon ends"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_file_is_its_owners_alone_and_goes_with_it, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(only_a_dead_socket_is_replaced, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(a_folder_that_others_may_write_is_refused, temp_folder_make, temp_folder_remove),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test_setup_teardown(commands_are_carried_out_on_the_loop, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(a_body_that_did_not_say_how_large_it_is_ends_at_64_kib, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(a_loop_that_stands_still_is_told_of_and_carries_nothing_out_later, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(slow_requests_and_a_crowd_keep_nobody_out_for_long, temp_folder_make, temp_folder_remove),
        cmocka_unit_test_setup_teardown(who_waits_at_the_end_is_told, temp_folder_make, temp_folder_remove),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
