/* May `talon run --worker-only` run? */
#ifndef CLI_WORKER_ONLY_H
#define CLI_WORKER_ONLY_H

#include <stdbool.h>

/* False: another supervisor has a program of the configuration, or there is none to keep; a sentence has been printed. */
bool worker_only_may(const char *file);

#endif
