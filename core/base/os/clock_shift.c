/* The clock's shift for tests: see clock_shift.h. */
#include "base/os/clock_shift.h"

#include "base/os/files.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat seen;
static double seconds;

/* Written by renaming or in place: either way something of this differs. */
static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtime == b->st_mtime && memcmp(a, b, sizeof *a) == 0;
}

static void look(const char *file)
{
    struct buffer text = buffer_make(64);
    struct stat st;
    char why[256];

    memset(&st, 0, sizeof st);
    if (stat(file, &st) != 0) {
        seconds = 0;
        memset(&seen, 0, sizeof seen);
        return;
    }
    if (same(&st, &seen))
        return;
    if (files_read(file, &text, why, sizeof why)) {
        seconds = strtod(buffer_string(&text), NULL);
        seen = st;
    }
    buffer_free(&text);
}

void clock_shift(struct moment *now)
{
    const char *file = getenv("TALON_CLOCK_SHIFT_FILE");

    if (!file || !file[0])
        return;
    pthread_mutex_lock(&lock);
    look(file);
    if (isfinite(seconds) && fabs(seconds) < 1e9) {
        now->elapsed += (uint64_t)(int64_t)(seconds * 1e9);
        now->wall += (int64_t)(seconds * 1e9);
    }
    pthread_mutex_unlock(&lock);
}
