/* `talon config show [NAME]`: the effective values, and the file and line each came from. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/offline.h"
#include "cli/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse_name(const struct model *model, const char *name, const char *file)
{
    const char **names = model ? calloc(model->n_services + model->n_checks + 1, sizeof *names) : NULL, *nearest = NULL;
    size_t n = 0;

    for (size_t i = 0; names && i < model->n_services; i++)
        names[n++] = model->services[i].name;
    for (size_t i = 0; names && i < model->n_checks; i++)
        names[n++] = model->checks[i].full_name;
    if (names)
        nearest = text_nearest(name, names, n);
    fprintf(stderr, "talon config: nothing is named %s in %s", name, file);
    fprintf(stderr, nearest ? "; did you mean %s?\n" : "%s\n", nearest ? nearest : "");
    free(names);
    return CLI_UNKNOWN;
}

int cli_config(int argc, char **argv)
{
    static const char usage[] = "talon config show [NAME] [--config FILE]";
    const char *config = NULL;
    struct cli_option options[] = { CLI_CONFIG(&config), CLI_NO_MORE };
    struct buffer out = buffer_make(0);
    struct offline offline;
    char file[4096];
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words < 1 || words > 2 || strcmp(argv[1], "show") != 0) {
        fprintf(stderr, "talon config: say what to do\nusage: %s\n", usage);
        return CLI_UNKNOWN;
    }
    if (!cli_config_file(config, file, sizeof file))
        return CLI_UNKNOWN;
    offline = offline_load(file, true);
    code = CLI_UNKNOWN;
    if (offline.config) {
        problems_print(offline.config, true);
        config_show(offline.config, words == 2 ? argv[2] : NULL, &out);
        code = cli_print(&out);
        if (words == 2 && out.len == 0) {
            code = refuse_name(offline.model, argv[2], file);
        } else if (!offline.model) {
            code = CLI_UNKNOWN;
        }
    }
    buffer_free(&out);
    offline_free(&offline);
    return code;
}
