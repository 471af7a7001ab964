/* New lines of a log file: see follow.h. */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
    int fd;
    struct follow_position *position;
    struct follow_report *report;
    follow_line_fn *line;
    void *arg;
    char *buffer; /* FOLLOW_LINE bytes */
};

/* ---- the file */

/* O_NONBLOCK: a FIFO would wait for its writer. Returns -1: see errno; a file that is no regular one: EINVAL. */
static int open_log(const char *path, struct stat *found)
{
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int why = 0;

    if (fd < 0)
        return -1;
    if (fstat(fd, found) != 0)
        why = errno;
    else if (!S_ISREG(found->st_mode))
        why = EINVAL;
    if (!why)
        return fd;
    close(fd);
    errno = why;
    return -1;
}

static int is_same(const struct follow_position *position, const struct stat *found)
{
    return position->device == (uint64_t)found->st_dev && position->file == (uint64_t)found->st_ino;
}

static ssize_t read_at(int fd, void *into, size_t n, uint64_t offset)
{
    ssize_t got;

    do
        got = pread(fd, into, n, (off_t)offset);
    while (got < 0 && errno == EINTR);
    return got;
}

/* What a log begins with is often the same each time, what stands before the position is not. */
static int is_rewritten(int fd, const struct follow_position *position, uint64_t size)
{
    unsigned char now[FOLLOW_MARK];

    if (size < position->offset)
        return 1;
    return position->n_mark > 0 && (read_at(fd, now, position->n_mark, position->offset - position->n_mark) != (ssize_t)position->n_mark ||
                                    memcmp(now, position->mark, position->n_mark) != 0);
}

static void remember(int fd, struct follow_position *position)
{
    const uint64_t n = position->offset < FOLLOW_MARK ? position->offset : FOLLOW_MARK;
    const ssize_t got = read_at(fd, position->mark, (size_t)n, position->offset - n);

    position->n_mark = got == (ssize_t)n ? (uint32_t)n : 0;
}

/* ---- its lines */

static void tell(struct reading *reading, const char *text, size_t n)
{
    if (n > 0 && text[n - 1] == '\r')
        n--;
    reading->report->lines++;
    reading->line(reading->arg, text, n);
}

/* The whole lines in the buffer. Returns how many bytes they took. */
static size_t take_lines(struct reading *reading, size_t n)
{
    const char *at = reading->buffer, *end = at + n, *newline;

    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        if (!reading->position->in_long_line)
            tell(reading, at, (size_t)(newline - at));
        reading->position->in_long_line = 0;
        at = newline + 1;
    }
    return (size_t)(at - reading->buffer);
}

/* A piece without an end: of a line that is too long the beginning is told, what comes after it is passed over; what is merely not finished yet waits, unless
 * nothing will follow. Returns how many bytes it took. */
static size_t take_rest(struct reading *reading, size_t n, int is_old)
{
    struct follow_position *position = reading->position;

    if (position->in_long_line)
        return n;
    if (n == FOLLOW_LINE || (is_old && n > 0)) {
        tell(reading, reading->buffer, n);
        position->in_long_line = n == FOLLOW_LINE;
        return n;
    }
    return 0;
}

/* Reads up to `size`. Returns 0, or an errno. */
static int read_lines(struct reading *reading, uint64_t size, int is_old)
{
    struct follow_position *position = reading->position;

    while (position->offset < size) {
        const uint64_t left = size - position->offset;
        const ssize_t got = read_at(reading->fd, reading->buffer, left < FOLLOW_LINE ? (size_t)left : FOLLOW_LINE, position->offset);
        size_t taken;

        if (got < 0)
            return errno;
        if (got == 0) /* it was made shorter meanwhile: the next reading sees that */
            return 0;
        taken = take_lines(reading, (size_t)got);
        if (taken == 0)
            taken = take_rest(reading, (size_t)got, is_old && (uint64_t)got == left);
        if (taken == 0)
            return 0;
        position->offset += taken;
        reading->report->read += taken;
    }
    return 0;
}

/* Of more than may be read the end is read, from its first whole line on. */
static void skip(struct reading *reading, uint64_t size, uint64_t most)
{
    struct follow_position *position = reading->position;

    if (size - position->offset <= most)
        return;
    reading->report->skipped += size - position->offset - most;
    position->offset = size - most;
    position->in_long_line = 1;
}

/* ---- from file to file */

/* The file that was followed, under the name that rotation gives it (logrotate: .1, newsyslog: .0): what had been written to it before it went. */
static int finish_old(struct reading *reading, const char *path, uint64_t most)
{
    static const char *const suffixes[] = { ".1", ".0" };
    char name[1100];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        struct stat found;
        int why = 0;

        if (snprintf(name, sizeof name, "%s%s", path, suffixes[i]) >= (int)sizeof name)
            return 0;
        reading->fd = open_log(name, &found);
        if (reading->fd < 0)
            continue;
        if (is_same(reading->position, &found) && !is_rewritten(reading->fd, reading->position, (uint64_t)found.st_size)) {
            skip(reading, (uint64_t)found.st_size, most);
            why = read_lines(reading, (uint64_t)found.st_size, 1);
        }
        close(reading->fd);
        if (why || is_same(reading->position, &found))
            return why;
    }
    return 0;
}

static void begin_file(struct follow_position *position, const struct stat *found, uint64_t offset)
{
    *position = (struct follow_position){ .device = (uint64_t)found->st_dev, .file = (uint64_t)found->st_ino, .offset = offset, .begun = 1 };
}

/* The log is open as `fd`. Returns 0, or an errno. */
static int read_new(struct reading *reading, const char *path, int fd, const struct stat *found, uint64_t most)
{
    struct follow_position *position = reading->position;
    struct follow_report *report = reading->report;
    const uint64_t size = (uint64_t)found->st_size;
    int why = 0;

    if (!position->begun) {
        begin_file(position, found, size);
        report->first = 1;
    } else if (!is_same(position, found)) {
        report->rotated = position->file != 0; /* else it was not there before */
        why = finish_old(reading, path, most);
        begin_file(position, found, 0);
    } else if (is_rewritten(fd, position, size)) {
        report->truncated = 1;
        begin_file(position, found, 0);
    }
    reading->fd = fd;
    skip(reading, size, most);
    if (!why)
        why = read_lines(reading, size, 0);
    remember(fd, position);
    return why;
}

enum follow_end follow(const char *path, struct follow_position *position, uint64_t most, follow_line_fn *line, void *arg, struct follow_report *report)
{
    struct reading reading = { .position = position, .report = report, .line = line, .arg = arg };
    struct stat found;
    const int fd = open_log(path, &found);
    int why;

    *report = (struct follow_report){ 0 };
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? FOLLOW_NO_FILE : errno == EINVAL ? FOLLOW_NO_LOG : FOLLOW_ERROR;
    reading.buffer = malloc(FOLLOW_LINE);
    why = reading.buffer ? read_new(&reading, path, fd, &found, most) : ENOMEM;
    free(reading.buffer);
    close(fd);
    errno = why;
    return why ? FOLLOW_ERROR : FOLLOW_DONE;
}
