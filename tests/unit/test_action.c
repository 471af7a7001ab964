/*
 * One run of an action in the fake host: its secrets filled in, its end told once, its host dying with it, and nothing told of one that was cancelled.
 */
#include "hosts_support.h"

#include "action.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    unsigned done;
    bool died;
    struct result *result;
};

struct stand {
    struct bench *bench;
    struct secrets *secrets;
    struct seen seen;
};

static const struct model_plugin plugin = { .name = "redis" };
static const struct model_operation operation = { .name = "redis" };
static const struct model_secret secret = { .name = "word", .source = MODEL_SECRET_ENV, .env = "TALON_TEST_WORD" };

static void on_done(void *arg, struct action *action, struct result *result, bool died)
{
    struct seen *seen = &((struct stand *)arg)->seen;

    (void)action;
    result_drop(seen->result);
    seen->result = result_keep(result);
    seen->died = died;
    seen->done++;
}

static int begin(void **state)
{
    struct stand *stand = calloc(1, sizeof *stand);
    void *bench;

    if (!stand || bench_begin(&bench) != 0)
        return -1;
    stand->bench = bench;
    load_shared(stand->bench, "redis", "{}");
    stand->secrets = secrets_create(stand->bench->loop, NULL);
    *state = stand;
    return 0;
}

static int end(void **state)
{
    struct stand *stand = *state;
    void *bench = stand->bench;

    secrets_free(stand->secrets);
    result_drop(stand->seen.result);
    free(stand);
    return bench_end(&bench);
}

/* hole: where in conf the secret belongs; 0: nowhere. */
static struct action *start(struct stand *stand, const char *conf, size_t hole, size_t of_operation, uint64_t timeout)
{
    struct arena *arena = arena_create(0);
    struct model *model = arena_alloc(arena, sizeof *model);
    struct model_hole *holes = arena_alloc(arena, sizeof *holes);
    struct model_action *what = arena_alloc(arena, sizeof *what);
    struct action_request request = { .loop = stand->bench->loop, .hosts = stand->bench->hosts, .secrets = stand->secrets, .model = model, .what = what,
                                      .name = "redis of web", .done = on_done, .arg = stand };
    struct action *action;

    *holes = (struct model_hole){ .at = hole };
    *what = (struct model_action){ .name = "redis", .operation = of_operation, .timeout = timeout };
    what->conf = (struct model_conf){ .json = arena_string(arena, conf), .n_holes = hole > 0, .holes = holes };
    *model = (struct model){ .users = 1, .arena = arena, .n_plugins = 1, .plugins = &plugin, .n_operations = 1, .operations = &operation, .n_secrets = 1, .secrets = &secret };
    action = action_start(&request);
    model_drop(model); /* it keeps it itself */
    assert_non_null(action);
    assert_int_equal(stand->seen.done, 0); /* never from within */
    return action;
}

static bool is_done(const void *arg)
{
    return ((const struct stand *)arg)->seen.done > 0;
}

static void ends_with(struct stand *stand, enum status status, const char *reason, bool died)
{
    until(stand->bench, is_done, stand);
    turn(stand->bench, MS(20));
    assert_int_equal(stand->seen.done, 1);
    assert_result(stand->seen.result, status, reason);
    assert_int_equal(stand->seen.died, died);
    assert_int_equal(view(stand->bench, "shared").instances, 0); /* it was for this run alone */
}

static void it_runs_once_and_is_gone(void **state)
{
    struct stand *stand = *state;

    start(stand, "{\"run\":\"report\"}", 0, 0, MS(5000));
    ends_with(stand, STATUS_OK, "", false);
}

static void its_secret_is_put_in(void **state)
{
    struct stand *stand = *state;

    setenv("TALON_TEST_WORD", "report", 1);
    start(stand, "{\"run\":\"\"}", strlen("{\"run\":\""), 0, MS(5000));
    ends_with(stand, STATUS_OK, "", false);
}

static void a_secret_that_is_refused_ends_it(void **state)
{
    struct stand *stand = *state;

    unsetenv("TALON_TEST_WORD");
    start(stand, "{\"run\":\"\"}", strlen("{\"run\":\""), 0, MS(5000));
    until(stand->bench, is_done, stand);
    assert_result(stand->seen.result, STATUS_UNKNOWN, "secret.refused");
    assert_false(stand->seen.died);
}

static void what_is_not_known_is_not_done(void **state)
{
    struct stand *stand = *state;

    start(stand, "{\"run\":\"report\"}", 0, MODEL_NONE, MS(5000));
    until(stand->bench, is_done, stand);
    assert_result(stand->seen.result, STATUS_UNKNOWN, "plugin.refused");
}

static void a_cancelled_one_says_nothing(void **state)
{
    struct stand *stand = *state;

    action_cancel(start(stand, "{\"run\":\"report\"}", 0, 0, MS(5000)));
    action_cancel(start(stand, "{\"run\":\"\"}", strlen("{\"run\":\""), 0, MS(5000)));
    action_cancel(start(stand, "{\"run\":\"report\"}", 0, MODEL_NONE, MS(5000)));
    action_cancel(NULL);
    turn(stand->bench, MS(50));
    assert_int_equal(stand->seen.done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_runs_once_and_is_gone, begin, end),
        cmocka_unit_test_setup_teardown(its_secret_is_put_in, begin, end),
        cmocka_unit_test_setup_teardown(a_secret_that_is_refused_ends_it, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_not_done, begin, end),
        cmocka_unit_test_setup_teardown(a_cancelled_one_says_nothing, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
