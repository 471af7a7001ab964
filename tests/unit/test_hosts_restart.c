/* How long a host lives: restarts with growing pauses, what outlives a host, quarantine, and the end of one that nobody uses. */
#include "hosts_support.h"

#include <signal.h>
#include <string.h>

/* ---- restarts */

static void pauses_grow(void **state)
{
    struct bench *bench = *state;
    const struct host *host;
    static const uint64_t expected[] = { MS(40), MS(80), MS(100), MS(100) };

    bench->hosts->times.pause = MS(40);
    bench->hosts->times.longest_pause = MS(100);
    load_shared(bench, "redis", "{}");
    host = bench->hosts->shared;
    for (unsigned i = 0; i < 4; i++) {
        kill_host(bench, "shared", SIGKILL);
        wait_for_deaths(bench, "shared", i + 1);
        assert_string_equal(view(bench, "shared").state, "waiting to restart");
        assert_int_equal(host->back_off, expected[i]);
        wait_for_state(bench, "shared", "running");
    }
    bench->hosts->times.good = MS(1);
    turn(bench, MS(5));
    kill_host(bench, "shared", SIGKILL);
    wait_for_deaths(bench, "shared", 5);
    assert_int_equal(host->back_off, 0); /* it had lived long enough: at once */
    wait_for_state(bench, "shared", "running");
}

static void a_run_does_not_outwait_its_deadline(void **state)
{
    struct bench *bench = *state;
    struct use *use, *later;

    bench->hosts->times.pause = MS(60000);
    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.ping", "{\"run\":\"never\"}");
    later = use_make(bench, "redis", "redis.later", "{}");
    use_start(use, MS(3000), 0);
    use_sent(bench, use);
    kill_host(bench, "shared", SIGKILL);
    assert_result(use_wait(bench, use), STATUS_UNKNOWN, "plugin.died");
    assert_non_null(strstr(use->result->summary, "SIGKILL"));
    assert_result(use_run(bench, later, MS(3000)), STATUS_UNKNOWN, "plugin.died"); /* began while there was no host */
    use_free(use);
    use_free(later);
}

static void too_little_time_is_no_failure(void **state)
{
    struct bench *bench = *state;
    struct use *use, *refused;

    bench->hosts->times.pause = MS(300);
    load_shared(bench, "tcp", "{}");
    use = use_make(bench, "tcp", "tcp.slow", "{\"run\":\"silent\",\"status\":\"fail\",\"reason\":\"timeout\"}");
    refused = use_make(bench, "tcp", "tcp.refused", "{\"status\":\"fail\",\"reason\":\"connect.refused\",\"ms\":300}");
    use_start(use, MS(1000), 0);
    use_start(refused, MS(10000), 0);
    use_sent(bench, use);
    turn(bench, MS(50));
    kill_host(bench, "shared", SIGKILL);
    assert_result(use_wait(bench, use), STATUS_UNKNOWN, "plugin.died"); /* it had two thirds of its second at best: its silence proves nothing */
    assert_result(use_wait(bench, refused), STATUS_FAIL, "connect.refused"); /* but this does */
    assert_result(use_run(bench, use, MS(2000)), STATUS_FAIL, "timeout"); /* and with all its time, so does silence */
    use_free(use);
    use_free(refused);
}

static void instances_outlive_their_host(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    load_shared(bench, "tcp", "{}");
    use = use_make(bench, "redis", "redis.log", "{\"run\":\"save\",\"bytes\":\"b2xk\"}");
    use_run(bench, use, MS(10000));
    use_free(use);
    use = use_operation(bench, "redis", "redis", "redis.log", "{\"run\":\"report\"}", "new");
    use_run(bench, use, MS(10000));
    kill_host(bench, "shared", SIGKILL);
    wait_for_deaths(bench, "shared", 1);
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, ""); /* loaded, set up, with what was saved */
    assert_string_equal(use_detail(use, "saved"), "bmV3");
    assert_string_equal(use_detail(use, "setups"), "1");
    use_free(use);
}

static void what_is_saved_outlives_the_host(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.log", conf_once(bench, "save", ",\"bytes\":\"AQID\"", 1));
    use_run(bench, use, MS(10000));
    turn(bench, MS(20));
    assert_int_equal(use->saves, 1);
    kill_host(bench, "shared", SIGKILL);
    wait_for_deaths(bench, "shared", 1);
    assert_int_equal(use->instance->n_saved, 3);
    use_run(bench, use, MS(10000));
    use_free(use);
}

static void quarantine_after_five_deaths(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin;
    struct description description = { .over = false };
    struct use *use;

    bench->hosts->times.pause = bench->hosts->times.longest_pause = MS(5);
    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{\"run\":\"die\"}");
    for (int i = 0; i < 5; i++)
        assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_string_equal(view(bench, "mine").state, "quarantined");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.quarantined");
    turn(bench, MS(50));
    assert_int_equal(view(bench, "mine").deaths, 5);
    assert_int_equal(view(bench, "mine").pid, 0);
    use_free(use);
    plugin = (struct hosts_plugin){ .name = "mine", .command = (const char *[]){ bench->program, "other", NULL }, .own_host = true };
    describe(bench, &plugin, &description); /* another command is another plugin */
    use = use_make(bench, "mine", "mine.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    use_free(use);
    description_free(&description);
}

static void the_shared_host_is_never_quarantined(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    bench->hosts->times.pause = bench->hosts->times.longest_pause = MS(5);
    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", conf_once(bench, "die", "", 7)); /* nobody knows in whose call */
    for (int i = 0; i < 3; i++)
        assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 7);
    use_free(use);
}

static void one_that_leaves_the_shared_host_can_be_quarantined(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    bench->hosts->times.pause = bench->hosts->times.longest_pause = MS(5);
    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", "{\"run\":\"die\",\"crumb\":\"run\"}");
    for (unsigned i = 0; i < HOSTS_DEATHS; i++)
        assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.quarantined");
    assert_int_equal(view(bench, "shared").deaths, 1);
    use_free(use);
}

/* ---- rest */

static bool is_gone(const void *arg)
{
    return !has_host(arg, "mine");
}

static bool is_counted(const void *arg)
{
    return ((const struct host *)arg)->idle_ticks == 0;
}

static void a_host_that_nobody_uses_ends(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    struct host *host;

    bench_tick(bench, MS(200));
    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{}");
    use_run(bench, use, MS(10000));
    host = plugin_find(bench->hosts, "mine")->host;
    host->idle_ticks = 29; /* a minute but for one tick */
    until(bench, is_counted, host);
    assert_true(has_host(bench, "mine"));
    use_free(use);
    host->idle_ticks = 29;
    until(bench, is_gone, bench);
    use = use_make(bench, "mine", "mine.check", "{}"); /* and comes back when it is needed */
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    use_free(use);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(pauses_grow),
        BENCH(a_run_does_not_outwait_its_deadline),
        BENCH(too_little_time_is_no_failure),
        BENCH(instances_outlive_their_host),
        BENCH(what_is_saved_outlives_the_host),
        BENCH(quarantine_after_five_deaths),
        BENCH(the_shared_host_is_never_quarantined),
        BENCH(one_that_leaves_the_shared_host_can_be_quarantined),
        BENCH(a_host_that_nobody_uses_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
