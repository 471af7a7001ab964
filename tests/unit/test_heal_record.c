/* How much time has passed: within a boot, across boots, with a calendar that jumps; and what a record keeps of starts and ends. */
#include "heal_support.h"

static void within_a_boot_the_calendar_has_no_say(void **state)
{
    const struct moment then = at(0);
    struct moment now = at(MINUTES(10));

    (void)state;
    now.wall += (int64_t)HOURS(24);
    assert_int_equal(heal_passed(&now, &then), MINUTES(10));
    now.wall -= (int64_t)HOURS(100);
    assert_int_equal(heal_passed(&now, &then), MINUTES(10));
}

static void sleep_counts(void **state)
{
    const struct moment then = at(0);
    struct moment now = at(MINUTES(10));

    (void)state;
    now.awake = then.awake;
    assert_int_equal(heal_passed(&now, &then), MINUTES(10));
}

static void across_boots_the_calendar_counts_but_no_less_than_this_boot(void **state)
{
    const struct moment then = at(0);
    struct moment now = { .elapsed = SECONDS(20), .wall = then.wall + (int64_t)MINUTES(5), .boot = BOOT + 1 };

    (void)state;
    assert_int_equal(heal_passed(&now, &then), MINUTES(5));
    now.wall = then.wall - (int64_t)HOURS(1); /* set back: it lies in the future, and is 20 s old at least */
    assert_int_equal(heal_passed(&now, &then), SECONDS(20));
    assert_int_equal(heal_left(&now, &then, MINUTES(15)), MINUTES(15) - SECONDS(20));
    now.elapsed = MINUTES(15);
    assert_int_equal(heal_left(&now, &then, MINUTES(15)), 0);
}

static void what_lies_in_the_future_of_this_boot_is_now(void **state)
{
    const struct moment then = at(SECONDS(1)), now = at(0);

    (void)state;
    assert_int_equal(heal_passed(&now, &then), 0);
    assert_int_equal(heal_left(&now, &then, MINUTES(15)), MINUTES(15));
}

static void times_are_half_open(void **state)
{
    const struct moment then = at(0), before = at(MINUTES(15) - 1), on = at(MINUTES(15));

    (void)state;
    assert_int_equal(heal_left(&before, &then, MINUTES(15)), 1);
    assert_int_equal(heal_left(&on, &then, MINUTES(15)), 0);
    assert_int_equal(heal_left(&then, &then, 0), 0);
}

static void a_window_is_left_by_the_one_that_matters(void **state)
{
    const struct moment starts[] = { at(0), at(MINUTES(1)), at(MINUTES(1)), at(MINUTES(3)) };
    const struct moment now = at(MINUTES(4));

    (void)state;
    assert_int_equal(heal_left_of_window(&now, starts, 4, 5, HOURS(1)), 0);
    assert_int_equal(heal_left_of_window(&now, starts, 4, 4, HOURS(1)), MINUTES(56));
    assert_int_equal(heal_left_of_window(&now, starts, 4, 3, HOURS(1)), MINUTES(57));
    assert_int_equal(heal_left_of_window(&now, starts, 4, 2, HOURS(1)), MINUTES(57));
    assert_int_equal(heal_left_of_window(&now, starts, 4, 1, HOURS(1)), MINUTES(59));
    assert_int_equal(heal_left_of_window(&now, starts, 4, 0, HOURS(1)), UINT64_MAX);
    assert_int_equal(heal_left_of_window(&now, starts, 0, 1, HOURS(1)), 0);
    assert_int_equal(heal_left_of_window(&now, starts, 4, 2, MINUTES(3)), 0); /* at 1 min: exactly as old as the window */
}

static void attempts_belong_to_an_incident(void **state)
{
    struct heal_record record = { .n = 0 };
    struct moment now = at(0);

    (void)state;
    heal_record_started(&record, &now, 5);
    heal_record_started(&record, &now, 5);
    assert_int_equal(heal_record_attempts(&record, 5), 2);
    assert_int_equal(heal_record_attempts(&record, 6), 0);
    heal_record_started(&record, &now, 0); /* by hand */
    assert_int_equal(heal_record_attempts(&record, 5), 2);
    assert_int_equal(record.n, 2);
    heal_record_rearm(&record);
    assert_int_equal(heal_record_attempts(&record, 5), 0);
    assert_int_equal(record.n, 2);
    heal_record_started(&record, &now, 6);
    assert_int_equal(heal_record_attempts(&record, 6), 1);
    assert_int_equal(heal_record_attempts(&record, 0), 0);
}

static void the_oldest_starts_are_forgotten(void **state)
{
    struct heal_record record = { .n = 0 };

    (void)state;
    for (unsigned i = 0; i < HEAL_STARTS + 3; i++) {
        const struct moment now = at(SECONDS(i));

        heal_record_started(&record, &now, 1);
    }
    assert_int_equal(record.n, HEAL_STARTS);
    assert_int_equal(record.starts[0].elapsed, at(SECONDS(3)).elapsed);
    assert_int_equal(record.starts[HEAL_STARTS - 1].elapsed, record.last.elapsed);
}

static void a_restart_interrupts_and_moves_times_into_its_boot(void **state)
{
    struct heal_record record = { .n = 0 };
    const struct moment then = at(0);
    struct moment now = { .elapsed = SECONDS(30), .wall = then.wall + (int64_t)MINUTES(10), .boot = BOOT + 1 };

    (void)state;
    heal_record_started(&record, &then, 1);
    heal_record_adopt(&record, &now);
    assert_false(record.running);
    assert_true(record.failed);
    assert_int_equal(record.ended_at.elapsed, now.elapsed); /* the hold runs from the restart */
    assert_int_equal(heal_passed(&now, &record.last), MINUTES(10));
    now.elapsed += MINUTES(1);
    now.wall += (int64_t)HOURS(50); /* a jump from here on moves nothing */
    assert_int_equal(heal_passed(&now, &record.last), MINUTES(11));
    assert_int_equal(heal_passed(&now, &record.starts[0]), MINUTES(11));
    assert_int_equal(heal_passed(&now, &record.ended_at), MINUTES(1));
}

static void a_run_that_helped_takes_the_failure_back(void **state)
{
    struct heal_record record = { .n = 0 };
    const struct moment now = at(0);

    (void)state;
    heal_record_started(&record, &now, 1);
    assert_true(record.running);
    heal_record_ended(&record, &now, HEAL_NOT_FIXED);
    assert_true(record.failed && !record.running);
    heal_record_ended(&record, &now, HEAL_FIXED);
    assert_false(record.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_a_boot_the_calendar_has_no_say),
        cmocka_unit_test(sleep_counts),
        cmocka_unit_test(across_boots_the_calendar_counts_but_no_less_than_this_boot),
        cmocka_unit_test(what_lies_in_the_future_of_this_boot_is_now),
        cmocka_unit_test(times_are_half_open),
        cmocka_unit_test(a_window_is_left_by_the_one_that_matters),
        cmocka_unit_test(attempts_belong_to_an_incident),
        cmocka_unit_test(the_oldest_starts_are_forgotten),
        cmocka_unit_test(a_restart_interrupts_and_moves_times_into_its_boot),
        cmocka_unit_test(a_run_that_helped_takes_the_failure_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
