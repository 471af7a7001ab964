/* core/store/store: what is written is there after a restart, rolled up and bounded; a file that is newer, broken, locked, replaced or read-only is survived. */
#include "store_support.h"

#include <stdatomic.h>

static void overwrite(void **state, const char *with)
{
    FILE *file = fopen(temp_path(state, "talon.db"), "r+");

    assert_non_null(file);
    for (int i = 0; i < 400; i++)
        fputs(with, file);
    fclose(file);
}

static bool exists(void **state, const char *name)
{
    struct stat st;

    return stat(temp_path(state, name), &st) == 0;
}

/* ---- what is written is there */

static void test_kept(void **state)
{
    struct store *store = open_store(state);

    assert_true(store_keep(store, "check", "redis.ping", "\0one", 4));
    assert_true(store_keep(store, "check", "redis.port", "two", 3));
    assert_true(store_keep(store, "silence", "redis", "x", 1));
    assert_true(store_keep(store, "check", "redis.ping", "three", 5));
    assert_true(store_keep(store, "check", "redis.port", NULL, 0));
    store_close(store, 5 * S);
    store = open_store(state);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "[{\"name\":\"redis.ping\",\"bytes\":\"7468726565\"}]");
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "none" }), "[]");
    store_close(store, 5 * S);
}

static void test_incidents(void **state)
{
    struct store *store = open_store(state);

    store_incident(store, &(struct store_incident){ 7, NOON, 0, "redis", "open", "{\"why\":\"refused\"}" });
    store_line(store, 7, NOON, "opened", "redis is failed: refused");
    store_line(store, 7, NOON + 2 * (int64_t)S, "folded", "livekit is caused by it");
    store_incident(store, &(struct store_incident){ 8, NOON + (int64_t)S, 0, "caddy", "open", "{}" });
    store_incident(store, &(struct store_incident){ 7, NOON, NOON + 60 * (int64_t)S, "redis", "closed", "{}" });
    store_close(store, 5 * S);
    store = open_store(state);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_INCIDENTS, .now = NOON + HOUR }),
                        "[{\"id\":8,\"opened\":1893499201000,\"closed\":null,\"root\":\"caddy\",\"state\":\"open\",\"text\":{},\"lines\":null},"
                        "{\"id\":7,\"opened\":1893499200000,\"closed\":1893499260000,\"root\":\"redis\",\"state\":\"closed\",\"text\":{},\"lines\":null}]");
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_INCIDENTS, .id = 7, .now = NOON + HOUR }),
                        "[{\"id\":7,\"opened\":1893499200000,\"closed\":1893499260000,\"root\":\"redis\",\"state\":\"closed\",\"text\":{},\"lines\":"
                        "[{\"at\":1893499200000,\"kind\":\"opened\",\"text\":\"redis is failed: refused\"},"
                        "{\"at\":1893499202000,\"kind\":\"folded\",\"text\":\"livekit is caused by it\"}]}]");
    store_close(store, 5 * S);
}

static void test_intents(void **state)
{
    struct store *store = open_store(state);
    uint64_t first, second;

    wait_for_store(store, is_up);
    first = store_intent(store, &(struct store_intent){ "bridge-heal", "colima", NOON, 42, 1000, "{}" });
    second = store_intent(store, &(struct store_intent){ "restart", "redis", NOON, 42, 2000, "{}" });
    assert_true(first > 0 && second == first + 1);
    assert_int_equal(next_news(store), STORE_DURABLE);
    assert_int_equal(next_news(store), STORE_DURABLE);
    store_intent_ended(store, first, NOON + (int64_t)S, "fixed");
    store_audit(store, NOON, "talon", "started", "redis", "restart");
    store_close(store, 5 * S);
    store = open_store(state);
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_INTENTS }), "\"runbook\":\"restart\""));
    assert_null(strstr(buffer_string(&text), "bridge-heal"));
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT }),
                        "[{\"at\":1893499200000,\"who\":\"talon\",\"what\":\"started\",\"target\":\"redis\",\"text\":\"restart\"}]");
    assert_int_equal(store_intent(store, &(struct store_intent){ "restart", "redis", NOON, 42, 3000, "{}" }), second + 1);
    store_close(store, 5 * S);
}

/* ---- history */

static void run_at(struct store *store, int64_t wall, enum store_status status, uint64_t took_ms, const char *whole)
{
    assert_true(store_run(store, &(struct store_run){ "redis.ping", wall, took_ms * NS_PER_MS, status, whole }));
}

static void test_history_is_rolled_up(void **state)
{
    struct store *store = open_store(state);

    run_at(store, NOON, STORE_RUN_OK, 1, "{\"summary\":\"PONG\"}");
    run_at(store, NOON + 30 * (int64_t)S, STORE_RUN_BAD, 5, "{\"summary\":\"refused\"}");
    run_at(store, NOON + 60 * (int64_t)S, STORE_RUN_OK, 3, NULL);
    run_at(store, NOON + 25 * HOUR, STORE_RUN_WARN, 9, NULL);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON, .now = NOON + HOUR }),
                        "{\"each\":\"run\",\"rows\":[{\"at\":1893502800000,\"status\":\"warn\",\"took\":9.0},{\"at\":1893499260000,\"status\":\"ok\",\"took\":3.0},"
                        "{\"at\":1893499230000,\"status\":\"bad\",\"took\":5.0},{\"at\":1893499200000,\"status\":\"ok\",\"took\":1.0}]}");
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON, .now = NOON + 26 * HOUR }),
                        "{\"each\":\"hour\",\"rows\":[{\"at\":1893589200000,\"ok\":0,\"warn\":1,\"bad\":0,\"unknown\":0,\"took\":9.0,\"took_least\":9.0,\"took_most\":9.0},"
                        "{\"at\":1893499200000,\"ok\":2,\"warn\":0,\"bad\":1,\"unknown\":0,\"took\":3.0,\"took_least\":1.0,\"took_most\":5.0}]}");
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON - 12 * HOUR, .now = NOON + 8 * DAY }),
                           "{\"at\":1893456000000,\"ok\":2,\"warn\":0,\"bad\":1"));
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_LAST, .name = "redis.ping" }),
                        "{\"ok\":{\"summary\":\"PONG\"},\"not_ok\":{\"summary\":\"refused\"}}");
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_LAST, .name = "none" }), "{\"ok\":null,\"not_ok\":null}");
    store_close(store, 5 * S);
}

static bool few_runs(struct store *store)
{
    return strcmp(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON, .now = NOON + HOUR }), "{\"each\":\"run\",\"rows\":[]}") == 0;
}

static void test_old_runs_go_and_hours_stay(void **state)
{
    struct store *store = open_store(state);

    run_at(store, NOON - 40 * 365 * DAY, STORE_RUN_OK, 1, NULL); /* 1990: before any clock of today */
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON - 40 * 365 * DAY, .now = NOON - 40 * 365 * DAY + HOUR }), "\"ok\""));
    store_close(store, 5 * S);
    store = open_bounded(state, 48 * (uint64_t)HOUR, 64 << 20);
    wait_for_store(store, few_runs);
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON - 40 * 365 * DAY, .now = NOON - 40 * 365 * DAY + 7 * HOUR }), "\"ok\":1"));
    store_close(store, 5 * S);
}

static bool half_of_the_runs(struct store *store)
{
    return strlen(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON, .now = NOON + HOUR, .most = 10000 })) < 300000;
}

static void test_the_size_is_bounded(void **state)
{
    struct store *store = open_store(state);
    struct stat before, after;

    for (int i = 0; i < 20000; i++)
        run_at(store, NOON + i, STORE_RUN_OK, 1, NULL);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    store_close(store, 5 * S);
    assert_int_equal(stat(temp_path(state, "talon.db"), &before), 0);
    store = open_bounded(state, 100000 * (uint64_t)DAY, 200 << 10);
    wait_for_store(store, half_of_the_runs);
    store_close(store, 5 * S);
    assert_int_equal(stat(temp_path(state, "talon.db"), &after), 0);
    assert_true(after.st_size < before.st_size / 2);
}

/* ---- uptime */

static void test_uptime(void **state)
{
    struct store *store = open_store(state);
    const int64_t now = clock_moment().wall;

    store_service(store, "redis", now, STORE_TIME_UP);
    store_service(store, "redis", now + 10 * (int64_t)S, STORE_TIME_DOWN);
    store_service(store, "redis", now + 14 * (int64_t)S, STORE_TIME_SILENCED);
    store_service(store, "redis", now + 15 * (int64_t)S, STORE_TIME_NOT);
    store_service(store, "redis", now + 20 * (int64_t)S, STORE_TIME_UP);
    asked(store, (struct store_ask){ .question = STORE_ASK_UPTIME, .name = "redis", .now = now });
    assert_non_null(strstr(buffer_string(&text), "{\"service\":\"redis\",\"windows\":[{\"days\":1,\"up\":10000.0,\"down\":4000.0,\"caused\":0.0,\"silenced\":1000.0,\"unknown\":0.0}"));
    assert_non_null(strstr(buffer_string(&text), "{\"days\":365,\"up\":10000.0"));
    store_close(store, 5 * S);
}

/* What was open when everything ended is no uptime until it is heard of again. */
static void test_no_uptime_while_talon_did_not_run(void **state)
{
    struct store *store = open_store(state);
    const int64_t now = clock_moment().wall;

    store_service(store, "redis", now, STORE_TIME_UP);
    asked(store, (struct store_ask){ .question = STORE_ASK_UPTIME, .name = "redis", .now = now });
    store_close(store, 5 * S);
    execute(state, "UPDATE spans SET at = at - 3 * 3600000; UPDATE alive SET at = at - 2 * 3600000"); /* as if it had begun three hours ago, and ended two hours ago */
    store = open_store(state);
    store_service(store, "redis", now, STORE_TIME_DOWN);
    asked(store, (struct store_ask){ .question = STORE_ASK_UPTIME, .name = "redis", .now = now });
    assert_true(strtod(strstr(buffer_string(&text), "\"up\":") + 5, NULL) > 0.99 * 3600e3);
    assert_true(strtod(strstr(buffer_string(&text), "\"up\":") + 5, NULL) < 1.01 * 3600e3);
    store_close(store, 5 * S);
}

/* ---- files that are not as they should be */

static void test_a_newer_schema_is_left_alone(void **state)
{
    struct store *store = open_store(state);

    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    store_close(store, 5 * S);
    execute(state, "PRAGMA user_version=99; CREATE TABLE of_the_future (a)");
    store = open_store(state);
    wait_for_store(store, is_down);
    assert_non_null(strstr(why, "was written by a newer Talon (schema 99, this one knows 2)"));
    assert_int_equal(store_intent(store, &(struct store_intent){ "restart", "redis", NOON, 42, 3000, "{}" }), 0);
    store_close(store, 5 * S);
    execute(state, "SELECT * FROM of_the_future");
    assert_false(exists(state, "talon.db.broken"));
}

static void test_garbage_is_set_aside(void **state)
{
    struct store *store;
    FILE *file = fopen(temp_path(state, "talon.db"), "w");

    fputs("this is no database, however long one looks at it\n", file);
    fclose(file);
    store = open_store(state);
    assert_true(store_keep(store, "check", "a", "b", 1));
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "\"a\""));
    assert_int_equal(next_news(store), STORE_SET_ASIDE);
    assert_true(exists(state, "talon.db.broken"));
    assert_true(store_is_up(store));
    store_close(store, 5 * S);
}

static void test_overwritten_while_open(void **state)
{
    struct store *store = open_store(state);

    store_keep(store, "check", "a", "b", 1);
    asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" });
    overwrite(state, "garbage and more garbage ");
    store_keep(store, "check", "c", "d", 1);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "[{\"name\":\"c\",\"bytes\":\"64\"}]");
    assert_int_equal(next_news(store), STORE_SET_ASIDE);
    assert_true(exists(state, "talon.db.broken"));
    store_close(store, 5 * S);
}

static void test_removed_while_open(void **state)
{
    struct store *store = open_store(state);

    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(unlink(temp_path(state, "talon.db")), 0);
    store_keep(store, "check", "a", "b", 1);
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "\"a\""));
    assert_true(exists(state, "talon.db"));
    store_close(store, 5 * S);
}

static void test_locked_by_another(void **state)
{
    struct store *store = open_store(state);
    sqlite3 *other;

    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(sqlite3_open(temp_path(state, "talon.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    store_keep(store, "check", "a", "b", 1);
    wait_for_store(store, is_down);
    assert_non_null(strstr(why, "another program has it locked"));
    assert_int_equal(next_news(store), STORE_WENT_DOWN);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    wait_for_store(store, is_up);
    assert_int_equal(next_news(store), STORE_CAME_UP);
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "\"a\""));
    sqlite3_close(other);
    store_close(store, 5 * S);
}

/* What waits is bounded: history gives way first. */
static void test_a_long_time_down(void **state)
{
    struct store *store = open_store(state);
    sqlite3 *other;
    size_t runs = 0;

    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(sqlite3_open(temp_path(state, "talon.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    while (runs < 200000 && store_run(store, &(struct store_run){ "redis.ping", NOON + (int64_t)runs * NS_PER_MS, 1, STORE_RUN_OK, NULL }))
        runs++;
    assert_int_equal(runs, 32768);
    assert_true(store_keep(store, "check", "a", "b", 1));
    wait_for_store(store, is_down);
    assert_non_null(strstr(why, "32769 records wait, 1 were dropped"));
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    wait_for_store(store, is_up);
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON - 12 * HOUR, .now = NOON + 8 * DAY }), "\"ok\":32768"));
    store_close(store, 5 * S);
}

/* ---- what is to be sure: SQLite's own way to the system, with the syncs of the log counted */

static atomic_uint syncs;
static sqlite3_io_methods counting;
static int (*sync_uncounted)(sqlite3_file *, int);
static int (*open_uncounted)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static int sync_counted(sqlite3_file *file, int flags)
{
    syncs++;
    return sync_uncounted(file, flags);
}

static int open_counted(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int code = open_uncounted(vfs, name, file, flags, out);

    if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
        counting = *file->pMethods;
        sync_uncounted = counting.xSync;
        counting.xSync = sync_counted;
        file->pMethods = &counting;
    }
    return code;
}

static bool is_synced(struct store *store)
{
    (void)store;
    return syncs > 0;
}

/* Neither a crash nor a power cut a moment later undoes it: nobody asks, nothing is closed, and the log is on the disk. What is only kept is written without. */
static void test_what_is_kept_for_sure(void **state)
{
    static char large[STORE_KEPT + 1];
    sqlite3_vfs vfs = *sqlite3_vfs_find(NULL);
    struct store *store;

    open_uncounted = vfs.xOpen;
    vfs.xOpen = open_counted;
    vfs.zName = "counting";
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
    store = open_store(state);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    syncs = 0;
    assert_true(store_keep(store, "outbox", "a", "1", 1));
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "outbox" }), "[{\"name\":\"a\",\"bytes\":\"31\"}]");
    assert_int_equal(syncs, 0);
    assert_true(store_keep_sure(store, "outbox", "b", "2", 1));
    wait_for_store(store, is_synced);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "outbox" }), "[{\"name\":\"a\",\"bytes\":\"31\"},{\"name\":\"b\",\"bytes\":\"32\"}]");
    syncs = 0;
    assert_true(store_keep_sure(store, "outbox", "a", NULL, 0)); /* forgotten for sure: what was sent is not sent again */
    wait_for_store(store, is_synced);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "outbox" }), "[{\"name\":\"b\",\"bytes\":\"32\"}]");
    syncs = 0;
    assert_true(store_keep(store, "outbox", "c", "3", 1)); /* what comes after it is as before */
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(syncs, 0);
    assert_false(store_keep_sure(store, "outbox", "large", large, sizeof large));
    assert_true(store_keep_sure(store, "outbox", "largest", large, sizeof large - 1));
    store_close(store, 5 * S);
    sqlite3_vfs_unregister(&vfs);
}

/* ---- a disk that hangs: SQLite's own way to the system, with writes of the log that wait */

static atomic_bool hangs;
static sqlite3_io_methods slow;
static int (*write_at_once)(sqlite3_file *, const void *, int, sqlite3_int64);
static int (*open_at_once)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static int write_slowly(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    while (hangs)
        poll(NULL, 0, 5);
    return write_at_once(file, bytes, n, at);
}

static int open_slow(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int code = open_at_once(vfs, name, file, flags, out);

    if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
        slow = *file->pMethods;
        write_at_once = slow.xWrite;
        slow.xWrite = write_slowly;
        file->pMethods = &slow;
    }
    return code;
}

static bool writes_for_long(struct store *store)
{
    return store_trouble(store, why, sizeof why);
}

static bool is_well(struct store *store)
{
    return !store_trouble(store, why, sizeof why) && store_is_up(store);
}

static void test_writes_that_hang(void **state)
{
    sqlite3_vfs vfs = *sqlite3_vfs_find(NULL);
    struct store *store;
    uint64_t before;

    open_at_once = vfs.xOpen;
    vfs.xOpen = open_slow;
    vfs.zName = "slow";
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
    store = open_store(state);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    hangs = true;
    store_keep(store, "check", "a", "b", 1);
    wait_for_store(store, writes_for_long);
    assert_non_null(strstr(why, "the store has been writing for"));
    assert_false(store_is_up(store));
    assert_int_equal(store_intent(store, &(struct store_intent){ "restart", "redis", NOON, 42, 3000, "{}" }), 0);
    before = clock_awake();
    assert_true(store_keep(store, "check", "c", "d", 1)); /* whoever writes into it does not wait */
    assert_false(store_ask_now(store, &(struct store_ask){ .question = STORE_ASK_AUDIT }, 50 * (uint64_t)NS_PER_MS, &text, why, sizeof why));
    assert_string_equal(why, "the store has not answered within 50 ms");
    assert_true(clock_awake() - before < 5 * S);
    hangs = false;
    wait_for_store(store, is_well);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "[{\"name\":\"a\",\"bytes\":\"62\"},{\"name\":\"c\",\"bytes\":\"64\"}]");
    store_close(store, 5 * S);
    sqlite3_vfs_unregister(&vfs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_incidents, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_intents, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_history_is_rolled_up, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_old_runs_go_and_hours_stay, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_the_size_is_bounded, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_uptime, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_no_uptime_while_talon_did_not_run, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_a_newer_schema_is_left_alone, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_garbage_is_set_aside, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_overwritten_while_open, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_removed_while_open, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_locked_by_another, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_a_long_time_down, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_what_is_kept_for_sure, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_writes_that_hang, store_begin, store_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
