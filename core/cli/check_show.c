/* A one shot for people, for programs, and for Nagios: see check_show.h. */
#include "cli/check_show.h"

#include "base/text.h"
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const code_words[] = { "ok", "warn", "fail", "unknown" };

static const char *status_of(const struct shot_entry *entry)
{
    return entry->result ? status_name(entry->result->status) : "unknown";
}

static const char *summary_of(const struct shot_entry *entry)
{
    return entry->result ? entry->result->summary : "did not end in time";
}

static const char *reason_of(const struct shot_entry *entry)
{
    return entry->result ? entry->result->reason : "timeout";
}

static double ms_of(const struct shot_entry *entry)
{
    return entry->result ? (double)entry->result->duration_ns / 1e6 : 0.;
}

/* ---- JSON */

static void add_string(struct buffer *out, const char *text)
{
    text_json(out, text, strlen(text));
}

/* The shortest of two spellings that reads back to the same value. */
static void add_number(struct buffer *out, double value)
{
    char text[40];

    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) < value || strtod(text, NULL) > value)
        snprintf(text, sizeof text, "%.17g", value);
    buffer_printf(out, ":%s", text);
}

static void add_entry(struct buffer *out, const struct shot *shot, const struct shot_entry *entry)
{
    const struct model_check *check = &shot->model->checks[entry->check];
    const struct result *result = entry->result;
    size_t cause = shot_cause(shot, check->service);

    buffer_text(out, "{\"name\":");
    add_string(out, check->full_name);
    buffer_text(out, ",\"service\":");
    add_string(out, shot->model->services[check->service].name);
    buffer_printf(out, ",\"status\":\"%s\",\"reason\":", status_of(entry));
    add_string(out, reason_of(entry));
    buffer_text(out, ",\"summary\":");
    add_string(out, summary_of(entry));
    buffer_printf(out, ",\"duration_ms\":%.3f", ms_of(entry));
    if (check->witness)
        buffer_text(out, ",\"witness\":true");
    if (cause != MODEL_NONE && result && result->status != STATUS_OK) {
        buffer_text(out, ",\"caused_by\":");
        add_string(out, shot->model->services[cause].name);
    }
    buffer_text(out, ",\"metrics\":{");
    for (size_t i = 0; result && i < result->n_metrics; i++) {
        buffer_text(out, i ? "," : "");
        add_string(out, result->metrics[i].name);
        add_number(out, result->metrics[i].value);
    }
    buffer_text(out, "},\"details\":{");
    for (size_t i = 0; result && i < result->n_details; i++) {
        buffer_text(out, i ? "," : "");
        add_string(out, result->details[i].name);
        buffer_char(out, ':');
        add_string(out, result->details[i].value);
    }
    buffer_text(out, "}}");
}

void check_show_json(struct buffer *out, const struct shot *shot)
{
    buffer_printf(out, "{\"status\":\"%s\",\"duration_ms\":%.3f,\"checks\":[", code_words[shot->code], (double)shot->duration / 1e6);
    for (size_t i = 0; i < shot->n; i++) {
        buffer_text(out, i ? ",\n" : "\n");
        add_entry(out, shot, &shot->entries[i]);
    }
    buffer_text(out, "\n]}\n");
}

/* ---- as a Nagios plugin: one line, then a line for each check that is not ok; the bar begins performance data */

static void add_without_bar(struct buffer *out, const char *text)
{
    for (; *text; text++)
        buffer_char(out, *text == '|' ? '/' : *text);
}

void check_show_nagios(struct buffer *out, const struct shot *shot)
{
    static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
    size_t good = 0;

    for (size_t i = 0; i < shot->n; i++)
        good += shot->entries[i].result && shot->entries[i].result->status == STATUS_OK;
    buffer_printf(out, "TALON %s - %zu of %zu checks ok", words[shot->code], good, shot->n);
    for (size_t i = 0; i < shot->n; i++) {
        const struct model_check *check = &shot->model->checks[shot->entries[i].check];

        if (!check->witness && shot->code != CLI_OK && shot_code(&shot->entries[i]) == shot->code) {
            buffer_printf(out, ": %s: ", check->full_name);
            add_without_bar(out, summary_of(&shot->entries[i]));
            break;
        }
    }
    buffer_printf(out, " | time=%.3fs ok=%zu;;;0;%zu\n", (double)shot->duration / 1e9, good, shot->n);
    for (size_t i = 0; i < shot->n; i++) {
        if (strcmp(status_of(&shot->entries[i]), "ok") == 0)
            continue;
        buffer_printf(out, "%s %s: ", status_of(&shot->entries[i]), shot->model->checks[shot->entries[i].check].full_name);
        add_without_bar(out, summary_of(&shot->entries[i]));
        buffer_char(out, '\n');
    }
}

/* ---- the table */

enum { STATUS_COLUMNS = 9, TIME_COLUMNS = 9, BEFORE_SUMMARY = 2 };

static void add_row(struct buffer *out, const struct shot *shot, const struct shot_entry *entry, size_t name_columns)
{
    const struct model_check *check = &shot->model->checks[entry->check];
    size_t cause = shot_cause(shot, check->service);
    struct buffer said = buffer_make(0);
    char time[32];

    if (strcmp(status_of(entry), "ok") != 0 && cause != MODEL_NONE)
        buffer_printf(&said, "caused by %s; ", shot->model->services[cause].name);
    if (check->witness)
        buffer_text(&said, "(witness) ");
    buffer_text(&said, summary_of(entry));
    snprintf(time, sizeof time, "%7.1fms", ms_of(entry));
    buffer_text(out, cli_colour(status_of(entry)));
    cli_cell(out, status_of(entry), STATUS_COLUMNS, 1);
    buffer_text(out, cli_plain());
    cli_cell(out, check->full_name, name_columns - 1, 1);
    buffer_char(out, ' ');
    cli_cell(out, time, TIME_COLUMNS, 1);
    buffer_text(out, "  ");
    cli_rest(out, buffer_string(&said), STATUS_COLUMNS + name_columns + TIME_COLUMNS + BEFORE_SUMMARY);
    buffer_char(out, '\n');
    buffer_free(&said);
}

void check_show_table(struct buffer *out, const struct shot *shot)
{
    size_t name_columns = 5, counts[6] = { 0 }, unheard = 0;

    for (size_t i = 0; i < shot->n; i++) {
        size_t width = cli_width(shot->model->checks[shot->entries[i].check].full_name) + 1;

        name_columns = width > name_columns ? width : name_columns;
    }
    name_columns = cli_name_columns(name_columns, STATUS_COLUMNS + TIME_COLUMNS + BEFORE_SUMMARY);
    for (size_t i = 0; i < shot->n; i++) {
        add_row(out, shot, &shot->entries[i], name_columns);
        if (shot->entries[i].result)
            counts[shot->entries[i].result->status]++;
        else
            unheard++;
    }
    buffer_printf(out, "\n%s%s%s: %zu check%s in %.1f ms", cli_colour(code_words[shot->code]), code_words[shot->code], cli_plain(), shot->n,
                  shot->n == 1 ? "" : "s", (double)shot->duration / 1e6);
    counts[STATUS_UNKNOWN] += unheard;
    for (int i = 0; i < 6; i++)
        if (counts[i] > 0)
            buffer_printf(out, ", %zu %s", counts[i], status_name((enum status)i));
    buffer_char(out, '\n');
}
