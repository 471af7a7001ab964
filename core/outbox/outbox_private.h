/* What the files of the outbox share: outbox.c (what is said), letter.c (what is sent), channel.c (how it ends), rows.c (what is kept). */
#ifndef OUTBOX_OUTBOX_PRIVATE_H
#define OUTBOX_OUTBOX_PRIVATE_H

#include "outbox/outbox.h"

#define OUTBOX_FOREVER (31 * 86400 * (uint64_t)NS_PER_S) /* so long a line is kept whose trouble never ended */

/* What a line is to a channel. */
enum owed {
    OWED_NOT,
    OWED_PENDING,
    OWED_SENDING,
    OWED_DONE,
    OWED_REPLACED, /* another line says it */
    OWED_LOST,     /* given up */
};

struct line {
    uint64_t id, key, incident;
    enum outbox_level level;
    bool over, delivered; /* delivered: that was told */
    bool changed, kept;   /* to be kept; there is a row of it */
    struct moment said;
    unsigned char owed[OUTBOX_CHANNELS];
    bool unsure[OUTBOX_CHANNELS]; /* it may have arrived already */
    char subject[OUTBOX_NAME];
    char text[OUTBOX_TEXT];
};

struct box { /* of a channel */
    char name[OUTBOX_NAME]; /* "": free */
    uint64_t fingerprint, proven; /* proven: the fingerprint that has worked; 0: none has */
    bool known, normal, sos;      /* known: in the settings */
    size_t place;                 /* in the settings */
    bool sending, broken, busy, changed, kept;
    bool restored;                /* sending: by an earlier process, so that nobody knows how it ended */
    enum outbox_level level;      /* of the letter that is being sent */
    unsigned failures;
    struct moment failing, tried; /* since when it fails; when it was tried last */
    uint64_t wait;                /* from then on */
    unsigned n_sent;
    struct moment sent[OUTBOX_WINDOW]; /* letters in the window, the oldest first */
    char why[OUTBOX_WHY];
};

enum { NEWS = 64 };

struct outbox {
    size_t n_channels;
    unsigned messages;
    uint64_t window, expire;
    struct calendar calendar;
    const struct zone *zone;
    struct box boxes[OUTBOX_CHANNELS];
    struct line *lines[OUTBOX_LINES]; /* by id */
    size_t n_lines;
    uint64_t next_id;
    uint64_t gone[OUTBOX_LINES];      /* rows to be forgotten */
    size_t n_gone;
    unsigned lost, untold;            /* untold: of those, nobody was told yet */
    struct outbox_news news[NEWS];
    size_t n_news;
};

bool outbox_owes(const struct line *line, size_t box);
/* Lines that nobody is owed any more, and that nothing hangs on, go. */
void outbox_sweep(struct outbox *outbox, const struct moment *now);
void outbox_add_news(struct outbox *outbox, const struct outbox_news *news);
/* The box for that name, a free one if it has none yet. OUTBOX_CHANNELS: there is none left. */
size_t outbox_box_for(struct outbox *outbox, const char *name);
/* The box of that name, OUTBOX_CHANNELS: none. */
size_t outbox_box(const struct outbox *outbox, const char *name);
/* Does a letter within the cap fit now? Else *wait says when. */
bool outbox_may(const struct outbox *outbox, const struct moment *now, struct box *box, uint64_t *wait);

/* The letter that is being sent counts for the cap. */
void outbox_count(const struct outbox *outbox, const struct moment *now, struct box *box);

#endif
