/*
 * From the model's checks to instances in hosts: secrets filled in, what a reload does not change kept with its runs, the rest set up or torn down.
 * The model is built by hand, the host is the fake one.
 */
#include "hosts_support.h"

#include "instances.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    unsigned done, nudges, saves;
    size_t check;           /* of the last call */
    uint64_t run;
    struct result *result;
    char saved_by[64];
};

struct stand {
    struct bench *bench;
    struct secrets *secrets;
    struct instances *instances;
    struct seen seen;
    const char *recalled;   /* NULL: nothing was saved earlier */
};

/* ---- models */

struct given {
    const char *name, *conf;
    uint64_t fingerprint;
    bool disabled;
    const char *hole; /* name of the variable of the secret that belongs where $ stands in conf; NULL: none */
    uint64_t ttl;
};

static const struct model_hole *make_hole(struct arena *arena, char *conf, size_t secret)
{
    struct model_hole *hole = arena_alloc(arena, sizeof *hole);
    char *at = strchr(conf, '$');

    *hole = (struct model_hole){ .at = (size_t)(at - conf), .secret = secret };
    memmove(at, at + 1, strlen(at));
    return hole;
}

static struct model *make_model(const struct given *given, size_t n)
{
    struct arena *arena = arena_create(0);
    struct model *model = arena_alloc(arena, sizeof *model);
    struct model_plugin *plugin = arena_alloc(arena, sizeof *plugin);
    struct model_operation *operation = arena_alloc(arena, sizeof *operation);
    struct model_check *checks = arena_array(arena, n, sizeof *checks);
    struct model_secret *secrets = arena_array(arena, n, sizeof *secrets);

    plugin->name = "redis";
    operation->name = "redis";
    *model = (struct model){ .users = 1, .arena = arena, .n_plugins = 1, .plugins = plugin, .n_operations = 1, .operations = operation,
                             .n_secrets = n, .secrets = secrets, .n_checks = n, .checks = checks };
    for (size_t i = 0; i < n; i++) {
        char *conf = arena_string(arena, given[i].conf);

        secrets[i] = (struct model_secret){ .name = "word", .source = MODEL_SECRET_ENV, .env = given[i].hole, .ttl = given[i].ttl };
        checks[i].name = checks[i].full_name = arena_string(arena, given[i].name);
        checks[i].fingerprint = given[i].fingerprint;
        checks[i].enabled = !given[i].disabled;
        if (given[i].hole) {
            checks[i].conf.holes = make_hole(arena, conf, i);
            checks[i].conf.n_holes = 1;
        }
        checks[i].conf.json = conf;
    }
    return model;
}

/* ---- the stand */

static void on_done(void *arg, size_t check, uint64_t run, struct result *result)
{
    struct seen *seen = &((struct stand *)arg)->seen;

    result_drop(seen->result);
    seen->result = result;
    seen->check = check;
    seen->run = run;
    seen->done++;
}

static void on_nudge(void *arg, size_t check)
{
    struct seen *seen = &((struct stand *)arg)->seen;

    seen->nudges++;
    seen->check = check;
}

static void on_save(void *arg, const char *full_name, const void *bytes, size_t n)
{
    struct seen *seen = &((struct stand *)arg)->seen;

    (void)bytes;
    assert_int_equal(n, 3);
    seen->saves++;
    snprintf(seen->saved_by, sizeof seen->saved_by, "%s", full_name);
}

static size_t on_recall(void *arg, const char *full_name, void *bytes, size_t room)
{
    const struct stand *stand = arg;
    size_t n = stand->recalled && strcmp(full_name, "a.log") == 0 ? strlen(stand->recalled) : 0;

    assert_true(n <= room);
    if (n > 0)
        memcpy(bytes, stand->recalled, n);
    return n;
}

static int begin(void **state)
{
    struct stand *stand = calloc(1, sizeof *stand);
    struct instances_calls calls = { .done = on_done, .nudge = on_nudge, .save = on_save, .recall = on_recall, .arg = stand };
    void *bench;

    if (!stand || bench_begin(&bench) != 0)
        return -1;
    stand->bench = bench;
    load_shared(stand->bench, "redis", "{}");
    stand->secrets = secrets_create(stand->bench->loop, NULL);
    stand->instances = instances_create(stand->bench->loop, stand->bench->hosts, stand->secrets, &calls);
    *state = stand;
    return 0;
}

static int end(void **state)
{
    struct stand *stand = *state;
    void *bench = stand->bench;

    instances_free(stand->instances);
    secrets_free(stand->secrets);
    result_drop(stand->seen.result);
    free(stand);
    return bench_end(&bench);
}

static void take(struct stand *stand, const struct given *given, size_t n, const unsigned char *wanted)
{
    struct model *model = make_model(given, n);

    assert_true(instances_model(stand->instances, model, wanted));
    model_drop(model); /* it keeps it itself */
}

struct awaited {
    const unsigned *what;
    unsigned n;
};

static bool is_reached(const void *arg)
{
    const struct awaited *awaited = arg;

    return *awaited->what >= awaited->n;
}

static void wait_for(struct stand *stand, const unsigned *what, unsigned n)
{
    until(stand->bench, is_reached, &(struct awaited){ .what = what, .n = n });
}

/* Runs it and waits. */
static const struct result *run(struct stand *stand, size_t check)
{
    static uint64_t run = 100;
    unsigned done = stand->seen.done;

    instances_start(stand->instances, check, ++run, MS(5000), 0);
    assert_int_equal(stand->seen.done, done);
    wait_for(stand, &stand->seen.done, done + 1);
    assert_int_equal(stand->seen.check, check);
    assert_int_equal(stand->seen.run, run);
    return stand->seen.result;
}

static const char *detail(const struct stand *stand, const char *name)
{
    const struct use use = { .result = stand->seen.result };

    return use_detail(&use, name);
}

/* ---- */

static const struct given plain[] = { { .name = "a.log", .conf = "{\"run\":\"report\"}", .fingerprint = 1 },
                                      { .name = "b.ping", .conf = "{\"run\":\"report\"}", .fingerprint = 2 },
                                      { .name = "c.off", .conf = "{}", .fingerprint = 3, .disabled = true } };

static void checks_are_set_up_and_run(void **state)
{
    struct stand *stand = *state;

    stand->recalled = "abc";
    take(stand, plain, 3, NULL);
    assert_int_equal(view(stand->bench, "shared").instances, 2); /* at once, for what nudges; not the disabled one */
    assert_result(run(stand, 0), STATUS_OK, "");
    assert_string_equal(detail(stand, "name"), "a.log");
    assert_string_equal(detail(stand, "saved"), "YWJj");
    assert_result(run(stand, 1), STATUS_OK, "");
    assert_string_equal(detail(stand, "name"), "b.ping");
    assert_string_equal(detail(stand, "saved"), "");
    instances_start(stand->instances, 2, 1, MS(100), 0); /* nothing to run: no call, no crash */
    instances_start(stand->instances, 99, 1, MS(100), 0);
    turn(stand->bench, MS(20));
    assert_int_equal(stand->seen.done, 2);
}

/* What it is to recall has changed: with the next run, and once. */
static void a_renewed_one_is_set_up_anew(void **state)
{
    struct stand *stand = *state;

    stand->recalled = "abc";
    take(stand, plain, 3, NULL);
    run(stand, 0);
    stand->recalled = "abd";
    run(stand, 0);
    assert_string_equal(detail(stand, "saved"), "YWJj");
    instances_renew(stand->instances, 0);
    instances_renew(stand->instances, 2); /* disabled, and none at all: no matter */
    instances_renew(stand->instances, 99);
    assert_result(run(stand, 0), STATUS_OK, "");
    assert_string_equal(detail(stand, "saved"), "YWJk");
    stand->recalled = "abe";
    run(stand, 0);
    assert_string_equal(detail(stand, "saved"), "YWJk");
    instances_start(stand->instances, 0, 7, MS(5000), 0); /* while a run goes on, the next one is the first of the new */
    instances_renew(stand->instances, 0);
    wait_for(stand, &stand->seen.done, stand->seen.done + 1);
    run(stand, 0);
    assert_string_equal(detail(stand, "saved"), "YWJl");
    assert_int_equal(view(stand->bench, "shared").instances, 2);
}

static void only_wanted_ones_are_set_up(void **state)
{
    struct stand *stand = *state;
    static const unsigned char wanted[] = { 0, 1, 1 };

    take(stand, plain, 3, wanted);
    assert_int_equal(view(stand->bench, "shared").instances, 1);
    assert_result(run(stand, 1), STATUS_OK, "");
}

static void flags_and_time_go_through(void **state)
{
    struct stand *stand = *state;

    take(stand, plain, 3, NULL);
    instances_start(stand->instances, 0, 7, MS(3000), HOSTS_ONCE);
    wait_for(stand, &stand->seen.done, 1);
    assert_string_equal(detail(stand, "flags"), "[\"once\"]");
    assert_true(strtoull(detail(stand, "left_ns"), NULL, 10) <= MS(3000));
    assert_true(strtoull(detail(stand, "left_ns"), NULL, 10) > MS(1000));
}

static void nudges_and_saves_name_their_check(void **state)
{
    struct stand *stand = *state;
    static const struct given given[] = { { .name = "a.x", .conf = "{}", .fingerprint = 1 },
                                          { .name = "b.nudge", .conf = "{\"run\":\"nudge\",\"n\":1}", .fingerprint = 2 },
                                          { .name = "c.save", .conf = "{\"run\":\"save\",\"bytes\":\"AQID\"}", .fingerprint = 3 } };

    take(stand, given, 3, NULL);
    instances_start(stand->instances, 1, 7, MS(3000), 0);
    wait_for(stand, &stand->seen.nudges, 1);
    assert_int_equal(stand->seen.check, 1);
    wait_for(stand, &stand->seen.done, 1);
    instances_start(stand->instances, 2, 8, MS(3000), 0);
    wait_for(stand, &stand->seen.saves, 1);
    assert_string_equal(stand->seen.saved_by, "c.save");
    wait_for(stand, &stand->seen.done, 2);
}

/* ---- reload */

static void a_reload_keeps_what_did_not_change(void **state)
{
    struct stand *stand = *state;
    const struct given after[] = { { .name = "new.first", .conf = "{\"run\":\"report\"}", .fingerprint = 9 },
                                   { .name = "b.ping", .conf = "{\"run\":\"report\"}", .fingerprint = 2 },
                                   { .name = "a.log", .conf = "{\"run\":\"report\"}", .fingerprint = 77 } };

    take(stand, plain, 3, NULL);
    run(stand, 0);
    run(stand, 1);
    assert_string_equal(detail(stand, "setups"), "2");
    take(stand, after, 3, NULL); /* one new, one moved, one changed, one gone */
    assert_int_equal(view(stand->bench, "shared").instances, 3);
    run(stand, 1);
    assert_string_equal(detail(stand, "name"), "b.ping");
    run(stand, 2);
    assert_string_equal(detail(stand, "setups"), "4");
    assert_string_equal(detail(stand, "teardowns"), "1");
    take(stand, after, 1, NULL);
    assert_int_equal(view(stand->bench, "shared").instances, 1);
    take(stand, NULL, 0, NULL);
    assert_int_equal(view(stand->bench, "shared").instances, 0);
}

static void a_run_goes_on_over_a_reload(void **state)
{
    struct stand *stand = *state;
    static const struct given before[] = { { .name = "a.slow", .conf = "{\"ms\":1000}", .fingerprint = 1 },
                                           { .name = "b.slow", .conf = "{\"ms\":1000}", .fingerprint = 2 } };
    static const struct given after[] = { { .name = "b.slow", .conf = "{\"ms\":1000}", .fingerprint = 3 },
                                          { .name = "a.slow", .conf = "{\"ms\":1000}", .fingerprint = 1 } };

    take(stand, before, 2, NULL);
    instances_start(stand->instances, 0, 11, MS(5000), 0);
    instances_start(stand->instances, 1, 12, MS(5000), 0);
    turn(stand->bench, MS(50));
    take(stand, after, 2, NULL);
    wait_for(stand, &stand->seen.done, 1);
    assert_int_equal(stand->seen.run, 11);
    assert_int_equal(stand->seen.check, 1); /* where the check stands now */
    turn(stand->bench, MS(1100));
    assert_int_equal(stand->seen.done, 1); /* the changed one was cancelled, without a call */
}

static void a_cancelled_run_is_silent(void **state)
{
    struct stand *stand = *state;
    static const struct given given[] = { { .name = "a.slow", .conf = "{\"ms\":500}", .fingerprint = 1 } };

    take(stand, given, 1, NULL);
    instances_start(stand->instances, 0, 11, MS(5000), 0);
    turn(stand->bench, MS(30));
    instances_cancel(stand->instances, 11);
    instances_cancel(stand->instances, 12); /* nobody's */
    turn(stand->bench, MS(600));
    assert_int_equal(stand->seen.done, 0);
    assert_result(run(stand, 0), STATUS_OK, "");
}

static void a_changed_plugin_serves_unchanged_checks(void **state)
{
    struct stand *stand = *state;
    struct hosts_plugin plugin = { .name = "redis" };
    struct description description = { .over = false };
    pid_t before;

    take(stand, plain, 3, NULL);
    run(stand, 0);
    before = view(stand->bench, "shared").pid;
    plugin.path = bench_file(stand->bench, "redis.so", "{\"version\":\"another\"}");
    describe(stand->bench, &plugin, &description);
    assert_int_equal(view(stand->bench, "shared").pid, before);
    take(stand, plain, 3, NULL); /* the reload is in force */
    assert_result(run(stand, 0), STATUS_OK, "");
    assert_true(view(stand->bench, "shared").pid != before);
    assert_string_equal(detail(stand, "setups"), "2");
    description_free(&description);
}

/* ---- secrets */

static const struct given secret[] = { { .name = "a.secret", .conf = "{\"run\":\"report\",\"password\":\"$\"}", .fingerprint = 1, .hole = "TALON_TEST_WORD" } };

static void a_secret_is_filled_in(void **state)
{
    struct stand *stand = *state;

    setenv("TALON_TEST_WORD", "sword\"fish\\", 1);
    take(stand, secret, 1, NULL);
    assert_result(run(stand, 0), STATUS_OK, "");
    assert_string_equal(detail(stand, "conf"), "{\"run\":\"report\",\"password\":\"sword\\\"fish\\\\\"}");
    run(stand, 0);
    assert_string_equal(detail(stand, "setups"), "1"); /* kept until the next reload */
    unsetenv("TALON_TEST_WORD");
}

static void a_missing_secret_is_unknown(void **state)
{
    struct stand *stand = *state;

    unsetenv("TALON_TEST_WORD");
    take(stand, secret, 1, NULL);
    assert_result(run(stand, 0), STATUS_UNKNOWN, "secret.refused");
    assert_non_null(strstr(stand->seen.result->summary, "TALON_TEST_WORD"));
    setenv("TALON_TEST_WORD", "there", 1);
    assert_result(run(stand, 0), STATUS_OK, ""); /* asked again with each run */
    unsetenv("TALON_TEST_WORD");
}

static void a_secret_is_asked_for_again_when_its_time_is_over(void **state)
{
    struct stand *stand = *state;
    struct given leased = secret[0];

    leased.ttl = MS(30);
    setenv("TALON_TEST_WORD", "one", 1);
    take(stand, &leased, 1, NULL);
    run(stand, 0);
    turn(stand->bench, MS(50));
    run(stand, 0);
    assert_string_equal(detail(stand, "setups"), "1"); /* the same value: the same instance, with its connections */
    setenv("TALON_TEST_WORD", "two", 1);
    turn(stand->bench, MS(50));
    run(stand, 0);
    assert_string_equal(detail(stand, "conf"), "{\"run\":\"report\",\"password\":\"two\"}");
    assert_string_equal(detail(stand, "setups"), "2");
    assert_string_equal(detail(stand, "teardowns"), "1");
    unsetenv("TALON_TEST_WORD");
}

static void a_reload_asks_for_secrets_again(void **state)
{
    struct stand *stand = *state;
    struct model *model = make_model(secret, 1);

    setenv("TALON_TEST_WORD", "one", 1);
    take(stand, secret, 1, NULL);
    run(stand, 0);
    setenv("TALON_TEST_WORD", "two", 1);
    secrets_reload(stand->secrets, model);
    assert_true(instances_model(stand->instances, model, NULL));
    run(stand, 0);
    assert_string_equal(detail(stand, "conf"), "{\"run\":\"report\",\"password\":\"two\"}");
    model_drop(model);
    unsetenv("TALON_TEST_WORD");
}

static void a_run_that_waits_for_a_secret_may_be_cancelled(void **state)
{
    struct stand *stand = *state;

    setenv("TALON_TEST_WORD", "one", 1);
    take(stand, secret, 1, NULL);
    instances_start(stand->instances, 0, 5, MS(5000), 0); /* the answer comes with the next turn */
    instances_cancel(stand->instances, 5);
    turn(stand->bench, MS(50));
    assert_int_equal(stand->seen.done, 0);
    unsetenv("TALON_TEST_WORD");
    take(stand, NULL, 0, NULL);
    take(stand, secret, 1, NULL);
    instances_start(stand->instances, 0, 6, MS(5000), 0);
    take(stand, NULL, 0, NULL); /* gone while it asks */
    turn(stand->bench, MS(50));
    assert_int_equal(stand->seen.done, 0);
}

/* ---- a dead host, seen from here */

static void a_killed_host_is_not_seen(void **state)
{
    struct stand *stand = *state;
    static const struct given given[] = { { .name = "a.slow", .conf = "{\"ms\":200}", .fingerprint = 1 } };

    take(stand, given, 1, NULL);
    instances_start(stand->instances, 0, 11, MS(5000), 0);
    turn(stand->bench, MS(80));
    kill_host(stand->bench, "shared", SIGKILL);
    wait_for(stand, &stand->seen.done, 1);
    assert_result(stand->seen.result, STATUS_OK, "");
}

int main(void)
{
#define STAND(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        STAND(checks_are_set_up_and_run),
        STAND(a_renewed_one_is_set_up_anew),
        STAND(only_wanted_ones_are_set_up),
        STAND(flags_and_time_go_through),
        STAND(nudges_and_saves_name_their_check),
        STAND(a_reload_keeps_what_did_not_change),
        STAND(a_run_goes_on_over_a_reload),
        STAND(a_cancelled_run_is_silent),
        STAND(a_changed_plugin_serves_unchanged_checks),
        STAND(a_secret_is_filled_in),
        STAND(a_missing_secret_is_unknown),
        STAND(a_secret_is_asked_for_again_when_its_time_is_over),
        STAND(a_reload_asks_for_secrets_again),
        STAND(a_run_that_waits_for_a_secret_may_be_cancelled),
        STAND(a_killed_host_is_not_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
