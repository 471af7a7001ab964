/*
 * Talon and its host as the place that looks: a sample says whether what is seen from here proves anything. It tries what each check lives on: a turn of the
 * loop in time, a connection over loopback, the start of a child, a free descriptor, memory, a way out, a clock that can be right. The judgement holds results
 * that timed out until a sample begun after them has come (core/engine/observer.c); apart from that one is taken now and then.
 */
#ifndef DAEMON_OBSERVER_H
#define DAEMON_OBSERVER_H

#include "base/moment.h"

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon_observer;

/* Worst last. */
enum daemon_sickness { HOST_WELL, HOST_LOST_ITS_WAY, HOST_SICK };

struct daemon_observer_calls {
    /* A sample has been taken, for `asked`. why: a sentence, "" of one that is well; borrowed for the call. May ask for the next. */
    void (*sample)(void *arg, uint64_t asked, enum daemon_sickness sickness, const char *why);
    void *arg;
};

/* Takes none yet. NULL: no memory. */
struct daemon_observer *daemon_observer_create(struct ev_loop *loop, const struct daemon_observer_calls *calls);
/* NULL: nothing. No call follows. */
void daemon_observer_free(struct daemon_observer *observer);

/* Takes a sample that begins now, or as soon as the one on its way has ended. asked: of EFFECT_OBSERVE; 0: by itself. */
void daemon_observer_ask(struct daemon_observer *observer, uint64_t asked);
/* Once a second: takes one when the last is old enough, sooner while the host is not well. */
void daemon_observer_tick(struct daemon_observer *observer, const struct moment *now);

#endif
