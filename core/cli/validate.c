/* `talon validate`: every error of a configuration in one go, and what it needs that is not here, as a compiler prints them, or as JSON. */
#include "cli/cli.h"
#include "cli/offline.h"
#include "cli/reach.h"
#include "cli/validate_channels.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static const char usage[] = "talon validate [FILE...] [--config FILE] [--json]";

/* Warnings say what may be missing, and this what Talon may do by itself. */
static void show_heal(const struct model *model, struct buffer *out)
{
    struct buffer lines = buffer_make(0);

    config_show_heal(model, &lines);
    if (lines.len > 0)
        buffer_printf(out, "what it may repair by itself:\n%s", buffer_string(&lines));
    out->failed = out->failed || lines.failed;
    buffer_free(&lines);
}

static void show_text(const struct offline *offline, const struct reach *reach, const char *file, struct buffer *out, struct buffer *messages)
{
    size_t n, more, n_reach;
    const struct config_problem *problems = config_problems(offline->config, &n, &more), *unreached = reach_problems(reach, &n_reach);
    size_t errors = config_errors(offline->config);

    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], messages);
    if (more > 0)
        buffer_printf(messages, "and %zu more\n", more);
    for (size_t i = 0; i < n_reach; i++)
        config_show_problem(&unreached[i], messages);
    if (offline->model)
        buffer_printf(out, "%s is good: %zu service%s, %zu check%s\n", file, offline->model->n_services, offline->model->n_services == 1 ? "" : "s",
                      offline->model->n_checks, offline->model->n_checks == 1 ? "" : "s");
    if (offline->model)
        validate_channels(offline->model, file, messages);
    if (offline->model && offline->model->settings.notify.n_channels == 0 && offline->model->settings.notify.n_channels_off > 0)
        buffer_text(out, "nobody is told: every channel under `notify` is off\n");
    if (offline->model)
        show_heal(offline->model, out);
    else
        buffer_printf(messages, "%s is not usable: %zu error%s\n", file, errors, errors == 1 ? "" : "s");
}

/* The list of problems has one more. */
static void add_to(cJSON *problems, const struct config_problem *problem)
{
    cJSON *item = cJSON_CreateObject();

    cJSON_AddStringToObject(item, "file", problem->place.file);
    cJSON_AddNumberToObject(item, "line", problem->place.line);
    cJSON_AddNumberToObject(item, "column", problem->place.column);
    cJSON_AddStringToObject(item, "severity", "warning");
    cJSON_AddStringToObject(item, "message", problem->message);
    cJSON_AddNullToObject(item, "hint");
    if (!cJSON_AddItemToArray(problems, item))
        cJSON_Delete(item);
}

static void add_heal(const struct model *model, cJSON *answer)
{
    struct buffer entries = buffer_make(0);
    cJSON *heal;

    config_heal_json(model, &entries);
    heal = cJSON_ParseWithLength(buffer_string(&entries), entries.len);
    if (!cJSON_AddItemToObject(answer, "heal", heal))
        cJSON_Delete(heal);
    buffer_free(&entries);
}

static void show_json(const struct offline *offline, const struct reach *reach, struct buffer *out)
{
    size_t n;
    const struct config_problem *unreached = reach_problems(reach, &n);
    cJSON *answer;
    char *text;

    config_problems_json(offline->config, out);
    if (offline->model || n > 0) {
        answer = cJSON_ParseWithLength(buffer_string(out), out->len);
        for (size_t i = 0; i < n; i++)
            add_to(cJSON_GetObjectItemCaseSensitive(answer, "problems"), &unreached[i]);
        if (offline->model)
            add_heal(offline->model, answer);
        text = cJSON_PrintUnformatted(answer);
        buffer_clear(out);
        buffer_text(out, text ? text : "");
        out->failed = out->failed || !text;
        cJSON_free(text);
        cJSON_Delete(answer);
    }
    buffer_char(out, '\n');
}

static int validate(const char *file, bool json)
{
    struct offline offline = offline_load(file, false);
    struct reach *reach = offline.model ? reach_look(offline.model) : NULL;
    struct buffer out = buffer_make(0), messages = buffer_make(0);
    int code = CLI_UNKNOWN;

    if (offline.config) {
        if (json)
            show_json(&offline, reach, &out);
        else
            show_text(&offline, reach, file, &out, &messages);
        fputs(buffer_string(&messages), stderr);
        code = cli_print(&out);
        if (code == 0 && !offline.model)
            code = CLI_UNKNOWN;
    }
    buffer_free(&out);
    buffer_free(&messages);
    reach_free(reach);
    offline_free(&offline);
    return code;
}

int cli_validate(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { CLI_CONFIG(&config), { "json", CLI_FLAG, &json, "one JSON object for each file" }, CLI_NO_MORE };
    char file[4096];
    int code, worst = CLI_OK, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words == 0)
        return cli_config_file(config, file, sizeof file) ? validate(file, json) : CLI_UNKNOWN;
    for (int i = 1; i <= words; i++) {
        code = cli_config_file(argv[i], file, sizeof file) ? validate(file, json) : CLI_UNKNOWN;
        worst = code > worst ? code : worst;
    }
    return worst;
}
