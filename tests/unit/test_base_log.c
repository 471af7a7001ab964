/* core/base/os/log: what a line looks like, rotation, a file that another program moves, a full disk, and standard error that nobody reads. */
#include "base/os/log.h"

#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIMESTAMP = sizeof "{\"timestamp\":\"2024-01-02T03:04:05.678Z\"" - 1 };

static char text[1 << 20];
static int true_stderr, heard = -1;

/* ---- standard error into a pipe, so that it can be looked at */

static int catch_stderr(void **state)
{
    int ends[2];

    if (temp_folder_make(state) != 0 || pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    true_stderr = dup(STDERR_FILENO);
    heard = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return 0;
}

static int give_stderr_back(void **state)
{
    log_close();
    dup2(true_stderr, STDERR_FILENO);
    close(true_stderr);
    if (heard >= 0)
        close(heard);
    heard = -1;
    return temp_folder_remove(state);
}

static const char *hear(void)
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(heard, text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    return text;
}

static bool open_log(void **state, const char *name, uint64_t rotate)
{
    return log_open(&(struct log_settings){ .file = name ? temp_path(state, name) : NULL, .level = LOG_LEVEL_INFO, .rotate_bytes = rotate, .to_stderr = !name });
}

/* The file without its timestamps, each line's rest. */
static const char *lines_of(void **state, const char *name)
{
    char *out = text;

    temp_read(temp_path(state, name), text, sizeof text);
    for (const char *from = text, *end; *from; from = end + 1) {
        end = strchr(from, '\n');
        if (!end || end - from < TIMESTAMP)
            fail_msg("not whole: %s", from);
        memmove(out, from + TIMESTAMP, (size_t)(end - from) - TIMESTAMP);
        out += end - from - TIMESTAMP;
        *out++ = '\n';
    }
    *out = '\0';
    return text;
}

/* ---- a line */

static void the_timestamp_is_utc_with_milliseconds(void **state)
{
    static const char shape[] = "{\"timestamp\":\"dddd-dd-ddTdd:dd:dd.dddZ\",";

    assert_true(open_log(state, "log", 0));
    log_info("x", NULL);
    temp_read(temp_path(state, "log"), text, sizeof text);
    for (size_t i = 0; i < sizeof shape - 1; i++)
        assert_true(shape[i] == 'd' && i > 13 ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i]);
}

static void pairs_follow_the_message(void **state)
{
    assert_true(open_log(state, "log", 0));
    log_info("check is failed", "check", "db.ping", "reason", "connect.refused", NULL);
    log_warn("no pairs", NULL);
    log_error("odd \"text\"\n\x01\xFF", "na\"me", "", "none", (const char *)NULL, "last", "a b", NULL);
    log_debug("below the level", NULL);
    assert_string_equal(lines_of(state, "log"), ",\"level\":\"info\",\"message\":\"check is failed\",\"check\":\"db.ping\",\"reason\":\"connect.refused\"}\n"
                                                ",\"level\":\"warn\",\"message\":\"no pairs\"}\n"
                                                ",\"level\":\"error\",\"message\":\"odd \\\"text\\\"\\n\\u0001\xEF\xBF\xBD\",\"na\\\"me\":\"\",\"last\":\"a b\"}\n");
    assert_string_equal(hear(), "");
}

static void standard_error_is_brief(void **state)
{
    assert_true(open_log(state, NULL, 0));
    log_info("check is\nfailed", "check", "db.ping", "why", "a b", "odd", "x=y", "none", "", NULL);
    assert_string_equal(hear(), "[talon][info] check is failed check=db.ping why=\"a b\" odd=\"x=y\" none=\"\"\n");
    log_debug("nothing", NULL);
    assert_string_equal(hear(), "");
}

static void both_can_be_had(void **state)
{
    assert_true(log_open(&(struct log_settings){ .file = temp_path(state, "new/folder/log"), .level = LOG_LEVEL_WARN, .to_stderr = true }));
    log_info("x", NULL);
    log_warn("y", NULL);
    assert_string_equal(hear(), "[talon][warn] y\n");
    assert_string_equal(lines_of(state, "new/folder/log"), ",\"level\":\"warn\",\"message\":\"y\"}\n");
}

static void a_long_value_is_cut(void **state)
{
    static char value[200000];

    memset(value, 'v', sizeof value - 1);
    assert_true(open_log(state, "log", 0));
    log_info("x", "value", value, "next", "here", NULL);
    assert_non_null(strstr(lines_of(state, "log"), "\",\"next\":\"here\"}\n"));
    assert_in_range(strlen(text), 4096, 4300);
}

static void levels_have_names(void **state)
{
    enum log_level level;

    (void)state;
    assert_true(log_level_from("debug", &level) && level == LOG_LEVEL_DEBUG);
    assert_true(log_level_from("info", &level) && level == LOG_LEVEL_INFO);
    assert_true(log_level_from("warn", &level) && level == LOG_LEVEL_WARN);
    assert_true(log_level_from("error", &level) && level == LOG_LEVEL_ERROR);
    assert_false(log_level_from("warning", &level));
    assert_false(log_level_from("", &level));
}

/* ---- rotation */

static size_t size_of(void **state, const char *name)
{
    struct stat st;

    return stat(temp_path(state, name), &st) == 0 ? (size_t)st.st_size : 0;
}

static void rotates_by_size(void **state)
{
    size_t lines = 0;

    assert_true(open_log(state, "log", 1000));
    for (int i = 0; i < 100; i++)
        log_info("a line of some length", NULL);
    assert_int_equal(temp_count(*state), 4);
    for (int i = 0; i <= 3; i++) {
        const char *name = (const char *[]){ "log", "log.1", "log.2", "log.3" }[i];

        assert_in_range(size_of(state, name), 1, 1000);
        lines_of(state, name); /* whole lines alone */
        for (const char *p = text; *p; p++)
            lines += *p == '\n';
    }
    assert_true(lines > 20);
    assert_int_equal(log_lost(), 0);
}

/* In order, and none twice: the newest is in FILE, the oldest in FILE.3. */
static void rotation_keeps_the_order(void **state)
{
    static char all[8000];
    static const char *const names[] = { "log.3", "log.2", "log.1", "log" };
    int first;

    assert_true(open_log(state, "log", 500));
    for (int i = 0; i < 40; i++) {
        char number[8];

        snprintf(number, sizeof number, "%03d", i);
        log_info(number, NULL);
    }
    for (size_t i = 0; i < 4; i++) {
        temp_read(temp_path(state, names[i]), text, sizeof text);
        strncat(all, text, sizeof all - strlen(all) - 1);
    }
    first = (int)strtol(strstr(all, "\"message\":\"") + 11, NULL, 10);
    assert_in_range(first, 1, 38);
    for (const char *p = strstr(all, "\"message\":\""); p; p = strstr(p + 1, "\"message\":\""))
        assert_int_equal(strtol(p + 11, NULL, 10), first++);
    assert_int_equal(first, 40);
}

static void a_file_from_before_is_continued(void **state)
{
    temp_write(temp_path(state, "log"), "before\n");
    assert_true(open_log(state, "log", 0));
    log_info("x", NULL);
    temp_read(temp_path(state, "log"), text, sizeof text);
    assert_memory_equal(text, "before\n{\"timestamp\"", 19);
    log_close();
    temp_write(temp_path(state, "log"), text);
    assert_true(open_log(state, "log", 100)); /* it is over the size already */
    log_info("y", NULL);
    assert_int_equal(temp_count(*state), 2);
}

static void opening_again_follows_a_rename(void **state)
{
    assert_true(open_log(state, "log", 0));
    log_info("1", NULL);
    assert_int_equal(rename(temp_path(state, "log"), temp_path(state, "old")), 0);
    log_info("2", NULL);
    assert_true(open_log(state, "log", 0));
    log_info("3", NULL);
    assert_string_equal(lines_of(state, "old"), ",\"level\":\"info\",\"message\":\"1\"}\n,\"level\":\"info\",\"message\":\"2\"}\n");
    assert_string_equal(lines_of(state, "log"), ",\"level\":\"info\",\"message\":\"3\"}\n");
}

#ifdef TALON_DEBUG_HOOKS
/* Without being told, with the first line of another minute. */
static void a_minute_later_a_rename_is_seen(void **state)
{
    setenv("TALON_CLOCK_SHIFT_FILE", temp_path(state, "shift"), 1);
    assert_true(open_log(state, "log", 0));
    log_info("1", NULL);
    assert_int_equal(rename(temp_path(state, "log"), temp_path(state, "old")), 0);
    temp_write(temp_path(state, "shift"), "61\n");
    log_info("2", NULL);
    assert_string_equal(lines_of(state, "log"), ",\"level\":\"info\",\"message\":\"2\"}\n");
    unsetenv("TALON_CLOCK_SHIFT_FILE");
}

static void a_minute_later_a_missing_file_is_tried_again(void **state)
{
    setenv("TALON_CLOCK_SHIFT_FILE", temp_path(state, "shift"), 1);
    assert_int_equal(mkdir(temp_path(state, "log"), 0700), 0);
    assert_false(open_log(state, "log", 0));
    log_info("1", NULL);
    assert_string_equal(hear(), "[talon][info] 1\n");
    assert_int_equal(rmdir(temp_path(state, "log")), 0);
    temp_write(temp_path(state, "shift"), "61\n");
    log_info("2", NULL);
    assert_string_equal(hear(), "");
    assert_string_equal(lines_of(state, "log"), ",\"level\":\"info\",\"message\":\"2\"}\n");
    unsetenv("TALON_CLOCK_SHIFT_FILE");
}
#endif

/* ---- what goes wrong */

static void what_is_no_file_is_not_opened(void **state)
{
    assert_int_equal(mkfifo(temp_path(state, "fifo"), 0600), 0);
    assert_false(open_log(state, "fifo", 0));
    assert_int_equal(errno, EINVAL);
    log_info("x", NULL);
    assert_string_equal(hear(), "[talon][info] x\n"); /* then standard error alone */
    assert_int_equal(mkdir(temp_path(state, "folder"), 0700), 0);
    assert_false(open_log(state, "folder", 0));
    assert_int_equal(errno, EISDIR);
    temp_write(temp_path(state, "file"), "");
    assert_false(open_log(state, "file/log", 0));
    assert_int_equal(errno, ENOTDIR);
}

static void a_full_disk_is_counted_and_told(void **state)
{
    const uint64_t before = log_lost();
    struct rlimit limit, small;
    char told[100], why[512];
    size_t cut;

    assert_true(open_log(state, "log", 0));
    log_info("before", NULL);
    assert_false(log_trouble(why, sizeof why));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    cut = size_of(state, "log") + 20; /* within the next line */
    small.rlim_cur = cut;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    errno = EDOM;
    log_info("lost", NULL);
    assert_int_equal(errno, EDOM); /* whoever logs a failure still wants to know it */
    log_info("lost as well", NULL);
    log_try_again();
    assert_true(log_trouble(why, sizeof why));
    assert_non_null(strstr(why, "2 log lines could not be written to "));
    assert_non_null(strstr(why, ": File too large"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_try_again(); /* a quiet log finds out as well */
    assert_false(log_trouble(why, sizeof why));
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(log_lost() - before, 2);
    assert_string_equal(hear(), "[talon][info] lost\n[talon][info] lost as well\n");
    log_info("after", NULL);
    log_info("later", NULL);
    assert_int_equal(log_lost() - before, 2);
    temp_read(temp_path(state, "log"), text, sizeof text);
    snprintf(told, sizeof told, "\"level\":\"warn\",\"message\":\"%d log lines before this one could not be written\"}\n{\"time", 2);
    assert_non_null(strstr(text, told));
    assert_memory_equal(text + cut, "\n{\"timestamp\"", 13); /* the cut line ends where it was cut, the next one is whole */
    assert_non_null(strstr(text, "\"message\":\"after\"}\n{"));
    assert_null(strstr(strstr(text, told) + strlen(told), "could not be written")); /* once */
}

/* SIGPIPE would end the test. */
static void a_dead_pipe_ends_nothing(void **state)
{
    const uint64_t before = log_lost();

    signal(SIGPIPE, SIG_DFL);
    assert_true(open_log(state, NULL, 0));
    close(heard);
    heard = -1;
    log_info("nobody reads", NULL);
    assert_int_equal(log_lost() - before, 1);
    assert_true(open_log(state, "log", 0));
    log_info("but here", NULL);
    assert_int_equal(log_lost() - before, 1);
    assert_non_null(strstr(lines_of(state, "log"), "\"message\":\"1 log lines before this one could not be written\"}\n"));
}

/* The pipe is full and its reader stands still: the caller does not. */
static void a_full_pipe_stops_nobody(void **state)
{
    static char long_value[3000];
    const uint64_t before = log_lost();
    size_t whole = 0, told = 0;

    memset(long_value, 'v', sizeof long_value - 1);
    assert_true(open_log(state, NULL, 0));
    for (int i = 0; i < 200; i++)
        log_info("line", "value", long_value, NULL);
    assert_true(log_lost() > before);
    hear();
    log_info("again", NULL);
    for (const char *p = text; (p = strstr(p, "[info] line value=")); p++)
        whole++;
    assert_true(whole > 5);
    for (const char *p = hear(); (p = strstr(p, "could not be written\n")); p++)
        told++;
    assert_int_equal(told, 1);
    assert_non_null(strstr(text, "\n[talon][info] again\n"));
}

static void before_and_after_it_warns_on_standard_error(void **state)
{
    (void)state;
    log_close();
    log_info("quiet", NULL);
    log_warn("heard", NULL);
    assert_string_equal(hear(), "[talon][warn] heard\n");
}

/* ---- threads */

static void *write_many(void *arg)
{
    for (int i = 0; i < 500; i++)
        log_info("from a thread", "name", (const char *)arg, NULL);
    return NULL;
}

static void threads_write_whole_lines(void **state)
{
    static char names[4][2] = { "a", "b", "c", "d" };
    pthread_t threads[4];
    size_t lines = 0;

    assert_true(open_log(state, "log", 0));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, names[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (const char *p = lines_of(state, "log"); *p; p += strcspn(p, "\n") + 1) {
        assert_memory_equal(p, ",\"level\":\"info\",\"message\":\"from a thread\",\"name\":\"", 50);
        lines++;
    }
    assert_int_equal(lines, 2000);
}

int main(void)
{
#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, catch_stderr, give_stderr_back)
    const struct CMUnitTest tests[] = {
        CAUGHT(the_timestamp_is_utc_with_milliseconds),
        CAUGHT(pairs_follow_the_message),
        CAUGHT(standard_error_is_brief),
        CAUGHT(both_can_be_had),
        CAUGHT(a_long_value_is_cut),
        cmocka_unit_test(levels_have_names),
        CAUGHT(rotates_by_size),
        CAUGHT(rotation_keeps_the_order),
        CAUGHT(a_file_from_before_is_continued),
        CAUGHT(opening_again_follows_a_rename),
#ifdef TALON_DEBUG_HOOKS
        CAUGHT(a_minute_later_a_rename_is_seen),
        CAUGHT(a_minute_later_a_missing_file_is_tried_again),
#endif
        CAUGHT(what_is_no_file_is_not_opened),
        CAUGHT(a_full_disk_is_counted_and_told),
        CAUGHT(a_dead_pipe_ends_nothing),
        CAUGHT(a_full_pipe_stops_nobody),
        CAUGHT(before_and_after_it_warns_on_standard_error),
        CAUGHT(threads_write_whole_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
