/*
 * talon-core: the daemon as a program of its own, started by the guard (guard.c), for `talon run`, which has read the command line. Nobody else starts it, so
 * its arguments are few and strict.
 */
#include "daemon.h"
#include "guarded.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { USAGE = 3 };

int main(int argc, char **argv)
{
    struct daemon_settings settings = { .config = argc > 1 ? argv[1] : NULL };
    bool guarded = false;

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is no error, and a peer that hangs up is told by write() */
    signal(SIGXFSZ, SIG_IGN); /* nor is a file that may not grow: write() tells that, too */
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--dry-run") == 0)
            settings.dry_run = true;
        else if (strcmp(argv[i], "--no-heal") == 0)
            settings.no_heal = true;
        else if (strcmp(argv[i], "--worker-only") == 0)
            settings.worker_only = true;
        else if (strcmp(argv[i], "--guarded") == 0)
            guarded = guarded_begin();
        else if (strcmp(argv[i], "--safe") == 0)
            settings.safe = true;
        else if (strcmp(argv[i], "--after") == 0 && i + 1 < argc)
            settings.after = argv[++i];
        else
            settings.config = NULL;
    }
    if (guarded && settings.config && settings.config[0] == '/')
        return daemon_run(&settings);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("talon-core %s\n", TALON_VERSION) < 0;
    fprintf(stderr, "talon-core: is started by `talon run`: use that\n");
    return USAGE;
}
