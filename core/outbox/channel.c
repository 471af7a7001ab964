/*
 * How a letter ends, and what that says of its channel. What has failed is tried again after 10 s, and after twice as long each time up to 15 minutes (a minute
 * while a page waits); a service that names a time is left alone until then. A channel counts as broken when a person has to do something, or when it has failed
 * for five minutes: that is told on the others.
 */
#include "outbox/outbox_private.h"

#include <stdio.h>

#define FIRST_WAIT (10 * (uint64_t)NS_PER_S)
#define LONGEST_WAIT (900 * (uint64_t)NS_PER_S)
#define PAGE_WAIT (60 * (uint64_t)NS_PER_S)
#define BROKEN_AFTER (300 * (uint64_t)NS_PER_S)
#define LONGEST_BUSY (86400 * (uint64_t)NS_PER_S)

static bool others_broken(const struct outbox *outbox, size_t box)
{
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++)
        if (i != box && outbox->boxes[i].known && outbox->boxes[i].broken)
            return true;
    return false;
}

static void tell(struct outbox *outbox, size_t box, enum outbox_news_kind kind)
{
    struct outbox_news news = { .kind = kind, .others = others_broken(outbox, box) };

    snprintf(news.channel, sizeof news.channel, "%s", outbox->boxes[box].name);
    snprintf(news.why, sizeof news.why, "%s", kind == OUTBOX_BROKEN ? outbox->boxes[box].why : "");
    outbox_add_news(outbox, &news);
}

static void works(struct outbox *outbox, size_t i)
{
    struct box *box = &outbox->boxes[i];

    box->failures = 0;
    box->wait = 0;
    box->busy = false;
    box->proven = box->fingerprint;
    box->why[0] = '\0';
    box->changed = true;
    if (!box->broken)
        return;
    box->broken = false;
    tell(outbox, i, OUTBOX_MENDED);
}

static bool page_waits(const struct outbox *outbox, size_t box)
{
    for (size_t i = 0; i < outbox->n_lines; i++)
        if (outbox->lines[i]->level == OUTBOX_PAGE && outbox_owes(outbox->lines[i], box))
            return true;
    return false;
}

static uint64_t back_off(const struct outbox *outbox, size_t i, bool refused)
{
    const unsigned failures = outbox->boxes[i].failures;
    uint64_t wait = failures > 7 || refused ? LONGEST_WAIT : FIRST_WAIT << (failures - 1);

    if (page_waits(outbox, i) && wait > PAGE_WAIT)
        wait = PAGE_WAIT;
    return wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
}

static void fails(struct outbox *outbox, const struct moment *now, size_t i, enum outbox_outcome outcome, uint64_t wait, const char *why)
{
    struct box *box = &outbox->boxes[i];

    if (box->failures++ == 0)
        box->failing = *now;
    box->busy = outcome == OUTBOX_BUSY;
    box->wait = box->busy && wait > 0 ? (wait < LONGEST_BUSY ? wait : LONGEST_BUSY) : back_off(outbox, i, outcome == OUTBOX_REFUSED);
    snprintf(box->why, sizeof box->why, "%s", why);
    box->changed = true;
    if (box->broken || (outcome != OUTBOX_REFUSED && outbox_since(now, &box->failing) < BROKEN_AFTER))
        return;
    box->broken = true;
    tell(outbox, i, OUTBOX_BROKEN);
}

/* Somebody has it: the first confirmation of a page, or of its all-clear, counts for all channels. */
static void deliver(struct outbox *outbox, struct line *line)
{
    if (line->delivered || line->level != OUTBOX_PAGE)
        return;
    line->delivered = true;
    outbox_add_news(outbox, &(struct outbox_news){ .kind = OUTBOX_DELIVERED, .incident = line->incident, .over = line->over });
}

static void settle(struct outbox *outbox, size_t box, enum owed owed, bool unsure)
{
    for (size_t i = 0; i < outbox->n_lines; i++) {
        struct line *line = outbox->lines[i];

        if (line->owed[box] != OWED_SENDING)
            continue;
        line->owed[box] = (unsigned char)owed;
        line->unsure[box] = line->unsure[box] || unsure;
        line->changed = true;
        if (owed == OWED_DONE)
            deliver(outbox, line);
    }
}

/* Only letters within the cap count for it. */
void outbox_count(const struct outbox *outbox, const struct moment *now, struct box *box)
{
    uint64_t wait = UINT64_MAX;

    if (box->level != OUTBOX_MESSAGE)
        return;
    outbox_may(outbox, now, box, &wait);
    if (box->n_sent < OUTBOX_WINDOW)
        box->sent[box->n_sent++] = *now;
}

void outbox_ended(struct outbox *outbox, const struct moment *now, size_t channel, enum outbox_outcome outcome, uint64_t wait, const char *why)
{
    struct box *box = &outbox->boxes[channel];
    const bool taken = outcome == OUTBOX_SENT || (outcome == OUTBOX_UNSURE && box->level == OUTBOX_DIGEST);

    if (!box->sending)
        return; /* it was taken out of the configuration meanwhile */
    box->sending = false;
    box->tried = *now;
    if (taken || outcome == OUTBOX_UNSURE)
        outbox_count(outbox, now, box);
    settle(outbox, channel, taken ? OWED_DONE : OWED_PENDING, outcome == OUTBOX_UNSURE);
    if (outcome == OUTBOX_SENT)
        works(outbox, channel);
    else
        fails(outbox, now, channel, outcome, wait, why);
    outbox_sweep(outbox, now);
}

void outbox_tried(struct outbox *outbox, const struct moment *now, const char *channel, bool works_now, const char *why)
{
    const size_t i = outbox_box(outbox, channel);

    if (i == OUTBOX_CHANNELS || !outbox->boxes[i].known)
        return;
    if (works_now)
        works(outbox, i);
    else if (outbox->boxes[i].failures == 0)
        snprintf(outbox->boxes[i].why, sizeof outbox->boxes[i].why, "%s", why);
    outbox->boxes[i].changed = true;
    (void)now;
}
