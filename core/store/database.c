/*
 * The file of the store: opening, its schema, statements, and what a failure means. Used by the store's thread alone.
 *
 * A schema of a later version is refused and left as it is: an older Talon that writes into it would harm what the newer one knows. Earlier ones are brought
 * up to date, a version at a time, each in one transaction with its number (PRAGMA user_version).
 */
#include "store/store_private.h"

#include "base/os/log.h"
#include "store/aside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 250 };

/* How version n becomes n + 1. */
static const char *const versions[STORE_SCHEMA] = {
    "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    /* single runs; times in ms since 1970, `took` in µs */
    "CREATE TABLE runs (at INTEGER NOT NULL, name INTEGER NOT NULL, status INTEGER NOT NULL, took INTEGER NOT NULL);"
    "CREATE INDEX runs_of ON runs (name, at);"
    /* rolled up: `at` is the begin of the hour or the day (UTC) */
    "CREATE TABLE hourly (name INTEGER NOT NULL, at INTEGER NOT NULL, ok INTEGER, warn INTEGER, bad INTEGER, unknown INTEGER, took_sum INTEGER, took_least INTEGER,"
    " took_most INTEGER, PRIMARY KEY (name, at)) WITHOUT ROWID;"
    "CREATE TABLE daily (name INTEGER NOT NULL, at INTEGER NOT NULL, ok INTEGER, warn INTEGER, bad INTEGER, unknown INTEGER, took_sum INTEGER, took_least INTEGER,"
    " took_most INTEGER, PRIMARY KEY (name, at)) WITHOUT ROWID;"
    "CREATE TABLE last_runs (name INTEGER NOT NULL, ok INTEGER NOT NULL, at INTEGER NOT NULL, whole TEXT NOT NULL, PRIMARY KEY (name, ok)) WITHOUT ROWID;"
    /* what a service's time counts as, since when; what it has counted for, by class */
    "CREATE TABLE spans (name INTEGER PRIMARY KEY, at INTEGER NOT NULL, class INTEGER NOT NULL);"
    "CREATE TABLE uptime_hourly (name INTEGER NOT NULL, at INTEGER NOT NULL, class INTEGER NOT NULL, ms INTEGER NOT NULL, PRIMARY KEY (name, at, class)) WITHOUT ROWID;"
    "CREATE TABLE uptime_daily (name INTEGER NOT NULL, at INTEGER NOT NULL, class INTEGER NOT NULL, ms INTEGER NOT NULL, PRIMARY KEY (name, at, class)) WITHOUT ROWID;"
    "CREATE TABLE kept (kind TEXT NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;"
    "CREATE TABLE incidents (id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, closed INTEGER, root TEXT NOT NULL, state TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE TABLE lines (incident INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX lines_of ON lines (incident);"
    "CREATE TABLE audit (at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, target TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE TABLE intents (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, boot INTEGER NOT NULL, elapsed INTEGER NOT NULL, runbook TEXT NOT NULL, service TEXT NOT NULL,"
    " text TEXT NOT NULL, ended INTEGER, outcome TEXT);"
    "CREATE TABLE alive (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);",
    /* until which row of runs (a rowid) hourly and daily hold them; version 1 rolled up each run as it was written */
    "CREATE TABLE rolled (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL); INSERT INTO rolled SELECT 1, coalesce(max(rowid), 0) FROM runs;",
};

static const char *const texts[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_NAME_ADD] = "INSERT OR IGNORE INTO names (name) VALUES (?1)",
    [SQL_NAME_ID] = "SELECT id FROM names WHERE name = ?1",
    [SQL_RUN] = "INSERT INTO runs (name, at, status, took) VALUES (?1, ?2, ?3, ?4)",
#define ROLL_UP(table, step) \
    "INSERT INTO " table " SELECT name, at - at % " step " AS begun, sum(status = 0), sum(status = 1), sum(status = 2), sum(status = 3), sum(took), min(took), max(took)" \
    " FROM runs WHERE rowid > (SELECT upto FROM rolled) GROUP BY name, begun ON CONFLICT (name, at) DO UPDATE SET ok = ok + excluded.ok," \
    " warn = warn + excluded.warn, bad = bad + excluded.bad, unknown = unknown + excluded.unknown, took_sum = took_sum + excluded.took_sum," \
    " took_least = min(took_least, excluded.took_least), took_most = max(took_most, excluded.took_most)"
    [SQL_HOURLY] = ROLL_UP("hourly", "3600000"),
    [SQL_DAILY] = ROLL_UP("daily", "86400000"),
    [SQL_ROLLED_SET] = "UPDATE rolled SET upto = (SELECT coalesce(max(rowid), 0) FROM runs)",
    [SQL_LAST_RUN] = "INSERT OR REPLACE INTO last_runs VALUES (?1, ?2, ?3, ?4)",
    [SQL_SPAN] = "SELECT at, class FROM spans WHERE name = ?1",
    [SQL_SPAN_SET] = "INSERT OR REPLACE INTO spans VALUES (?1, ?2, ?3)",
    [SQL_SPANS] = "SELECT name, at, class FROM spans",
    [SQL_SPAN_AT] = "UPDATE spans SET at = ?1",
    [SQL_UPTIME_HOURLY] = "INSERT INTO uptime_hourly VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET ms = ms + excluded.ms",
    [SQL_UPTIME_DAILY] = "INSERT INTO uptime_daily VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET ms = ms + excluded.ms",
    [SQL_KEEP] = "INSERT OR REPLACE INTO kept VALUES (?1, ?2, ?3)",
    [SQL_FORGET] = "DELETE FROM kept WHERE kind = ?1 AND name = ?2",
    [SQL_FORGET_ALL] = "DELETE FROM kept WHERE kind = ?1",
    [SQL_INCIDENT] = "INSERT OR REPLACE INTO incidents VALUES (?1, ?2, nullif(?3, 0), ?4, ?5, ?6)",
    [SQL_LOST] = "UPDATE incidents SET state = 'lost', closed = max(?1, opened), text = json_set(text, '$.state', 'lost', '$.closed_unix', max(?1, opened) / 1000)"
                 " WHERE closed IS NULL"
                 " AND id NOT IN (SELECT name + 0 FROM kept WHERE kind = 'incident')",
    [SQL_LINE] = "INSERT INTO lines VALUES (?1, ?2, ?3, ?4)",
    [SQL_LINES_TRIM] = "DELETE FROM lines WHERE incident = ?1 AND rowid <= (SELECT rowid FROM lines WHERE incident = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET 1000)",
    [SQL_AUDIT] = "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_INTENT] = "INSERT INTO intents (id, at, boot, elapsed, runbook, service, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_INTENT_END] = "UPDATE intents SET ended = ?2, outcome = ?3 WHERE id = ?1",
    [SQL_ALIVE] = "SELECT at FROM alive",
    [SQL_ALIVE_SET] = "INSERT OR REPLACE INTO alive VALUES (1, ?1)",
    [SQL_TRIM_RUNS] = "DELETE FROM runs WHERE rowid IN (SELECT rowid FROM runs WHERE at < ?1 ORDER BY rowid LIMIT 2000)",
    [SQL_TRIM_HOURLY] = "DELETE FROM hourly WHERE at < ?1",
    [SQL_TRIM_DAILY] = "DELETE FROM daily WHERE at < ?1",
    [SQL_TRIM_UPTIME_HOURLY] = "DELETE FROM uptime_hourly WHERE at < ?1",
    [SQL_TRIM_UPTIME_DAILY] = "DELETE FROM uptime_daily WHERE at < ?1",
    [SQL_TRIM_INCIDENTS] = "DELETE FROM incidents WHERE closed < ?1",
    [SQL_TRIM_LINES] = "DELETE FROM lines WHERE incident NOT IN (SELECT id FROM incidents)",
    [SQL_TRIM_AUDIT] = "DELETE FROM audit WHERE at < ?1",
    [SQL_TRIM_INTENTS] = "DELETE FROM intents WHERE ended < ?1",
    [SQL_OLDEST_RUNS] = "DELETE FROM runs WHERE rowid IN (SELECT rowid FROM runs ORDER BY rowid LIMIT 2000)",
    [SQL_OLDEST_HOURLY] = "DELETE FROM hourly WHERE at = (SELECT min(at) FROM hourly)",
    [SQL_OLDEST_DAILY] = "DELETE FROM daily WHERE at = (SELECT min(at) FROM daily)",
    [SQL_VACUUM] = "PRAGMA incremental_vacuum(500)",
};

/* ---- failures */

static void set_aside(struct database *db)
{
    char folder[sizeof db->path];
    const char *const files[] = { "talon.db", "talon.db-wal", "talon.db-shm" };
    char *end;

    if (db->handle) /* or closing would write what the log holds over what is to be kept as it is */
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    database_close(db);
    snprintf(folder, sizeof folder, "%s", db->path);
    end = strrchr(folder, '/');
    *end = '\0';
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[sizeof db->path + sizeof "-wal"];

        snprintf(path, sizeof path, "%s%s", db->path, files[i] + strlen(files[0]));
        if (access(path, F_OK) == 0 && aside_set(folder, files[i]) && i == 0)
            db->set_aside = true;
    }
}

void database_failed(struct database *db, const char *doing)
{
    int code = sqlite3_errcode(db->handle), system = sqlite3_system_errno(db->handle);
    const char *said = sqlite3_errmsg(db->handle);

    switch (code & 0xff) {
    case SQLITE_FULL:
        said = "the disk is full";
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        said = "another program has it locked";
        break;
    case SQLITE_READONLY:
        said = "it may only be read";
        break;
    default:
        if (system != 0)
            said = strerror(system);
    }
    snprintf(db->why, sizeof db->why, "%s cannot be %s: %s", db->path, doing, said);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        set_aside(db);
}

/* ---- statements */

sqlite3_stmt *database_statement(struct database *db, enum statement which)
{
    sqlite3_stmt **statement = &db->statements[which];

    if (*statement) {
        sqlite3_reset(*statement);
        sqlite3_clear_bindings(*statement);
        return *statement;
    }
    if (sqlite3_prepare_v3(db->handle, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK)
        return *statement;
    database_failed(db, "read");
    return NULL;
}

bool database_do(struct database *db, sqlite3_stmt *statement)
{
    int code;

    if (!statement)
        return false;
    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW);
    if (code != SQLITE_DONE) {
        database_failed(db, "written");
        return false;
    }
    sqlite3_reset(statement);
    return true;
}

bool database_run(struct database *db, enum statement which)
{
    return database_do(db, database_statement(db, which));
}

void database_roll_back(struct database *db)
{
    if (db->handle)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int64_t database_number(struct database *db, sqlite3_stmt *statement)
{
    int64_t number = -1;
    int code;

    if (!statement)
        return -1;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_DONE) {
        database_failed(db, "read");
        return -1;
    }
    sqlite3_reset(statement);
    return number;
}

/* ---- opening */

static bool execute(struct database *db, const char *sql, const char *doing)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    database_failed(db, doing);
    return false;
}

static int64_t pragma(struct database *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK) {
        database_failed(db, "read");
        return -1;
    }
    number = database_number(db, statement);
    sqlite3_finalize(statement);
    return number;
}

bool database_sync(struct database *db, bool full)
{
    if (db->full_sync == full)
        return true;
    if (!execute(db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", "written"))
        return false;
    db->full_sync = full;
    return true;
}

static bool bring_up_to_date(struct database *db, int64_t version)
{
    char number[64];

    if (version > STORE_SCHEMA) {
        snprintf(db->why, sizeof db->why, "%s was written by a newer Talon (schema %lld, this one knows %d): it is left as it is; run the newer Talon, or move the file away",
                 db->path, (long long)version, STORE_SCHEMA);
        return false;
    }
    for (; version < STORE_SCHEMA; version++) {
        snprintf(number, sizeof number, "PRAGMA user_version=%lld; COMMIT", (long long)version + 1);
        if (!execute(db, "BEGIN IMMEDIATE", "written") || !execute(db, versions[version], "written") || !execute(db, number, "written"))
            return false;
    }
    return true;
}

/* A newer file is refused before anything of ours touches it. */
static bool set_up(struct database *db)
{
    int64_t version = pragma(db, "PRAGMA user_version");

    if (version < 0)
        return false;
    if (version > STORE_SCHEMA)
        return bring_up_to_date(db, version);
    if (version == 0 && !execute(db, "PRAGMA auto_vacuum=INCREMENTAL", "written"))
        return false;
    return execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=500; PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-512", "written") &&
           bring_up_to_date(db, version);
}

/* False also where the check itself fails, which then has said so. */
static bool is_sound(struct database *db)
{
    sqlite3_stmt *statement = NULL;
    bool sound = sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;

    if (!sound)
        database_failed(db, "read");
    else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0) {
        sqlite3_finalize(statement);
        set_aside(db);
        return false;
    }
    sqlite3_finalize(statement);
    return sound;
}

static bool remember_file(struct database *db)
{
    struct stat st;

    if (stat(db->path, &st) != 0)
        return false;
    db->device = st.st_dev;
    db->inode = st.st_ino;
    return true;
}

static bool open_once(struct database *db)
{
    int code = sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    db->full_sync = false;
    if (code != SQLITE_OK || sqlite3_busy_timeout(db->handle, BUSY_MS) != SQLITE_OK) {
        database_failed(db, "opened");
        database_close(db);
        return false;
    }
    if (set_up(db) && is_sound(db) && remember_file(db))
        return true;
    database_close(db);
    return false;
}

static bool is_same_file(const struct database *db)
{
    struct stat st;

    return stat(db->path, &st) == 0 && st.st_dev == db->device && st.st_ino == db->inode;
}

/* Its first bytes: a file that was overwritten where it is shows only when pages are read that are in no cache. Asked through SQLite, because to close another
 * descriptor of the file would drop its locks. */
static bool begins_well(struct database *db)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof magic];
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods)
        return true;
    if (file->pMethods->xRead(file, head, sizeof head, 0) != SQLITE_OK)
        return false;
    return memcmp(head, magic, sizeof magic) == 0;
}

/* Is the open one still the file of its name, and a database? Closed otherwise. */
static bool is_right(struct database *db)
{
    if (db->handle && !is_same_file(db)) {
        log_warn("the store's file is not the one that was open any more: it is opened anew", "file", db->path, NULL);
        database_close(db);
    }
    if (db->handle && !begins_well(db)) {
        snprintf(db->why, sizeof db->why, "%s has been overwritten", db->path);
        set_aside(db);
    }
    return db->handle != NULL;
}

static bool open_it(struct database *db)
{
    return open_once(db) || (db->set_aside && !db->handle && open_once(db));
}

/* SQLite opens what may only be read for reading, and that handle stays so when the cause has gone. */
static bool is_only_read(const struct database *db)
{
    return sqlite3_db_readonly(db->handle, "main") == 1;
}

bool database_readable(struct database *db)
{
    return is_right(db) || open_it(db);
}

bool database_ready(struct database *db)
{
    if (is_right(db) && is_only_read(db))
        database_close(db);
    if (!db->handle && !open_it(db))
        return false;
    if (!is_only_read(db))
        return true;
    snprintf(db->why, sizeof db->why, "%s cannot be written: it may only be read", db->path);
    return false;
}
void database_close(struct database *db)
{
    for (size_t i = 0; i < SQL_STATEMENTS; i++) {
        sqlite3_finalize(db->statements[i]);
        db->statements[i] = NULL;
    }
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
}
