/*
 * Where the loop meets the outbox: notices become messages, letters go out by the channels' actions, and how they end goes back. Rows of it are given to the store
 * before a letter is under way.
 */
#ifndef DAEMON_OUTBOX_H
#define DAEMON_OUTBOX_H

#include "engine/engine.h"
#include "outbox/outbox.h"
#include "saying.h"

#include <ev.h>

struct action;
struct control_ask;
struct daemon;

struct sending { /* of one channel */
    struct daemon *d;
    struct action *action; /* NULL: none */
    struct saying saying;
    char name[OUTBOX_NAME];
    size_t channel;
};

struct daemon_outbox {
    struct outbox *outbox;
    const struct model *model; /* kept: the channels, and the zone that the outbox reads */
    struct sending sending[OUTBOX_CHANNELS];
    ev_timer soon;
    const char *except;        /* what is said now is not said to that channel; NULL: to all */
    struct trial *trials;      /* `talon notify test` */
    struct action *beating;    /* the heartbeat; NULL: none is under way */
    struct moment beaten;
    bool beat_failed, has_beaten;
};

/* False: no memory. */
bool daemon_outbox_create(struct daemon *d);
void daemon_outbox_end(struct daemon *d);
/* What an earlier process kept, from the store that has just been opened. */
void daemon_outbox_recall(struct daemon *d, const struct moment *now, uint64_t ns);
/* Another model is about to be the engine's: its channels are those from now on. */
void daemon_outbox_model(struct daemon *d, const struct model *model, const struct moment *now);
/* People are to be told. */
void daemon_outbox_notice(struct daemon *d, const struct moment *now, const struct engine_effect *effect);
/* Once a second, and when something has changed. */
void daemon_outbox_turn(struct daemon *d, const struct moment *now);
/* The store may have lost some: all is given to it once more. */
void daemon_outbox_keep_all(struct daemon *d);

/* daemon_outbox_asked.c: `talon notify`. Each takes the ask. arg is the daemon. */
void outbox_asked_list(void *arg, struct control_ask *ask);
void outbox_asked_test(void *arg, struct control_ask *ask);
void outbox_asked_end(struct daemon *d);

/* daemon_outbox_send.c: the letter as the channel's action; its outcome in the outbox's terms. */
bool outbox_send(struct daemon *d, struct sending *sending, const struct model_channel *channel, const struct outbox_letter *letter,
                 void (*done)(void *, struct action *, struct result *, bool), void *arg);
enum outbox_outcome outbox_outcome_of(const struct result *result, bool died, uint64_t *wait);

/* daemon_heartbeat.c: a round is complete. */
void daemon_heartbeat(struct daemon *d, const struct moment *now);
void daemon_heartbeat_end(struct daemon *d);

#endif
