/* core/base/os/files: reads that cannot hang, writes that are whole or not at all, folders, paths, and the lock between processes. */
#include "base/os/files.h"
#include "base/os/process.h"

#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char why[600];

static void refused(bool good, int error, const char *sentence)
{
    assert_false(good);
    assert_int_equal(errno, error);
    assert_string_equal(why, sentence);
}

/* ---- reading */

static void reads(void **state)
{
    const char *path = temp_path(state, "file"), *link = temp_path(state, "link");
    struct buffer b = buffer_make(0);

    temp_write(path, "hello");
    assert_int_equal(symlink(path, link), 0);
    assert_true(files_read(path, &b, why, sizeof why));
    assert_string_equal(buffer_string(&b), "hello");
    assert_true(files_read(link, &b, why, sizeof why)); /* appends, and follows links */
    assert_string_equal(buffer_string(&b), "hellohello");
    buffer_free(&b);
}

static void the_bound_is_exact(void **state)
{
    const char *path = temp_path(state, "file");
    struct buffer b = buffer_make(5);

    temp_write(path, "hello");
    assert_true(files_read(path, &b, why, sizeof why));
    assert_string_equal(buffer_string(&b), "hello");
    buffer_clear(&b);
    temp_write(path, "hello!");
    refused(files_read(path, &b, why, sizeof why), EFBIG, "it is larger than 5 bytes");
    buffer_free(&b);
    temp_write(path, "");
    assert_true(files_read(path, &b, why, sizeof why));
    assert_string_equal(buffer_string(&b), "");
    buffer_free(&b);
}

static void a_large_file_comes_whole(void **state)
{
    const char *path = temp_path(state, "file");
    struct buffer written = buffer_make(0), b = buffer_make(1 << 20);

    for (int i = 0; written.len < 900000; i++)
        buffer_printf(&written, "%d,", i);
    temp_write(path, buffer_string(&written));
    assert_true(files_read(path, &b, why, sizeof why));
    assert_int_equal(b.len, written.len);
    assert_memory_equal(b.data, written.data, b.len);
    buffer_free(&b);
    buffer_free(&written);
}

static void what_is_no_file_is_refused(void **state)
{
    const char *fifo = temp_path(state, "fifo"), *link = temp_path(state, "link"), *socket_path = temp_path(state, "socket");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct buffer b = buffer_make(0);
    int fd;

    refused(files_read(temp_path(state, "none"), &b, why, sizeof why), ENOENT, "No such file or directory");
    refused(files_read(*state, &b, why, sizeof why), EISDIR, "it is a folder");
    assert_int_equal(mkfifo(fifo, 0600), 0); /* opening it would hang */
    refused(files_read(fifo, &b, why, sizeof why), EINVAL, "it is a FIFO");
    assert_int_equal(symlink(fifo, link), 0);
    refused(files_read(link, &b, why, sizeof why), EINVAL, "it is a FIFO");
    refused(files_read("/dev/zero", &b, why, sizeof why), EINVAL, "it is a device"); /* reading it would not end */
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", socket_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    refused(files_read(socket_path, &b, why, sizeof why), EINVAL, "it is a socket");
    close(fd);
    assert_int_equal(b.len, 0);
    buffer_free(&b);
}

/* ---- writing */

static void writes_with_the_mode_given(void **state)
{
    const char *path = temp_path(state, "file");
    const mode_t before = umask(077);
    char text[16];
    struct stat st;

    for (int sync = 0; sync < 2; sync++) {
        assert_true(files_write(path, "hello", 5, sync ? 0644 : 0600, sync, why, sizeof why));
        assert_int_equal(temp_read(path, text, sizeof text), 5);
        assert_string_equal(text, "hello");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, sync ? 0644 : 0600);
    }
    umask(before);
    assert_true(files_write(path, NULL, 0, 0600, false, why, sizeof why));
    assert_int_equal(temp_read(path, text, sizeof text), 0);
    assert_int_equal(temp_count(*state), 1); /* nothing beside it */
}

/* A reader with the old file open keeps the old one; the name is never missing. */
static void replaces_whole(void **state)
{
    const char *path = temp_path(state, "file");
    char text[16] = "";
    int fd;

    temp_write(path, "old");
    fd = open(path, O_RDONLY);
    assert_true(files_write(path, "new and longer", 14, 0600, true, why, sizeof why));
    assert_int_equal(read(fd, text, sizeof text), 3);
    assert_string_equal(text, "old");
    close(fd);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    static char large[100000];
    const char *path = temp_path(state, "file");
    struct rlimit limit, small;
    char text[16];
    bool good;

    temp_write(path, "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 50000; /* the disk is full after that */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    good = files_write(path, large, sizeof large, 0600, true, why, sizeof why);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(good);
    assert_non_null(strstr(why, path));
    assert_non_null(strstr(why, " cannot be written: "));
    assert_int_equal(temp_read(path, text, sizeof text), 3);
    assert_int_equal(temp_count(*state), 1);
}

static void a_write_to_nowhere_is_refused(void **state)
{
    const char *folder = temp_path(state, "folder"), *inside = temp_path(state, "folder/inside");
    char huge[5000], expected[600];

    snprintf(expected, sizeof expected, "%s cannot be written: No such file or directory", inside);
    refused(files_write(inside, "x", 1, 0600, false, why, sizeof why), ENOENT, expected);
    assert_int_equal(mkdir(folder, 0700), 0);
    temp_write(inside, "x");
    assert_false(files_write(folder, "x", 1, 0600, false, why, sizeof why)); /* a folder is not replaced */
    assert_int_equal(temp_count(*state), 1);
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_false(files_write(huge, "x", 1, 0600, false, why, sizeof why));
    assert_int_equal(errno, ENAMETOOLONG);
}

/* ---- folders */

static void makes_folders(void **state)
{
    const char *deep = temp_path(state, "a//b/c/"), *file = temp_path(state, "file"), *below = temp_path(state, "file/x");
    char expected[600];
    struct stat st;

    assert_true(files_make_folder(deep, why, sizeof why));
    assert_true(files_make_folder(deep, why, sizeof why));
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_true(files_make_folder("/", why, sizeof why));
    temp_write(file, "");
    snprintf(expected, sizeof expected, "%s cannot be made: Not a directory", file);
    refused(files_make_folder(file, why, sizeof why), ENOTDIR, expected);
    refused(files_make_folder(below, why, sizeof why), ENOTDIR, expected);
    assert_false(files_make_folder("", why, sizeof why));
}

/* ---- paths */

static void absolute(const char *path, const char *folder, const char *expected)
{
    char out[300];

    if (!files_absolute(path, folder, out, sizeof out))
        fail_msg("%s", path);
    assert_string_equal(out, expected);
}

static void paths_become_absolute(void **state)
{
    char out[10], here[600], expected[700];

    (void)state;
    setenv("HOME", "/home/ada", 1);
    absolute("/x/y", "/f", "/x/y");
    absolute("x/y", "/f", "/f/x/y");
    absolute("x", "/f/", "/f/x");
    absolute("./x", "/f", "/f/x");
    absolute(".//./x", "/f", "/f/x");
    absolute("../x", "/f", "/f/../x");
    absolute(".", "/f", "/f");
    absolute("", "/f", "/f");
    absolute(".x", "/f", "/f/.x");
    absolute("x", "/", "/x");
    absolute("~", "/f", "/home/ada");
    absolute("~/x", "/f", "/home/ada/x");
    absolute("x~", "/f", "/f/x~");
    setenv("HOME", "/", 1);
    absolute("~/x", NULL, "/x");
    absolute("~", NULL, "/");
    assert_false(files_absolute("~ada/x", "/f", out, sizeof out));
    assert_true(files_absolute("1234567", "/", out, 9));
    assert_false(files_absolute("12345678", "/", out, 9));
    assert_non_null(getcwd(here, sizeof here));
    snprintf(expected, sizeof expected, "%s/x", here);
    absolute("x", NULL, expected);
    snprintf(expected, sizeof expected, "%s/rel/x", here);
    absolute("x", "rel", expected);
}

static void a_home_is_found_without_the_variable(void **state)
{
    char out[600];

    (void)state;
    unsetenv("HOME");
    if (files_absolute("~/x", NULL, out, sizeof out)) /* a user without an entry has none */
        assert_int_equal(out[0], '/');
    setenv("HOME", "relative", 1);
    if (files_absolute("~/x", NULL, out, sizeof out))
        assert_int_equal(out[0], '/');
}

/* ---- the lock */

static void the_lock_is_between_processes(void **state)
{
    const char *path = temp_path(state, "lock");
    int fd, told[2], go[2], status;
    pid_t holder, child;
    char byte;

    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) {
        close(go[1]);
        fd = files_lock(path, &holder, why, sizeof why);
        if (fd < 0 || write(told[1], "x", 1) != 1)
            _exit(1);
        if (read(go[0], &byte, 1) < 0)
            _exit(2);
        abort(); /* however it ends */
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_int_equal(files_lock(path, &holder, why, sizeof why), -1);
    assert_int_equal(holder, child);
    assert_non_null(strstr(why, "is held by another process"));
    close(go[1]);
    close(go[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    fd = files_lock(path, &holder, why, sizeof why);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    close(told[0]);
    close(told[1]);
}

static void the_pid_in_it_counts_for_nothing(void **state)
{
    const char *path = temp_path(state, "lock");
    char text[600];
    pid_t holder = 7;
    int fd, second;

    temp_write(path, "1\n"); /* alive, but no holder */
    fd = files_lock(path, &holder, why, sizeof why);
    assert_true(fd >= 0);
    temp_read(path, text, sizeof text);
    assert_int_equal(strtol(text, NULL, 10), getpid());
    temp_write(path, "garbage");
    second = files_lock(path, &holder, why, sizeof why);
    assert_int_equal(second, -1);
    assert_int_equal(holder, 0);
    close(fd);
}

static void a_removed_lock_is_made_anew(void **state)
{
    const char *path = temp_path(state, "lock");
    pid_t holder;
    int first = files_lock(path, &holder, why, sizeof why), second;

    assert_true(first >= 0);
    assert_int_equal(unlink(path), 0);
    second = files_lock(path, &holder, why, sizeof why);
    assert_true(second >= 0);
    close(second);
    close(first);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_lock_of_others_is_seen_through(void **state)
{
    const char *path = temp_path(state, "lock");
    char holder[FILES_HOLDER], text[FILES_HOLDER];
    const unsigned long long parent = process_started(getppid());
    bool held;
    int fd = files_take(path, "talon: bridge-heal of redis", holder, &held);

    assert_true(fd >= 0);
    assert_int_equal(files_take(path, "another", holder, &held), -1); /* flock: who says so is read */
    assert_true(held);
    snprintf(text, sizeof text, "talon: bridge-heal of redis, pid %ld", (long)getpid());
    assert_string_equal(holder, text);
    files_give(fd);

    snprintf(text, sizeof text, "%ld %llu old healer\n", (long)getppid(), parent); /* without flock: that very process lives */
    put(path, text);
    assert_int_equal(files_take(path, "talon", holder, &held), -1);
    assert_true(held);
    snprintf(text, sizeof text, "old healer, pid %ld", (long)getppid());
    assert_string_equal(holder, text);

    snprintf(text, sizeof text, "%ld %llu old healer\n", (long)getppid(), parent + 1); /* the pid lives, but is another process by now */
    put(path, text);
    fd = files_take(path, "talon", holder, &held);
    assert_true(fd >= 0);
    files_give(fd);

    snprintf(text, sizeof text, "%ld\n", (long)getppid()); /* a pid alone proves nothing */
    put(path, text);
    fd = files_take(path, "talon", holder, &held);
    assert_true(fd >= 0);
    files_give(fd);
    put(path, "what is this? 99999999999999999999999\n");
    fd = files_take(path, "talon", holder, &held);
    assert_true(fd >= 0);
    files_give(fd);
    assert_int_equal(files_take(temp_path(state, "none/lock"), "talon", holder, &held), -1);
    assert_false(held);
    assert_string_equal(holder, "No such file or directory");
}

static void what_cannot_be_locked(void **state)
{
    const char *path = temp_path(state, "none/lock"), *fifo = temp_path(state, "fifo");
    char expected[600];
    pid_t holder = 0;

    snprintf(expected, sizeof expected, "%s cannot be locked: No such file or directory", path);
    assert_int_equal(files_lock(path, &holder, why, sizeof why), -1);
    assert_int_equal(holder, -1);
    assert_string_equal(why, expected);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(files_lock(fifo, &holder, why, sizeof why), -1);
    assert_int_equal(holder, -1);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, temp_folder_make, temp_folder_remove)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(reads),
        WITH_FOLDER(the_bound_is_exact),
        WITH_FOLDER(a_large_file_comes_whole),
        WITH_FOLDER(what_is_no_file_is_refused),
        WITH_FOLDER(writes_with_the_mode_given),
        WITH_FOLDER(replaces_whole),
        WITH_FOLDER(a_failed_write_leaves_the_old_file),
        WITH_FOLDER(a_write_to_nowhere_is_refused),
        WITH_FOLDER(makes_folders),
        cmocka_unit_test(paths_become_absolute),
        cmocka_unit_test(a_home_is_found_without_the_variable),
        WITH_FOLDER(the_lock_is_between_processes),
        WITH_FOLDER(a_lock_of_others_is_seen_through),
        WITH_FOLDER(the_pid_in_it_counts_for_nothing),
        WITH_FOLDER(a_removed_lock_is_made_anew),
        WITH_FOLDER(what_cannot_be_locked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
