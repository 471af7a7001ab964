/*
 * What a channel is sent next. A page by itself, at once and beyond any cap; messages in one letter with all that waits, as often as the cap allows; a digest when
 * its time has come. An alarm that waits together with its end becomes one line: what has passed is told as passed.
 */
#include "outbox/outbox_private.h"

#include <stdio.h>
#include <string.h>

enum { CLOCK = 24 };

struct letter { /* that is being written */
    struct outbox *outbox;
    const struct moment *now;
    size_t box;
    struct outbox_letter *out;
    size_t n;     /* bytes of the text */
    bool full;
};

/* ---- times that people read */

static int64_t local_s(const struct outbox *outbox, int64_t wall)
{
    const int64_t s = wall / (int64_t)NS_PER_S;
    int64_t until;

    return s + (outbox->zone ? zone_offset(outbox->zone, s, &until) : 0);
}

/* "03:12", with its date where that is not today's. */
static const char *clock_of(const struct outbox *outbox, int64_t wall, int64_t today, char out[CLOCK])
{
    const int64_t at = local_s(outbox, wall), days = at / 86400, minute = at % 86400 / 60;
    int64_t year;
    int month, day;

    zone_date(days, &year, &month, &day);
    if (days == local_s(outbox, today) / 86400)
        snprintf(out, CLOCK, "%02d:%02d", (int)(minute / 60), (int)(minute % 60));
    else
        snprintf(out, CLOCK, "%04d-%02d-%02d %02d:%02d", (int)year, month, day, (int)(minute / 60), (int)(minute % 60));
    return out;
}

/* ---- what belongs together */

/* The line that ends this one's trouble. NULL: it goes on, or nothing ends it. */
static const struct line *end_of(const struct outbox *outbox, const struct line *line)
{
    for (size_t i = 0; line->key != 0 && !line->over && i < outbox->n_lines; i++)
        if (outbox->lines[i]->key == line->key && outbox->lines[i]->over && outbox->lines[i]->id > line->id)
            return outbox->lines[i];
    return NULL;
}

/* It waits, and is not told by its end, which waits as well. */
static bool is_waiting(const struct outbox *outbox, const struct line *line, size_t box)
{
    const struct line *end = outbox_owes(line, box) ? end_of(outbox, line) : NULL;

    return outbox_owes(line, box) && !(end && outbox_owes(end, box));
}

static bool alarm_between(const struct outbox *outbox, const struct line *a, const struct line *b)
{
    const uint64_t from = a->id < b->id ? a->id : b->id, to = a->id < b->id ? b->id : a->id;

    for (size_t i = 0; i < outbox->n_lines; i++)
        if (outbox->lines[i]->key == a->key && !outbox->lines[i]->over && outbox->lines[i]->id > from && outbox->lines[i]->id < to)
            return true;
    return false;
}

/* The alarm that this line ends, where the channel has heard of none: the first of those that wait or were given up. *heard: it has. */
static const struct line *unheard_alarm(const struct outbox *outbox, const struct line *end, size_t box, bool *heard)
{
    const struct line *first = NULL;

    *heard = false;
    for (size_t i = 0; end->key != 0 && i < outbox->n_lines && outbox->lines[i]->id < end->id; i++) {
        const struct line *line = outbox->lines[i];

        if (line->key != end->key)
            continue;
        if (line->over && alarm_between(outbox, line, end)) { /* that was another time */
            first = NULL;
            *heard = false;
        } else if (line->over) {
            *heard = *heard || line->owed[box] == OWED_SENDING || line->owed[box] == OWED_DONE;
        } else if (line->unsure[box]) {
            *heard = true;
        } else if (line->owed[box] == OWED_PENDING || line->owed[box] == OWED_REPLACED || line->owed[box] == OWED_LOST) {
            first = first ? first : line;
        } else if (line->owed[box] != OWED_NOT) {
            *heard = true;
        }
    }
    return *heard ? NULL : first;
}

/* The alarms before that line are told with it, or by what the channel has heard already. */
static void replace_alarms(struct letter *letter, const struct line *end)
{
    for (size_t i = 0; end->key != 0 && i < letter->outbox->n_lines; i++) {
        struct line *line = letter->outbox->lines[i];

        if (line->key != end->key || line->over || line->id >= end->id || !outbox_owes(line, letter->box))
            continue;
        line->owed[letter->box] = OWED_REPLACED;
        line->changed = true;
    }
}

/* The same trouble has ended once, whoever says so: "recovered", and the all-clear of a page. */
static void replace_ends(struct letter *letter, const struct line *end)
{
    for (size_t i = 0; end->key != 0 && i < letter->outbox->n_lines; i++) {
        struct line *line = letter->outbox->lines[i];

        if (line == end || line->key != end->key || !line->over || !outbox_owes(line, letter->box) || alarm_between(letter->outbox, line, end))
            continue;
        line->owed[letter->box] = OWED_REPLACED;
        line->changed = true;
    }
}

/* ---- writing */

static void add(struct letter *letter, const char *text)
{
    const size_t n = strlen(text);

    if (letter->n + n + 2 > sizeof letter->out->text) {
        letter->full = true;
        return;
    }
    if (letter->n > 0)
        letter->out->text[letter->n++] = '\n';
    memcpy(letter->out->text + letter->n, text, n + 1);
    letter->n += n;
    letter->out->lines++;
}

/* What was short and is over. */
static void add_passed(struct letter *letter, const struct line *alarm, const struct line *end)
{
    char from[CLOCK], to[CLOCK], text[2 * OUTBOX_TEXT + 128];

    snprintf(text, sizeof text, "%s was down %s to %s, which could not be sent: %s", alarm->subject[0] ? alarm->subject : "something",
             clock_of(letter->outbox, alarm->said.wall, letter->now->wall, from), clock_of(letter->outbox, end->said.wall, letter->now->wall, to), alarm->text);
    add(letter, text);
}

/* A line that waited for long says since when it is so. */
static void add_line(struct letter *letter, const struct line *line)
{
    char at[CLOCK], text[OUTBOX_TEXT + 64];
    const bool late = outbox_since(letter->now, &line->said) > 120 * (uint64_t)NS_PER_S;

    if (late)
        snprintf(text, sizeof text, "%s: %s", clock_of(letter->outbox, line->said.wall, letter->now->wall, at), line->text);
    else
        snprintf(text, sizeof text, "%s", line->text);
    add(letter, text);
}

/* One line with what belongs to it. */
static void take(struct letter *letter, struct line *line)
{
    const struct line *alarm;
    bool heard;

    if (letter->full || !is_waiting(letter->outbox, line, letter->box))
        return;
    alarm = line->over ? unheard_alarm(letter->outbox, line, letter->box, &heard) : NULL;
    if (alarm)
        add_passed(letter, alarm, line);
    else
        add_line(letter, line);
    if (letter->full)
        return;
    if (line->over) {
        replace_alarms(letter, line);
        replace_ends(letter, line);
    }
    line->owed[letter->box] = OWED_SENDING;
    line->changed = true;
    letter->out->over = letter->out->over && line->over;
    if (line->level > letter->out->level)
        letter->out->level = line->level;
}

static void tell_lost(struct letter *letter)
{
    char text[96];

    if (letter->outbox->untold == 0)
        return;
    snprintf(text, sizeof text, "(%u more could not be kept or sent, and were given up)", letter->outbox->untold);
    add(letter, text);
    letter->outbox->untold = 0;
}

static bool finish(struct letter *letter)
{
    struct outbox_letter *out = letter->out;
    struct box *box = &letter->outbox->boxes[letter->box];

    if (out->lines == 0)
        return false;
    if (out->level != OUTBOX_PAGE)
        tell_lost(letter);
    out->channel = letter->box;
    out->name = box->name;
    out->text[letter->n] = '\0';
    if (out->level == OUTBOX_PAGE)
        snprintf(out->title, sizeof out->title, out->over ? "Talon, all clear" : "Talon, SOS");
    else if (out->lines > 1)
        snprintf(out->title, sizeof out->title, out->level == OUTBOX_DIGEST ? "Talon, digest" : "Talon, %u messages", out->lines);
    box->sending = box->changed = true;
    box->level = out->level;
    return true;
}

static bool page(struct letter *letter)
{
    for (size_t i = 0; i < letter->outbox->n_lines; i++) {
        struct line *line = letter->outbox->lines[i];

        if (line->level != OUTBOX_PAGE || !is_waiting(letter->outbox, line, letter->box))
            continue;
        take(letter, line);
        return letter->out->lines > 0;
    }
    return false;
}

static void all(struct letter *letter)
{
    for (size_t i = 0; i < letter->outbox->n_lines; i++)
        take(letter, letter->outbox->lines[i]);
}

/* ---- what is due */

static bool is_ready(const struct outbox *outbox, const struct moment *now, size_t box, uint64_t *wait)
{
    const struct box *b = &outbox->boxes[box];
    const uint64_t passed = outbox_since(now, &b->tried);

    if (!b->known || b->sending)
        return false;
    if (passed < b->wait && b->wait - passed < *wait)
        *wait = b->wait - passed;
    return passed >= b->wait;
}

bool outbox_may(const struct outbox *outbox, const struct moment *now, struct box *box, uint64_t *wait)
{
    size_t gone = 0;

    while (gone < box->n_sent && outbox_since(now, &box->sent[gone]) >= outbox->window)
        gone++;
    if (gone > 0) {
        box->n_sent -= (unsigned)gone;
        memmove(box->sent, box->sent + gone, box->n_sent * sizeof *box->sent);
    }
    if (box->n_sent < outbox->messages)
        return true;
    if (box->n_sent > 0 && outbox->window - outbox_since(now, &box->sent[0]) < *wait)
        *wait = outbox->window - outbox_since(now, &box->sent[0]);
    return false;
}

/* Has the time of a digest come since the oldest line that waits? Else *wait says when it does. */
static bool is_digest_time(const struct outbox *outbox, const struct moment *now, int64_t oldest, uint64_t *wait)
{
    const int64_t s = now->wall / (int64_t)NS_PER_S, since = oldest / (int64_t)NS_PER_S;
    int64_t next;

    if (!outbox->zone || !calendar_next(&outbox->calendar, outbox->zone, since < s ? since : s, &next)) /* the calendar may have been set back */
        return false;
    if (next <= s)
        return true;
    if ((uint64_t)(next - s) * NS_PER_S < *wait)
        *wait = (uint64_t)(next - s) * NS_PER_S;
    return false;
}

/* Messages as the cap allows, with what the digest holds; a digest by itself at its time. */
static bool is_due(const struct outbox *outbox, const struct moment *now, struct box *box, enum outbox_level level, int64_t oldest, uint64_t *wait)
{
    return level == OUTBOX_DIGEST ? is_digest_time(outbox, now, oldest, wait) : outbox_may(outbox, now, box, wait);
}

/* The most urgent that waits for that channel, and since when the first of all does. False: nothing does. */
static bool waits(const struct outbox *outbox, size_t box, enum outbox_level *level, int64_t *oldest)
{
    bool found = false;

    for (size_t i = 0; i < outbox->n_lines; i++) {
        const struct line *line = outbox->lines[i];

        if (!is_waiting(outbox, line, box))
            continue;
        *level = !found || line->level > *level ? line->level : *level;
        *oldest = !found || line->said.wall < *oldest ? line->said.wall : *oldest;
        found = true;
    }
    return found;
}

static void expire(struct outbox *outbox, const struct moment *now)
{
    for (size_t i = 0; i < outbox->n_lines; i++) {
        struct line *line = outbox->lines[i];

        if (outbox_since(now, &line->said) <= outbox->expire)
            continue;
        for (size_t k = 0; k < OUTBOX_CHANNELS; k++) {
            if (!outbox_owes(line, k) || (line->level == OUTBOX_DIGEST && outbox->boxes[k].failures == 0))
                continue; /* a digest waits for its time, which is no failure */
            line->owed[k] = OWED_LOST;
            line->changed = true;
            outbox->lost++;
            outbox->untold++;
        }
    }
}

static bool write_letter(struct outbox *outbox, const struct moment *now, size_t i, struct outbox_letter *out)
{
    struct letter letter = { .outbox = outbox, .now = now, .box = i, .out = out };
    struct box *box = &outbox->boxes[i];
    enum outbox_level level;
    uint64_t wait = UINT64_MAX;
    int64_t oldest;

    if (!is_ready(outbox, now, i, &wait) || !waits(outbox, i, &level, &oldest))
        return false;
    *out = (struct outbox_letter){ .over = true };
    if (level == OUTBOX_PAGE && page(&letter))
        return finish(&letter);
    if (!is_due(outbox, now, box, level, oldest, &wait))
        return false;
    all(&letter);
    return finish(&letter);
}

bool outbox_next(struct outbox *outbox, const struct moment *now, struct outbox_letter *letter)
{
    expire(outbox, now);
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++)
        if (write_letter(outbox, now, i, letter))
            return true;
    outbox_sweep(outbox, now);
    return false;
}

uint64_t outbox_due(const struct outbox *outbox, const struct moment *now)
{
    uint64_t due = UINT64_MAX;

    for (size_t i = 0; i < OUTBOX_CHANNELS; i++) {
        struct box box = outbox->boxes[i];
        enum outbox_level level;
        uint64_t wait = UINT64_MAX;
        int64_t oldest;

        if (!box.known || box.sending || !waits(outbox, i, &level, &oldest))
            continue;
        if (is_ready(outbox, now, i, &wait) && (level == OUTBOX_PAGE || is_due(outbox, now, &box, level, oldest, &wait)))
            wait = 0;
        due = wait < due ? wait : due;
    }
    return due;
}
