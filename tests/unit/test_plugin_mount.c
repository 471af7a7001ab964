/* The operations `point` and `table` of the plugin `mount` on the fake host: made-up tables of mounts and file systems for the judgement, files in a folder of
 * the test's own for what is read and written, and the system's own table. */
#include "plugin_test.h"
#include "temp_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The system's own answers, under other names: the plugin gets the made-up ones below. */
#define mount_find mount_find_of_system
#define mount_room mount_room_of_system
#ifdef __APPLE__
#include "../../plugins/mount/mount_darwin.c"
#else
#include "../../plugins/mount/mount_linux.c"
#endif
#undef mount_find
#undef mount_room

int mount_find(const char *path, struct mount_entry *entry);
int mount_room(const char *path, struct mount_space *space);

#define SOURCE "192.0.2.10:/volume2/data"

static char folder[TEMP_PATH];
static struct mount_entry made_up;
static struct mount_space room;
static int mounted, table_error, space_error;
static char looked_for[256];

int mount_find(const char *path, struct mount_entry *entry)
{
    snprintf(looked_for, sizeof looked_for, "%s", path);
    *entry = made_up;
    errno = table_error;
    return table_error ? -1 : mounted;
}

int mount_room(const char *path, struct mount_space *space)
{
    (void)path;
    *space = room;
    return space_error;
}

static int make_folder(void **state)
{
    if (temp_folder_make(state) != 0)
        return -1;
    snprintf(folder, sizeof folder, "%s", (const char *)*state);
    return 0;
}

static const char *in(const char *name)
{
    static char path[TEMP_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* An NFS mount that is well, 60 % full. */
static struct fake *mount_of(const char *operation)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, operation);

    made_up = (struct mount_entry){ .type = "nfs" };
    snprintf(made_up.source, sizeof made_up.source, "%s", SOURCE);
    room = (struct mount_space){ .size = 100e9, .free = 40e9, .available = 40e9, .inodes = 1000, .inodes_free = 900 };
    mounted = 1;
    table_error = space_error = 0;
    fake_set(fake, "path", folder);
    return fake;
}

static struct fake *point(void)
{
    return mount_of("point");
}

/* ---- the table ---- */

static void what_is_mounted(void **unused)
{
    static const struct {
        const char *option, *value;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { NULL, NULL, TALON_OK, "mount.ok", SOURCE " is mounted (nfs)" },
        { "source", SOURCE, TALON_OK, "mount.ok", "" },
        { "source", SOURCE "/", TALON_OK, "mount.ok", "" },
        { "source", "192.0.2.10:/volume1", TALON_FAIL, "mount.source", SOURCE " is mounted on /tmp/" },
        { "type", "nfs", TALON_OK, "mount.ok", "" },
        { "type", "ext4", TALON_FAIL, "mount.type", "is of the type nfs, expected ext4" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = mount_of("table");

        if (cases[i].option)
            fake_set(fake, cases[i].option, cases[i].value);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        assert_string_equal(fake_detail(fake, "source"), SOURCE);
        fake_free(fake);
    }
}

static void what_is_not(void **unused)
{
    struct fake *fake = mount_of("table");

    (void)unused;
    mounted = 0;
    CONCLUDES(fake, TALON_FAIL, "mount.missing", "nothing is mounted on ");
    mounted = 1;
    table_error = EMFILE;
    CONCLUDES(fake, TALON_UNKNOWN, "local", "cannot read the table of mounts: ");
    table_error = 0;
    made_up.read_only = 1;
    CONCLUDES(fake, TALON_FAIL, "mount.read_only", "is mounted read-only");
    fake_free(fake);

    fake = mount_of("table");
    fake_set(fake, "writable", "false");
    made_up.read_only = 1;
    CONCLUDES(fake, TALON_OK, "mount.ok", "");
    fake_free(fake);

    fake = mount_of("table");
    snprintf(made_up.type, sizeof made_up.type, "nfs4");
    fake_set(fake, "type", "nfs");
    CONCLUDES(fake, TALON_OK, "mount.ok", "(nfs4)");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "table");
    fake_set(fake, "path", "/Volumes/nas//");
    CONCLUDES(fake, TALON_OK, "mount.ok", "");
    assert_string_equal(looked_for, "/Volumes/nas");
    fake_free(fake);
}

static void the_table_of_this_system(void **unused)
{
    struct mount_entry entry;
    struct mount_space space;

    (void)unused;
    assert_int_equal(mount_find_of_system("/", &entry), 1);
    assert_string_equal(entry.point, "/");
    assert_true(*entry.source && *entry.type);
    assert_int_equal(mount_find_of_system(folder, &entry), 0);
    assert_int_equal(mount_room_of_system("/", &space), 0);
    assert_true(space.size >= space.free && space.free >= 0);
    assert_int_equal(mount_room_of_system(in("nothing"), &space), ENOENT);
}

#ifdef __linux__
static void lines_of_the_table(void **unused)
{
    static const struct {
        const char *line;
        int found, read_only;
        const char *source, *type;
    } cases[] = {
        { "36 35 98:0 / /mnt/a rw,noatime shared:1 master:2 - nfs4 192.0.2.1:/x rw,vers=4", 1, 0, "192.0.2.1:/x", "nfs4" },
        { "36 35 98:0 / /mnt/a ro,noatime - ext4 /dev/sda1 rw\n", 1, 1, "/dev/sda1", "ext4" },
        { "36 35 98:0 / /mnt/a rw - ext4 /dev/my\\040disk ro,errors=continue\n", 1, 1, "/dev/my disk", "ext4" },
        { "36 35 98:0 / /mnt/a rw,rows - fuse x", 1, 0, "x", "fuse" },
        { "36 35 98:0 / /mnt/ab rw - ext4 /dev/sda1 rw", 0, 0, "", "" },
        { "36 35 98:0 / /mnt/a rw", 0, 0, "", "" },
        { " - ", 0, 0, "", "" },
        { "1 2 3 4 - x", 0, 0, "", "" },
        { "", 0, 0, "", "" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mount_entry entry = { .point = "" };
        char line[256];

        snprintf(line, sizeof line, "%s", cases[i].line);
        assert_int_equal(read_line(line, "/mnt/a", &entry), cases[i].found);
        assert_string_equal(entry.source, cases[i].source);
        assert_string_equal(entry.type, cases[i].type);
        assert_int_equal(entry.read_only, cases[i].read_only);
    }
}
#endif

/* ---- the file system ---- */

static void one_that_is_well(void **unused)
{
    struct fake *fake = point();

    (void)unused;
    CONCLUDES(fake, TALON_OK, "mount.ok", SOURCE " answers (nfs), 37.3 GiB left");
    NEAR(fake_metric(fake, "used_percent"), 60);
    NEAR(fake_metric(fake, "available"), 40e9);
    NEAR(fake_metric(fake, "inodes_used_percent"), 10);
    assert_true(!isnan(fake_metric(fake, "time")));
    room = (struct mount_space){ .size = 0 }; /* such as /proc */
    CONCLUDES(fake, TALON_OK, "mount.ok", SOURCE " answers (nfs)");
    mounted = 0;
    CONCLUDES(fake, TALON_FAIL, "mount.missing", "nothing is mounted");
    fake_free(fake);
}

static void room_left(void **unused)
{
    static const struct {
        double available, inodes_free;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 16e9, 900, TALON_OK, "mount.ok", "" },
        { 15e9, 900, TALON_WARN, "mount.filling", "is 85.0 % full, 14.0 GiB left; warning at 85 %" },
        { 5e9, 900, TALON_FAIL, "mount.full", "is 95.0 % full, 4.7 GiB left; failure at 95 %" },
        { 40e9, 150, TALON_WARN, "mount.filling", "has used 85.0 % of its inodes, 150 left; warning at 85 %" },
        { 40e9, 50, TALON_FAIL, "mount.full", "has used 95.0 % of its inodes, 50 left" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = point();

        room.free = room.available = cases[i].available;
        room.inodes_free = cases[i].inodes_free;
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void errors_of_the_file_system(void **unused)
{
    static const struct {
        int error;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { ESTALE, TALON_FAIL, "mount.stale", "stale file handle: the server exports something else by now" },
        { ETIMEDOUT, TALON_FAIL, "mount.error", "its server did not answer in time" },
        { EIO, TALON_FAIL, "mount.error", "input/output error" },
        { ENOTCONN, TALON_FAIL, "mount.error", "what serves it has ended" },
        { ENOENT, TALON_FAIL, "mount.error", "cannot ask /tmp/" },
        { EACCES, TALON_UNKNOWN, "mount.denied", "not permitted to us" },
        { ENFILE, TALON_UNKNOWN, "local", "cannot ask /tmp/" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = point();

        space_error = cases[i].error;
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
}

static void the_sentinel(void **unused)
{
    struct fake *fake = point();
    FILE *file;

    (void)unused;
    fake_set(fake, "sentinel", ".mounted");
    CONCLUDES(fake, TALON_FAIL, "mount.sentinel", ".mounted is not there: is another file system mounted on ");
    file = fopen(in(".mounted"), "w");
    assert_non_null(file);
    fclose(file);
    CONCLUDES(fake, TALON_OK, "mount.ok", "");
    unlink(in(".mounted"));
    assert_int_equal(mkdir(in(".mounted"), 0700), 0);
    CONCLUDES(fake, TALON_FAIL, "mount.error", "cannot read ");
    rmdir(in(".mounted"));
    assert_int_equal(mkfifo(in(".mounted"), 0600), 0); /* nobody waits for its writer */
    CONCLUDES(fake, TALON_OK, "mount.ok", "");
    unlink(in(".mounted"));
    fake_free(fake);
}

static void the_probe(void **unused)
{
    struct fake *fake = point();
    struct stat found;

    (void)unused;
    fake_set(fake, "probe", ".talon-probe");
    CONCLUDES(fake, TALON_OK, "mount.ok", "");
    CONCLUDES(fake, TALON_OK, "mount.ok", "");
    assert_true(!isnan(fake_metric(fake, "write_time")));
    assert_int_equal(stat(in(".talon-probe"), &found), 0);
    assert_true(found.st_size > 0 && found.st_size < 100 && (found.st_mode & 0777) == 0600);
    unlink(in(".talon-probe"));
    assert_int_equal(symlink("nothing", in(".talon-probe")), 0); /* a link is not followed */
    CONCLUDES(fake, TALON_FAIL, "mount.error", "cannot write ");
    assert_int_equal(access(in("nothing"), F_OK), -1);
    unlink(in(".talon-probe"));
    assert_int_equal(mkdir(in(".talon-probe"), 0700), 0);
    CONCLUDES(fake, TALON_FAIL, "mount.error", "cannot write ");
    rmdir(in(".talon-probe"));
    fake_free(fake);
}

#ifdef __linux__
static void a_full_file_system(void **unused)
{
    struct fake *fake = point();

    (void)unused;
    assert_int_equal(symlink("/dev/full", in("folder")), 0);
    unlink(in("folder"));
    assert_int_equal(symlink("/dev", in("folder")), 0);
    fake_set(fake, "probe", "folder/full");
    CONCLUDES(fake, TALON_FAIL, "mount.full", "folder/full: No space left on device");
    unlink(in("folder"));
    fake_free(fake);
}
#endif

static void wrong_options(void **unused)
{
    static const char *const cases[][4] = {
        { "warn", "96", "warn", "must not be above `fail` (95)" },
        { "sentinel", "/etc/passwd", "sentinel", "must be a path below `path`" },
        { "sentinel", "a/../../b", "sentinel", "must be a path below `path`" },
        { "probe", "..", "probe", "must be a path below `path`" },
        { "probe", "a/..", "probe", "must be a path below `path`" },
        { "probe", "a/", "probe", "must be a path below `path`" },
        { "probe", "", "probe", "must be a path below `path`" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = point();
        fake_set(fake, cases[i][0], cases[i][1]);
        REFUSES(fake, cases[i][2], cases[i][3]);
        fake_free(fake);
    }
    fake = point();
    fake_set(fake, "sentinel", "a");
    fake_set(fake, "probe", "a");
    REFUSES(fake, "probe", "is overwritten, so it cannot be the sentinel as well");
    fake_free(fake);
    fake = point();
    fake_set(fake, "writable", "false");
    fake_set(fake, "probe", "..a");
    REFUSES(fake, "probe", "cannot be written where `writable` is false");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_mounted),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(the_table_of_this_system),
        cmocka_unit_test(one_that_is_well),
        cmocka_unit_test(room_left),
        cmocka_unit_test(errors_of_the_file_system),
        cmocka_unit_test(the_sentinel),
        cmocka_unit_test(the_probe),
        cmocka_unit_test(wrong_options),
#ifdef __linux__
        cmocka_unit_test(lines_of_the_table),
        cmocka_unit_test(a_full_file_system),
#endif
    };

    return cmocka_run_group_tests_name("plugin mount", tests, make_folder, temp_folder_remove);
}
