/* What the fuzz targets share: see fuzz.h. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };

static char folder[PATH_SIZE];

void fuzz_broken(const char *sentence, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, sentence);
    abort();
}

char *fuzz_part(struct fuzz_parts *parts, size_t *n)
{
    static const char line[] = "\n%%\n";
    const size_t length = sizeof line - 1;
    char *copy;

    if (parts->over)
        return NULL;
    for (*n = 0; *n + length <= parts->left && memcmp(parts->at + *n, line, length) != 0; (*n)++)
        ;
    parts->over = *n + length > parts->left;
    *n = parts->over ? parts->left : *n + 1;
    copy = malloc(*n + 1);
    if (!copy)
        abort();
    if (*n > 0)
        memcpy(copy, parts->at, *n);
    copy[*n] = '\0';
    if (!parts->over) {
        parts->at += *n + length - 1;
        parts->left -= *n + length - 1;
    }
    return copy;
}

/* ---- our folder */

const char *fuzz_path(const char *name)
{
    static char path[2 * PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

void fuzz_empty_folder(void)
{
    DIR *dir = opendir(fuzz_folder());
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlink(fuzz_path(entry->d_name));
    if (dir)
        closedir(dir);
}

static void remove_folder(void)
{
    fuzz_empty_folder();
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    if (folder[0])
        return folder;
    snprintf(folder, sizeof folder, "%.900s/talon-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        abort();
    atexit(remove_folder);
    return folder;
}
