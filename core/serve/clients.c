/*
 * The connections of the endpoint: see clients.h.
 *
 * Each has one word: how many requests it has finished, and what the present one is at. The serving thread alone writes it, without a lock or a clock, since
 * that happens several times in each request; the looking thread compares it with what it saw before and takes the time of its look as the time of the change.
 * The one thing that the library does not tell is a request's first byte: the system's count of received bytes does, against those of whole requests.
 */
#include "serve/clients.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "serve/serve_system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRESH (100 * (uint64_t)NS_PER_MS) /* so young, a silent client may just have come with a request on its way */
#define DRAIN_LOOK_MS 5

enum stage { WAITING, READING, ANSWERING, STAGES = 4 };

struct client_watch {
    struct client client;
    struct client_watch *next, *previous; /* among those in, oldest first; next: among the free ones */
    int fd;
    bool shut;                            /* shut down by us: on its way out */
    atomic_uint_least64_t word;           /* requests finished * STAGES + stage */
    atomic_uint_least64_t consumed;       /* bytes of the finished requests */
    uint64_t seen;                        /* the word at the last look */
    uint64_t at;                          /* awake; when what it is at began */
    bool begun;                           /* WAITING, and the first byte is in */
};

struct clients {
    struct clients_bounds bounds;
    pthread_mutex_t lock;                 /* of all below and of what the watches hold, but for the atomics */
    struct client_watch *first, *last, *free;
    struct client_watch *all;             /* the array of which they are made; of it, so many have ever been in */
    size_t used, places;
    unsigned n;                           /* in and not shut */
    bool ending;
    pthread_t thread;
    int wake[2];                          /* a byte: the first client is in, or the end has come */
};

static enum stage stage_of(uint64_t word)
{
    return (enum stage)(word % STAGES);
}

static void send_away(struct clients *clients, struct client_watch *watch)
{
    if (watch->shut)
        return;
    watch->shut = true;
    clients->n--;
    shutdown(watch->fd, SHUT_RDWR);
}

/* ---- a crowd */

/* Since when it is at what it is at; a change that no look has seen yet is new. */
static uint64_t began(const struct client_watch *watch, uint64_t now)
{
    return atomic_load_explicit(&watch->word, memory_order_relaxed) == watch->seen ? watch->at : now;
}

/* The one that has waited longest, of those that do nothing (or of all), but for the newcomer. */
static struct client_watch *oldest(const struct clients *clients, const struct client_watch *newcomer, bool idle, uint64_t now)
{
    struct client_watch *found = NULL;

    for (struct client_watch *watch = clients->first; watch; watch = watch->next) {
        if (watch->shut || watch == newcomer)
            continue;
        if (idle && (stage_of(atomic_load_explicit(&watch->word, memory_order_relaxed)) != WAITING || watch->begun))
            continue;
        if (!found || began(watch, now) < began(found, now))
            found = watch;
    }
    return found;
}

static bool send_idle_away(struct clients *clients, const struct client_watch *newcomer, uint64_t now)
{
    struct client_watch *watch = oldest(clients, newcomer, true, now);

    if (!watch || now < began(watch, now) + FRESH) /* a sum: the look may have asked the clock after the newcomer did */
        return false;
    send_away(clients, watch);
    return true;
}

static void make_room(struct clients *clients, const struct client_watch *newcomer, uint64_t now)
{
    struct client_watch *watch;

    if (clients->n <= clients->bounds.crowd || send_idle_away(clients, newcomer, now) || clients->n <= clients->bounds.most)
        return;
    watch = oldest(clients, newcomer, false, now);
    if (watch)
        send_away(clients, watch);
}

/* ---- looking */

/* Brings a watch up to date: what it is at, and since when. */
static void look_at(struct client_watch *watch, uint64_t now)
{
    uint64_t word = atomic_load_explicit(&watch->word, memory_order_acquire), received;

    if (word != watch->seen) {
        bool same_request = word / STAGES == watch->seen / STAGES && stage_of(word) == READING && watch->begun;

        watch->seen = word;
        if (!same_request) /* else its time has run since the first byte */
            watch->at = now;
        watch->begun = false;
    }
    if (stage_of(word) != WAITING || watch->begun)
        return;
    if (serve_received(watch->fd, &received) && received <= atomic_load_explicit(&watch->consumed, memory_order_relaxed))
        return;
    watch->begun = true; /* also where the system cannot tell: the shorter time */
    watch->at = now;
}

/* Has the other side closed without the library having seen it? With epoll's edges it misses an end that comes together with a request. Only asked when a look
 * before has found the client as it is now, so that no request is on its way through the library. */
static bool has_ended(const struct client_watch *watch)
{
    char byte;

    return stage_of(watch->seen) == WAITING && watch->begun && recv(watch->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static uint64_t time_for(const struct clients *clients, const struct client_watch *watch)
{
    if (stage_of(watch->seen) == ANSWERING)
        return clients->bounds.answer;
    if (stage_of(watch->seen) == READING || watch->begun)
        return clients->bounds.whole;
    return watch->seen == WAITING ? clients->bounds.first_byte : clients->bounds.idle;
}

static void look(struct clients *clients, uint64_t now)
{
    for (struct client_watch *watch = clients->first; watch; watch = watch->next) {
        if (watch->shut)
            continue;
        look_at(watch, now);
        if (now >= watch->at + time_for(clients, watch) || (now > watch->at && has_ended(watch)))
            send_away(clients, watch);
    }
    while (clients->n > clients->bounds.crowd && send_idle_away(clients, NULL, now))
        continue;
}

static void drain_wake(const struct clients *clients)
{
    char bytes[16];

    while (read(clients->wake[0], bytes, sizeof bytes) > 0)
        continue;
}

static void *look_always(void *arg)
{
    struct clients *clients = arg;
    struct pollfd wake = { .fd = clients->wake[0], .events = POLLIN };
    bool ending = false, any = false;

    while (!ending) {
        poll(&wake, 1, any ? (int)(clients->bounds.look / NS_PER_MS) : -1);
        drain_wake(clients);
        pthread_mutex_lock(&clients->lock);
        look(clients, clock_awake());
        ending = clients->ending;
        any = clients->first != NULL;
        pthread_mutex_unlock(&clients->lock);
    }
    return NULL;
}

static void wake(const struct clients *clients)
{
    while (write(clients->wake[1], "", 1) < 0 && errno == EINTR)
        continue;
}

/* ---- coming and going */

static struct client_watch *take_place(struct clients *clients)
{
    struct client_watch *watch = clients->free;

    if (watch)
        clients->free = watch->next;
    else if (clients->used < clients->places)
        watch = &clients->all[clients->used++];
    return watch;
}

struct client *clients_enter(struct clients *clients, int fd)
{
    uint64_t now = clock_awake();
    struct client_watch *watch;
    bool was_empty;

    pthread_mutex_lock(&clients->lock);
    watch = take_place(clients);
    was_empty = clients->first == NULL;
    if (watch) {
        *watch = (struct client_watch){ .client.watch = watch, .previous = clients->last, .fd = fd, .at = now };
        if (clients->last)
            clients->last->next = watch;
        else
            clients->first = watch;
        clients->last = watch;
        clients->n++;
        make_room(clients, watch, now);
    }
    pthread_mutex_unlock(&clients->lock);
    if (was_empty)
        wake(clients);
    return watch ? &watch->client : NULL;
}

void clients_leave(struct clients *clients, struct client *client)
{
    struct client_watch *watch = client->watch;

    pthread_mutex_lock(&clients->lock);
    if (!watch->shut)
        clients->n--;
    if (watch->previous)
        watch->previous->next = watch->next;
    else
        clients->first = watch->next;
    if (watch->next)
        watch->next->previous = watch->previous;
    else
        clients->last = watch->previous;
    watch->next = clients->free;
    clients->free = watch;
    pthread_mutex_unlock(&clients->lock);
}

static void turn_to(struct client_watch *watch, uint64_t requests, enum stage stage)
{
    atomic_store_explicit(&watch->word, requests * STAGES + stage, memory_order_release);
}

static uint64_t requests_of(const struct client_watch *watch)
{
    return atomic_load_explicit(&watch->word, memory_order_relaxed) / STAGES;
}

void client_reading(struct client *client)
{
    turn_to(client->watch, requests_of(client->watch), READING);
}

void client_answering(struct client *client)
{
    turn_to(client->watch, requests_of(client->watch), ANSWERING);
}

void client_answered(struct client *client, uint64_t bytes)
{
    struct client_watch *watch = client->watch;

    atomic_store_explicit(&watch->consumed, atomic_load_explicit(&watch->consumed, memory_order_relaxed) + bytes, memory_order_relaxed);
    turn_to(watch, requests_of(watch) + 1, WAITING);
}

/* ---- the end */

/* Sends the idle ones away; how many are being answered? */
static unsigned drain_once(struct clients *clients)
{
    unsigned busy = 0;

    pthread_mutex_lock(&clients->lock);
    for (struct client_watch *watch = clients->first; watch; watch = watch->next) {
        if (stage_of(atomic_load_explicit(&watch->word, memory_order_relaxed)) == WAITING)
            send_away(clients, watch);
        else if (!watch->shut)
            busy++;
    }
    pthread_mutex_unlock(&clients->lock);
    return busy;
}

void clients_drain(struct clients *clients, uint64_t ns)
{
    uint64_t until = clock_awake() + ns;

    while (drain_once(clients) > 0 && clock_awake() < until)
        poll(NULL, 0, DRAIN_LOOK_MS);
}

/* ---- life */

static bool open_wake(struct clients *clients)
{
    if (pipe(clients->wake) != 0) {
        clients->wake[0] = clients->wake[1] = -1;
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(clients->wake[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(clients->wake[i], F_SETFL, O_NONBLOCK) != 0)
            return false;
    return true;
}

static void free_all(struct clients *clients)
{
    for (int i = 0; i < 2; i++)
        if (clients->wake[i] >= 0)
            close(clients->wake[i]);
    pthread_mutex_destroy(&clients->lock);
    free(clients->all);
    free(clients);
}

struct clients *clients_create(const struct clients_bounds *bounds)
{
    struct clients *clients = calloc(1, sizeof *clients);

    if (!clients)
        return NULL;
    clients->bounds = *bounds;
    clients->places = (size_t)bounds->most + CLIENTS_SPARE;
    clients->wake[0] = clients->wake[1] = -1;
    pthread_mutex_init(&clients->lock, NULL);
    clients->all = calloc(clients->places, sizeof *clients->all); /* memory that no client ever needed is never touched */
    if (!clients->all || !open_wake(clients) || pthread_create(&clients->thread, NULL, look_always, clients) != 0) {
        free_all(clients);
        return NULL;
    }
    return clients;
}

void clients_free(struct clients *clients)
{
    if (!clients)
        return;
    pthread_mutex_lock(&clients->lock);
    clients->ending = true;
    pthread_mutex_unlock(&clients->lock);
    wake(clients);
    pthread_join(clients->thread, NULL);
    free_all(clients);
}
