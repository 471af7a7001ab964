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
    sim_pass(&sim, 1); /* now it is looked at once more */
    assert_string_equal(root(&sim, "redis"), "no");
    sim_pass(&sim, MS(2)); /* and what it needs */
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

static void pass_without_root(struct sim *sim, const char *service, uint64_t ns)
{
    uint64_t until = sim->now.awake + ns;

    while (sim->now.awake < until) {
        sim_step(sim, until - sim->now.awake);
        assert_string_equal(root(sim, service), "no");
    }
}

static void one_that_comes_back_in_its_grace_was_never_a_root_cause(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    set(&sim, "vm.port", STATUS_OK);
    while (sim_verdict(&sim, "vm") != VERDICT_OK)
        pass_without_root(&sim, "docker", SECONDS(1));
    pass_without_root(&sim, "docker", SECONDS(30));
    assert_int_equal(sim_verdict(&sim, "docker"), VERDICT_FAILED);
    set(&sim, "docker.port", STATUS_OK);
    pass_without_root(&sim, "docker", SECONDS(60));
    assert_int_equal(sim_verdict(&sim, "docker"), VERDICT_OK);
    end(&sim);
}

static void in_its_grace_it_is_checked_quickly(void **state)
{
    struct sim sim;
    uint64_t starts;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    set(&sim, "vm.port", STATUS_OK);
    nudge(&sim, "vm.port");
    wait_until(&sim, "vm", VERDICT_OK);
    set(&sim, "docker.port", STATUS_OK);
    sim_pass(&sim, SECONDS(1));
    fail_now(&sim, "docker.port"); /* it came back, and went again */
    starts = sim_check(&sim, "docker.port")->starts;
    sim_pass(&sim, SECONDS(46));
    assert_in_range(sim_check(&sim, "docker.port")->starts - starts, 3, 4);
    end(&sim);
}

/* vm.port <- redis.port, which is confirmed too rarely to be seen again in its grace. */
static const struct model *seldom_seen(void)
{
    struct build *b = build_begin(2, 2);
    struct model_check *check;

    add_quick(b, "vm", NULL);
    check = add_quick(b, "redis", "vm");
    check->every = SECONDS(3600);
    check->confirm_every = SECONDS(900);
    return build_end(b);
}

static void begin_seldom_seen(struct sim *sim)
{
    begin(sim, seldom_seen());
    fail_now(sim, "vm.port");
    fail_now(sim, "redis.port");
    sim_pass(sim, SECONDS(1));
    set(sim, "vm.port", STATUS_OK);
    nudge(sim, "vm.port");
    wait_until(sim, "vm", VERDICT_OK);
    sim_pass(sim, SECONDS(30)); /* seen once more, still bad */
}

static void no_grace_ends_without_another_look(void **state)
{
    struct sim sim;

    (void)state;
    begin_seldom_seen(&sim);
    set(&sim, "redis.port", STATUS_OK);
    pass_without_root(&sim, "redis", SECONDS(31));
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_OK);
    end(&sim);
}

static void a_run_begun_just_before_its_end_is_no_last_look(void **state)
{
    struct sim sim;
    uint64_t starts;

    (void)state;
    begin_seldom_seen(&sim);
    sim_pass(&sim, SECONDS(30) - 1);
    hang(&sim, "redis.port");
    nudge(&sim, "redis.port");
    answer(&sim, "redis.port", STATUS_FAIL);
    starts = sim_check(&sim, "redis.port")->starts;
    sim_pass(&sim, 1);
    assert_int_equal(sim_check(&sim, "redis.port")->starts, starts + 1);
    assert_string_equal(root(&sim, "redis"), "no");
    end(&sim);
}

/* Its grace has ended while another need was to blame, and a witness has seen something since. */
static void a_witness_is_no_last_look(void **state)
{
    struct build *b = build_begin(3, 4);
    struct model_check *check;
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    add_quick(b, "db", NULL)->unknown_after = 1;
    check = add_quick(b, "redis", "vm");
    build_need(b, "db");
    check->every = SECONDS(3600);
    check->confirm_every = SECONDS(900);
    check = build_check(b, "hint");
    check->witness = true;
    check->fail_after = 1;
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    set(&sim, "vm.port", STATUS_OK);
    wait_until(&sim, "vm", VERDICT_OK);
    sim_pass(&sim, SECONDS(1));
    fail_now(&sim, "db.port");
    sim_pass(&sim, SECONDS(120));
    assert_string_equal(caused_by(&sim, "redis"), "db");
    fail_now(&sim, "redis.hint");
    hang(&sim, "redis.port");
    hear(&sim, "db.port", STATUS_UNKNOWN);
    assert_string_equal(caused_by(&sim, "redis"), "nobody");
    assert_true(is_running(&sim, "redis.port"));
    end(&sim);
}

static void the_last_look_has_needs_wait(void **state)
{
    struct sim sim;

    (void)state;
    begin_seldom_seen(&sim);
    hang(&sim, "redis.port");
    pass_without_root(&sim, "redis", SECONDS(59));
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    assert_non_null(strstr(sim_why(&sim, "redis"), "; waiting for vm: it is back, and this has had its time to come back as well, so it is looked at once more, at most 1 s more"));
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "redis"), "uncertain");
    answer(&sim, "redis.port", STATUS_FAIL);
    sim_pass(&sim, MS(1));
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

/* It looked while its need was still down. */
static void a_run_that_began_before_its_need_came_back_proves_nothing(void **state)
{
    struct build *b = build_begin(2, 2);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    add_quick(b, "redis", "vm");
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    hang(&sim, "redis.port");
    nudge(&sim, "redis.port");
    set(&sim, "vm.port", STATUS_OK);
    sim_pass(&sim, SECONDS(1));
    nudge(&sim, "vm.port");
    wait_until(&sim, "vm", VERDICT_OK);
    answer(&sim, "redis.port", STATUS_FAIL);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_FAILED);
    assert_true(is_running(&sim, "redis.port"));
    pass_without_root(&sim, "redis", SECONDS(60));
    answer(&sim, "redis.port", STATUS_OK);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_OK);
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

/* Seen well at its end, it starts from nothing: a failure long after it is judged as any other. */
static void a_failure_after_a_grace_is_looked_at_as_any_other(void **state)
{
    struct sim sim;
    uint64_t starts;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    set(&sim, "vm.port", STATUS_OK);
    set(&sim, "docker.port", STATUS_OK);
    sim_pass(&sim, SECONDS(3600));
    starts = sim_check(&sim, "docker.port")->starts;
    fail_now(&sim, "docker.port");
    sim_pass(&sim, MS(1));
    assert_string_equal(root(&sim, "docker"), "certain");
    assert_int_equal(sim_check(&sim, "docker.port")->starts, starts + 1);
    end(&sim);
}

/* However long it took its need to recover. */
static void needs_wait_begins_anew_when_the_need_is_back(void **state)
{
    struct build *b = build_begin(2, 2);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL)->recover_after = 2;
    build_service(b, "redis")->recover_grace = 0;
    build_need(b, "vm");
    build_check(b, "port")->fail_after = 1;
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    hang(&sim, "redis.port");
    hear(&sim, "vm.port", STATUS_OK);
    sim_pass(&sim, SECONDS(25));
    hear(&sim, "vm.port", STATUS_OK);
    assert_int_equal(sim_verdict(&sim, "vm"), VERDICT_OK);
    pass_without_root(&sim, "redis", SECONDS(30) - 1);
    sim_pass(&sim, 1);
    assert_string_equal(root(&sim, "redis"), "uncertain");
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
        cmocka_unit_test(what_depends_on_a_need_that_comes_back_is_checked_at_once),
        cmocka_unit_test(it_has_one_recover_grace_before_it_may_be_a_root_cause),
        cmocka_unit_test(one_that_comes_back_in_its_grace_was_never_a_root_cause),
        cmocka_unit_test(in_its_grace_it_is_checked_quickly),
        cmocka_unit_test(no_grace_ends_without_another_look),
        cmocka_unit_test(a_run_begun_just_before_its_end_is_no_last_look),
        cmocka_unit_test(a_witness_is_no_last_look),
        cmocka_unit_test(the_last_look_has_needs_wait),
        cmocka_unit_test(a_run_that_began_before_its_need_came_back_proves_nothing),
        cmocka_unit_test(evidence_from_before_a_recovery_makes_no_root_cause),
        cmocka_unit_test(a_failure_after_a_grace_is_looked_at_as_any_other),
        cmocka_unit_test(needs_wait_begins_anew_when_the_need_is_back),
        cmocka_unit_test(a_recovering_need_holds),
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
