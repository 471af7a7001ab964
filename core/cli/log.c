/*
 * `talon log [-f] [-n N]`: the end of the daemon's log file, and with -f what comes to it, also after it was rotated. Which file that is the running daemon says; where
 * none runs, the configuration.
 */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/people.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] = "talon log [-f] [-n N] [--json] [--config FILE]";

enum { ANSWER_MAX = 64 << 10, USUAL_LINES = 20, MOST_LINES = 10000, MOST_BYTES = 4 << 20, CHUNK = 16 << 10, LOOK_MS = 200 };

struct tail {
    const char *file;
    int fd;              /* -1: it is not there now */
    struct stat opened;
    off_t at;            /* read up to here */
    struct buffer line;  /* what has no end yet */
};

static volatile sig_atomic_t ended;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

static bool open_tail(struct tail *tail)
{
    tail->at = 0;
    tail->fd = open(tail->file, O_RDONLY | O_CLOEXEC);
    if (tail->fd >= 0 && fstat(tail->fd, &tail->opened) == 0)
        return true;
    if (tail->fd >= 0)
        close(tail->fd);
    tail->fd = -1;
    return false;
}

/* What a peer said may stand in a log: nothing in it is to move the cursor. */
static void add_line(struct buffer *out, const char *line, size_t n)
{
    text_clean(out, line, n, 0);
    buffer_char(out, '\n');
}

/* ---- the end of the file */

/* All of it, or its last part. */
static bool read_end(struct tail *tail, struct buffer *text)
{
    const off_t size = tail->opened.st_size;

    tail->at = size > MOST_BYTES ? size - MOST_BYTES : 0;
    for (;;) {
        char *room = buffer_reserve(text, CHUNK);
        const ssize_t n = room ? pread(tail->fd, room, CHUNK, tail->at) : -1;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        text->len += (size_t)n;
        text->data[text->len] = '\0';
        tail->at += n;
    }
}

/* Where the last so many lines begin. */
static size_t begin_of(const struct buffer *text, unsigned lines)
{
    size_t at = text->len;

    if (at > 0 && text->data[at - 1] == '\n')
        at--;
    for (; at > 0; at--)
        if (text->data[at - 1] == '\n' && --lines == 0)
            break;
    return at;
}

static void show_lines(const struct buffer *text, size_t at, bool json, const char *file, struct buffer *out)
{
    bool first = true;

    if (json) {
        buffer_text(out, "{\"file\":");
        text_json(out, file, strlen(file));
        buffer_text(out, ",\"lines\":[");
    }
    while (at < text->len) {
        const char *line = text->data + at, *end = memchr(line, '\n', text->len - at);
        const size_t n = end ? (size_t)(end - line) : text->len - at;

        if (json) {
            buffer_text(out, first ? "\n" : ",\n");
            text_json(out, line, n);
        } else {
            add_line(out, line, n);
        }
        first = false;
        at += n + 1;
    }
    if (json)
        buffer_text(out, "]}\n");
}

/* ---- what comes */

/* Prints the lines that are whole; the rest waits. */
static int take(struct tail *tail, const char *bytes, size_t n)
{
    struct buffer out = buffer_make(0);
    int printed;

    buffer_add(&tail->line, bytes, n);
    for (;;) {
        const char *end = tail->line.len > 0 ? memchr(tail->line.data, '\n', tail->line.len) : NULL;

        if (!end)
            break;
        add_line(&out, tail->line.data, (size_t)(end - tail->line.data));
        buffer_consume(&tail->line, (size_t)(end + 1 - tail->line.data));
    }
    if (tail->line.failed) /* a line without an end: what there is of it is let go */
        buffer_clear(&tail->line);
    printed = out.len > 0 ? cli_print(&out) : 0;
    buffer_free(&out);
    return printed;
}

static int read_on(struct tail *tail)
{
    char bytes[CHUNK];
    ssize_t n;
    int printed = 0;

    while (printed == 0 && (n = pread(tail->fd, bytes, sizeof bytes, tail->at)) > 0) {
        tail->at += n;
        printed = take(tail, bytes, (size_t)n);
    }
    return printed;
}

/* Another file has its name by now, or it was cut: what was left of the old one has been read. */
static void open_again(struct tail *tail)
{
    struct stat now;

    if (stat(tail->file, &now) != 0)
        return;
    if (tail->fd >= 0 && now.st_ino == tail->opened.st_ino && now.st_dev == tail->opened.st_dev && now.st_size >= tail->at)
        return;
    if (tail->fd >= 0)
        close(tail->fd);
    open_tail(tail);
}

static int follow(struct tail *tail)
{
    const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
    struct sigaction action = { .sa_handler = on_end };
    int printed = 0;

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (!ended && printed == 0 && !cli_reader_is_gone()) {
        if (tail->fd >= 0)
            printed = read_on(tail);
        open_again(tail);
        nanosleep(&pause, NULL);
    }
    return printed;
}

/* ---- the command */

/* The running daemon knows best; *known false: there is neither one nor a configuration. */
static void find_file(const struct ask_place *place, char *file, size_t n)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    char control[sizeof place->control + 8], why[256];
    cJSON *answer = NULL;

    snprintf(file, n, "%s", place->log);
    snprintf(control, sizeof control, "unix:%s", place->control);
    if (ask_get(control, "/v1/log", ASK_PATIENCE, &body, why, sizeof why) == 200)
        answer = cJSON_ParseWithLength(buffer_string(&body), body.len);
    if (field_text(answer, "file")[0])
        snprintf(file, n, "%s", field_text(answer, "file"));
    cJSON_Delete(answer);
    buffer_free(&body);
}

static int show(const char *file, unsigned lines, bool following, bool json)
{
    struct tail tail = { .file = file, .line = buffer_make(CHUNK) };
    struct buffer text = buffer_make(MOST_BYTES + CHUNK), out = buffer_make(0);
    int printed = 0;

    if (!open_tail(&tail)) {
        fprintf(stderr, "talon log: %s cannot be read: %s%s\n", file, strerror(errno), errno == ENOENT ? "; has a daemon run with this configuration?" : "");
        return CLI_UNKNOWN;
    }
    if (read_end(&tail, &text)) {
        show_lines(&text, lines > 0 ? begin_of(&text, lines) : text.len, json, file, &out);
        printed = cli_print(&out);
        if (printed == 0 && following)
            printed = follow(&tail);
    } else {
        fprintf(stderr, "talon log: %s cannot be read: %s\n", file, strerror(errno));
        printed = CLI_UNKNOWN;
    }
    if (tail.fd >= 0)
        close(tail.fd);
    buffer_free(&tail.line);
    buffer_free(&text);
    buffer_free(&out);
    return printed != 0 ? CLI_UNKNOWN : CLI_OK;
}

/* False: it is no number of lines. */
static bool read_lines(const char *text, unsigned *lines)
{
    if (!text)
        return true;
    if (!text[0] || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
        return false;
    *lines = (unsigned)strtoul(text, NULL, 10);
    return *lines <= MOST_LINES;
}

int cli_log(int argc, char **argv)
{
    const char *config = NULL, *wanted = NULL;
    bool json = false, following = false;
    struct cli_option options[] = {
        CLI_CONFIG(&config),
        { "f", CLI_FLAG, &following, "go on with what comes" },
        { "n", CLI_WORD, &wanted, "so many lines (20)" },
        { "json", CLI_FLAG, &json, "one JSON object" },
        CLI_NO_MORE,
    };
    struct ask_place place;
    char file[sizeof place.log];
    unsigned lines = USUAL_LINES;
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (words > 0 || (json && following))
        return people_refuse(usage, words > 0 ? "talon log: takes no names" : "talon log: --json is one object, and -f has no end");
    if (!read_lines(wanted, &lines))
        return people_refuse(usage, "talon log: -n takes a number of lines, at most 10000");
    ask_find(config, &place);
    find_file(&place, file, sizeof file);
    if (!file[0]) {
        fprintf(stderr, "talon log: there is no configuration that names a log file, and no daemon runs that has one\n");
        return CLI_UNKNOWN;
    }
    return show(file, lines, following, json);
}
