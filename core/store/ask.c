/* Questions: what is asked waits in the thread's order, after what was given before it. */
#include "store/store_private.h"

#include "base/shortage.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- by the thread */

static void answer_one(struct store *store, struct ask *ask)
{
    struct buffer text = buffer_make(STORE_ANSWER_MAX);
    char why[STORE_WHY] = "the answer is too long, or there is no memory for it";

    if (!database_readable(&store->db))
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
struct ask *store_take_asks(struct store *store)
{
    struct ask *taken = store->asks;

    store->asks = NULL;
    store->asks_end = &store->asks;
    store->n_asks = 0;
    return taken;
}

/* With the lock held; gives it back meanwhile. */
void store_answer(struct store *store, struct ask *asks)
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
    if (store->n_asks < STORE_MOST_ASKS && !store->ending) {
        *store->asks_end = copy;
        store->asks_end = &copy->next;
        store->n_asks++;
        taken = true;
        store_wake(store);
    }
    pthread_mutex_unlock(&store->lock);
    if (!taken)
        free(copy);
    return taken;
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
    char byte;

    if (poll(&done, 1, (int)(ns / STORE_MS)) <= 0 || read(waited->done[0], &byte, 1) != 1) {
        snprintf(why, why_size, "the store has not answered within %llu ms", (unsigned long long)(ns / STORE_MS));
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
    waited->text = buffer_make(STORE_ANSWER_MAX);
    if (store_ask(store, ask, on_answer, waited))
        done = take_answer(waited, ns, text, why, why_size);
    else {
        snprintf(why, why_size, "too many questions wait for the store");
        drop(waited);
    }
    drop(waited);
    return done;
}
