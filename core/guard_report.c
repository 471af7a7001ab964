/* Saving reports of crashes: see guard_report.h. */
#include "guard_report.h"

#include "base/moment.h"
#include "base/os/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 4096, NAME = 64, LISTED = 64 };

static bool is_report(const char *name)
{
    const size_t n = strlen(name);

    return n < NAME && n > 9 && strncmp(name, "core-", 5) == 0 && strcmp(name + n - 4, ".txt") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Names begin with the time, so their order is that of age. */
static void remove_oldest(const char *folder)
{
    static char names[LISTED][NAME];
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[2 * PATH];
    size_t n = 0;

    while (dir && n < LISTED && (entry = readdir(dir)) != NULL)
        if (is_report(entry->d_name))
            snprintf(names[n++], NAME, "%.63s", entry->d_name);
    if (dir)
        closedir(dir);
    qsort(names, n, NAME, by_name);
    for (size_t i = 0; i + REPORTS_KEPT < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

static void write_head(struct buffer *text, const struct report *report, const struct tm *utc)
{
    buffer_printf(text, "Talon %s: the core (pid %ld) ended at %04d-%02d-%02d %02d:%02d:%02d UTC: %s. It had run for %llu s.\n\n", TALON_VERSION, (long)report->pid,
                  utc->tm_year + 1900, utc->tm_mon + 1, utc->tm_mday, utc->tm_hour, utc->tm_min, utc->tm_sec, report->end,
                  (unsigned long long)(report->lived / NS_PER_S));
    if (report->words->len == 0)
        buffer_text(text, "It left no words of its own: what ended it cannot be caught (SIGKILL, or it could not run any more).\n");
}

bool report_save(const char *folder, const struct report *report, char *path, size_t path_size, char *why, size_t why_size)
{
    const time_t seconds = (time_t)(report->wall / (int64_t)NS_PER_S);
    struct buffer text = buffer_make(REPORT_SIZE + PATH);
    struct tm utc = { 0 };
    char crash[PATH];
    bool good = false;

    gmtime_r(&seconds, &utc);
    write_head(&text, report, &utc);
    buffer_add(&text, buffer_string(report->words), report->words->len);
    snprintf(crash, sizeof crash, "%s/crash", folder);
    snprintf(path, path_size, "%s/core-%04d%02d%02dT%02d%02d%02d-%ld.txt", crash, utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
             utc.tm_sec, (long)report->pid);
    if (text.failed)
        snprintf(why, why_size, "the report of the crash could not be written: no memory");
    else
        good = files_make_folder(crash, why, why_size) && files_write(path, text.data, text.len, 0600, false, why, why_size);
    buffer_free(&text);
    if (good)
        remove_oldest(crash);
    return good;
}
