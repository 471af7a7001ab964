/* Root causes: no race decides who is to blame. */
#include "engine_support.h"

/* vm <- docker <- redis <- livekit; each fails after one bad result. */
static const struct model *stack(void)
{
    struct build *b = build_begin(4, 4);

    add_quick(b, "vm", NULL);
    add_quick(b, "docker", "vm");
    add_quick(b, "redis", "docker");
    add_quick(b, "livekit", "redis");
    return build_end(b);
}

/* vm <- redis, with bad results that make them failed. */
static const struct model *pair(unsigned vm_fails_after, unsigned redis_fails_after)
{
    struct build *b = build_begin(2, 2);

    add_quick(b, "vm", NULL)->fail_after = vm_fails_after;
    add_quick(b, "redis", "vm")->fail_after = redis_fails_after;
    return build_end(b);
}

/* ---- root, or not */

static void what_needs_nothing_is_a_root_cause_at_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    assert_int_equal(sim_verdict(&sim, "vm"), VERDICT_FAILED);
    assert_string_equal(root(&sim, "vm"), "certain");
    end(&sim);
}

static void needs_are_checked_at_once_and_transitively(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    hang(&sim, "docker.port");
    hang(&sim, "redis.port");
    fail_now(&sim, "livekit.port");
    assert_true(is_running(&sim, "vm.port") && is_running(&sim, "docker.port") && is_running(&sim, "redis.port"));
    assert_int_equal(sim_check(&sim, "vm.port")->last_cause, CAUSE_NEED);
    end(&sim);
}

static void it_waits_until_every_need_has_a_result_begun_after_its_first_bad_one(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    hang(&sim, "docker.port");
    fail_now(&sim, "redis.port");
    assert_string_equal(waiting_for(&sim, "redis"), "docker");
    answer(&sim, "docker.port", STATUS_OK);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    assert_string_equal(root(&sim, "redis"), "no");
    answer(&sim, "vm.port", STATUS_OK);
    assert_string_equal(waiting_for(&sim, "redis"), "nobody");
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

static void a_run_that_began_before_clears_nobody(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    nudge(&sim, "vm.port"); /* looks at the vm while it still stands */
    fail_now(&sim, "docker.port");
    answer(&sim, "vm.port", STATUS_OK);
    assert_string_equal(waiting_for(&sim, "docker"), "vm");
    assert_true(is_running(&sim, "vm.port")); /* again, at once */
    answer(&sim, "vm.port", STATUS_FAIL);
    assert_string_equal(caused_by(&sim, "docker"), "vm");
    assert_string_equal(root(&sim, "docker"), "no");
    end(&sim);
}

static void every_check_of_a_need_has_to_be_heard_but_not_its_witnesses(void **state)
{
    struct build *b = build_begin(2, 4);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    build_check(b, "ssh");
    build_check(b, "hint")->witness = true;
    add_quick(b, "redis", "vm");
    begin(&sim, build_end(b));
    hang(&sim, "vm.port");
    hang(&sim, "vm.ssh");
    hang(&sim, "vm.hint");
    fail_now(&sim, "redis.port");
    assert_false(is_running(&sim, "vm.hint"));
    answer(&sim, "vm.port", STATUS_OK);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    answer(&sim, "vm.ssh", STATUS_OK);
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

/* Incidents 2 and 30: LiveKit answers nonsense because Redis is gone, Redis because the VM is. */
static void the_deepest_need_that_is_down_is_named(void **state)
{
    static const char *const checks[] = { "livekit.port", "redis.port", "docker.port", "vm.port" };
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    for (size_t i = 0; i < 4; i++)
        set(&sim, checks[i], STATUS_FAIL);
    nudge(&sim, "livekit.port"); /* the last one is seen first */
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "vm"), "certain");
    assert_string_equal(caused_by(&sim, "docker"), "vm");
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    assert_string_equal(caused_by(&sim, "livekit"), "vm");
    end(&sim);
}

/* Docker does not notice; what stands on it does. */
static void a_need_that_seems_well_does_not_hide_what_it_needs(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    assert_int_equal(sim_verdict(&sim, "docker"), VERDICT_OK);
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    end(&sim);
}

static void a_suspect_need_holds_it(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair(2, 1));
    hang(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    answer(&sim, "vm.port", STATUS_FAIL);
    assert_int_equal(sim_verdict(&sim, "vm"), VERDICT_SUSPECT);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    hear(&sim, "vm.port", STATUS_FAIL);
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    assert_string_equal(waiting_for(&sim, "redis"), "nobody");
    end(&sim);
}

static void a_suspect_with_a_need_that_is_down_says_so(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair(1, 3));
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_SUSPECT);
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    end(&sim);
}

static void a_stopped_or_starting_need_explains_as_well(void **state)
{
    static const enum status statuses[] = { STATUS_STOPPED, STATUS_STARTING };
    struct sim sim;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&sim, stack());
        set(&sim, "vm.port", statuses[i]);
        fail_now(&sim, "docker.port");
        sim_pass(&sim, SECONDS(100));
        assert_string_equal(caused_by(&sim, "docker"), "vm");
        assert_string_equal(root(&sim, "docker"), "no");
        end(&sim);
    }
}

static void a_root_cause_is_folded_into_a_need_that_turns_out_down(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "redis"), "certain");
    fail_now(&sim, "vm.port");
    assert_string_equal(root(&sim, "redis"), "no");
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    end(&sim);
}

static void a_root_cause_stays_one_while_a_need_is_merely_suspect_but_is_uncertain(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair(5, 1));
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "redis"), "certain");
    fail_now(&sim, "vm.port");
    assert_string_equal(root(&sim, "redis"), "uncertain");
    set(&sim, "vm.port", STATUS_OK);
    sim_pass(&sim, SECONDS(60));
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

/* ---- needs_wait */

static void the_wait_ends_after_needs_wait_with_an_uncertain_root_cause(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    sim_pass(&sim, SECONDS(30) - 1);
    assert_string_equal(waiting_for(&sim, "docker"), "vm");
    sim_pass(&sim, 1);
    assert_string_equal(root(&sim, "docker"), "uncertain");
    answer(&sim, "vm.port", STATUS_OK); /* known at last */
    assert_string_equal(root(&sim, "docker"), "certain");
    end(&sim);
}

/* The hung run looked before anything was bad: its answer is no evidence. The next one is, and the doubt ends with it. */
static void doubt_ends_as_soon_as_every_need_has_a_fresh_good_result(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    nudge(&sim, "vm.port");
    hang(&sim, "docker.port");
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(30));
    assert_string_equal(root(&sim, "redis"), "uncertain");
    answer(&sim, "vm.port", STATUS_OK);
    assert_true(is_running(&sim, "vm.port"));
    answer(&sim, "docker.port", STATUS_OK);
    assert_string_equal(root(&sim, "redis"), "uncertain");
    answer(&sim, "vm.port", STATUS_OK);
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

static void the_wait_is_at_least_the_timeout_of_any_need_however_far(void **state)
{
    struct build *b = build_begin(3, 3);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL)->timeout = SECONDS(50);
    add_quick(b, "docker", "vm");
    add_quick(b, "redis", "docker");
    begin(&sim, build_end(b));
    hang(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(50) - 1);
    assert_string_equal(waiting_for(&sim, "redis"), "vm");
    sim_pass(&sim, 1);
    assert_string_equal(root(&sim, "redis"), "uncertain");
    end(&sim);
}

static void the_wait_counts_from_the_turn_to_failed(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair(1, 3));
    hang(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_SUSPECT);
    wait_until(&sim, "redis", VERDICT_FAILED); /* two quick re-checks later */
    sim_pass(&sim, SECONDS(30) - 1);
    assert_string_equal(root(&sim, "redis"), "no");
    sim_pass(&sim, 1);
    assert_string_equal(root(&sim, "redis"), "uncertain");
    end(&sim);
}

static void a_need_that_could_not_tell_is_asked_again_quickly(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    answer(&sim, "vm.port", STATUS_UNKNOWN);
    assert_string_equal(waiting_for(&sim, "docker"), "vm"); /* no evidence, though the verdict is still ok */
    sim_pass(&sim, SECONDS(15));
    assert_true(is_running(&sim, "vm.port"));
    answer(&sim, "vm.port", STATUS_OK);
    assert_string_equal(root(&sim, "docker"), "certain");
    end(&sim);
}

/* ---- any */

static const struct model *replicas(void)
{
    struct build *b = build_begin(3, 3);

    add_quick(b, "db1", NULL);
    add_quick(b, "db2", NULL);
    add_quick(b, "app", "db1 db2");
    return build_end(b);
}

static void one_that_is_well_meets_a_need_for_any(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, replicas());
    fail_now(&sim, "db1.port");
    fail_now(&sim, "app.port");
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "app"), "certain");
    fail_now(&sim, "db2.port");
    assert_string_equal(caused_by(&sim, "app"), "db1");
    end(&sim);
}

static void one_that_is_not_known_holds_when_the_others_are_down(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, replicas());
    fail_now(&sim, "db1.port");
    hang(&sim, "db2.port");
    fail_now(&sim, "app.port");
    assert_string_equal(waiting_for(&sim, "app"), "db2");
    end(&sim);
}

/* ---- what is not watched */

static void a_disabled_need_neither_explains_nor_holds(void **state)
{
    struct build *b = build_begin(2, 2);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL)->enabled = false;
    add_quick(b, "redis", "vm");
    begin(&sim, build_end(b));
    fail_now(&sim, "redis.port");
    assert_string_equal(root(&sim, "redis"), "certain");
    end(&sim);
}

static void what_a_disabled_need_needs_still_counts(void **state)
{
    struct build *b = build_begin(3, 3);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    add_quick(b, "docker", "vm")->enabled = false;
    add_quick(b, "redis", "docker");
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    fail_now(&sim, "redis.port");
    assert_string_equal(caused_by(&sim, "redis"), "vm");
    end(&sim);
}

/* ---- the start, and long chains */

static void the_same_holds_in_the_first_round(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, stack());
    answer(&sim, "vm.port", STATUS_OK); /* begun with all others */
    answer(&sim, "docker.port", STATUS_FAIL);
    assert_string_equal(waiting_for(&sim, "docker"), "vm");
    sim_pass(&sim, MS(1));
    assert_string_equal(root(&sim, "docker"), "certain");
    end(&sim);
}

/* It takes no stack, however long a configuration allows it to be. */
static void a_very_long_chain_is_judged(void **state)
{
    enum { LONG = 5000 };
    struct build *b = build_begin(LONG, LONG);
    struct engine *engine = engine_create(1);
    struct moment now = { .awake = SECONDS(1) };
    struct result *bad = result_make(STATUS_FAIL, "x", "x", 0, NULL, 0, NULL, 0);
    const struct model *model;
    char name[16], need[16];

    (void)state;
    for (int i = 0; i < LONG; i++) {
        snprintf(name, sizeof name, "s%d", i);
        snprintf(need, sizeof need, "s%d", i - 1);
        add_quick(b, name, i > 0 ? need : NULL);
    }
    model = build_end(b);
    assert_int_equal(engine_event(engine, &now, &(struct engine_event){ .kind = EVENT_MODEL, .of.model = model }), ENGINE_DONE);
    assert_int_equal(engine_event(engine, &now, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { 1, bad } }), ENGINE_DONE);
    assert_int_equal(engine_event(engine, &now, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { LONG, bad } }), ENGINE_DONE);
    assert_true(engine_service(engine, 0)->root);
    assert_int_equal(engine_service(engine, LONG - 1)->caused_by, 0);
    engine_free(engine);
    result_drop(bad);
    model_drop(model);
}

/* ---- witnesses */

static void a_witness_that_turns_bad_asks_nobody(void **state)
{
    struct build *b = build_begin(2, 3);
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    add_quick(b, "redis", "vm");
    build_check(b, "hint")->witness = true;
    begin(&sim, build_end(b));
    hang(&sim, "vm.port");
    set(&sim, "redis.hint", STATUS_FAIL);
    nudge(&sim, "redis.hint");
    sim_pass(&sim, MS(2));
    assert_int_equal(verdict_of(&sim, "redis.hint"), VERDICT_SUSPECT);
    assert_false(is_running(&sim, "vm.port"));
    end(&sim);
}

static void a_need_that_has_told_is_not_asked_quickly_any_more(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, stack());
    hang(&sim, "vm.port");
    fail_now(&sim, "docker.port");
    answer(&sim, "vm.port", STATUS_UNKNOWN);
    hear(&sim, "vm.port", STATUS_OK);
    hear(&sim, "vm.port", STATUS_UNKNOWN);
    sim_pass(&sim, SECONDS(16)); /* confirm_every is 15 s */
    assert_false(is_running(&sim, "vm.port"));
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_nothing_is_a_root_cause_at_once),
        cmocka_unit_test(needs_are_checked_at_once_and_transitively),
        cmocka_unit_test(it_waits_until_every_need_has_a_result_begun_after_its_first_bad_one),
        cmocka_unit_test(a_run_that_began_before_clears_nobody),
        cmocka_unit_test(every_check_of_a_need_has_to_be_heard_but_not_its_witnesses),
        cmocka_unit_test(the_deepest_need_that_is_down_is_named),
        cmocka_unit_test(a_need_that_seems_well_does_not_hide_what_it_needs),
        cmocka_unit_test(a_suspect_need_holds_it),
        cmocka_unit_test(a_suspect_with_a_need_that_is_down_says_so),
        cmocka_unit_test(a_stopped_or_starting_need_explains_as_well),
        cmocka_unit_test(a_root_cause_is_folded_into_a_need_that_turns_out_down),
        cmocka_unit_test(a_root_cause_stays_one_while_a_need_is_merely_suspect_but_is_uncertain),
        cmocka_unit_test(the_wait_ends_after_needs_wait_with_an_uncertain_root_cause),
        cmocka_unit_test(doubt_ends_as_soon_as_every_need_has_a_fresh_good_result),
        cmocka_unit_test(the_wait_is_at_least_the_timeout_of_any_need_however_far),
        cmocka_unit_test(the_wait_counts_from_the_turn_to_failed),
        cmocka_unit_test(a_need_that_could_not_tell_is_asked_again_quickly),
        cmocka_unit_test(one_that_is_well_meets_a_need_for_any),
        cmocka_unit_test(one_that_is_not_known_holds_when_the_others_are_down),
        cmocka_unit_test(a_disabled_need_neither_explains_nor_holds),
        cmocka_unit_test(what_a_disabled_need_needs_still_counts),
        cmocka_unit_test(the_same_holds_in_the_first_round),
        cmocka_unit_test(a_very_long_chain_is_judged),
        cmocka_unit_test(a_witness_that_turns_bad_asks_nobody),
        cmocka_unit_test(a_need_that_has_told_is_not_asked_quickly_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
