/* The store's life, and how it is: see store.h. */
#include "store/store_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- news */

void store_tell(struct store *store, enum store_news_kind kind, uint64_t intent)
{
    if (store->n_news < STORE_MOST_NEWS)
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
    is = store_up(store);
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
    else if (store->since != 0 && now - store->since >= STORE_LONG_WRITE)
        snprintf(text, n, "the store has been writing for %llu s: its disk hangs, or is very slow", (unsigned long long)((now - store->since) / (1000 * STORE_MS)));
    else
        trouble = false;
    pthread_mutex_unlock(&store->lock);
    return trouble;
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
    store_free_queue(&store->waiting);
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
    code = pthread_create(&store->thread, NULL, store_work, store);
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
    store_wake(store);
    pthread_mutex_unlock(&store->lock);
    gone = (struct pollfd){ .fd = store->gone[0], .events = POLLIN };
    if (poll(&gone, 1, (int)(ns / STORE_MS)) <= 0) {
        log_error("the store has not ended in time: what it has not written is lost", "file", store->db.path, NULL);
        pthread_detach(store->thread); /* and what it uses stays */
        return;
    }
    pthread_join(store->thread, NULL);
    if (store->waiting.n > 0)
        log_error("the store is down at the end: what waited for it is lost", "why", store->why, NULL);
    free_store(store);
}
