/* The plugin `memory` on the fake host: made-up figures for the judgement, texts of /proc/meminfo, and the system's own. */
#include "plugin_test.h"

/* The system's own answer, under another name: the plugin gets the made-up one below. */
#define memory_read memory_read_of_system
#ifdef __APPLE__
#include "../../plugins/memory/memory_darwin.c"
#else
#include "../../plugins/memory/memory_linux.c"
#endif
#undef memory_read

int memory_read(struct memory_figures *figures, char *why, size_t room);

static struct memory_figures made_up;
static const char *refusal;

int memory_read(struct memory_figures *figures, char *why, size_t room)
{
    *figures = made_up;
    if (refusal)
        snprintf(why, room, "%s", refusal);
    return refusal ? -1 : 0;
}

static struct fake *memory(void)
{
    return fake_new(&talon_plugin_descriptor, "memory");
}

static void used(double percent)
{
    made_up = (struct memory_figures){ .total = 4096e6, .available = 4096e6 - percent * 40.96e6, .swap_total = 10e6, .swap_used = 1e6 };
    refusal = NULL;
}

static void percent_at_the_bound(void **unused)
{
    static const struct {
        double percent;
        enum talon_status status;
        const char *reason;
    } cases[] = {
        { 0, TALON_OK, "memory.ok" },        { 89.9, TALON_OK, "memory.ok" },   { 90, TALON_WARN, "memory.high" },
        { 96.9, TALON_WARN, "memory.high" }, { 97, TALON_FAIL, "memory.full" }, { 100, TALON_FAIL, "memory.full" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = memory();

        used(cases[i].percent);
        CONCLUDES(fake, cases[i].status, cases[i].reason, "% used, ");
        NEAR(fake_metric(fake, "used_percent"), cases[i].percent);
        NEAR(fake_metric(fake, "total"), 4096e6);
        NEAR(fake_metric(fake, "swap_used"), 1e6);
        NEAR(fake_metric(fake, "swap_total"), 10e6);
        fake_free(fake);
    }
}

static void a_person_can_read_it(void **unused)
{
    struct fake *fake = memory();

    (void)unused;
    fake_set(fake, "warn", "40");
    used(50);
    CONCLUDES(fake, TALON_WARN, "memory.high", "50.0 % used, 1.9 GiB of 3.8 GiB available; warning at 40 %");
    fake_free(fake);
}

static void a_silent_system_is_unknown(void **unused)
{
    struct fake *fake = memory();

    (void)unused;
    refusal = "cannot read /proc/meminfo: no such file";
    CONCLUDES(fake, TALON_UNKNOWN, "memory.unavailable", refusal);
    fake_free(fake);
}

static void wrong_options_are_refused(void **unused)
{
    struct fake *fake = memory();

    (void)unused;
    fake_set(fake, "fail", "80");
    REFUSES(fake, "warn", "must not be above `fail` (80)");
    fake_free(fake);
    fake = memory();
    fake_set(fake, "warn", "-1");
    REFUSES(fake, "warn", "must be 0 to 100");
    fake_free(fake);
}

static void the_system_tells(void **unused)
{
    struct memory_figures figures;
    char why[200] = "";

    (void)unused;
    if (memory_read_of_system(&figures, why, sizeof why) != 0)
        fail_msg("%s", why);
    assert_true(figures.total > 1e6);
    assert_true(figures.available >= 0 && figures.available <= figures.total);
    assert_true(figures.swap_used >= 0 && figures.swap_used <= figures.swap_total);
}

#ifndef __APPLE__
static void meminfo(void **unused)
{
    static const char modern[] = "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     400 kB\n"
                                 "SwapCached:        77 kB\nSwapTotal:        200 kB\nSwapFree:         150 kB\n";
    static const char old[] = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 30 kB\nSwapCached: 7 kB\n";
    struct memory_figures figures;

    (void)unused;
    assert_true(memory_parse(modern, &figures));
    NEAR(figures.total, 1024000);
    NEAR(figures.available, 409600);
    NEAR(figures.swap_total, 204800);
    NEAR(figures.swap_used, 51200);
    assert_true(memory_parse(old, &figures));
    NEAR(figures.available, 153600);
    NEAR(figures.swap_total, 0);
    assert_true(memory_parse("MemTotal: 10 kB\nMemAvailable: 20 kB", &figures)); /* balloons: never more than all */
    NEAR(figures.available, figures.total);
}

static void meminfo_that_is_none(void **unused)
{
    static const char *const cases[] = { "", "MemTotal:\n", "MemTotal: kB\nMemFree: 1 kB\n", "MemTotal: 0 kB\nMemFree: 0 kB\n",
                                         "MemTotal: 10 kB\n", "MemFree: 10 kB\nMemAvailable: 10 kB\n", "MemTotal: -5 kB\nMemFree: 1 kB\n" };
    struct memory_figures figures;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(memory_parse(cases[i], &figures));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_at_the_bound),
        cmocka_unit_test(a_person_can_read_it),
        cmocka_unit_test(a_silent_system_is_unknown),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(the_system_tells),
#ifndef __APPLE__
        cmocka_unit_test(meminfo),
        cmocka_unit_test(meminfo_that_is_none),
#endif
    };

    return cmocka_run_group_tests_name("plugin memory", tests, NULL, NULL);
}
