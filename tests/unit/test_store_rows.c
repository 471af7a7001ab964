/* core/store: what its rows are worth later: rolled up once, trimmed without loss of what is owed, brought up from an earlier version, on disk when that is said. */
#include "store_support.h"

#include <stdatomic.h>

/* ---- kept */

static void test_kept_by_pages_and_forgotten_by_kind(void **state)
{
    struct store *store = open_store(state);
    char name[16];

    for (int i = 0; i < 120; i++) {
        snprintf(name, sizeof name, "c%03d", i);
        assert_true(store_keep(store, "check", name, "x", 1));
    }
    store_keep(store, "silence", "a", "x", 1);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check", .id = 118, .most = 50 }),
                        "[{\"name\":\"c118\",\"bytes\":\"78\"},{\"name\":\"c119\",\"bytes\":\"78\"}]");
    assert_non_null(strstr(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "c119")); /* all, where no number is said */
    assert_true(store_keep(store, "check", NULL, NULL, 0));
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "check" }), "[]");
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_KEPT, .name = "silence" }), "[{\"name\":\"a\",\"bytes\":\"78\"}]");
    store_close(store, 5 * S);
}

static void test_numbers_of_incidents_and_those_that_were_lost(void **state)
{
    struct store *store = open_store(state);

    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_LAST_INCIDENT }), "0");
    store_incident(store, &(struct store_incident){ 7, NOON, 0, "redis", "open", "{\"state\":\"open\"}" });
    store_incident(store, &(struct store_incident){ 8, NOON, 0, "caddy", "open", "{}" });
    store_incident(store, &(struct store_incident){ 3, NOON + DAY, NOON + DAY, "late", "recovered", "{}" });
    store_keep(store, "incident", "8", "x", 1);
    store_incidents_lost(store, NOON + HOUR);
    assert_string_equal(asked(store, (struct store_ask){ .question = STORE_ASK_LAST_INCIDENT }), "8"); /* the highest, not the latest */
    asked(store, (struct store_ask){ .question = STORE_ASK_INCIDENTS, .now = NOON + 2 * DAY });
    assert_non_null(strstr(buffer_string(&text), "\"id\":7,\"opened\":1893499200000,\"closed\":1893502800000,\"root\":\"redis\",\"state\":\"lost\","
                           "\"text\":{\"state\":\"lost\",\"closed_unix\":1893502800}"));
    assert_non_null(strstr(buffer_string(&text), "\"id\":8,\"opened\":1893499200000,\"closed\":null,\"root\":\"caddy\",\"state\":\"open\""));
    assert_non_null(strstr(buffer_string(&text), "\"state\":\"recovered\""));
    store_close(store, 5 * S);
}

/* ---- rolled up */

static void run_at(struct store *store, int64_t wall, enum store_status status)
{
    assert_true(store_run(store, &(struct store_run){ "redis.ping", wall, NS_PER_MS, status, NULL }));
}

static const char *hours(struct store *store, int64_t around)
{
    return asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = around - 12 * HOUR, .now = around + 12 * HOUR });
}

static const char *days(struct store *store, int64_t around)
{
    return asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = around - 10 * DAY, .now = around + 10 * DAY });
}

static void test_each_run_counts_once(void **state)
{
    struct store *store = open_store(state);

    run_at(store, NOON, STORE_RUN_OK);
    assert_non_null(strstr(hours(store, NOON), "\"ok\":1,\"warn\":0,\"bad\":0"));
    run_at(store, NOON + (int64_t)S, STORE_RUN_BAD);
    run_at(store, NOON + HOUR, STORE_RUN_BAD);
    run_at(store, NOON + DAY, STORE_RUN_UNKNOWN);
    store_close(store, 5 * S); /* before anything has asked for them */
    store = open_store(state);
    assert_non_null(strstr(hours(store, NOON), "\"ok\":1,\"warn\":0,\"bad\":1"));
    assert_non_null(strstr(hours(store, NOON), "\"ok\":0,\"warn\":0,\"bad\":1"));
    assert_non_null(strstr(days(store, NOON), "\"ok\":1,\"warn\":0,\"bad\":2,\"unknown\":0"));
    assert_non_null(strstr(days(store, NOON), "\"ok\":0,\"warn\":0,\"bad\":0,\"unknown\":1"));
    store_close(store, 5 * S);
}

static bool has_no_runs(struct store *store)
{
    return strcmp(asked(store, (struct store_ask){ .question = STORE_ASK_HISTORY, .name = "redis.ping", .since = NOON - 31 * 365 * DAY, .now = NOON - 31 * 365 * DAY + HOUR }),
                  "{\"each\":\"run\",\"rows\":[]}") == 0;
}

/* When every run is gone, their numbers in the database begin anew: those that come then count as well. */
static void test_numbers_that_begin_anew(void **state)
{
    const int64_t then = NOON - 31 * 365 * DAY; /* before any clock of today */
    struct store *store = open_store(state);

    for (int i = 0; i < 50; i++)
        run_at(store, then + i, STORE_RUN_OK);
    store_close(store, 5 * S);
    store = open_bounded(state, 48 * (uint64_t)HOUR, 64 << 20);
    wait_for_store(store, has_no_runs);
    assert_non_null(strstr(hours(store, then), "\"ok\":50,"));
    run_at(store, NOON, STORE_RUN_OK);
    run_at(store, NOON, STORE_RUN_OK);
    assert_non_null(strstr(hours(store, NOON), "\"ok\":2,"));
    store_close(store, 5 * S);
}

/* A version that rolled up each run as it was written: none is counted twice. */
static void test_the_version_before(void **state)
{
    struct store *store = open_store(state);

    run_at(store, NOON, STORE_RUN_OK);
    assert_non_null(strstr(hours(store, NOON), "\"ok\":1,"));
    store_close(store, 5 * S);
    execute(state, "DROP TABLE rolled; PRAGMA user_version=1");
    store = open_store(state);
    run_at(store, NOON, STORE_RUN_OK);
    assert_non_null(strstr(hours(store, NOON), "\"ok\":2,"));
    assert_true(store_is_up(store));
    store_close(store, 5 * S);
}

/* ---- what goes, and what does not */

static void **folder;

static bool has_trimmed(struct store *store)
{
    (void)store;
    return store_count(folder, "SELECT count(*) FROM audit") == 0;
}

/* An intent without an end is what a crash interrupted, however long ago; an incident that is open, and what was last whole of a check, stay as well. */
static void test_what_is_owed_is_never_trimmed(void **state)
{
    const int64_t then = NOON - 31 * 365 * DAY;
    struct store *store = open_store(state);
    uint64_t first;

    folder = state;
    wait_for_store(store, is_up);
    first = store_intent(store, &(struct store_intent){ "restart", "redis", then, 42, 1, "{}" });
    store_intent(store, &(struct store_intent){ "restart", "caddy", then, 42, 2, "{}" });
    store_intent_ended(store, first, then + 1, "fixed");
    store_audit(store, then, "talon", "started", "redis", "restart");
    store_incident(store, &(struct store_incident){ 1, then, 0, "redis", "open", "{}" });
    store_incident(store, &(struct store_incident){ 2, then, then + (int64_t)S, "caddy", "recovered", "{}" });
    store_line(store, 1, then, "opened", "x");
    store_line(store, 2, then, "opened", "x");
    store_run(store, &(struct store_run){ "redis.ping", then, 1, STORE_RUN_BAD, "{\"whole\":1}" });
    store_keep(store, "check", "a", "b", 1);
    store_close(store, 5 * S);
    store = store_open(&(struct store_options){ .folder = temp_path(state, "."), .raw = S, .hourly = S, .daily = S, .max = 1 }, why, sizeof why);
    assert_non_null(store);
    wait_for_store(store, has_trimmed);
    assert_int_equal(store_count(state, "SELECT count(*) FROM runs"), 0);
    assert_int_equal(store_count(state, "SELECT count(*) FROM intents"), 1);
    assert_int_equal(store_count(state, "SELECT count(*) FROM intents WHERE service = 'caddy' AND ended IS NULL"), 1);
    assert_int_equal(store_count(state, "SELECT count(*) FROM incidents WHERE id = 1"), 1);
    assert_int_equal(store_count(state, "SELECT count(*) FROM incidents WHERE id = 2"), 0);
    assert_int_equal(store_count(state, "SELECT count(*) FROM lines WHERE incident = 1"), 1);
    assert_int_equal(store_count(state, "SELECT count(*) FROM lines WHERE incident = 2"), 0);
    assert_int_equal(store_count(state, "SELECT count(*) FROM last_runs"), 1);
    assert_int_equal(store_count(state, "SELECT count(*) FROM kept"), 1);
    store_close(store, 5 * S);
}

/* ---- on disk when that is said: SQLite's own way to the system, with syncs of the log that are counted */

static atomic_int syncs;
static atomic_bool counts;
static sqlite3_io_methods counted;
static int (*sync_it)(sqlite3_file *, int);
static int (*open_it)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static int sync_counted(sqlite3_file *file, int flags)
{
    if (counts)
        syncs++;
    return sync_it(file, flags);
}

static int open_counted(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int code = open_it(vfs, name, file, flags, out);

    if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
        counted = *file->pMethods;
        sync_it = counted.xSync;
        counted.xSync = sync_counted;
        file->pMethods = &counted;
    }
    return code;
}

static void test_an_intent_is_synced_before_it_is_durable(void **state)
{
    sqlite3_vfs vfs = *sqlite3_vfs_find(NULL);
    struct store *store;
    uint64_t intent;

    open_it = vfs.xOpen;
    vfs.xOpen = open_counted;
    vfs.zName = "counted";
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
    store = open_store(state);
    wait_for_store(store, is_up);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    counts = true;
    store_keep(store, "check", "a", "b", 1);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(syncs, 0); /* history is not worth a wait for the disk */
    intent = store_intent(store, &(struct store_intent){ "restart", "redis", NOON, 42, 1, "{}" });
    assert_true(intent > 0);
    assert_int_equal(next_news(store), STORE_DURABLE);
    assert_int_equal(syncs, 1);
    store_intent_ended(store, intent, NOON, "fixed");
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(syncs, 2);
    store_keep(store, "check", "a", "c", 1);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    assert_int_equal(syncs, 2);
    counts = false;
    store_close(store, 5 * S);
    sqlite3_vfs_unregister(&vfs);
}

/* ---- set aside: nothing is deleted, and not written over either */

static void test_aside_as_it_was(void **state)
{
    static const char garbage[] = "garbage and more garbage ";
    struct store *store = open_store(state);
    char found[sizeof garbage] = "";
    FILE *file;

    store_keep(store, "check", "a", "b", 1);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    file = fopen(temp_path(state, "talon.db"), "r+");
    assert_non_null(file);
    fputs(garbage, file);
    fclose(file);
    store_keep(store, "check", "a", "c", 1);
    assert_int_equal(next_news(store), STORE_SET_ASIDE);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    file = fopen(temp_path(state, "talon.db.broken"), "r");
    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof garbage - 1, file), sizeof garbage - 1);
    fclose(file);
    assert_string_equal(found, garbage);
    assert_true(store_count(state, "SELECT count(*) FROM kept WHERE bytes = x'63'") == 1);
    store_close(store, 5 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_by_pages_and_forgotten_by_kind, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_numbers_of_incidents_and_those_that_were_lost, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_each_run_counts_once, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_numbers_that_begin_anew, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_the_version_before, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_what_is_owed_is_never_trimmed, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_an_intent_is_synced_before_it_is_durable, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_aside_as_it_was, store_begin, store_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
