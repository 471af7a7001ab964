/*
 * The log: one JSON object a line, {"timestamp":"...Z","level":"info|warn|error","message":"...", key: value ...}, as the old one wrote
 * it (systems.md 12.8, item 89), to a file with rotation, and short to standard error. It never fails and never blocks its
 * caller for longer than a write to a file: what cannot be written is counted, and said when it can be again.
 */
#ifndef BASE_OS_LOG_H
#define BASE_OS_LOG_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_settings {
    const char *file;      /* NULL: no file. Copied */
    enum log_level level;
    uint64_t rotate_bytes; /* at this size FILE becomes FILE.1 (older ones up to .3 move on); 0: never */
    bool to_stderr;        /* "[talon][warn] message key=value" as well */
};

/* Opens or re-opens (after a reload, or when another program has rotated the file). False: the file cannot be opened (errno);
 * the log then goes to standard error alone, and the file is tried again with each minute's first line and by log_try_again(). */
bool log_open(const struct log_settings *settings);
void log_close(void);
/* One line. Then pairs of strings (name, value), ended by NULL: log_info("check is failed", "check", name, "reason", r, NULL). */
__attribute__((sentinel)) void log_debug(const char *message, ...);
__attribute__((sentinel)) void log_info(const char *message, ...);
__attribute__((sentinel)) void log_warn(const char *message, ...);
__attribute__((sentinel)) void log_error(const char *message, ...);
/* Writes the last lines, as standard error shows them, to fd. Async-signal-safe: for the handler of a crash. */
void log_recent(int fd);
/* The same at the end of a buffer: for whoever is asked for help. */
void log_recall(struct buffer *out);
/* Lines that could not be written since the start. */
uint64_t log_lost(void);
/* What is wrong with it now, as a sentence: lines are being lost, or the file cannot be opened. False: nothing. */
bool log_trouble(char *text, size_t n);
/* Tries again whether there is trouble still; does nothing where there is none. Every second or so: a quiet log would never find out. */
void log_try_again(void);
/* "warn" and so on to its level; false: no such word. */
bool log_level_from(const char *name, enum log_level *level);

#endif
