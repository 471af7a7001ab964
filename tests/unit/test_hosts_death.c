/*
 * Hosts that die: who is to blame hears so, everybody else is run again and nobody is reported failed for it; restarts with growing
 * pauses, pings, quarantine, changed files.
 */
#include "hosts_support.h"

#include "base/os/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A conf that misbehaves `times` times, counted in a file, whichever process does it. */
static const char *conf_once(const struct bench *bench, const char *run, const char *more, int times)
{
    static char conf[512];

    snprintf(conf, sizeof conf, "{\"run\":\"%s\",\"times\":%d,\"file\":\"%s/%s\"%s}", run, times, bench->folder, run, more);
    return conf;
}

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
    use = use_make(bench, "redis", "redis.check", conf_once(bench, "die", ",\"crumb\":\"run\"", 7));
    for (int i = 0; i < 7; i++)
        assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    use_free(use);
}

/* ---- loading */

static void a_death_in_load_has_a_name(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "bad", .path = bench_file(bench, "bad.so", "{\"load\":\"die\"}") };
    struct description description = { .over = false };
    struct use *use;

    load_shared(bench, "redis", "{}");
    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_string_equal(description.why, "it died when it was loaded (SIGSEGV)");
    use = use_make(bench, "redis", "redis.ping", "{}"); /* the others go on */
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 1); /* and it is not loaded again, which would take them along again */
    use_free(use);
    use = use_make(bench, "bad", "bad.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
    assert_int_equal(view(bench, "shared").deaths, 1);
    use_free(use);
    description_free(&description);
}

static void a_host_that_cannot_be_started_is_a_sentence(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { "/no/such/program", NULL };
    struct hosts_plugin plugin = { .name = "gone", .command = command, .own_host = true };
    struct description description = { .over = false };
    struct use *use;

    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_non_null(strstr(description.why, "/no/such/program does not exist"));
    use = use_make(bench, "gone", "gone.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.not_started"); /* at once: nobody waits for its whole timeout */
    assert_true(use->result->duration_ns < MS(5000));
    use_free(use);
    command[0] = "no-such-program-anywhere";
    describe(bench, &plugin, &description);
    assert_non_null(strstr(description.why, "not found in /usr/bin:/bin"));
    description_free(&description);
}

static void a_program_that_is_no_host_is_a_sentence(void **state)
{
    static const struct { const char *mode, *why; } modes[] = {
        { "exit", "exit code 5 before it said hello" },
        { "crash", "SIGSEGV before it said hello" },
        { "bad-protocol", "speaks another protocol than version 1" },
        { "no-hello", "its host has not said hello in time" },
        { "early", "it spoke before it said hello" },
    };
    struct bench *bench = *state;
    struct description description = { .over = false };

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const char *command[] = { bench->program, modes[i].mode, NULL };
        struct hosts_plugin plugin = { .name = modes[i].mode, .command = command, .own_host = true };

        bench->hosts->times.answer = strcmp(modes[i].mode, "no-hello") == 0 ? MS(300) : MS(10000);
        describe(bench, &plugin, &description);
        assert_null(description.text);
        if (!strstr(description.why, modes[i].why))
            fail_msg("%s: %s", modes[i].mode, description.why);
    }
    description_free(&description);
}

static void an_echo_is_no_host(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { "cat", NULL };
    struct hosts_plugin plugin = { .name = "cat", .command = command, .own_host = true };
    struct description description = { .over = false };

    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_non_null(strstr(description.why, "said hello without its name"));
    description_free(&description);
}

/* ---- changed files */

static void a_changed_shared_plugin_takes_over_at_the_next_setup(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "redis" };
    struct description description = { .over = false };
    struct use *old, *other, *new;
    pid_t before;

    load_shared(bench, "redis", "{\"version\":\"1\"}");
    load_shared(bench, "tcp", "{}");
    old = use_make(bench, "redis", "redis.old", "{\"run\":\"report\"}");
    other = use_make(bench, "tcp", "tcp.other", "{\"ms\":400}");
    use_run(bench, old, MS(10000));
    before = view(bench, "shared").pid;
    plugin.path = bench_file(bench, "redis.so", "{\"version\":\"22\"}");
    describe(bench, &plugin, &description);
    assert_non_null(strstr(description.text, "\"version\":\"22\"")); /* told by the new file, */
    assert_int_equal(view(bench, "shared").pid, before);             /* while the old one goes on: the configuration may be refused */
    assert_result(use_run(bench, old, MS(10000)), STATUS_OK, "");
    use_start(other, MS(10000), 0);
    turn(bench, MS(100));
    new = use_make(bench, "redis", "redis.new", "{}");
    assert_result(use_run(bench, new, MS(10000)), STATUS_OK, "");
    assert_true(view(bench, "shared").pid != before);
    assert_false(has_host(bench, "redis")); /* where it was tried */
    assert_result(use_wait(bench, other), STATUS_OK, "");
    assert_result(use_run(bench, old, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").deaths, 0);
    assert_int_equal(view(bench, "shared").plugins, 2);
    use_free(old);
    use_free(other);
    use_free(new);
    description_free(&description);
}

static void a_changed_own_plugin_takes_over_at_the_next_setup(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { bench->program, "", NULL, NULL };
    struct hosts_plugin plugin = { .name = "mine", .command = command, .own_host = true };
    struct description description = { .over = false };
    struct use *use, *new;
    pid_t before;

    command[2] = strdup(bench_file(bench, "script", "one"));
    describe(bench, &plugin, &description);
    use = use_make(bench, "mine", "mine.check", "{\"ms\":300}");
    use_run(bench, use, MS(10000));
    before = view(bench, "mine").pid;
    describe(bench, &plugin, &description); /* unchanged */
    assert_null(plugin_find(bench->hosts, "mine")->later);
    bench_file(bench, "script", "one and more"); /* the script of an interpreter */
    describe(bench, &plugin, &description);
    assert_non_null(plugin_find(bench->hosts, "mine")->later);
    assert_int_equal(view(bench, "mine").pid, before);
    use_start(use, MS(10000), 0);
    turn(bench, MS(50));
    new = use_make(bench, "mine", "mine.new", "{}");
    assert_true(view(bench, "mine").pid != before);
    assert_result(use_run(bench, new, MS(10000)), STATUS_OK, "");
    assert_result(use_wait(bench, use), STATUS_OK, ""); /* begun in the old one, ended in the new one */
    assert_int_equal(use->done, 2);
    use_free(use);
    use_free(new);
    description_free(&description);
    free((char *)(uintptr_t)command[2]);
}

static void a_change_that_is_undone_is_none(void **state)
{
    struct bench *bench = *state;
    const char *other[] = { bench->program, "x", NULL }, *first[] = { bench->program, "", NULL };
    struct hosts_plugin plugin = { .name = "mine", .command = first, .own_host = true };
    struct description description = { .over = false };
    struct use *use;
    pid_t before;

    describe(bench, &plugin, &description);
    use = use_make(bench, "mine", "mine.check", "{}");
    use_run(bench, use, MS(10000));
    before = view(bench, "mine").pid;
    plugin.command = other;
    describe(bench, &plugin, &description);
    plugin.command = first; /* the reload was refused, the next one has it as it was */
    describe(bench, &plugin, &description);
    use_free(use);
    use = use_make(bench, "mine", "mine.check", "{}");
    use_run(bench, use, MS(10000));
    assert_int_equal(view(bench, "mine").pid, before);
    use_free(use);
    description_free(&description);
}

static void a_shipped_plugin_may_move_to_a_host_of_its_own(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "redis", .own_host = true };
    struct description description = { .over = false };
    struct use *use, *other;

    load_shared(bench, "redis", "{}");
    load_shared(bench, "tcp", "{}");
    use = use_make(bench, "redis", "redis.check", "{}");
    other = use_make(bench, "tcp", "tcp.check", "{}");
    use_run(bench, use, MS(10000));
    plugin.path = bench_file(bench, "redis.so", "{}");
    describe(bench, &plugin, &description);
    use_free(use);
    use = use_make(bench, "redis", "redis.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_result(use_run(bench, other, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "redis").instances, 1);
    assert_int_equal(view(bench, "shared").instances, 1);
    plugin.own_host = false; /* and back */
    describe(bench, &plugin, &description);
    use_free(use);
    use = use_make(bench, "redis", "redis.check", "{}");
    assert_result(use_run(bench, use, MS(10000)), STATUS_OK, "");
    assert_int_equal(view(bench, "shared").instances, 2);
    assert_false(has_host(bench, "redis"));
    use_free(use);
    use_free(other);
    description_free(&description);
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
        BENCH(a_killed_host_loses_nothing),
        BENCH(a_killed_own_host_loses_nothing),
        BENCH(a_kill_as_often_as_it_likes_is_no_quarantine),
        BENCH(a_crash_in_the_shared_host_is_tried_twice),
        BENCH(one_crash_is_forgiven),
        BENCH(the_breadcrumb_names_the_guilty),
        BENCH(the_breadcrumb_clears_an_own_host),
        BENCH(a_crash_in_an_own_host_is_its_plugins),
        BENCH(an_action_is_never_done_twice),
        BENCH(results_sent_before_death_count),
        BENCH(pauses_grow),
        BENCH(a_run_does_not_outwait_its_deadline),
        BENCH(too_little_time_is_no_failure),
        BENCH(instances_outlive_their_host),
        BENCH(what_is_saved_outlives_the_host),
        BENCH(quarantine_after_five_deaths),
        BENCH(the_shared_host_is_never_quarantined),
        BENCH(a_death_in_load_has_a_name),
        BENCH(a_host_that_cannot_be_started_is_a_sentence),
        BENCH(a_program_that_is_no_host_is_a_sentence),
        BENCH(an_echo_is_no_host),
        BENCH(a_changed_shared_plugin_takes_over_at_the_next_setup),
        BENCH(a_changed_own_plugin_takes_over_at_the_next_setup),
        BENCH(a_change_that_is_undone_is_none),
        BENCH(a_shipped_plugin_may_move_to_a_host_of_its_own),
        BENCH(a_host_that_stands_still_is_ended),
        BENCH(a_host_that_resists_is_killed),
        BENCH(good_hosts_answer_pings),
        BENCH(a_core_that_was_away_blames_nobody),
        BENCH(a_host_that_nobody_uses_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
