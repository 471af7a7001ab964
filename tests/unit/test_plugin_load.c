/* The plugin `load` on the fake host, with a load average made up by the test in place of the system's. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "plugin_test.h"

#include <stdlib.h>
#include <unistd.h>

static double minute;
static int told = 3;

int getloadavg(double loads[], int n)
{
    (void)n;
    loads[0] = minute;
    loads[1] = 0.5;
    loads[2] = 0.25;
    return told;
}

static double cpus(void)
{
    return (double)sysconf(_SC_NPROCESSORS_ONLN);
}

static void load_at_the_bound(void **unused)
{
    static const struct {
        const char *warn;
        double each;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { NULL, 0, TALON_OK, "load.ok", "is 0.00 for each" },
        { NULL, 3.99, TALON_OK, "load.ok", "is 3.99 for each" },
        { NULL, 4, TALON_WARN, "load.high", "is 4.00 for each; warning at 4" },
        { NULL, 400, TALON_WARN, "load.high", "is 400.00 for each; warning at 4" }, /* never a failure */
        { "0.5", 0.5, TALON_WARN, "load.high", "warning at 0.5" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "load");

        minute = cases[i].each * cpus();
        if (cases[i].warn)
            fake_set(fake, "warn", cases[i].warn);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        NEAR(fake_metric(fake, "load1"), minute);
        NEAR(fake_metric(fake, "load5"), 0.5);
        NEAR(fake_metric(fake, "load15"), 0.25);
        NEAR(fake_metric(fake, "per_cpu"), cases[i].each);
        NEAR(fake_metric(fake, "cpus"), cpus());
        fake_free(fake);
    }
}

static void a_silent_system_is_unknown(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "load");

    (void)unused;
    told = -1;
    CONCLUDES(fake, TALON_UNKNOWN, "load.unavailable", "does not tell");
    assert_int_equal(fake_result(fake)->metrics, 0);
    fake_free(fake);
    told = 3;
}

static void there_is_no_limit_that_fails(void **unused)
{
    const struct talon_option *option = talon_plugin_descriptor.operations[0].options;

    (void)unused;
    assert_string_equal(option->name, "warn");
    assert_null(option[1].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_at_the_bound),
        cmocka_unit_test(a_silent_system_is_unknown),
        cmocka_unit_test(there_is_no_limit_that_fails),
    };

    return cmocka_run_group_tests_name("plugin load", tests, NULL, NULL);
}
