/* See daemon_outbox.h. */
#include "daemon_private.h"

#include "action.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kind[] = "outbox";

enum { PAGE = 200, NAMES = OUTBOX_CHANNELS };

/* ---- what is kept */

static void keep(struct daemon *d)
{
    struct outbox_row row;

    while (outbox_row(d->mail.outbox, &row))
        if (d->store && !store_keep_sure(d->store, kind, row.name, row.n > 0 ? row.bytes : NULL, row.n))
            log_warn("a message for people could not be given to the store: it may be lost, or sent twice, if Talon ends now", "row", row.name, NULL);
}

void daemon_outbox_keep_all(struct daemon *d)
{
    outbox_keep_all(d->mail.outbox);
    keep(d);
}

/* Two digits of hex each, as the store writes them. */
static size_t unhex(const char *hex, unsigned char bytes[OUTBOX_ROW])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (; hex[0] && hex[1] && n < OUTBOX_ROW; hex += 2) {
        const char *high = strchr(digits, hex[0]), *low = strchr(digits, hex[1]);

        if (!high || !low)
            return 0;
        bytes[n++] = (unsigned char)((high - digits) << 4 | (low - digits));
    }
    return hex[0] ? 0 : n;
}

static int take_rows(struct daemon *d, const struct moment *now, const char *text, size_t n)
{
    cJSON *rows = cJSON_ParseWithLength(text, n);
    const cJSON *row;
    int taken = cJSON_GetArraySize(rows);

    cJSON_ArrayForEach(row, rows)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "name"));
        const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "bytes"));
        unsigned char bytes[OUTBOX_ROW];

        if (!name || !hex || !outbox_restore(d->mail.outbox, now, name, bytes, unhex(hex, bytes)))
            log_warn("a message that was kept cannot be read and is left out", "row", name ? name : "?", NULL);
    }
    cJSON_Delete(rows);
    return taken;
}

void daemon_outbox_recall(struct daemon *d, const struct moment *now, uint64_t ns)
{
    const uint64_t until = clock_awake() + ns;
    int from = 0, taken = PAGE;
    char why[512];

    while (d->store && taken == PAGE) {
        const struct store_ask question = { .question = STORE_ASK_KEPT, .name = kind, .id = from, .most = PAGE };
        const uint64_t at = clock_awake();
        struct buffer text = buffer_make(0);

        if (!store_ask_now(d->store, &question, at < until ? until - at : 0, &text, why, sizeof why)) {
            log_warn("messages that an earlier Talon could not send cannot be read", "why", why, NULL);
            taken = 0;
        } else {
            taken = take_rows(d, now, buffer_string(&text), text.len);
        }
        from += taken;
        buffer_free(&text);
    }
}

/* ---- what is said */

/* Of one trouble: its incident, or what is told of Talon by itself. 0: nothing ever ends it. */
static uint64_t key_of(const struct engine_effect *effect)
{
    if (effect->of.notify.incident > 0)
        return effect->of.notify.incident;
    return effect->of.notify.notice == NOTICE_STORM || effect->of.notify.notice == NOTICE_OBSERVER ? UINT64_MAX - (uint64_t)effect->of.notify.notice : 0;
}

/* A service may have what is said of it raised or lowered by one step; an SOS and its end are pages whatever is said. */
static enum outbox_level level_of(const struct model_service *service, enum engine_level level)
{
    static const enum outbox_level same[] = { [LEVEL_DIGEST] = OUTBOX_DIGEST, [LEVEL_MESSAGE] = OUTBOX_MESSAGE, [LEVEL_PAGE] = OUTBOX_PAGE };

    if (!service || level == LEVEL_PAGE || service->urgency == MODEL_NOTICE_AS_IS)
        return same[level];
    if (service->urgency == MODEL_NOTICE_RAISE)
        return level == LEVEL_DIGEST ? OUTBOX_MESSAGE : OUTBOX_PAGE;
    return OUTBOX_DIGEST;
}

void daemon_outbox_notice(struct daemon *d, const struct moment *now, const struct engine_effect *effect)
{
    const struct model *model = engine_model(d->engine);
    const struct model_service *service = effect->of.notify.service < model->n_services ? &model->services[effect->of.notify.service] : NULL;
    struct outbox_say say = { .level = level_of(service, effect->of.notify.level), .over = effect->of.notify.over, .key = key_of(effect), .incident = effect->of.notify.incident,
                              .subject = service ? service->title : NULL, .text = effect->of.notify.text, .except = d->mail.except };
    const char *names[NAMES];

    for (size_t i = 0; service && i < service->n_channels && say.n_channels < NAMES; i++)
        names[say.n_channels++] = model->settings.notify.channels[service->channels[i]].name;
    say.channels = names;
    if (!outbox_say(d->mail.outbox, now, &say))
        log_error("a message for people was lost: there is no room for it", "text", effect->of.notify.text, NULL);
    keep(d);
    ev_feed_event(d->loop, &d->mail.soon, EV_TIMER);
}

/* ---- what is heard */

static void say_broken(struct daemon *d, const struct moment *now, const struct outbox_news *news)
{
    const bool over = news->kind == OUTBOX_MENDED;
    char why[OUTBOX_NAME + OUTBOX_WHY + 64];
    struct engine_event event = { .kind = EVENT_SELF, .of.self = { .trouble = SELF_CHANNEL_BROKEN, .over = over, .why = why } };
    struct outbox_say also = { .level = OUTBOX_MESSAGE, .over = over, .text = why, .except = news->channel };

    (over ? log_info : log_error)(over ? "a channel for messages works again" : "a channel for messages is broken", "channel", news->channel, "why", news->why, NULL);
    d->mail.except = news->channel;
    if (news->others) { /* the engine knows that one is broken, and not which */
        snprintf(why, sizeof why, over ? "the channel %s works again, others are broken still%s" : "another channel for messages is broken: %s: %s", news->channel, news->why);
        outbox_say(d->mail.outbox, now, &also);
    } else {
        snprintf(why, sizeof why, over ? "%s%s" : "%s: %s", over ? "" : news->channel, news->why);
        daemon_feed(d, &event);
    }
    d->mail.except = NULL;
}

static void hear(struct daemon *d, const struct moment *now)
{
    struct outbox_news news;

    while ((news = outbox_news(d->mail.outbox)).kind != OUTBOX_NOTHING) {
        const struct heal_event delivered = { .kind = HEAL_DELIVERED, .of.delivered = { .incident = news.incident, .all_clear = news.over } };

        if (news.kind == OUTBOX_DELIVERED)
            daemon_heal_tell(d, now, &delivered);
        else
            say_broken(d, now, &news);
    }
}

/* ---- what is sent */

static void on_sent(void *arg, struct action *action, struct result *result, bool died)
{
    const struct moment now = clock_moment();
    struct sending *sending = arg;
    struct daemon *d = sending->d;
    uint64_t wait;
    const enum outbox_outcome outcome = outbox_outcome_of(result, died, &wait);
    const char *why = result ? result->summary : "its plugin host has died";

    (void)action;
    sending->action = NULL;
    saying_free(&sending->saying);
    if (outcome == OUTBOX_SENT)
        log_info("people were told", "channel", sending->name, NULL);
    else
        log_warn("a message was not sent", "channel", sending->name, "why", why, NULL);
    outbox_ended(d->mail.outbox, &now, sending->channel, outcome, wait, why);
    daemon_outbox_turn(d, &now);
}

static const struct model_channel *channel_of(const struct daemon *d, const char *name)
{
    const struct model_notify *notify = &d->mail.model->settings.notify;

    for (size_t i = 0; i < notify->n_channels; i++)
        if (strcmp(notify->channels[i].name, name) == 0)
            return &notify->channels[i];
    return NULL;
}

static void send(struct daemon *d, const struct moment *now, const struct outbox_letter *letter)
{
    const struct model_channel *channel = channel_of(d, letter->name);

    if (!channel || !outbox_send(d, &d->mail.sending[letter->channel], channel, letter, on_sent, &d->mail.sending[letter->channel]))
        outbox_ended(d->mail.outbox, now, letter->channel, OUTBOX_FAILED, 0, "there is no memory to send it");
}

void daemon_outbox_turn(struct daemon *d, const struct moment *now)
{
    struct outbox_letter letter;

    hear(d, now);
    while (d->mail.model && outbox_next(d->mail.outbox, now, &letter)) {
        keep(d);
        send(d, now, &letter);
    }
    keep(d);
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
    const struct moment now = clock_moment();

    (void)loop, (void)events;
    daemon_outbox_turn(timer->data, &now);
}

/* ---- life */

bool daemon_outbox_create(struct daemon *d)
{
    ev_timer_init(&d->mail.soon, on_soon, 0., 0.);
    d->mail.soon.data = d;
    d->mail.outbox = outbox_create();
    return d->mail.outbox != NULL;
}

static void stop(struct sending *sending)
{
    action_cancel(sending->action);
    sending->action = NULL;
    saying_free(&sending->saying);
}

void daemon_outbox_end(struct daemon *d)
{
    outbox_asked_end(d);
    daemon_heartbeat_end(d);
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++)
        stop(&d->mail.sending[i]); /* the next process finds it under way, and does not know */
    outbox_free(d->mail.outbox);
    model_drop(d->mail.model);
    d->mail = (struct daemon_outbox){ .outbox = NULL };
}

void daemon_outbox_model(struct daemon *d, const struct model *model, const struct moment *now)
{
    const struct model_notify *notify = &model->settings.notify;
    const struct model *old = d->mail.model;
    struct outbox_channel channels[OUTBOX_CHANNELS];
    struct outbox_settings settings = { .channels = channels, .messages = notify->messages, .window = notify->messages_window, .digest = notify->digest,
                                        .zone = notify->zone, .expire = notify->expire };

    for (; settings.n_channels < notify->n_channels && settings.n_channels < OUTBOX_CHANNELS; settings.n_channels++) {
        const struct model_channel *channel = &notify->channels[settings.n_channels];

        channels[settings.n_channels] = (struct outbox_channel){ .name = channel->name, .fingerprint = channel->fingerprint, .normal = channel->normal, .sos = channel->sos };
    }
    d->mail.model = model_keep(model);
    outbox_set(d->mail.outbox, now, &settings);
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++)
        if (d->mail.sending[i].action && !channel_of(d, d->mail.sending[i].name))
            stop(&d->mail.sending[i]);
    model_drop(old);
    ev_feed_event(d->loop, &d->mail.soon, EV_TIMER);
}
