/* A folder of the test's own: see temp_folder.h. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "temp_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int temp_folder_make(void **state)
{
    const char *where = getenv("TMPDIR");
    char *path = malloc(TEMP_PATH);

    if (!path)
        return -1;
    snprintf(path, TEMP_PATH, "%s/talon-test-XXXXXX", where && where[0] ? where : "/tmp");
    if (!mkdtemp(path)) {
        free(path);
        return -1;
    }
    *state = path;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    return remove(path);
}

int temp_folder_remove(void **state)
{
    int got = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return got;
}

const char *temp_path(void **state, const char *name)
{
    static char paths[8][TEMP_PATH * 2];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", (const char *)*state, name);
    return path;
}

void temp_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

size_t temp_read(const char *path, char *text, size_t n)
{
    FILE *file = fopen(path, "r");
    size_t got;

    assert_non_null(file);
    got = fread(text, 1, n - 1, file);
    text[got] = '\0';
    assert_int_equal(fclose(file), 0);
    return got;
}

size_t temp_count(const char *path)
{
    DIR *folder = opendir(path);
    size_t n = 0;

    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return n;
}
