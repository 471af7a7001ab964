/* When what is seen proves little: flapping, storms, a sick observer; and what conditions make of what is not known. */
#include "engine_support.h"

static unsigned told(const struct sim *sim, enum engine_notice notice)
{
    unsigned n = 0;

    for (size_t i = 0; i < sim->n_notices && i < SIM_NOTICES; i++)
        n += sim->notices[i].notice == notice;
    return n;
}

static const struct model *many(size_t n)
{
    struct build *b = build_begin(n, n);
    char name[8];

    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "s%zu", i);
        add_quick(b, name, NULL);
    }
    return build_end(b);
}

/* ---- flapping */

static void hear_turns(struct sim *sim, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        hear(sim, "s0.port", i % 2 ? STATUS_OK : STATUS_FAIL);
}

static void one_that_turns_again_and_again_flaps_and_is_told_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, many(1));
    hear_turns(&sim, 18);
    assert_false(sim_shown(&sim, "s0")->flapping);
    hear_turns(&sim, 2); /* with the one of the start these are twenty and more */
    assert_true(sim_shown(&sim, "s0")->flapping);
    assert_int_equal(told(&sim, NOTICE_FLAPPING), 1);
    for (int i = 0; i < 20; i++)
        hear(&sim, "s0.port", STATUS_OK);
    assert_false(sim_shown(&sim, "s0")->flapping);
    assert_int_equal(sim_shown(&sim, "s0")->incident, 0);
    end(&sim);
}

static void one_that_flaps_for_long_is_a_failure_of_its_own(void **state)
{
    struct sim sim;
    uint64_t since;
    unsigned opened;

    (void)state;
    begin(&sim, many(1));
    for (unsigned i = 0; !sim_shown(&sim, "s0")->flapping; i++)
        hear(&sim, "s0.port", i % 2 ? STATUS_OK : STATUS_FAIL);
    since = sim.now.awake;
    opened = told(&sim, NOTICE_OPENED);
    while (told(&sim, NOTICE_FLAPPING_LONG) == 0)
        hear_turns(&sim, 2);
    assert_true(sim.now.awake - since >= SECONDS(900));
    assert_int_equal(told(&sim, NOTICE_OPENED), opened);
    assert_true(sim_shown(&sim, "s0")->incident > 0);
    end(&sim);
}

/* Never failed, and asked rarely: nothing happens just when it has flapped for too long. */
static void begin_flapping(struct sim *sim)
{
    struct build *b = build_begin(1, 2);
    struct model_check *rare = add_quick(b, "s0", NULL), *other = build_check(b, "other");

    rare->every = SECONDS(3600);
    rare->fail_after = 3;
    other->every = SECONDS(120);
    begin(sim, build_end(b));
    for (unsigned i = 0; !sim_shown(sim, "s0")->flapping; i++)
        hear(sim, "s0.port", i % 2 ? STATUS_FAIL : STATUS_OK);
}

static void one_that_is_silenced_has_its_incident_as_well_when_it_has_flapped_for_long(void **state)
{
    const struct engine_command silence = { .kind = COMMAND_SILENCE, .service = "s0", .duration = SECONDS(7200) };
    struct sim sim;

    (void)state;
    begin_flapping(&sim);
    sim_command(&sim, &silence);
    assert_int_equal(sim_shown(&sim, "s0")->incident, 0);
    sim_pass(&sim, SECONDS(901));
    assert_true(sim_shown(&sim, "s0")->incident > 0);
    assert_int_equal(told(&sim, NOTICE_FLAPPING_LONG), 0);
    end(&sim);
}

static void one_that_is_stopped_by_hand_has_none_however_long_it_flapped(void **state)
{
    struct sim sim;
    uint64_t last;

    (void)state;
    begin_flapping(&sim);
    set(&sim, "s0.other", STATUS_STOPPED);
    sim_pass(&sim, SECONDS(800));
    assert_int_equal(sim_shown(&sim, "s0")->verdict, VERDICT_STOPPED);
    assert_true(sim_shown(&sim, "s0")->flapping);
    last = sim.last_incident;
    sim_pass(&sim, SECONDS(600));
    assert_int_equal(sim.last_incident, last);
    assert_int_equal(sim_shown(&sim, "s0")->incident, 0);
    assert_int_equal(told(&sim, NOTICE_FLAPPING_LONG), 0);
    end(&sim);
}

/* ---- storms */

static void break_some(struct sim *sim, unsigned from, unsigned to)
{
    char name[16];

    for (unsigned i = from; i < to; i++) {
        snprintf(name, sizeof name, "s%u.port", i);
        fail_now(sim, name);
    }
}

static void four_are_no_storm_and_sixty_percent_are_none(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, many(4));
    break_some(&sim, 0, 4);
    assert_false(engine_overall(sim.engine)->storm);
    end(&sim);
    begin(&sim, many(10));
    break_some(&sim, 0, 6);
    assert_false(engine_overall(sim.engine)->storm);
    break_some(&sim, 6, 7);
    assert_true(engine_overall(sim.engine)->storm);
    end(&sim);
}

static void a_storm_is_one_message_and_what_stays_is_told_after_it(void **state)
{
    char name[16];
    struct sim sim;
    unsigned before;

    (void)state;
    begin(&sim, many(10));
    break_some(&sim, 0, 9);
    assert_int_equal(told(&sim, NOTICE_STORM), 1);
    before = told(&sim, NOTICE_OPENED);
    for (unsigned i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "s%u.port", i);
        set(&sim, name, STATUS_OK);
        nudge(&sim, name);
    }
    sim_pass(&sim, SECONDS(110));
    assert_true(engine_overall(sim.engine)->storm);
    assert_int_equal(told(&sim, NOTICE_OPENED), before);
    sim_pass(&sim, SECONDS(75));
    assert_false(engine_overall(sim.engine)->storm);
    assert_int_equal(told(&sim, NOTICE_STORM), 2);
    assert_int_equal(told(&sim, NOTICE_OPENED), 8); /* six before it was one, and the two that are bad still */
    end(&sim);
}

static void those_in_slow_succession_are_none(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, many(6));
    for (unsigned i = 0; i < 6; i++) {
        break_some(&sim, i, i + 1);
        sim_pass(&sim, SECONDS(30));
    }
    assert_false(engine_overall(sim.engine)->storm);
    end(&sim);
}

/* The machine was away for a moment, and all that is in it with it. */
static void what_comes_back_with_its_need_is_none(void **state)
{
    struct build *b = build_begin(7, 7);
    char name[16];
    struct sim sim;

    (void)state;
    add_quick(b, "vm", NULL);
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "s%d", i);
        add_quick(b, name, "vm");
    }
    begin(&sim, build_end(b));
    fail_now(&sim, "vm.port");
    break_some(&sim, 0, 6);
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "s%d.port", i);
        hang(&sim, name);
    }
    set(&sim, "vm.port", STATUS_OK);
    nudge(&sim, "vm.port");
    sim_pass(&sim, SECONDS(2));
    assert_int_equal(sim_verdict(&sim, "vm"), VERDICT_OK);
    assert_int_equal(sim_verdict(&sim, "s5"), VERDICT_FAILED);
    assert_false(engine_overall(sim.engine)->storm);
    for (int i = 0; i < 6; i++) { /* seen anew, it counts */
        snprintf(name, sizeof name, "s%d.port", i);
        hear(&sim, name, STATUS_FAIL);
    }
    assert_true(engine_overall(sim.engine)->storm);
    end(&sim);
}

static void what_is_bad_at_wake_is_none(void **state)
{
    char name[16];
    struct sim sim;

    (void)state;
    begin(&sim, many(6));
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "s%d.port", i);
        set(&sim, name, STATUS_FAIL);
    }
    sim_gap(&sim, SECONDS(3600), false);
    sim_pass(&sim, SECONDS(20));
    assert_false(engine_overall(sim.engine)->storm);
    assert_int_equal(told(&sim, NOTICE_STORM), 0);
    sim_pass(&sim, SECONDS(70)); /* what is bad when their grace is over is one */
    assert_int_equal(told(&sim, NOTICE_STORM), 1);
    end(&sim);
}

/* ---- the observer: without the simulator, whose judges take each result as it comes */

struct bare {
    struct engine *engine;
    struct moment now;
    uint64_t run, asked;
};

static void send(struct bare *b, const struct engine_event *event)
{
    const struct engine_effect *effects;
    size_t n;

    assert_int_equal(engine_event(b->engine, &b->now, event), ENGINE_DONE);
    effects = engine_effects(b->engine, &n);
    for (size_t i = 0; i < n; i++) {
        if (effects[i].kind == EFFECT_START_CHECK)
            b->run = effects[i].of.start.run;
        if (effects[i].kind == EFFECT_OBSERVE)
            b->asked = effects[i].of.observe.asked;
    }
}

static void bare_begin(struct bare *b, bool observer)
{
    const struct model *model = many(1);
    struct engine_event first = { .kind = EVENT_MODEL, .of.model = model }, well = { .kind = EVENT_OBSERVED };

    *b = (struct bare){ .engine = engine_create(1), .now = { .awake = SECONDS(10), .elapsed = SECONDS(10), .boot = 1 } };
    assert_non_null(b->engine);
    send(b, &first);
    model_drop(model);
    if (observer)
        send(b, &well);
}

static void fail_with(struct bare *b, const char *reason)
{
    struct engine_event event = { .kind = EVENT_RESULT, .of.result = { b->run, result_make(STATUS_FAIL, reason, "no answer", 1, NULL, 0, NULL, 0) } };

    send(b, &event);
    result_drop(event.of.result.result);
}

static void time_out(struct bare *b)
{
    fail_with(b, "connect.timeout");
}

static void answer_sample(struct bare *b, enum engine_sickness sickness)
{
    struct engine_event event = { .kind = EVENT_OBSERVED, .of.observed = { b->asked, sickness, "the loop is late" } };

    send(b, &event);
}

static void what_timed_out_waits_for_a_sample(void **state)
{
    struct bare b;

    (void)state;
    bare_begin(&b, true);
    time_out(&b);
    assert_true(b.asked > 0);
    assert_int_equal(engine_check(b.engine, 0)->verdict, VERDICT_NONE);
    answer_sample(&b, SICKNESS_NONE);
    assert_int_equal(engine_check(b.engine, 0)->verdict, VERDICT_FAILED);
    engine_free(b.engine);
}

static void while_it_is_sick_that_is_unknown(void **state)
{
    struct bare b;

    (void)state;
    bare_begin(&b, true);
    time_out(&b);
    answer_sample(&b, SICKNESS_ALL);
    assert_int_equal(engine_check(b.engine, 0)->verdict, VERDICT_NONE);
    assert_int_equal(engine_check(b.engine, 0)->unknown, 1);
    assert_string_equal(engine_check(b.engine, 0)->last->reason, "observer");
    assert_true(engine_overall(b.engine)->sick);
    engine_free(b.engine);
}

static void a_lost_route_excuses_what_has_no_route_alone(void **state)
{
    struct bare b;

    (void)state;
    bare_begin(&b, true);
    time_out(&b);
    answer_sample(&b, SICKNESS_ROUTE);
    assert_int_equal(engine_check(b.engine, 0)->verdict, VERDICT_FAILED); /* on loopback nothing times out for that */
    assert_true(engine_overall(b.engine)->sick);
    engine_free(b.engine);
    bare_begin(&b, true);
    fail_with(&b, "connect.unreachable");
    answer_sample(&b, SICKNESS_ROUTE);
    assert_int_equal(engine_check(b.engine, 0)->unknown, 1);
    engine_free(b.engine);
}

static void a_sample_that_does_not_come_holds_nothing_for_long(void **state)
{
    struct engine_event time = { .kind = EVENT_TIME };
    struct bare b;

    (void)state;
    bare_begin(&b, true);
    time_out(&b);
    b.now.awake += SECONDS(2);
    b.now.elapsed += SECONDS(2);
    send(&b, &time);
    assert_int_equal(engine_check(b.engine, 0)->verdict, VERDICT_FAILED);
    engine_free(b.engine);
}

static void without_an_observer_nothing_waits(void **state)
{
    struct bare b;

    (void)state;
    bare_begin(&b, false);
    time_out(&b);
    assert_int_equal(b.asked, 0);
    assert_int_equal(engine_check(b.engine, 0)->verdict, VERDICT_FAILED);
    engine_free(b.engine);
}

static void a_held_result_is_gone_with_its_check(void **state)
{
    const struct model *other = many(2);
    struct engine_event model = { .kind = EVENT_MODEL };
    struct build *build = build_begin(1, 1);
    struct bare b;

    (void)state;
    bare_begin(&b, true);
    time_out(&b);
    model.of.model = other; /* it goes on */
    send(&b, &model);
    add_quick(build, "new", NULL);
    model.of.model = build_end(build);
    send(&b, &model);
    answer_sample(&b, SICKNESS_NONE);
    model_drop(other);
    model_drop(model.of.model);
    engine_free(b.engine);
}

/* ---- conditions */

static void conditions_are_three_valued(void **state)
{
    struct model_when nodes[] = {
        { .kind = MODEL_WHEN_VERDICT, .check = 0, .verdict = VERDICT_FAILED },
        { .kind = MODEL_WHEN_NOT, .left = 0 },
        { .kind = MODEL_WHEN_METRIC, .check = 1, .metric = "age", .comparison = MODEL_LESS, .value = 2 },
        { .kind = MODEL_WHEN_OR, .left = 1, .right = 2 },
        { .kind = MODEL_WHEN_AND, .left = 1, .right = 2 },
    };
    struct model_condition is = { .n = 1, .nodes = nodes }, is_not = { .n = 2, .nodes = nodes }, young = { .n = 3, .nodes = nodes }, either = { .n = 4, .nodes = nodes },
                           both = { .n = 5, .nodes = nodes }, none = { .n = 0 };
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, many(2));
    assert_int_equal(engine_when(sim.engine, &none), LOGIC_TRUE);
    assert_int_equal(engine_when(sim.engine, &is), LOGIC_UNKNOWN); /* not heard yet */
    assert_int_equal(engine_when(sim.engine, &is_not), LOGIC_UNKNOWN);
    sim_pass(&sim, SECONDS(1));
    assert_int_equal(engine_when(sim.engine, &is), LOGIC_FALSE);
    assert_int_equal(engine_when(sim.engine, &is_not), LOGIC_TRUE);
    assert_int_equal(engine_when(sim.engine, &young), LOGIC_UNKNOWN); /* no such metric came */
    assert_int_equal(engine_when(sim.engine, &either), LOGIC_TRUE);
    assert_int_equal(engine_when(sim.engine, &both), LOGIC_UNKNOWN);
    set(&sim, "s0.port", STATUS_UNKNOWN);
    sim_pass(&sim, SECONDS(300));
    assert_int_equal(verdict_of(&sim, "s0.port"), VERDICT_UNKNOWN);
    assert_int_equal(engine_when(sim.engine, &is_not), LOGIC_UNKNOWN);
    nodes[0].verdict = VERDICT_UNKNOWN;
    assert_int_equal(engine_when(sim.engine, &is), LOGIC_TRUE);
    end(&sim);
}

static void metrics_are_compared_as_they_were_told(void **state)
{
    static const struct {
        enum model_comparison comparison;
        double value;
        enum logic truth;
    } tries[] = {
        { MODEL_LESS, 7, LOGIC_FALSE },    { MODEL_LESS, 8, LOGIC_TRUE },      { MODEL_LESS_EQUAL, 7, LOGIC_TRUE }, { MODEL_GREATER, 7, LOGIC_FALSE },
        { MODEL_GREATER, 6, LOGIC_TRUE }, { MODEL_GREATER_EQUAL, 8, LOGIC_FALSE }, { MODEL_EQUAL, 7, LOGIC_TRUE },      { MODEL_NOT_EQUAL, 7, LOGIC_FALSE },
    };
    struct result_metric age = { "age", "s", 7 };
    struct engine_event event = { .kind = EVENT_RESULT };
    struct bare b;

    (void)state;
    bare_begin(&b, false);
    event.of.result.run = b.run;
    event.of.result.result = result_make(STATUS_OK, "ok", "fine", 1, &age, 1, NULL, 0);
    send(&b, &event);
    result_drop(event.of.result.result);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct model_when node = { .kind = MODEL_WHEN_METRIC, .metric = "age", .comparison = tries[i].comparison, .value = tries[i].value };
        struct model_condition condition = { .n = 1, .nodes = &node };

        assert_int_equal(engine_when(b.engine, &condition), tries[i].truth);
    }
    engine_free(b.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_turns_again_and_again_flaps_and_is_told_once),
        cmocka_unit_test(one_that_flaps_for_long_is_a_failure_of_its_own),
        cmocka_unit_test(one_that_is_silenced_has_its_incident_as_well_when_it_has_flapped_for_long),
        cmocka_unit_test(one_that_is_stopped_by_hand_has_none_however_long_it_flapped),
        cmocka_unit_test(four_are_no_storm_and_sixty_percent_are_none),
        cmocka_unit_test(what_comes_back_with_its_need_is_none),
        cmocka_unit_test(what_is_bad_at_wake_is_none),
        cmocka_unit_test(a_storm_is_one_message_and_what_stays_is_told_after_it),
        cmocka_unit_test(those_in_slow_succession_are_none),
        cmocka_unit_test(what_timed_out_waits_for_a_sample),
        cmocka_unit_test(while_it_is_sick_that_is_unknown),
        cmocka_unit_test(a_lost_route_excuses_what_has_no_route_alone),
        cmocka_unit_test(a_sample_that_does_not_come_holds_nothing_for_long),
        cmocka_unit_test(without_an_observer_nothing_waits),
        cmocka_unit_test(a_held_result_is_gone_with_its_check),
        cmocka_unit_test(conditions_are_three_valued),
        cmocka_unit_test(metrics_are_compared_as_they_were_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
