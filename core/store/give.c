/* What is given to the store: each record in one block of memory, in a queue that is bounded and gives history up first. Called by the loop's thread. */
#include "store/store_private.h"

#include "base/os/clock.h"
#include "base/shortage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void store_wake(const struct store *store)
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

void store_free_queue(struct queue *queue)
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

    return n < STORE_MOST_RECORDS / share && bytes + record->bytes <= STORE_MOST_BYTES / share;
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
        store_wake(store);
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

bool store_keep_sure(struct store *store, const char *kind, const char *name, const void *bytes, size_t n)
{
    if (!bytes)
        return put(store, &(struct record){ .kind = RECORD_FORGET, .numbers = { RECORD_SURE }, .texts = { kind, name } }, true);
    return n <= STORE_KEPT && put(store, &(struct record){ .kind = RECORD_KEEP, .numbers = { RECORD_SURE }, .texts = { kind, name }, .blob = bytes, .n_blob = n }, true);
}

bool store_incident(struct store *store, const struct store_incident *incident)
{
    return put(store, &(struct record){ .kind = RECORD_INCIDENT, .numbers = { incident->id, MS_OF(incident->opened), MS_OF(incident->closed) },
                                        .texts = { incident->root, incident->state, incident->text } }, false);
}

bool store_incidents_lost(struct store *store, int64_t wall)
{
    return put(store, &(struct record){ .kind = RECORD_LOST, .numbers = { MS_OF(wall) } }, false);
}

bool store_line(struct store *store, int64_t incident, int64_t wall, const char *kind, const char *text)
{
    return put(store, &(struct record){ .kind = RECORD_LINE, .numbers = { incident, MS_OF(wall) }, .texts = { kind, text } }, false);
}

bool store_audit(struct store *store, int64_t wall, const char *who, const char *what, const char *target, const char *text)
{
    return put(store, &(struct record){ .kind = RECORD_AUDIT, .numbers = { MS_OF(wall) }, .texts = { who, what, target, text } }, false);
}

bool store_up(const struct store *store)
{
    return store->was_up && !store->down && (store->since == 0 || clock_awake() - store->since < STORE_LONG_WRITE);
}

uint64_t store_intent(struct store *store, const struct store_intent *intent)
{
    struct record *record = copy_of(&(struct record){ .kind = RECORD_INTENT, .numbers = { 0, MS_OF(intent->wall), (int64_t)intent->boot, (int64_t)intent->elapsed },
                                                      .texts = { intent->runbook, intent->service, intent->text } });
    uint64_t number = 0;

    pthread_mutex_lock(&store->lock);
    if (record && store_up(store) && has_room(store, record)) {
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

void store_hurry(struct store *store)
{
    pthread_mutex_lock(&store->lock);
    if (store->waiting.n > 0) {
        store->hurry = true;
        store_wake(store);
    }
    pthread_mutex_unlock(&store->lock);
}
