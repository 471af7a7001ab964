/*
 * The log: see log.h. One line is made whole in memory and written with one call; whatever cannot be written is dropped and counted, because a
 * watchdog that waits for its log watches nothing.
 */
#include "base/os/log.h"

#include "base/os/clock.h"
#include "base/os/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef PIPE_BUF
#define PIPE_BUF 512
#endif

enum { LINE_SIZE = 65536, VALUE_SIZE = 4096, PATH_SIZE = 4096, GENERATIONS = 3, SAID_SIZE = 160, RECENT = 16, RECENT_SIZE = 256 };

static const char *const words[] = { [LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_ERROR] = "error" };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    enum log_level level;
    bool to_stderr;
    const char *file; /* path, or NULL: none */
    char path[PATH_SIZE];
    int fd;     /* -1: not open */
    int error;  /* why it could not be opened, or last not be written */
    struct stat opened;
    uint64_t size, rotate_bytes;
    int64_t minute;     /* of the last look at the file */
    bool rotate_failed; /* not again in this minute */
    bool torn, torn_stderr; /* the last line was cut: the next one begins with a newline */
    uint64_t lost, told;
    struct buffer line, brief;
} state = { .level = LOG_LEVEL_WARN, .to_stderr = true, .fd = -1, .line = { .max = LINE_SIZE }, .brief = { .max = LINE_SIZE } };

/* ---- the last lines, for a crash: whoever reads them may have interrupted whoever writes them, and then one of them is torn */

static char recent[RECENT][RECENT_SIZE];
static atomic_uint next_recent;

static void keep_recent(const struct buffer *brief)
{
    char *line = recent[atomic_fetch_add(&next_recent, 1) % RECENT];
    const size_t n = brief->len < RECENT_SIZE ? brief->len : RECENT_SIZE - 2;

    memset(line, 0, RECENT_SIZE);
    memcpy(line, brief->data, n);
    if (n < brief->len)
        line[n] = '\n';
}

void log_recent(int fd)
{
    const unsigned next = atomic_load(&next_recent);

    for (unsigned i = 0; i < RECENT; i++) {
        const char *line = recent[(next + i) % RECENT];

        (void)!write(fd, line, strnlen(line, RECENT_SIZE - 1));
    }
}

void log_recall(struct buffer *out)
{
    unsigned next;

    pthread_mutex_lock(&lock);
    next = atomic_load(&next_recent);
    for (unsigned i = 0; i < RECENT; i++) {
        const char *line = recent[(next + i) % RECENT];

        buffer_add(out, line, strnlen(line, RECENT_SIZE - 1));
    }
    pthread_mutex_unlock(&lock);
}

/* ---- the file */

static void close_file(void)
{
    if (state.fd >= 0)
        close(state.fd);
    state.fd = -1;
    state.size = 0;
    state.torn = false;
}

/* The folder is made when it is missing. Returns a descriptor, or -1 with errno. */
static int open_path(const char *path)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    char folder[PATH_SIZE], why[256];
    const char *slash = strrchr(path, '/');
    struct stat st;
    int fd;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a FIFO or a terminal could stop us */
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    fd = open(path, flags, 0600);
    if (fd >= 0 || errno != ENOENT || !slash || slash == path || slash - path >= PATH_SIZE)
        return fd;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return files_make_folder(folder, why, sizeof why) ? open(path, flags, 0600) : -1;
}

static bool open_file(void)
{
    const int fd = open_path(state.file);
    struct stat st;

    if (fd < 0) {
        state.error = errno;
        return false;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        errno = state.error = EINVAL;
        return false;
    }
    close_file();
    state.fd = fd;
    state.opened = st;
    state.size = (uint64_t)st.st_size;
    return true;
}

/* Once a minute: is the file (again) the one that is written to? Another program may have rotated or removed it. */
static void look_at_file(int64_t wall)
{
    const int64_t minute = wall / (60 * (int64_t)NS_PER_S);
    struct stat st;

    if (minute == state.minute)
        return;
    state.minute = minute;
    state.rotate_failed = false;
    if (state.fd < 0 || stat(state.file, &st) != 0 || st.st_ino != state.opened.st_ino || st.st_dev != state.opened.st_dev)
        open_file();
    else
        state.size = (uint64_t)st.st_size; /* it may have been cut short */
}

/* FILE.2 becomes FILE.3, FILE.1 FILE.2, FILE FILE.1. What cannot be renamed is written on. */
static void rotate(void)
{
    char from[PATH_SIZE + 8], to[PATH_SIZE + 8];

    for (int i = GENERATIONS - 1; i >= 0; i--) {
        if (i > 0)
            snprintf(from, sizeof from, "%s.%d", state.file, i);
        else
            snprintf(from, sizeof from, "%s", state.file);
        snprintf(to, sizeof to, "%s.%d", state.file, i + 1);
        if (rename(from, to) != 0 && i == 0) {
            state.rotate_failed = true;
            return;
        }
    }
    if (!open_file())
        state.rotate_failed = true;
}

/* Writes to the file; false: not, or not whole. */
static bool write_file(const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(state.fd, bytes, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            state.error = done < 0 ? errno : ENOSPC;
            return false;
        }
        state.size += (uint64_t)done;
        state.torn = bytes[done - 1] != '\n';
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static bool write_line(const struct buffer *line)
{
    if (state.torn && !write_file("\n", 1))
        return false;
    return write_file(line->data, line->len);
}

/* ---- standard error: only what can be written at once */

static bool writable(void)
{
    struct pollfd poll_stderr = { .fd = STDERR_FILENO, .events = POLLOUT };

    return poll(&poll_stderr, 1, 0) == 1 && (poll_stderr.revents & POLLOUT) && !(poll_stderr.revents & (POLLERR | POLLNVAL | POLLHUP));
}

static bool write_stderr(const char *bytes, size_t n)
{
    while (n > 0) {
        const size_t part = n < PIPE_BUF ? n : PIPE_BUF; /* what a pipe that is writable takes without waiting */
        const ssize_t done = writable() ? write(STDERR_FILENO, bytes, part) : -1;

        if (done <= 0)
            return false;
        state.torn_stderr = bytes[done - 1] != '\n';
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static bool write_brief(const struct buffer *brief)
{
    if (state.torn_stderr && !write_stderr("\n", 1))
        return false;
    return write_stderr(brief->data, brief->len);
}

/* ---- one line */

static void add_time(struct buffer *line, int64_t wall)
{
    const time_t seconds = (time_t)(wall / (int64_t)NS_PER_S);
    struct tm t = { 0 };

    gmtime_r(&seconds, &t);
    buffer_printf(line, "{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
                  (int)(wall % (int64_t)NS_PER_S / NS_PER_MS));
}

static void add_pair(struct buffer *line, const char *name, const char *value)
{
    buffer_char(line, ',');
    text_json(line, name, strlen(name));
    buffer_char(line, ':');
    text_json(line, value, strnlen(value, VALUE_SIZE));
}

/* As a person reads it: quoted only where blanks would hide its end. */
static void add_brief(struct buffer *brief, const char *name, const char *value)
{
    const size_t n = strnlen(value, VALUE_SIZE);

    buffer_printf(brief, " %s=", name);
    if (n == 0 || value[strcspn(value, " \t\"=")] != '\0') {
        text_json(brief, value, n);
        return;
    }
    text_clean(brief, value, n, 0);
}

static void begin(enum log_level level, const char *message, int64_t wall)
{
    buffer_clear(&state.line);
    buffer_clear(&state.brief);
    add_time(&state.line, wall);
    add_pair(&state.line, "level", words[level]);
    add_pair(&state.line, "message", message);
    buffer_printf(&state.brief, "[talon][%s] ", words[level]);
    text_clean(&state.brief, message, strlen(message), VALUE_SIZE);
}

/* Closes both copies; false: too long, or no memory. */
static bool finish(void)
{
    buffer_text(&state.line, "}\n");
    buffer_char(&state.brief, '\n');
    return !state.line.failed && !state.brief.failed;
}

static bool put_into_file(int64_t wall)
{
    if (state.file)
        look_at_file(wall);
    if (state.fd < 0)
        return false;
    if (state.rotate_bytes > 0 && !state.rotate_failed && state.size > 0 && state.size + state.line.len > state.rotate_bytes)
        rotate();
    return write_line(&state.line);
}

/* Both copies go out; the line is lost where the one that matters did not. */
static bool put(int64_t wall)
{
    bool written, shown = false;

    if (!finish())
        return false;
    keep_recent(&state.brief);
    written = put_into_file(wall);
    if (state.to_stderr || (state.file && !written))
        shown = write_brief(&state.brief);
    if (state.fd >= 0)
        return written;
    return shown || (!state.file && !state.to_stderr);
}

/* What was lost is said as soon as something can be written again, and only then. */
static void tell_lost(int64_t wall)
{
    const uint64_t lost = state.lost;
    char said[SAID_SIZE];

    if (lost == state.told)
        return;
    snprintf(said, sizeof said, "%" PRIu64 " log lines before this one could not be written", lost - state.told);
    begin(LOG_LEVEL_WARN, said, wall);
    if (!finish() || !(state.file ? put_into_file(wall) : write_brief(&state.brief)))
        return;
    state.told = lost;
    if (state.file && state.to_stderr)
        write_brief(&state.brief);
}

static void log_write(enum log_level level, const char *message, va_list ap)
{
    const int error = errno;
    const int64_t wall = clock_moment().wall;
    const char *name;

    pthread_mutex_lock(&lock);
    if (level >= state.level) {
        tell_lost(wall);
        begin(level, message, wall);
        while ((name = va_arg(ap, const char *))) {
            const char *value = va_arg(ap, const char *);

            if (!value)
                continue;
            add_pair(&state.line, name, value);
            add_brief(&state.brief, name, value);
        }
        state.lost += !put(wall);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
}

/* ---- the interface */

bool log_open(const struct log_settings *settings)
{
    bool good = true;
    int error = 0;

    pthread_mutex_lock(&lock);
    close_file();
    state.file = NULL;
    state.level = settings->level;
    state.to_stderr = settings->to_stderr;
    state.rotate_bytes = settings->rotate_bytes;
    state.rotate_failed = false;
    state.minute = clock_moment().wall / (60 * (int64_t)NS_PER_S);
    if (settings->file) {
        const size_t size = strlen(settings->file) + 1;

        errno = ENAMETOOLONG;
        if (size <= PATH_SIZE)
            state.file = memcpy(state.path, settings->file, size);
        good = state.file && open_file();
        error = errno;
        state.to_stderr = state.to_stderr || !state.file;
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return good;
}

void log_close(void)
{
    pthread_mutex_lock(&lock);
    close_file();
    state.file = NULL;
    state.level = LOG_LEVEL_WARN;
    state.to_stderr = true;
    buffer_free(&state.line);
    buffer_free(&state.brief);
    pthread_mutex_unlock(&lock);
}

void log_debug(const char *message, ...)
{
    va_list ap;

    va_start(ap, message);
    log_write(LOG_LEVEL_DEBUG, message, ap);
    va_end(ap);
}

void log_info(const char *message, ...)
{
    va_list ap;

    va_start(ap, message);
    log_write(LOG_LEVEL_INFO, message, ap);
    va_end(ap);
}

void log_warn(const char *message, ...)
{
    va_list ap;

    va_start(ap, message);
    log_write(LOG_LEVEL_WARN, message, ap);
    va_end(ap);
}

void log_error(const char *message, ...)
{
    va_list ap;

    va_start(ap, message);
    log_write(LOG_LEVEL_ERROR, message, ap);
    va_end(ap);
}

uint64_t log_lost(void)
{
    uint64_t lost;

    pthread_mutex_lock(&lock);
    lost = state.lost;
    pthread_mutex_unlock(&lock);
    return lost;
}

bool log_trouble(char *text, size_t n)
{
    bool trouble = true;

    pthread_mutex_lock(&lock);
    if (state.file && state.fd < 0)
        snprintf(text, n, "the log file %.200s cannot be opened: %s; the log goes to standard error alone", state.file, strerror(state.error));
    else if (state.lost != state.told && state.file)
        snprintf(text, n, "%" PRIu64 " log lines could not be written to %.200s: %s", state.lost - state.told, state.file, strerror(state.error));
    else if (state.lost != state.told)
        snprintf(text, n, "%" PRIu64 " log lines could not be written to standard error", state.lost - state.told);
    else
        trouble = false;
    pthread_mutex_unlock(&lock);
    return trouble;
}

void log_try_again(void)
{
    const int64_t wall = clock_moment().wall;

    pthread_mutex_lock(&lock);
    if (state.file && state.fd < 0)
        open_file();
    tell_lost(wall);
    pthread_mutex_unlock(&lock);
}

bool log_level_from(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], name) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}
