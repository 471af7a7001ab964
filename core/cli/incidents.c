/*
 * `talon incidents`: those that are open and the last that were closed, from the running daemon; without one, those that were open when the last one saved its
 * state, and says so. With --since all of that time, as they were written down. One of them is shown in incident_one.c.
 */
#include "base/moment.h"
#include "base/scalar.h"
#include "cli/cli.h"
#include "cli/incidents_show.h"
#include "cli/people.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon incidents [ID] [--since D] [--json] [--config FILE]";

enum { ANSWER_MAX = 16 << 20, PATH = 128, ID_COLUMNS = 6, OPENED_COLUMNS = 14, LASTED_COLUMNS = 9, STATE_COLUMNS = 10 };

/* ---- the list */

static void lasted(const cJSON *incident, char *out, size_t n)
{
    const double opened = field_number(incident, "opened_unix"), closed = field_number(incident, "closed_unix");
    char then[32];

    field_age(opened, out, n);
    if (closed <= 0.)
        return;
    scalar_show_age(closed > opened ? (uint64_t)(closed - opened) * NS_PER_S : 0, then, sizeof then);
    snprintf(out, n, "%s", then);
}

static void add_row(struct buffer *out, const cJSON *incident, size_t name_columns)
{
    const double joined = field_number(incident, "joined");
    const char *state = field_text(incident, "state");
    struct buffer rest = buffer_make(0);
    char text[64];

    snprintf(text, sizeof text, "%.0f", field_number(incident, "id"));
    cli_cell(out, text, ID_COLUMNS, 1);
    field_moment(field_number(incident, "opened_unix"), text, sizeof text);
    cli_cell(out, text, OPENED_COLUMNS, 1);
    lasted(incident, text, sizeof text);
    cli_cell(out, text, LASTED_COLUMNS, 1);
    buffer_text(out, cli_colour(strcmp(state, "open") == 0 ? "failed" : "ok"));
    cli_cell(out, state, STATE_COLUMNS, 1);
    buffer_text(out, cli_plain());
    cli_cell(out, field_text(incident, "service"), name_columns - 1, 1);
    buffer_char(out, ' ');
    if (joined > 0.)
        buffer_printf(&rest, "+%.0f ", joined);
    if (field_true(incident, "acked"))
        buffer_printf(&rest, "acknowledged %s", field_text(incident, "acked_by"));
    cli_rest(out, buffer_string(&rest), ID_COLUMNS + OPENED_COLUMNS + LASTED_COLUMNS + STATE_COLUMNS + name_columns);
    buffer_free(&rest);
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    buffer_char(out, '\n');
}

/* Returns how many are open. */
static unsigned add_rows(struct buffer *out, const cJSON *incidents)
{
    const cJSON *incident;
    size_t name_columns = 8;
    unsigned open = 0;

    cJSON_ArrayForEach(incident, incidents)
    {
        const size_t width = cli_width(field_text(incident, "service")) + 1;

        name_columns = width > name_columns ? width : name_columns;
        open += strcmp(field_text(incident, "state"), "open") == 0;
    }
    name_columns = cli_name_columns(name_columns, ID_COLUMNS + OPENED_COLUMNS + LASTED_COLUMNS + STATE_COLUMNS);
    if (cJSON_GetArraySize(incidents) > 0)
        buffer_printf(out, "%s%-*s%-*s%-*s%-*s%s%s\n", cli_colour("dim"), ID_COLUMNS, "ID", OPENED_COLUMNS, "OPENED", LASTED_COLUMNS, "LASTED", STATE_COLUMNS, "STATE",
                      "ROOT CAUSE", cli_plain());
    cJSON_ArrayForEach(incident, incidents)
        add_row(out, incident, name_columns);
    return open;
}

static void show_list(struct buffer *out, const cJSON *incidents)
{
    const unsigned open = add_rows(out, incidents);

    if (cJSON_GetArraySize(incidents) == 0) {
        buffer_text(out, "no incidents: none is open, and none was closed lately\n");
        return;
    }
    if (open == 0)
        people_next(out, "nothing is open; `talon incidents ID` shows how one went, `talon uptime` what it cost");
    else
        people_next(out, "`talon why ID` says what is wrong, `talon ack ID` that somebody is on it, `talon incidents ID` how it went");
}

/* ---- the command */

/* Without a daemon: what the last one left. */
static int offline(const struct ask_place *place, bool json)
{
    struct buffer saved = buffer_make(ANSWER_MAX), out = buffer_make(0);
    cJSON *status = NULL;
    int code = CLI_UNKNOWN;
    char age[32];

    if (place->state[0] && state_read(place->state, "status.json", &saved))
        status = cJSON_ParseWithLength(buffer_string(&saved), saved.len);
    if (status) {
        field_age(field_number(status, "updated_at_unix"), age, sizeof age);
        fprintf(stderr, "talon incidents: no daemon runs; these were open when the last one saved its state, %s ago\n", age);
        add_rows(&out, field(status, "incidents"));
        if (json) {
            char *text = cJSON_PrintUnformatted(field(status, "incidents"));

            buffer_clear(&out);
            buffer_printf(&out, "{\"saved\":true,\"updated_at_unix\":%.0f,\"incidents\":%s}\n", field_number(status, "updated_at_unix"), text ? text : "[]");
            cJSON_free(text);
        }
        cli_print(&out);
    } else {
        fprintf(stderr, "talon incidents: no daemon runs, and none has saved its state in %s; `talon run` starts one\n", place->state);
        code = CLI_UNKNOWN;
    }
    cJSON_Delete(status);
    buffer_free(&saved);
    buffer_free(&out);
    return code;
}

/* The list of now; without a daemon what the last one left. */
static int list(const struct ask_place *place, bool json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    cJSON *answer;
    char why[256];
    int http = command_try(place, "/v1/incidents", "/api/v1/incidents", &body, &answer, why, sizeof why), code = CLI_UNKNOWN;

    if (http == 0) {
        code = offline(place, json);
    } else if (http == 200 && answer) {
        show_list(&out, field(answer, "incidents"));
        code = people_print(&body, &out, json);
    } else {
        fprintf(stderr, "talon incidents: what answers on %s is no talon, or another version (HTTP %d)\n", place->control, http);
    }
    cJSON_Delete(answer);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

/* As they were written down: each row has the incident as `text`. */
static int list_since(const struct ask_place *place, const char *since, bool json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    cJSON *answer, *incidents;
    const cJSON *row;
    char path[PATH];
    int code = CLI_UNKNOWN;

    snprintf(path, sizeof path, "/api/v1/incidents?since=%.60s", since);
    if (command_get("talon incidents", place, NULL, path, &body, &answer) == 200) {
        incidents = cJSON_CreateArray();
        cJSON_ArrayForEach(row, field(answer, "kept"))
            cJSON_AddItemReferenceToArray(incidents, (cJSON *)(uintptr_t)field(row, "text"));
        show_list(&out, incidents);
        code = people_print(&body, &out, json);
        cJSON_Delete(incidents);
        cJSON_Delete(answer);
    }
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

int cli_incidents(int argc, char **argv)
{
    const char *config = NULL, *since = NULL;
    bool json = false;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "since", CLI_WORD, &since, "all that were open since: 24h, 30d" },
        { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" },
        CLI_NO_MORE,
    };
    struct ask_place place;
    int code, words = cli_options(argc, argv, options, usage, &code);
    const char *id = words > 0 ? argv[1] + (argv[1][0] == '#') : "";

    if (words < 0)
        return code;
    if (words > 1 || strlen(id) > 18 || strspn(id, "0123456789") != strlen(id) || (words == 1 && !id[0]))
        return people_refuse(usage, "talon incidents: takes the number of one incident, or nothing");
    if (words == 1 && since)
        return people_refuse(usage, "talon incidents: --since is for the list");
    if (since && !people_duration("talon incidents", since))
        return CLI_UNKNOWN;
    ask_find(config, &place);
    if (words == 1)
        return incident_one(&place, id, json);
    return since ? list_since(&place, since, json) : list(&place, json);
}
