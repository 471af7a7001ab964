/* The sentences that say why, and the words for verdicts, states and levels. */
#include "engine_support.h"

#include "base/os/log.h"
#include "engine/engine_private.h"

/* vm.port <- redis.ping, which fails after two; pair.x and pair.y. */
static const struct model *model(void)
{
    struct build *b = build_begin(3, 4);

    add_quick(b, "vm", NULL);
    build_service(b, "redis");
    build_need(b, "vm");
    build_check(b, "ping")->fail_after = 2;
    build_service(b, "pair");
    build_check(b, "x")->fail_after = 1;
    build_check(b, "y")->fail_after = 1;
    return build_end(b);
}

static void why_is_a_sentence_of_facts_and_durations(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, model());
    assert_string_equal(sim_why(&sim, "redis"), "ping has not been heard yet");
    sim_pass(&sim, SECONDS(125));
    assert_string_equal(sim_why(&sim, "redis"), "ping has been ok for 2 min: answered");
    assert_string_equal(sim_why(&sim, "pair"), "all 2 checks have been ok for 2 min");
    hang(&sim, "vm.port");
    hear(&sim, "redis.ping", STATUS_FAIL);
    assert_string_equal(sim_why(&sim, "redis"), "ping has been suspect for 0 s, 1 of the 2 bad results that make it failed: connection refused");
    hear(&sim, "redis.ping", STATUS_FAIL);
    sim_pass(&sim, SECONDS(3));
    assert_string_equal(sim_why(&sim, "redis"), "ping has been failed for 3 s, 2 bad results in a row: connection refused; waiting for vm, which has to be heard anew, "
                                                "at most 27 s more, before the cause is told");
    answer(&sim, "vm.port", STATUS_FAIL);
    assert_string_equal(sim_why(&sim, "redis"), "ping has been failed for 3 s, 2 bad results in a row: connection refused; caused by vm, which is failed");
    assert_string_equal(sim_why(&sim, "vm"), "port has been failed for 0 s, 1 bad result in a row: connection refused; it needs nothing else, so it is a root cause");
    hear(&sim, "pair.x", STATUS_FAIL);
    hear(&sim, "pair.y", STATUS_FAIL);
    assert_non_null(strstr(sim_why(&sim, "pair"), "connection refused; 1 more check as well; it needs nothing"));
    end(&sim);
}

static void why_tells_every_verdict(void **state)
{
    struct build *b = build_begin(1, 1);
    struct sim sim;

    (void)state;
    build_service(b, "redis");
    build_check(b, "ping")->fail_after = 1;
    sim_begin(&sim, 1, build_end(b));
    hear(&sim, "redis.ping", STATUS_UNKNOWN);
    assert_string_equal(sim_why(&sim, "redis"), "ping has told nothing yet, 1 of the 3 results that make it unknown: no such tool");
    hear(&sim, "redis.ping", STATUS_UNKNOWN);
    hear(&sim, "redis.ping", STATUS_UNKNOWN);
    assert_string_equal(sim_why(&sim, "redis"), "ping has been unknown for 0 s, 3 results in a row could not tell: no such tool");
    hear(&sim, "redis.ping", STATUS_STARTING);
    assert_string_equal(sim_why(&sim, "redis"), "ping says that it is starting, for 0 s of at most 5 min: loading its data");
    hear(&sim, "redis.ping", STATUS_STOPPED);
    assert_string_equal(sim_why(&sim, "redis"), "ping has been stopped on purpose for 0 s: stopped by hand");
    hear(&sim, "redis.ping", STATUS_WARN);
    assert_string_equal(sim_why(&sim, "redis"), "ping has warned for 0 s: answered late");
    hear(&sim, "redis.ping", STATUS_FAIL);
    hear(&sim, "redis.ping", STATUS_OK);
    assert_string_equal(sim_why(&sim, "redis"), "ping has been recovering for 0 s, 1 of the 2 good results that make it ok: answered");
    end(&sim);
}

static void why_tells_of_doubt_of_a_grace_and_of_staleness(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, model());
    hang(&sim, "vm.port");
    hang(&sim, "redis.ping");
    nudge(&sim, "redis.ping");
    answer(&sim, "redis.ping", STATUS_FAIL); /* with it, vm is asked */
    hear(&sim, "redis.ping", STATUS_FAIL);
    sim_pass(&sim, SECONDS(30));
    assert_non_null(strstr(sim_why(&sim, "redis"), "; it counts as a root cause, though not everything that it needs is known to be well"));
    answer(&sim, "vm.port", STATUS_OK);
    assert_non_null(strstr(sim_why(&sim, "redis"), "; everything that it needs is well, so it is a root cause"));
    hear(&sim, "vm.port", STATUS_FAIL);
    hear(&sim, "vm.port", STATUS_OK);
    assert_non_null(strstr(sim_why(&sim, "redis"), "; waiting for vm: it is back, and this may take 1 min more to come back as well"));
    sim_pass(&sim, SECONDS(300));
    assert_non_null(strstr(sim_why(&sim, "redis"), "; this is stale, nothing newer has come"));
    end(&sim);
}

static void why_tells_what_is_not_watched_and_what_waits(void **state)
{
    struct build *b = build_begin(3, 4);
    size_t path = build_path(b, "lima", 1);
    struct sim sim;

    (void)state;
    build_service(b, "off")->enabled = false;
    build_check(b, "one");
    build_service(b, "empty");
    build_check(b, "one")->enabled = false;
    build_service(b, "inside");
    build_check(b, "a")->path = path;
    build_check(b, "b")->path = path;
    sim_begin(&sim, 1, build_end(b));
    assert_string_equal(sim_why(&sim, "off"), "not watched: it is disabled");
    assert_string_equal(sim_why(&sim, "empty"), "not watched: all of its checks are disabled");
    answer(&sim, "inside.a", STATUS_OK);
    answer(&sim, "inside.b", STATUS_OK);
    sim_reload(&sim, model());
    assert_string_equal(sim_why(&sim, "vm"), "port has not been heard yet");
    end(&sim);
}

/* ---- words */

static void names_are_those_of_the_documents(void **state)
{
    static const char *const verdicts[] = { "starting", "ok", "warn", "stopped", "starting", "recovering", "unknown", "suspect", "failed" };
    static const char *const states[] = { "Starting", "Healthy", "Degraded", "Failed", "Investigating", "Critical", "SOS" };

    (void)state;
    for (int i = VERDICT_NONE; i <= VERDICT_FAILED; i++)
        assert_string_equal(engine_verdict_name((enum engine_verdict)i), verdicts[i]);
    for (int i = STATE_STARTING; i <= STATE_SOS; i++)
        assert_string_equal(engine_state_name((enum engine_state)i), states[i]);
}

/* The engine may not know the log; its levels are the log's all the same. */
static void levels_are_those_of_the_log(void **state)
{
    (void)state;
    assert_int_equal(SAY_DEBUG, LOG_LEVEL_DEBUG);
    assert_int_equal(SAY_INFO, LOG_LEVEL_INFO);
    assert_int_equal(SAY_WARN, LOG_LEVEL_WARN);
    assert_int_equal(SAY_ERROR, LOG_LEVEL_ERROR);
}

/* ---- lines of log */

static size_t lines_of(struct sim *sim, enum log_level level, const char *text)
{
    size_t n, found = 0;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        found += effects[i].kind == EFFECT_LOG && effects[i].of.log.level == (int)level && strcmp(effects[i].of.log.text, text) == 0;
    return found;
}

static void turns_are_logged_and_what_is_bad_is_a_warning(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, model());
    hear(&sim, "vm.port", STATUS_FAIL);
    assert_int_equal(lines_of(&sim, LOG_LEVEL_WARN, "check has failed, 1 bad in a row: connection refused"), 1);
    assert_int_equal(lines_of(&sim, LOG_LEVEL_WARN, "service is a root cause: it failed, and nothing that it needs did"), 1);
    hear(&sim, "vm.port", STATUS_OK);
    assert_int_equal(lines_of(&sim, LOG_LEVEL_INFO, "check is ok, was failed: answered"), 1);
    for (int i = 0; i < 3; i++)
        hear(&sim, "vm.port", STATUS_UNKNOWN);
    assert_int_equal(lines_of(&sim, LOG_LEVEL_WARN, "check is unknown, 3 in a row could not tell: no such tool"), 1);
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(why_is_a_sentence_of_facts_and_durations),
        cmocka_unit_test(why_tells_every_verdict),
        cmocka_unit_test(why_tells_of_doubt_of_a_grace_and_of_staleness),
        cmocka_unit_test(why_tells_what_is_not_watched_and_what_waits),
        cmocka_unit_test(names_are_those_of_the_documents),
        cmocka_unit_test(levels_are_those_of_the_log),
        cmocka_unit_test(turns_are_logged_and_what_is_bad_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
