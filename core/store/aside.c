/* Set aside for a person to look at: what cannot be understood is moved away, never deleted, and what was set aside before stays too, up to a bound. */
#include "store/aside.h"

#include "base/os/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BROKEN = 9, ASIDE_PATH = 1024 };

bool aside_set(const char *folder, const char *name)
{
    char path[ASIDE_PATH], aside[ASIDE_PATH + 24];
    struct stat st;
    int i = 1, n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (n < 0 || n >= (int)sizeof path)
        return false;
    snprintf(aside, sizeof aside, "%s.broken", path);
    while (lstat(aside, &st) == 0 && i < MOST_BROKEN)
        snprintf(aside, sizeof aside, "%s.broken.%d", path, ++i);
    if (rename(path, aside) == 0) {
        log_warn("a file of the state folder cannot be understood and was set aside", "file", path, "now", aside, NULL);
        return true;
    }
    log_error("a file of the state folder can neither be understood nor set aside", "file", path, "why", strerror(errno), NULL);
    return false;
}
