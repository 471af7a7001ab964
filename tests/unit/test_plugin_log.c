/* The plugin `log` on the fake host, with real files in a folder of its own: new lines, windows of time, rotation, truncation, lines that are too long or not
 * finished, more than may be read, and files that are no logs. */
#include "plugin_test.h"
#include "temp_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOON = 1767614400 };

static char folder[TEMP_PATH];

static int make_folder(void **state)
{
    if (temp_folder_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s", (const char *)*state);
    return 0;
}

static const char *in(const char *name)
{
    static char path[2][TEMP_PATH + 64];
    static unsigned which;

    which ^= 1;
    snprintf(path[which], sizeof path[which], "%s/%s", folder, name);
    return path[which];
}

static void write_bytes(const char *name, int flags, const char *text, size_t n)
{
    const int fd = open(in(name), O_WRONLY | O_CREAT | flags, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
}

static void append(const char *text)
{
    write_bytes("log", O_APPEND, text, strlen(text));
}

static void replace(const char *text)
{
    write_bytes("log", O_TRUNC, text, strlen(text));
}

/* A check that has begun to watch a log of one old line. */
static struct fake *watching(const char *const options[][2], size_t n)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "pattern");

    replace("ERROR from before\n");
    fake_set(fake, "path", in("log"));
    for (size_t i = 0; i < n; i++)
        fake_set(fake, options[i][0], options[i][1]);
    fake_calendar(fake, NOON);
    CONCLUDES(fake, TALON_OK, "log.ok", "watched from here on");
    return fake;
}

static struct fake *errors(void)
{
    static const char *const options[][2] = { { "bad", "ERROR" }, { "good", "recovered" } };

    return watching(options, 2);
}

static void over(struct fake *fake)
{
    unlink(in("log"));
    unlink(in("log.1"));
    unlink(in("log.0"));
    fake_free(fake);
}

static void new_lines_alone_count(void **unused)
{
    struct fake *fake = errors();

    (void)unused;
    CONCLUDES(fake, TALON_OK, "log.ok", "0 bad lines within 10 min, 0 new lines");
    append("all is well\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "0 bad lines within 10 min, 1 new line");
    append("an ERROR: no space\r\nnext\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line within 10 min, the last: \"an ERROR: no space\"");
    assert_string_equal(fake_detail(fake, "last_bad"), "an ERROR: no space");
    NEAR(fake_metric(fake, "bad"), 1);
    NEAR(fake_metric(fake, "lines"), 2);
    fake_advance(fake, 599 * FAKE_S);
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    fake_advance(fake, FAKE_S);
    CONCLUDES(fake, TALON_OK, "log.ok", "0 bad lines within 10 min");
    over(fake);
}

static void a_good_line_makes_bad_ones_forgotten(void **unused)
{
    struct fake *fake = errors();

    (void)unused;
    append("ERROR\nrecovered\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "0 bad lines");
    append("recovered\nERROR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    append("recovered from ERROR\n"); /* both: it is bad */
    CONCLUDES(fake, TALON_FAIL, "log.bad", "2 bad lines");
    over(fake);
}

static void so_many_are_tolerated(void **unused)
{
    static const char *const options[][2] = { { "bad", "409: Conflict" }, { "tolerate", "5" }, { "within", "2m" } };
    struct fake *fake = watching(options, 3);

    (void)unused;
    for (int i = 0; i < 5; i++)
        append("409: Conflict\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "5 bad lines within 2 min");
    append("409: Conflict\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "6 bad lines within 2 min");
    for (int i = 0; i < 500; i++)
        append("409: Conflict\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "64 or more bad lines");
    over(fake);
}

static void good_lines_must_come(void **unused)
{
    static const char *const options[][2] = { { "good", "tick complete" }, { "good_within", "10m" } };
    struct fake *fake = watching(options, 2);

    (void)unused;
    fake_advance(fake, 599 * FAKE_S);
    CONCLUDES(fake, TALON_OK, "log.ok", "");
    fake_advance(fake, FAKE_S);
    CONCLUDES(fake, TALON_FAIL, "log.no_good", "no good line for 10 min, expected within 10 min");
    append("tick complete\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "");
    NEAR(fake_metric(fake, "since_good"), 0);
    over(fake);
}

/* ---- the file changes ---- */

static void it_is_rotated(void **unused)
{
    static const char *const names[] = { "log.1", "log.0" };

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = errors();

        append("ERROR at its end, without a newline");
        assert_int_equal(rename(in("log"), in(names[i])), 0);
        append("ERROR in the new one\n");
        CONCLUDES(fake, TALON_FAIL, "log.bad", "2 bad lines within 10 min, the last: \"ERROR in the new one\"");
        NEAR(fake_metric(fake, "lines"), 2);
        CONCLUDES(fake, TALON_FAIL, "log.bad", "2 bad lines");
        over(fake);
    }
}

static void its_old_one_is_gone(void **unused)
{
    struct fake *fake = errors();

    (void)unused;
    write_bytes("log.1", 0, "ERROR of last week\n", 19);
    assert_int_equal(rename(in("log"), in("log.gz")), 0);
    append("first\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "1 new line; it was rotated");
    unlink(in("log.gz"));
    over(fake);
}

static void it_is_truncated(void **unused)
{
    struct fake *fake = errors();

    (void)unused;
    append("a line that makes it longer\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "1 new line");
    replace("ERROR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    replace("longer than before, but something else\nnothing that is bad\n"); /* copytruncate, and much was written since */
    append("recovered\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "3 new lines; it was truncated");
    over(fake);
}

static void it_is_missing_for_a_while(void **unused)
{
    static const char *const options[][2] = { { "bad", "ERROR" }, { "may_be_missing", "true" } };
    struct fake *fake = errors();

    (void)unused;
    unlink(in("log"));
    CONCLUDES(fake, TALON_FAIL, "file.missing", "log does not exist");
    append("ERROR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    over(fake);

    fake = watching(options, 2);
    unlink(in("log"));
    CONCLUDES(fake, TALON_OK, "log.ok", "0 bad lines");
    append("ERROR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    over(fake);

    fake = fake_new(&talon_plugin_descriptor, "pattern"); /* not there from the beginning: then all of it is new */
    fake_set(fake, "path", in("log"));
    fake_set(fake, "bad", "ERROR");
    CONCLUDES(fake, TALON_FAIL, "file.missing", "");
    append("ERROR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    over(fake);
}

/* ---- lines ---- */

static void a_line_that_is_not_finished_waits(void **unused)
{
    struct fake *fake = errors();

    (void)unused;
    append("an ERR");
    CONCLUDES(fake, TALON_OK, "log.ok", "0 new lines");
    append("OR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "the last: \"an ERROR\"");
    over(fake);
}

static void a_line_that_is_too_long(void **unused)
{
    enum { LONG = 200000 };
    struct fake *fake = errors();
    char *text = malloc(LONG);

    (void)unused;
    memset(text, 'x', LONG);
    memcpy(text + 100, "ERROR", 5);
    memcpy(text + 150000, "ERROR", 5);
    write_bytes("log", O_APPEND, text, LONG);
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    NEAR(fake_metric(fake, "lines"), 1);
    append(" ERROR\nrecovered\n");
    CONCLUDES(fake, TALON_OK, "log.ok", "0 bad lines within 10 min, 1 new line");
    free(text);
    over(fake);
}

static void more_than_may_be_read(void **unused)
{
    static const char *const options[][2] = { { "bad", "ERROR" }, { "max_read", "64KiB" } };
    enum { LONG = 300000 };
    struct fake *fake = watching(options, 2);
    char *text = malloc(LONG);

    (void)unused;
    for (size_t i = 0; i < LONG; i += 10)
        memcpy(text + i, "ERRO line\n", 10);
    memcpy(text, "ERROR", 5);
    write_bytes("log", O_APPEND, text, LONG);
    CONCLUDES(fake, TALON_OK, "log.ok", "229.0 KiB were too much to read");
    NEAR(fake_metric(fake, "lines"), 6553);
    NEAR(fake_metric(fake, "skipped"), LONG - 65536);
    append("ERROR\n");
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    free(text);
    over(fake);
}

static void bytes_of_any_kind(void **unused)
{
    static const char bytes[] = "\0\xff\xfe\x80" "ERROR\0\x1b[31mred\n\n\r\n\x01";
    struct fake *fake = errors();

    (void)unused;
    write_bytes("log", O_APPEND, bytes, sizeof bytes - 1);
    CONCLUDES(fake, TALON_FAIL, "log.bad", "1 bad line");
    NEAR(fake_metric(fake, "lines"), 3);
    over(fake);
}

static void what_is_no_log(void **unused)
{
    struct fake *fake = errors();

    (void)unused;
    unlink(in("log"));
    assert_int_equal(mkfifo(in("log"), 0600), 0);
    CONCLUDES(fake, TALON_FAIL, "file.kind", "log is no regular file");
    unlink(in("log"));
    assert_int_equal(mkdir(in("log"), 0700), 0);
    CONCLUDES(fake, TALON_FAIL, "file.kind", "log is no regular file");
    rmdir(in("log"));
    over(fake);
}

/* ---- age ---- */

static void ages(void **unused)
{
    static const struct {
        int64_t age;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { -5, TALON_OK, "log.ok", "last written to 0.0 ms ago" },
        { 299, TALON_OK, "log.ok", "last written to 5 min ago" },
        { 300, TALON_WARN, "log.old", "log was last written to 5 min ago; warning at 5 min" },
        { 600, TALON_FAIL, "log.old", "log was last written to 10 min ago, expected within 10 min" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct timespec times[2] = { { NOON, 0 }, { NOON, 0 } };
        struct fake *fake = fake_new(&talon_plugin_descriptor, "age");

        replace("x\n");
        assert_int_equal(utimensat(AT_FDCWD, in("log"), times, 0), 0);
        fake_set(fake, "path", in("log"));
        fake_set(fake, "warn_age", "5m");
        fake_set(fake, "max_age", "10m");
        fake_calendar(fake, NOON + cases[i].age);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        unlink(in("log"));
        CONCLUDES(fake, TALON_FAIL, "file.missing", "log does not exist");
        over(fake);
    }
}

/* ---- options ---- */

static void wrong_options(void **unused)
{
    static const struct {
        const char *operation;
        const char *options[2][2];
        const char *option, *part;
    } cases[] = {
        { "pattern", { { "within", "1m" } }, "bad", "or `good` is needed" },
        { "pattern", { { "good", "x" } }, "good", "alone says nothing" },
        { "pattern", { { "bad", "x" }, { "good_within", "1m" } }, "good_within", "needs `good`" },
        { "pattern", { { "bad", "x" }, { "within", "0" } }, "within", "must be longer than 0" },
        { "age", { { "max_age", "0" } }, "max_age", "must be longer than 0" },
        { "age", { { "max_age", "5m" }, { "warn_age", "5m" } }, "warn_age", "must be shorter than `max_age`" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, cases[i].operation);

        fake_set(fake, "path", "/var/log/x");
        for (size_t o = 0; o < 2 && cases[i].options[o][0]; o++)
            fake_set(fake, cases[i].options[o][0], cases[i].options[o][1]);
        REFUSES(fake, cases[i].option, cases[i].part);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_lines_alone_count),
        cmocka_unit_test(a_good_line_makes_bad_ones_forgotten),
        cmocka_unit_test(so_many_are_tolerated),
        cmocka_unit_test(good_lines_must_come),
        cmocka_unit_test(it_is_rotated),
        cmocka_unit_test(its_old_one_is_gone),
        cmocka_unit_test(it_is_truncated),
        cmocka_unit_test(it_is_missing_for_a_while),
        cmocka_unit_test(a_line_that_is_not_finished_waits),
        cmocka_unit_test(a_line_that_is_too_long),
        cmocka_unit_test(more_than_may_be_read),
        cmocka_unit_test(bytes_of_any_kind),
        cmocka_unit_test(what_is_no_log),
        cmocka_unit_test(ages),
        cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin log", tests, make_folder, temp_folder_remove);
}
