/*
 * `talon history CHECK`: a row of states over the time that was asked for, and a table: each run of results of one kind where single runs are kept still, else hours
 * or days. From the running daemon, whose store alone has the past.
 */
#include "base/moment.h"
#include "base/os/clock.h"
#include "base/scalar.h"
#include "cli/cli.h"
#include "cli/people.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon history CHECK [--since D] [--json] [--config FILE]";

enum { ANSWER_MAX = 64 << 20, PATH = 512, MOST_TABLE = 20, CELLS = 60, AT_COLUMNS = 14, STATE_COLUMNS = 10, COUNT_COLUMNS = 9 };

/* Worst last: a cell shows the worst that was in it. */
enum state { STATE_NONE, STATE_OK, STATE_WARN, STATE_UNKNOWN, STATE_BAD };

static const struct {
    const char *name, *colour, *mark;
} states[] = {
    [STATE_NONE] = { "", "dim", " " },        [STATE_OK] = { "ok", "ok", "." },     [STATE_WARN] = { "warn", "warn", "!" },
    [STATE_UNKNOWN] = { "unknown", "unknown", "?" }, [STATE_BAD] = { "bad", "failed", "X" },
};

static enum state state_named(const char *name)
{
    for (int state = STATE_OK; state <= STATE_BAD; state++)
        if (strcmp(states[state].name, name) == 0)
            return (enum state)state;
    return STATE_NONE;
}

/* Of a run, or the worst of an hour or day. */
static enum state state_of(const cJSON *row)
{
    if (field(row, "status"))
        return state_named(field_text(row, "status"));
    for (int state = STATE_BAD; state >= STATE_OK; state--)
        if (field_number(row, states[state].name) > 0.)
            return (enum state)state;
    return STATE_NONE;
}

/* ---- the row of states */

/* The cell of a moment; those before and after the row belong to its ends. */
static size_t cell_of(double at, double since, double each)
{
    const double place = each > 0. ? (at - since) / each : 0.;

    return place < 0. ? 0 : place >= CELLS ? CELLS - 1 : (size_t)place;
}

/* How many seconds one row is about. */
static double span_of(const char *each)
{
    return strcmp(each, "hour") == 0 ? 3600. : strcmp(each, "day") == 0 ? 86400. : 0.;
}

static void add_states(struct buffer *out, const cJSON *answer, double now)
{
    const double since = field_number(answer, "since_unix"), each = (now - since) / CELLS;
    enum state cells[CELLS] = { STATE_NONE };
    const cJSON *row;
    char at[64];

    cJSON_ArrayForEach(row, field(answer, "rows"))
    {
        const double begin = field_number(row, "at") / 1e3, end = begin + span_of(field_text(answer, "each")) - .001;
        const enum state state = state_of(row);

        for (size_t cell = cell_of(begin, since, each); cell <= cell_of(end > begin ? end : begin, since, each); cell++)
            cells[cell] = state > cells[cell] ? state : cells[cell];
    }
    buffer_text(out, "  |");
    for (size_t i = 0; i < CELLS; i++)
        buffer_printf(out, "%s%s%s", cli_colour(states[cells[i]].colour), states[cells[i]].mark, cli_plain());
    field_moment(since, at, sizeof at);
    buffer_printf(out, "|\n   %-*snow\n", CELLS - 3, at);
    buffer_printf(out, "  %s. ok  ! warn  X bad  ? unknown%s\n\n", cli_colour("dim"), cli_plain());
}

/* ---- the tables */

static void add_moment(struct buffer *out, const cJSON *row)
{
    char at[64];

    field_moment(field_number(row, "at") / 1e3, at, sizeof at);
    cli_cell(out, at, AT_COLUMNS, 1);
}

static void add_state(struct buffer *out, enum state state)
{
    buffer_text(out, cli_colour(states[state].colour));
    cli_cell(out, states[state].name, STATE_COLUMNS, 1);
    buffer_text(out, cli_plain());
}

/* Runs of one state after another, the newest first: rows are, too. Returns how many there are; those beyond MOST_TABLE are only counted. */
static size_t add_turns(struct buffer *out, const cJSON *rows)
{
    const cJSON *row = rows ? rows->child : NULL;
    size_t turns = 0;

    buffer_printf(out, "  %s%-*s%-*s%-*s%s%s\n", cli_colour("dim"), AT_COLUMNS, "FROM", STATE_COLUMNS, "STATE", COUNT_COLUMNS, "RUNS", "TOOK", cli_plain());
    while (row) {
        const enum state state = state_of(row);
        const cJSON *first = row;
        double took = 0.;
        unsigned runs = 0;

        for (; row && state_of(row) == state; row = row->next, runs++) {
            took += field_number(row, "took");
            first = row;
        }
        if (turns++ >= MOST_TABLE)
            continue;
        buffer_text(out, "  ");
        add_moment(out, first);
        add_state(out, state);
        buffer_printf(out, "%-*u%.1f ms\n", COUNT_COLUMNS, runs, took / runs);
    }
    return turns;
}

static size_t add_spans(struct buffer *out, const cJSON *rows)
{
    const cJSON *row;
    size_t n = 0;

    buffer_printf(out, "  %s%-*s%-*s%-*s%-*s%-*s%-*s%s%s\n", cli_colour("dim"), AT_COLUMNS, "FROM", COUNT_COLUMNS, "OK", COUNT_COLUMNS, "WARN", COUNT_COLUMNS, "BAD", COUNT_COLUMNS,
                  "UNKNOWN", COUNT_COLUMNS, "TOOK", "AT MOST", cli_plain());
    cJSON_ArrayForEach(row, rows)
    {
        if (n++ >= MOST_TABLE)
            continue;
        buffer_text(out, "  ");
        add_moment(out, row);
        buffer_text(out, cli_colour(states[state_of(row)].colour));
        buffer_printf(out, "%-*.0f%-*.0f%-*.0f%-*.0f%s", COUNT_COLUMNS, field_number(row, "ok"), COUNT_COLUMNS, field_number(row, "warn"), COUNT_COLUMNS, field_number(row, "bad"),
                      COUNT_COLUMNS, field_number(row, "unknown"), cli_plain());
        buffer_printf(out, "%-*.1f%.1f ms\n", COUNT_COLUMNS, field_number(row, "took"), field_number(row, "took_most"));
    }
    return n;
}

static void show(struct buffer *out, const cJSON *answer)
{
    const char *each = field_text(answer, "each"), *check = field_text(answer, "check");
    const cJSON *rows = field(answer, "rows");
    const double now = (double)clock_moment().wall / 1e9;
    char age[32];
    size_t n;

    field_age(field_number(answer, "since_unix"), age, sizeof age);
    buffer_printf(out, "%s%s%s, the last %s\n", cli_colour("bold"), check, cli_plain(), age);
    if (cJSON_GetArraySize(rows) == 0) {
        buffer_text(out, "  nothing is kept of that time\n");
        people_next(out, "`talon status` shows whether it runs; --since 30d looks further back");
        return;
    }
    add_states(out, answer, now);
    n = strcmp(each, "run") == 0 ? add_turns(out, rows) : add_spans(out, rows);
    if (n > MOST_TABLE)
        buffer_printf(out, "  and %zu more before; --json has all\n", n - MOST_TABLE);
    if (strcmp(each, "run") == 0)
        people_next(out, "--since 24h shows hours, --since 30d days; `talon why %s` how it is now", check);
    else
        people_next(out, "--since 1h shows single runs; `talon why %s` how it is now", check);
}

/* ---- the command */

int cli_history(int argc, char **argv)
{
    const char *config = NULL, *since = "24h";
    bool json = false;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "since", CLI_WORD, &since, "so far back: 1h, 24h (as it is without), 30d" },
        { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" },
        CLI_NO_MORE,
    };
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    char path[PATH];
    int code, words = cli_options(argc, argv, options, usage, &code);
    cJSON *answer;

    if (words < 0)
        return code;
    if (words != 1)
        return people_refuse(usage, "talon history: needs one check: SERVICE.CHECK, or SERVICE where it has one");
    if (!people_duration("talon history", since))
        return CLI_UNKNOWN;
    if (!people_is_name(argv[1])) {
        fprintf(stderr, "talon history: there is no check named %.100s\n", argv[1]);
        return CLI_UNKNOWN;
    }
    snprintf(path, sizeof path, "/api/v1/history?check=%.130s&since=%.60s", argv[1], since);
    ask_find(config, &place);
    code = CLI_UNKNOWN;
    if (command_get("talon history", &place, NULL, path, &body, &answer) == 200) {
        show(&out, answer);
        code = people_print(&body, &out, json);
        cJSON_Delete(answer);
    }
    buffer_free(&body);
    buffer_free(&out);
    return code;
}
