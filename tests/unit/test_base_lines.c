/* core/base/os/lines over a socket pair: parts of lines, many lines, lines too long, a full queue, a peer that reads nothing or dies. */
#include "base/os/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 100, QUEUE = 1000, MANY = 1000000 };

struct ends {
    struct lines *lines;
    int peer;
};

struct seen {
    size_t n, bytes;
    char text[4000];     /* each line and a '|' */
    struct lines *free_at_line;
    size_t at;
};

static int make(void **state)
{
    struct ends *ends = calloc(1, sizeof *ends);
    int fds[2];

    if (!ends || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return -1;
    ends->lines = lines_create(fds[0], LINE, QUEUE);
    ends->peer = fds[1];
    *state = ends;
    return ends->lines ? 0 : -1;
}

static int unmake(void **state)
{
    struct ends *ends = *state;

    lines_free(ends->lines);
    if (ends->peer >= 0)
        close(ends->peer);
    free(ends);
    return 0;
}

static void on_line(void *arg, char *text, size_t n)
{
    struct seen *seen = arg;

    assert_int_equal(text[n], '\0');
    seen->n++;
    seen->bytes += n;
    if (strlen(seen->text) + n + 2 < sizeof seen->text) {
        strncat(seen->text, text, n);
        strncat(seen->text, "|", 2);
    }
    if (seen->free_at_line && seen->n == seen->at) {
        lines_free(seen->free_at_line);
        memset(text, 'x', n); /* the line is still ours */
    }
}

static void say(const struct ends *ends, const char *text)
{
    assert_int_equal(write(ends->peer, text, strlen(text)), strlen(text));
}

/* ---- reading */

static void reads_whole_lines(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };

    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    say(ends, "one\ntwo\n\nfo");
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    assert_string_equal(seen.text, "one|two||");
    say(ends, "u");
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    assert_int_equal(seen.n, 3);
    assert_false(lines_pending(ends->lines));
    say(ends, "r\nfive");
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    assert_string_equal(seen.text, "one|two||four|");
    close(ends->peer);
    ends->peer = -1;
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_CLOSED);
    assert_int_equal(seen.n, 4); /* half a line is none */
}

static void is_non_blocking_and_not_inherited(void **state)
{
    struct ends *ends = *state;
    const int fd = lines_fd(ends->lines);

    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void stops_after_as_many_as_asked(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };

    say(ends, "1\n2\n3\n4\n5");
    assert_int_equal(lines_read(ends->lines, 0, on_line, &seen), LINES_MORE);
    assert_int_equal(seen.n, 0);
    assert_int_equal(lines_read(ends->lines, 3, on_line, &seen), LINES_MORE);
    assert_string_equal(seen.text, "1|2|3|");
    assert_true(lines_pending(ends->lines));
    assert_int_equal(lines_read(ends->lines, 1, on_line, &seen), LINES_MORE);
    assert_false(lines_pending(ends->lines));
    say(ends, "\n");
    assert_int_equal(lines_read(ends->lines, 1, on_line, &seen), LINES_MORE);
    assert_string_equal(seen.text, "1|2|3|4|5|");
}

/* What was said before the end is heard before the end. */
static void the_last_words_are_heard(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };

    say(ends, "a\nb\n");
    close(ends->peer);
    ends->peer = -1;
    assert_int_equal(lines_read(ends->lines, 1, on_line, &seen), LINES_MORE);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_CLOSED);
    assert_string_equal(seen.text, "a|b|");
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_CLOSED);
}

static void line_of(char *text, size_t n)
{
    memset(text, 'x', n);
    text[n] = '\n';
    text[n + 1] = '\0';
}

static void the_longest_line_is_one(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };
    char text[LINE + 3];

    line_of(text, LINE);
    say(ends, text);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    assert_int_equal(seen.bytes, LINE);
    line_of(text, LINE + 1);
    say(ends, "ok\n");
    say(ends, text);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_TOO_LONG);
    assert_int_equal(seen.n, 2);
}

static void a_line_without_an_end_is_too_long(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };
    char text[LINE + 3];

    line_of(text, LINE);
    text[LINE] = '\0';
    say(ends, text);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    say(ends, "y");
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_TOO_LONG);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_TOO_LONG);
    assert_int_equal(seen.n, 0);
}

static void nul_bytes_are_counted(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };

    assert_int_equal(write(ends->peer, "a\0b\n", 4), 4);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    assert_int_equal(seen.bytes, 3);
}

/* Whatever the pieces in which they come: the same lines, and as many at a time as asked. */
static void pieces_of_any_size(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };
    char all[20000];
    size_t n = 0, lines = 0, bytes = 0;

    srand(9);
    while (n < sizeof all - LINE - 2) {
        const size_t length = (size_t)rand() % (LINE + 1);

        memset(all + n, 'a' + rand() % 26, length);
        all[n + length] = '\n';
        n += length + 1;
        lines++;
        bytes += length;
    }
    for (size_t sent = 0; sent < n;) {
        const size_t piece = (size_t)rand() % 300 + 1, part = piece < n - sent ? piece : n - sent;

        assert_int_equal(write(ends->peer, all + sent, part), part);
        sent += part;
        do {
            assert_int_equal(lines_read(ends->lines, (size_t)rand() % 3 + 1, on_line, &seen), LINES_MORE);
        } while (lines_pending(ends->lines));
    }
    do {
        assert_int_equal(lines_read(ends->lines, 5, on_line, &seen), LINES_MORE);
    } while (lines_pending(ends->lines) || seen.n < lines);
    assert_int_equal(seen.n, lines);
    assert_int_equal(seen.bytes, bytes);
}

static void a_callback_may_free_it(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { .free_at_line = ends->lines, .at = 2 };
    const int fd = lines_fd(ends->lines);

    say(ends, "one\ntwo\nthree\n");
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    ends->lines = NULL;
    assert_int_equal(seen.n, 2);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* ---- writing */

static size_t hear(int peer, char *text, size_t room)
{
    size_t n = 0;
    ssize_t got;

    while (n < room && (got = recv(peer, text + n, room - n, MSG_DONTWAIT)) > 0)
        n += (size_t)got;
    return n;
}

static void sends_lines(void **state)
{
    struct ends *ends = *state;
    char text[100];

    assert_int_equal(lines_flush(ends->lines), LINES_MORE);
    assert_true(lines_send(ends->lines, "one", 3));
    assert_true(lines_send(ends->lines, "", 0));
    assert_true(lines_send(ends->lines, "two", 3));
    assert_int_equal(lines_queued(ends->lines), 9);
    assert_int_equal(lines_flush(ends->lines), LINES_MORE);
    assert_int_equal(lines_queued(ends->lines), 0);
    assert_int_equal(hear(ends->peer, text, sizeof text), 9);
    assert_memory_equal(text, "one\n\ntwo\n", 9);
}

static void the_queue_is_bounded(void **state)
{
    struct ends *ends = *state;
    char text[QUEUE + 10], got[QUEUE * 2];

    memset(text, 'q', sizeof text);
    assert_false(lines_send(ends->lines, text, QUEUE)); /* with its newline one too many */
    assert_false(lines_send(ends->lines, text, SIZE_MAX));
    assert_int_equal(lines_queued(ends->lines), 0);
    assert_true(lines_send(ends->lines, text, QUEUE - 10));
    assert_int_equal(lines_queued(ends->lines), QUEUE - 9);
    assert_false(lines_send(ends->lines, text, 9));
    assert_int_equal(lines_queued(ends->lines), QUEUE - 9); /* nothing of it was added */
    assert_true(lines_send(ends->lines, text, 8));
    assert_false(lines_send(ends->lines, "", 0));
    assert_int_equal(lines_queued(ends->lines), QUEUE);
    assert_int_equal(lines_flush(ends->lines), LINES_MORE);
    assert_int_equal(hear(ends->peer, got, sizeof got), QUEUE);
    assert_true(lines_send(ends->lines, text, QUEUE - 1));
}

/* A peer that reads nothing: flush returns, the rest waits, and all of it arrives in order once it reads. */
static void a_slow_reader_stops_nobody(void **state)
{
    struct ends *ends = *state;
    struct lines *lines;
    int fds[2];
    size_t sent = 0, heard = 0, n;
    static char got[4 << 20];

    (void)ends;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    lines = lines_create(fds[0], LINE, 2 << 20);
    for (int i = 0; i < 100000; i++) {
        char text[32];
        const int length = snprintf(text, sizeof text, "line %d", i);

        if (!lines_send(lines, text, (size_t)length))
            break;
        sent += (size_t)length + 1;
    }
    assert_int_equal(lines_flush(lines), LINES_MORE);
    assert_true(lines_queued(lines) > 0);
    while (lines_queued(lines) > 0) {
        n = hear(fds[1], got + heard, 5000);
        assert_true(n > 0);
        heard += n;
        assert_int_equal(lines_flush(lines), LINES_MORE);
    }
    while ((n = hear(fds[1], got + heard, 5000)) > 0)
        heard += n;
    assert_int_equal(heard, sent);
    for (size_t at = 0, i = 0; at < heard; i++) {
        char text[32];
        const int length = snprintf(text, sizeof text, "line %zu\n", i);

        assert_memory_equal(got + at, text, (size_t)length);
        at += (size_t)length;
    }
    lines_free(lines);
    close(fds[1]);
}

/* SIGPIPE would end the test. */
static void a_dead_peer_is_told(void **state)
{
    struct ends *ends = *state;
    struct seen seen = { 0 };

    signal(SIGPIPE, SIG_DFL);
    say(ends, "last words\n");
    close(ends->peer);
    ends->peer = -1;
    assert_true(lines_send(ends->lines, "x", 1));
    assert_int_equal(lines_flush(ends->lines), LINES_CLOSED);
    assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_CLOSED);
    assert_string_equal(seen.text, "last words|");
}

static void what_is_no_socket_is_broken(void **state)
{
    struct lines *lines = lines_create(open("/dev/null", O_RDWR), LINE, QUEUE);

    (void)state;
    assert_true(lines_send(lines, "x", 1));
    assert_int_equal(lines_flush(lines), LINES_BROKEN);
    assert_int_equal(errno, ENOTSOCK);
    lines_free(lines);
    lines_free(NULL);
}

/* ---- signals in between */

static void nothing(int number)
{
    (void)number;
}

struct storm {
    pthread_t target;
    volatile sig_atomic_t over;
};

static void *blow(void *arg)
{
    struct storm *storm = arg;

    while (!storm->over)
        pthread_kill(storm->target, SIGUSR1);
    return NULL;
}

static void signals_disturb_nothing(void **state)
{
    struct ends *ends = *state;
    struct sigaction action = { .sa_handler = nothing }, before;
    struct storm storm = { .target = pthread_self() };
    struct seen seen = { 0 };
    pthread_t thread;

    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, &before);
    assert_int_equal(pthread_create(&thread, NULL, blow, &storm), 0);
    for (int i = 0; i < 2000; i++) {
        char text[8];

        assert_true(lines_send(ends->lines, "abc", 3));
        assert_int_equal(lines_flush(ends->lines), LINES_MORE);
        while (recv(ends->peer, text, 4, MSG_WAITALL) < 0 && errno == EINTR)
            ;
        while (write(ends->peer, text, 4) < 0 && errno == EINTR)
            ;
        assert_int_equal(lines_read(ends->lines, MANY, on_line, &seen), LINES_MORE);
    }
    storm.over = 1;
    pthread_join(thread, NULL);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(seen.n, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_whole_lines, make, unmake),
        cmocka_unit_test_setup_teardown(is_non_blocking_and_not_inherited, make, unmake),
        cmocka_unit_test_setup_teardown(stops_after_as_many_as_asked, make, unmake),
        cmocka_unit_test_setup_teardown(the_last_words_are_heard, make, unmake),
        cmocka_unit_test_setup_teardown(the_longest_line_is_one, make, unmake),
        cmocka_unit_test_setup_teardown(a_line_without_an_end_is_too_long, make, unmake),
        cmocka_unit_test_setup_teardown(nul_bytes_are_counted, make, unmake),
        cmocka_unit_test_setup_teardown(pieces_of_any_size, make, unmake),
        cmocka_unit_test_setup_teardown(a_callback_may_free_it, make, unmake),
        cmocka_unit_test_setup_teardown(sends_lines, make, unmake),
        cmocka_unit_test_setup_teardown(the_queue_is_bounded, make, unmake),
        cmocka_unit_test_setup_teardown(a_slow_reader_stops_nobody, make, unmake),
        cmocka_unit_test_setup_teardown(a_dead_peer_is_told, make, unmake),
        cmocka_unit_test_setup_teardown(what_is_no_socket_is_broken, make, unmake),
        cmocka_unit_test_setup_teardown(signals_disturb_nothing, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
