/* When checks run: slots, quick re-checks, overruns, nudges, lost runs, staleness; and events that change nothing. */
#include "engine_support.h"

/* n checks of one plugin, every 10 s. */
static const struct model *model_of(size_t n)
{
    struct build *b = build_begin(1, n);
    char name[24];

    build_service(b, "web");
    for (size_t i = 0; i < n; i++) {
        struct model_check *check;

        snprintf(name, sizeof name, "c%zu", i);
        check = build_check(b, name);
        check->every = SECONDS(10);
        check->confirm_every = MS(2500);
        check->timeout = SECONDS(4);
    }
    return build_end(b);
}

/* ---- slots */

static void at_the_very_start_every_check_runs_at_once(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(5));
    for (size_t i = 0; i < 5; i++)
        assert_true(sim.checks[i].run);
    end(&sim);
}

static void then_it_runs_once_in_every_interval(void **state)
{
    struct sim sim;
    uint64_t before;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    sim_pass(&sim, SECONDS(10));
    assert_int_equal(sim.checks[0].starts, 2);
    for (int i = 0; i < 20; i++) {
        before = sim.checks[0].last_start;
        sim_pass(&sim, SECONDS(10));
        assert_int_equal(sim.checks[0].last_start - before, SECONDS(10));
    }
    end(&sim);
}

static void slots_lie_on_a_grid_of_a_twentieth_of_the_interval_that_the_seed_turns(void **state)
{
    struct sim sim;
    bool seen[20] = { false };
    uint64_t start;
    size_t n = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        sim_begin(&sim, seed, model_of(1));
        start = sim.now.awake;
        sim_pass(&sim, SECONDS(10));
        assert_int_equal((sim.checks[0].last_start - start) % MS(500), 0);
        seen[(sim.checks[0].last_start - start) / MS(500) % 20] = true;
        end(&sim);
    }
    for (size_t i = 0; i < 20; i++)
        n += seen[i];
    assert_int_equal(n, 20);
}

static void checks_of_one_plugin_and_path_share_their_slot(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
    struct build *b = build_begin(1, 6);
    struct sim sim;

    (void)state;
    build_service(b, "web");
    for (size_t i = 0; i < 6; i++)
        build_check(b, names[i])->operation = i % 2;
    sim_begin(&sim, 7, build_end(b));
    sim_pass(&sim, SECONDS(90));
    assert_int_equal(sim.checks[0].last_start, sim.checks[2].last_start);
    assert_int_equal(sim.checks[0].last_start, sim.checks[4].last_start);
    assert_int_equal(sim.checks[1].last_start, sim.checks[3].last_start);
    assert_int_not_equal(sim.checks[0].last_start, sim.checks[1].last_start);
    end(&sim);
}

static void checks_of_two_paths_do_not(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d" };
    struct build *b = build_begin(1, 4);
    size_t paths[] = { build_path(b, "lima", 4), build_path(b, "tunnel", 4) };
    struct sim sim;

    (void)state;
    build_service(b, "web");
    for (size_t i = 0; i < 4; i++)
        build_check(b, names[i])->path = paths[i % 2];
    sim_begin(&sim, 7, build_end(b));
    sim_pass(&sim, SECONDS(90));
    assert_int_equal(sim.checks[0].last_start, sim.checks[2].last_start);
    assert_int_equal(sim.checks[1].last_start, sim.checks[3].last_start);
    assert_int_not_equal(sim.checks[0].last_start, sim.checks[1].last_start);
    end(&sim);
}

static void a_thousand_checks_start_in_twenty_bunches_of_fifty(void **state)
{
    unsigned in_slot[21] = { 0 };
    struct sim sim;

    (void)state;
    sim_begin(&sim, 3, model_of(1000));
    sim_pass(&sim, SECONDS(10));
    for (size_t i = 0; i < 1000; i++)
        in_slot[(sim.checks[i].last_start - SECONDS(1000)) / MS(500)]++;
    for (size_t i = 1; i <= 20; i++)
        assert_int_equal(in_slot[i], 50);
    end(&sim);
}

static void the_interval_does_not_grow_because_of_failures(void **state)
{
    struct sim sim;
    uint64_t before;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    set(&sim, "web.c0", STATUS_FAIL);
    sim_pass(&sim, SECONDS(60));
    before = sim.checks[0].starts;
    sim_pass(&sim, SECONDS(600));
    assert_int_equal(sim.checks[0].starts - before, 60);
    end(&sim);
}

/* ---- quick confirmation */

static void a_suspect_is_confirmed_quickly(void **state)
{
    struct sim sim;
    uint64_t seen;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    sim_pass(&sim, SECONDS(35));
    set(&sim, "web.c0", STATUS_FAIL);
    wait_until(&sim, "web", VERDICT_SUSPECT);
    seen = sim.now.awake;
    wait_until(&sim, "web", VERDICT_FAILED);
    assert_true(sim.now.awake - seen <= 2 * MS(2500)); /* three bad results, not three intervals */
    end(&sim);
}

static void a_recovery_is_confirmed_quickly(void **state)
{
    struct sim sim;
    uint64_t seen;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    set(&sim, "web.c0", STATUS_FAIL);
    sim_pass(&sim, SECONDS(60));
    set(&sim, "web.c0", STATUS_OK);
    wait_until(&sim, "web", VERDICT_RECOVERING);
    seen = sim.now.awake;
    wait_until(&sim, "web", VERDICT_OK);
    assert_int_equal(sim.now.awake - seen, MS(2500));
    assert_int_equal(sim.checks[0].last_cause, CAUSE_CONFIRM);
    end(&sim);
}

/* ---- overruns */

static void a_check_that_overruns_its_interval_skips_a_slot_and_says_so_once(void **state)
{
    struct build *b = build_begin(1, 1);
    struct model_check *check;
    struct sim sim;
    unsigned lines;

    (void)state;
    build_service(b, "web");
    check = build_check(b, "slow");
    check->every = SECONDS(10);
    check->timeout = SECONDS(55);
    sim_begin(&sim, 1, build_end(b));
    sim_pass(&sim, SECONDS(10));
    sim.checks[0].takes = SECONDS(35); /* slots at 10, 20 and 30 s after the start find it running */
    lines = sim.lines;
    sim_pass(&sim, SECONDS(41));
    assert_int_equal(sim_shown_check(&sim, "web.slow")->skipped, 3);
    assert_int_equal(sim.lines - lines, 1);
    assert_non_null(strstr(sim.log, "skipped"));
    sim.checks[0].takes = MS(1);
    sim_pass(&sim, SECONDS(100));
    lines = sim.lines;
    sim.checks[0].takes = SECONDS(35);
    sim_pass(&sim, SECONDS(41));
    assert_int_equal(sim.lines - lines, 1); /* another time, another line */
    end(&sim);
}

static void a_run_that_a_nudge_brought_forward_is_as_good_as_the_slot_it_meets(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    sim_pass(&sim, SECONDS(10));
    sim_pass(&sim, sim.checks[0].last_start + SECONDS(9) - sim.now.awake);
    sim.checks[0].takes = SECONDS(2);
    nudge(&sim, "web.c0");
    sim_pass(&sim, SECONDS(5));
    assert_int_equal(sim_shown_check(&sim, "web.c0")->skipped, 0);
    assert_int_equal(sim.checks[0].last_cause, CAUSE_NUDGE);
    end(&sim);
}

/* ---- nudges */

static void a_nudge_runs_the_check_at_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, model_of(1));
    nudge(&sim, "web.c0");
    assert_true(sim.checks[0].run);
    assert_int_equal(sim.checks[0].last_cause, CAUSE_NUDGE);
    end(&sim);
}

static void many_nudges_count_as_one_and_one_a_second(void **state)
{
    struct sim sim;
    uint64_t before, first;

    (void)state;
    begin(&sim, model_of(1));
    before = sim.checks[0].starts;
    first = sim.now.awake;
    for (int i = 0; i < 90; i++) {
        nudge(&sim, "web.c0");
        sim_pass(&sim, MS(10));
    }
    assert_int_equal(sim.checks[0].starts - before, 1);
    sim_pass(&sim, MS(101));
    assert_int_equal(sim.checks[0].starts - before, 2);
    assert_int_equal(sim.checks[0].last_start - first, SECONDS(1));
    end(&sim);
}

static void a_nudge_during_a_run_is_kept_for_afterwards(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    nudge(&sim, "web.c0");
    nudge(&sim, "web.c0");
    assert_int_equal(sim.checks[0].starts, 1);
    answer(&sim, "web.c0", STATUS_OK);
    assert_int_equal(sim.checks[0].starts, 2);
    assert_int_equal(sim.checks[0].last_cause, CAUSE_NUDGE);
    sim_pass(&sim, MS(100));
    assert_int_equal(sim.checks[0].starts, 2);
    end(&sim);
}

/* ---- lost runs */

static void a_lost_run_is_as_if_it_had_not_been_and_starts_again_at_once(void **state)
{
    struct sim sim;
    uint64_t runs;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    sim_pass(&sim, SECONDS(20));
    nudge(&sim, "web.c0");
    runs = sim_shown_check(&sim, "web.c0")->runs;
    sim_lose(&sim, 0);
    assert_true(sim.checks[0].run);
    assert_int_equal(verdict_of(&sim, "web.c0"), VERDICT_OK);
    assert_int_equal(sim_shown_check(&sim, "web.c0")->runs, runs);
    assert_int_equal(sim_shown_check(&sim, "web.c0")->skipped, 0);
    end(&sim);
}

/* The plugin is told of the nudge by a run that ends. */
static void a_nudge_is_not_lost_with_its_run(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, model_of(1));
    hang(&sim, "web.c0");
    nudge(&sim, "web.c0");
    sim_lose(&sim, 0);
    answer(&sim, "web.c0", STATUS_OK);
    sim_pass(&sim, SECONDS(1));
    assert_true(sim.checks[0].run);
    assert_int_equal(sim.checks[0].last_cause, CAUSE_NUDGE);
    end(&sim);
}

static void one_lost_again_and_again_keeps_a_distance(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    sim.checks[0].lose = 1000000;
    sim_pass(&sim, SECONDS(60));
    assert_in_range(sim.checks[0].starts, 10, 60);
    end(&sim);
}

/* ---- stale */

static void no_result_for_three_intervals_and_the_timeout_is_stale(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    hear(&sim, "web.c0", STATUS_OK);
    sim_pass(&sim, SECONDS(34) - 1);
    assert_false(sim_shown_check(&sim, "web.c0")->stale);
    sim_pass(&sim, 1);
    assert_true(sim_shown_check(&sim, "web.c0")->stale);
    assert_int_equal(verdict_of(&sim, "web.c0"), VERDICT_OK); /* a flag: nothing new is known */
    answer(&sim, "web.c0", STATUS_OK);
    assert_false(sim_shown_check(&sim, "web.c0")->stale);
    end(&sim);
}

/* ---- events that change nothing */

static void a_time_event_that_comes_early_does_no_harm(void **state)
{
    struct engine_event event = { .kind = EVENT_TIME };
    struct sim sim;
    uint64_t wake;

    (void)state;
    sim_begin(&sim, 1, model_of(2));
    sim_pass(&sim, SECONDS(3));
    wake = sim.wake;
    assert_int_equal(sim_feed(&sim, &event), ENGINE_DONE);
    assert_int_equal(effects_of(&sim, EFFECT_START_CHECK), 0);
    assert_int_equal(sim.wake, wake);
    end(&sim);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct result *result = result_make(STATUS_FAIL, "late", "late", 0, NULL, 0, NULL, 0);
    struct sim sim;
    uint64_t run;

    (void)state;
    sim_begin(&sim, 1, model_of(2));
    run = sim.checks[0].run;
    sim_answer(&sim, 0, STATUS_OK);
    assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { run, result } }), ENGINE_REFUSED);
    assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { 4711, result } }), ENGINE_REFUSED);
    assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { 0, result } }), ENGINE_REFUSED);
    assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { sim.checks[1].run, NULL } }), ENGINE_REFUSED);
    assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RUN_LOST, .of.result = { run, NULL } }), ENGINE_REFUSED);
    assert_int_equal(sim_nudge(&sim, 2), ENGINE_REFUSED);
    assert_int_equal(sim_nudge(&sim, MODEL_NONE), ENGINE_REFUSED);
    result_drop(result);
    end(&sim);
}

static void events_of_later_versions_are_refused(void **state)
{
    static const enum engine_event_kind kinds[] = { EVENT_RESTORE, EVENT_WINDOW_OPEN, EVENT_WINDOW_CLOSED, EVENT_INTENT_DURABLE, EVENT_STEP_DONE, EVENT_DELIVERED, EVENT_KINDS };
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(2));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = kinds[i] }), ENGINE_REFUSED);
    end(&sim);
}

static void without_a_model_there_is_nothing_to_judge(void **state)
{
    static const enum engine_event_kind kinds[] = { EVENT_TIME, EVENT_GAP, EVENT_NUDGE, EVENT_RESULT, EVENT_RUN_LOST, EVENT_MODEL };
    struct engine *engine = engine_create(1);
    struct moment now = { 0 };
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_int_equal(engine_event(engine, &now, &(struct engine_event){ .kind = kinds[i] }), ENGINE_REFUSED);
    assert_null(engine_model(engine));
    assert_null(engine_check(engine, 0));
    assert_null(engine_service(engine, 0));
    assert_int_equal(engine_overall(engine)->state, STATE_STARTING);
    engine_effects(engine, &n);
    assert_int_equal(n, 0);
    engine_free(engine);
}

/* ---- what was never heard, and clocks */

static void one_that_could_not_tell_at_first_is_asked_again_quickly(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model_of(1));
    hear(&sim, "web.c0", STATUS_UNKNOWN);
    sim_pass(&sim, MS(2500));
    assert_true(sim.checks[0].run);
    hear(&sim, "web.c0", STATUS_OK);
    hear(&sim, "web.c0", STATUS_UNKNOWN);
    sim_pass(&sim, MS(2501));
    assert_false(sim.checks[0].run); /* what is known can wait for its slot */
    end(&sim);
}

/* The one clock of this test goes back by a second, which it is said never to do. */
static void a_clock_that_goes_back_ends_no_time(void **state)
{
    struct engine *engine = engine_create(1);
    struct moment now = { .awake = SECONDS(100), .elapsed = SECONDS(100) };
    struct result *starting = result_make(STATUS_STARTING, "starting", "loading", 0, NULL, 0, NULL, 0);
    struct engine_event first = { .kind = EVENT_RESULT, .of.result = { 1, starting } }, second = { .kind = EVENT_RESULT, .of.result = { 2, starting } };
    const struct model *model = model_of(1);

    (void)state;
    assert_int_equal(engine_event(engine, &now, &(struct engine_event){ .kind = EVENT_MODEL, .of.model = model }), ENGINE_DONE);
    assert_int_equal(engine_event(engine, &now, &first), ENGINE_DONE);
    assert_int_equal(engine_event(engine, &now, &(struct engine_event){ .kind = EVENT_NUDGE }), ENGINE_DONE);
    now.awake -= SECONDS(1);
    now.elapsed -= SECONDS(1);
    assert_int_equal(engine_event(engine, &now, &second), ENGINE_DONE);
    assert_int_equal(engine_check(engine, 0)->verdict, VERDICT_STARTING);
    engine_free(engine);
    result_drop(starting);
    model_drop(model);
}

/* ---- order */

static void those_of_one_slot_start_in_the_order_of_the_configuration(void **state)
{
    const struct engine_effect *effects;
    size_t n, next = 0;
    struct sim sim;

    (void)state;
    begin(&sim, model_of(8));
    while (sim.checks[0].starts < 2)
        sim_step(&sim, SECONDS(10));
    effects = engine_effects(sim.engine, &n);
    for (size_t i = 0; i < n; i++)
        if (effects[i].kind == EFFECT_START_CHECK)
            assert_int_equal(effects[i].of.start.check, next++);
    assert_int_equal(next, 8);
    end(&sim);
}

/* However many are in progress. */
static void a_run_that_never_was_is_not_found(void **state)
{
    struct result *late = result_make(STATUS_FAIL, "late", "too late", 1, NULL, 0, NULL, 0);
    struct sim sim;

    (void)state;
    for (size_t n = 1; n <= 64; n++) {
        sim_begin(&sim, 1, model_of(n)); /* all of them run */
        assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { 4711, late } }), ENGINE_REFUSED);
        end(&sim);
    }
    result_drop(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_very_start_every_check_runs_at_once),
        cmocka_unit_test(then_it_runs_once_in_every_interval),
        cmocka_unit_test(slots_lie_on_a_grid_of_a_twentieth_of_the_interval_that_the_seed_turns),
        cmocka_unit_test(checks_of_one_plugin_and_path_share_their_slot),
        cmocka_unit_test(checks_of_two_paths_do_not),
        cmocka_unit_test(a_thousand_checks_start_in_twenty_bunches_of_fifty),
        cmocka_unit_test(the_interval_does_not_grow_because_of_failures),
        cmocka_unit_test(a_suspect_is_confirmed_quickly),
        cmocka_unit_test(a_recovery_is_confirmed_quickly),
        cmocka_unit_test(a_check_that_overruns_its_interval_skips_a_slot_and_says_so_once),
        cmocka_unit_test(a_run_that_a_nudge_brought_forward_is_as_good_as_the_slot_it_meets),
        cmocka_unit_test(a_nudge_runs_the_check_at_once),
        cmocka_unit_test(many_nudges_count_as_one_and_one_a_second),
        cmocka_unit_test(a_nudge_during_a_run_is_kept_for_afterwards),
        cmocka_unit_test(a_lost_run_is_as_if_it_had_not_been_and_starts_again_at_once),
        cmocka_unit_test(a_nudge_is_not_lost_with_its_run),
        cmocka_unit_test(one_lost_again_and_again_keeps_a_distance),
        cmocka_unit_test(no_result_for_three_intervals_and_the_timeout_is_stale),
        cmocka_unit_test(a_time_event_that_comes_early_does_no_harm),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(events_of_later_versions_are_refused),
        cmocka_unit_test(without_a_model_there_is_nothing_to_judge),
        cmocka_unit_test(one_that_could_not_tell_at_first_is_asked_again_quickly),
        cmocka_unit_test(a_clock_that_goes_back_ends_no_time),
        cmocka_unit_test(those_of_one_slot_start_in_the_order_of_the_configuration),
        cmocka_unit_test(a_run_that_never_was_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
