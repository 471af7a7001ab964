/*
 * Hosts that break the protocol are ended with a reason, those that only flood do no harm, and nothing is waited for longer than its bound:
 * what an unruly host does is its own trouble alone.
 */
#include "hosts_support.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- desync */

static void desync_ends_the_host(void **state)
{
    static const struct { const char *run, *why; } cases[] = {
        { "garbage", "desync: a line that is no JSON object with a type" },
        { "bad_utf8", "desync: a line that is no JSON object with a type" },
        { "no_type", "desync: a line that is no JSON object with a type" },
        { "array", "desync: a line that is no JSON object with a type" },
        { "unknown_type", "desync: nothing like this is known in a message of type `surprise`" },
        { "wrong_id", "desync: an id that was never given out in a message of type `done`" },
        { "instance_as_run", "desync: an id that was never given out in a message of type `done`" },
        { "no_id", "desync: an id is missing in a message of type `done`" },
        { "pong_early", "desync: a ping that was never sent in a message of type `pong`" },
        { "save_bad", "desync: no base64 in a message of type `save`" },
        { "huge", "sent a line of more than 4 MiB" },
        { "close", "closed its socket" },
        { "half_line", "exit code 0" },
    };
    struct bench *bench = *state;
    char summary[HOSTS_TEXT];

    bench->hosts->times.pause = bench->hosts->times.longest_pause = MS(5);
    bench->hosts->times.death_window = MS(1);
    load_own(bench, "mine", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct use *use;
        char conf[64];

        snprintf(conf, sizeof conf, "{\"run\":\"%s\",\"ms\":5000}", cases[i].run);
        use = use_make(bench, "mine", "mine.check", conf);
        assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.died");
        snprintf(summary, sizeof summary, "plugin mine died (%s) in check mine.check", cases[i].why);
        assert_string_equal(use->result->summary, summary);
        assert_int_equal(view(bench, "mine").deaths, i + 1);
        use_free(use);
        wait_for_state(bench, "mine", "running");
    }
}

static void a_setup_answered_for_nobody_ends_the_host(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{\"setup\":\"wrong_id\"}");
    wait_for_deaths(bench, "mine", 1);
    assert_string_equal(view(bench, "mine").last_end, "desync: an id that was never given out in a message of type `ready`");
    use_free(use);
}

static void a_second_hello_ends_the_host(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { bench->program, "hello-twice", NULL };
    struct hosts_plugin plugin = { .name = "mine", .command = command, .own_host = true };
    struct description description = { .over = false };

    describe(bench, &plugin, &description);
    assert_string_equal(view(bench, "mine").last_end, "desync: it said hello twice");
    description_free(&description);
}

static void a_description_for_nobody_ends_the_host(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "odd" };
    struct description description = { .over = false };

    plugin.path = bench_file(bench, "odd.so", "{\"load\":\"other\"}");
    describe(bench, &plugin, &description);
    assert_non_null(strstr(description.why, "a plugin that it was not told to load"));
    plugin.name = "empty";
    plugin.path = bench_file(bench, "empty.so", "{\"load\":\"empty\"}");
    describe(bench, &plugin, &description);
    assert_non_null(strstr(description.why, "no description"));
    description_free(&description);
}

static void a_load_without_an_answer_ends(void **state)
{
    struct bench *bench = *state;
    struct hosts_plugin plugin = { .name = "mute", .path = bench_file(bench, "mute.so", "{\"load\":\"never\"}") };
    struct description description = { .over = false };

    load_shared(bench, "redis", "{}");
    bench->hosts->times.answer = MS(100);
    describe(bench, &plugin, &description);
    assert_null(description.text);
    assert_string_equal(description.why, "it did not describe itself in time");
    description_free(&description);
}

/* ---- runs that do not end */

static void a_run_that_is_never_answered_is_blocked(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    uint64_t began = clock_awake();

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", "{\"run\":\"never\"}");
    assert_result(use_run(bench, use, MS(100)), STATUS_UNKNOWN, "plugin.blocked");
    assert_string_equal(use->result->summary, "plugin redis did not end check redis.check at its deadline");
    assert_true(clock_awake() - began >= MS(600)); /* the deadline and 500 ms */
    assert_int_equal(use->done, 1);
    assert_int_equal(view(bench, "shared").deaths, 0);
    use_free(use);
}

/* ---- back-pressure */

static void a_host_that_does_not_read_is_never_waited_for(void **state)
{
    struct bench *bench = *state;
    const char *command[] = { bench->program, "deaf", NULL };
    struct hosts_plugin plugin = { .name = "deaf", .command = command, .own_host = true };
    struct description description = { .over = false };

    bench_tick(bench, MS(50));
    describe(bench, &plugin, &description);
    assert_null(description.text);
    wait_for_deaths(bench, "deaf", 1);
    description_free(&description);
}

enum { HEAVY = 200 };

struct heavy {
    struct use *uses[HEAVY];
};

static bool heavy_done(const void *arg)
{
    const struct heavy *heavy = arg;

    for (int i = 0; i < HEAVY; i++)
        if (heavy->uses[i]->run)
            return false;
    return true;
}

/* A full queue holds back what comes next, and goes on when the host reads again: 200 setups of 64 KiB against a queue of 1 MiB and a stopped host. */
static void a_full_queue_holds_back(void **state)
{
    struct bench *bench = *state;
    struct heavy heavy;
    char name[32], *conf = malloc(70000);
    size_t queued;

    memset(conf, ' ', 69999);
    memcpy(conf, "{\"x\":\"\"", 7);
    conf[65535] = '}';
    conf[65536] = '\0';
    load_shared(bench, "redis", "{}");
    kill_host(bench, "shared", SIGSTOP);
    for (int i = 0; i < HEAVY; i++) {
        snprintf(name, sizeof name, "heavy.%d", i);
        heavy.uses[i] = use_make(bench, "redis", name, conf);
        use_start(heavy.uses[i], MS(15000), 0);
    }
    turn(bench, MS(50));
    queued = process_queued(bench->hosts->shared->process);
    assert_true(queued >= HOSTS_FULL - 400000 && queued < HOSTS_FULL + 70000); /* what the kernel has taken is off the queue */
    kill_host(bench, "shared", SIGCONT);
    until(bench, heavy_done, &heavy);
    for (int i = 0; i < HEAVY; i++) {
        assert_result(heavy.uses[i]->result, STATUS_OK, "");
        use_free(heavy.uses[i]);
    }
    assert_int_equal(view(bench, "shared").deaths, 0);
    free(conf);
}

static void options_beyond_a_message_are_refused(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    char *conf = malloc(5 << 20);

    memset(conf, ' ', 5 << 20);
    conf[0] = '{';
    conf[(5 << 20) - 2] = '}';
    conf[(5 << 20) - 1] = '\0';
    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", conf);
    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "too_big");
    use_free(use);
    assert_int_equal(view(bench, "shared").deaths, 0);
    free(conf);
}

/* ---- chatter */

static size_t count_lines(const char *path, const char *with)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    size_t n = 0;

    while (file && fgets(line, sizeof line, file))
        n += strstr(line, with) != NULL;
    if (file)
        fclose(file);
    return n;
}

static void chatter_is_bounded(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    char path[512];

    snprintf(path, sizeof path, "%s/log", bench->folder);
    assert_true(log_open(&(struct log_settings){ .file = path, .level = LOG_LEVEL_INFO }));
    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.check", "{\"run\":\"stderr\",\"n\":20000}");
    assert_result(use_run(bench, use, MS(15000)), STATUS_OK, "");
    use_free(use);
    use = use_make(bench, "mine", "mine.check", "{\"run\":\"log\",\"n\":5000}");
    assert_result(use_run(bench, use, MS(15000)), STATUS_OK, "");
    use_free(use);
    kill_host(bench, "mine", SIGKILL); /* its end tells what was dropped */
    wait_for_deaths(bench, "mine", 1);
    log_close();
    assert_int_equal(count_lines(path, "line of many"), 100);
    assert_int_equal(count_lines(path, "\"plugin\":\"mine\",\"from\":\"stderr\""), 101); /* and the line that tells of */
    assert_int_equal(count_lines(path, "\"dropped\":\"19900\""), 1);
    assert_int_equal(count_lines(path, "\"dropped\":\"4900\""), 1);
    assert_int_equal(count_lines(path, "\"check\":\"a.check\""), 100);
}

static void progress_is_logged(void **state)
{
    struct bench *bench = *state;
    struct use *use;
    char path[512];

    snprintf(path, sizeof path, "%s/log", bench->folder);
    assert_true(log_open(&(struct log_settings){ .file = path, .level = LOG_LEVEL_INFO }));
    load_own(bench, "mine", "");
    use = use_make(bench, "mine", "mine.act", "{\"run\":\"progress\"}");
    use_run(bench, use, MS(15000));
    use_free(use);
    log_close();
    assert_int_equal(count_lines(path, "half way"), 1);
}

/* ---- the end of all */

static void a_host_that_ignores_quit_is_killed(void **state)
{
    struct bench *bench = *state;
    uint64_t began;

    load_own(bench, "deaf", "ignore-quit");
    load_shared(bench, "redis", "{}");
    kill_host(bench, "shared", SIGSTOP);
    began = clock_awake();
    hosts_free(bench->hosts); /* bench_end() sees that nothing is left of it */
    assert_true(clock_awake() - began >= MS(1000) && clock_awake() - began < MS(3000));
    bench->hosts = NULL;
}

static void hosts_free_takes_everything(void **state)
{
    struct bench *bench = *state;
    struct use *use, *other;
    struct hosts_plugin plugin = { .name = "slow", .path = bench_file(bench, "slow.so", "{\"load\":\"never\"}"), .own_host = true };

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", "{\"run\":\"never\"}");
    other = use_make(bench, "nobody", "nobody.check", "{}");
    use_start(use, MS(10000), 0);
    use_start(other, MS(10000), 0);
    assert_true(hosts_describe(bench->hosts, &plugin, NULL, NULL));
    assert_true(hosts_validate(bench->hosts, "redis", "redis", "{\"validate\":\"never\"}", NULL, NULL));
    assert_true(hosts_validate(bench->hosts, "nobody", "nobody", "{}", NULL, NULL));
    hosts_free(bench->hosts);
    bench->hosts = NULL;
    assert_int_equal(use->done, 0);
    use->instance = other->instance = NULL;
    use_free(use);
    use_free(other);
}

static void an_instance_of_nobody_is_unknown(void **state)
{
    struct bench *bench = *state;
    struct use *use = use_make(bench, "nobody", "nobody.check", "{}");

    assert_result(use_run(bench, use, MS(10000)), STATUS_UNKNOWN, "plugin.refused");
    use_start(use, MS(10000), 0);
    hosts_cancel(use->run);
    use->run = NULL;
    use_free(use);
}

/* A secret is in memory as long as its instance, and then no more: looked for in freed memory that the test still holds by its address. */
static void secrets_are_wiped(void **state)
{
    struct bench *bench = *state;
    struct use *use;

    load_shared(bench, "redis", "{}");
    use = use_make(bench, "redis", "redis.check", "{\"password\":\"swordfish-swordfish\"}");
    use_run(bench, use, MS(10000));
    for (size_t i = 0; i < bench->hosts->line.room; i++) /* where the message was made */
        assert_true(bench->hosts->line.room - i < 9 || memcmp(bench->hosts->line.data + i, "swordfish", 9) != 0);
    assert_non_null(strstr(use->instance->conf, "swordfish")); /* a restarted host needs it */
    use_free(use);
}

int main(void)
{
#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_begin, bench_end)
    const struct CMUnitTest tests[] = {
        BENCH(desync_ends_the_host),
        BENCH(a_setup_answered_for_nobody_ends_the_host),
        BENCH(a_second_hello_ends_the_host),
        BENCH(a_description_for_nobody_ends_the_host),
        BENCH(a_load_without_an_answer_ends),
        BENCH(a_run_that_is_never_answered_is_blocked),
        BENCH(a_host_that_does_not_read_is_never_waited_for),
        BENCH(a_full_queue_holds_back),
        BENCH(options_beyond_a_message_are_refused),
        BENCH(chatter_is_bounded),
        BENCH(progress_is_logged),
        BENCH(a_host_that_ignores_quit_is_killed),
        BENCH(hosts_free_takes_everything),
        BENCH(an_instance_of_nobody_is_unknown),
        BENCH(secrets_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
