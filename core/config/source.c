/* See source.h. What a file is, is asked of the system before it is opened: opening a FIFO waits, opening a device may do things. */
#include "config/source.h"

#include "base/os/files.h"
#include "base/text.h"
#include "config/problems.h"
#include "config/work.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

const struct source *source_at(const struct config *c, size_t i)
{
    return *VECTOR_AT(&c->sources, struct source *, i);
}

static const char *folder_of(struct config *c, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return arena_copy(c->arena, path, slash == path ? 1 : (size_t)(slash - path));
}

static int64_t changed_at(const struct stat *st)
{
#if defined(__APPLE__)
    return (int64_t)st->st_mtimespec.tv_sec * 1000000000 + st->st_mtimespec.tv_nsec;
#else
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
#endif
}

/* ---- one file ---- */

/* Of the main file nobody but the caller speaks: it is told at its own beginning. What was refused is watched: it may be mended in place. */
static void refuse(struct config *c, struct place at, const char *path, const char *shown, const char *why)
{
    struct source *missing;

    source_watch(c, path);
    if (at.source) {
        problem_error(c, at, "`%.600s` cannot be read: %s", shown, why);
        return;
    }
    missing = arena_alloc(c->arena, sizeof *missing);
    missing->shown = shown;
    problem_error(c, work_file_place(missing), "this file cannot be read: %s", why);
}

static const char *wrong_kind(mode_t mode)
{
    if (S_ISREG(mode))
        return NULL;
    return S_ISDIR(mode) ? "it is a directory; name its files, as in `checks/*.yaml`" : S_ISFIFO(mode) ? "it is a FIFO, not a file" : "it is a device or socket, not a file";
}

/* What is shown goes into models and JSON: names of files need not be UTF-8. */
static const char *readable(struct config *c, const char *name)
{
    struct buffer *clean;

    if (text_valid_utf8(name, strlen(name)) == strlen(name))
        return arena_string(c->arena, name);
    clean = work_scratch(c, 0);
    text_clean(clean, name, strlen(name), 0);
    return arena_string(c->arena, buffer_string(clean));
}

static struct source *add(struct config *c, const char *path, const char *shown, enum source_kind kind, const char *text, size_t n)
{
    struct source *source = arena_alloc(c->arena, sizeof *source);

    source->path = arena_string(c->arena, path);
    source->shown = readable(c, shown);
    source->folder = folder_of(c, source->path);
    source->text = arena_copy(c->arena, text, n);
    source->n = n;
    source->kind = kind;
    source->order = (unsigned)c->sources.n + 1;
    *(struct source **)vector_push(c->arena, &c->sources, sizeof source) = source;
    return source;
}

static void list(struct config *c, const struct source *source)
{
    struct config_file *file = vector_push(c->arena, &c->listed, sizeof *file);

    *file = (struct config_file){ .path = source->path, .text = source->text, .n = source->n, .mtime_ns = source->mtime_ns, .inode = source->inode };
}

static bool is_listed(const struct config *c, const struct stat *st)
{
    for (size_t i = 0; i < c->sources.n; i++) {
        const struct source *s = source_at(c, i);

        if (s->inode == (uint64_t)st->st_ino && s->device == (uint64_t)st->st_dev)
            return true;
    }
    return false;
}

static struct source *load(struct config *c, const char *path, const char *shown, enum source_kind kind, struct place at)
{
    struct source *source = NULL;
    char why[256];

    buffer_clear(&c->full);
    c->full.max = TREE_FILE_SIZE;
    if (files_read(path, &c->full, why, sizeof why))
        source = add(c, path, shown, kind, buffer_string(&c->full), c->full.len);
    else
        refuse(c, at, path, shown, why);
    c->full.max = 0;
    return source;
}

const struct source *source_read(struct config *c, const char *path, const char *shown, enum source_kind kind, struct place at, bool *again)
{
    struct source *source;
    struct stat st;
    const char *wrong;

    *again = false;
    if (stat(path, &st) != 0) {
        refuse(c, at, path, shown, strerror(errno));
        return NULL;
    }
    *again = is_listed(c, &st);
    wrong = wrong_kind(st.st_mode);
    if (*again || wrong) {
        if (wrong)
            refuse(c, at, path, shown, wrong);
        return NULL;
    }
    if (st.st_size > TREE_FILE_SIZE) {
        refuse(c, at, path, shown, "it is larger than 1 MiB; divide it");
        return NULL;
    }
    if (c->sources.n == WORK_FILES) {
        refuse(c, at, path, shown, "there are too many files");
        return NULL;
    }
    source = load(c, path, shown, kind, at);
    if (!source)
        return NULL;
    source->mtime_ns = changed_at(&st);
    source->inode = (uint64_t)st.st_ino;
    source->device = (uint64_t)st.st_dev;
    list(c, source);
    return source;
}

void source_unpacked(struct config *c, enum source_kind kind, void (*each)(struct config *, const struct source *))
{
    for (size_t i = 0; i < pack_count(c->packed); i++) {
        const struct packed_file *file = pack_file(c->packed, i);
        const struct source *source;

        if (file->kind != kind)
            continue;
        source = add(c, file->path, file->shown, kind, file->text, file->n);
        list(c, source);
        each(c, source);
    }
}

/* ---- many ---- */

void source_watch(struct config *c, const char *folder)
{
    for (size_t i = 0; i + 1 < c->folders.n; i++)
        if (strcmp(*VECTOR_AT(&c->folders, const char *, i), folder) == 0)
            return;
    if (c->folders.n == 0)
        vector_push(c->arena, &c->folders, sizeof(const char *));
    *VECTOR_AT(&c->folders, const char *, c->folders.n - 1) = arena_string(c->arena, folder);
    vector_push(c->arena, &c->folders, sizeof(const char *));
}

/* `*` stands for any run of characters; at most once backwards for each, so never slower than lengths multiplied. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *retry = NULL;

    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_skipped(const char *name)
{
    const size_t n = strlen(name);

    return name[0] == '.' || n == 0 || name[n - 1] == '~';
}

static void close_folder(void *folder)
{
    closedir(folder);
}

/* The names in the folder that the pattern means, sorted. False: the folder cannot be read (errno). */
static bool find(struct config *c, const char *folder, const char *pattern, struct vector *names)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (!dir)
        return false;
    work_hold(c, close_folder, dir);
    while (names->n < WORK_FILES && (entry = readdir(dir)))
        if (!is_skipped(entry->d_name) && matches(pattern, entry->d_name))
            *(const char **)vector_push(c->arena, names, sizeof(const char *)) = arena_string(c->arena, entry->d_name);
    work_release(c);
    if (names->n > 1)
        qsort(names->items, names->n, sizeof(const char *), by_name);
    return true;
}

static const char *join(struct config *c, const char *folder, const char *name)
{
    if (strcmp(folder, ".") == 0)
        return name;
    return arena_printf(c->arena, strcmp(folder, "/") == 0 ? "%s%s" : "%s/%s", folder, name);
}

/* For a name without `*`: what lies there and may have been meant. */
static void tell_near(struct config *c, const char *folder, const char *name)
{
    struct vector names = { 0 };

    if (find(c, folder, "*", &names))
        problem_nearest(c, name, names.items, names.n);
}

static void read_found(struct config *c, const char *folder, const char *shown_folder, const struct vector *names, enum source_kind kind, struct place at,
                       void (*each)(struct config *, const struct source *))
{
    for (size_t i = 0; i < names->n; i++) {
        const char *name = *VECTOR_AT(names, const char *, i);
        bool again;
        const struct source *source = source_read(c, join(c, folder, name), join(c, shown_folder, name), kind, at, &again);

        if (source)
            each(c, source);
        else if (!again)
            work_lost_file(c, name);
    }
}

/* What a person would call it: beside the file that names it, as that file was called. */
static const char *shown_as(struct config *c, const char *pattern, const struct node *from)
{
    return pattern[0] == '/' || pattern[0] == '~' ? pattern : join(c, folder_of(c, from->place.source->shown), pattern);
}

void source_include(struct config *c, const char *pattern, const struct node *from, enum source_kind kind, void (*each)(struct config *, const struct source *))
{
    char path[PATH_SIZE];
    const char *folder, *shown = shown_as(c, pattern, from), *name;
    struct vector names = { 0 };

    if (!files_absolute(pattern, from->place.source->folder, path, sizeof path)) {
        problem_error(c, from->place, "`%.600s` is no path that can be used: it is too long, or `~` has no meaning here", pattern);
        return;
    }
    folder = folder_of(c, path);
    name = strrchr(path, '/') + 1;
    if (strchr(folder, '*')) {
        problem_error(c, from->place, "a `*` may stand in the last part of a path alone, not in `%.600s`", pattern);
        return;
    }
    if (strchr(name, '*'))
        source_watch(c, folder);
    if (c->packed) /* its files come with it */
        return;
    if (strchr(name, '*')) {
        if (!find(c, folder, name, &names) || names.n == 0)
            problem_warning(c, from->place, "`%.600s` names no file", pattern);
    } else {
        *(const char **)vector_push(c->arena, &names, sizeof(const char *)) = arena_string(c->arena, name);
    }
    read_found(c, folder, folder_of(c, shown), &names, kind, from->place, each);
    if (!strchr(name, '*') && access(path, F_OK) != 0)
        tell_near(c, folder, name);
}

void source_folder(struct config *c, const char *folder, const char *pattern, enum source_kind kind, void (*each)(struct config *, const struct source *))
{
    struct vector names = { 0 };

    if (!find(c, folder, pattern, &names))
        return;
    source_watch(c, folder);
    read_found(c, folder, folder, &names, kind, (struct place){ .source = source_at(c, 0), .line = 1, .column = 1 }, each);
}
