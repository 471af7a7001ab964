/*
 * What people say to the judgement, and what it says to them. Commands that make no sense are refused with a sentence (engine_refusal()).
 * Who is told what follows rules.md 3.13; what a message goes through, and when a digest is sent, is the notifier's.
 *
 * Durations here count time asleep: a silence for the night is over in the morning.
 */
#ifndef ENGINE_PEOPLE_H
#define ENGINE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

enum { ENGINE_NAME = 64, ENGINE_NOTE = 160, ENGINE_SILENCES = 64 };

/* ---- commands ---- */

enum engine_command_kind { COMMAND_SILENCE, COMMAND_UNSILENCE, COMMAND_PAUSE, COMMAND_RESUME, COMMAND_ACK, COMMAND_UNACK };

struct engine_command {
    enum engine_command_kind kind;
    const char *service;  /* SILENCE, UNSILENCE; NULL: everything */
    const char *note;     /* who, and why; NULL: not said */
    uint64_t incident;    /* ACK, UNACK */
    uint64_t duration;    /* SILENCE, PAUSE; ACK: 0 is until recovery */
    bool until_ok;        /* SILENCE: over when the service is well, at the latest after the duration */
};

struct engine_window {
    const char *name;     /* of the window */
    const char *service;  /* NULL: everything */
};

/* ---- silences ---- */

struct engine_silence {
    char service[ENGINE_NAME]; /* "": everything */
    char window[ENGINE_NAME];  /* "": a person's */
    char note[ENGINE_NOTE];
    int64_t since;             /* wall */
    uint64_t begun, until;     /* moment.elapsed; until UINT64_MAX: until its window is closed */
    bool until_ok, told_long;
};

const struct engine_silence *engine_silences(const struct engine *engine, size_t *n);
/* moment.elapsed until which no repair starts; 0: it is not paused. */
uint64_t engine_paused_until(const struct engine *engine);
/* Why the last COMMAND was refused; "": it was not. Borrowed until the next event. */
const char *engine_refusal(const struct engine *engine);

/* ---- notices: EFFECT_NOTIFY ---- */

enum engine_notice {
    NOTICE_OPENED,        /* of an incident; told once until it has RECOVERED */
    NOTICE_RECOVERED,
    NOTICE_REPEATED,      /* it is still open, and nobody has acknowledged it */
    NOTICE_STOPPED,       /* by hand; once until it was well again */
    NOTICE_FLAPPING,
    NOTICE_FLAPPING_LONG, /* stands for OPENED */
    NOTICE_WARNS_LONG,
    NOTICE_SILENCED_LONG,
    NOTICE_STORM,         /* the rest is Talon's own */
    NOTICE_OBSERVER,
    NOTICE_SELF,
    NOTICE_REFUSED,       /* from here on core/heal's: a limit keeps a repair from starting */
    NOTICE_NOT_FIXED,
    NOTICE_FIXED,
    NOTICE_EXHAUSTED,
    NOTICE_SOS,
    NOTICE_ALL_CLEAR,
    NOTICES
};

enum engine_level { LEVEL_DIGEST, LEVEL_MESSAGE, LEVEL_PAGE };

/* Talon's own state, of EVENT_SELF. Each is told when it begins and when it is over. */
enum engine_self { SELF_CONFIG_REFUSED, SELF_STORE_DOWN, SELF_SAFE_MODE, SELF_CHANNEL_BROKEN, SELF_TROUBLES };

const char *engine_notice_name(enum engine_notice notice); /* "opened" ... */

#endif
