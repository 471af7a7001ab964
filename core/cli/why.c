/*
 * `talon why NAME|INCIDENT`: the chain from what was asked down to what is to blame, the silences, the incident, and what a person can do next. The daemon makes
 * the chain; this shows it.
 */
#include "cli/cli.h"
#include "cli/incidents_show.h"
#include "cli/people.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon why NAME|INCIDENT [--json] [--config FILE]";

enum { ANSWER_MAX = 4 << 20, PATH = 512, MOST_TODO = 8 };

static void add_verdict(struct buffer *out, const char *verdict)
{
    buffer_printf(out, "%s%s%s", cli_colour(verdict), verdict, cli_plain());
}

static void add_check(struct buffer *out, const cJSON *check, size_t indent)
{
    struct buffer line = buffer_make(0);
    const char *verdict = field_text(check, "verdict"), *summary = field_text(check, "summary");
    const bool good = strcmp(verdict, "ok") == 0;
    char age[32];

    if (!cJSON_IsObject(check))
        return;
    field_age(field_number(check, "last_run_unix"), age, sizeof age);
    buffer_printf(&line, "check %s: %s%s%s", field_text(check, "name"), field_text(check, "status"), summary[0] ? ", " : "", summary);
    if (!good)
        buffer_printf(&line, "; bad in a row: %.0f (fails at %.0f)", field_number(check, "bad_in_a_row"), field_number(check, "fail_after"));
    buffer_printf(&line, "; last run %s ago", age);
    buffer_printf(out, "%*s", (int)indent, "");
    cli_wrap(out, buffer_string(&line), indent, indent + 2);
    buffer_free(&line);
}

static void add_link(struct buffer *out, const cJSON *link, size_t depth)
{
    const size_t indent = depth * 2;
    const char *name = field_text(link, "service"), *title = field_text(link, "title");
    struct buffer line = buffer_make(0);
    char age[32];

    field_age(field_number(link, "since_unix"), age, sizeof age);
    buffer_printf(out, "%*s%s", (int)indent, "", depth > 0 ? "needs " : "");
    buffer_printf(out, "%s%s%s: ", cli_colour("bold"), name, cli_plain());
    add_verdict(out, field_text(link, "verdict"));
    buffer_printf(&line, " for %s%s%s%s", age, field_true(link, "root_cause") ? ", the root cause" : "", field_true(link, "silenced") ? ", silenced" : "",
                  field_true(link, "flapping") ? ", flapping" : "");
    if (title[0] && strcmp(title, name) != 0)
        buffer_printf(&line, " - %s", title);
    cli_wrap(out, buffer_string(&line), indent + (depth > 0 ? 6 : 0) + cli_width(name) + 2 + strlen(field_text(link, "verdict")), indent + 2);
    add_check(out, field(link, "check"), indent + 2);
    buffer_clear(&line);
    buffer_printf(&line, "why: %s", field_text(link, "why"));
    buffer_printf(out, "%*s", (int)indent + 2, "");
    cli_wrap(out, buffer_string(&line), indent + 2, indent + 4);
    buffer_free(&line);
}

static void add_chain(struct buffer *out, const cJSON *chain)
{
    const cJSON *link;
    size_t depth = 0;

    cJSON_ArrayForEach(link, chain)
        add_link(out, link, depth++);
}

static void add_silences(struct buffer *out, const cJSON *silences)
{
    const cJSON *silence;

    cJSON_ArrayForEach(silence, silences)
    {
        struct buffer line = buffer_make(0);

        describe_silence(silence, &line);
        cli_wrap(out, buffer_string(&line), 0, 2);
        buffer_free(&line);
    }
}

static void add_incident(struct buffer *out, const cJSON *incident)
{
    struct buffer line = buffer_make(0);

    if (!cJSON_IsObject(incident))
        return;
    describe_incident(incident, &line);
    cli_wrap(out, buffer_string(&line), 0, 2);
    buffer_free(&line);
}

static void add_todo(struct buffer *out, const cJSON *next)
{
    const cJSON *item;
    int n = 0;

    cJSON_ArrayForEach(item, next)
    {
        if (cJSON_IsString(item) && n++ < MOST_TODO)
            people_next(out, "%s", item->valuestring);
    }
}

static void show(struct buffer *out, const cJSON *why)
{
    const char *root = field_text(why, "root_cause"), *service = field_text(why, "service");
    const double paused = field_number(why, "paused_until_unix");
    char left[32];

    if (root[0] && strcmp(root, service) != 0) {
        struct buffer line = buffer_make(0);

        buffer_printf(&line, "%s is %s because of %s", service, field_text(why, "verdict"), root);
        cli_wrap(out, buffer_string(&line), 0, 2);
        buffer_free(&line);
    }
    add_chain(out, field(why, "chain"));
    add_silences(out, field(why, "silences"));
    add_incident(out, field(why, "incident"));
    if (paused > 0.) {
        field_left(paused, left, sizeof left);
        buffer_printf(out, "repair is paused, for %s more\n", left);
    }
    add_todo(out, field(why, "next"));
}

int cli_why(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    char path[PATH], endpoint_path[PATH];
    int code, words = cli_options(argc, argv, options, usage, &code);
    const char *name;
    cJSON *why;

    if (words < 0)
        return code;
    if (words != 1)
        return people_refuse(usage, "talon why: needs one name: a service, a check (SERVICE.CHECK), or an incident's number");
    name = argv[1][0] == '#' ? argv[1] + 1 : argv[1];
    if (!people_is_name(name)) {
        fprintf(stderr, "talon why: there is no service, check or incident named %.100s\n", argv[1]);
        return CLI_UNKNOWN;
    }
    snprintf(path, sizeof path, "/v1/why/%s", name);
    snprintf(endpoint_path, sizeof endpoint_path, "/api/v1/why?of=%s", name);
    ask_find(config, &place);
    code = CLI_UNKNOWN;
    if (command_get("talon why", &place, path, endpoint_path, &body, &why) == 200) {
        show(&out, why);
        code = people_print(&body, &out, json);
        cJSON_Delete(why);
    }
    buffer_free(&body);
    buffer_free(&out);
    return code;
}
