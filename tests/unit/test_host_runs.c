/* The contract of talon/plugin.h, point by point, with the real talon-host and a plugin that keeps or breaks it: how runs end. */
#include "host_drive.h"

#include "base/sanitized.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* ---- ends */

static void ends_by_itself(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.say", 5000, "\"status\":\"1\",\"reason\":\"trial.warned\",\"summary\":\"a\\nb\"");

    (void)unused;
    CONCLUDED(done, "warn", "trial.warned", "a b");
    assert_true(strlen(text_in(done, "duration_ns")) > 0);
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(done, "late_ms")));
    assert_null(cJSON_GetObjectItem(done, "cut"));
    assert_true(metric_in(done, "m0") == 7);
    CONCLUDED(driven_run(d, "trial.say", 5000, "\"status\":\"4\""), "starting", "trial.ok", "said");
    CONCLUDED(driven_run(d, "trial.say", 5000, "\"status\":\"5\""), "stopped", "trial.ok", "said");
    CONCLUDED(driven_run(d, "trial.say", 5000, "\"status\":\"17\""), "unknown", "plugin.bad_result", "17");
    CONCLUDED(driven_run(d, "trial.say", 5000, "\"status\":\"-1\""), "unknown", "plugin.bad_result", "");
    CONCLUDED(driven_run(d, "trial.say", 5000, "\"reason\":\"No Token!\""), "ok", "_o__oken_", "");
    driven_quit(d);
}

static void bounds_what_is_said(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.say", 5000, "\"metrics\":\"100\",\"details\":\"40\",\"detail_size\":\"10\"");

    (void)unused;
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(done, "metrics")), 64);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(done, "details")), 32);
    assert_int_equal(cJSON_GetObjectItem(done, "cut")->valueint, 36 + 8);
    assert_true(metric_in(done, "m0") == 7); /* the last of a name wins, also when no other fits */
    done = driven_run(d, "trial.say", 5000, "\"details\":\"2\",\"detail_size\":\"5000\"");
    assert_int_equal(strlen(detail_in(done, "d1", 0)), 4096);
    assert_int_equal(cJSON_GetObjectItem(done, "cut")->valueint, 2);
    done = driven_run(d, "trial.say", 5000, "\"details\":\"32\",\"detail_size\":\"4000\"");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(done, "details")), 16); /* 64 KiB in all */
    driven_log(d, "no finite number");
    driven_quit(d);
}

static void writes_numbers_exactly(void **unused)
{
    static const double values[] = { 0, -1, 0.1, 0.000123456, 1.5e-7, -2.5, 1e300, 9007199254740991.0, 123456.789012345, 1.0 / 3, 1e-320 };
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.numbers", 5000, "");
    char name[8];

    (void)unused;
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(name, sizeof name, "n%u", i);
        assert_true(metric_in(done, name) == values[i]);
    }
    driven_quit(d);
}

static void ends_once(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.twice", 5000, "");

    (void)unused;
    CONCLUDED(done, "warn", "trial.first", "the first");
    assert_null(cJSON_GetObjectItem(done, "metrics"));
    driven_log(d, "completed a second time, as trial.second");
    assert_int_equal(driven_kept(d, "done"), 0);
    driven_quit(d);
}

static void ends_what_can_never_end(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.idle", 60000, ""), "unknown", "plugin.idle", "neither ended its run nor waits");
    driven_quit(d);
}

static void defers_last_first(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.defers", 5000, ""), "ok", "trial.ok", "deferred");
    driven_mutters(d, "deferred second\ndeferred first\n");
    driven_quit(d);
}

static void cancels(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *run = driven_begin(d, driven_setup(d, "trial.timer", "\"delay\":\"60000000000\""), 60000, NULL);

    (void)unused;
    driven_say(d, "{\"type\":\"cancel\",\"run\":\"%s\"}", run);
    CONCLUDED(driven_done(d, run), "unknown", "cancelled", "");
    driven_say(d, "{\"type\":\"cancel\",\"run\":\"%s\"}", run); /* it has ended: the messages have crossed */
    driven_say(d, "{\"type\":\"cancel\",\"run\":\"never\"}");
    driven_say(d, "{\"type\":\"ping\",\"sequence\":3}");
    assert_int_equal(cJSON_GetObjectItem(driven_hear(d, "pong"), "sequence")->valueint, 3);
    assert_int_equal(driven_kept(d, "done"), 0);
    driven_quit(d);
}

static void tears_down_with_its_run(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.timer", "\"delay\":\"60000000000\"");
    const char *run = driven_begin(d, instance, 60000, NULL);

    (void)unused;
    driven_say(d, "{\"type\":\"teardown\",\"instance\":\"%s\"}", instance);
    CONCLUDED(driven_done(d, run), "unknown", "cancelled", "");
    run = driven_begin(d, instance, 1000, NULL);
    CONCLUDED(driven_done(d, run), "unknown", "local", "not set up");
    driven_quit(d);
}

static void has_one_run_at_a_time(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.timer", "\"delay\":\"200000000\"");
    const char *first = driven_begin(d, instance, 60000, NULL), *second = driven_begin(d, instance, 60000, NULL);

    (void)unused;
    CONCLUDED(driven_done(d, second), "unknown", "local", "one at a time");
    CONCLUDED(driven_done(d, first), "ok", "trial.ok", "timer one");
    driven_quit(d);
}

/* ---- operations whose callbacks carry no error */

static void calls_timers(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.timer", 10000, "\"delay\":\"50000000\"");

    (void)unused;
    CONCLUDED(done, "ok", "trial.ok", "timer one");
    assert_true(strtoull(text_in(done, "duration_ns"), NULL, 10) >= 50000000u);
    CONCLUDED(driven_run(d, "trial.timer", 10000, "\"delay\":\"0\",\"defer\":true"), "ok", "trial.ok", "timer two");
    driven_quit(d);
}

static void watches(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.watch", 10000, "\"ready\":true"), "ok", "trial.ok", "read");
    CONCLUDED(driven_run(d, "trial.watch", 10000, "\"bad\":true"), "unknown", "local", "no open descriptor");
    driven_quit(d);
}

static void bounds_operations(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done;

    (void)unused;
    CONCLUDED(driven_run(d, "trial.many", 10000, "\"count\":\"65\""), "unknown", "local", "a timer could not be had: it has 64 operations");
    CONCLUDED(driven_run(d, "trial.many", 10000, "\"count\":\"64\""), "ok", "trial.ok", "timer many");
    done = driven_run(d, "trial.many", 10000, "\"count\":\"70\",\"kind\":\"connect\"");
    CONCLUDED(done, "ok", "trial.ok", "6 of 70");
    HOLDS(detail_in(done, "why", 0), "64 operations");
    CONCLUDED(driven_run(d, "trial.many", 20000, "\"count\":\"66\",\"kind\":\"spawn\""), "ok", "trial.ok", "2 of 66");
    driven_quit(d);
}

static void bounds_timers_of_all(void **unused)
{
    struct driven *d = driven_trial("\"timers\":20");

    (void)unused;
    CONCLUDED(driven_run(d, "trial.many", 10000, "\"count\":\"20\""), "ok", "trial.ok", "timer many");
    CONCLUDED(driven_run(d, "trial.many", 10000, "\"count\":\"21\""), "unknown", "local", "the limit `timers` of this plugin host (20) is reached");
    CONCLUDED(driven_run(d, "trial.many", 10000, "\"count\":\"20\""), "ok", "trial.ok", "timer many");
    driven_quit(d);
}

/* ---- deadlines (point 6) */

static void fails_for_a_silent_peer(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const uint64_t began = now_ns();
    const cJSON *done = driven_run(d, "trial.watch", 500, "");

    (void)unused;
    CONCLUDED(done, "fail", "timeout", "no answer within 0.5 s: waited for a watched descriptor");
    assert_true(now_ns() - began >= 490000000u);
    driven_quit(d);
}

static void tells_what_waits(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *done = driven_run(d, "trial.watch", 1000, "\"listen\":true");

    (void)unused;
    CONCLUDED(done, "fail", "trial.late", "late");
    assert_true(strtoull(text_in(done, "duration_ns"), NULL, 10) >= 950000000u); /* 5 % before */
    driven_quit(d);
}

static void is_unknown_when_it_waits_for_itself(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    CONCLUDED(driven_run(d, "trial.timer", 300, "\"delay\":\"60000000000\""), "unknown", "timeout", "waited for a timer");
    CONCLUDED(driven_run(d, "trial.share", 300, ""), "unknown", "trial.late", "late");
    driven_quit(d);
}

/* A host that stood still has no evidence against anybody. */
static void is_unknown_when_the_host_was_late(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const char *instance = driven_setup(d, "trial.watch", ""), *slow = driven_setup(d, "trial.slow", "");
    const char *run = driven_begin(d, instance, 100, NULL);
    const cJSON *done;

    (void)unused;
    driven_begin(d, slow, 5000, NULL); /* keeps the loop for 300 ms */
    done = driven_done(d, run);
    CONCLUDED(done, "unknown", "plugin.blocked", "stood still");
    assert_true(cJSON_GetObjectItem(done, "late_ms")->valuedouble >= 150);
    driven_quit(d);
}

static void logs_slow_calls(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *log;

    (void)unused;
    driven_run(d, "trial.slow", 5000, "");
    log = driven_log(d, "the plugin trial kept the host busy for ");
    HOLDS(text_in(log, "name"), "service.check");
    driven_quit(d);
}

/* ---- what ends the host */

static void dies_for_memory(void **unused)
{
    struct driven *d = driven_trial(NULL);
    int status;

    (void)unused;
    CONCLUDED(driven_run(d, "trial.allocates", 5000, "\"count\":\"100\",\"size\":\"200000\""), "ok", "trial.ok", "allocated");
    driven_begin(d, driven_setup(d, "trial.allocates", "\"count\":\"40\",\"size\":\"1000000\""), 5000, NULL);
    status = driven_ends(d);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
    driven_log(d, "service.check of the plugin trial wants more than 16 MiB");
    HOLDS(driven_stderr(d), "service.check of the plugin trial");
    driven_free(d);
}

static void bounds_the_process(void **unused)
{
#if ADDRESS_SANITIZED
    (void)unused;
    skip(); /* its shadow alone is beyond any limit */
#else
    struct driven *d = driven_trial("\"memory\":\"134217728\"");
    const cJSON *done = driven_run(d, "trial.hoards", 5000, "");

    (void)unused;
    HOLDS(text_in(done, "summary"), "got ");
    assert_in_range(strtol(text_in(done, "summary") + 4, NULL, 10), 3, 8);
    driven_quit(d);
#endif
}

static void dies_for_a_call_from_a_thread(void **unused)
{
    struct driven *d = driven_trial(NULL);
    int status;

    (void)unused;
    driven_begin(d, driven_setup(d, "trial.threads", ""), 5000, NULL);
    status = driven_ends(d);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
    HOLDS(driven_stderr(d), "the plugin of service.check called log from another thread");
    driven_free(d);
}

static void says_where_it_crashed(void **unused)
{
    struct driven *d = driven_trial(NULL);

    (void)unused;
    driven_begin(d, driven_setup(d, "trial.crash", ""), 5000, NULL);
    driven_ends(d);
#if !ADDRESS_SANITIZED /* which says it in its own words, and exits */
    assert_true(WIFSIGNALED(driven_ends(d)));
    assert_int_equal(WTERMSIG(driven_ends(d)), SIGSEGV);
    HOLDS(driven_stderr(d), "ended by signal 11 in plugin trial, check service.check");
#endif
    driven_free(d);
}

/* ---- log and progress */

static void bounds_the_log(void **unused)
{
    struct driven *d = driven_trial(NULL);
    const cJSON *log;

    (void)unused;
    driven_run(d, "trial.logs", 5000, "\"count\":\"500\"");
    log = driven_hear(d, "log");
    assert_string_equal(text_in(log, "text"), "line 0  \xef\xbf\xbd");
    assert_string_equal(text_in(log, "level"), "info");
    assert_string_equal(text_in(log, "name"), "service.check");
    assert_true(text_in(log, "run")[0] == 'r');
    assert_string_equal(text_in(driven_hear(d, "progress"), "text"), "half way");
    assert_int_equal(driven_kept(d, "log"), 99);
    driven_quit(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_by_itself),
        cmocka_unit_test(bounds_what_is_said),
        cmocka_unit_test(writes_numbers_exactly),
        cmocka_unit_test(ends_once),
        cmocka_unit_test(ends_what_can_never_end),
        cmocka_unit_test(defers_last_first),
        cmocka_unit_test(cancels),
        cmocka_unit_test(tears_down_with_its_run),
        cmocka_unit_test(has_one_run_at_a_time),
        cmocka_unit_test(calls_timers),
        cmocka_unit_test(watches),
        cmocka_unit_test(bounds_operations),
        cmocka_unit_test(bounds_timers_of_all),
        cmocka_unit_test(fails_for_a_silent_peer),
        cmocka_unit_test(tells_what_waits),
        cmocka_unit_test(is_unknown_when_it_waits_for_itself),
        cmocka_unit_test(is_unknown_when_the_host_was_late),
        cmocka_unit_test(logs_slow_calls),
        cmocka_unit_test(dies_for_memory),
        cmocka_unit_test(bounds_the_process),
        cmocka_unit_test(dies_for_a_call_from_a_thread),
        cmocka_unit_test(says_where_it_crashed),
        cmocka_unit_test(bounds_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
