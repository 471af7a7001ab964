/* `talon status`: what the running daemon concludes; without one, the last saved state, and says so. */
#include "base/moment.h"
#include "base/os/clock.h"
#include "base/scalar.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "store/state.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char usage[] = "talon status [--json] [--watch] [--max-age D] [--config FILE]";

enum { ANSWER_MAX = 32 << 20, STATE_COLUMNS = 11, SINCE_COLUMNS = 9, RANKS = 9 };

static const char *string_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0.;
}

/* "3 min" since that second. */
static void age_of(double since, char *out, size_t n)
{
    double now = (double)(clock_moment().wall / NS_PER_S);

    if (since <= 0.)
        snprintf(out, n, "-");
    else
        scalar_show_age(now > since ? (uint64_t)(now - since) * NS_PER_S : 0, out, n);
}

/* ---- the table: what a person wants to read first stands first */

/* How bad a verdict is, worst first (rules.md 3.2); one that is none of these: the last. */
static size_t rank_of(const char *verdict)
{
    static const char *const worst_first[RANKS - 1] = { "failed", "suspect", "unknown", "recovering", "starting", "stopped", "warn", "ok" };
    size_t rank = 0;

    while (rank < RANKS - 1 && strcmp(worst_first[rank], verdict) != 0)
        rank++;
    return rank;
}

static void add_service(struct buffer *out, const cJSON *service, size_t name_columns)
{
    const char *verdict = string_of(service, "verdict");
    char age[32];

    age_of(number_of(service, "since_unix"), age, sizeof age);
    cli_cell(out, string_of(service, "name"), name_columns - 1, 1);
    buffer_char(out, ' ');
    buffer_text(out, cli_colour(verdict));
    cli_cell(out, verdict[0] ? verdict : "-", STATE_COLUMNS, 1);
    buffer_text(out, cli_plain());
    cli_cell(out, age, SINCE_COLUMNS, 1);
    cli_rest(out, string_of(service, "why"), name_columns + STATE_COLUMNS + SINCE_COLUMNS);
    buffer_char(out, '\n');
}

static void add_services(struct buffer *out, const cJSON *services)
{
    const cJSON *service;
    size_t name_columns = 8;

    cJSON_ArrayForEach(service, services)
    {
        size_t width = cli_width(string_of(service, "name")) + 1;

        name_columns = width > name_columns ? width : name_columns;
    }
    name_columns = cli_name_columns(name_columns, STATE_COLUMNS + SINCE_COLUMNS);
    for (size_t rank = 0; rank < RANKS; rank++)
        cJSON_ArrayForEach(service, services)
        {
            if (rank_of(string_of(service, "verdict")) == rank)
                add_service(out, service, name_columns);
        }
}

static void add_trouble(struct buffer *out, const char *what, const char *text)
{
    if (text[0])
        buffer_printf(out, "%s%s:%s %s\n", cli_colour("warn"), what, cli_plain(), text);
}

/* A plugin host that does not run takes its checks with it. */
static void add_plugins(struct buffer *out, const cJSON *plugins)
{
    const cJSON *plugin;
    char text[400];

    cJSON_ArrayForEach(plugin, plugins)
    {
        const char *state = string_of(plugin, "state"), *end = string_of(plugin, "last_end");

        if (strcmp(state, "running") == 0 || strcmp(state, "starting") == 0)
            continue;
        snprintf(text, sizeof text, "%.60s: %.40s%s%.250s", string_of(plugin, "name"), state, end[0] ? ", " : "", end);
        add_trouble(out, "plugin host", text);
    }
}

static void show(struct buffer *out, const cJSON *status)
{
    const char *state = string_of(status, "state"), *why = string_of(status, "why");

    buffer_printf(out, "%s%s%s%s%s\n", cli_colour(state), state, cli_plain(), why[0] ? ": " : "", why);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(status, "stalled")))
        add_trouble(out, "stalled", "the daemon's loop stands still; what follows is what it saw last");
    add_trouble(out, "configuration refused", string_of(cJSON_GetObjectItemCaseSensitive(status, "config"), "error"));
    add_trouble(out, "talon itself", string_of(status, "self"));
    add_plugins(out, cJSON_GetObjectItemCaseSensitive(status, "plugins"));
    buffer_char(out, '\n');
    add_services(out, cJSON_GetObjectItemCaseSensitive(status, "services"));
}

/* ---- the command */

static bool is_silenced(const cJSON *service)
{
    const cJSON *flag;

    cJSON_ArrayForEach(flag, cJSON_GetObjectItemCaseSensitive(service, "flags"))
    {
        if (cJSON_IsString(flag) && strcmp(flag->valuestring, "silenced") == 0)
            return true;
    }
    return false;
}

/* By the worst service that nobody has silenced: something failed before not known before something that is not quite well. */
static int code_of(const cJSON *status)
{
    static const int codes[RANKS] = { CLI_FAIL, CLI_WARN, CLI_UNKNOWN, CLI_WARN, CLI_WARN, CLI_OK, CLI_WARN, CLI_OK, CLI_OK };
    const cJSON *service;
    bool found[CLI_UNKNOWN + 1] = { false };

    cJSON_ArrayForEach(service, cJSON_GetObjectItemCaseSensitive(status, "services"))
    {
        if (!is_silenced(service))
            found[codes[rank_of(string_of(service, "verdict"))]] = true;
    }
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(status, "stalled")) || strcmp(string_of(status, "state"), "Starting") == 0)
        return CLI_UNKNOWN;
    return found[CLI_FAIL] ? CLI_FAIL : found[CLI_UNKNOWN] ? CLI_UNKNOWN : found[CLI_WARN] ? CLI_WARN : CLI_OK;
}

/* The answer of the daemon, by its control socket or its endpoint, or what it saved (then *saved). 0, or an exit code after a sentence. */
static int fetch(const struct ask_place *place, struct buffer *answer, bool *saved)
{
    char why[256], control[sizeof place->control + 8];
    int http;

    *saved = false;
    snprintf(control, sizeof control, "unix:%s", place->control);
    if (ask_get(control, "/v1/status", ASK_PATIENCE, answer, why, sizeof why) == 200)
        return 0;
    buffer_clear(answer); /* this user may not, or the loop stands still: the endpoint answers all the same */
    http = ask_get(place->endpoint, "/api/v1/status", ASK_PATIENCE, answer, why, sizeof why);
    if (http == 200)
        return 0;
    if (http != 0)
        snprintf(why, sizeof why, "it answers HTTP %d", http);
    buffer_clear(answer);
    if (place->state[0] && state_read(place->state, "status.json", answer)) {
        fprintf(stderr, "talon status: no daemon answers on %s (%s); this is what the last one saved\n", place->endpoint, why);
        *saved = true;
        return 0;
    }
    fprintf(stderr, "talon status: no daemon answers on %s (%s), and none has saved its state in %s; `talon run` starts one\n", place->endpoint, why, place->state);
    return CLI_UNKNOWN;
}

static int tell(const cJSON *status, const struct buffer *answer, bool json, bool saved, uint64_t max_age)
{
    struct buffer out = buffer_make(0);
    double age = (double)clock_moment().wall / 1e9 - number_of(status, "updated_at_unix");
    int code = saved ? CLI_UNKNOWN : code_of(status), printed;
    char text[32];

    if (json) {
        buffer_text(&out, buffer_string(answer));
        if (out.len == 0 || out.data[out.len - 1] != '\n')
            buffer_char(&out, '\n');
    } else {
        show(&out, status);
        age_of(number_of(status, "updated_at_unix"), text, sizeof text);
        if (saved)
            buffer_printf(&out, "\nsaved %s ago; no daemon is running\n", text);
    }
    printed = cli_print(&out);
    buffer_free(&out);
    if (max_age > 0 && age > (double)max_age / 1e9) {
        fprintf(stderr, "talon status: that is %.0f s old, older than --max-age\n", age);
        code = CLI_UNKNOWN;
    }
    return printed != 0 ? printed : code;
}

/* Asks once and shows the answer; returns the exit code. */
static int once(const struct ask_place *place, bool json, uint64_t max_age)
{
    struct buffer answer = buffer_make(ANSWER_MAX);
    bool saved;
    int code = fetch(place, &answer, &saved);

    if (code == 0) {
        cJSON *status = cJSON_ParseWithLength(buffer_string(&answer), answer.len);

        if (status) {
            code = tell(status, &answer, json, saved, max_age);
        } else {
            fprintf(stderr, "talon status: what answers on %s is no talon\n", place->endpoint);
            code = CLI_UNKNOWN;
        }
        cJSON_Delete(status);
    }
    buffer_free(&answer);
    return code;
}

/* Once a second, on a cleared screen where there is one, until somebody ends it or nobody reads any more. */
static int watch(const struct ask_place *place, bool json, uint64_t max_age)
{
    const struct timespec second = { .tv_sec = 1 };
    int code;

    for (;;) {
        if (cli_is_terminal() && !json)
            fputs("\033[H\033[2J", stdout);
        code = once(place, json, max_age);
        if (cli_reader_is_gone())
            return code;
        nanosleep(&second, NULL);
        if (!cli_is_terminal() && !json)
            fputs("\n", stdout);
    }
}

int cli_status(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false, watching = false;
    uint64_t max_age = 0;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "json", CLI_FLAG, &json, "one JSON object, as GET /api/v1/status gives it" },
        { "watch", CLI_FLAG, &watching, "again every second" },
        { "max-age", CLI_DURATION, &max_age, "an older answer ends with 3" },
        CLI_NO_MORE,
    };
    struct ask_place place;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 0) {
        fprintf(stderr, "talon status: takes no names, but got `%s`\nusage: %s\n", argv[1], usage);
        return CLI_UNKNOWN;
    }
    ask_find(config, &place);
    return watching ? watch(&place, json, max_age) : once(&place, json, max_age);
}
