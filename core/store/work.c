/*
 * The store's thread: it takes all that waits, writes it in one transaction, and only then lets go of it; what could not be written goes back to the front, so
 * that order holds and nothing is lost but by the queue's bound. Before it takes, it lets more come for STORE_GATHER, unless an intent or a question waits.
 */
#include "store/store_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define RETRY (1000 * STORE_MS) /* a store that is down is tried again */
#define TICK (10000 * STORE_MS) /* time is counted so often: records.c */

/* ---- writing */

/* Down or up again, with the lock held. */
static void turn(struct store *store, bool down)
{
    if (down)
        snprintf(store->why, sizeof store->why, "%s", store->db.why);
    if (down == store->down && store->was_up)
        return;
    if (down && !store->down) {
        log_warn("the store is down: what it is to keep waits in memory", "why", store->why, NULL);
        store_tell(store, STORE_WENT_DOWN, 0);
    } else if (!down && store->down) {
        log_info("the store is up again", "file", store->db.path, NULL);
        store_tell(store, STORE_CAME_UP, 0);
    }
    store->was_up = store->was_up || !down;
    store->down = down;
}

/* The number of the next intent, once it is known what was given before. */
static uint64_t first_intent(struct database *db)
{
    sqlite3_stmt *statement = NULL;
    int64_t most = -1;

    if (sqlite3_prepare_v2(db->handle, "SELECT coalesce(max(id), 0) FROM intents", -1, &statement, NULL) == SQLITE_OK)
        most = database_number(db, statement);
    sqlite3_finalize(statement);
    return most < 0 ? 0 : (uint64_t)most + 1;
}

static bool ready(struct store *store)
{
    uint64_t next = 0;
    bool is = database_ready(&store->db);

    if (is && store->next_intent == 0) {
        next = first_intent(&store->db);
        is = next != 0;
    }
    pthread_mutex_lock(&store->lock);
    if (next != 0)
        store->next_intent = next;
    if (store->db.set_aside)
        store_tell(store, STORE_SET_ASIDE, 0);
    store->db.set_aside = false;
    pthread_mutex_unlock(&store->lock);
    return is;
}

static void put_back(struct store *store, struct queue *taken)
{
    if (!taken->first)
        return;
    *taken->end = store->waiting.first;
    if (!store->waiting.first)
        store->waiting.end = taken->end;
    store->waiting.first = taken->first;
    store->waiting.n += taken->n;
    store->waiting.bytes += taken->bytes;
}

/* With the lock held; gives it back while it writes. False: it failed. */
static bool write_waiting(struct store *store, bool tick)
{
    struct queue taken = store->waiting;
    bool done;

    store->waiting = (struct queue){ .end = &store->waiting.first };
    store->n_written = taken.n;
    store->bytes_written = taken.bytes;
    store->hurry = false;
    store->since = clock_awake();
    pthread_mutex_unlock(&store->lock);
    done = ready(store) && (!taken.first || records_write(&store->db, taken.first, clock_moment().wall)) &&
           (!tick || records_tick(&store->db, clock_moment().wall));
    pthread_mutex_lock(&store->lock);
    store->since = 0;
    store->n_written = store->bytes_written = 0;
    turn(store, !done);
    if (!done) {
        put_back(store, &taken);
        return false;
    }
    for (const struct record *record = taken.first; record; record = record->next)
        if (record->kind == RECORD_INTENT)
            store_tell(store, STORE_DURABLE, (uint64_t)record->numbers[0]);
    store_free_queue(&taken);
    return true;
}
/* ---- the thread */

struct worker {
    struct store *store;
    uint64_t failed, ticked, trimmed; /* awake */
};

/* Gives the lock back until something waits, for at most ns. */
static void wait_for(struct store *store, uint64_t ns)
{
    struct pollfd end = { .fd = store->wake[0], .events = POLLIN };
    char bytes[64];

    pthread_mutex_unlock(&store->lock);
    poll(&end, 1, (int)(ns / STORE_MS) + 1);
    while (read(store->wake[0], bytes, sizeof bytes) > 0)
        continue;
    pthread_mutex_lock(&store->lock);
}

/* What waits is to be written now: it has gathered, or is in a hurry. */
static bool is_due(const struct store *store, uint64_t now)
{
    return store->waiting.n > 0 && (store->hurry || store->asks || now - store->oldest >= STORE_GATHER || store->waiting.n > STORE_MOST_RECORDS / 4);
}

/* Until what comes next; 0: now. */
static uint64_t rest(const struct worker *worker, uint64_t now)
{
    const struct store *store = worker->store;

    if (store->asks || store->ending)
        return 0;
    if (store->down)
        return now - worker->failed >= RETRY ? 0 : RETRY - (now - worker->failed);
    if (is_due(store, now) || now - worker->ticked >= TICK)
        return 0;
    return store->waiting.n > 0 ? STORE_GATHER - (now - store->oldest) : TICK - (now - worker->ticked);
}

/* With the lock held; gives it back meanwhile. */
static void trim(struct worker *worker, uint64_t now)
{
    struct store *store = worker->store;
    bool more;

    pthread_mutex_unlock(&store->lock);
    more = trim_some(&store->db, &store->options, clock_moment().wall);
    pthread_mutex_lock(&store->lock);
    if (!more)
        worker->trimmed = now;
}

static void stir(struct store *store)
{
    if (store->n_news == 0 || !store->options.stir)
        return;
    pthread_mutex_unlock(&store->lock);
    store->options.stir(store->options.arg);
    pthread_mutex_lock(&store->lock);
}

static void work_once(struct worker *worker)
{
    struct store *store = worker->store;
    const uint64_t now = clock_awake();
    const bool tick = now - worker->ticked >= TICK;
    struct ask *asks = store_take_asks(store);

    if (store->waiting.n > 0 || tick || store->down) {
        if (!write_waiting(store, tick))
            worker->failed = clock_awake();
        else if (tick)
            worker->ticked = now;
    }
    if (!store->down && !store->ending && now - worker->trimmed >= TICK)
        trim(worker, now);
    store_answer(store, asks);
    stir(store);
}

void *store_work(void *arg)
{
    struct store *store = arg;
    struct worker worker = { .store = store, .ticked = clock_awake() - TICK };
    uint64_t ns;

    worker.trimmed = worker.ticked;
    pthread_mutex_lock(&store->lock);
    do {
        ns = rest(&worker, clock_awake());
        if (ns > 0)
            wait_for(store, ns);
        else
            work_once(&worker);
    } while (!store->ending || (store->waiting.n > 0 && !store->down));
    store_answer(store, store_take_asks(store));
    pthread_mutex_unlock(&store->lock);
    database_close(&store->db);
    close(store->gone[1]);
    return NULL;
}
