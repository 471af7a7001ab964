/* `talon status`: what the running daemon concludes; without one, the last saved state, and says so. */
#include "base/moment.h"
#include "base/os/clock.h"
#include "cli/cli.h"
#include "cli/status_show.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon status [--json] [--watch] [--max-age D] [--config FILE]";

enum { ANSWER_MAX = 32 << 20 };

/* ---- how bad it is */

static bool is_silenced(const cJSON *service)
{
    const cJSON *flag;

    cJSON_ArrayForEach(flag, field(service, "flags"))
    {
        if (cJSON_IsString(flag) && strcmp(flag->valuestring, "silenced") == 0)
            return true;
    }
    return false;
}

/* By the worst service that nobody has silenced: something failed before not known before something that is not quite well. */
static int code_of(const cJSON *status)
{
    static const int codes[STATUS_RANKS] = { CLI_FAIL, CLI_WARN, CLI_UNKNOWN, CLI_WARN, CLI_WARN, CLI_OK, CLI_WARN, CLI_OK, CLI_OK };
    const cJSON *service;
    bool found[CLI_UNKNOWN + 1] = { false };

    cJSON_ArrayForEach(service, field(status, "services"))
    {
        if (!is_silenced(service))
            found[codes[status_rank(field_text(service, "verdict"))]] = true;
    }
    if (field_true(status, "stalled") || strcmp(field_text(status, "state"), "Starting") == 0)
        return CLI_UNKNOWN;
    return found[CLI_FAIL] ? CLI_FAIL : found[CLI_UNKNOWN] ? CLI_UNKNOWN : found[CLI_WARN] ? CLI_WARN : CLI_OK;
}

/* ---- one look */

/* The answer of the daemon, by its control socket or its endpoint, or what it saved. False: there is none. */
static bool fetch(const struct ask_place *place, struct status_look *look)
{
    char why[256], control[sizeof place->control + 8];
    int http;

    snprintf(control, sizeof control, "unix:%s", place->control);
    if (ask_get(control, "/v1/status", ASK_PATIENCE, &look->answer, why, sizeof why) == 200)
        return true;
    buffer_clear(&look->answer); /* this user may not, or the loop stands still: the endpoint answers all the same */
    http = ask_get(place->endpoint, "/api/v1/status", ASK_PATIENCE, &look->answer, why, sizeof why);
    if (http == 200)
        return true;
    if (http != 0)
        snprintf(why, sizeof why, "it answers HTTP %d", http);
    buffer_clear(&look->answer);
    look->saved = place->state[0] && state_read(place->state, "status.json", &look->answer);
    if (look->saved)
        snprintf(look->trouble, sizeof look->trouble, "no daemon answers on %s (%s); this is what the last one saved", place->endpoint, why);
    else
        snprintf(look->trouble, sizeof look->trouble, "no daemon answers on %s (%s), and none has saved its state in %s; `talon run` starts one", place->endpoint, why,
                 place->state);
    return look->saved;
}

static void check_age(struct status_look *look, uint64_t max_age)
{
    const double age = (double)clock_moment().wall / 1e9 - field_number(look->status, "updated_at_unix");
    const size_t n = strlen(look->trouble);

    if (max_age == 0 || age <= (double)max_age / 1e9)
        return;
    snprintf(look->trouble + n, sizeof look->trouble - n, "%sthat is %.0f s old, older than --max-age", n > 0 ? "\ntalon status: " : "", age);
    look->code = CLI_UNKNOWN;
}

void status_look(const struct ask_place *place, uint64_t max_age, struct status_look *look)
{
    *look = (struct status_look){ .answer = buffer_make(ANSWER_MAX), .code = CLI_UNKNOWN };
    if (!fetch(place, look))
        return;
    look->status = cJSON_ParseWithLength(buffer_string(&look->answer), look->answer.len);
    if (!look->status) {
        snprintf(look->trouble, sizeof look->trouble, "what answers on %s is no talon", place->endpoint);
        return;
    }
    look->code = look->saved ? CLI_UNKNOWN : code_of(look->status);
    check_age(look, max_age);
}

void status_look_free(struct status_look *look)
{
    cJSON_Delete(look->status);
    buffer_free(&look->answer);
}

void status_text(const struct status_look *look, struct buffer *out)
{
    char age[32];

    if (!look->status)
        return;
    status_show(out, look->status);
    field_age(field_number(look->status, "updated_at_unix"), age, sizeof age);
    if (look->saved)
        buffer_printf(out, "\nsaved %s ago; no daemon is running\n", age);
}

int status_print(const struct status_look *look, bool json)
{
    struct buffer out = buffer_make(0);
    int printed;

    if (json && look->status) {
        buffer_text(&out, buffer_string(&look->answer));
        if (out.len == 0 || out.data[out.len - 1] != '\n')
            buffer_char(&out, '\n');
    } else {
        status_text(look, &out);
    }
    if (look->trouble[0])
        fprintf(stderr, "talon status: %s\n", look->trouble);
    printed = cli_print(&out);
    buffer_free(&out);
    return printed != 0 ? printed : look->code;
}

/* ---- the command */

static int once(const struct ask_place *place, bool json, uint64_t max_age)
{
    struct status_look look;
    int code;

    status_look(place, max_age, &look);
    code = status_print(&look, json);
    status_look_free(&look);
    return code;
}

int cli_status(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false, watching = false;
    uint64_t max_age = 0;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "json", CLI_FLAG, &json, "one JSON object, as GET /api/v1/status gives it" },
        { "watch", CLI_FLAG, &watching, "again every second, in place on a terminal" },
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
    return watching ? status_watch(&place, json, max_age) : once(&place, json, max_age);
}
