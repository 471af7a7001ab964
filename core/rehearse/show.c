/* A rehearsal for people: the timeline, a line each for what happens at once, then what was expected and was not so. */
#include "rehearse/rehearsal.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES = 6, WORD_COLUMNS = 11 };

#define AT_ONCE ((uint64_t)NS_PER_S)

void rehearsal_time(struct buffer *out, uint64_t at)
{
    const uint64_t tenths = at / (NS_PER_S / 10), s = tenths / 10;

    if (s >= 86400)
        buffer_printf(out, "%ud ", (unsigned)(s / 86400));
    buffer_printf(out, "%u:%02u:%02u.%u", (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60), (unsigned)(tenths % 10));
}

static void begin_line(struct buffer *out, uint64_t at, const char *word)
{
    struct buffer time = buffer_make(0);

    rehearsal_time(&time, at);
    buffer_printf(out, "%12s  %-*s", buffer_string(&time), WORD_COLUMNS, word);
    buffer_free(&time);
}

/* ---- what happens at once: verdicts that turn alike, services that join one incident ---- */

static bool is_like(const struct rehearsal_entry *a, const struct rehearsal_entry *b)
{
    if (a->kind != b->kind || strcmp(a->word, b->word) != 0)
        return false;
    return a->kind == REHEARSED_VERDICT || (a->kind == REHEARSED_INCIDENT && a->incident == b->incident && a->text && b->text);
}

/* The first of them is written already; what the scenario does next ends it. How many are left out of the line. */
static size_t add_alike(struct buffer *out, const struct rehearsal *done, size_t first, unsigned char *used)
{
    const struct rehearsal_entry *entry = &done->entries[first];
    size_t n = 1;

    for (size_t i = first + 1; used && i < done->n_entries && done->entries[i].kind != REHEARSED_STEP && done->entries[i].at - entry->at < AT_ONCE; i++) {
        const struct rehearsal_entry *other = &done->entries[i];

        if (used[i] || !is_like(entry, other))
            continue;
        used[i] = 1;
        if (n++ < NAMES)
            buffer_printf(out, ", %s", entry->kind == REHEARSED_INCIDENT ? other->text : other->service ? other->service : "?");
    }
    if (n > NAMES)
        buffer_printf(out, " and %zu more", n - NAMES);
    return n;
}

static void add_verdicts(struct buffer *out, const struct rehearsal *done, size_t first, unsigned char *used)
{
    const struct rehearsal_entry *entry = &done->entries[first];

    begin_line(out, entry->at, entry->word);
    buffer_text(out, entry->service ? entry->service : "?");
    if (add_alike(out, done, first, used) == 1 && entry->text)
        buffer_printf(out, " (%s)", entry->text);
    buffer_char(out, '\n');
}

static void add_incident(struct buffer *out, const struct rehearsal *done, size_t first, unsigned char *used)
{
    const struct rehearsal_entry *entry = &done->entries[first];

    begin_line(out, entry->at, "incident");
    buffer_printf(out, "%llu of %s: %s", (unsigned long long)entry->incident, entry->service ? entry->service : "?", entry->word);
    if (entry->text) {
        buffer_printf(out, " %s", entry->text);
        add_alike(out, done, first, used);
    }
    buffer_char(out, '\n');
}

/* ---- the other entries ---- */

static void add_entry(struct buffer *out, const struct rehearsal_entry *entry)
{
    const char *text = entry->text ? entry->text : "";

    switch (entry->kind) {
    case REHEARSED_STEP:
        begin_line(out, entry->at, "-");
        buffer_printf(out, "%s%s%s\n", entry->word, entry->word[0] ? ": " : "", text);
        break;
    case REHEARSED_TOLD:
        begin_line(out, entry->at, entry->word);
        buffer_printf(out, "%s\n", text);
        break;
    case REHEARSED_HEAL:
        begin_line(out, entry->at, "selects");
        buffer_printf(out, "%s for %s\n", entry->word, entry->service ? entry->service : "?");
        break;
    case REHEARSED_REPAIR:
        begin_line(out, entry->at, entry->word);
        buffer_printf(out, "%s%s%s\n", entry->service ? entry->service : "", entry->service && text[0] ? ": " : "", text);
        break;
    case REHEARSED_OVERALL:
        begin_line(out, entry->at, "state");
        buffer_printf(out, "%s\n", entry->word);
        break;
    case REHEARSED_VERDICT:
    case REHEARSED_INCIDENT:
        break;
    }
}

static void add_timeline(struct buffer *out, const struct rehearsal *done)
{
    unsigned char *used = calloc(done->n_entries + 1, 1); /* NULL: nothing is joined */

    for (size_t i = 0; i < done->n_entries; i++) {
        if (used && used[i])
            continue;
        if (done->entries[i].kind == REHEARSED_VERDICT)
            add_verdicts(out, done, i, used);
        else if (done->entries[i].kind == REHEARSED_INCIDENT)
            add_incident(out, done, i, used);
        else
            add_entry(out, &done->entries[i]);
    }
    free(used);
    if (done->left_out > 0)
        buffer_printf(out, "and %zu more\n", done->left_out);
}

/* ---- what was expected ---- */

static void add_failures(struct buffer *out, const struct rehearsal *done)
{
    for (size_t i = 0; i < done->n_failures; i++) {
        const struct rehearsal_failure *failure = &done->failures[i];

        buffer_printf(out, "%s:%u:%u: at ", failure->place.file, failure->place.line, failure->place.column);
        rehearsal_time(out, failure->at);
        buffer_printf(out, ": %s\n", failure->text ? failure->text : "");
    }
    if (done->more_failures > 0)
        buffer_printf(out, "and %zu more\n", done->more_failures);
}

void rehearsal_text(struct buffer *out, const struct rehearsal *done, const struct scenario *scenario, const struct rehearsal_shown *shown)
{
    const size_t wrong = done->n_failures + done->more_failures;

    buffer_printf(out, "%s\n%s: %zu services, %zu checks; ", scenario->title ? scenario->title : shown->scenario, shown->config, shown->model->n_services,
                  shown->model->n_checks);
    rehearsal_time(out, done->length);
    buffer_text(out, " in simulated time, nothing is executed\n\n");
    add_timeline(out, done);
    buffer_char(out, '\n');
    add_failures(out, done);
    buffer_printf(out, "%zu expected: %zu so, %zu not\n", done->judged, done->judged - wrong, wrong);
}
