/* `talon config show [NAME]`: the effective values, and the file and line each came from. */
#include "cli/cli.h"
#include "cli/offline.h"
#include "cli/problems.h"

#include <stdio.h>
#include <string.h>

int cli_config(int argc, char **argv)
{
    static const char usage[] = "talon config show [NAME] [--config FILE]";
    const char *config = NULL;
    struct cli_option options[] = { { "config", CLI_TEXT, &config }, { NULL, CLI_FLAG, NULL } };
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
            fprintf(stderr, "talon config: nothing is named %s in %s\n", argv[2], file);
            code = CLI_UNKNOWN;
        } else if (!offline.model) {
            code = CLI_UNKNOWN;
        }
    }
    buffer_free(&out);
    offline_free(&offline);
    return code;
}
