/* `talon run`: the libev loop that joins engine, hosts, configuration, state folder and serving thread. */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>

struct daemon_settings {
    const char *config;  /* file, absolute */
    bool dry_run;        /* repairs are only said, not done */
    bool no_heal;        /* not even that */
    bool worker_only;    /* supervises programs, and watches only what their health hangs on */
    bool safe;           /* the core before this one crashed again and again: watch and tell, repair nothing */
    const char *after;   /* how the one before ended, and where the report lies; NULL: this is the first */
};

/* Runs until SIGTERM or SIGINT; returns the exit code: 0, or 3 with a sentence on standard error (no usable configuration, another daemon). */
int daemon_run(const struct daemon_settings *settings);

#endif
