/* The requests that wait for the loop: see asks.h. */
#include "control/asks.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void asks_begin(struct asks *asks, void (*wake)(void *waiter))
{
    memset(asks, 0, sizeof *asks);
    pthread_mutex_init(&asks->lock, NULL);
    asks->wake = wake;
}

/* Its place is free. */
static void release(struct control_ask *ask)
{
    buffer_free(&ask->body);
    buffer_free(&ask->answer);
    *ask = (struct control_ask){ .asks = ask->asks };
}

void asks_end(struct asks *asks)
{
    for (size_t i = 0; i < CONTROL_ASKS; i++)
        release(&asks->places[i]);
    pthread_mutex_destroy(&asks->lock);
}

/* ---- answers */

void asks_write_refusal(struct buffer *out, const char *error, const char *message)
{
    buffer_text(out, "{\"ok\":false,\"error\":");
    text_json(out, error, strlen(error));
    buffer_text(out, ",\"message\":");
    text_json(out, message, strlen(message));
    buffer_text(out, "}\n");
}

/* With the lock held, as all below. Takes the bytes. */
static void set_answer(struct control_ask *ask, unsigned status, struct buffer *body)
{
    ask->answered = true;
    ask->status = status;
    ask->answer = *body;
    *body = buffer_make(0);
    ask->asks->wake(ask->waiter);
}

static void let_go(struct control_ask *ask)
{
    if (!ask->held && !ask->waited)
        release(ask);
}

void control_answer(struct control_ask *ask, unsigned status, struct buffer *body)
{
    struct asks *asks = ask->asks;

    pthread_mutex_lock(&asks->lock);
    ask->held = false;
    if (ask->waited && !ask->answered)
        set_answer(ask, status, body);
    let_go(ask);
    pthread_mutex_unlock(&asks->lock);
    buffer_free(body);
}

void control_refuse(struct control_ask *ask, unsigned status, const char *error, const char *message)
{
    struct buffer body = buffer_make(0);

    asks_write_refusal(&body, error, message);
    control_answer(ask, status, &body);
}

const char *control_name(const struct control_ask *ask)
{
    return ask->name;
}

const char *control_user(const struct control_ask *ask)
{
    return ask->user;
}

const struct buffer *control_body(const struct control_ask *ask)
{
    return &ask->body;
}

/* ---- the queue */

static struct control_ask *find_place(struct asks *asks)
{
    for (size_t i = 0; i < CONTROL_ASKS; i++)
        if (!asks->places[i].waited && !asks->places[i].held)
            return &asks->places[i];
    return NULL;
}

static void append(struct asks *asks, struct control_ask *ask)
{
    if (asks->last)
        asks->last->next = ask;
    else
        asks->first = ask;
    asks->last = ask;
}

static void take_out(struct asks *asks, struct control_ask *ask)
{
    struct control_ask *before = NULL;

    for (struct control_ask *at = asks->first; at && at != ask; at = at->next)
        before = at;
    if (before)
        before->next = ask->next;
    else
        asks->first = ask->next;
    if (asks->last == ask)
        asks->last = before;
    ask->next = NULL;
    ask->queued = false;
}

struct control_ask *asks_put(struct asks *asks, const struct control_command *command, const char *name, const char *user, struct buffer *body, uint64_t now, void *waiter)
{
    struct control_ask *ask;

    pthread_mutex_lock(&asks->lock);
    ask = asks->closed ? NULL : find_place(asks);
    if (ask) {
        *ask = (struct control_ask){ .asks = asks, .queued = true, .waited = true, .command = command, .body = *body, .since = now, .waiter = waiter };
        snprintf(ask->name, sizeof ask->name, "%s", name);
        snprintf(ask->user, sizeof ask->user, "%s", user);
        *body = buffer_make(body->max);
        append(asks, ask);
    }
    pthread_mutex_unlock(&asks->lock);
    buffer_free(body);
    return ask;
}

struct control_ask *asks_take(struct asks *asks)
{
    struct control_ask *ask;

    pthread_mutex_lock(&asks->lock);
    ask = asks->first;
    if (ask) {
        take_out(asks, ask);
        ask->held = true;
    }
    pthread_mutex_unlock(&asks->lock);
    return ask;
}

bool asks_collect(struct control_ask *ask, unsigned *status, struct buffer *body)
{
    struct asks *asks = ask->asks;
    bool answered;

    pthread_mutex_lock(&asks->lock);
    answered = ask->answered;
    if (answered) {
        *status = ask->status;
        *body = ask->answer;
        ask->answer = buffer_make(0);
    }
    pthread_mutex_unlock(&asks->lock);
    return answered;
}

void asks_leave(struct control_ask *ask)
{
    struct asks *asks = ask->asks;

    pthread_mutex_lock(&asks->lock);
    if (ask->queued)
        take_out(asks, ask);
    ask->waited = false;
    let_go(ask);
    pthread_mutex_unlock(&asks->lock);
}

/* ---- patience */

static void give_up(struct control_ask *ask, unsigned status, const char *error, const char *message)
{
    struct buffer body = buffer_make(0);

    if (ask->queued)
        take_out(ask->asks, ask);
    asks_write_refusal(&body, error, message);
    set_answer(ask, status, &body);
}

void asks_give_up(struct asks *asks, uint64_t now, uint64_t longest)
{
    pthread_mutex_lock(&asks->lock);
    for (size_t i = 0; i < CONTROL_ASKS; i++) {
        struct control_ask *ask = &asks->places[i];

        if (!ask->waited || ask->answered || now < ask->since + longest) /* a sum: it may have come after `now` was asked of the clock */
            continue;
        if (ask->queued)
            give_up(ask, 504, "stalled", "the loop does not turn; the command was not carried out, and will not be");
        else
            give_up(ask, 504, "unfinished", "the command has been begun and is still being carried out; `talon status` shows what comes of it");
    }
    pthread_mutex_unlock(&asks->lock);
}

void asks_give_up_all(struct asks *asks)
{
    pthread_mutex_lock(&asks->lock);
    asks->closed = true;
    for (size_t i = 0; i < CONTROL_ASKS; i++) {
        struct control_ask *ask = &asks->places[i];

        ask->held = false;
        if (ask->waited && !ask->answered)
            give_up(ask, 503, "ending", "the daemon ends, or its control socket moves");
        let_go(ask);
    }
    pthread_mutex_unlock(&asks->lock);
}
