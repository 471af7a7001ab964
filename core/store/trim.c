/*
 * What goes: rows older than their bounds, and the oldest ones when the file is larger than history may be. Some thousands at a time, so that what is to be
 * written never waits for long; freed pages go back to the system in steps as well.
 */
#include "store/store_private.h"

#define INCIDENTS_KEPT (3 * 365 * DAY_MS)

static bool trim(struct database *db, enum statement which, int64_t before, int *gone)
{
    sqlite3_stmt *statement = database_statement(db, which);

    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, before);
    if (!database_do(db, statement))
        return false;
    *gone += sqlite3_changes(db->handle);
    return true;
}

static bool trim_old(struct database *db, const struct store_options *bounds, int64_t now, int *gone)
{
    const int64_t raw = now - (int64_t)(bounds->raw / 1000000), hourly = now - (int64_t)(bounds->hourly / 1000000), daily = now - (int64_t)(bounds->daily / 1000000);
    int trifle = 0;

    return trim(db, SQL_TRIM_RUNS, raw, gone) && trim(db, SQL_TRIM_HOURLY, hourly, &trifle) && trim(db, SQL_TRIM_DAILY, daily, &trifle) &&
           trim(db, SQL_TRIM_UPTIME_HOURLY, hourly, &trifle) && trim(db, SQL_TRIM_UPTIME_DAILY, daily, &trifle) &&
           trim(db, SQL_TRIM_INCIDENTS, now - INCIDENTS_KEPT, &trifle) && database_run(db, SQL_TRIM_LINES) && trim(db, SQL_TRIM_AUDIT, daily, &trifle) &&
           trim(db, SQL_TRIM_INTENTS, daily, &trifle);
}

static int64_t pages(struct database *db, const char *pragma)
{
    sqlite3_stmt *statement = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(db->handle, pragma, -1, &statement, NULL) == SQLITE_OK)
        n = database_number(db, statement);
    sqlite3_finalize(statement);
    return n;
}

/* Bytes that hold something. */
static uint64_t size_of(struct database *db)
{
    int64_t all = pages(db, "PRAGMA page_count"), free = pages(db, "PRAGMA freelist_count"), size = pages(db, "PRAGMA page_size");

    return all < 0 || free < 0 || size < 0 ? 0 : (uint64_t)(all - free) * (uint64_t)size;
}

/* Single runs first, then hours, then days. */
static bool trim_large(struct database *db, int *gone)
{
    static const enum statement order[] = { SQL_OLDEST_RUNS, SQL_OLDEST_HOURLY, SQL_OLDEST_DAILY };

    for (size_t i = 0; i < sizeof order / sizeof order[0] && *gone == 0; i++) {
        if (!database_run(db, order[i]))
            return false;
        *gone = sqlite3_changes(db->handle);
    }
    return true;
}

bool trim_some(struct database *db, const struct store_options *bounds, int64_t wall)
{
    int gone = 0;
    bool done = database_run(db, SQL_BEGIN) && records_roll_up(db);

    done = done && trim_old(db, bounds, MS_OF(wall), &gone);
    if (done && gone == 0 && size_of(db) > bounds->max)
        done = trim_large(db, &gone);
    /* Where no run is left, their numbers begin anew: the mark follows. */
    if (done && database_run(db, SQL_ROLLED_SET) && database_run(db, SQL_COMMIT))
        return database_run(db, SQL_VACUUM) && gone > 0;
    database_roll_back(db);
    return false;
}
