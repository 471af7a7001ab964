/* core/store/state: the lock between daemons, files replaced whole, what plugins saved, and a folder that cannot be written or holds nonsense. */
#include "store/state.h"

#include "base/os/log.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char why[600], text[1 << 16];
static struct rlimit unbounded;

static int begin(void **state)
{
    if (temp_folder_make(state) != 0)
        return -1;
    return log_open(&(struct log_settings){ .file = temp_path(state, "log"), .level = LOG_LEVEL_INFO }) ? 0 : -1;
}

static int end(void **state)
{
    log_close();
    return temp_folder_remove(state);
}

static struct state *open_state(void **state)
{
    pid_t holder;
    struct state *opened = state_open(temp_path(state, "state"), &holder, why, sizeof why);

    if (!opened)
        fail_msg("%s", why);
    return opened;
}

/* How often the log says it. */
static size_t logged(void **state, const char *what)
{
    size_t n = 0;

    temp_read(temp_path(state, "log"), text, sizeof text);
    for (const char *p = text; (p = strstr(p, what)); p++)
        n++;
    return n;
}

static size_t recall(struct state *opened, const char *name, const char *expected)
{
    char bytes[STATE_SAVED];
    const size_t n = state_recall(opened, name, bytes, sizeof bytes);

    if (n > 0)
        assert_memory_equal(bytes, expected, n);
    return n;
}

/* ---- the folder and its lock */

static void the_folder_is_private(void **state)
{
    struct state *opened = open_state(state);
    struct stat st;

    assert_int_equal(stat(temp_path(state, "state"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_string_equal(state_folder(opened), temp_path(state, "state"));
    assert_true(state_write(opened, "state.json", "{}", 2));
    assert_int_equal(stat(temp_path(state, "state/state.json"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_null(state_trouble(opened));
    state_close(opened);
    state_close(NULL);
}

static void a_second_daemon_is_told_the_first(void **state)
{
    int told[2], go[2];
    pid_t holder = 0, child;
    char byte;

    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) {
        close(go[1]);
        if (!state_open(temp_path(state, "state"), &holder, why, sizeof why) || write(told[1], "x", 1) != 1 || read(go[0], &byte, 1) != 0)
            _exit(1);
        raise(SIGKILL); /* gives nothing back */
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_null(state_open(temp_path(state, "state"), &holder, why, sizeof why));
    assert_int_equal(holder, child);
    close(go[0]);
    close(go[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    state_close(open_state(state));
    state_close(open_state(state));
    close(told[0]);
    close(told[1]);
}

static void a_folder_that_cannot_be_had(void **state)
{
    char huge[3000], expected[600];
    pid_t holder = 0;

    temp_write(temp_path(state, "state"), "");
    assert_null(state_open(temp_path(state, "state"), &holder, why, sizeof why));
    assert_int_equal(holder, -1);
    snprintf(expected, sizeof expected, "%s cannot be made: Not a directory", temp_path(state, "state"));
    assert_string_equal(why, expected);
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_null(state_open(huge, &holder, why, sizeof why));
    assert_int_equal(holder, -1);
    assert_string_equal(why, "the path of the state folder is too long");
}

/* ---- files */

static void files_are_read_without_a_lock(void **state)
{
    struct state *opened = open_state(state);
    struct buffer b = buffer_make(100);

    assert_true(state_write(opened, "endpoint", "127.0.0.1:9999\n", 15));
    assert_true(state_read(temp_path(state, "state"), "endpoint", &b));
    assert_string_equal(buffer_string(&b), "127.0.0.1:9999\n");
    assert_false(state_read(temp_path(state, "state"), "none", &b));
    assert_int_equal(errno, ENOENT);
    buffer_free(&b);
    state_close(opened);
}

static void what_is_set_aside_stays(void **state)
{
    struct state *opened = open_state(state);
    char name[64];

    for (int i = 1; i <= 12; i++) {
        char content[16];

        snprintf(content, sizeof content, "%d", i);
        assert_true(state_write(opened, "x", content, strlen(content)));
        state_set_aside(opened, "x");
    }
    temp_read(temp_path(state, "state/x.broken"), text, sizeof text);
    assert_string_equal(text, "1");
    for (int i = 2; i <= 9; i++) {
        snprintf(name, sizeof name, "state/x.broken.%d", i);
        temp_read(temp_path(state, name), text, sizeof text);
        assert_int_equal(strtol(text, NULL, 10), i < 9 ? i : 12); /* bounded: the last place is used again */
    }
    assert_int_equal(temp_count(temp_path(state, "state")), 10); /* and the lock */
    assert_int_equal(logged(state, "was set aside"), 12);
    state_set_aside(opened, "none");
    assert_int_equal(logged(state, "can neither be understood nor set aside"), 1);
    state_close(opened);
}

/* ---- a disk that is full */

static void fill_disk(void)
{
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unbounded), 0);
    none = unbounded;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

static void free_disk(void)
{
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unbounded), 0);
    signal(SIGXFSZ, SIG_DFL);
}

static void a_failed_write_is_told_until_it_is_over(void **state)
{
    struct state *opened = open_state(state);
    const uint64_t lost = log_lost();

    assert_true(state_write(opened, "a", "old", 3));
    fill_disk();
    assert_false(state_write(opened, "a", "new", 3));
    assert_false(state_write(opened, "b", "new", 3));
    assert_non_null(state_trouble(opened));
    assert_non_null(strstr(state_trouble(opened), "/state/b cannot be written: "));
    assert_false(state_write(opened, "a", "new", 3));
    assert_non_null(strstr(state_trouble(opened), "/state/a cannot be written: "));
    assert_int_equal(log_lost() - lost, 2); /* one for each file: the log's own disk is full as well */
    free_disk();
    assert_true(state_write(opened, "a", "new", 3));
    assert_non_null(strstr(state_trouble(opened), "/state/b cannot be written: ")); /* the other one is not over */
    assert_true(state_write(opened, "b", "new", 3));
    assert_null(state_trouble(opened));
    assert_int_equal(logged(state, "the state folder can be written again"), 2);
    temp_read(temp_path(state, "state/a"), text, sizeof text);
    assert_string_equal(text, "new");
    state_close(opened);
}

static void what_is_written_once_is_tried_again(void **state)
{
    struct state *opened = open_state(state);
    struct buffer bytes = buffer_make(0);

    fill_disk();
    buffer_text(&bytes, "once");
    state_write_once(opened, "a", &bytes);
    assert_null(bytes.data); /* taken */
    state_retry(opened);
    assert_non_null(state_trouble(opened));
    free_disk();
    state_retry(opened);
    assert_null(state_trouble(opened));
    temp_read(temp_path(state, "state/a"), text, sizeof text);
    assert_string_equal(text, "once");
    fill_disk();
    buffer_text(&bytes, "old");
    state_write_once(opened, "a", &bytes);
    free_disk();
    assert_true(state_write(opened, "a", "newer", 5));
    state_retry(opened);
    temp_read(temp_path(state, "state/a"), text, sizeof text);
    assert_string_equal(text, "newer"); /* what has come since is not undone */
    state_close(opened);
}

static void many_failing_files_are_bounded(void **state)
{
    struct state *opened = open_state(state);
    char name[16];

    fill_disk();
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "f%d", i);
        assert_false(state_write(opened, name, "x", 1));
    }
    free_disk();
    assert_non_null(strstr(state_trouble(opened), "/state/f49 "));
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "f%d", i);
        assert_true(state_write(opened, name, "x", 1));
    }
    assert_null(state_trouble(opened));
    state_close(opened);
}

static void what_could_not_be_written_is_written_later(void **state)
{
    struct state *opened = open_state(state);

    state_save(opened, "db.ping", "first", 5);
    state_flush(opened);
    fill_disk();
    state_save(opened, "db.ping", "second", 6);
    state_flush(opened);
    state_flush(opened);
    assert_non_null(strstr(state_trouble(opened), "/state/saved.json cannot be written: "));
    free_disk();
    state_flush(opened);
    assert_null(state_trouble(opened));
    state_close(opened);
    opened = open_state(state);
    assert_int_equal(recall(opened, "db.ping", "second"), 6);
    state_close(opened);
}

/* ---- what plugins saved */

static void saved_bytes_outlive_a_restart(void **state)
{
    struct state *opened = open_state(state);
    char every[256], bytes[300], largest[STATE_SAVED];

    for (int i = 0; i < 256; i++)
        every[i] = (char)i;
    memset(largest, 0xFF, sizeof largest);
    state_save(opened, "logs.all", every, sizeof every);
    state_save(opened, "a.b", "x", 1);
    state_save(opened, "a.b", "yz", 2);
    state_save(opened, "none.none", NULL, 0);
    state_save(opened, "large.large", largest, sizeof largest);
    assert_int_equal(recall(opened, "a.b", "yz"), 2);
    state_close(opened); /* flushes */
    opened = open_state(state);
    assert_int_equal(state_recall(opened, "logs.all", bytes, sizeof bytes), 256);
    assert_memory_equal(bytes, every, 256);
    assert_int_equal(recall(opened, "a.b", "yz"), 2);
    assert_int_equal(recall(opened, "none.none", ""), 0);
    assert_int_equal(recall(opened, "large.large", largest), STATE_SAVED);
    assert_int_equal(recall(opened, "c.d", ""), 0);
    assert_int_equal(state_recall(opened, "logs.all", bytes, 255), 0); /* whole or not at all */
    state_close(opened);
}

static void nothing_new_is_not_written(void **state)
{
    struct state *opened = open_state(state);
    struct stat st;

    state_flush(opened);
    assert_int_equal(stat(temp_path(state, "state/saved.json"), &st), -1);
    state_save(opened, "a.b", "x", 1);
    state_flush(opened);
    assert_int_equal(unlink(temp_path(state, "state/saved.json")), 0);
    state_flush(opened);
    assert_int_equal(stat(temp_path(state, "state/saved.json"), &st), -1);
    state_close(opened);
}

static void too_much_is_refused_and_told(void **state)
{
    static char bytes[STATE_SAVED + 1];
    struct state *opened = open_state(state);

    state_save(opened, "a.b", "kept", 4);
    state_save(opened, "a.b", bytes, sizeof bytes);
    assert_int_equal(recall(opened, "a.b", "kept"), 4);
    assert_int_equal(logged(state, "\"check\":\"a.b\",\"why\":\"it is more than 4 KiB\""), 1);
    state_close(opened);
}

static void fill_places(struct state *opened, const char *prefix, int n)
{
    char name[32];

    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s.%d", prefix, i);
        state_save(opened, name, name, strlen(name));
    }
}

/* 4096 checks at most; those that are gone since the start make room. */
static void the_dead_make_room_for_the_living(void **state)
{
    struct state *opened = open_state(state);

    fill_places(opened, "old", 4096);
    state_save(opened, "one.more", "x", 1);
    assert_int_equal(recall(opened, "one.more", "x"), 0); /* all are in use */
    assert_int_equal(logged(state, "there is no room for it"), 1);
    state_close(opened);
    opened = open_state(state);
    assert_int_equal(recall(opened, "old.0", "old.0"), 5);
    fill_places(opened, "new", 4095);
    assert_int_equal(recall(opened, "old.0", "old.0"), 5); /* asked for: it is alive */
    assert_int_equal(recall(opened, "new.4094", "new.4094"), 8);
    assert_int_equal(recall(opened, "old.7", "old.7"), 0);
    state_close(opened);
    opened = open_state(state);
    assert_int_equal(recall(opened, "new.4094", "new.4094"), 8);
    state_close(opened);
}

/* ---- a saved.json that is none */

static void hostile(void **state, const char *content, size_t n)
{
    const char *path;
    FILE *file;
    struct state *opened;
    struct stat st;

    assert_true(mkdir(temp_path(state, "state"), 0700) == 0 || errno == EEXIST);
    path = temp_path(state, "state/saved.json");
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    opened = open_state(state);
    if (stat(path, &st) == 0)
        fail_msg("%.60s was taken", content);
    assert_int_equal(stat(temp_path(state, "state/saved.json.broken"), &st), 0);
    assert_int_equal(st.st_size, n);
    assert_int_equal(unlink(temp_path(state, "state/saved.json.broken")), 0);
    state_save(opened, "a.b", "x", 1); /* it works all the same */
    state_close(opened);
    opened = open_state(state);
    assert_int_equal(recall(opened, "a.b", "x"), 1);
    state_close(opened);
}

static void nonsense_is_set_aside(void **state)
{
    static const char *const contents[] = {
        "", "{", "null", "[]", "\"x\"", "{\"a\": 1}", "{\"a\": null}", "{\"a\": \"*\"}", "{\"a\": \"QQ\"}", "{\"a\": \"QQ==\"} {}", "{\"a\": \"QQ==\"}garbage", "{\"a\": {\"b\": \"QQ==\"}}", "\xFF\xFE{\"a\"",
    };

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        hostile(state, contents[i], strlen(contents[i]));
    hostile(state, "{\"a\": \"QQ==\"}\0\0\0\0", 17); /* as a crash of the machine leaves it */
    hostile(state, "\0\0\0\0\0\0\0\0", 8);
}

static void repeat(char *out, const char *part, size_t n)
{
    const size_t size = strlen(part);

    for (size_t i = 0; i < n; i++)
        memcpy(out + i * size, part, size);
    out[n * size] = '\0';
}

static void huge_nonsense_is_set_aside(void **state)
{
    static char content[2 << 20];

    repeat(content, "[", 1 << 20);
    hostile(state, content, strlen(content));
    repeat(content, "{\"a\":", 100000);
    hostile(state, content, strlen(content));
    repeat(content, "{\"a\":\"\",", 100000);
    hostile(state, content, strlen(content));
    content[0] = '{';
    repeat(content + 1, "\"\":\"\",", 300000); /* each would cost the parser thirty times its size */
    strncpy(content + strlen(content) - 1, "}", 2);
    hostile(state, content, strlen(content));
    memcpy(content, "{\"a\":\"", 6);
    repeat(content + 6, "QUJD", 400000); /* more than any instance may save */
    strncat(content, "\"}", 3);
    hostile(state, content, strlen(content));
}

/* What could be understood is not thrown away with the rest. */
static void the_good_part_is_kept(void **state)
{
    struct state *opened;
    struct stat st;

    assert_int_equal(mkdir(temp_path(state, "state"), 0700), 0);
    temp_write(temp_path(state, "state/saved.json"), "{\"a\": \"QQ==\", \"b\": 7, \"c\": \"Qw==\"}");
    opened = open_state(state);
    assert_int_equal(recall(opened, "a", "A"), 1);
    assert_int_equal(recall(opened, "c", "C"), 1);
    assert_int_equal(stat(temp_path(state, "state/saved.json.broken"), &st), 0);
    state_close(opened);
    opened = open_state(state);
    assert_int_equal(recall(opened, "a", "A"), 1);
    assert_int_equal(recall(opened, "c", "C"), 1);
    state_close(opened);
}

static void what_cannot_be_read_is_set_aside(void **state)
{
    struct state *opened;
    struct stat st;

    assert_int_equal(mkdir(temp_path(state, "state"), 0700), 0);
    assert_int_equal(mkfifo(temp_path(state, "state/saved.json"), 0600), 0); /* hangs nobody */
    opened = open_state(state);
    assert_int_equal(stat(temp_path(state, "state/saved.json.broken"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    state_close(opened);
    temp_write(temp_path(state, "state/saved.json"), "");
    assert_int_equal(truncate(temp_path(state, "state/saved.json"), (off_t)40 << 20), 0); /* over the bound */
    opened = open_state(state);
    assert_int_equal(stat(temp_path(state, "state/saved.json.broken.2"), &st), 0);
    state_close(opened);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_folder_is_private),
        IN_FOLDER(a_second_daemon_is_told_the_first),
        IN_FOLDER(a_folder_that_cannot_be_had),
        IN_FOLDER(files_are_read_without_a_lock),
        IN_FOLDER(what_is_set_aside_stays),
        IN_FOLDER(a_failed_write_is_told_until_it_is_over),
        IN_FOLDER(what_is_written_once_is_tried_again),
        IN_FOLDER(many_failing_files_are_bounded),
        IN_FOLDER(what_could_not_be_written_is_written_later),
        IN_FOLDER(saved_bytes_outlive_a_restart),
        IN_FOLDER(nothing_new_is_not_written),
        IN_FOLDER(too_much_is_refused_and_told),
        IN_FOLDER(the_dead_make_room_for_the_living),
        IN_FOLDER(nonsense_is_set_aside),
        IN_FOLDER(huge_nonsense_is_set_aside),
        IN_FOLDER(the_good_part_is_kept),
        IN_FOLDER(what_cannot_be_read_is_set_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
