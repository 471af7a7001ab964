/* The locks of a runbook: see locks.h. */
#include "locks.h"

#include "base/shortage.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_ROOM = 2048, WHY = 512 };

struct locks {
    size_t n;
    int held[];
};

static bool take_one(struct locks *locks, const char *folder, const char *name, const char *who, char holder[FILES_HOLDER])
{
    char path[PATH_ROOM];
    bool held;
    int fd = -1;

    if (snprintf(path, sizeof path, "%s/%s.lock", folder, name) < (int)sizeof path)
        fd = files_take(path, who, holder, &held);
    else
        snprintf(holder, FILES_HOLDER, "its path is too long");
    if (fd >= 0)
        locks->held[locks->n++] = fd;
    return fd >= 0;
}

struct locks *locks_take(const char *state_folder, const char *const *names, const char *who, const char **lock, char holder[FILES_HOLDER])
{
    char folder[PATH_ROOM], why[WHY];
    struct locks *locks;
    size_t n = 0;

    while (names && names[n])
        n++;
    *lock = NULL;
    locks = malloc(sizeof *locks + (n + 1) * sizeof *locks->held);
    if (!locks) {
        shortage_note();
        snprintf(holder, FILES_HOLDER, "there is no memory for it");
        return NULL;
    }
    locks->n = 0;
    snprintf(folder, sizeof folder, "%s/" LOCKS_FOLDER, state_folder);
    if (n > 0 && !files_make_folder(folder, why, sizeof why)) {
        *lock = names[0];
        snprintf(holder, FILES_HOLDER, "%.*s", FILES_HOLDER - 1, why);
        locks_give(locks);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (take_one(locks, folder, names[i], who, holder))
            continue;
        *lock = names[i];
        locks_give(locks);
        return NULL;
    }
    return locks;
}

void locks_give(struct locks *locks)
{
    for (size_t i = 0; locks && i < locks->n; i++)
        files_give(locks->held[i]);
    free(locks);
}
