/* core/watch: which changes of files and folders are seen, once, and only when they have been quiet for two seconds. Time is given, not waited for. */
#include "watch.h"

#include "base/moment.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define S (uint64_t)NS_PER_S

/* Stands in for the configuration: two files and a folder. */
struct config {
    struct config_file files[2];
    const char *folders[2];
    char paths[3][TEMP_PATH];
};

static struct config config;
static struct watch *watch;
static uint64_t now;

const struct config_file *config_files(const struct config *c, size_t *n)
{
    *n = 2;
    return c->files;
}

const char *const *config_folders(const struct config *c)
{
    return c->folders;
}

/* As core/config reads a file's facts. */
static void read_file(size_t i)
{
    struct stat st;

    assert_int_equal(stat(config.paths[i], &st), 0);
#if defined(__APPLE__)
    config.files[i].mtime_ns = (int64_t)st.st_mtimespec.tv_sec * (int64_t)NS_PER_S + st.st_mtimespec.tv_nsec;
#else
    config.files[i].mtime_ns = (int64_t)st.st_mtim.tv_sec * (int64_t)NS_PER_S + st.st_mtim.tv_nsec;
#endif
    config.files[i].path = config.paths[i];
    config.files[i].inode = (uint64_t)st.st_ino;
    config.files[i].n = (size_t)st.st_size;
}

/* A time of change that differs from every other one here. */
static void stamp(const char *path, time_t seconds)
{
    const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int begin(void **state)
{
    static const char *const names[] = { "talon.yaml", "db.yaml", "checks" };

    if (temp_folder_make(state) != 0)
        return -1;
    for (size_t i = 0; i < 3; i++)
        snprintf(config.paths[i], TEMP_PATH, "%.400s/%s", (const char *)*state, names[i]);
    temp_write(config.paths[0], "a: 1\n");
    temp_write(config.paths[1], "b: 1\n");
    if (mkdir(config.paths[2], 0700) != 0)
        return -1;
    for (size_t i = 0; i < 3; i++)
        stamp(config.paths[i], 1000 + (time_t)i);
    read_file(0);
    read_file(1);
    config.folders[0] = config.paths[2];
    now = 100 * S;
    watch = NULL;
    return watch_take(&watch, &config, 5000 * (int64_t)S, 6000 * (int64_t)S) ? 0 : -1;
}

static int end(void **state)
{
    watch_free(watch);
    return temp_folder_remove(state);
}

/* Looks once a second for a minute; returns how often a change was told, and when the first was (in seconds from now). */
static unsigned told(unsigned *first)
{
    unsigned n = 0;

    for (unsigned second = 0; second < 60; second++, now += S) {
        if (!watch_look(watch, now))
            continue;
        if (n++ == 0)
            *first = second;
    }
    return n;
}

static void expect_change(void)
{
    unsigned first = 0;

    assert_int_equal(told(&first), 1);
    assert_int_equal(first, 2); /* seen at once, told after two quiet seconds */
}

static void expect_none(void)
{
    unsigned first;

    assert_int_equal(told(&first), 0);
}

static void nothing_changes(void **state)
{
    (void)state;
    expect_none();
    assert_false(watch_look(NULL, now));
    watch_free(NULL);
}

static void a_file_is_written_in_place(void **state)
{
    (void)state;
    temp_write(config.paths[1], "b: 2\n"); /* of the same size */
    expect_change();
    expect_none();
    temp_write(config.paths[1], "b: 3 and more\n");
    stamp(config.paths[1], 1001); /* at the same time as the first one */
    expect_change();
}

static void a_file_is_replaced(void **state)
{
    const char *other = temp_path(state, "other");

    temp_write(other, "b: 1\n");
    stamp(other, 1001); /* nothing but the inode differs */
    assert_int_equal(rename(other, config.paths[1]), 0);
    expect_change();
}

static void a_file_goes_and_comes(void **state)
{
    (void)state;
    assert_int_equal(unlink(config.paths[0]), 0);
    expect_change();
    temp_write(config.paths[0], "a: 1\n");
    expect_change();
}

static void a_folder_gets_a_file(void **state)
{
    temp_write(temp_path(state, "checks/new.yaml"), "c: 1\n");
    expect_change();
    assert_int_equal(unlink(temp_path(state, "checks/new.yaml")), 0);
    stamp(config.paths[2], 1003);
    expect_change();
}

/* While somebody is still saving, nothing is told. */
static void it_waits_for_quiet(void **state)
{
    (void)state;
    for (time_t i = 0; i < 30; i++) {
        stamp(config.paths[0], 2000 + i);
        assert_false(watch_look(watch, now += S));
    }
    assert_false(watch_look(watch, now + 2 * S - 1));
    assert_true(watch_look(watch, now + 2 * S));
    assert_false(watch_look(watch, now + 3 * S));
}

static void back_as_it_was_is_no_change(void **state)
{
    (void)state;
    stamp(config.paths[0], 2000);
    assert_false(watch_look(watch, now += S));
    stamp(config.paths[0], 1000);
    expect_none();
}

/* Between being read and being watched: the file that was read is not the one that is there. */
static void a_change_before_the_watch_is_seen(void **state)
{
    (void)state;
    temp_write(config.paths[1], "b: 2\n");
    assert_true(watch_take(&watch, &config, 5000 * (int64_t)S, 6000 * (int64_t)S));
    expect_change();
    expect_none();
}

static void a_new_file_before_the_watch_is_seen(void **state)
{
    (void)state;
    stamp(config.paths[2], 5500);
    assert_true(watch_take(&watch, &config, 5000 * (int64_t)S, 6000 * (int64_t)S));
    expect_change();
    expect_none();
    assert_true(watch_take(&watch, &config, 5501 * (int64_t)S, 6000 * (int64_t)S)); /* read anew, with the file */
    expect_none();
    assert_true(watch_take(&watch, &config, 4000 * (int64_t)S, 5000 * (int64_t)S)); /* stamped in the future: not once more with every reload */
    expect_none();
}

int main(void)
{
#define WATCHED(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WATCHED(nothing_changes),
        WATCHED(a_file_is_written_in_place),
        WATCHED(a_file_is_replaced),
        WATCHED(a_file_goes_and_comes),
        WATCHED(a_folder_gets_a_file),
        WATCHED(it_waits_for_quiet),
        WATCHED(back_as_it_was_is_no_change),
        WATCHED(a_change_before_the_watch_is_seen),
        WATCHED(a_new_file_before_the_watch_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
