/* Where the daemon's loop meets its memory: when that is written, read and looked at. What is kept, and how, is core/memory. */
#include "daemon_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#define RECALL_TIME (500 * (uint64_t)NS_PER_MS) /* nothing is watched meanwhile */
#define CLOSE_TIME ((uint64_t)NS_PER_S)         /* for the store to write what waits */

/* In a moment, with what else changes until then. */
static void write_in(struct daemon *d, uint64_t ns)
{
    if (ns == UINT64_MAX || ev_is_active(&d->keep))
        return;
    ev_timer_set(&d->keep, (double)ns / 1e9, 0.);
    ev_timer_start(d->loop, &d->keep);
}

static void on_keep(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;
    struct moment now = clock_moment();

    (void)loop, (void)events;
    write_in(d, memory_write(d->memory, d->engine, &now));
}

/* On the loop, what the store's thread has to say: an intent that is durable is waited for. */
static void hear(struct daemon *d, const struct moment *now)
{
    struct store_news news;

    while ((news = memory_news(d->memory, now)).kind != STORE_NOTHING) {
        if (news.kind == STORE_WENT_DOWN || news.kind == STORE_CAME_UP)
            daemon_feed(d, &(struct engine_event){ .kind = news.kind == STORE_WENT_DOWN ? EVENT_STORE_DOWN : EVENT_STORE_UP });
        daemon_heal_news(d, now, &news);
        if (news.kind == STORE_CAME_UP || news.kind == STORE_SET_ASIDE)
            daemon_outbox_keep_all(d);
    }
}

static void on_stirred(struct ev_loop *loop, ev_async *async, int events)
{
    const struct moment now = clock_moment();

    (void)loop, (void)events;
    hear(async->data, &now);
}

/* By the store's thread. */
static void stir(void *arg)
{
    struct daemon *d = arg;

    ev_async_send(d->loop, &d->stirred);
}

void daemon_memory_begin(struct daemon *d)
{
    ev_async_init(&d->stirred, on_stirred);
    d->stirred.data = d;
    ev_async_start(d->loop, &d->stirred);
    ev_timer_init(&d->keep, on_keep, 0., 0.);
    d->keep.data = d;
}

void daemon_memory_open(struct daemon *d, const struct model_settings *settings)
{
    const struct store_options options = { .folder = state_folder(d->state), .raw = settings->history_raw, .hourly = settings->history_hourly,
                                           .daily = settings->history_daily, .max = settings->history_max, .stir = stir, .arg = d };
    const struct moment now = clock_moment();
    char why[512];

    d->store = store_open(&options, why, sizeof why);
    if (!d->store)
        log_error("there is no store: nothing is kept of what happens", "why", why, NULL);
    d->memory = memory_create(d->store);
    d->kept = memory_recall(d->memory, &now, RECALL_TIME);
    daemon_heal_recall(d, &now, RECALL_TIME);
    daemon_outbox_recall(d, &now, RECALL_TIME);
}

void daemon_memory_restore(struct daemon *d, const struct moment *now)
{
    const struct engine_event event = { .kind = EVENT_RESTORE, .of.kept = d->kept };

    if (d->kept && engine_event(d->engine, now, &event) == ENGINE_DONE)
        daemon_carry_out(d, now);
    engine_kept_free(d->kept);
    d->kept = NULL;
}

void daemon_memory_settle(struct daemon *d, const struct moment *now)
{
    write_in(d, memory_settle(d->memory, d->engine, now));
}

void daemon_memory_tick(struct daemon *d, const struct moment *now)
{
    hear(d, now);
    memory_look(d->memory, now, d->self.store, sizeof d->self.store);
    daemon_memory_settle(d, now);
}

void daemon_memory_end(struct daemon *d, const struct moment *now)
{
    memory_end(d->memory, d->engine, now);
    memory_free(d->memory);
    engine_kept_free(d->kept);
    store_close(d->store, CLOSE_TIME);
    if (d->loop)
        ev_async_stop(d->loop, &d->stirred);
}
