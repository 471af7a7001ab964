/* `talon run`: the daemon, in the foreground. */
#include "cli/cli.h"
#include "daemon.h"

#include <stdio.h>

int cli_run(int argc, char **argv)
{
    static const char usage[] = "talon run [--config FILE] [--dry-run] [--no-heal]";
    const char *config = NULL;
    struct daemon_settings settings = { 0 };
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "dry-run", CLI_FLAG, &settings.dry_run, "watch and judge, but only say what a repair would do" },
        { "no-heal", CLI_FLAG, &settings.no_heal, "watch and judge, repair nothing" },
        CLI_NO_MORE,
    };
    char file[4096];
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 0) {
        fprintf(stderr, "talon run: takes no names, but got `%s`\nusage: %s\n", argv[1], usage);
        return CLI_UNKNOWN;
    }
    if (!cli_config_file(config, file, sizeof file))
        return CLI_UNKNOWN;
    settings.config = file;
    return daemon_run(&settings);
}
