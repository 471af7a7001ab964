/* What the parts of the store share: store.c (life and news), give.c (the queue), work.c (the thread), ask.c, database.c (the file), records.c (what is written), trim.c,
 * questions.c. */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "store/store.h"

#include "base/moment.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

#define MS_OF(wall) ((wall) / 1000000)
#define HOUR_MS (3600 * (int64_t)1000)
#define DAY_MS (24 * HOUR_MS)

/* ---- the file */

enum { STORE_SCHEMA = 2, STORE_WHY = 1400 };

enum statement {
    SQL_BEGIN, SQL_COMMIT,
    SQL_NAME_ADD, SQL_NAME_ID,
    SQL_RUN, SQL_HOURLY, SQL_DAILY, SQL_ROLLED_SET, SQL_LAST_RUN,
    SQL_SPAN, SQL_SPAN_SET, SQL_SPANS, SQL_SPAN_AT, SQL_UPTIME_HOURLY, SQL_UPTIME_DAILY,
    SQL_KEEP, SQL_FORGET, SQL_FORGET_ALL, SQL_INCIDENT, SQL_LOST, SQL_LINE, SQL_LINES_TRIM, SQL_AUDIT, SQL_INTENT, SQL_INTENT_END, SQL_ALIVE, SQL_ALIVE_SET,
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
/* The same for questions alone: it may be one that cannot be written. */
bool database_readable(struct database *db);
void database_close(struct database *db);
/* What the last failure of the handle means, as a sentence in db->why. A file that is no database any more is closed and set aside. */
void database_failed(struct database *db, const char *doing);
/* Ready to be bound; NULL: why. */
sqlite3_stmt *database_statement(struct database *db, enum statement which);
/* Steps a statement without rows to its end. */
bool database_do(struct database *db, sqlite3_stmt *statement);
/* A statement without parameters. */
bool database_run(struct database *db, enum statement which);
/* Undoes what was begun, where the database is still open. What failed has said why already. */
void database_roll_back(struct database *db);
/* The one number that it answers; -1: none, or a failure. */
int64_t database_number(struct database *db, sqlite3_stmt *statement);
/* Full sync for what was promised to be on disk, none for history. */
bool database_sync(struct database *db, bool full);

/* ---- what is written */

enum record_kind { RECORD_RUN, RECORD_SERVICE, RECORD_KEEP, RECORD_FORGET, RECORD_INCIDENT, RECORD_LOST, RECORD_LINE, RECORD_AUDIT, RECORD_INTENT, RECORD_INTENT_END };

enum { RECORD_TEXTS = 4, RECORD_NUMBERS = 4, RECORD_SURE = 1 }; /* SURE: the first number of what is kept with full sync */

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
/* Time has passed: what each service is at counts until now, and runs are rolled up. */
bool records_tick(struct database *db, int64_t wall);
/* Rolls up the runs that are not yet. Within a transaction, or as one of its own. */
bool records_roll_up(struct database *db);

/* ---- what goes */

/* Drops what is older than its bounds, some rows at a time. True: there is more to drop. */
bool trim_some(struct database *db, const struct store_options *bounds, int64_t wall);

/* ---- what is asked */

/* False: why. */
bool question_answer(struct database *db, const struct store_ask *ask, struct buffer *text, char *why, size_t why_size);

/* ---- the store */

#define STORE_MS ((uint64_t)NS_PER_MS)
#define STORE_LONG_WRITE (1000 * STORE_MS)

enum { STORE_MOST_RECORDS = 65536, STORE_MOST_BYTES = 16 << 20, STORE_MOST_ASKS = 64, STORE_MOST_NEWS = 256, STORE_ANSWER_MAX = 4 << 20 };

struct ask {
    struct ask *next;
    struct store_ask ask;
    char name[256];
    store_answered *answered;
    void *arg;
};

struct queue {
    struct record *first, **end;
    size_t n, bytes;
};

struct store {
    struct store_options options; /* its folder is in db.path */
    pthread_t thread;
    pthread_mutex_t lock;         /* of all below, but for db, which is the thread's */
    int wake[2];                  /* a byte: something waits. A pipe and no condition, whose waits follow the calendar's clock */
    int gone[2];                  /* its end: the thread has ended */
    struct queue waiting;
    size_t n_written, bytes_written; /* of what is being written, which comes back when that fails */
    struct ask *asks, **asks_end;
    size_t n_asks;
    struct store_news news[STORE_MOST_NEWS];
    size_t n_news;
    uint64_t lost;                /* records that were dropped */
    uint64_t next_intent;         /* 0: not known before the database was read */
    uint64_t since;               /* awake; a write has been under way since; 0: none */
    uint64_t oldest;              /* awake; when the first that waits came */
    bool hurry;                   /* something waits that shall not wait for more */
    bool down, was_up, ending;
    char why[STORE_WHY];          /* it is down */
    struct database db;
};

/* Wakes the thread. */
void store_wake(const struct store *store);
void store_free_queue(struct queue *queue);
/* With the lock held. */
bool store_up(const struct store *store);
/* With the lock held. What does not fit is dropped: nothing but a core that stands still lets so much come together, and it is told of DOWN and UP again. */
void store_tell(struct store *store, enum store_news_kind kind, uint64_t intent);
/* The thread: until the store is ending and nothing waits. */
void *store_work(void *arg);
/* All that wait; the store has none then. With the lock held. */
struct ask *store_take_asks(struct store *store);
/* Answers and frees them. With the lock held; gives it back meanwhile. */
void store_answer(struct store *store, struct ask *asks);

#endif
