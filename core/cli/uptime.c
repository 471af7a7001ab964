/*
 * `talon uptime [NAME]`: how much of the last day, week, month, quarter and year each service was up. What others caused, what was silenced and what nobody could tell
 * is counted apart: a share says what the service itself has done.
 */
#include "base/moment.h"
#include "base/scalar.h"
#include "cli/cli.h"
#include "cli/people.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon uptime [NAME] [--json] [--config FILE]";

enum { ANSWER_MAX = 64 << 20, PATH = 512, SHARE_COLUMNS = 9, WINDOWS = 5 };

static const struct {
    int days;
    const char *name;
} windows[WINDOWS] = { { 1, "24h" }, { 7, "7d" }, { 30, "30d" }, { 90, "90d" }, { 365, "365d" } };

/* NULL: nothing is kept of it. */
static const cJSON *window_of(const cJSON *service, int days)
{
    const cJSON *window;

    cJSON_ArrayForEach(window, field(service, "windows"))
    {
        if ((int)field_number(window, "days") == days)
            return window;
    }
    return NULL;
}

/* Never 100 % with a moment of it down. */
static void show_share(const cJSON *window, char *out, size_t n)
{
    const double up = field_number(window, "up"), down = field_number(window, "down"), share = up + down > 0. ? up / (up + down) * 100. : -1.;

    if (share < 0.)
        snprintf(out, n, "-");
    else if (down > 0. && share > 99.99)
        snprintf(out, n, "99.99%%");
    else
        snprintf(out, n, share >= 100. ? "%.0f%%" : "%.2f%%", share);
}

static const char *colour_of(const cJSON *window)
{
    return field_number(window, "down") > 0. ? "warn" : "ok";
}

static void add_share(struct buffer *out, const cJSON *window)
{
    char text[32];

    show_share(window, text, sizeof text);
    buffer_text(out, cli_colour(colour_of(window)));
    cli_cell(out, text, SHARE_COLUMNS, 1);
    buffer_text(out, cli_plain());
}

static void end_row(struct buffer *out)
{
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    buffer_char(out, '\n');
}

/* ---- all services */

static void show_all(struct buffer *out, const cJSON *services)
{
    const cJSON *service;
    size_t columns = 8;

    cJSON_ArrayForEach(service, services)
    {
        const size_t width = cli_width(field_text(service, "service")) + 1;

        columns = width > columns ? width : columns;
    }
    columns = cli_name_columns(columns, WINDOWS * SHARE_COLUMNS);
    buffer_text(out, cli_colour("dim"));
    cli_cell(out, "SERVICE", columns, 1);
    for (size_t i = 0; i < WINDOWS; i++)
        buffer_printf(out, "%-*s", i + 1 < WINDOWS ? SHARE_COLUMNS : 0, windows[i].name);
    buffer_printf(out, "%s\n", cli_plain());
    cJSON_ArrayForEach(service, services)
    {
        cli_cell(out, field_text(service, "service"), columns - 1, 1);
        buffer_char(out, ' ');
        for (size_t i = 0; i < WINDOWS; i++)
            add_share(out, window_of(service, windows[i].days));
        end_row(out);
    }
    people_next(out, "`talon uptime NAME` tells apart what others caused, what was silenced, and what nobody could tell");
}

/* ---- one of them */

static void add_time(struct buffer *out, const cJSON *window, const char *name)
{
    const double ms = field_number(window, name);
    char text[32] = "-";

    if (ms > 0.)
        scalar_show_age((uint64_t)ms * NS_PER_MS, text, sizeof text);
    cli_cell(out, text, SHARE_COLUMNS + 1, 1);
}

static void show_one(struct buffer *out, const cJSON *service)
{
    static const char *const classes[] = { "up", "down", "caused", "silenced", "unknown" };
    const char *name = field_text(service, "service");

    buffer_printf(out, "%s%s%s\n%s  %-7s%-*s", cli_colour("bold"), name, cli_plain(), cli_colour("dim"), "LAST", SHARE_COLUMNS, "SHARE");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        buffer_printf(out, "%-*s", i + 1 < sizeof classes / sizeof *classes ? SHARE_COLUMNS + 1 : 0, classes[i]);
    buffer_printf(out, "%s\n", cli_plain());
    for (size_t i = 0; i < WINDOWS; i++) {
        const cJSON *window = window_of(service, windows[i].days);

        buffer_printf(out, "  %-7s", windows[i].name);
        add_share(out, window);
        for (size_t k = 0; k < sizeof classes / sizeof *classes; k++)
            add_time(out, window, classes[k]);
        end_row(out);
    }
    buffer_text(out, "  ");
    cli_wrap(out, "SHARE is of the time in which it was up, or down by itself. `caused` is time in which it failed because of another service.", 2, 2);
    people_next(out, "`talon incidents` shows what happened, `talon why %s` how it is now", name);
}

/* ---- the command */

int cli_uptime(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    char path[PATH] = "/api/v1/uptime";
    int code, words = cli_options(argc, argv, options, usage, &code);
    cJSON *answer;

    if (words < 0)
        return code;
    if (words > 1)
        return people_refuse(usage, "talon uptime: takes one service, or nothing for all");
    if (words == 1 && !people_is_name(argv[1])) {
        fprintf(stderr, "talon uptime: there is no service named %.100s\n", argv[1]);
        return CLI_UNKNOWN;
    }
    if (words == 1)
        snprintf(path, sizeof path, "/api/v1/uptime?service=%.130s", argv[1]);
    ask_find(config, &place);
    code = CLI_UNKNOWN;
    if (command_get("talon uptime", &place, NULL, path, &body, &answer) == 200) {
        const cJSON *services = field(answer, "services");

        if (cJSON_GetArraySize(services) == 0)
            buffer_text(&out, "nothing is kept yet of how long it was up\n");
        else if (words == 1)
            show_one(&out, cJSON_GetArrayItem(services, 0));
        else
            show_all(&out, services);
        code = people_print(&body, &out, json);
        cJSON_Delete(answer);
    }
    buffer_free(&body);
    buffer_free(&out);
    return code;
}
