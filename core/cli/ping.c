/* `talon ping NAME`: a job says how it went; what a `push` check waits for. */
#include "cli/cli.h"
#include "cli/people.h"
#include "cli/push.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon ping NAME [--status ok|warn|fail|unknown|start] [--message TEXT] [--json] [--config FILE]";

enum { ANSWER_MAX = 64 << 10, PATH = 512 };

bool push_report(const char *who, const struct ask_place *place, const char *name, const char *said, struct buffer *body)
{
    char endpoint[sizeof place->control + 8], path[PATH], why[256] = "";
    int http;
    cJSON *answer;

    snprintf(endpoint, sizeof endpoint, "unix:%s", place->control);
    snprintf(path, sizeof path, "/v1/push/%.127s", name);
    http = ask_by("POST", endpoint, path, said, ASK_PATIENCE, body, why, sizeof why);
    if (http == 200)
        return true;
    answer = http != 0 ? cJSON_ParseWithLength(buffer_string(body), body->len) : NULL;
    if (field_text(answer, "message")[0])
        fprintf(stderr, "%s: %s\n", who, field_text(answer, "message"));
    else
        fprintf(stderr, "%s: the daemon cannot be told on %s: %s\n", who, place->control, http == 0 ? why : "what answers there is no talon");
    cJSON_Delete(answer);
    return false;
}

int cli_ping(int argc, char **argv)
{
    const char *config = NULL, *status = NULL, *message = NULL;
    bool json = false, told;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "status", CLI_WORD, &status, "how it went: ok (as it is without), warn, fail, unknown; start: it begins" },
        { "message", CLI_WORD, &message, "a sentence for people" },
        { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" },
        CLI_NO_MORE,
    };
    struct buffer said = buffer_make(0), body = buffer_make(ANSWER_MAX);
    struct ask_place place;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words != 1 || !people_is_name(argv[1]))
        return people_refuse(usage, "talon ping: needs the name of one `push` check: SERVICE.CHECK, or SERVICE where it has one");
    ask_find(config, &place);
    buffer_text(&said, "{");
    people_say(&said, "status", status);
    people_say(&said, "message", message);
    buffer_text(&said, "}");
    told = push_report("talon ping", &place, argv[1], buffer_string(&said), &body);
    if (told && json)
        cli_print(&body);
    buffer_free(&said);
    buffer_free(&body);
    return told ? CLI_OK : CLI_UNKNOWN;
}
