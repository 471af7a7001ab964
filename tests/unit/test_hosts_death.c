/* Hosts that die or stand still: who is to blame hears so, everybody else is run again and nobody is reported failed for it. */
#include "hosts_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- killed from outside */

enum { MANY = 100 };

struct many {
    struct use *uses[MANY];
};

static bool all_done(const void *arg)
{
    const struct many *many = arg;

    for (int i = 0; i < MANY; i++)
        if (many->uses[i]->run)
            return false;
    return true;
}

static void kill_in_the_middle(struct bench *bench, const char *plugin, const char *host)
{
    struct many many;
    char name[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many.%d", i);
        many.uses[i] = use_make(bench, plugin, name, "{\"ms\":500}");
        use_start(many.uses[i], MS(10000), 0);
    }
    for (int i = 0; i < MANY; i++)
        use_sent(bench, many.uses[i]);
    assert_int_equal(view(bench, host).runs, MANY);
    kill_host(bench, host, SIGKILL);
    until(bench, all_done, &many);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many.uses[i]->done, 1);
        assert_result(many.uses[i]->result, STATUS_OK, "");
        use_free(many.uses[i]);
    }
    assert_int_equal(view(bench, host).deaths, 1);
    assert_string_equal(view(bench, host).last_end, "SIGKILL");
}

static void a_killed_host_loses_nothing(void **state)
{
    struct bench *bench = *state;

    load_shared(bench, "redis", "{}");
    kill_in_the_middle(bench, "redis", "shared");
}

static void a_killed_own_host_loses_nothing(void **state)
{
    struct bench *bench = *state;

    load_own(bench, "mine", "");
    kill_in_the_middle(bench, "mine", "mine");
}

static void a_kill_as_often_as_it_likes_is_no_quarantine(void **state)
{
    struct bench *bench = *state;

    bench->hosts->times.pause = bench->hosts->times.longest_pause = MS(5);
    load_own(bench, "mine", "");
    for (unsigned i = 1; i <= 7; i++) {
        kill_host(bench, "mine", i % 2 ? SIGKILL : SIGTERM);
        wait_for_deaths(bench, "mine", i);
        wait_for_state(bench, "mine", "running");
    }
}

/* ---- their own fault */

static void a_crash_in_the_shared_host_is_tried_twice(void **state)
{
    struct bench *bench = *state;
    struct use *guilty, *innocent;

    load_shared(bench, "redis", "{}");
    innocent = use_make(bench, "redis", "redis.good", "{\"ms\":400}");
    guilty = use_make(bench, "redis", "redis.bad", "{\"run\":\"die\"}");
    use_start(guilty, MS(10000), 0);
    assert_result(use_wait(bench, guilty), STATUS_UNKNOWN, "plugin.died");
    assert_string_equal(guilty->result->summary, "the host of plugin redis died twice (SIGSEGV) in check redis.bad");
    assert_int_equal(view(bench, "shared").deaths, 2);
    assert_result(use_run(bench, innocent, MS(10000)), STATUS_OK, "");
    use_free(guilty);
    use_free(innocent);
}

static void one_crash_is_forgiven(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.bad", conf_once(bench, "die", "", 1));
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 1);
    use_free(use);
}

static void the_breadcrumb_names_the_guilty(void **state)
{
    struct bench *bench = *state;
    struct use *guilty, *innocent;

    load_shared(bench, "redis", "{}");
    innocent = use_make(bench, "redis", "redis.good", "{\"ms\":300}");
    guilty = use_make(bench, "redis", "redis.bad", "{\"run\":\"die\",\"crumb\":\"run\"}");
    assert_result(use_run(bench, innocent, MS(10000)), STATUS_OK, ""); /* all set up */
    use_start(innocent, MS(10000), 0);
    turn(bench, MS(50));
    use_start(guilty, MS(10000), 0);
    assert_result(use_wait(bench, guilty), STATUS_UNKNOWN, "plugin.died");
    assert_string_equal(guilty->result->summary, "plugin redis died (SIGSEGV) in check redis.bad");
    assert_result(use_wait(bench, innocent), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 1); /* at once, not after a second try */
    use_free(guilty);
    use_free(innocent);
}

static void the_guilty_leaves_the_shared_host(void **state)
{
    struct bench *bench = *state;
    struct use *guilty, *innocent;

    load_shared(bench, "redis", "{}");
    load_shared(bench, "http", "{}");
    innocent = use_make(bench, "http", "http.good", "{\"ms\":1}");
    guilty = use_make(bench, "redis", "redis.bad", "{\"run\":\"die\",\"crumb\":\"run\"}");
    assert_result(use_run(bench, guilty, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_int_equal(view(bench, "redis").deaths, 1);
    assert_result(use_run(bench, innocent, MS(10000)), STATUS_OK, "");
    assert_result(use_run(bench, guilty, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_int_equal(view(bench, "redis").deaths, 2);
    assert_int_equal(view(bench, "shared").deaths, 1); /* the first one's */
    assert_int_equal(view(bench, "shared").plugins, 1);
    assert_result(use_run(bench, innocent, MS(10000)), STATUS_OK, "");
    use_free(guilty);
    use_free(innocent);
}

static void the_breadcrumb_clears_an_own_host(void **state)
{
    struct bench *bench = *state;
    struct use *guilty, *innocent;

    load_own(bench, "mine", "");
    innocent = use_make(bench, "mine", "mine.good", "{\"ms\":300}");
    guilty = use_make(bench, "mine", "mine.bad", "{\"run\":\"die\",\"crumb\":\"setup\"}"); /* in its instance */
    use_run(bench, innocent, MS(10000));
    use_start(innocent, MS(10000), 0);
    turn(bench, MS(50));
    use_start(guilty, MS(10000), 0);
    assert_result(use_wait(bench, guilty), STATUS_UNKNOWN, "plugin.died");
    assert_result(use_wait(bench, innocent), STATUS_OK, "");
    use_free(guilty);
    use_free(innocent);
}

static void a_crash_in_an_own_host_is_its_plugins(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{\"run\":\"die\"}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_string_equal(use->result->summary, "plugin mine died (SIGSEGV) in check mine.check");
    assert_int_equal(view(bench, "mine").deaths, 1);
    use_free(use);
    use = use_make(bench, "mine", "mine.check", "{\"run\":\"exit\"}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_string_equal(use->result->summary, "plugin mine died (exit code 3) in check mine.check");
    use_free(use);
}

static void an_action_is_never_done_twice(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_operation(bench, "redis", "redis.act", "redis.flush", "{\"ms\":5000}", NULL);
    use_start(use, MS(10000), 0);
    use_sent(bench, use);
    kill_host(bench, "shared", SIGKILL);
    assert_result(use_wait(bench, use), STATUS_UNKNOWN, "interrupted");
    use_free(use);
}

static void results_sent_before_death_count(void **state)
{
    struct bench *bench = *state;
    struct many many;
    struct use *last;
    char name[32];

    load_own(bench, "mine", "");
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "many.%d", i);
        many.uses[i] = use_make(bench, "mine", name, "{}");
        use_start(many.uses[i], MS(10000), 0);
    }
    last = use_make(bench, "mine", "mine.last", "{\"run\":\"die\"}");
    use_start(last, MS(10000), 0); /* sent with the same write, so the host dies right after its answers */
    until(bench, all_done, &many);
    use_wait(bench, last);
    for (int i = 0; i < MANY; i++) {
        assert_result(many.uses[i]->result, STATUS_OK, "");
        use_free(many.uses[i]);
    }
    assert_result(last->result, STATUS_UNKNOWN, "plugin.died");
    use_free(last);
}

/* ---- pings */

static void a_host_that_stands_still_is_ended(void **state)
{
    struct bench *bench = *state;
    struct use *use, *other;

    bench_tick(bench, MS(500));
    load_own(bench, "mine", "");
    load_shared(bench, "redis", "{}");
    other = use_make(bench, "redis", "redis.good", "{}");
    use = use_make(bench, "mine", "mine.check", "{\"run\":\"spin\"}");
    assert_result(use_run(bench, use, MS(15000)), STATUS_UNKNOWN, "plugin.blocked");
    assert_string_equal(use->result->summary, "plugin mine stood still (no answer to two pings) in check mine.check");
    assert_string_equal(view(bench, "mine").last_end, "no answer to two pings");
    assert_result(use_run(bench, other, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 0);
    use_free(use);
    use_free(other);
}

static void a_host_that_resists_is_killed(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    bench_tick(bench, MS(200));
    bench->hosts->times.quit = MS(50);
    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{}");
    use_run(bench, use, MS(10000));
    kill_host(bench, "mine", SIGSTOP); /* SIGABRT cannot reach it */
    wait_for_deaths(bench, "mine", 1);
    assert_string_equal(view(bench, "mine").last_end, "no answer to two pings");
    bench_tick(bench, MS(2000));
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    use_free(use);
}

static void good_hosts_answer_pings(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    bench_tick(bench, MS(300));
    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", "{\"run\":\"report\"}");
    turn(bench, MS(1500));
    use_run(bench, use, MS(10000));
    assert_true(strtol(use_detail(use, "pings"), NULL, 10) >= 3);
    assert_int_equal(view(bench, "shared").deaths, 0);
    use_free(use);
}

static void a_core_that_was_away_blames_nobody(void **state)
{
    const struct timespec away = { .tv_nsec = 900000000 };
    struct bench *bench = *state;
    struct use *use;

    bench_tick(bench, MS(500));
    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{\"ms\":150}");
    use_run(bench, use, MS(10000));
    use_start(use, MS(200), 0);
    use_sent(bench, use);
    nanosleep(&away, NULL); /* longer than its deadline, the grace and all pings: what it has answered lies in the socket */
    assert_result(use_wait(bench, use), STATUS_OK, "");
    turn(bench, MS(1000));
    assert_int_equal(view(bench, "mine").deaths, 0);
    use_free(use);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(a_killed_host_loses_nothing),
        BENCH(a_killed_own_host_loses_nothing),
        BENCH(a_kill_as_often_as_it_likes_is_no_quarantine),
        BENCH(a_crash_in_the_shared_host_is_tried_twice),
        BENCH(one_crash_is_forgiven),
        BENCH(the_breadcrumb_names_the_guilty),
        BENCH(the_guilty_leaves_the_shared_host),
        BENCH(the_breadcrumb_clears_an_own_host),
        BENCH(a_crash_in_an_own_host_is_its_plugins),
        BENCH(an_action_is_never_done_twice),
        BENCH(results_sent_before_death_count),
        BENCH(a_host_that_stands_still_is_ended),
        BENCH(a_host_that_resists_is_killed),
        BENCH(good_hosts_answer_pings),
        BENCH(a_core_that_was_away_blames_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
