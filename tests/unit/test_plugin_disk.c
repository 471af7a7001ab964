/* The plugin `disk` on the fake host: made-up file systems for the judgement, a real one for what the system says. */
#include "plugin_test.h"

#include <errno.h>

/* The system's own answer, under another name: the plugin gets the made-up one below. */
#define disk_read disk_read_of_system
#ifdef __APPLE__
#include "../../plugins/disk/disk_darwin.c"
#else
#include "../../plugins/disk/disk_linux.c"
#endif
#undef disk_read

int disk_read(const char *path, struct disk_figures *figures);

static struct disk_figures made_up;
static int error;
static char asked[256];

int disk_read(const char *path, struct disk_figures *figures)
{
    snprintf(asked, sizeof asked, "%s", path);
    *figures = made_up;
    return error;
}

static struct fake *disk(void)
{
    return fake_new(&talon_plugin_descriptor, "disk");
}

/* 1000 blocks, 50 of them for root alone: what is full for everyone else is 950. */
static void used(double blocks)
{
    made_up = (struct disk_figures){ .size = 1000e6, .free = (1000 - blocks) * 1e6, .available = (950 - blocks) * 1e6 };
    error = 0;
}

static void percent_at_the_bound(void **unused)
{
    static const struct {
        double blocks;
        enum talon_status status;
        const char *reason;
    } cases[] = {
        { 0, TALON_OK, "disk.ok" },           { 807.4, TALON_OK, "disk.ok" },       { 807.5, TALON_WARN, "disk.filling" },
        { 902.4, TALON_WARN, "disk.filling" }, { 902.5, TALON_FAIL, "disk.full" }, { 950, TALON_FAIL, "disk.full" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = disk();

        used(cases[i].blocks);
        CONCLUDES(fake, cases[i].status, cases[i].reason, "/ is ");
        NEAR(fake_metric(fake, "used_percent"), cases[i].blocks / 9.5);
        NEAR(fake_metric(fake, "used"), cases[i].blocks * 1e6);
        NEAR(fake_metric(fake, "available"), (950 - cases[i].blocks) * 1e6);
        NEAR(fake_metric(fake, "size"), 1000e6);
        assert_true(isnan(fake_metric(fake, "inodes_used_percent")));
        fake_free(fake);
    }
}

static void limits_of_ones_own(void **unused)
{
    struct fake *fake = disk();

    (void)unused;
    fake_set(fake, "path", "/srv");
    fake_set(fake, "warn", "50");
    fake_set(fake, "fail", "60.5");
    used(570);
    CONCLUDES(fake, TALON_WARN, "disk.filling", "/srv is 60.0 % full, 362.4 MiB left; warning at 50 %");
    assert_string_equal(asked, "/srv");
    used(580);
    CONCLUDES(fake, TALON_FAIL, "disk.full", "/srv is 61.1 % full, 352.9 MiB left; failure at 60.5 %");
    fake_free(fake);
}

static void inodes_run_out_as_well(void **unused)
{
    struct fake *fake = disk();

    (void)unused;
    used(10);
    made_up.inodes = 1000;
    made_up.inodes_free = 151;
    CONCLUDES(fake, TALON_OK, "disk.ok", "full");
    NEAR(fake_metric(fake, "inodes_used_percent"), 84.9);
    NEAR(fake_metric(fake, "inodes_free"), 151);
    made_up.inodes_free = 150;
    CONCLUDES(fake, TALON_WARN, "disk.inodes", "/ has used 85.0 % of its inodes, 150 left; warning at 85 %");
    made_up.inodes_free = 0; /* nothing new can be written there */
    CONCLUDES(fake, TALON_FAIL, "disk.inodes", "/ has used 100.0 % of its inodes, 0 left; failure at 95 %");
    fake_free(fake);
}

static void read_only_is_told(void **unused)
{
    struct fake *fake = disk();

    (void)unused;
    used(10);
    made_up.read_only = 1;
    CONCLUDES(fake, TALON_OK, "disk.ok", "");
    assert_string_equal(fake_detail(fake, "mounted"), "read-only");
    fake_free(fake);
}

static void what_cannot_be_asked(void **unused)
{
    static const struct {
        int error;
        enum talon_status status;
        const char *reason;
    } cases[] = {
        { ENOENT, TALON_FAIL, "disk.missing" },   { ENOTDIR, TALON_FAIL, "disk.missing" }, { EIO, TALON_FAIL, "disk.error" },
        { ENOTCONN, TALON_FAIL, "disk.error" },   { EACCES, TALON_UNKNOWN, "disk.denied" }, { EPERM, TALON_UNKNOWN, "disk.denied" },
        { EMFILE, TALON_UNKNOWN, "local" },       { ENOMEM, TALON_UNKNOWN, "local" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = disk();

        error = cases[i].error;
        CONCLUDES(fake, cases[i].status, cases[i].reason, "/");
        assert_int_equal(fake_result(fake)->metrics, 0);
        fake_free(fake);
    }
}

static void a_file_system_without_a_size(void **unused)
{
    struct fake *fake = disk();

    (void)unused;
    used(0);
    made_up.size = made_up.free = made_up.available = 0;
    CONCLUDES(fake, TALON_UNKNOWN, "disk.no_size", "/ lies on a file system without a size");
    fake_free(fake);
}

static void wrong_options_are_refused(void **unused)
{
    struct fake *fake = disk();

    (void)unused;
    fake_set(fake, "warn", "96");
    REFUSES(fake, "warn", "must not be above `fail` (95)");
    fake_free(fake);
    fake = disk();
    fake_set(fake, "fail", "101");
    REFUSES(fake, "fail", "must be 0 to 100");
    fake_free(fake);
}

static void the_system_tells_of_the_root(void **unused)
{
    struct disk_figures figures;

    (void)unused;
    assert_int_equal(disk_read_of_system("/", &figures), 0);
    assert_true(figures.size > 0 && figures.free >= 0 && figures.free <= figures.size);
    assert_true(figures.available <= figures.free);
    assert_true(figures.inodes_free <= figures.inodes);
    assert_int_equal(disk_read_of_system("/does/not/exist", &figures), ENOENT);
}

static void it_runs_in_a_process_of_its_own(void **unused)
{
    (void)unused;
    assert_true(talon_plugin_descriptor.operations[0].flags & TALON_BLOCKING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_at_the_bound),
        cmocka_unit_test(limits_of_ones_own),
        cmocka_unit_test(inodes_run_out_as_well),
        cmocka_unit_test(read_only_is_told),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(a_file_system_without_a_size),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(the_system_tells_of_the_root),
        cmocka_unit_test(it_runs_in_a_process_of_its_own),
    };

    return cmocka_run_group_tests_name("plugin disk", tests, NULL, NULL);
}
