/* What is said, to whom it is owed, and what goes: see outbox.h. */
#include "outbox/outbox_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outbox *outbox_create(void)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);

    if (outbox)
        outbox->next_id = 1;
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (!outbox)
        return;
    for (size_t i = 0; i < outbox->n_lines; i++)
        free(outbox->lines[i]);
    free(outbox);
}

uint64_t outbox_since(const struct moment *now, const struct moment *then)
{
    if (now->boot == then->boot)
        return now->elapsed > then->elapsed ? now->elapsed - then->elapsed : 0;
    return now->wall > then->wall ? (uint64_t)(now->wall - then->wall) : 0;
}

bool outbox_owes(const struct line *line, size_t box)
{
    return line->owed[box] == OWED_PENDING;
}

void outbox_add_news(struct outbox *outbox, const struct outbox_news *news)
{
    if (outbox->n_news < NEWS)
        outbox->news[outbox->n_news++] = *news;
}

struct outbox_news outbox_news(struct outbox *outbox)
{
    struct outbox_news first = { .kind = OUTBOX_NOTHING };

    if (outbox->n_news == 0)
        return first;
    first = outbox->news[0];
    memmove(outbox->news, outbox->news + 1, --outbox->n_news * sizeof *outbox->news);
    return first;
}

size_t outbox_box(const struct outbox *outbox, const char *name)
{
    size_t i = 0;

    while (i < OUTBOX_CHANNELS && (outbox->boxes[i].name[0] == '\0' || strcmp(outbox->boxes[i].name, name) != 0))
        i++;
    return i;
}

/* ---- what goes */

static bool is_owed(const struct line *line)
{
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++)
        if (outbox_owes(line, i) || line->owed[i] == OWED_SENDING)
            return true;
    return false;
}

/* An alarm that was told stays until its end is told, which goes to the same channels, and may have to tell both. */
static bool is_over(const struct outbox *outbox, size_t at)
{
    const struct line *line = outbox->lines[at];
    bool over = line->over || line->key == 0;

    for (size_t i = at + 1; line->key != 0 && i < outbox->n_lines; i++) {
        if (outbox->lines[i]->key != line->key || !outbox->lines[i]->over)
            continue;
        if (is_owed(outbox->lines[i]))
            return false;
        over = true;
    }
    return over;
}

static void drop(struct outbox *outbox, size_t at)
{
    struct line *line = outbox->lines[at];

    if (line->kept && outbox->n_gone < OUTBOX_LINES)
        outbox->gone[outbox->n_gone++] = line->id;
    free(line);
    memmove(&outbox->lines[at], &outbox->lines[at + 1], (--outbox->n_lines - at) * sizeof *outbox->lines);
}

/* From the first on: an alarm whose end is still owed is looked at before that end is, and goes with the next sweep. */
void outbox_sweep(struct outbox *outbox, const struct moment *now)
{
    for (size_t i = 0; i < outbox->n_lines;) {
        const struct line *line = outbox->lines[i];

        if (!is_owed(line) && (is_over(outbox, i) || outbox_since(now, &line->said) > OUTBOX_FOREVER))
            drop(outbox, i);
        else
            i++;
    }
}

static void give_up(struct outbox *outbox)
{
    outbox->lost++;
    outbox->untold++;
}

/* Room for a line of that weight: what nobody is owed goes first, then what weighs less, the oldest of it. */
static bool make_room(struct outbox *outbox, enum outbox_level level)
{
    size_t worst = OUTBOX_LINES;

    if (outbox->n_lines < OUTBOX_LINES)
        return true;
    for (size_t i = 0; i < outbox->n_lines; i++) {
        if (!is_owed(outbox->lines[i])) {
            drop(outbox, i);
            return true;
        }
        if (outbox->lines[i]->level <= level && (worst == OUTBOX_LINES || outbox->lines[i]->level < outbox->lines[worst]->level))
            worst = i;
    }
    if (worst == OUTBOX_LINES)
        return false;
    give_up(outbox);
    drop(outbox, worst);
    return true;
}

/* ---- to whom it is owed */

static bool is_chosen(const struct outbox_say *say, const struct box *box)
{
    for (size_t i = 0; i < say->n_channels; i++)
        if (strcmp(say->channels[i], box->name) == 0)
            return true;
    return say->n_channels == 0 && box->normal;
}

/* Was the channel told of this trouble, or is it to be? */
static bool is_concerned(const struct outbox *outbox, size_t box, uint64_t key)
{
    bool concerned = false;

    for (size_t i = 0; key != 0 && i < outbox->n_lines; i++)
        if (outbox->lines[i]->key == key && outbox->lines[i]->owed[box] != OWED_NOT)
            concerned = !outbox->lines[i]->over;
    return concerned;
}

/* Is an alarm with that key known whose end was not told yet? */
static bool is_known(const struct outbox *outbox, uint64_t key)
{
    bool known = false;

    for (size_t i = 0; key != 0 && i < outbox->n_lines; i++)
        if (outbox->lines[i]->key == key)
            known = !outbox->lines[i]->over;
    return known;
}

/* The end of a trouble is owed where its alarm is or was told: for a page that is where the page went, and no other channel hears of it. Of an alarm that is not
 * known any more (the store was lost) it is owed to whom the alarm would be. */
static bool is_owed_to(const struct outbox *outbox, const struct outbox_say *say, size_t i)
{
    const struct box *box = &outbox->boxes[i];

    if (!box->known || (say->except && strcmp(say->except, box->name) == 0))
        return false;
    if (say->over && is_known(outbox, say->key))
        return is_concerned(outbox, i, say->key);
    return (say->level == OUTBOX_PAGE && box->sos) || (say->level != OUTBOX_PAGE && is_chosen(say, box));
}

/* On one line, cut between characters. */
static void copy_text(char *to, size_t room, const char *from)
{
    size_t n = 0;

    for (; from && *from && n + 1 < room; from++)
        to[n++] = (unsigned char)*from < ' ' || *from == 0x7f ? ' ' : *from;
    if (from && ((unsigned char)*from & 0xc0) == 0x80)
        while (n > 0 && ((unsigned char)to[--n] & 0xc0) == 0x80)
            continue;
    to[n] = '\0';
}

/* A page is not held back by tries that have failed before. */
static void hurry(struct box *box)
{
    if (!box->busy)
        box->wait = 0;
}

bool outbox_say(struct outbox *outbox, const struct moment *now, const struct outbox_say *say)
{
    struct line *line = make_room(outbox, say->level) ? calloc(1, sizeof *line) : NULL;
    bool owed = false;

    if (!line) {
        give_up(outbox);
        return false;
    }
    line->id = outbox->next_id++;
    line->key = say->key;
    line->incident = say->incident;
    line->level = say->level;
    line->over = say->over;
    line->said = *now;
    copy_text(line->subject, sizeof line->subject, say->subject);
    copy_text(line->text, sizeof line->text, say->text);
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++) {
        if (!is_owed_to(outbox, say, i))
            continue;
        line->owed[i] = OWED_PENDING;
        owed = true;
        if (say->level == OUTBOX_PAGE)
            hurry(&outbox->boxes[i]);
    }
    if (!owed) { /* nobody is to hear it */
        free(line);
        return true;
    }
    line->changed = true;
    outbox->lines[outbox->n_lines++] = line;
    return true;
}

/* ---- settings */

size_t outbox_box_for(struct outbox *outbox, const char *name)
{
    size_t i = outbox_box(outbox, name);

    if (i < OUTBOX_CHANNELS)
        return i;
    for (i = 0; i < OUTBOX_CHANNELS && outbox->boxes[i].name[0] != '\0'; i++)
        continue;
    if (i == OUTBOX_CHANNELS)
        return i;
    outbox->boxes[i] = (struct box){ .changed = true };
    snprintf(outbox->boxes[i].name, sizeof outbox->boxes[i].name, "%s", name);
    return i;
}

static void forget_box(struct outbox *outbox, size_t i)
{
    for (size_t k = 0; k < outbox->n_lines; k++) {
        outbox->lines[k]->changed = outbox->lines[k]->changed || outbox->lines[k]->owed[i] != OWED_NOT;
        outbox->lines[k]->owed[i] = OWED_NOT;
    }
    outbox->boxes[i].known = outbox->boxes[i].sending = outbox->boxes[i].broken = false;
}

static bool was_sending(const struct outbox *outbox, size_t box)
{
    for (size_t k = 0; k < outbox->n_lines; k++)
        if (outbox->lines[k]->owed[box] == OWED_SENDING)
            return true;
    return false;
}

/* A letter was under way when an earlier process ended: a digest counts as sent, everything else is sent again. */
static void resume(struct outbox *outbox, const struct moment *now, size_t i)
{
    struct box *box = &outbox->boxes[i];

    if (!box->restored)
        return;
    box->restored = box->sending = false;
    box->changed = true;
    if (was_sending(outbox, i))
        outbox_count(outbox, now, box);
    for (size_t k = 0; k < outbox->n_lines; k++) {
        struct line *line = outbox->lines[k];

        if (line->owed[i] != OWED_SENDING)
            continue;
        line->owed[i] = box->level == OUTBOX_DIGEST ? OWED_DONE : OWED_PENDING;
        line->unsure[i] = line->changed = true;
    }
}

static void set_box(struct outbox *outbox, const struct moment *now, const struct outbox_channel *channel, size_t place)
{
    const size_t i = outbox_box_for(outbox, channel->name);
    struct box *box = &outbox->boxes[i];

    if (i == OUTBOX_CHANNELS)
        return;
    resume(outbox, now, i);
    if (box->fingerprint != channel->fingerprint) {
        box->wait = 0;
        box->failures = 0;
        box->busy = false;
        box->changed = true;
    }
    box->fingerprint = channel->fingerprint;
    box->known = true;
    box->place = place;
    box->normal = channel->normal;
    box->sos = channel->sos;
}

/* A box of no channel is free again, and its row goes. */
static void free_box(struct box *box)
{
    const bool kept = box->kept;

    if (!kept)
        box->name[0] = '\0';
    box->changed = kept;
}

void outbox_set(struct outbox *outbox, const struct moment *now, const struct outbox_settings *settings)
{
    outbox->n_channels = settings->n_channels < OUTBOX_CHANNELS ? settings->n_channels : OUTBOX_CHANNELS;
    outbox->messages = settings->messages < OUTBOX_WINDOW ? settings->messages : OUTBOX_WINDOW;
    outbox->window = settings->window;
    outbox->expire = settings->expire;
    outbox->calendar = settings->digest;
    outbox->zone = settings->zone;
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++) {
        bool stays = false;

        for (size_t k = 0; k < outbox->n_channels; k++)
            stays = stays || strcmp(settings->channels[k].name, outbox->boxes[i].name) == 0;
        if (stays || outbox->boxes[i].name[0] == '\0')
            continue;
        forget_box(outbox, i);
        free_box(&outbox->boxes[i]);
    }
    for (size_t k = 0; k < outbox->n_channels; k++)
        set_box(outbox, now, &settings->channels[k], k);
    outbox_sweep(outbox, now);
}

/* ---- what is to be known */

unsigned outbox_lost(const struct outbox *outbox)
{
    return outbox->lost;
}

unsigned outbox_waiting(const struct outbox *outbox)
{
    unsigned n = 0;

    for (size_t i = 0; i < outbox->n_lines; i++)
        n += is_owed(outbox->lines[i]);
    return n;
}

bool outbox_view(const struct outbox *outbox, const struct moment *now, size_t place, struct outbox_view *view)
{
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++) {
        const struct box *box = &outbox->boxes[i];
        const uint64_t passed = outbox_since(now, &box->tried);

        if (!box->known || box->place != place)
            continue;
        *view = (struct outbox_view){ .name = box->name, .normal = box->normal, .sos = box->sos, .broken = box->broken, .sending = box->sending,
                                      .proven = box->proven != 0 && box->proven == box->fingerprint, .failures = box->failures,
                                      .again = passed < box->wait ? box->wait - passed : 0, .why = box->why };
        for (size_t k = 0; k < outbox->n_lines; k++)
            view->waiting += outbox_owes(outbox->lines[k], i) || outbox->lines[k]->owed[i] == OWED_SENDING;
        return true;
    }
    return false;
}
