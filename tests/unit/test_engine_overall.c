/* The whole: verdicts of services, the state, the counters, rounds, and what is published when. */
#include "engine_support.h"

static struct model_check *add_check(struct build *b, const char *name)
{
    struct model_check *check = build_check(b, name);

    check->fail_after = check->recover_after = check->unknown_after = 1;
    return check;
}

/* a.one a.two, critical b.one; c.one and c.hint, a witness. */
static const struct model *three(void)
{
    struct build *b = build_begin(3, 5);

    build_service(b, "a");
    add_check(b, "one");
    add_check(b, "two");
    build_service(b, "b")->critical = true;
    add_check(b, "one");
    build_service(b, "c");
    add_check(b, "one");
    add_check(b, "hint")->witness = true;
    return build_end(b);
}

static const struct engine_overall *overall(struct sim *sim)
{
    return engine_overall(sim->engine);
}

static void now(struct sim *sim, const char *check, enum status status)
{
    set(sim, check, status);
    nudge(sim, check);
    sim_pass(sim, SECONDS(1));
}

/* ---- services */

static void a_service_is_as_bad_as_its_worst_check(void **state)
{
    static const struct {
        enum status status;
        enum engine_verdict verdict;
    } rising[] = { { STATUS_WARN, VERDICT_WARN },       { STATUS_STOPPED, VERDICT_STOPPED }, { STATUS_STARTING, VERDICT_STARTING },
                   { STATUS_UNKNOWN, VERDICT_UNKNOWN }, { STATUS_FAIL, VERDICT_FAILED } };
    struct sim sim;

    (void)state;
    begin(&sim, three());
    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++) {
        now(&sim, i % 2 ? "a.one" : "a.two", rising[i].status);
        assert_int_equal(sim_verdict(&sim, "a"), rising[i].verdict);
        assert_int_equal(sim_shown(&sim, "a")->decided_by, index_of(&sim, i % 2 ? "a.one" : "a.two"));
    }
    end(&sim);
}

static void a_witness_never_fails_its_service(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, three());
    now(&sim, "c.hint", STATUS_FAIL);
    assert_int_equal(verdict_of(&sim, "c.hint"), VERDICT_FAILED);
    assert_int_equal(sim_verdict(&sim, "c"), VERDICT_OK);
    assert_int_equal(overall(&sim)->witnesses_failed, 1);
    assert_int_equal(overall(&sim)->failed_probe_count, 0);
    assert_int_equal(overall(&sim)->consecutive_failures, 0);
    assert_false(engine_failed_probe(sim.engine, index_of(&sim, "c.hint")));
    assert_true(overall(&sim)->ok);
    end(&sim);
}

static void verdicts_have_an_order(void **state)
{
    static const enum engine_verdict order[] = { VERDICT_FAILED,   VERDICT_SUSPECT, VERDICT_UNKNOWN, VERDICT_NONE, VERDICT_RECOVERING,
                                                 VERDICT_STARTING, VERDICT_STOPPED, VERDICT_WARN,    VERDICT_OK };

    (void)state;
    for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < 9; k++)
            assert_int_equal(engine_worse(order[i], order[k]), i < k);
}

/* ---- the state */

static void it_is_starting_until_each_check_had_a_result(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, three());
    assert_int_equal(overall(&sim)->state, STATE_STARTING);
    for (size_t i = 0; i < 4; i++)
        sim_answer(&sim, i, STATUS_OK);
    assert_int_equal(overall(&sim)->state, STATE_STARTING);
    assert_false(overall(&sim)->ok || overall(&sim)->round_complete);
    sim_answer(&sim, 4, STATUS_OK);
    assert_int_equal(overall(&sim)->state, STATE_HEALTHY);
    assert_true(overall(&sim)->ok && overall(&sim)->round_complete);
    end(&sim);
}

static void a_failed_critical_service_does_not_wait_for_the_first_round(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, three());
    answer(&sim, "b.one", STATUS_FAIL);
    assert_int_equal(overall(&sim)->state, STATE_FAILED);
    end(&sim);
}

static void the_highest_state_that_holds_is_told(void **state)
{
    static const struct {
        const char *check;
        enum status status;
        enum engine_state state;
    } rows[] = { { "a.one", STATUS_WARN, STATE_HEALTHY },     { "a.one", STATUS_STOPPED, STATE_HEALTHY }, { "a.one", STATUS_STARTING, STATE_DEGRADED },
                 { "a.one", STATUS_FAIL, STATE_DEGRADED },    { "b.one", STATUS_UNKNOWN, STATE_DEGRADED }, { "b.one", STATUS_FAIL, STATE_FAILED },
                 { "b.one", STATUS_OK, STATE_DEGRADED },      { "a.one", STATUS_OK, STATE_HEALTHY } };
    struct sim sim;

    (void)state;
    begin(&sim, three());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        now(&sim, rows[i].check, rows[i].status);
        assert_int_equal(overall(&sim)->state, rows[i].state);
        assert_int_equal(overall(&sim)->ok, rows[i].state == STATE_HEALTHY);
        assert_int_equal(overall(&sim)->stopped, rows[i].status == STATUS_STOPPED);
    }
    end(&sim);
}

static void failed_probes_are_counted_as_they_turn(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, three());
    assert_int_equal(overall(&sim)->probe_count, 4);
    now(&sim, "a.one", STATUS_FAIL);
    now(&sim, "a.two", STATUS_FAIL);
    assert_int_equal(overall(&sim)->failed_probe_count, 2);
    assert_true(engine_failed_probe(sim.engine, index_of(&sim, "a.two")));
    now(&sim, "a.two", STATUS_FAIL);
    now(&sim, "a.two", STATUS_FAIL);
    assert_int_equal(overall(&sim)->consecutive_failures, 3);
    now(&sim, "a.two", STATUS_OK);
    assert_int_equal(overall(&sim)->consecutive_failures, 1);
    assert_int_equal(overall(&sim)->failed_probe_count, 1);
    end(&sim);
}

static void a_round_ends_when_every_enabled_check_has_ended_once(void **state)
{
    struct build *b = build_begin(1, 3);
    struct sim sim;

    (void)state;
    build_service(b, "a");
    add_check(b, "often")->every = SECONDS(10);
    add_check(b, "seldom")->every = SECONDS(60);
    add_check(b, "never")->enabled = false;
    begin(&sim, build_end(b));
    assert_int_equal(overall(&sim)->rounds, 1);
    sim_pass(&sim, SECONDS(600));
    assert_int_equal(overall(&sim)->rounds, 11);
    end(&sim);
}

static void a_model_without_checks_is_healthy(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, build_end(build_begin(0, 0)));
    assert_int_equal(overall(&sim)->state, STATE_HEALTHY);
    assert_true(overall(&sim)->ok && overall(&sim)->round_complete);
    assert_true(sim.wake == UINT64_MAX);
    end(&sim);
}

static void services_that_nobody_watches_do_not_count(void **state)
{
    struct build *b = build_begin(3, 3);
    struct sim sim;

    (void)state;
    build_service(b, "a");
    add_check(b, "one");
    build_service(b, "off")->enabled = false;
    add_check(b, "one");
    build_service(b, "empty");
    add_check(b, "one")->enabled = false;
    begin(&sim, build_end(b));
    assert_int_equal(overall(&sim)->state, STATE_HEALTHY);
    assert_int_equal(overall(&sim)->probe_count, 1);
    end(&sim);
}

/* ---- publishing */

static void a_turn_is_published_at_once_and_mere_repetition_once_a_second(void **state)
{
    struct build *b = build_begin(1, 2);
    struct sim sim;
    unsigned before;

    (void)state;
    build_service(b, "a");
    add_check(b, "x")->every = MS(100);
    add_check(b, "y")->every = MS(100);
    sim_begin(&sim, 1, build_end(b));
    sim_pass(&sim, SECONDS(5));
    before = sim.published;
    sim_pass(&sim, SECONDS(10)); /* two hundred results that say nothing new */
    assert_in_range(sim.published - before, 9, 11);
    hear(&sim, "a.x", STATUS_FAIL);
    assert_int_equal(effects_of(&sim, EFFECT_PUBLISH), 1);
    end(&sim);
}

/* Nothing else happens for a while: it asks to be woken for what it has not shown yet. */
static void what_a_result_brought_is_shown_within_a_second(void **state)
{
    struct build *b = build_begin(1, 2);
    struct sim sim;
    unsigned before;

    (void)state;
    build_service(b, "a");
    add_check(b, "x");
    add_check(b, "y");
    sim_begin(&sim, 1, build_end(b));
    sim_pass(&sim, SECONDS(2));
    hang(&sim, "a.x");
    hang(&sim, "a.y");
    nudge(&sim, "a.x");
    nudge(&sim, "a.y");
    answer(&sim, "a.x", STATUS_OK);
    before = sim.published;
    answer(&sim, "a.y", STATUS_OK);
    assert_int_equal(sim.published, before);
    sim_pass(&sim, SECONDS(1));
    assert_int_equal(sim.published, before + 1);
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_as_bad_as_its_worst_check),
        cmocka_unit_test(a_witness_never_fails_its_service),
        cmocka_unit_test(verdicts_have_an_order),
        cmocka_unit_test(it_is_starting_until_each_check_had_a_result),
        cmocka_unit_test(a_failed_critical_service_does_not_wait_for_the_first_round),
        cmocka_unit_test(the_highest_state_that_holds_is_told),
        cmocka_unit_test(failed_probes_are_counted_as_they_turn),
        cmocka_unit_test(a_round_ends_when_every_enabled_check_has_ended_once),
        cmocka_unit_test(a_model_without_checks_is_healthy),
        cmocka_unit_test(services_that_nobody_watches_do_not_count),
        cmocka_unit_test(a_turn_is_published_at_once_and_mere_repetition_once_a_second),
        cmocka_unit_test(what_a_result_brought_is_shown_within_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
