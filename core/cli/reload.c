/* `talon reload`: the running daemon reads its configuration again, now; ends when that has ended. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/fields.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon reload [--json] [--config FILE]";

enum { ANSWER_MAX = 64 << 20, REFUSED = 422 };

static unsigned count_of(const cJSON *object, const char *name)
{
    const double value = field_number(object, name);

    return value > 0. ? (unsigned)value : 0;
}

static void tell_refused(const cJSON *answer)
{
    fprintf(stderr, "%stalon reload: the configuration is refused; the old one goes on\n", field_text(answer, "text"));
}

static void tell_loaded(const cJSON *answer, struct buffer *out)
{
    const unsigned services = count_of(answer, "services"), checks = count_of(answer, "checks");
    const int warnings = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "warnings"));

    buffer_printf(out, "in force: %u service%s, %u check%s", services, services == 1 ? "" : "s", checks, checks == 1 ? "" : "s");
    if (warnings > 0)
        buffer_printf(out, "; %d warning%s (`talon validate` shows %s)", warnings, warnings == 1 ? "" : "s", warnings == 1 ? "it" : "them");
    buffer_char(out, '\n');
}

static int reload(const struct ask_place *place, bool as_json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    cJSON *answer = NULL;
    int http = command_send("talon reload", place, "/v1/reload", NULL, (const int[]){ REFUSED, 0 }, &body, &answer), code = http == 200 ? CLI_OK : CLI_UNKNOWN;

    if (http != 0 && as_json)
        buffer_text(&out, buffer_string(&body));
    else if (http == 200)
        tell_loaded(answer, &out);
    else if (http == REFUSED)
        tell_refused(answer);
    if (cli_print(&out) != 0)
        code = CLI_UNKNOWN;
    cJSON_Delete(answer);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

int cli_reload(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    struct ask_place place;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 0) {
        fprintf(stderr, "talon reload: takes no names, but got `%s`\nusage: %s\n", argv[1], usage);
        return CLI_UNKNOWN;
    }
    ask_find(config, &place);
    return reload(&place, json);
}
