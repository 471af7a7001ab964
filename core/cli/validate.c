/* `talon validate`: every error of a configuration in one go, as a compiler prints them, or as JSON. */
#include "cli/cli.h"
#include "cli/offline.h"

#include <stdio.h>

static const char usage[] = "talon validate [FILE...] [--config FILE] [--json]";

static void show(const struct offline *offline, const char *file, bool json, struct buffer *out, struct buffer *messages)
{
    size_t n, more;
    const struct config_problem *problems = config_problems(offline->config, &n, &more);

    if (json) {
        config_problems_json(offline->config, out);
        buffer_char(out, '\n');
        return;
    }
    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], messages);
    if (more > 0)
        buffer_printf(messages, "and %zu more\n", more);
    if (offline->model)
        buffer_printf(out, "%s is good: %zu services, %zu checks\n", file, offline->model->n_services, offline->model->n_checks);
    else
        buffer_printf(messages, "%s is not usable: %zu error%s\n", file, config_errors(offline->config), config_errors(offline->config) == 1 ? "" : "s");
}

static int validate(const char *file, bool json)
{
    struct offline offline = offline_load(file, false);
    struct buffer out = buffer_make(0), messages = buffer_make(0);
    int code = CLI_UNKNOWN;

    if (offline.config) {
        show(&offline, file, json, &out, &messages);
        fputs(buffer_string(&messages), stderr);
        code = cli_print(&out);
        if (code == 0 && !offline.model)
            code = CLI_UNKNOWN;
    }
    buffer_free(&out);
    buffer_free(&messages);
    offline_free(&offline);
    return code;
}

int cli_validate(int argc, char **argv)
{
    const char *config = NULL;
    bool json = false;
    struct cli_option options[] = { { "config", CLI_TEXT, &config }, { "json", CLI_FLAG, &json }, { NULL, CLI_FLAG, NULL } };
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
