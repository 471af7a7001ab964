/*
 * What is written: each kind of record, all that wait in one transaction, and the time that each service has been at what it is at.
 *
 * Time counts by what was seen: the begin of a service's state is on disk when it turns, and `alive` says until when anything was written at all. A machine that
 * slept, or a Talon that did not run, left no such mark, so that time counts as nothing (design.md 8: no uptime is invented).
 */
#include "store/store_private.h"

#include "base/os/log.h"

#include <string.h>

enum { ALIVE_MS = 30 * 1000 }; /* a longer silence than this was sleep, or no Talon: it writes at least every 10 s */

static int64_t floor_to(int64_t at, int64_t step)
{
    return at - at % step;
}

/* The number of a name; 0: failure. */
static int64_t name_id(struct database *db, const char *name)
{
    sqlite3_stmt *statement = database_statement(db, SQL_NAME_ID);
    int64_t id;

    if (!statement)
        return 0;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    id = database_number(db, statement);
    if (id > 0 || !db->handle)
        return id > 0 ? id : 0;
    statement = database_statement(db, SQL_NAME_ADD);
    if (!statement)
        return 0;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    return database_do(db, statement) ? sqlite3_last_insert_rowid(db->handle) : 0;
}

/* Binds `n` numbers from parameter `first` on. */
static void bind_numbers(sqlite3_stmt *statement, int first, const int64_t *numbers, int n)
{
    for (int i = 0; i < n; i++)
        sqlite3_bind_int64(statement, first + i, numbers[i]);
}

static bool do_numbers(struct database *db, enum statement which, const int64_t *numbers, int n)
{
    sqlite3_stmt *statement = database_statement(db, which);

    if (statement)
        bind_numbers(statement, 1, numbers, n);
    return database_do(db, statement);
}

/* ---- runs: numbers are at, took in µs, status */

static bool write_run(struct database *db, const struct record *record)
{
    const int64_t at = record->numbers[0], took = record->numbers[1], status = record->numbers[2], name = name_id(db, record->texts[0]);
    sqlite3_stmt *last;

    if (name == 0 || !do_numbers(db, SQL_RUN, (int64_t[]){ name, at, status, took }, 4))
        return false;
    if (!record->texts[1])
        return true;
    last = database_statement(db, SQL_LAST_RUN);
    if (!last)
        return false;
    bind_numbers(last, 1, (int64_t[]){ name, status == STORE_RUN_OK, at }, 3);
    sqlite3_bind_text(last, 4, record->texts[1], -1, SQLITE_STATIC);
    return database_do(db, last);
}

/* Many at once, since that costs a tenth of each by itself. What a crash leaves is rolled up later: the mark is of the same transaction. */
bool records_roll_up(struct database *db)
{
    const bool alone = sqlite3_get_autocommit(db->handle) != 0;

    if (alone && !database_run(db, SQL_BEGIN))
        return false;
    if (database_run(db, SQL_HOURLY) && database_run(db, SQL_DAILY) && database_run(db, SQL_ROLLED_SET) && (!alone || database_run(db, SQL_COMMIT)))
        return true;
    if (alone)
        database_roll_back(db);
    return false;
}

/* ---- time */

static bool count_time(struct database *db, int64_t name, int64_t class, int64_t from, int64_t to)
{
    while (from < to) { /* an hour at a time: at most one here and there, since it is counted every few seconds */
        const int64_t hour = floor_to(from, HOUR_MS), end = hour + HOUR_MS < to ? hour + HOUR_MS : to;

        if (!do_numbers(db, SQL_UPTIME_HOURLY, (int64_t[]){ name, hour, class, end - from }, 4) ||
            !do_numbers(db, SQL_UPTIME_DAILY, (int64_t[]){ name, floor_to(from, DAY_MS), class, end - from }, 4))
            return false;
        from = end;
    }
    return true;
}

/* Until when what was going on at the last mark may be counted, if the present is `now`. */
static bool counted_until(struct database *db, int64_t now, int64_t *until)
{
    sqlite3_stmt *statement = database_statement(db, SQL_ALIVE);
    int64_t alive;

    if (!statement)
        return false;
    alive = database_number(db, statement);
    if (!db->handle)
        return false;
    *until = alive > 0 && (now < alive || now - alive > ALIVE_MS) ? alive : now;
    return true;
}

struct span {
    int64_t name, at, class;
};

static bool end_span(struct database *db, const struct span *span, int64_t until)
{
    return span->class == STORE_TIME_NOT || count_time(db, span->name, span->class, span->at, until);
}

/* A service turns. Numbers are at and class. */
static bool write_service(struct database *db, const struct record *record)
{
    const int64_t at = record->numbers[0], name = name_id(db, record->texts[0]);
    sqlite3_stmt *statement;
    struct span span;
    int64_t until;

    if (name == 0 || !counted_until(db, at, &until))
        return false;
    statement = database_statement(db, SQL_SPAN);
    if (!statement)
        return false;
    bind_numbers(statement, 1, &name, 1);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        span = (struct span){ name, sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1) };
        sqlite3_reset(statement);
        if (!end_span(db, &span, until))
            return false;
    }
    return do_numbers(db, SQL_SPAN_SET, (int64_t[]){ name, at, record->numbers[1] }, 3);
}

static bool count_all(struct database *db, int64_t now, int64_t until)
{
    sqlite3_stmt *statement = database_statement(db, SQL_SPANS);
    bool done = statement != NULL;
    int code = SQLITE_DONE;

    while (done && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct span span = { sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2) };

        done = end_span(db, &span, until);
    }
    if (!done)
        return false;
    if (code != SQLITE_DONE) {
        database_failed(db, "read");
        return false;
    }
    sqlite3_reset(statement);
    return do_numbers(db, SQL_SPAN_AT, &now, 1);
}

bool records_tick(struct database *db, int64_t wall)
{
    const int64_t now = MS_OF(wall);
    int64_t until;

    if (!database_run(db, SQL_BEGIN))
        return false;
    if (counted_until(db, now, &until) && count_all(db, now, until) && records_roll_up(db) && do_numbers(db, SQL_ALIVE_SET, &now, 1) && database_run(db, SQL_COMMIT))
        return true;
    database_roll_back(db);
    return false;
}

/* ---- the others: numbers first, then texts, in the order of the statement's parameters */

static bool write_plain(struct database *db, const struct record *record, enum statement which, int numbers, int texts)
{
    sqlite3_stmt *statement = database_statement(db, which);

    if (!statement)
        return false;
    bind_numbers(statement, 1, record->numbers, numbers);
    for (int i = 0; i < texts; i++)
        sqlite3_bind_text(statement, numbers + 1 + i, record->texts[i], -1, SQLITE_STATIC);
    return database_do(db, statement);
}

static bool write_keep(struct database *db, const struct record *record)
{
    sqlite3_stmt *statement = database_statement(db, SQL_KEEP);

    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, record->texts[0], -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, record->texts[1], -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 3, record->blob, record->n_blob, SQLITE_STATIC);
    return database_do(db, statement);
}

static bool write_line(struct database *db, const struct record *record)
{
    return write_plain(db, record, SQL_LINE, 2, 2) && do_numbers(db, SQL_LINES_TRIM, record->numbers, 1);
}

static bool write_one(struct database *db, const struct record *record)
{
    switch (record->kind) {
    case RECORD_RUN:
        return write_run(db, record);
    case RECORD_SERVICE:
        return write_service(db, record);
    case RECORD_KEEP:
        return write_keep(db, record);
    case RECORD_FORGET:
        return record->texts[1] ? write_plain(db, record, SQL_FORGET, 0, 2) : write_plain(db, record, SQL_FORGET_ALL, 0, 1);
    case RECORD_INCIDENT:
        return write_plain(db, record, SQL_INCIDENT, 3, 3);
    case RECORD_LOST:
        return do_numbers(db, SQL_LOST, record->numbers, 1);
    case RECORD_LINE:
        return write_line(db, record);
    case RECORD_AUDIT:
        return write_plain(db, record, SQL_AUDIT, 1, 4);
    case RECORD_INTENT:
        return write_plain(db, record, SQL_INTENT, 4, 3);
    case RECORD_INTENT_END:
        return write_plain(db, record, SQL_INTENT_END, 2, 1);
    }
    return true;
}

/* One that breaks a rule of the schema is a mistake of ours: it is said and left out, or it would hold up all others for ever. */
static bool write_or_leave_out(struct database *db, const struct record *record)
{
    if (write_one(db, record))
        return true;
    if (!db->handle || sqlite3_errcode(db->handle) != SQLITE_CONSTRAINT)
        return false;
    log_error("the store has refused a record, which is left out", "why", db->why, NULL);
    return true;
}

bool records_write(struct database *db, const struct record *first, int64_t wall)
{
    const int64_t now = MS_OF(wall);
    bool durable = false;

    for (const struct record *record = first; record; record = record->next)
        durable = durable || record->kind == RECORD_INTENT || record->kind == RECORD_INTENT_END ||
                  ((record->kind == RECORD_KEEP || record->kind == RECORD_FORGET) && record->numbers[0] == RECORD_SURE);
    if (!database_sync(db, durable) || !database_run(db, SQL_BEGIN))
        return false;
    for (const struct record *record = first; record; record = record->next)
        if (!write_or_leave_out(db, record))
            goto failed;
    if (do_numbers(db, SQL_ALIVE_SET, &now, 1) && database_run(db, SQL_COMMIT))
        return true;
failed:
    database_roll_back(db);
    return false;
}
