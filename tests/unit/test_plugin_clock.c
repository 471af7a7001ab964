/* The plugin `clock` on the fake host, with a kernel that says what the test wants. */
#include "plugin_test.h"

#include "../../plugins/clock/clock.h"

#include <errno.h>

static struct clock_state kernel;
static int answers;

int clock_look(struct clock_state *state)
{
    *state = kernel;
    errno = EPERM;
    return answers;
}

static void what_the_kernel_knows(void **unused)
{
    static const struct {
        struct clock_state kernel;
        int answers;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { { 1, 0.002, 0.001, 0.1 }, 1, TALON_OK, "clock.ok", "it is kept, and off by 2.0 ms" },
        { { 1, -0.6, 0.001, 0.1 }, 1, TALON_WARN, "clock.offset", "the clock is off by 600" },
        { { 1, 12, 0.001, 0.1 }, 1, TALON_FAIL, "clock.offset", "the clock is off by 12" },
        { { 0, 0, 16, 16 }, 1, TALON_UNKNOWN, "clock.unsynchronised", "nothing keeps the clock" },
        { { 0, 0, 0, 0 }, 0, TALON_UNKNOWN, "clock.hidden", "cannot ask the kernel" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "clock");

        kernel = cases[i].kernel;
        answers = cases[i].answers;
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void options_of_it(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "clock");

    (void)unused;
    kernel = (struct clock_state){ .synchronised = 0 };
    answers = 1;
    fake_set(fake, "required", "true");
    CONCLUDES(fake, TALON_WARN, "clock.unsynchronised", "nothing keeps the clock");
    fake_free(fake);
    fake = fake_new(&talon_plugin_descriptor, "clock");
    fake_set(fake, "warn", "1m");
    REFUSES(fake, "warn", "must not be above `fail`");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_the_kernel_knows), cmocka_unit_test(options_of_it) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
