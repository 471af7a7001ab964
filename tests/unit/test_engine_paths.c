/* Paths: a bound on what goes through one way at once, who waits, who goes first. */
#include "engine_support.h"

/* n checks through a path for `concurrent`, and one beside it. */
static const struct model *model_of(size_t n, unsigned concurrent)
{
    struct build *b = build_begin(2, n + 1);
    size_t path = build_path(b, "lima", concurrent);
    char name[24];

    build_service(b, "inside");
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "c%zu", i);
        build_check(b, name)->path = path;
    }
    build_service(b, "outside");
    build_check(b, "port");
    return build_end(b);
}

static size_t running(struct sim *sim, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += sim->checks[i].run != 0;
    return found;
}

static void no_more_than_the_bound_run_at_once_and_all_get_their_turn(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(7, 2));
    assert_int_equal(running(&sim, 7), 2);
    for (size_t i = 0; i < 7; i++)
        sim.checks[i].takes = MS(100);
    while (!engine_overall(sim.engine)->round_complete) {
        sim_step(&sim, MS(10));
        assert_true(running(&sim, 7) <= 2);
        assert_true(sim.now.awake < SECONDS(1002));
    }
    end(&sim);
}

static void those_that_wait_are_taken_in_the_order_in_which_they_came(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(4, 1));
    for (size_t i = 0; i < 4; i++) {
        assert_true(sim.checks[i].run);
        sim_answer(&sim, i, STATUS_OK);
    }
    end(&sim);
}

static void a_full_path_delays_no_other(void **state)
{
    struct sim sim;
    uint64_t before;

    (void)state;
    sim_begin(&sim, 1, model_of(4, 1));
    for (size_t i = 0; i < 4; i++)
        sim.checks[i].takes = SIM_HANGS;
    sim_pass(&sim, SECONDS(60));
    before = sim.checks[4].starts;
    sim_pass(&sim, SECONDS(600));
    assert_int_equal(sim.checks[4].starts - before, 10);
    end(&sim);
}

static void the_timeout_counts_from_the_real_start(void **state)
{
    const struct engine_effect *effects;
    struct sim sim;
    size_t n, starts = 0;

    (void)state;
    begin(&sim, model_of(2, 1));
    hang(&sim, "inside.c0");
    nudge(&sim, "inside.c0");
    nudge(&sim, "inside.c1");
    sim_pass(&sim, SECONDS(9)); /* c1 waits for 9 s, and still has its 10 */
    assert_false(is_running(&sim, "inside.c1"));
    answer(&sim, "inside.c0", STATUS_OK);
    effects = engine_effects(sim.engine, &n);
    for (size_t i = 0; i < n; i++) {
        if (effects[i].kind != EFFECT_START_CHECK)
            continue;
        starts++;
        assert_int_equal(effects[i].of.start.check, 1);
        assert_int_equal(effects[i].of.start.timeout, SECONDS(10));
    }
    assert_int_equal(starts, 1);
    end(&sim);
}

static void a_slot_that_finds_the_run_before_still_waiting_is_skipped_and_said_once(void **state)
{
    struct sim sim;
    unsigned lines;

    (void)state;
    begin(&sim, model_of(2, 1));
    hang(&sim, "inside.c0");
    nudge(&sim, "inside.c0");
    nudge(&sim, "inside.c1"); /* waits from now on */
    lines = sim.lines;
    sim_pass(&sim, SECONDS(180));
    assert_int_equal(sim_shown_check(&sim, "inside.c1")->skipped, 3);
    assert_int_equal(sim.lines - lines, 2); /* c0 overruns, c1 finds the path full */
    answer(&sim, "inside.c0", STATUS_OK);
    assert_true(is_running(&sim, "inside.c1"));
    end(&sim);
}

static void at_most_one_run_of_a_check_waits(void **state)
{
    struct sim sim;
    uint64_t before;

    (void)state;
    begin(&sim, model_of(2, 1));
    hang(&sim, "inside.c0");
    nudge(&sim, "inside.c0");
    sim_pass(&sim, SECONDS(150));
    for (int i = 0; i < 5; i++)
        nudge(&sim, "inside.c1");
    before = sim.checks[1].starts;
    answer(&sim, "inside.c0", STATUS_OK);
    assert_int_equal(sim.checks[1].last_cause, CAUSE_NUDGE);
    answer(&sim, "inside.c1", STATUS_OK);
    sim_pass(&sim, SECONDS(2));
    assert_int_equal(sim.checks[1].starts - before, 1);
    end(&sim);
}

/* ---- needs go first */

static const struct model *crowded(void)
{
    struct build *b = build_begin(3, 4);
    size_t path = build_path(b, "lima", 1);

    build_service(b, "crowd");
    build_check(b, "a")->path = path;
    build_check(b, "b")->path = path;
    build_service(b, "vm");
    build_check(b, "ssh")->path = path;
    build_service(b, "redis");
    build_need(b, "vm");
    build_check(b, "ping");
    return build_end(b);
}

static void what_is_needed_goes_before_all_who_wait(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, crowded());
    hang(&sim, "crowd.a");
    nudge(&sim, "crowd.a");
    nudge(&sim, "crowd.b");
    fail_now(&sim, "redis.ping");
    answer(&sim, "crowd.a", STATUS_OK);
    assert_true(is_running(&sim, "vm.ssh"));
    assert_false(is_running(&sim, "crowd.b"));
    assert_int_equal(sim_check(&sim, "vm.ssh")->last_cause, CAUSE_NEED);
    end(&sim);
}

/* Also after a run in progress, which began before it was wanted (rules.md 3.10). */
static void what_a_repair_wants_goes_before_all_who_wait(void **state)
{
    struct sim sim;
    struct engine_event event = { .kind = EVENT_WANT };

    (void)state;
    begin(&sim, crowded());
    hang(&sim, "crowd.a");
    nudge(&sim, "crowd.a");
    nudge(&sim, "crowd.b");
    event.of.want.check = index_of(&sim, "vm.ssh");
    assert_int_equal(sim_feed(&sim, &event), ENGINE_DONE);
    answer(&sim, "crowd.a", STATUS_OK);
    assert_true(is_running(&sim, "vm.ssh"));
    assert_int_equal(sim_check(&sim, "vm.ssh")->last_cause, CAUSE_HEAL);
    hang(&sim, "redis.ping");
    nudge(&sim, "redis.ping");
    event.of.want.check = index_of(&sim, "redis.ping");
    assert_int_equal(sim_feed(&sim, &event), ENGINE_DONE);
    answer(&sim, "redis.ping", STATUS_OK);
    assert_true(is_running(&sim, "redis.ping"));
    assert_int_equal(sim_check(&sim, "redis.ping")->last_cause, CAUSE_HEAL);
    event.of.want.check = 99;
    assert_int_equal(sim_feed(&sim, &event), ENGINE_REFUSED);
    end(&sim);
}

static void one_that_waits_already_moves_up_when_it_is_needed(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, crowded());
    hang(&sim, "crowd.a");
    nudge(&sim, "crowd.a");
    nudge(&sim, "crowd.b");
    nudge(&sim, "vm.ssh");
    fail_now(&sim, "redis.ping");
    answer(&sim, "crowd.a", STATUS_OK);
    assert_true(is_running(&sim, "vm.ssh"));
    assert_false(is_running(&sim, "crowd.b"));
    end(&sim);
}

/* The room is that of the run which found out. */
static void a_need_goes_before_all_who_wait_also_for_the_room_of_the_run_that_asks(void **state)
{
    struct build *b = build_begin(3, 3);
    size_t path = build_path(b, "lima", 1);
    struct sim sim;

    (void)state;
    add_quick(b, "crowd", NULL)->path = path;
    add_quick(b, "vm", NULL)->path = path;
    add_quick(b, "redis", "vm")->path = path;
    begin(&sim, build_end(b));
    for (size_t i = 0; i < 3; i++)
        sim.checks[i].takes = SIM_HANGS;
    nudge(&sim, "redis.port");
    nudge(&sim, "crowd.port");
    answer(&sim, "redis.port", STATUS_FAIL);
    assert_true(is_running(&sim, "vm.port"));
    assert_false(is_running(&sim, "crowd.port"));
    end(&sim);
}

/* ---- lost runs */

static void a_lost_run_begins_anew_in_the_room_that_it_leaves(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, crowded());
    hang(&sim, "crowd.a");
    nudge(&sim, "crowd.a");
    nudge(&sim, "crowd.b");
    sim_lose(&sim, index_of(&sim, "crowd.a"));
    assert_true(is_running(&sim, "crowd.a"));
    assert_false(is_running(&sim, "crowd.b"));
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_the_bound_run_at_once_and_all_get_their_turn),
        cmocka_unit_test(those_that_wait_are_taken_in_the_order_in_which_they_came),
        cmocka_unit_test(a_full_path_delays_no_other),
        cmocka_unit_test(the_timeout_counts_from_the_real_start),
        cmocka_unit_test(a_slot_that_finds_the_run_before_still_waiting_is_skipped_and_said_once),
        cmocka_unit_test(at_most_one_run_of_a_check_waits),
        cmocka_unit_test(what_is_needed_goes_before_all_who_wait),
        cmocka_unit_test(what_a_repair_wants_goes_before_all_who_wait),
        cmocka_unit_test(one_that_waits_already_moves_up_when_it_is_needed),
        cmocka_unit_test(a_need_goes_before_all_who_wait_also_for_the_room_of_the_run_that_asks),
        cmocka_unit_test(a_lost_run_begins_anew_in_the_room_that_it_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
