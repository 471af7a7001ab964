/* Runs, message by message of docs/plugin-protocol.md: how they start and end, are cancelled and torn down, and what is said between them. */
#include "hosts_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- setup and runs */

static void setup_tells_all(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_operation(bench, "redis", "redis.info", "cache.info", "{\n \"run\":\"report\",\"x\":\"\\\"q\\\"\"}", "b\1ytes");
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    assert_string_equal(use_detail(use, "operation"), "redis.info");
    assert_string_equal(use_detail(use, "name"), "cache.info");
    assert_string_equal(use_detail(use, "saved"), "YgF5dGVz");
    assert_string_equal(use_detail(use, "conf"), "{\"run\":\"report\",\"x\":\"\\\"q\\\"\"}");
    use_free(use);
}

static void start_tells_time_and_flags(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    unsigned long long left;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"report\"}");
    use_run(bench, use, MS(5000));
    assert_string_equal(use_detail(use, "flags"), "[]");
    assert_string_equal(use_detail(use, "saved"), "");
    left = strtoull(use_detail(use, "left_ns"), NULL, 10);
    assert_true(left > 0 && left <= MS(5000));
    use_start(use, MS(5000), HOSTS_ONCE | HOSTS_NUDGED);
    use_wait(bench, use);
    assert_string_equal(use_detail(use, "flags"), "[\"once\",\"nudged\"]");
    use_start(use, MS(5000), HOSTS_NUDGED);
    use_wait(bench, use);
    assert_string_equal(use_detail(use, "flags"), "[\"nudged\"]");
    use_free(use);
}

static void a_result_is_read(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    const struct result_metric *metric;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"status\":\"warn\",\"reason\":\"redis.slow\",\"late\":12.5}");
    assert_result(use_run(bench, use, MS(5000)), STATUS_WARN, "redis.slow");
    assert_string_equal(use->result->summary, "as it was told");
    assert_int_equal(use->result->duration_ns, UINT64_C(1234567890123456789)); /* above 2^53 */
    metric = result_metric(use->result, "time");
    assert_non_null(metric);
    assert_true(metric->value > 0.24 && metric->value < 0.26);
    assert_string_equal(metric->unit, "s");
    assert_true(view(bench, "shared").late_ms > 12. && view(bench, "shared").late_ms < 13.);
    use_free(use);
}

static void a_result_that_is_none_is_unknown(void **state)
{
    static const char *const fields[] = { "status", "reason", "summary", "duration_ns", "metrics", "details" };
    struct bench *bench = *state;
    struct use *use;
    char conf[128];

    load_shared(bench, "redis", "{}");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        snprintf(conf, sizeof conf, "{\"spoil\":\"%s\"}", fields[i]);
        use = use_make(bench, "redis", "redis.ping", conf);
        assert_result(use_run(bench, use, MS(5000)), STATUS_UNKNOWN, "plugin.bad_result");
        assert_non_null(strstr(use->result->summary, fields[i]));
        use_free(use);
    }
    use = use_make(bench, "redis", "redis.ping", "{\"status\":\"splendid\"}");
    assert_result(use_run(bench, use, MS(5000)), STATUS_UNKNOWN, "plugin.bad_result");
    use_free(use);
    assert_int_equal(view(bench, "shared").deaths, 0);
}

static void every_status_is_known(void **state)
{
    static const char *const names[] = { "ok", "warn", "fail", "unknown", "starting", "stopped" };
    struct bench *bench = *state;
    char conf[128];

    load_shared(bench, "redis", "{}");
    for (int i = 0; i < 6; i++) {
        struct use *use;

        snprintf(conf, sizeof conf, "{\"status\":\"%s\",\"reason\":\"some.reason\"}", names[i]);
        use = use_make(bench, "redis", "redis.ping", conf);
        assert_result(use_run(bench, use, MS(5000)), (enum status)i, "some.reason");
        use_free(use);
    }
}

static void an_instance_has_one_run(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{}");
    use_start(use, MS(5000), 0);
    assert_null(hosts_start(use->instance, MS(5000), 0, NULL, NULL));
    use_wait(bench, use);
    assert_int_equal(use->done, 1);
    use_free(use);
}

static void runs_may_start_before_all_else(void **state)
{
    struct bench *bench = *state;
    struct description description = { .over = false };
    struct hosts_plugin plugin = { .name = "redis", .path = bench_file(bench, "redis.so", "{}") };
    struct use *use;

    assert_true(hosts_describe(bench->hosts, &plugin, NULL, &description));
    hosts_forget(bench->hosts, &description);
    use = use_make(bench, "redis", "redis.ping", "{}"); /* the host has not even said hello */
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    use_free(use);
}

static void a_second_done_is_dropped(void **state)
{
    struct bench *bench = *state;
    struct use *use, *other;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"twice\"}"); /* sends three in fact */
    other = use_make(bench, "redis", "redis.other", "{\"run\":\"old_id\"}");
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    assert_result(use_run(bench, other, MS(5000)), STATUS_OK, "");
    turn(bench, MS(20));
    assert_int_equal(use->done, 1);
    assert_int_equal(view(bench, "shared").deaths, 0);
    use_free(use);
    use_free(other);
}

/* ---- cancel, teardown */

static void a_cancelled_run_is_silent(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"report\",\"ms\":500}");
    use_start(use, MS(5000), 0);
    hosts_cancel(use->run); /* before it was sent */
    use->run = NULL;
    use_run(bench, use, MS(5000));
    use_start(use, MS(5000), 0);
    use_sent(bench, use);
    hosts_cancel(use->run); /* in the host by now */
    use->run = NULL;
    assert_int_equal(use->done, 1);
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, ""); /* the next one waits for the end of the one before: never two at once */
    assert_string_equal(use_detail(use, "cancels"), "1");
    assert_int_equal(use->done, 2);
    use_free(use);
}

static void a_run_waits_for_a_cancelled_one(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"ms\":1000,\"cancel\":\"ignore\"}");
    use_start(use, MS(5000), 0);
    use_sent(bench, use);
    hosts_cancel(use->run);
    use->run = NULL;
    assert_result(use_run(bench, use, MS(20)), STATUS_UNKNOWN, "plugin.blocked"); /* the one before is not over */
    assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
    use_free(use);
}

static void teardown_ends_everything(void **state)
{
    struct bench *bench = *state;
    struct use *use, *other;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"never\"}");
    other = use_make(bench, "redis", "redis.other", "{\"run\":\"report\"}");
    use_start(use, MS(5000), 0);
    use_sent(bench, use);
    use_free(use); /* with its run: its done comes when nobody knows it any more */
    use = use_make(bench, "redis", "redis.early", "{}");
    use_free(use); /* never reached the host */
    use_run(bench, other, MS(5000));
    assert_string_equal(use_detail(other, "teardowns"), "1");
    assert_string_equal(use_detail(other, "setups"), "2");
    assert_int_equal(view(bench, "shared").instances, 1);
    assert_int_equal(view(bench, "shared").deaths, 0);
    use_free(other);
}

struct ending {
    struct use *use;
    bool over;
};

static void on_done_tear_down(void *arg, struct result *result)
{
    struct ending *ending = arg;

    result_drop(result);
    hosts_teardown(ending->use->instance);
    ending->use->instance = NULL;
    ending->over = true;
}

static bool is_over(const void *arg)
{
    return ((const struct ending *)arg)->over;
}

static void teardown_from_within_done(void **state)
{
    struct bench *bench = *state;
    struct ending ending = { .over = false };

    load_shared(bench, "redis", "{}");
    ending.use = use_make(bench, "redis", "redis.ping", "{}");
    assert_non_null(hosts_start(ending.use->instance, MS(5000), 0, on_done_tear_down, &ending));
    until(bench, is_over, &ending);
    use_free(ending.use);
    ending = (struct ending){ .use = use_make(bench, "nobody", "nobody.ping", "{}") }; /* the same for one that ends by itself */
    assert_non_null(hosts_start(ending.use->instance, MS(5000), 0, on_done_tear_down, &ending));
    until(bench, is_over, &ending);
    use_free(ending.use);
}

/* ---- between runs */

static bool has_saved(const void *arg)
{
    return ((const struct use *)arg)->saves > 0;
}

static void saved_bytes_come_back(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.log", "{\"run\":\"save\",\"bytes\":\"AQIDAA==\"}");
    use_run(bench, use, MS(5000));
    until(bench, has_saved, use);
    assert_int_equal(use->n_saved, 4);
    assert_memory_equal(use->saved, "\1\2\3\0", 4);
    use_free(use);
    use = use_make(bench, "redis", "redis.log", "{\"run\":\"save_big\"}"); /* 6 KiB: not taken */
    use_run(bench, use, MS(5000));
    turn(bench, MS(20));
    assert_int_equal(use->saves, 0);
    assert_int_equal(view(bench, "shared").deaths, 0);
    use_free(use);
}

static bool has_two_nudges(const void *arg)
{
    return ((const struct use *)arg)->nudges >= 2;
}

static void nudges_are_bounded(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"nudge\",\"n\":500}");
    use_run(bench, use, MS(5000));
    assert_int_equal(use->nudges, 1);
    until(bench, has_two_nudges, use); /* the last of them is told when its time has come */
    turn(bench, MS(1050));
    assert_int_equal(use->nudges, 2);
    use_free(use);
}

static void other_messages_do_no_harm(void **state)
{
    static const char *const confs[] = { "{\"run\":\"log\",\"n\":3}", "{\"run\":\"progress\"}", "{\"setup\":\"twice\"}" };
    struct bench *bench = *state;

    load_shared(bench, "redis", "{}");
    for (size_t i = 0; i < sizeof confs / sizeof *confs; i++) {
        struct use *use = use_make(bench, "redis", "redis.ping", confs[i]);

        assert_result(use_run(bench, use, MS(5000)), STATUS_OK, "");
        use_free(use);
    }
    load_own(bench, "talks", "log-first"); /* a log line before hello is no offence */
    assert_int_equal(view(bench, "shared").deaths, 0);
    assert_int_equal(view(bench, "talks").deaths, 0);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(setup_tells_all),
        BENCH(start_tells_time_and_flags),
        BENCH(a_result_is_read),
        BENCH(a_result_that_is_none_is_unknown),
        BENCH(every_status_is_known),
        BENCH(an_instance_has_one_run),
        BENCH(runs_may_start_before_all_else),
        BENCH(a_second_done_is_dropped),
        BENCH(a_cancelled_run_is_silent),
        BENCH(a_run_waits_for_a_cancelled_one),
        BENCH(teardown_ends_everything),
        BENCH(teardown_from_within_done),
        BENCH(saved_bytes_come_back),
        BENCH(nudges_are_bounded),
        BENCH(other_messages_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
