/* `talon run`: the daemon, in the foreground: it becomes the guard of talon-core. */
#include "base/os/install_paths.h"
#include "cli/cli.h"
#include "cli/worker_only.h"
#include "guard.h"

#include <stdio.h>

static int guard_core(const char *file, bool dry_run, bool no_heal, bool worker_only)
{
    const char *argv[GUARD_WORDS + 1] = { install_core_program(), file };
    size_t n = 2;

    if (dry_run)
        argv[n++] = "--dry-run";
    if (no_heal)
        argv[n++] = "--no-heal";
    if (worker_only)
        argv[n++] = "--worker-only";
    return guard_run(argv);
}

int cli_run(int argc, char **argv)
{
    static const char usage[] = "talon run [--config FILE] [--dry-run] [--no-heal] [--worker-only]";
    const char *config = NULL;
    bool dry_run = false, no_heal = false, worker_only = false;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "dry-run", CLI_FLAG, &dry_run, "watch and judge, but only say what a repair would do" },
        { "no-heal", CLI_FLAG, &no_heal, "watch and judge, repair nothing" },
        { "worker-only", CLI_FLAG, &worker_only, "keep the programs of `programs:` running, and watch nothing but their health" },
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
    if (worker_only && !worker_only_may(file))
        return CLI_WARN; /* 1, as the program before this one */
    return guard_core(file, dry_run, no_heal, worker_only);
}
