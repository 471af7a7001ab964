/*
 * `talon incidents [ID]`: those that are open and the last that were closed, or one with its timeline. From the running daemon; without one, those that were
 * open when the last one saved its state, and says so.
 */
#include "base/moment.h"
#include "base/scalar.h"
#include "cli/cli.h"
#include "cli/incidents_show.h"
#include "cli/people.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon incidents [ID] [--json] [--config FILE]";

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
        buffer_printf(&rest, "acknowledged by %s", field_text(incident, "acked_by"));
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

/* ---- one of them */

static void add_entry(struct buffer *out, const cJSON *entry)
{
    const char *who = field_text(entry, "who");
    char at[64];

    field_moment(field_number(entry, "at_unix"), at, sizeof at);
    buffer_text(out, "  ");
    cli_cell(out, at, OPENED_COLUMNS, 1);
    buffer_text(out, field_text(entry, "kind"));
    if (who[0]) {
        buffer_text(out, ": ");
        cli_wrap(out, who, 2 + OPENED_COLUMNS + cli_width(field_text(entry, "kind")) + 2, 4 + OPENED_COLUMNS);
    } else {
        buffer_char(out, '\n');
    }
}

static void show_one(struct buffer *out, const cJSON *incident)
{
    struct buffer line = buffer_make(0);
    const double left_out = field_number(incident, "timeline_left_out"), id = field_number(incident, "id");
    const cJSON *entry;

    describe_incident(incident, &line);
    cli_wrap(out, buffer_string(&line), 0, 2);
    buffer_free(&line);
    cJSON_ArrayForEach(entry, field(incident, "timeline"))
        add_entry(out, entry);
    if (left_out > 0.)
        buffer_printf(out, "  (%.0f entries in the middle are left out)\n", left_out);
    if (strcmp(field_text(incident, "state"), "open") == 0)
        people_next(out, "`talon why %.0f` says what is wrong and what can be done; `talon ack %.0f` that somebody is on it", id, id);
    else
        people_next(out, "`talon uptime %s` shows what it cost", field_text(incident, "service"));
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

static bool somebody_answers(const struct ask_place *place)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    char control[sizeof place->control + 8], why[256];
    bool answers;

    snprintf(control, sizeof control, "unix:%s", place->control);
    answers = ask_get(control, "/v1/log", ASK_PATIENCE, &body, why, sizeof why) != 0;
    buffer_clear(&body);
    answers = answers || ask_get(place->endpoint, "/healthz", ASK_PATIENCE, &body, why, sizeof why) != 0;
    buffer_free(&body);
    return answers;
}

int cli_incidents(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    char path[PATH] = "/v1/incidents", endpoint_path[PATH] = "/api/v1/incidents";
    int code, words = cli_options(argc, argv, options, usage, &code);
    const char *id = words > 0 ? argv[1] + (argv[1][0] == '#') : "";
    cJSON *answer;

    if (words < 0)
        return code;
    if (words > 1 || strlen(id) > 18 || strspn(id, "0123456789") != strlen(id) || (words == 1 && !id[0]))
        return people_refuse(usage, "talon incidents: takes the number of one incident, or nothing");
    if (words == 1) {
        snprintf(path, sizeof path, "/v1/incidents/%s", id);
        snprintf(endpoint_path, sizeof endpoint_path, "/api/v1/incidents/%s", id);
    }
    ask_find(config, &place);
    if (words == 0 && !somebody_answers(&place))
        return offline(&place, json);
    code = CLI_UNKNOWN;
    if (command_get("talon incidents", &place, path, endpoint_path, &body, &answer) == 200) {
        if (words == 1)
            show_one(&out, answer);
        else
            show_list(&out, field(answer, "incidents"));
        code = people_print(&body, &out, json);
        cJSON_Delete(answer);
    }
    buffer_free(&body);
    buffer_free(&out);
    return code;
}
