/* A rehearsal for people: the timeline, a line each for what happens at once, then what was expected and was not so. */
#include "rehearse/rehearsal.h"

#include "config/config.h"

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

/* ---- verdicts that turn together ---- */

static bool is_like(const struct rehearsal_entry *a, const struct rehearsal_entry *b)
{
    return b->kind == REHEARSED_VERDICT && strcmp(a->word, b->word) == 0 && b->at - a->at < AT_ONCE;
}

static size_t add_verdicts(struct buffer *out, const struct rehearsal *done, size_t first)
{
    const struct rehearsal_entry *entry = &done->entries[first];
    size_t n = 1;

    while (first + n < done->n_entries && is_like(entry, &done->entries[first + n]))
        n++;
    begin_line(out, entry->at, entry->word);
    for (size_t i = 0; i < n && i < NAMES; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "", entry[i].service ? entry[i].service : "?");
    if (n > NAMES)
        buffer_printf(out, " and %zu more", n - NAMES);
    if (n == 1 && entry->text)
        buffer_printf(out, " (%s)", entry->text);
    buffer_char(out, '\n');
    return n;
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
    case REHEARSED_INCIDENT:
        begin_line(out, entry->at, "incident");
        buffer_printf(out, "%llu of %s: %s %s\n", (unsigned long long)entry->incident, entry->service ? entry->service : "?", entry->word, text);
        break;
    case REHEARSED_TOLD:
        begin_line(out, entry->at, entry->word);
        buffer_printf(out, "%s\n", text);
        break;
    case REHEARSED_HEAL:
        begin_line(out, entry->at, "would heal");
        buffer_printf(out, "%s with %s\n", entry->service ? entry->service : "?", entry->word);
        break;
    case REHEARSED_OVERALL:
        begin_line(out, entry->at, "state");
        buffer_printf(out, "%s\n", entry->word);
        break;
    case REHEARSED_VERDICT:
        break;
    }
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
    for (size_t i = 0; i < done->n_entries;) {
        if (done->entries[i].kind == REHEARSED_VERDICT) {
            i += add_verdicts(out, done, i);
            continue;
        }
        add_entry(out, &done->entries[i++]);
    }
    if (done->left_out > 0)
        buffer_printf(out, "and %zu more\n", done->left_out);
    buffer_char(out, '\n');
    add_failures(out, done);
    buffer_printf(out, "%zu expected: %zu so, %zu not\n", done->judged, done->judged - wrong, wrong);
    if (done->later > 0)
        buffer_printf(out, "not judged yet: %zu, which need repair: this version runs no runbook\n", done->later);
    if (scenario->n_runbooks > 0)
        buffer_printf(out, "what %zu runbook%s would do is kept, and not used yet: this version runs none\n", scenario->n_runbooks, scenario->n_runbooks == 1 ? "" : "s");
}
