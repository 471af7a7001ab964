/*
 * New lines of a log file: from where the last reading ended, through rotation (the file has got another number, what was left of the old one is read first,
 * where it is found) and truncation (it is shorter than it was, or what stood before the position is no longer the same).
 */
#ifndef LOG_FOLLOW_H
#define LOG_FOLLOW_H

#include <stddef.h>
#include <stdint.h>

enum { FOLLOW_MARK = 32, FOLLOW_LINE = 65536 };

/* Where the last reading ended. It is kept as bytes across restarts: what is added comes at its end. */
struct follow_position {
    uint64_t device, file, offset;
    uint32_t begun, in_long_line; /* begun: 0 before the first reading; in_long_line: the offset is within a line that was too long */
    uint32_t n_mark, reserved;
    unsigned char mark[FOLLOW_MARK]; /* the bytes before the offset */
};

struct follow_report {
    uint64_t lines, read, skipped; /* bytes; skipped: more was new than may be read */
    int first, rotated, truncated; /* first: nothing was read, the position is the file's end */
};

/* A line without its end; of one that is longer than FOLLOW_LINE its beginning alone. */
typedef void follow_line_fn(void *arg, const char *line, size_t n);

enum follow_end { FOLLOW_DONE, FOLLOW_NO_FILE, FOLLOW_NO_LOG, FOLLOW_ERROR }; /* NO_LOG: it is no regular file */

/* Reads what is new, `most` bytes of it at most, and moves the position. On FOLLOW_ERROR errno says why. May block where the file system hangs. */
enum follow_end follow(const char *path, struct follow_position *position, uint64_t most, follow_line_fn *line, void *arg, struct follow_report *report);

#endif
