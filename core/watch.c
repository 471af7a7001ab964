/* Sees that configuration files have changed: see watch.h. */
#include "watch.h"

#include "base/moment.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define QUIET (2 * (uint64_t)NS_PER_S)
#define COARSE (20 * (int64_t)NS_PER_MS) /* file systems stamp by a clock that ticks */

struct watch {
    size_t n;
    char **paths;               /* files, then folders */
    unsigned long long loaded;  /* what they looked like when they were read */
    unsigned long long seen;    /* what they looked like at the last look */
    uint64_t changed_at;
};

/* What a change of a file or folder cannot leave as it was. All 0: it is gone. */
struct facts {
    long long index, inode, mtime_ns, size;
};

static long long changed_at(const struct stat *st)
{
#if defined(__APPLE__)
    return (long long)st->st_mtimespec.tv_sec * NS_PER_S + st->st_mtimespec.tv_nsec;
#else
    return (long long)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
#endif
}

static struct facts facts_of(const struct watch *watch, size_t i)
{
    struct facts facts = { .index = (long long)i };
    struct stat st;

    if (stat(watch->paths[i], &st) == 0) {
        facts.inode = (long long)st.st_ino;
        facts.mtime_ns = changed_at(&st);
        facts.size = S_ISDIR(st.st_mode) ? 0 : (long long)st.st_size;
    }
    return facts;
}

/* One number for all that can change: as it is now, the first n_files as they were read. */
static unsigned long long look(const struct watch *watch, const struct config_file *files, size_t n_files)
{
    unsigned long long hash = TEXT_HASH;

    for (size_t i = 0; i < watch->n; i++) {
        struct facts facts = facts_of(watch, i);

        if (i < n_files)
            facts = (struct facts){ .index = (long long)i, .inode = (long long)files[i].inode, .mtime_ns = files[i].mtime_ns, .size = (long long)files[i].n };
        hash = text_hash(hash, &facts, sizeof facts);
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

/* Has a folder (or what was refused) changed while the configuration was read? Then what was found there may be older than what it holds now. */
static bool changed_between(const struct watch *watch, size_t n_files, int64_t from, int64_t to)
{
    for (size_t i = n_files; i < watch->n; i++) {
        const long long changed = facts_of(watch, i).mtime_ns;

        if (changed >= from - COARSE && changed <= to)
            return true;
    }
    return false;
}

bool watch_take(struct watch **slot, const struct config *config, int64_t from, int64_t to)
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
    watch->loaded = look(watch, files, n_files) ^ changed_between(watch, n_files, from, to);
    watch->seen = watch->loaded; /* what has changed since then is seen by the next look */
    watch_free(*slot);
    *slot = watch;
    return true;
}

bool watch_look(struct watch *watch, uint64_t now)
{
    unsigned long long seen;

    if (!watch)
        return false;
    seen = look(watch, NULL, 0);
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
