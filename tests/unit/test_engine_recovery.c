/* What comes back: needs and those that depend on them, and everything after a gap in the loop's time. */
#include "engine_support.h"

static const struct model *stack(void)
{
    struct build *b = build_begin(4, 4);

    add_quick(b, "vm", NULL);
    add_quick(b, "docker", "vm");
    add_quick(b, "redis", "docker");
    add_quick(b, "livekit", "redis");
    return build_end(b);
}

/* ---- a need comes back */

static void what_depends_on_a_need_that_comes_back_is_checked_at_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(1));
    hang(&sim, "docker.port");
    hang(&sim, "redis.port");
    hang(&sim, "livekit.port");
    set(&sim, "vm.port", STATUS_OK);
    nudge(&sim, "vm.port");
    wait_until(&sim, "vm", VERDICT_OK);
    assert_true(is_running(&sim, "docker.port") && is_running(&sim, "redis.port") && is_running(&sim, "livekit.port"));
    end(&sim);
}

static void it_has_one_recover_grace_before_it_may_be_a_root_cause(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    set(&sim, "vm.port", STATUS_OK);
    wait_until(&sim, "vm", VERDICT_OK);
    sim_pass(&sim, SECONDS(60) - 1);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_FAILED);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    sim_pass(&sim, 1);
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

/* What it showed before its need came back is evidence of the old trouble, even when there is no grace at all. */
static void evidence_from_before_a_recovery_makes_no_root_cause(void **state)
{
    struct build *b = build_begin(2, 2);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    build_service(b, "redis")->recover_grace = 0;
    build_need(b, "vm");
    build_check(b, "port")->fail_after = 1;
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(1));
    hang(&sim, "redis.port");
    set(&sim, "vm.port", STATUS_OK);
    nudge(&sim, "vm.port");
    wait_until(&sim, "vm", VERDICT_OK);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    answer(&sim, "redis.port", STATUS_FAIL);
    assert_string_equal(root(&sim, "redis"), "no");
    sim_pass(&sim, MS(1)); /* now its needs have been asked once more */
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

static void a_recovering_need_holds(void **state)
{
    struct build *b = build_begin(2, 2);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL)->recover_after = 2;
    add_quick(b, "redis", "vm");
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    hear(&sim, "vm.port", STATUS_OK);
    assert_int_equal(sim_verdict(&sim, "vm"), VERDICT_RECOVERING);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    hear(&sim, "vm.port", STATUS_FAIL);
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    end(&sim);
}

/* ---- gaps */

/* web.a, web.b; three bad results. */
static const struct model *web(void)
{
    struct build *b = build_begin(1, 2);

    build_service(b, "web");
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

static void what_had_failed_before_a_gap_stays_failed(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    sim_gap(&sim, SECONDS(3600), false);
    assert_string_equal(root(&sim, "vm"), "certain");
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "vm"), "certain");
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
        cmocka_unit_test(what_depends_on_a_need_that_comes_back_is_checked_at_once),
        cmocka_unit_test(it_has_one_recover_grace_before_it_may_be_a_root_cause),
        cmocka_unit_test(evidence_from_before_a_recovery_makes_no_root_cause),
        cmocka_unit_test(a_recovering_need_holds),
        cmocka_unit_test(after_a_gap_everything_runs_at_once),
        cmocka_unit_test(a_result_of_a_run_begun_before_a_gap_is_dropped),
        cmocka_unit_test(bad_results_before_a_gap_do_not_complete_a_streak_with_the_first_after_it),
        cmocka_unit_test(each_check_is_heard_after_a_gap_before_its_service_may_fail),
        cmocka_unit_test(what_had_failed_before_a_gap_stays_failed),
        cmocka_unit_test(after_a_gap_evidence_begins_anew_and_needs_wait_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
