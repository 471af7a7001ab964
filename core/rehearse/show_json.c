/* A rehearsal for programs: one JSON object, every entry of the timeline by itself. */
#include "rehearse/rehearsal.h"

#include "base/text.h"

#include <string.h>

static void add_text(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, ",\"%s\":", name);
    if (value)
        text_json(out, value, strlen(value));
    else
        buffer_text(out, "null");
}

static void add_entry(struct buffer *out, const struct rehearsal_entry *entry)
{
    static const char *const kinds[] = { [REHEARSED_STEP] = "step", [REHEARSED_VERDICT] = "verdict", [REHEARSED_INCIDENT] = "incident",
                                         [REHEARSED_TOLD] = "told", [REHEARSED_HEAL] = "would_heal", [REHEARSED_REPAIR] = "repair", [REHEARSED_OVERALL] = "state" };
    static const char *const words[] = { [REHEARSED_STEP] = "outcome", [REHEARSED_VERDICT] = "to", [REHEARSED_INCIDENT] = "what", [REHEARSED_TOLD] = "level",
                                         [REHEARSED_HEAL] = "runbook", [REHEARSED_REPAIR] = "what", [REHEARSED_OVERALL] = "to" };

    buffer_printf(out, "{\"at_s\":%.3f,\"kind\":\"%s\"", (double)entry->at / 1e9, kinds[entry->kind]);
    if (entry->kind != REHEARSED_STEP && entry->kind != REHEARSED_OVERALL)
        add_text(out, "service", entry->service);
    if (entry->from)
        add_text(out, "from", entry->from);
    add_text(out, words[entry->kind], entry->word);
    if (entry->incident > 0)
        buffer_printf(out, ",\"incident\":%llu", (unsigned long long)entry->incident);
    if (entry->text)
        add_text(out, "text", entry->text);
    buffer_char(out, '}');
}

static void add_failure(struct buffer *out, const struct rehearsal_failure *failure)
{
    buffer_printf(out, "{\"at_s\":%.3f,\"line\":%u,\"column\":%u", (double)failure->at / 1e9, failure->place.line, failure->place.column);
    add_text(out, "file", failure->place.file);
    add_text(out, "message", failure->text);
    buffer_char(out, '}');
}

void rehearsal_json(struct buffer *out, const struct rehearsal *done, const struct scenario *scenario, const struct rehearsal_shown *shown)
{
    const size_t wrong = done->n_failures + done->more_failures;

    buffer_printf(out, "{\"ok\":%s", wrong == 0 ? "true" : "false");
    add_text(out, "title", scenario->title);
    add_text(out, "scenario", shown->scenario);
    add_text(out, "config", shown->config);
    buffer_printf(out, ",\"length_s\":%.3f,\"services\":%zu,\"checks\":%zu,\"events\":%llu,\"expected\":%zu,\"wrong\":%zu,\"not_judged\":0,\"timeline\":[",
                  (double)done->length / 1e9, shown->model->n_services, shown->model->n_checks, (unsigned long long)done->events, done->judged, wrong);
    for (size_t i = 0; i < done->n_entries; i++) {
        buffer_text(out, i > 0 ? ",\n" : "\n");
        add_entry(out, &done->entries[i]);
    }
    buffer_printf(out, "\n],\"left_out\":%zu,\"failed\":[", done->left_out);
    for (size_t i = 0; i < done->n_failures; i++) {
        buffer_text(out, i > 0 ? ",\n" : "\n");
        add_failure(out, &done->failures[i]);
    }
    buffer_text(out, "]}\n");
}
