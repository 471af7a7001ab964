/* `talon check`: one shot, as a table, as JSON, or as a Nagios plugin would say it. */
#include "base/moment.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/shot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "talon check [NAME...] [--config FILE] [--json|--nagios] [--timeout D] [--wait D [--every D]] [--trace]";

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

static void add_entry(struct buffer *out, const struct shot *shot, const struct shot_entry *entry)
{
    const struct model_check *check = &shot->model->checks[entry->check];
    const struct result *result = entry->result;
    size_t cause = shot_cause(shot, check->service);

    buffer_text(out, "{\"name\":");
    add_string(out, check->name);
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
        buffer_printf(out, ":%.17g", result->metrics[i].value);
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

static void show_json(struct buffer *out, const struct shot *shot)
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

static void show_nagios(struct buffer *out, const struct shot *shot)
{
    static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
    size_t good = 0;

    for (size_t i = 0; i < shot->n; i++)
        good += shot->entries[i].result && shot->entries[i].result->status == STATUS_OK;
    buffer_printf(out, "TALON %s - %zu of %zu checks ok", words[shot->code], good, shot->n);
    for (size_t i = 0; i < shot->n; i++) {
        const struct model_check *check = &shot->model->checks[shot->entries[i].check];

        if (!check->witness && strcmp(status_of(&shot->entries[i]), code_words[shot->code]) == 0 && shot->code != CLI_OK) {
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

enum { STATUS_COLUMNS = 9, TIME_COLUMNS = 9, SHORTEST_SUMMARY = 20 };

static void add_row(struct buffer *out, const struct shot *shot, const struct shot_entry *entry, size_t name_columns, size_t columns)
{
    const struct model_check *check = &shot->model->checks[entry->check];
    size_t cause = shot_cause(shot, check->service), used = STATUS_COLUMNS + name_columns + TIME_COLUMNS + 2;
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
    cli_cell(out, check->full_name, name_columns, 1);
    cli_cell(out, time, TIME_COLUMNS, 1);
    buffer_text(out, "  ");
    if (cli_is_terminal() && columns > used + SHORTEST_SUMMARY)
        cli_cell(out, buffer_string(&said), columns - used, 0);
    else
        buffer_text(out, buffer_string(&said));
    buffer_char(out, '\n');
    buffer_free(&said);
}

static void show_table(struct buffer *out, const struct shot *shot)
{
    size_t columns = (size_t)cli_columns(), name_columns = 5, counts[6] = { 0 }, unheard = 0;

    for (size_t i = 0; i < shot->n; i++) {
        size_t width = cli_width(shot->model->checks[shot->entries[i].check].full_name) + 1;

        name_columns = width > name_columns ? width : name_columns;
    }
    for (size_t i = 0; i < shot->n; i++) {
        add_row(out, shot, &shot->entries[i], name_columns, columns);
        if (shot->entries[i].result)
            counts[shot->entries[i].result->status]++;
        else
            unheard++;
    }
    buffer_printf(out, "\n%s%s%s: %zu checks in %.1f ms", cli_colour(code_words[shot->code]), code_words[shot->code], cli_plain(), shot->n, (double)shot->duration / 1e6);
    counts[STATUS_UNKNOWN] += unheard;
    for (int i = 0; i < 6; i++)
        if (counts[i] > 0)
            buffer_printf(out, ", %zu %s", counts[i], status_name((enum status)i));
    buffer_char(out, '\n');
}

/* ---- the command */

static int answer(const struct shot *shot, bool json, bool nagios)
{
    struct buffer out = buffer_make(0);
    int code;

    if (json)
        show_json(&out, shot);
    else if (nagios)
        show_nagios(&out, shot);
    else
        show_table(&out, shot);
    code = cli_print(&out);
    buffer_free(&out);
    return code == 0 ? shot->code : code;
}

int cli_check(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false, nagios = false;
    struct shot_request request = { .every = NS_PER_S };
    struct cli_option options[] = {
        { "config", CLI_TEXT, &config }, { "json", CLI_FLAG, &json }, { "nagios", CLI_FLAG, &nagios }, { "timeout", CLI_DURATION, &request.timeout },
        { "wait", CLI_DURATION, &request.wait }, { "every", CLI_DURATION, &request.every }, { "trace", CLI_FLAG, &request.trace }, { NULL, CLI_FLAG, NULL },
    };
    char file[4096];
    struct shot shot;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (json && nagios) {
        fprintf(stderr, "talon check: --json and --nagios exclude each other\nusage: %s\n", usage);
        return CLI_UNKNOWN;
    }
    if (!cli_config_file(config, file, sizeof file))
        return CLI_UNKNOWN;
    request.file = file;
    request.names = argv + 1;
    request.n_names = (size_t)words;
    code = shot_run(&request, &shot);
    if (code == 0)
        code = answer(&shot, json, nagios);
    shot_free(&shot);
    return code;
}
