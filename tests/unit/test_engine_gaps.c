/* After a gap in the loop's time: the machine slept, or Talon stood still. */
#include "engine_support.h"

/* vm <- docker; each fails after one bad result. */
static const struct model *stack(void)
{
    struct build *b = build_begin(2, 2);

    add_quick(b, "vm", NULL);
    add_quick(b, "docker", "vm");
    return build_end(b);
}

/* web.a, web.b; three bad results, and no time to come back. */
static const struct model *web(void)
{
    struct build *b = build_begin(1, 2);

    build_service(b, "web")->recover_grace = 0;
    build_check(b, "a");
    build_check(b, "b");
    return build_end(b);
}

static void after_a_gap_everything_runs_at_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, web());
    sim_gap(&sim, SECONDS(3600), false);
    assert_true(is_running(&sim, "web.a") && is_running(&sim, "web.b"));
    end(&sim);
}

static void a_result_of_a_run_begun_before_a_gap_is_dropped(void **state)
{
    struct sim sim;
    uint64_t runs;

    (void)state;
    begin(&sim, web());
    nudge(&sim, "web.a");
    runs = sim_shown_check(&sim, "web.a")->runs;
    sim_gap(&sim, SECONDS(3600), false);
    answer(&sim, "web.a", STATUS_FAIL);
    assert_int_equal(verdict_of(&sim, "web.a"), VERDICT_OK);
    assert_int_equal(sim_shown_check(&sim, "web.a")->runs, runs);
    assert_true(is_running(&sim, "web.a")); /* as if it had not been: it runs anew */
    end(&sim);
}

static void bad_results_before_a_gap_do_not_complete_a_streak_with_the_first_after_it(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, web());
    hear(&sim, "web.a", STATUS_FAIL);
    hear(&sim, "web.a", STATUS_FAIL);
    sim_gap(&sim, SECONDS(3600), false);
    sim_pass(&sim, MS(1)); /* b is heard */
    hear(&sim, "web.a", STATUS_FAIL);
    assert_int_equal(verdict_of(&sim, "web.a"), VERDICT_SUSPECT);
    hear(&sim, "web.a", STATUS_FAIL);
    assert_int_equal(verdict_of(&sim, "web.a"), VERDICT_SUSPECT);
    hear(&sim, "web.a", STATUS_FAIL);
    assert_int_equal(verdict_of(&sim, "web.a"), VERDICT_FAILED);
    end(&sim);
}

static void each_check_is_heard_after_a_gap_before_its_service_may_fail(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, web());
    hang(&sim, "web.b");
    sim_gap(&sim, SECONDS(3600), false);
    for (int i = 0; i < 4; i++)
        hear(&sim, "web.a", STATUS_FAIL);
    assert_int_equal(sim_verdict(&sim, "web"), VERDICT_SUSPECT); /* four bad ones, but nothing of b yet */
    answer(&sim, "web.b", STATUS_OK);
    hear(&sim, "web.a", STATUS_FAIL);
    assert_int_equal(sim_verdict(&sim, "web"), VERDICT_FAILED);
    end(&sim);
}

/* Twenty services, each failed after one bad result. */
static const struct model *twenty(void)
{
    struct build *b = build_begin(20, 20);
    char name[16];

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "s%d", i);
        add_quick(b, name, NULL);
    }
    return build_end(b);
}

static void pass_with_all_suspect(struct sim *sim, uint64_t ns)
{
    uint64_t until = sim->now.awake + ns;

    while (sim->now.awake < until) {
        sim_step(sim, until - sim->now.awake);
        for (size_t i = 0; i < 20; i++)
            assert_int_not_equal(engine_check(sim->engine, i)->verdict, VERDICT_FAILED);
    }
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(engine_check(sim->engine, i)->verdict, VERDICT_SUSPECT);
}

/* Incident 22: all timers fire at wake, and the network is not up yet. */
static void waking_up_without_a_network_fails_nothing(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, twenty());
    for (size_t i = 0; i < 20; i++)
        sim.checks[i].status = STATUS_FAIL;
    sim_gap(&sim, SECONDS(8), false); /* however short the sleep was */
    pass_with_all_suspect(&sim, SECONDS(59));
    assert_non_null(strstr(sim_why(&sim, "s0"), " bad results in a row; the machine slept or Talon stood still, so it has 1 s more before it may fail: connection refused"));
    pass_with_all_suspect(&sim, SECONDS(1) - 1);
    for (size_t i = 0; i < 20; i++)
        sim.checks[i].status = STATUS_OK;
    sim_pass(&sim, SECONDS(60));
    assert_true(engine_overall(sim.engine)->ok);
    end(&sim);
}

static void what_is_still_bad_when_that_time_is_over_fails_with_its_next_result(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, twenty());
    for (size_t i = 0; i < 20; i++)
        sim.checks[i].status = STATUS_FAIL;
    sim_gap(&sim, SECONDS(8 * 3600), false);
    pass_with_all_suspect(&sim, SECONDS(60) - 1);
    sim_pass(&sim, MS(1));
    sim_pass(&sim, SECONDS(15)); /* confirm_every */
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(engine_check(sim.engine, i)->verdict, VERDICT_FAILED);
    end(&sim);
}

/* Its network was there all the time: a watchdog that is stopped again and again still sees what fails. */
static void one_that_only_stood_still_is_spared_no_longer_than_it_stood(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, twenty());
    for (size_t i = 0; i < 20; i++) {
        sim.checks[i].status = STATUS_FAIL;
        sim.checks[i].takes = SIM_HANGS;
    }
    sim_gap(&sim, SECONDS(7), true);
    sim_answer(&sim, 0, STATUS_FAIL);
    sim_answer(&sim, 1, STATUS_FAIL);
    sim_pass(&sim, SECONDS(7) - 1);
    sim_nudge(&sim, 0); /* begins too early to count */
    sim_pass(&sim, 1);
    sim_nudge(&sim, 1);
    sim_answer(&sim, 0, STATUS_FAIL);
    sim_answer(&sim, 1, STATUS_FAIL);
    assert_int_equal(engine_check(sim.engine, 0)->verdict, VERDICT_SUSPECT);
    assert_non_null(strstr(sim_why(&sim, "s0"), "2 bad results in a row; the machine slept or Talon stood still, so it may fail with the next one: connection refused"));
    assert_int_equal(engine_check(sim.engine, 1)->verdict, VERDICT_FAILED);
    end(&sim);
}

static void what_had_failed_before_a_gap_stays_failed(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    sim_gap(&sim, SECONDS(3600), false);
    assert_string_equal(root(&sim, "vm"), "certain");
    assert_int_equal(sim_shown_check(&sim, "vm.port")->bad, 1); /* and how long */
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "vm"), "certain");
    assert_int_equal(sim_shown_check(&sim, "vm.port")->bad, 2);
    end(&sim);
}

static void after_a_gap_evidence_begins_anew_and_needs_wait_with_it(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    sim_pass(&sim, SECONDS(20));
    sim_gap(&sim, SECONDS(3600), true);
    sim_pass(&sim, SECONDS(20));
    assert_string_equal(waiting_for(&sim, "docker"), "vm");
    answer(&sim, "vm.port", STATUS_OK); /* from before: dropped */
    assert_string_equal(waiting_for(&sim, "docker"), "vm");
    answer(&sim, "vm.port", STATUS_OK);
    assert_string_equal(root(&sim, "docker"), "certain");
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_gap_everything_runs_at_once),
        cmocka_unit_test(a_result_of_a_run_begun_before_a_gap_is_dropped),
        cmocka_unit_test(bad_results_before_a_gap_do_not_complete_a_streak_with_the_first_after_it),
        cmocka_unit_test(each_check_is_heard_after_a_gap_before_its_service_may_fail),
        cmocka_unit_test(waking_up_without_a_network_fails_nothing),
        cmocka_unit_test(what_is_still_bad_when_that_time_is_over_fails_with_its_next_result),
        cmocka_unit_test(one_that_only_stood_still_is_spared_no_longer_than_it_stood),
        cmocka_unit_test(what_had_failed_before_a_gap_stays_failed),
        cmocka_unit_test(after_a_gap_evidence_begins_anew_and_needs_wait_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
