/* The snapshot: it outlives what it was made of, and threads share it. */
#include "serve_support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_snapshot_outlives_what_it_was_made_of(void **state)
{
    struct engine *engine = support_engine(2, 3);
    char why[] = "it was so", error[] = "a.yaml:1:1: no", name[] = "shared";
    struct snapshot_plugin plugin = { .name = name, .state = "running", .pid = 5 };
    struct snapshot_extra extra = { .config_error = error, .plugins = &plugin, .n_plugins = 1 };
    struct moment now = { .wall = SUPPORT_NOW };
    struct snapshot *snapshot;
    struct result *last = engine->checks[4].last;

    (void)state;
    engine->whys[1] = why;
    snapshot = snapshot_make(engine, &now, &extra);
    assert_non_null(snapshot);
    why[0] = error[0] = name[0] = '#';
    support_result(engine, 4, STATUS_FAIL, "x", "another");
    assert_ptr_equal(snapshot->checks[4].last, last);
    assert_string_equal(snapshot->checks[4].last->summary, "PONG in 0.2 ms");
    assert_string_equal(snapshot->services[1].why, "it was so");
    assert_string_equal(snapshot->services[0].why, "all checks are ok");
    assert_string_equal(snapshot->config_error, "a.yaml:1:1: no");
    assert_null(snapshot->self);
    assert_string_equal(snapshot->plugins[0].name, "shared");
    assert_null(snapshot->plugins[0].last_end);
    assert_int_equal(snapshot->checks[5].runs, 12);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void snapshots_are_numbered_and_need_a_model(void **state)
{
    struct engine *engine = support_engine(1, 1), none = { 0 };
    struct snapshot *first = support_snapshot(engine), *second = support_snapshot(engine);

    (void)state;
    assert_true(first->generation > 0 && second->generation > first->generation);
    assert_null(support_snapshot(&none));
    assert_int_equal(atomic_load(&engine->model->users), 3);
    snapshot_drop(first);
    snapshot_drop(second);
    snapshot_drop(NULL);
    assert_null(snapshot_keep(NULL));
    assert_int_equal(atomic_load(&engine->model->users), 1);
    support_free(engine);
}

static void *keep_and_drop(void *arg)
{
    for (int i = 0; i < 20000; i++)
        snapshot_drop(snapshot_keep(arg));
    snapshot_drop(arg);
    return NULL;
}

static void a_snapshot_is_counted_by_many_threads(void **state)
{
    struct engine *engine = support_engine(3, 1);
    struct snapshot *snapshot = support_snapshot(engine);
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_and_drop, snapshot_keep(snapshot)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&snapshot->users), 1);
    snapshot_drop(snapshot);
    assert_int_equal(atomic_load(&engine->model->users), 1);
    support_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_outlives_what_it_was_made_of),
        cmocka_unit_test(snapshots_are_numbered_and_need_a_model),
        cmocka_unit_test(a_snapshot_is_counted_by_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
