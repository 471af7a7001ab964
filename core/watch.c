/* Sees that configuration files have changed: see watch.h. */
#include "watch.h"

#include "base/moment.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define QUIET (2 * (uint64_t)NS_PER_S)

struct watch {
    size_t n;
    char **paths;               /* files, then folders */
    unsigned long long loaded;  /* what they looked like when they were read */
    unsigned long long seen;    /* what they looked like at the last look */
    uint64_t changed_at;
};

/* One number for all that can change. A file that is gone looks like nothing else. */
static unsigned long long look(const struct watch *watch)
{
    unsigned long long hash = TEXT_HASH;
    struct stat st;

    for (size_t i = 0; i < watch->n; i++) {
        long long facts[5] = { (long long)i, 0, 0, 0, 0 };

        if (stat(watch->paths[i], &st) == 0) {
            facts[1] = (long long)st.st_ino;
            facts[2] = (long long)st.st_mtime;
            facts[3] = S_ISDIR(st.st_mode) ? 0 : (long long)st.st_size;
#if defined(__APPLE__)
            facts[4] = st.st_mtimespec.tv_nsec;
#else
            facts[4] = st.st_mtim.tv_nsec;
#endif
        }
        hash = text_hash(hash, facts, sizeof facts);
    }
    return hash;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->n; i++)
        free(watch->paths[i]);
    free(watch->paths);
    free(watch);
}

static bool add(struct watch *watch, const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);

    if (!copy)
        return false;
    memcpy(copy, path, size);
    watch->paths[watch->n++] = copy;
    return true;
}

bool watch_take(struct watch **slot, const struct config *config)
{
    size_t n_files, n_folders = 0;
    const struct config_file *files = config_files(config, &n_files);
    const char *const *folders = config_folders(config);
    struct watch *watch = calloc(1, sizeof *watch);
    bool good = watch != NULL;

    while (folders[n_folders])
        n_folders++;
    if (good)
        watch->paths = calloc(n_files + n_folders + 1, sizeof *watch->paths);
    good = good && watch->paths;
    for (size_t i = 0; good && i < n_files; i++)
        good = add(watch, files[i].path);
    for (size_t i = 0; good && i < n_folders; i++)
        good = add(watch, folders[i]);
    if (!good) {
        watch_free(watch);
        return false;
    }
    watch->loaded = watch->seen = look(watch);
    watch_free(*slot);
    *slot = watch;
    return true;
}

bool watch_look(struct watch *watch, uint64_t now)
{
    unsigned long long seen = look(watch);

    if (seen != watch->seen) {
        watch->seen = seen;
        watch->changed_at = now;
        return false;
    }
    if (seen == watch->loaded || now - watch->changed_at < QUIET)
        return false;
    watch->loaded = seen;
    return true;
}
