/* What the parts of the store share: store.c (queue and thread), database.c (the file), records.c (what is written), trim.c, questions.c. */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "store/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define MS_OF(wall) ((wall) / 1000000)
#define HOUR_MS (3600 * (int64_t)1000)
#define DAY_MS (24 * HOUR_MS)

/* ---- the file */

enum { STORE_SCHEMA = 1, STORE_WHY = 1400 };

enum statement {
    SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK,
    SQL_NAME_ADD, SQL_NAME_ID,
    SQL_RUN, SQL_HOURLY, SQL_DAILY, SQL_LAST_RUN,
    SQL_SPAN, SQL_SPAN_SET, SQL_SPANS, SQL_SPAN_AT, SQL_UPTIME_HOURLY, SQL_UPTIME_DAILY,
    SQL_KEEP, SQL_FORGET, SQL_INCIDENT, SQL_LINE, SQL_LINES_TRIM, SQL_AUDIT, SQL_INTENT, SQL_INTENT_END, SQL_ALIVE, SQL_ALIVE_SET,
    SQL_TRIM_RUNS, SQL_TRIM_HOURLY, SQL_TRIM_DAILY, SQL_TRIM_UPTIME_HOURLY, SQL_TRIM_UPTIME_DAILY, SQL_TRIM_INCIDENTS, SQL_TRIM_LINES, SQL_TRIM_AUDIT,
    SQL_TRIM_INTENTS, SQL_OLDEST_RUNS, SQL_OLDEST_HOURLY, SQL_OLDEST_DAILY, SQL_VACUUM,
    SQL_STATEMENTS
};

struct database {
    char path[1024];
    sqlite3 *handle; /* NULL: not open */
    sqlite3_stmt *statements[SQL_STATEMENTS];
    dev_t device;
    ino_t inode;     /* of the file that is open: another one in its place is opened anew */
    bool full_sync;
    bool set_aside;  /* one was, since this was last looked at */
    char why[STORE_WHY];
};

/* Opens it, or makes it, or sets it aside and makes a new one. False: why. Does nothing where it is open and still the file of that name. */
bool database_ready(struct database *db);
void database_close(struct database *db);
/* What the last failure of the handle means, as a sentence in db->why. A file that is no database any more is closed and set aside. */
void database_failed(struct database *db, const char *doing);
/* Ready to be bound; NULL: why. */
sqlite3_stmt *database_statement(struct database *db, enum statement which);
/* Steps a statement without rows to its end. */
bool database_do(struct database *db, sqlite3_stmt *statement);
/* A statement without parameters. */
bool database_run(struct database *db, enum statement which);
/* The one number that it answers; -1: none, or a failure. */
int64_t database_number(struct database *db, sqlite3_stmt *statement);
/* Full sync for what was promised to be on disk, none for history. */
bool database_sync(struct database *db, bool full);

/* ---- what is written */

enum record_kind { RECORD_RUN, RECORD_SERVICE, RECORD_KEEP, RECORD_FORGET, RECORD_INCIDENT, RECORD_LINE, RECORD_AUDIT, RECORD_INTENT, RECORD_INTENT_END };

enum { RECORD_TEXTS = 4, RECORD_NUMBERS = 4 };

/* One write, in one block of memory. */
struct record {
    struct record *next;
    enum record_kind kind;
    size_t bytes; /* of the block */
    int64_t numbers[RECORD_NUMBERS];
    const char *texts[RECORD_TEXTS];
    const void *blob;
    size_t n_blob;
};

/* All of them in one transaction. False: none is written, db->why. */
bool records_write(struct database *db, const struct record *first, int64_t wall);
/* Time has passed: what each service is at counts until now. */
bool records_tick(struct database *db, int64_t wall);

/* ---- what goes */

/* Drops what is older than its bounds, some rows at a time. True: there is more to drop. */
bool trim_some(struct database *db, const struct store_options *bounds, int64_t wall);

/* ---- what is asked */

/* False: why. */
bool question_answer(struct database *db, const struct store_ask *ask, struct buffer *text, char *why, size_t why_size);

#endif
