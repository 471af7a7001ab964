/* From results to verdicts of a check. Each case is a row of results and the verdicts after each of them. */
#include "engine_support.h"

/* recover_after 2, unknown_after 3, starts within five minutes. */
static const struct model *model_of(unsigned fail_after)
{
    struct build *b = build_begin(1, 1);
    struct model_check *check;

    build_service(b, "redis");
    check = build_check(b, "ping");
    check->every = SECONDS(10);
    check->confirm_every = SECONDS(2);
    check->fail_after = fail_after;
    return build_end(b);
}

static enum status status_of(char letter)
{
    switch (letter) {
    case 'o':
        return STATUS_OK;
    case 'w':
        return STATUS_WARN;
    case 'f':
        return STATUS_FAIL;
    case '?':
        return STATUS_UNKNOWN;
    case 's':
        return STATUS_STARTING;
    default:
        return STATUS_STOPPED;
    }
}

static char letter_of(enum engine_verdict verdict)
{
    static const char letters[] = { [VERDICT_NONE] = '-',       [VERDICT_OK] = 'o',      [VERDICT_WARN] = 'w',    [VERDICT_STOPPED] = 'x', [VERDICT_STARTING] = 's',
                                    [VERDICT_RECOVERING] = 'r', [VERDICT_UNKNOWN] = 'u', [VERDICT_SUSPECT] = '!', [VERDICT_FAILED] = 'F' };

    return letters[verdict];
}

/* Results o w f ? s x; verdicts - none, o w x s, r recovering, u unknown, ! suspect, F failed. */
static void row(unsigned fail_after, const char *results, const char *verdicts)
{
    struct sim sim;
    char seen[64] = "";

    sim_begin(&sim, 1, model_of(fail_after));
    for (size_t i = 0; results[i]; i++) {
        hear(&sim, "redis.ping", status_of(results[i]));
        seen[i] = letter_of(verdict_of(&sim, "redis.ping"));
        assert_int_equal(sim_verdict(&sim, "redis"), verdict_of(&sim, "redis.ping"));
    }
    assert_string_equal(seen, verdicts);
    end(&sim);
}

static void it_fails_after_so_many_bad_results_in_a_row(void **state)
{
    (void)state;
    row(3, "offf", "o!!F");
    row(3, "fff", "!!F");
    row(1, "of", "oF");
    row(3, "offoff", "o!!o!!");
    row(3, "ffffff", "!!FFFF");
}

static void it_recovers_after_so_many_good_ones(void **state)
{
    (void)state;
    row(3, "fffoo", "!!Fro");
    row(3, "fffofoo", "!!FrFro"); /* what has not recovered needs no confirmation to be failed again */
    row(3, "fffoofo", "!!Fro!o"); /* what has, does */
}

static void warn_ends_a_streak_and_counts_as_good(void **state)
{
    (void)state;
    row(3, "owow", "owow");
    row(3, "ffwff", "!!w!!");
    row(3, "fffww", "!!Frw");
    row(3, "fffwo", "!!Fro");
    row(3, "wwwwwwww", "wwwwwwww"); /* it never fails */
}

static void unknown_neither_advances_nor_resets_a_streak(void **state)
{
    (void)state;
    row(3, "off?f", "o!!!F");
    row(3, "o?o??o", "oooooo");
    row(3, "fff?o?o", "!!FFrro");
}

static void enough_unknown_ones_in_a_row_are_unknown(void **state)
{
    (void)state;
    row(3, "o???", "ooou");
    row(3, "o??o??o", "ooooooo");
    row(3, "o????o", "ooouuo");
}

static void behind_unknown_everything_goes_on_where_it_stood(void **state)
{
    (void)state;
    row(3, "ff???f", "!!!!uF");
    row(3, "fff???f", "!!FFFuF");
    row(3, "fff???oo", "!!FFFuro");
    row(3, "fffo???o", "!!Frrruo");
}

static void before_it_was_ever_heard_it_has_no_verdict(void **state)
{
    (void)state;
    row(3, "??o", "--o");
    row(3, "???", "--u");
}

static void starting_is_neither_bad_nor_good(void **state)
{
    (void)state;
    row(3, "osso", "osso");
    row(3, "fffsoo", "!!Fsro"); /* a failed one that starts has to recover as well */
    row(3, "fffos", "!!Frs");
    row(3, "fffofs", "!!FrFs");
}

/* It crashes, is started, crashes: nothing good comes in between. */
static void a_crash_loop_does_not_start_for_ever(void **state)
{
    (void)state;
    row(3, "osfsfsf", "os!s!sF");
}

static void stopped_counts_at_once_and_forgets_the_streak(void **state)
{
    (void)state;
    row(3, "ox", "ox");
    row(3, "ffxff", "!!x!!");
    row(3, "fffxo", "!!Fxo");
    row(3, "xxxxf", "xxxx!");
}

static void starting_becomes_a_failure_after_start_timeout(void **state)
{
    struct sim sim;
    uint64_t begun;

    (void)state;
    sim_begin(&sim, 1, model_of(3));
    set(&sim, "redis.ping", STATUS_STARTING);
    sim_pass(&sim, MS(1));
    begun = sim.now.awake;
    sim_pass(&sim, SECONDS(300) - 1);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_STARTING);
    wait_until(&sim, "redis", VERDICT_SUSPECT);
    assert_true(sim.now.awake - begun <= SECONDS(300) + MS(1)); /* it is looked at exactly then */
    wait_until(&sim, "redis", VERDICT_FAILED);
    for (int i = 0; i < 1000; i++) { /* and does not become starting again by saying so on */
        sim_step(&sim, SECONDS(10));
        assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_FAILED);
    }
    end(&sim);
}

/* The timer then finds a run that has just ended: nothing is confirmed that is ok. */
static void a_result_is_judged_before_a_timer_of_the_same_instant(void **state)
{
    struct sim sim;
    uint64_t starts;

    (void)state;
    sim_begin(&sim, 1, model_of(3));
    hear(&sim, "redis.ping", STATUS_FAIL);
    sim_check(&sim, "redis.ping")->takes = SECONDS(2); /* a whole confirm_every */
    set(&sim, "redis.ping", STATUS_OK);
    while (!is_running(&sim, "redis.ping"))
        sim_step(&sim, SECONDS(10));
    starts = sim_check(&sim, "redis.ping")->starts;
    sim_pass(&sim, SECONDS(2));
    assert_int_equal(verdict_of(&sim, "redis.ping"), VERDICT_OK);
    assert_int_equal(sim_check(&sim, "redis.ping")->starts, starts);
    end(&sim);
}

static void the_last_result_is_kept_and_shared(void **state)
{
    struct sim sim;
    struct result *last;

    (void)state;
    sim_begin(&sim, 1, model_of(3));
    assert_null(sim_shown_check(&sim, "redis.ping")->last);
    hear(&sim, "redis.ping", STATUS_FAIL);
    last = result_keep(sim_shown_check(&sim, "redis.ping")->last);
    hear(&sim, "redis.ping", STATUS_OK);
    assert_string_equal(last->summary, "connection refused"); /* ours still */
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->last->status, STATUS_OK);
    result_drop(last);
    end(&sim);
}

static void a_turn_has_its_time(void **state)
{
    struct sim sim;
    int64_t since;

    (void)state;
    sim_begin(&sim, 1, model_of(3));
    hear(&sim, "redis.ping", STATUS_OK);
    since = sim.now.wall;
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->since, since);
    hear(&sim, "redis.ping", STATUS_OK);
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->since, since);
    assert_int_equal(sim_shown(&sim, "redis")->since, since);
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->last_ended, sim.now.wall);
    hear(&sim, "redis.ping", STATUS_WARN);
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->since, sim.now.wall);
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fails_after_so_many_bad_results_in_a_row),
        cmocka_unit_test(it_recovers_after_so_many_good_ones),
        cmocka_unit_test(warn_ends_a_streak_and_counts_as_good),
        cmocka_unit_test(unknown_neither_advances_nor_resets_a_streak),
        cmocka_unit_test(enough_unknown_ones_in_a_row_are_unknown),
        cmocka_unit_test(behind_unknown_everything_goes_on_where_it_stood),
        cmocka_unit_test(before_it_was_ever_heard_it_has_no_verdict),
        cmocka_unit_test(starting_is_neither_bad_nor_good),
        cmocka_unit_test(a_crash_loop_does_not_start_for_ever),
        cmocka_unit_test(stopped_counts_at_once_and_forgets_the_streak),
        cmocka_unit_test(starting_becomes_a_failure_after_start_timeout),
        cmocka_unit_test(a_result_is_judged_before_a_timer_of_the_same_instant),
        cmocka_unit_test(the_last_result_is_kept_and_shared),
        cmocka_unit_test(a_turn_has_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
