/* What is asked of the store: each question is one statement, which makes the JSON that answers it. Rows are bounded; times go out in ms since 1970. */
#include "store/store_private.h"

#include <stdio.h>

#define RECENT_MS (6 * HOUR_MS)
#define WEEK_MS (7 * DAY_MS)

enum { MOST_ROWS = 10000, USUAL_ROWS = 100 };

/* ?1 name, ?2 id, ?3 since, ?4 now, ?5 rows. A time in the future (the clock was set back) is shown as now. */
static const char *const questions[STORE_QUESTIONS] = {
    [STORE_ASK_KEPT] = "SELECT json_group_array(json_object('name', name, 'bytes', hex(bytes))) FROM"
                       " (SELECT name, bytes FROM kept WHERE kind = ?1 ORDER BY name LIMIT ?5 OFFSET ?2)",
    [STORE_ASK_INCIDENTS] =
        "SELECT json_group_array(json_object('id', id, 'opened', min(opened, ?4), 'closed', closed, 'root', root, 'state', state, 'text', json(text), 'lines',"
        " CASE WHEN ?2 = 0 THEN NULL ELSE (SELECT json_group_array(json_object('at', min(at, ?4), 'kind', kind, 'text', text)) FROM"
        "  (SELECT * FROM lines WHERE incident = id ORDER BY rowid)) END))"
        " FROM (SELECT * FROM incidents WHERE (?2 = 0 OR id = ?2) AND coalesce(closed, ?4) >= ?3 ORDER BY opened DESC, id DESC LIMIT ?5)",
    [STORE_ASK_LAST] =
        "SELECT json_object('ok', json((SELECT whole FROM last_runs WHERE ok = 1 AND name = n.id)), 'not_ok', json((SELECT whole FROM last_runs WHERE ok = 0 AND name = n.id)))"
        " FROM (SELECT (SELECT id FROM names WHERE name = ?1) AS id) n",
    [STORE_ASK_UPTIME] =
        "WITH windows (days) AS (VALUES (1), (7), (30), (90), (365)),"
        " counted AS (SELECT u.name AS name, days, class, sum(ms) AS ms FROM windows JOIN ("
        "  SELECT name, at, class, ms, 0 AS long FROM uptime_hourly UNION ALL SELECT name, at, class, ms, 1 FROM uptime_daily) u"
        "  ON u.long = (days > 90) AND u.at >= ?4 - days * 86400000 GROUP BY u.name, days, class)"
        " SELECT json_group_array(json(service)) FROM (SELECT json_object('service', n.name, 'windows', json_group_array(json(window))) AS service FROM"
        " (SELECT name, days, json_object('days', days, 'up', total(ms) FILTER (WHERE class = 0), 'down', total(ms) FILTER (WHERE class = 1),"
        "  'caused', total(ms) FILTER (WHERE class = 2), 'silenced', total(ms) FILTER (WHERE class = 3), 'unknown', total(ms) FILTER (WHERE class = 4)) AS window"
        "  FROM counted GROUP BY name, days ORDER BY days) w JOIN names n ON n.id = w.name WHERE ?1 IS NULL OR n.name = ?1 GROUP BY n.name ORDER BY n.name)",
    [STORE_ASK_AUDIT] =
        "SELECT json_group_array(json_object('at', min(at, ?4), 'who', who, 'what', what, 'target', target, 'text', text))"
        " FROM (SELECT * FROM audit WHERE at >= ?3 ORDER BY rowid DESC LIMIT ?5)",
    [STORE_ASK_INTENTS] =
        "SELECT json_group_array(json_object('id', id, 'at', at, 'boot', boot, 'elapsed', elapsed, 'runbook', runbook, 'service', service, 'text', json(text)))"
        " FROM (SELECT * FROM intents WHERE ended IS NULL ORDER BY id LIMIT ?5)",
    [STORE_ASK_LAST_INCIDENT] = "SELECT coalesce(max(id), 0) FROM incidents",
};

#define OF_CHECK " WHERE name = (SELECT id FROM names WHERE name = ?1) AND at >= ?3 ORDER BY at DESC LIMIT ?5)"
#define ROLLED_UP \
    "json_group_array(json_object('at', min(at, ?4), 'ok', ok, 'warn', warn, 'bad', bad, 'unknown', unknown, 'took', took_sum / 1000.0 / (ok + warn + bad + unknown)," \
    " 'took_least', took_least / 1000.0, 'took_most', took_most / 1000.0))"

static const char history_runs[] = "SELECT json_object('each', 'run', 'rows', json(rows)) FROM (SELECT json_group_array(json_object('at', min(at, ?4), 'status',"
                                   " json_extract('[\"ok\",\"warn\",\"bad\",\"unknown\"]', '$[' || status || ']'), 'took', took / 1000.0)) AS rows"
                                   " FROM (SELECT * FROM runs" OF_CHECK ")";
static const char history_hours[] = "SELECT json_object('each', 'hour', 'rows', json(rows)) FROM (SELECT " ROLLED_UP " AS rows FROM (SELECT * FROM hourly" OF_CHECK ")";
static const char history_days[] = "SELECT json_object('each', 'day', 'rows', json(rows)) FROM (SELECT " ROLLED_UP " AS rows FROM (SELECT * FROM daily" OF_CHECK ")";

static const char *sql_of(const struct store_ask *ask)
{
    int64_t ms = MS_OF(ask->now - ask->since);

    if (ask->question != STORE_ASK_HISTORY)
        return questions[ask->question];
    return ms <= RECENT_MS ? history_runs : ms <= WEEK_MS ? history_hours : history_days;
}

/* -1: all. */
static int rows_of(const struct store_ask *ask)
{
    if (ask->most == 0 && ask->question == STORE_ASK_KEPT)
        return -1;
    if (ask->most == 0)
        return USUAL_ROWS;
    return ask->most < MOST_ROWS ? (int)ask->most : MOST_ROWS;
}

/* Hours and days are to hold the latest runs as well. On a disk that may only be read they do not: what is there is the answer. */
static void bring_up_to_date(struct database *db, const struct store_ask *ask)
{
    if (ask->question == STORE_ASK_HISTORY)
        records_roll_up(db);
}

static bool answer(struct database *db, const struct store_ask *ask, struct buffer *text, char *why, size_t why_size)
{
    sqlite3_stmt *statement = NULL;
    bool done = sqlite3_prepare_v2(db->handle, sql_of(ask), -1, &statement, NULL) == SQLITE_OK;

    if (done) {
        sqlite3_bind_text(statement, 1, ask->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, ask->id);
        sqlite3_bind_int64(statement, 3, MS_OF(ask->since));
        sqlite3_bind_int64(statement, 4, MS_OF(ask->now));
        sqlite3_bind_int64(statement, 5, rows_of(ask));
        done = sqlite3_step(statement) == SQLITE_ROW;
    }
    if (done)
        buffer_add(text, sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    else {
        snprintf(why, why_size, "%s", sqlite3_errmsg(db->handle));
        database_failed(db, "read");
    }
    sqlite3_finalize(statement);
    return done && !text->failed;
}

bool question_answer(struct database *db, const struct store_ask *ask, struct buffer *text, char *why, size_t why_size)
{
    bring_up_to_date(db, ask);
    if (db->handle)
        return answer(db, ask, text, why, why_size);
    snprintf(why, why_size, "%s", db->why);
    return false;
}
