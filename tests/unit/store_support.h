/* What the store's unit tests share: a store in a folder of the test's own, questions that are waited for, and a hand in its file. */
#ifndef STORE_SUPPORT_H
#define STORE_SUPPORT_H

#include "store/store.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S ((uint64_t)NS_PER_S)
#define HOUR (3600 * (int64_t)S)
#define DAY (24 * HOUR)
#define NOON ((int64_t)1893499200 * (int64_t)S) /* 2030-01-01 12:00:00 UTC */

static char why[600];
static struct buffer text;

static inline int store_begin(void **state)
{
    text = buffer_make(0);
    return temp_folder_make(state);
}

static inline int store_end(void **state)
{
    buffer_free(&text);
    return temp_folder_remove(state);
}

static inline struct store *open_bounded(void **state, uint64_t raw, uint64_t max)
{
    struct store *store = store_open(&(struct store_options){ .folder = temp_path(state, "."), .raw = raw, .hourly = 100000 * (uint64_t)DAY, .daily = 100000 * (uint64_t)DAY, .max = max },
                                     why, sizeof why);

    if (!store)
        fail_msg("%s", why);
    return store;
}

static inline struct store *open_store(void **state)
{
    return open_bounded(state, 100000 * (uint64_t)DAY, 64 << 20);
}

/* Asked after what was given before, so the answer shows that it is written. */
static inline const char *asked(struct store *store, struct store_ask ask)
{
    if (ask.now == 0)
        ask.now = NOON;
    buffer_clear(&text);
    if (!store_ask_now(store, &ask, 5 * S, &text, why, sizeof why))
        fail_msg("%s", why);
    return buffer_string(&text);
}

static inline void wait_for_store(struct store *store, bool (*holds)(struct store *store))
{
    const uint64_t until = clock_awake() + 10 * S;

    while (!holds(store)) {
        assert_true(clock_awake() < until);
        poll(NULL, 0, 5);
    }
}

static inline bool is_up(struct store *store)
{
    return store_is_up(store);
}

static inline bool is_down(struct store *store)
{
    return !store_is_up(store) && store_trouble(store, why, sizeof why);
}

static inline enum store_news_kind next_news(struct store *store)
{
    const uint64_t until = clock_awake() + 10 * S;
    struct store_news news;

    do {
        news = store_news(store);
        if (news.kind == STORE_NOTHING)
            poll(NULL, 0, 5);
    } while (news.kind == STORE_NOTHING && clock_awake() < until);
    return news.kind;
}

/* Its file beside the store, which may have it locked for a moment while it writes. */
static inline sqlite3 *open_beside(void **state)
{
    sqlite3 *handle;

    assert_int_equal(sqlite3_open(temp_path(state, "talon.db"), &handle), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(handle, 5000), SQLITE_OK);
    return handle;
}

static inline void execute(void **state, const char *sql)
{
    sqlite3 *handle = open_beside(state);

    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

/* The number that a query of its file answers, read beside the store. */
static inline int64_t store_count(void **state, const char *sql)
{
    sqlite3 *handle = open_beside(state);
    sqlite3_stmt *statement;
    int64_t n;

    assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return n;
}

#endif
