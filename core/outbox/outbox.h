/*
 * The outbox: what people are to be told waits here until a channel has taken it (design.md 7, rules.md 3.13). PURE: no loop, no files, no clock; its rows are
 * given out and taken back as bytes, so that simulated histories with restarts at any instant prove what the daemon does.
 *
 * Each line is owed to each of its channels once. A channel takes one letter at a time: a page by itself at once, messages within the cap with what the digest
 * holds, the rest once a day. What was not delivered when its all-clear comes is told as one line: "was down 03:12 to 03:40".
 *
 * Use: after anything, outbox_next() until it says no, send those letters, and outbox_ended() for each; outbox_news() and outbox_row() until they say no; then
 * come again when outbox_due() says.
 */
#ifndef OUTBOX_OUTBOX_H
#define OUTBOX_OUTBOX_H

#include "base/calendar.h"
#include "base/moment.h"

enum { OUTBOX_CHANNELS = 16, OUTBOX_LINES = 512, OUTBOX_NAME = 64, OUTBOX_TEXT = 640, OUTBOX_LETTER = 3500, OUTBOX_WHY = 320, OUTBOX_WINDOW = 60, OUTBOX_ROW = 4096 };

enum outbox_level { OUTBOX_DIGEST, OUTBOX_MESSAGE, OUTBOX_PAGE };

struct outbox;

struct outbox_channel {
    const char *name;
    uint64_t fingerprint; /* another one: what was wrong with it may be right now, and it was not proven */
    bool normal, sos;
};

struct outbox_settings {
    size_t n_channels;
    const struct outbox_channel *channels;
    unsigned messages;    /* letters to a channel, at most OUTBOX_WINDOW, in */
    uint64_t window;
    struct calendar digest;
    const struct zone *zone; /* of the digest, and of times that people read; borrowed until the next settings */
    uint64_t expire;
};

/* NULL: no memory. */
struct outbox *outbox_create(void);
void outbox_free(struct outbox *outbox);
/* Channels go on by their names; what is owed to one that is gone is owed no more. */
void outbox_set(struct outbox *outbox, const struct moment *now, const struct outbox_settings *settings);

/* ---- what is said */

struct outbox_say {
    enum outbox_level level;
    bool over;            /* what was said with this key is over */
    uint64_t key;         /* of the trouble; 0: of none, and nothing ever ends it */
    uint64_t incident;    /* for DELIVERED; 0: none */
    const char *subject;  /* for people: a service's title, or NULL */
    const char *text;     /* a sentence */
    size_t n_channels;    /* the service's own choice; 0: the normal ones. Pages go to those of `sos`, whatever is chosen */
    const char *const *channels;
    const char *except;   /* not to this channel; NULL: to all */
};

/* False: it could not be taken in (no memory, or a full outbox of what weighs more): `lost` counts it, and the next letter says so. */
bool outbox_say(struct outbox *outbox, const struct moment *now, const struct outbox_say *say);

/* ---- what is sent */

struct outbox_letter {
    size_t channel;       /* its place in the outbox until it has ended */
    const char *name;     /* of the channel */
    enum outbox_level level;
    bool over;            /* all of it is */
    unsigned lines;
    char title[OUTBOX_NAME], text[OUTBOX_LETTER];
};

/* The next letter that is to be sent now. Its lines are marked as being sent, which is to be on disk before it is (outbox_row). False: none. */
bool outbox_next(struct outbox *outbox, const struct moment *now, struct outbox_letter *letter);

enum outbox_outcome {
    OUTBOX_SENT,
    OUTBOX_UNSURE,  /* it may have arrived: pages and messages are sent again, a digest is not */
    OUTBOX_BUSY,    /* to be tried after `wait` */
    OUTBOX_FAILED,  /* it did not arrive, and may if it is tried again */
    OUTBOX_REFUSED, /* it will not, until somebody changes something */
};

/* wait: ns, of BUSY. why: a sentence, without secrets. */
void outbox_ended(struct outbox *outbox, const struct moment *now, size_t channel, enum outbox_outcome outcome, uint64_t wait, const char *why);
/* How long until outbox_next() may have something, ns; UINT64_MAX: only when something else happens. */
uint64_t outbox_due(const struct outbox *outbox, const struct moment *now);
/* A letter of somebody's own (`talon notify test`) has shown that the channel works, or not. */
void outbox_tried(struct outbox *outbox, const struct moment *now, const char *channel, bool works, const char *why);

/* ---- what is to be known of it */

enum outbox_news_kind { OUTBOX_NOTHING, OUTBOX_DELIVERED, OUTBOX_BROKEN, OUTBOX_MENDED };

struct outbox_news {
    enum outbox_news_kind kind;
    uint64_t incident;    /* DELIVERED: one channel has taken the page, or the all-clear for it */
    bool over;
    char channel[OUTBOX_NAME], why[OUTBOX_WHY];
    bool others;          /* BROKEN, MENDED: other channels are broken as well */
};

struct outbox_news outbox_news(struct outbox *outbox);

struct outbox_view {
    const char *name;
    bool normal, sos, proven, broken, sending;
    unsigned waiting;     /* lines */
    unsigned failures;    /* in a row */
    uint64_t again;       /* ns until it is tried again; 0: nothing keeps it */
    const char *why;      /* what went wrong last; "": nothing */
};

/* The i-th channel of the settings. False: there is none. */
bool outbox_view(const struct outbox *outbox, const struct moment *now, size_t i, struct outbox_view *view);
/* Lines that wait for a channel; and those that were given up (expired, or no room) in all. */
unsigned outbox_waiting(const struct outbox *outbox);
unsigned outbox_lost(const struct outbox *outbox);

/* How long ago that was: within a boot by the clock that nobody sets. Never negative. */
uint64_t outbox_since(const struct moment *now, const struct moment *then);

/* ---- what is kept */

struct outbox_row {
    char name[OUTBOX_NAME + 16];
    size_t n;             /* 0: the row is to be forgotten */
    unsigned char bytes[OUTBOX_ROW];
};

/* The next row that has changed. False: none. */
bool outbox_row(struct outbox *outbox, struct outbox_row *row);
/* All of them have changed: the store may have lost some. */
void outbox_keep_all(struct outbox *outbox);
/* A row of an earlier process, before the first settings. What cannot be read is left out: false. */
bool outbox_restore(struct outbox *outbox, const struct moment *now, const char *name, const void *bytes, size_t n);

#endif
