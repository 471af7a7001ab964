/* core/base/os/clock and random: what stands still, what does not jump, what is never the same twice; with debug hooks also the shift. */
#include "base/os/clock.h"

#include "base/os/random.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *program; /* this one */

static void time_goes_on(void **state)
{
    struct moment last = clock_moment();

    (void)state;
    for (int i = 0; i < 100000; i++) {
        const struct moment now = clock_moment();

        assert_true(now.awake >= last.awake);
        assert_true(now.elapsed >= last.elapsed);
        assert_int_equal(now.boot, last.boot);
        last = now;
    }
    assert_true(last.awake > 0);
    assert_true(clock_awake() >= last.awake);
}

static void the_wall_is_the_calendar(void **state)
{
    const time_t before = time(NULL);
    const struct moment now = clock_moment();
    const time_t after = time(NULL);

    (void)state;
    assert_in_range(now.wall / (int64_t)NS_PER_S, before, after);
}

/* Two processes of one boot agree about it, or limits would not hold across a restart. */
static void the_boot_has_one_name(void **state)
{
    uint64_t other = 0;
    int ends[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        char self[32];

        snprintf(self, sizeof self, "%d", ends[1]);
        execl(program, program, self, (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    if (read(ends[0], &other, sizeof other) != (ssize_t)sizeof other)
        other = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(other, clock_moment().boot);
    assert_true(other != 0);
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void ids_do_not_repeat(void **state)
{
    static uint64_t ids[20000];
    uint64_t ones = 0, zeros = 0;

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        ids[i] = random_id();
        ones |= ids[i];
        zeros |= ~ids[i];
        assert_true(ids[i] != 0);
    }
    qsort(ids, 20000, sizeof ids[0], compare);
    for (size_t i = 1; i < 20000; i++)
        assert_true(ids[i] != ids[i - 1]);
    assert_true(ones == UINT64_MAX && zeros == UINT64_MAX); /* every bit was both */
}

#ifdef TALON_DEBUG_HOOKS
/* Moves elapsed and wall by exactly as much, and awake not at all. */
static void shifted(const char *file, int64_t seconds)
{
    const struct moment before = (unsetenv("TALON_CLOCK_SHIFT_FILE"), clock_moment());
    const struct moment now = (setenv("TALON_CLOCK_SHIFT_FILE", file, 1), clock_moment());
    const struct moment after = (unsetenv("TALON_CLOCK_SHIFT_FILE"), clock_moment());
    const int64_t by = seconds * (int64_t)NS_PER_S;

    assert_true((int64_t)(now.elapsed - before.elapsed) >= by && (int64_t)(after.elapsed - now.elapsed) >= -by);
    assert_true(now.wall - before.wall >= by && after.wall - now.wall >= -by);
    assert_true(now.awake >= before.awake && now.awake <= after.awake);
}

static void a_file_shifts_the_clock(void **state)
{
    const char *file = temp_path(state, "shift");

    shifted(file, 0); /* no such file */
    temp_write(file, "3600\n");
    shifted(file, 3600);
    temp_write(file, "7200.0\n"); /* read again */
    shifted(file, 7200);
    temp_write(file, "nan");
    shifted(file, 0);
    temp_write(file, "-30");
    shifted(file, -30);
    assert_int_equal(unlink(file), 0);
    shifted(file, 0);
    assert_int_equal(mkfifo(file, 0600), 0); /* hangs nobody */
    shifted(file, 0);
}
#else
static void nothing_shifts_the_clock(void **state)
{
    const char *file = temp_path(state, "shift");

    temp_write(file, "1000000\n");
    setenv("TALON_CLOCK_SHIFT_FILE", file, 1);
    assert_in_range(clock_moment().wall / (int64_t)NS_PER_S, time(NULL) - 1000, time(NULL) + 1000);
    unsetenv("TALON_CLOCK_SHIFT_FILE");
}
#endif

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_on),
        cmocka_unit_test(the_wall_is_the_calendar),
        cmocka_unit_test(the_boot_has_one_name),
        cmocka_unit_test(ids_do_not_repeat),
#ifdef TALON_DEBUG_HOOKS
        cmocka_unit_test_setup_teardown(a_file_shifts_the_clock, temp_folder_make, temp_folder_remove),
#else
        cmocka_unit_test_setup_teardown(nothing_shifts_the_clock, temp_folder_make, temp_folder_remove),
#endif
    };

    if (argc > 1) { /* the other process: says what it calls this boot */
        const uint64_t boot = clock_moment().boot;

        return write((int)strtol(argv[1], NULL, 10), &boot, sizeof boot) == (ssize_t)sizeof boot ? 0 : 1;
    }
    program = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
