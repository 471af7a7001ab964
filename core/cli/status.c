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

static const char usage[] = "talon status [--json] [--max-age D] [--config FILE]";

enum { ANSWER_MAX = 32 << 20, STATE_COLUMNS = 11, SINCE_COLUMNS = 8 };

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

/* ---- the table */

static void add_service(struct buffer *out, const cJSON *service, size_t name_columns, size_t columns)
{
    const char *verdict = string_of(service, "verdict"), *why = string_of(service, "why");
    size_t used = name_columns + STATE_COLUMNS + SINCE_COLUMNS + 1;
    char age[32];

    age_of(number_of(service, "since_unix"), age, sizeof age);
    cli_cell(out, string_of(service, "name"), name_columns, 1);
    buffer_text(out, cli_colour(verdict));
    cli_cell(out, verdict, STATE_COLUMNS, 1);
    buffer_text(out, cli_plain());
    cli_cell(out, age, SINCE_COLUMNS, 1);
    buffer_char(out, ' ');
    if (cli_is_terminal() && columns > used + 20)
        cli_cell(out, why, columns - used, 0);
    else
        buffer_text(out, why);
    buffer_char(out, '\n');
}

static void add_trouble(struct buffer *out, const char *what, const char *text)
{
    if (text[0])
        buffer_printf(out, "%s%s:%s %s\n", cli_colour("warn"), what, cli_plain(), text);
}

static void show(struct buffer *out, const cJSON *status)
{
    const cJSON *services = cJSON_GetObjectItemCaseSensitive(status, "services"), *service;
    size_t name_columns = 8, columns = (size_t)cli_columns();
    const char *state = string_of(status, "state"), *why = string_of(status, "why");

    buffer_printf(out, "%s%s%s%s%s\n", cli_colour(state), state, cli_plain(), why[0] ? ": " : "", why);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(status, "stalled")))
        add_trouble(out, "stalled", "the daemon's loop stands still; what follows is what it saw last");
    add_trouble(out, "configuration refused", string_of(cJSON_GetObjectItemCaseSensitive(status, "config"), "error"));
    add_trouble(out, "talon itself", string_of(status, "self"));
    cJSON_ArrayForEach(service, services)
    {
        size_t width = cli_width(string_of(service, "name")) + 1;

        name_columns = width > name_columns ? width : name_columns;
    }
    buffer_char(out, '\n');
    cJSON_ArrayForEach(service, services) add_service(out, service, name_columns, columns);
}

/* ---- the command */

static int code_of(const cJSON *status)
{
    const char *state = string_of(status, "state");

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(status, "stalled")) || strcmp(state, "Starting") == 0)
        return CLI_UNKNOWN;
    if (strcmp(state, "Healthy") == 0)
        return CLI_OK;
    return strcmp(state, "Degraded") == 0 ? CLI_WARN : CLI_FAIL;
}

/* The answer of the daemon, or what it saved (then *saved). 0, or an exit code after a sentence. */
static int fetch(const struct ask_place *place, struct buffer *answer, bool *saved)
{
    char why[256];
    int http = ask_get(place->endpoint, "/api/v1/status", ASK_PATIENCE, answer, why, sizeof why);

    *saved = false;
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

int cli_status(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false, saved;
    uint64_t max_age = 0;
    struct cli_option options[] = { { "config", CLI_TEXT, &config }, { "json", CLI_FLAG, &json }, { "max-age", CLI_DURATION, &max_age }, { NULL, CLI_FLAG, NULL } };
    struct ask_place place;
    struct buffer answer = buffer_make(ANSWER_MAX);
    cJSON *status;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 0) {
        fprintf(stderr, "talon status: takes no names, but got `%s`\nusage: %s\n", argv[1], usage);
        return CLI_UNKNOWN;
    }
    ask_find(config, &place);
    code = fetch(&place, &answer, &saved);
    if (code == 0) {
        status = cJSON_ParseWithLength(buffer_string(&answer), answer.len);
        if (status) {
            code = tell(status, &answer, json, saved, max_age);
        } else {
            fprintf(stderr, "talon status: what answers on %s is no talon\n", place.endpoint);
            code = CLI_UNKNOWN;
        }
        cJSON_Delete(status);
    }
    buffer_free(&answer);
    return code;
}
