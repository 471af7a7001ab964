/* The plugin `file` on the fake host, with real files in a folder of its own: there or not, age, size, content, and things
 * that are no regular files. */
#include "plugin_test.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { NOON = 1767268800 };

static char folder[] = "/tmp/talon-file-XXXXXX";
static char path[256];

static int make_folder(void **unused)
{
    (void)unused;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **unused)
{
    (void)unused;
    return rmdir(folder);
}

/* A path in the folder. */
static const char *in(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* A file of n bytes that was changed at NOON. */
static void write_file(const char *name, const char *text, size_t n)
{
    const struct timespec times[2] = { { NOON, 0 }, { NOON, 500000000 } };
    const int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_true(n == 0 || write(fd, text, n) == (ssize_t)n);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

/* A check of that file, at NOON and `later` seconds. */
static struct fake *file(const char *name, int64_t later)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "file");

    fake_set(fake, "path", in(name));
    fake_calendar(fake, NOON + later);
    return fake;
}

static void there_or_not(void **unused)
{
    struct fake *fake;

    (void)unused;
    fake = file("none", 0);
    CONCLUDES(fake, TALON_FAIL, "file.missing", "/none does not exist");
    fake_free(fake);
    fake = file("none/deeper", 0);
    CONCLUDES(fake, TALON_FAIL, "file.missing", "does not exist");
    fake_free(fake);
    fake = file("none", 0);
    fake_set(fake, "exists", "false");
    CONCLUDES(fake, TALON_OK, "file.ok", "does not exist, as it should be");
    fake_free(fake);

    write_file("a", "12345", 5);
    fake = file("a/below", 0); /* no folder on the way */
    CONCLUDES(fake, TALON_FAIL, "file.missing", "does not exist");
    fake_free(fake);
    fake = file("a", 90);
    CONCLUDES(fake, TALON_OK, "file.ok", "/a: 5 B, changed 89.5 s ago");
    NEAR(fake_metric(fake, "age"), 89.5);
    NEAR(fake_metric(fake, "size"), 5);
    assert_string_equal(fake_detail(fake, "kind"), "a regular file");
    fake_free(fake);
    fake = file("a", 60);
    fake_set(fake, "exists", "false");
    CONCLUDES(fake, TALON_FAIL, "file.present", "/a exists (a regular file, changed 59.5 s ago), and should not");
    fake_free(fake);
    unlink(in("a"));
}

static void age_at_the_bound(void **unused)
{
    static const struct {
        int64_t later; /* the file is half a second younger */
        const char *max_age;
        enum talon_status status;
        const char *reason;
    } cases[] = {
        { 60, "59501ms", TALON_OK, "file.ok" },    { 60, "59500ms", TALON_FAIL, "file.old" },
        { 60, "59499ms", TALON_FAIL, "file.old" }, { 60, "0", TALON_OK, "file.ok" },
        { -30, "1s", TALON_OK, "file.ok" },        { -120, "1s", TALON_WARN, "file.future" },
        { -120, "0", TALON_OK, "file.ok" },
    };

    (void)unused;
    write_file("a", "x", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = file("a", cases[i].later);

        fake_set(fake, "max_age", cases[i].max_age);
        CONCLUDES(fake, cases[i].status, cases[i].reason, "/a");
        fake_free(fake);
    }
    unlink(in("a"));
}

static void size_at_the_bound(void **unused)
{
    static const struct {
        const char *option, *value;
        enum talon_status status;
        const char *reason;
    } cases[] = {
        { "min_size", "5B", TALON_OK, "file.ok" }, { "min_size", "6B", TALON_FAIL, "file.small" },
        { "max_size", "5B", TALON_OK, "file.ok" }, { "max_size", "4B", TALON_FAIL, "file.big" },
        { "max_size", "0", TALON_FAIL, "file.big" },
    };

    (void)unused;
    write_file("a", "12345", 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = file("a", 0);

        fake_set(fake, cases[i].option, cases[i].value);
        CONCLUDES(fake, cases[i].status, cases[i].reason, "5 B");
        fake_free(fake);
    }
    unlink(in("a"));
}

static void content(void **unused)
{
    struct fake *fake;

    (void)unused;
    write_file("a", "state\0: run\nning", 16);
    fake = file("a", 0);
    fake_set(fake, "match", "run\\nning$");
    CONCLUDES(fake, TALON_OK, "file.ok", "");
    fake_free(fake);
    fake = file("a", 0);
    fake_set(fake, "match", "stopped");
    CONCLUDES(fake, TALON_FAIL, "file.match", "does not match: \"state : run ning\"");
    fake_free(fake);
    write_file("a", "", 0);
    fake = file("a", 0);
    fake_set(fake, "match", "^$");
    CONCLUDES(fake, TALON_OK, "file.ok", "");
    fake_free(fake);
    unlink(in("a"));
}

static void only_the_first_mebibyte_is_read(void **unused)
{
    enum { MIB = 1 << 20 };
    char *text = malloc(MIB + 8);
    struct fake *fake;

    (void)unused;
    memset(text, 'x', MIB + 8);
    memcpy(text + MIB - 4, "seenUNSEEN", 10);
    write_file("big", text, MIB + 8);
    fake = file("big", 0);
    fake_set(fake, "match", "seen$");
    CONCLUDES(fake, TALON_OK, "file.ok", "1.0 MiB");
    fake_free(fake);
    fake = file("big", 0);
    fake_set(fake, "match", "UNSEEN");
    CONCLUDES(fake, TALON_FAIL, "file.match", "does not match in its first 1 MiB: \"xxx");
    assert_true(strlen(fake_result(fake)->summary) < 400);
    fake_free(fake);
    unlink(in("big"));
    free(text);
}

static void things_that_are_no_files_are_never_opened(void **unused)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct fake *fake;
    int fd;

    (void)unused;
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    fake = file("fifo", 0);
    fake_set(fake, "match", "x"); /* opening it would wait for ever */
    CONCLUDES(fake, TALON_FAIL, "file.kind", "/fifo is a FIFO, expected a regular file");
    assert_true(isnan(fake_metric(fake, "size")));
    fake_free(fake);
    unlink(in("fifo"));

    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(strlen(in("sock")) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    fake = file("sock", 0);
    CONCLUDES(fake, TALON_OK, "file.ok", "/sock: a socket, changed");
    fake_free(fake);
    close(fd);
    unlink(in("sock"));

    fake = fake_new(&talon_plugin_descriptor, "file");
    fake_set(fake, "path", folder);
    fake_set(fake, "min_size", "1B");
    CONCLUDES(fake, TALON_FAIL, "file.kind", "is a folder");
    fake_free(fake);
    fake = fake_new(&talon_plugin_descriptor, "file");
    fake_set(fake, "path", "/dev/null");
    CONCLUDES(fake, TALON_OK, "file.ok", "/dev/null: a device");
    fake_free(fake);
}

static void links_are_followed(void **unused)
{
    struct fake *fake;

    (void)unused;
    assert_int_equal(symlink("round", in("round")), 0);
    fake = file("round", 0);
    CONCLUDES(fake, TALON_FAIL, "file.error", "/round: ");
    fake_free(fake);
    unlink(in("round"));

    assert_int_equal(symlink("gone", in("dangling")), 0);
    fake = file("dangling", 0);
    CONCLUDES(fake, TALON_FAIL, "file.missing", "does not exist");
    fake_free(fake);
    unlink(in("dangling"));
}

/* Everything is permitted to root: then the folder becomes nobody's, and so do we. */
static void become_nobody(void)
{
    const struct passwd *nobody = getpwnam("nobody");

    if (geteuid() != 0)
        return;
    assert_non_null(nobody);
    assert_int_equal(chown(folder, nobody->pw_uid, (gid_t)-1), 0);
    assert_int_equal(seteuid(nobody->pw_uid), 0);
}

static int become_root_again(void **unused)
{
    (void)unused;
    return getuid() == 0 && (seteuid(0) != 0 || chown(folder, 0, (gid_t)-1) != 0);
}

static void what_is_not_permitted_is_unknown(void **unused)
{
    struct fake *fake;

    (void)unused;
    become_nobody();
    write_file("a", "x", 1);
    assert_int_equal(chmod(in("a"), 0), 0);
    fake = file("a", 0);
    CONCLUDES(fake, TALON_OK, "file.ok", "1 B"); /* nothing of its content was asked */
    fake_free(fake);
    fake = file("a", 0);
    fake_set(fake, "match", "x");
    CONCLUDES(fake, TALON_UNKNOWN, "file.denied", "/a: not permitted to us (user ");
    fake_free(fake);
    unlink(in("a"));

    assert_int_equal(mkdir(in("closed"), 0), 0);
    fake = file("closed/a", 0);
    CONCLUDES(fake, TALON_UNKNOWN, "file.denied", "not permitted");
    fake_free(fake);
    rmdir(in("closed"));
}

static void wrong_options_are_refused(void **unused)
{
    static const char *const beside[][2] = { { "max_age", "1h" }, { "min_size", "1B" }, { "max_size", "1B" }, { "match", "x" } };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "file");

    (void)unused;
    REFUSES(fake, "path", "is required");
    fake_free(fake);
    for (size_t i = 0; i < 4; i++) {
        fake = file("a", 0);
        fake_set(fake, "exists", "false");
        fake_set(fake, beside[i][0], beside[i][1]);
        REFUSES(fake, beside[i][0], "must not be there");
        fake_free(fake);
    }
    fake = file("a", 0);
    fake_set(fake, "min_size", "2KiB");
    fake_set(fake, "max_size", "1KiB");
    REFUSES(fake, "min_size", "is larger than `max_size`");
    fake_free(fake);
}

static void it_runs_in_a_process_of_its_own(void **unused)
{
    (void)unused;
    assert_true(talon_plugin_descriptor.operations[0].flags & TALON_BLOCKING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_or_not),
        cmocka_unit_test(age_at_the_bound),
        cmocka_unit_test(size_at_the_bound),
        cmocka_unit_test(content),
        cmocka_unit_test(only_the_first_mebibyte_is_read),
        cmocka_unit_test(things_that_are_no_files_are_never_opened),
        cmocka_unit_test(links_are_followed),
        cmocka_unit_test_teardown(what_is_not_permitted_is_unknown, become_root_again),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(it_runs_in_a_process_of_its_own),
    };

    return cmocka_run_group_tests_name("plugin file", tests, make_folder, remove_folder);
}
