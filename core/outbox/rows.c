/*
 * The outbox as rows: one for each line ("line 12") and each channel ("channel ops"), in bytes of our own. Channels stand in lines by name, since their places
 * are those of one process. Nothing that is read is believed: what does not fit is left out.
 */
#include "outbox/outbox_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

static const char line_prefix[] = "line ", channel_prefix[] = "channel ";

struct writer {
    unsigned char *bytes;
    size_t n;
};

struct reader {
    const unsigned char *at, *end;
    bool bad;
};

/* ---- bytes */

static void put(struct writer *w, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        w->bytes[w->n++] = (unsigned char)(value >> (8 * i));
}

static void put_text(struct writer *w, const char *text)
{
    const size_t n = strlen(text);

    put(w, n, 2);
    memcpy(w->bytes + w->n, text, n);
    w->n += n;
}

static void put_moment(struct writer *w, const struct moment *moment)
{
    put(w, moment->elapsed, 8);
    put(w, (uint64_t)moment->wall, 8);
    put(w, moment->boot, 8);
}

static uint64_t get(struct reader *r, size_t size)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < size) {
        r->bad = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += size;
    return value;
}

static void get_text(struct reader *r, char *text, size_t room)
{
    const size_t n = (size_t)get(r, 2);

    text[0] = '\0';
    if (r->bad || n >= room || (size_t)(r->end - r->at) < n || memchr(r->at, '\0', n)) {
        r->bad = true;
        return;
    }
    memcpy(text, r->at, n);
    text[n] = '\0';
    r->at += n;
}

/* One that lies in the future is now: nothing waits longer than it would have. */
static struct moment get_moment(struct reader *r, const struct moment *now)
{
    struct moment moment = { .elapsed = get(r, 8) };

    moment.wall = (int64_t)get(r, 8);
    moment.boot = get(r, 8);
    if (moment.boot == now->boot ? moment.elapsed > now->elapsed : moment.wall > now->wall)
        moment = *now;
    return moment;
}

/* ---- lines */

static void write_line(const struct outbox *outbox, const struct line *line, struct writer *w)
{
    put(w, VERSION, 1);
    put(w, line->id, 8);
    put(w, line->key, 8);
    put(w, line->incident, 8);
    put(w, (uint64_t)line->level, 1);
    put(w, (uint64_t)line->over | (uint64_t)line->delivered << 1, 1);
    put_moment(w, &line->said);
    put_text(w, line->subject);
    put_text(w, line->text);
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++) {
        if (line->owed[i] == OWED_NOT)
            continue;
        put_text(w, outbox->boxes[i].name);
        put(w, (uint64_t)line->owed[i] | (uint64_t)line->unsure[i] << 7, 1);
    }
}

static void read_owed(struct outbox *outbox, struct line *line, struct reader *r)
{
    while (!r->bad && r->at < r->end) {
        char name[OUTBOX_NAME];
        uint64_t owed;
        size_t i;

        get_text(r, name, sizeof name);
        owed = get(r, 1);
        if (r->bad || name[0] == '\0' || (owed & 0x7f) > OWED_LOST)
            r->bad = true;
        i = r->bad ? OUTBOX_CHANNELS : outbox_box_for(outbox, name);
        if (i == OUTBOX_CHANNELS)
            continue;
        line->owed[i] = owed & 0x7f;
        line->unsure[i] = owed >> 7;
        outbox->boxes[i].restored = outbox->boxes[i].restored || line->owed[i] == OWED_SENDING;
    }
}

static void insert(struct outbox *outbox, struct line *line)
{
    size_t i = outbox->n_lines++;

    for (; i > 0 && outbox->lines[i - 1]->id > line->id; i--)
        outbox->lines[i] = outbox->lines[i - 1];
    outbox->lines[i] = line;
    if (line->id >= outbox->next_id)
        outbox->next_id = line->id + 1;
}

static bool read_line(struct outbox *outbox, const struct moment *now, struct reader *r)
{
    struct line *line = outbox->n_lines < OUTBOX_LINES ? calloc(1, sizeof *line) : NULL;
    uint64_t level, flags;

    if (!line)
        return false;
    line->id = get(r, 8);
    line->key = get(r, 8);
    line->incident = get(r, 8);
    level = get(r, 1);
    flags = get(r, 1);
    line->level = level <= OUTBOX_PAGE ? (enum outbox_level)level : OUTBOX_MESSAGE;
    line->over = flags & 1;
    line->delivered = flags >> 1 & 1;
    line->said = get_moment(r, now);
    get_text(r, line->subject, sizeof line->subject);
    get_text(r, line->text, sizeof line->text);
    if (!r->bad)
        read_owed(outbox, line, r);
    if (r->bad || line->id == 0 || line->id >= UINT64_MAX / 2) {
        free(line);
        return false;
    }
    line->kept = true;
    insert(outbox, line);
    return true;
}

/* ---- channels */

static void write_box(const struct box *box, struct writer *w)
{
    put(w, VERSION, 1);
    put(w, box->fingerprint, 8);
    put(w, box->proven, 8);
    put(w, (uint64_t)box->sending | (uint64_t)box->broken << 1 | (uint64_t)box->busy << 2, 1);
    put(w, (uint64_t)box->level, 1);
    put(w, box->failures, 4);
    put_moment(w, &box->failing);
    put_moment(w, &box->tried);
    put(w, box->wait, 8);
    put_text(w, box->why);
    put(w, box->n_sent, 1);
    for (size_t i = 0; i < box->n_sent; i++)
        put_moment(w, &box->sent[i]);
}

static bool read_box(struct outbox *outbox, const struct moment *now, const char *name, struct reader *r)
{
    const size_t i = outbox_box_for(outbox, name);
    struct box *box, read = { .kept = true };
    uint64_t flags;

    if (i == OUTBOX_CHANNELS)
        return false;
    box = &outbox->boxes[i];
    memcpy(read.name, box->name, sizeof read.name);
    read.fingerprint = get(r, 8);
    read.proven = get(r, 8);
    flags = get(r, 1);
    read.level = (enum outbox_level)(get(r, 1) % 3);
    read.failures = (unsigned)get(r, 4);
    read.failing = get_moment(r, now);
    read.tried = get_moment(r, now);
    read.wait = get(r, 8);
    get_text(r, read.why, sizeof read.why);
    read.n_sent = (unsigned)get(r, 1);
    for (size_t k = 0; k < read.n_sent && k < OUTBOX_WINDOW; k++)
        read.sent[k] = get_moment(r, now);
    if (r->bad || read.n_sent > OUTBOX_WINDOW || r->at != r->end)
        return false;
    read.broken = flags >> 1 & 1;
    read.busy = flags >> 2 & 1;
    read.restored = true;
    *box = read;
    return true;
}

/* ---- the face */

static bool forgotten(struct outbox *outbox, struct outbox_row *row)
{
    if (outbox->n_gone == 0)
        return false;
    row->n = 0;
    snprintf(row->name, sizeof row->name, "%s%llu", line_prefix, (unsigned long long)outbox->gone[--outbox->n_gone]);
    return true;
}

bool outbox_row(struct outbox *outbox, struct outbox_row *row)
{
    struct writer w = { .bytes = row->bytes };

    if (forgotten(outbox, row))
        return true;
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++) {
        struct box *box = &outbox->boxes[i];

        if (!box->changed || box->name[0] == '\0')
            continue;
        snprintf(row->name, sizeof row->name, "%s%s", channel_prefix, box->name);
        if (box->known)
            write_box(box, &w);
        box->kept = box->known;
        box->changed = false;
        if (!box->known)
            box->name[0] = '\0';
        row->n = w.n;
        return true;
    }
    for (size_t i = 0; i < outbox->n_lines; i++) {
        struct line *line = outbox->lines[i];

        if (!line->changed)
            continue;
        snprintf(row->name, sizeof row->name, "%s%llu", line_prefix, (unsigned long long)line->id);
        write_line(outbox, line, &w);
        line->changed = false;
        line->kept = true;
        row->n = w.n;
        return true;
    }
    return false;
}

void outbox_keep_all(struct outbox *outbox)
{
    for (size_t i = 0; i < OUTBOX_CHANNELS; i++)
        outbox->boxes[i].changed = true;
    for (size_t i = 0; i < outbox->n_lines; i++)
        outbox->lines[i]->changed = true;
}

bool outbox_restore(struct outbox *outbox, const struct moment *now, const char *name, const void *bytes, size_t n)
{
    struct reader r = { .at = bytes, .end = (const unsigned char *)bytes + n };

    if (get(&r, 1) != VERSION)
        return false;
    if (strncmp(name, line_prefix, sizeof line_prefix - 1) == 0)
        return read_line(outbox, now, &r);
    if (strncmp(name, channel_prefix, sizeof channel_prefix - 1) != 0 || strlen(name + sizeof channel_prefix - 1) >= OUTBOX_NAME)
        return false;
    return read_box(outbox, now, name + sizeof channel_prefix - 1, &r);
}
