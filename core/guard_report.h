/* The last words of a core: gathered while it dies, saved as text. Never a core file, which would hold secrets. */
#ifndef GUARD_REPORT_H
#define GUARD_REPORT_H

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

enum { REPORT_SIZE = 64 << 10, REPORTS_KEPT = 10 };

struct report {
    pid_t pid;
    const char *end;          /* "SIGSEGV", "stood still for 30 s, then SIGABRT" */
    uint64_t lived;           /* ns */
    int64_t wall;             /* ns */
    const struct buffer *words;
};

/* Writes FOLDER/crash/core-TIME-PID.txt and removes the oldest beyond REPORTS_KEPT. False: why is a sentence; true: path is where it lies. */
bool report_save(const char *folder, const struct report *report, char *path, size_t path_size, char *why, size_t why_size);

#endif
