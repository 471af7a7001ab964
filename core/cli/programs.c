/* `talon programs`: those that Talon keeps running, and a person's word to one of them: start, stop, restart. A stop holds until a start, also across
 * restarts of Talon. */
#include "cli/cli.h"
#include "cli/people.h"
#include "cli/programs_show.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "talon programs [start|stop|restart NAME] [--json]";

enum { ANSWER_MAX = 4 << 20, PATH = 256 };

/* Is it as people want it? One that another supervisor has is. */
static bool is_well(const cJSON *program)
{
    const char *state = field_text(program, "state");

    return !field_true(program, "wanted") || strcmp(state, "running") == 0 || strcmp(state, "owned by another") == 0;
}

static int list(const char *config, bool json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    cJSON *answer = NULL;
    const cJSON *program;
    int code = CLI_UNKNOWN, n = 0;

    ask_find(config, &place);
    if (command_get("talon programs", &place, "/v1/programs", "/api/v1/status", &body, &answer) == 200) {
        code = CLI_OK;
        cJSON_ArrayForEach(program, field(answer, "programs"))
        {
            programs_row(&out, program);
            code = is_well(program) ? code : CLI_WARN;
            n++;
        }
        if (n == 0)
            buffer_text(&out, "no programs are configured (`programs:` in talon.yaml)\n");
        if (people_print(&body, &out, json) != 0)
            code = CLI_UNKNOWN;
    }
    cJSON_Delete(answer);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

/* ---- a word to one */

static int tell(const char *config, const char *what, const char *name, bool json)
{
    struct buffer body = buffer_make(ANSWER_MAX), out = buffer_make(0);
    struct ask_place place;
    cJSON *answer = NULL;
    char path[PATH];
    int code = CLI_UNKNOWN;

    snprintf(path, sizeof path, "/v1/programs/%.64s/%.8s", name, what);
    ask_find(config, &place);
    if (command_send("talon programs", &place, path, NULL, (const int[]){ 0 }, &body, &answer) == 200) {
        programs_row(&out, cJSON_GetArrayItem(field(answer, "programs"), 0));
        code = people_print(&body, &out, json);
    }
    cJSON_Delete(answer);
    buffer_free(&body);
    buffer_free(&out);
    return code;
}

int cli_programs(int argc, char **argv)
{
    static const char *const words[] = { "start", "stop", "restart" };
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "the daemon's answer, one JSON object" }, CLI_NO_MORE };
    int code, n = cli_options(argc, argv, options, usage, &code);

    if (n < 0)
        return code;
    if (n == 0)
        return list(config, json);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(argv[1], words[i]) != 0)
            continue;
        if (n != 2)
            return people_refuse(usage, n < 2 ? "talon programs: needs the name of a program" : "talon programs: takes one program at a time");
        if (!people_is_name(argv[2]))
            return people_refuse(usage, "talon programs: that is no name of a program");
        return tell(config, words[i], argv[2], json);
    }
    return people_refuse(usage, "talon programs: what is to be done is `start`, `stop` or `restart`");
}
