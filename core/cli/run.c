/* `talon run`: the daemon, in the foreground: it becomes the guard of talon-core. */
#include "base/os/install_paths.h"
#include "cli/cli.h"
#include "guard.h"

#include <stdio.h>

static int guard_core(const char *file, bool dry_run, bool no_heal)
{
    const char *argv[GUARD_WORDS + 1] = { install_core_program(), file };
    size_t n = 2;

    if (dry_run)
        argv[n++] = "--dry-run";
    if (no_heal)
        argv[n++] = "--no-heal";
    return guard_run(argv);
}

int cli_run(int argc, char **argv)
{
    static const char usage[] = "talon run [--config FILE] [--dry-run] [--no-heal]";
    const char *config = NULL;
    bool dry_run = false, no_heal = false;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "dry-run", CLI_FLAG, &dry_run, "watch and judge, but only say what a repair would do" },
        { "no-heal", CLI_FLAG, &no_heal, "watch and judge, repair nothing" },
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
    return guard_core(file, dry_run, no_heal);
}
