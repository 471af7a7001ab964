/* What outlives a process, and what it is worth in the next one. */
#include "engine_support.h"

static const struct model *one(void)
{
    struct build *b = build_begin(1, 1);

    build_service(b, "redis");
    build_check(b, "ping");
    return build_end(b);
}

static void streaks_go_on_but_one_fresh_result_comes_first(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, one());
    hear(&sim, "redis.ping", STATUS_FAIL);
    hear(&sim, "redis.ping", STATUS_FAIL);
    sim_restart(&sim, 0, false);
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->bad, 2);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_SUSPECT);
    hear(&sim, "redis.ping", STATUS_FAIL);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_SUSPECT);
    hear(&sim, "redis.ping", STATUS_FAIL);
    assert_int_equal(sim_verdict(&sim, "redis"), VERDICT_FAILED);
    end(&sim);
}

static void after_a_long_time_they_begin_anew(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, one());
    hear(&sim, "redis.ping", STATUS_FAIL);
    sim_restart(&sim, SECONDS(3600), false);
    assert_int_equal(sim_shown_check(&sim, "redis.ping")->bad, 0);
    end(&sim);
}

static void a_silence_across_boots_counts_the_time_between_and_never_grows(void **state)
{
    struct engine_command silence = { .kind = COMMAND_SILENCE, .service = "redis", .duration = SECONDS(600) };
    const struct engine_silence *all;
    struct sim sim;
    size_t n;

    (void)state;
    begin(&sim, one());
    sim_command(&sim, &silence);
    sim_restart(&sim, SECONDS(200), true);
    all = engine_silences(sim.engine, &n);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].until - sim.now.elapsed, SECONDS(400));
    sim_pass(&sim, SECONDS(401));
    engine_silences(sim.engine, &n);
    assert_int_equal(n, 0);
    end(&sim);
}

/* The clock went back while the machine was off. */
static void a_clock_in_the_past_makes_nothing_longer(void **state)
{
    struct engine_command silence = { .kind = COMMAND_SILENCE, .service = "redis", .duration = SECONDS(600) };
    struct moment later = { .awake = SECONDS(30), .elapsed = SECONDS(30), .wall = 1, .boot = 9 };
    struct engine *engine = engine_create(1);
    struct engine_event first = { .kind = EVENT_MODEL }, second = { .kind = EVENT_RESTORE };
    struct engine_kept *kept;
    struct sim sim;
    size_t n;

    (void)state;
    begin(&sim, one());
    sim_command(&sim, &silence);
    kept = engine_export(sim.engine, &sim.now);
    first.of.model = engine_model(sim.engine);
    second.of.kept = kept;
    assert_int_equal(engine_event(engine, &later, &first), ENGINE_DONE);
    assert_int_equal(engine_event(engine, &later, &second), ENGINE_DONE);
    assert_int_equal(engine_silences(engine, &n)[0].until, later.elapsed + SECONDS(600));
    assert_int_equal(engine_event(engine, &later, &second), ENGINE_REFUSED);
    engine_kept_free(kept);
    engine_free(engine);
    end(&sim);
}

static void another_check_of_the_name_takes_nothing(void **state)
{
    struct build *b = build_begin(1, 1);
    struct engine *engine = engine_create(1);
    struct engine_event first = { .kind = EVENT_MODEL }, second = { .kind = EVENT_RESTORE };
    struct engine_kept *kept;
    struct sim sim;

    (void)state;
    build_service(b, "redis");
    build_check(b, "ping")->fingerprint = 99;
    first.of.model = build_end(b);
    begin(&sim, one());
    kept = engine_export(sim.engine, &sim.now);
    second.of.kept = kept;
    assert_int_equal(engine_event(engine, &sim.now, &first), ENGINE_DONE);
    assert_int_equal(engine_event(engine, &sim.now, &second), ENGINE_DONE);
    assert_int_equal(engine_check(engine, 0)->verdict, VERDICT_NONE);
    engine_kept_free(kept);
    engine_free(engine);
    model_drop(first.of.model);
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streaks_go_on_but_one_fresh_result_comes_first),
        cmocka_unit_test(after_a_long_time_they_begin_anew),
        cmocka_unit_test(a_silence_across_boots_counts_the_time_between_and_never_grows),
        cmocka_unit_test(a_clock_in_the_past_makes_nothing_longer),
        cmocka_unit_test(another_check_of_the_name_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
