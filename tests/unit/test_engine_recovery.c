/* What comes back: needs, and those that depend on them. */
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
