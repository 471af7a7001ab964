/*
 * The store's queue and thread: see store.h.
 *
 * The thread takes all that waits, writes it in one transaction, and only then lets go of it; what could not be written goes back to the front, so that order
 * holds and nothing is lost but by the queue's bound. Before it takes, it lets more come for STORE_GATHER, unless an intent or a question waits.
 */
#include "store/store_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS ((uint64_t)NS_PER_MS)
#define RETRY (1000 * MS)     /* a store that is down is tried again */
#define TICK (10000 * MS)     /* time is counted so often: records.c */
#define LONG_WRITE (1000 * MS)

enum { MOST_RECORDS = 65536, MOST_BYTES = 16 << 20, MOST_ASKS = 64, MOST_NEWS = 256, ANSWER_MAX = 4 << 20 };

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
    struct store_news news[MOST_NEWS];
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

/* ---- records */

static size_t size_of_text(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Of what is given, a copy in one block; NULL: no memory. */
static struct record *copy_of(const struct record *from)
{
    size_t size = sizeof *from + from->n_blob;
    struct record *record;
    char *to;

    for (size_t i = 0; i < RECORD_TEXTS; i++)
        size += size_of_text(from->texts[i]);
    record = malloc(size);
    if (!record)
        return NULL;
    *record = *from;
    record->bytes = size;
    to = (char *)(record + 1);
    for (size_t i = 0; i < RECORD_TEXTS; i++) {
        size_t n = size_of_text(from->texts[i]);

        if (n == 0)
            continue;
        record->texts[i] = memcpy(to, from->texts[i], n);
        to += n;
    }
    if (from->n_blob > 0)
        record->blob = memcpy(to, from->blob, from->n_blob);
    return record;
}

static void wake(const struct store *store)
{
    while (write(store->wake[1], "", 1) < 0 && errno == EINTR)
        continue;
}

static void append(struct queue *queue, struct record *record)
{
    record->next = NULL;
    *queue->end = record;
    queue->end = &record->next;
    queue->n++;
    queue->bytes += record->bytes;
}

static void free_queue(struct queue *queue)
{
    while (queue->first) {
        struct record *next = queue->first->next;

        free(queue->first);
        queue->first = next;
    }
    *queue = (struct queue){ .end = &queue->first };
}

/* History may fill half of the queue; what decides (state, incidents, audit, intents) has the rest as well. */
static bool has_room(const struct store *store, const struct record *record)
{
    const size_t share = record->kind == RECORD_RUN ? 2 : 1, n = store->waiting.n + store->n_written, bytes = store->waiting.bytes + store->bytes_written;

    return n < MOST_RECORDS / share && bytes + record->bytes <= MOST_BYTES / share;
}

/* Takes `record`, with the lock held. */
static bool enqueue(struct store *store, struct record *record, bool hurry)
{
    if (!record || !has_room(store, record)) {
        store->lost++;
        free(record);
        return false;
    }
    if (store->waiting.n == 0)
        store->oldest = clock_awake();
    append(&store->waiting, record);
    if (hurry)
        store->hurry = true;
    if (hurry || store->waiting.n == 1)
        wake(store);
    return true;
}

static bool put(struct store *store, const struct record *from, bool hurry)
{
    struct record *record = copy_of(from);
    bool done;

    if (!record)
        shortage_note();
    pthread_mutex_lock(&store->lock);
    done = enqueue(store, record, hurry);
    pthread_mutex_unlock(&store->lock);
    return done;
}

bool store_run(struct store *store, const struct store_run *run)
{
    return put(store, &(struct record){ .kind = RECORD_RUN, .numbers = { MS_OF(run->wall), (int64_t)(run->took / 1000), run->status }, .texts = { run->check, run->whole } }, false);
}

bool store_service(struct store *store, const char *service, int64_t wall, enum store_class class)
{
    return put(store, &(struct record){ .kind = RECORD_SERVICE, .numbers = { MS_OF(wall), class }, .texts = { service } }, false);
}

bool store_keep(struct store *store, const char *kind, const char *name, const void *bytes, size_t n)
{
    if (!bytes)
        return put(store, &(struct record){ .kind = RECORD_FORGET, .texts = { kind, name } }, false);
    return n <= STORE_KEPT && put(store, &(struct record){ .kind = RECORD_KEEP, .texts = { kind, name }, .blob = bytes, .n_blob = n }, false);
}

bool store_incident(struct store *store, const struct store_incident *incident)
{
    return put(store, &(struct record){ .kind = RECORD_INCIDENT, .numbers = { incident->id, MS_OF(incident->opened), MS_OF(incident->closed) },
                                        .texts = { incident->root, incident->state, incident->text } }, false);
}

bool store_line(struct store *store, int64_t incident, int64_t wall, const char *kind, const char *text)
{
    return put(store, &(struct record){ .kind = RECORD_LINE, .numbers = { incident, MS_OF(wall) }, .texts = { kind, text } }, false);
}

bool store_audit(struct store *store, int64_t wall, const char *who, const char *what, const char *target, const char *text)
{
    return put(store, &(struct record){ .kind = RECORD_AUDIT, .numbers = { MS_OF(wall) }, .texts = { who, what, target, text } }, false);
}

static bool up(const struct store *store)
{
    return store->was_up && !store->down && (store->since == 0 || clock_awake() - store->since < LONG_WRITE);
}

uint64_t store_intent(struct store *store, const struct store_intent *intent)
{
    struct record *record = copy_of(&(struct record){ .kind = RECORD_INTENT, .numbers = { 0, MS_OF(intent->wall), (int64_t)intent->boot, (int64_t)intent->elapsed },
                                                      .texts = { intent->runbook, intent->service, intent->text } });
    uint64_t number = 0;

    pthread_mutex_lock(&store->lock);
    if (record && up(store) && has_room(store, record)) {
        number = store->next_intent++;
        record->numbers[0] = (int64_t)number;
        enqueue(store, record, true);
    } else {
        free(record);
    }
    pthread_mutex_unlock(&store->lock);
    return number;
}

bool store_intent_ended(struct store *store, uint64_t intent, int64_t wall, const char *outcome)
{
    return put(store, &(struct record){ .kind = RECORD_INTENT_END, .numbers = { (int64_t)intent, MS_OF(wall) }, .texts = { outcome } }, true);
}

/* ---- news */

/* With the lock held. What does not fit is dropped: nothing but a core that stands still lets so much come together, and it is told of DOWN and UP again. */
static void tell(struct store *store, enum store_news_kind kind, uint64_t intent)
{
    if (store->n_news < MOST_NEWS)
        store->news[store->n_news++] = (struct store_news){ kind, intent };
}

struct store_news store_news(struct store *store)
{
    struct store_news first = { STORE_NOTHING, 0 };

    pthread_mutex_lock(&store->lock);
    if (store->n_news > 0) {
        first = store->news[0];
        store->n_news--;
        memmove(&store->news[0], &store->news[1], store->n_news * sizeof store->news[0]);
    }
    pthread_mutex_unlock(&store->lock);
    return first;
}

bool store_is_up(struct store *store)
{
    bool is;

    pthread_mutex_lock(&store->lock);
    is = up(store);
    pthread_mutex_unlock(&store->lock);
    return is;
}

bool store_trouble(struct store *store, char *text, size_t n)
{
    const uint64_t now = clock_awake();
    bool trouble = true;

    pthread_mutex_lock(&store->lock);
    if (store->down)
        snprintf(text, n, "the store is down: %s (%zu records wait, %llu were dropped)", store->why, store->waiting.n, (unsigned long long)store->lost);
    else if (store->since != 0 && now - store->since >= LONG_WRITE)
        snprintf(text, n, "the store has been writing for %llu s: its disk hangs, or is very slow", (unsigned long long)((now - store->since) / (1000 * MS)));
    else
        trouble = false;
    pthread_mutex_unlock(&store->lock);
    return trouble;
}

/* ---- the thread: writing */

/* Down or up again, with the lock held. */
static void turn(struct store *store, bool down)
{
    if (down)
        snprintf(store->why, sizeof store->why, "%s", store->db.why);
    if (down == store->down && store->was_up)
        return;
    if (down && !store->down) {
        log_warn("the store is down: what it is to keep waits in memory", "why", store->why, NULL);
        tell(store, STORE_DOWN, 0);
    } else if (!down && store->down) {
        log_info("the store is up again", "file", store->db.path, NULL);
        tell(store, STORE_UP, 0);
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
        tell(store, STORE_SET_ASIDE, 0);
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
            tell(store, STORE_DURABLE, (uint64_t)record->numbers[0]);
    free_queue(&taken);
    return true;
}

/* ---- the thread: answering */

static void answer_one(struct store *store, struct ask *ask)
{
    struct buffer text = buffer_make(ANSWER_MAX);
    char why[STORE_WHY] = "the answer is too long, or there is no memory for it";

    if (!database_ready(&store->db))
        snprintf(why, sizeof why, "%s", store->db.why);
    else if (question_answer(&store->db, &ask->ask, &text, why, sizeof why)) {
        ask->answered(ask->arg, buffer_string(&text), NULL);
        buffer_free(&text);
        return;
    }
    buffer_free(&text);
    ask->answered(ask->arg, NULL, why);
}

/* Those that wait now, taken before what waits is written: what was given before a question is in its answer. With the lock held. */
static struct ask *take_asks(struct store *store)
{
    struct ask *taken = store->asks;

    store->asks = NULL;
    store->asks_end = &store->asks;
    store->n_asks = 0;
    return taken;
}

/* With the lock held; gives it back meanwhile. */
static void answer_all(struct store *store, struct ask *asks)
{
    pthread_mutex_unlock(&store->lock);
    while (asks) {
        struct ask *ask = asks;

        asks = ask->next;
        answer_one(store, ask);
        free(ask);
    }
    pthread_mutex_lock(&store->lock);
}

bool store_ask(struct store *store, const struct store_ask *ask, store_answered *answered, void *arg)
{
    struct ask *copy = malloc(sizeof *copy);
    bool taken = false;

    if (!copy) {
        shortage_note();
        return false;
    }
    *copy = (struct ask){ .ask = *ask, .answered = answered, .arg = arg };
    if (ask->name) {
        snprintf(copy->name, sizeof copy->name, "%s", ask->name);
        copy->ask.name = copy->name;
    }
    pthread_mutex_lock(&store->lock);
    if (store->n_asks < MOST_ASKS && !store->ending) {
        *store->asks_end = copy;
        store->asks_end = &copy->next;
        store->n_asks++;
        taken = true;
        wake(store);
    }
    pthread_mutex_unlock(&store->lock);
    if (!taken)
        free(copy);
    return taken;
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
    poll(&end, 1, (int)(ns / MS) + 1);
    while (read(store->wake[0], bytes, sizeof bytes) > 0)
        continue;
    pthread_mutex_lock(&store->lock);
}

/* What waits is to be written now: it has gathered, or is in a hurry. */
static bool is_due(const struct store *store, uint64_t now)
{
    return store->waiting.n > 0 && (store->hurry || store->asks || now - store->oldest >= STORE_GATHER || store->waiting.n > MOST_RECORDS / 4);
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
    struct ask *asks = take_asks(store);

    if (store->waiting.n > 0 || tick || store->down) {
        if (!write_waiting(store, tick))
            worker->failed = clock_awake();
        else if (tick)
            worker->ticked = now;
    }
    if (!store->down && !store->ending && now - worker->trimmed >= TICK)
        trim(worker, now);
    answer_all(store, asks);
    stir(store);
}

static void *work(void *arg)
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
    answer_all(store, take_asks(store));
    pthread_mutex_unlock(&store->lock);
    database_close(&store->db);
    close(store->gone[1]);
    return NULL;
}

/* ---- one question, waited for */

struct waited {
    atomic_int users; /* the asker, and the store until it has answered */
    int done[2];
    bool answered;
    struct buffer text;
    char why[STORE_WHY];
};

static void drop(struct waited *waited)
{
    if (atomic_fetch_sub(&waited->users, 1) > 1)
        return;
    close(waited->done[0]);
    close(waited->done[1]);
    buffer_free(&waited->text);
    free(waited);
}

static void on_answer(void *arg, const char *text, const char *why)
{
    struct waited *waited = arg;

    waited->answered = text != NULL;
    if (text)
        buffer_text(&waited->text, text);
    else
        snprintf(waited->why, sizeof waited->why, "%s", why);
    while (write(waited->done[1], "", 1) < 0 && errno == EINTR)
        continue;
    drop(waited);
}

static bool take_answer(struct waited *waited, uint64_t ns, struct buffer *text, char *why, size_t why_size)
{
    struct pollfd done = { .fd = waited->done[0], .events = POLLIN };

    if (poll(&done, 1, (int)(ns / MS)) <= 0) {
        snprintf(why, why_size, "the store has not answered within %llu ms", (unsigned long long)(ns / MS));
        return false;
    }
    if (waited->answered)
        buffer_add(text, buffer_string(&waited->text), waited->text.len);
    else
        snprintf(why, why_size, "%s", waited->why);
    return waited->answered && !text->failed;
}

bool store_ask_now(struct store *store, const struct store_ask *ask, uint64_t ns, struct buffer *text, char *why, size_t why_size)
{
    struct waited *waited = calloc(1, sizeof *waited);
    bool done = false;

    if (!waited || pipe(waited->done) != 0) {
        snprintf(why, why_size, "%s", strerror(errno));
        free(waited);
        return false;
    }
    atomic_init(&waited->users, 2);
    waited->text = buffer_make(ANSWER_MAX);
    if (store_ask(store, ask, on_answer, waited))
        done = take_answer(waited, ns, text, why, why_size);
    else {
        snprintf(why, why_size, "too many questions wait for the store");
        drop(waited);
    }
    drop(waited);
    return done;
}

/* ---- life */

static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        ends[0] = ends[1] = -1;
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0)
            return false;
    return true;
}

static void close_end(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void free_store(struct store *store)
{
    free_queue(&store->waiting);
    close_end(store->wake[0]);
    close_end(store->wake[1]);
    close_end(store->gone[0]);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* Signals are the loop's. */
static int start_thread(struct store *store)
{
    sigset_t all, before;
    int code;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&store->thread, NULL, work, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

struct store *store_open(const struct store_options *options, char *why, size_t why_size)
{
    struct store *store = calloc(1, sizeof *store);
    int code = ENOMEM, n;

    if (!store) {
        snprintf(why, why_size, "there is no memory for the store");
        return NULL;
    }
    store->options = *options;
    store->options.folder = NULL;
    store->waiting.end = &store->waiting.first;
    store->asks_end = &store->asks;
    store->wake[0] = store->wake[1] = store->gone[0] = store->gone[1] = -1;
    pthread_mutex_init(&store->lock, NULL);
    n = snprintf(store->db.path, sizeof store->db.path, "%s/talon.db", options->folder);
    if (n >= (int)sizeof store->db.path)
        code = ENAMETOOLONG;
    else if (!open_pipe(store->wake) || !open_pipe(store->gone))
        code = errno;
    else
        code = start_thread(store);
    if (code == 0)
        return store;
    snprintf(why, why_size, "the store cannot be started: %s", strerror(code));
    close_end(store->gone[1]);
    free_store(store);
    return NULL;
}

void store_close(struct store *store, uint64_t ns)
{
    struct pollfd gone;

    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    store->ending = true;
    wake(store);
    pthread_mutex_unlock(&store->lock);
    gone = (struct pollfd){ .fd = store->gone[0], .events = POLLIN };
    if (poll(&gone, 1, (int)(ns / MS)) <= 0) {
        log_error("the store has not ended in time: what it has not written is lost", "file", store->db.path, NULL);
        pthread_detach(store->thread); /* and what it uses stays */
        return;
    }
    pthread_join(store->thread, NULL);
    if (store->waiting.n > 0)
        log_error("the store is down at the end: what waited for it is lost", "why", store->why, NULL);
    free_store(store);
}
