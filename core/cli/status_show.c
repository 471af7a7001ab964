/*
 * What `talon status` shows: the overall state with the root cause in its first line, what a person has to do with (trouble of Talon's own, open incidents, silences,
 * the pause), then every service, the worst first, and the programs that are kept
 * running.
 */
#include "cli/status_show.h"

#include "cli/cli.h"
#include "cli/incidents_show.h"
#include "cli/people.h"
#include "cli/programs_show.h"

#include <stdio.h>
#include <string.h>

enum { STATE_COLUMNS = 11, SINCE_COLUMNS = 9, MOST_INCIDENTS = 5, MOST_SILENCES = 5 };

/* ---- the table: what a person wants to read first stands first */

/* How bad a verdict is, worst first (rules.md 3.2); one that is none of these: the last. */
size_t status_rank(const char *verdict)
{
    static const char *const worst_first[STATUS_RANKS - 1] = { "failed", "suspect", "unknown", "recovering", "starting", "stopped", "warn", "ok" };
    size_t rank = 0;

    while (rank < STATUS_RANKS - 1 && strcmp(worst_first[rank], verdict) != 0)
        rank++;
    return rank;
}

static void add_service(struct buffer *out, const cJSON *service, size_t name_columns)
{
    const char *verdict = field_text(service, "verdict");
    char age[32];

    field_age(field_number(service, "since_unix"), age, sizeof age);
    cli_cell(out, field_text(service, "name"), name_columns - 1, 1);
    buffer_char(out, ' ');
    buffer_text(out, cli_colour(verdict));
    cli_cell(out, verdict[0] ? verdict : "-", STATE_COLUMNS, 1);
    buffer_text(out, cli_plain());
    cli_cell(out, age, SINCE_COLUMNS, 1);
    cli_rest(out, field_text(service, "why"), name_columns + STATE_COLUMNS + SINCE_COLUMNS);
    buffer_char(out, '\n');
}

static void add_services(struct buffer *out, const cJSON *services)
{
    const cJSON *service;
    size_t name_columns = 8;

    cJSON_ArrayForEach(service, services)
    {
        size_t width = cli_width(field_text(service, "name")) + 1;

        name_columns = width > name_columns ? width : name_columns;
    }
    name_columns = cli_name_columns(name_columns, STATE_COLUMNS + SINCE_COLUMNS);
    for (size_t rank = 0; rank < STATUS_RANKS; rank++)
        cJSON_ArrayForEach(service, services)
        {
            if (status_rank(field_text(service, "verdict")) == rank)
                add_service(out, service, name_columns);
        }
}

static void add_trouble(struct buffer *out, const char *what, const char *text)
{
    if (!text[0])
        return;
    buffer_printf(out, "%s%s:%s ", cli_colour("warn"), what, cli_plain());
    cli_wrap(out, text, cli_width(what) + 2, 2);
}

/* A plugin host that does not run takes its checks with it. */
static void add_plugins(struct buffer *out, const cJSON *plugins)
{
    const cJSON *plugin;
    char text[400];

    cJSON_ArrayForEach(plugin, plugins)
    {
        const char *state = field_text(plugin, "state"), *end = field_text(plugin, "last_end");

        if (strcmp(state, "running") == 0 || strcmp(state, "starting") == 0)
            continue;
        snprintf(text, sizeof text, "%.60s: %.40s%s%.250s", field_text(plugin, "name"), state, end[0] ? ", " : "", end);
        add_trouble(out, "plugin host", text);
    }
}

static void add_programs(struct buffer *out, const cJSON *programs)
{
    const cJSON *program;
    char text[512];

    cJSON_ArrayForEach(program, programs)
    {
        const char *state = field_text(program, "state"), *why = field_text(program, "why");

        if (strcmp(state, "running") == 0)
            continue;
        snprintf(text, sizeof text, "%.64s is %.32s%s%s%.300s", field_text(program, "name"), state, field_true(program, "wanted") ? "" : " by a person", why[0] ? ": " : "", why);
        add_trouble(out, "program", text);
    }
}

/* All of them, below the services. */
static void add_all_programs(struct buffer *out, const cJSON *programs)
{
    const cJSON *program;

    if (cJSON_GetArraySize(programs) > 0)
        buffer_text(out, "\nkept running:\n");
    cJSON_ArrayForEach(program, programs) programs_row(out, program);
}

/* ---- what people have to do with */

static void add_lines(struct buffer *out, const cJSON *items, void (*describe)(const cJSON *item, struct buffer *line), int most, const char *more)
{
    const cJSON *item;
    int n = 0, all = cJSON_GetArraySize(items);

    cJSON_ArrayForEach(item, items)
    {
        struct buffer line = buffer_make(0);

        if (n++ == most) {
            buffer_printf(out, "and %d more; `%s` lists all\n", all - most, more);
            break;
        }
        describe(item, &line);
        cli_wrap(out, buffer_string(&line), 0, 2);
        buffer_free(&line);
    }
}

static void describe_repair(const cJSON *run, struct buffer *line)
{
    buffer_printf(line, "repair goes on: %.64s for %.64s, step %.32s: %.300s", field_text(run, "runbook"), field_text(run, "service"), field_text(run, "step"),
                  field_text(run, "doing"));
}

static bool is_listed(const cJSON *incidents, double id)
{
    const cJSON *incident;

    cJSON_ArrayForEach(incident, incidents)
        if (field_number(incident, "id") == id)
            return true;
    return false;
}

/* Of those that have no open incident, whose line would say it: what is well again is still watched for as long as its runbook wants. */
static void add_repairs(struct buffer *out, const cJSON *status)
{
    const cJSON *run;

    cJSON_ArrayForEach(run, field(status, "repairing"))
    {
        struct buffer line = buffer_make(0);

        if (!is_listed(field(status, "incidents"), field_number(run, "incident"))) {
            describe_repair(run, &line);
            cli_wrap(out, buffer_string(&line), 0, 2);
        }
        buffer_free(&line);
    }
}

static void add_people(struct buffer *out, const cJSON *status)
{
    const double paused = field_number(status, "paused_until");
    char left[32];

    add_lines(out, field(status, "incidents"), describe_incident, MOST_INCIDENTS, "talon incidents");
    add_repairs(out, status);
    add_lines(out, field(status, "silences"), describe_silence, MOST_SILENCES, "talon status --json");
    if (paused > 0.) {
        field_left(paused, left, sizeof left);
        buffer_printf(out, "repair is paused, for %s more; `talon resume` ends it\n", left);
    }
}

static void add_todo(struct buffer *out, const cJSON *status)
{
    const cJSON *first = cJSON_GetArrayItem(field(status, "incidents"), 0);
    const double id = field_number(first, "id");

    if (!first)
        return;
    if (field_true(first, "acked"))
        people_next(out, "`talon why %.0f` says what is wrong and what can be done", id);
    else
        people_next(out, "`talon why %.0f` says what is wrong and what can be done, `talon ack %.0f` that somebody is on it", id, id);
}

void status_show(struct buffer *out, const cJSON *status)
{
    const char *state = field_text(status, "state"), *why = field_text(status, "why");

    buffer_printf(out, "%s%s%s%s", cli_colour(state), state, cli_plain(), why[0] ? ": " : "");
    cli_wrap(out, why, cli_width(state) + 2, 2);
    if (field_true(status, "stalled"))
        add_trouble(out, "stalled", "the daemon's loop stands still; what follows is what it saw last");
    add_trouble(out, "configuration refused", field_text(field(status, "config"), "error"));
    add_trouble(out, "talon itself", field_text(status, "self"));
    add_plugins(out, field(status, "plugins"));
    add_programs(out, field(status, "programs"));
    add_people(out, status);
    add_todo(out, status);
    buffer_char(out, '\n');
    add_services(out, field(status, "services"));
    add_all_programs(out, field(status, "programs"));
}
