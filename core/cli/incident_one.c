/*
 * `talon incidents ID`: one incident with its timeline, and what was known when it began (evidence). The daemon knows the last ones; of others, of each step of a
 * repair and of the evidence, its store does.
 */
#include "cli/cli.h"
#include "cli/incidents_show.h"
#include "cli/people.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 16 << 20, PATH = 128, AT_COLUMNS = 14, MOST_EVIDENCE = 8 };

/* ---- the timeline */

static void add_entry(struct buffer *out, double at, const char *kind, const char *text)
{
    char shown[64];

    field_moment(at, shown, sizeof shown);
    buffer_text(out, "  ");
    cli_cell(out, shown, AT_COLUMNS, 1);
    buffer_text(out, kind);
    if (!text[0]) {
        buffer_char(out, '\n');
        return;
    }
    buffer_text(out, ": ");
    cli_wrap(out, text, 2 + AT_COLUMNS + cli_width(kind) + 2, 4 + AT_COLUMNS);
}

static void add_timeline(struct buffer *out, const cJSON *incident)
{
    const double left_out = field_number(incident, "timeline_left_out");
    const cJSON *entry;

    cJSON_ArrayForEach(entry, field(incident, "timeline"))
        add_entry(out, field_number(entry, "at_unix"), field_text(entry, "kind"), field_text(entry, "who"));
    if (left_out > 0.)
        buffer_printf(out, "  (%.0f entries in the middle are left out)\n", left_out);
}

static bool is_evidence(const cJSON *line)
{
    return strcmp(field_text(line, "kind"), "evidence") == 0;
}

static void add_lines(struct buffer *out, const cJSON *kept)
{
    const cJSON *line;

    cJSON_ArrayForEach(line, field(kept, "lines"))
    {
        if (!is_evidence(line))
            add_entry(out, field_number(line, "at") / 1e3, field_text(line, "kind"), field_text(line, "text"));
    }
}

/* Is all of the timeline written down? Then the lines say it in the same order, with the steps of repairs between. */
static bool is_all_kept(const cJSON *now, const cJSON *kept)
{
    const double told = cJSON_GetArraySize(field(now, "timeline")) + field_number(now, "timeline_left_out");
    const cJSON *line;
    double lines = 0.;

    cJSON_ArrayForEach(line, field(kept, "lines"))
        lines += !is_evidence(line) && strcmp(field_text(line, "kind"), "repair") != 0;
    return lines >= told;
}

/* ---- evidence: each a check's last result, as JSON */

static void add_evidence(struct buffer *out, const cJSON *line)
{
    cJSON *result = cJSON_Parse(field_text(line, "text"));
    struct buffer text = buffer_make(0);

    if (field_text(result, "check")[0]) {
        buffer_printf(&text, "%s: %s, %s", field_text(result, "check"), field_text(result, "status"), field_text(result, "summary"));
        buffer_text(out, "  ");
        cli_wrap(out, buffer_string(&text), 2, 4);
    }
    buffer_free(&text);
    cJSON_Delete(result);
}

static void add_all_evidence(struct buffer *out, const cJSON *kept)
{
    const cJSON *line;
    int n = 0;

    cJSON_ArrayForEach(line, field(kept, "lines"))
    {
        if (!is_evidence(line) || n++ >= MOST_EVIDENCE)
            continue;
        if (n == 1)
            buffer_text(out, "what was known when it began:\n");
        add_evidence(out, line);
    }
    if (n > MOST_EVIDENCE)
        buffer_printf(out, "  and %d more; --json has all\n", n - MOST_EVIDENCE);
}

/* ---- all of it */

/* now NULL: only what was written down is known. */
static void show(struct buffer *out, const cJSON *now, const cJSON *kept)
{
    const cJSON *incident = now ? now : field(kept, "text");
    const double id = field_number(incident, "id");
    struct buffer line = buffer_make(0);

    describe_incident(incident, &line);
    cli_wrap(out, buffer_string(&line), 0, 2);
    buffer_free(&line);
    if (now && !is_all_kept(now, kept))
        add_timeline(out, now);
    else
        add_lines(out, kept);
    add_all_evidence(out, kept);
    if (strcmp(field_text(incident, "state"), "open") == 0)
        people_next(out, "`talon why %.0f` says what is wrong and what can be done; `talon ack %.0f` that somebody is on it", id, id);
    else
        people_next(out, "`talon uptime %s` shows what it cost", field_text(incident, "service"));
}

/* What was written down of it; NULL: nothing, or nobody can tell. */
static const cJSON *find_kept(const struct ask_place *place, const char *id, cJSON **answer)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    char path[PATH], why[256];

    snprintf(path, sizeof path, "/api/v1/incidents?id=%s", id);
    command_try(place, NULL, path, &body, answer, why, sizeof why);
    buffer_free(&body);
    return cJSON_GetArrayItem(field(*answer, "kept"), 0);
}

/* The one of now with what was written down as `kept`. */
static void show_json(struct buffer *out, const cJSON *now, const cJSON *kept)
{
    cJSON *whole = cJSON_Duplicate(now ? now : field(kept, "text"), 1);
    char *text;

    if (kept)
        cJSON_AddItemReferenceToObject(whole, "kept", (cJSON *)(uintptr_t)kept);
    else
        cJSON_AddNullToObject(whole, "kept");
    text = cJSON_PrintUnformatted(whole);
    buffer_text(out, text ? text : "{}");
    buffer_char(out, '\n');
    cJSON_free(text);
    cJSON_Delete(whole);
}

int incident_one(const struct ask_place *place, const char *id, bool json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    char path[PATH], endpoint_path[PATH], why[256];
    cJSON *now = NULL, *answer = NULL;
    const cJSON *kept;
    int http, code = CLI_UNKNOWN;

    snprintf(path, sizeof path, "/v1/incidents/%s", id);
    snprintf(endpoint_path, sizeof endpoint_path, "/api/v1/incidents/%s", id);
    http = command_try(place, path, endpoint_path, &body, &now, why, sizeof why);
    kept = http != 0 ? find_kept(place, id, &answer) : NULL;
    if (http == 0) {
        fprintf(stderr, "talon incidents: no daemon answers on %s (%s); `talon run` starts one\n", place->endpoint, why);
    } else if (http == 200 || kept) {
        if (json)
            show_json(&out, http == 200 ? now : NULL, kept);
        else
            show(&out, http == 200 ? now : NULL, kept);
        code = cli_print(&out) != 0 ? CLI_UNKNOWN : CLI_OK;
    } else {
        fprintf(stderr, "talon incidents: %s\n", field_text(now, "message")[0] ? field_text(now, "message") : "what answers is no talon, or another version");
    }
    cJSON_Delete(now);
    cJSON_Delete(answer);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}
