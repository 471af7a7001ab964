/* What commands print: colours only for a terminal, cells that fit, a broken pipe that is no error. */
#include "cli/cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int cli_is_terminal(void)
{
    return isatty(STDOUT_FILENO);
}

static int coloured(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return cli_is_terminal() && !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

const char *cli_colour(const char *word)
{
    static const struct {
        const char *word, *escape;
    } colours[] = {
        { "ok", "\033[32m" },       { "Healthy", "\033[32m" }, { "warn", "\033[33m" },      { "suspect", "\033[33m" },
        { "starting", "\033[36m" }, { "stopped", "\033[36m" }, { "recovering", "\033[36m" }, { "unknown", "\033[35m" },
        { "fail", "\033[31m" },     { "failed", "\033[31m" },  { "Failed", "\033[31m" },    { "Degraded", "\033[33m" },
        { "Critical", "\033[31m" }, { "SOS", "\033[31m" },     { "dim", "\033[2m" },         { "bold", "\033[1m" },
    };

    if (coloured())
        for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
            if (strcmp(colours[i].word, word) == 0)
                return colours[i].escape;
    return "";
}

const char *cli_plain(void)
{
    return coloured() ? "\033[0m" : "";
}

int cli_columns(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    long given = columns ? strtol(columns, NULL, 10) : 0;

    if (given >= 20 && given <= 1000)
        return (int)given;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

static int reader_is_gone;

int cli_reader_is_gone(void)
{
    return reader_is_gone;
}

int cli_print(const struct buffer *out)
{
    if (out->failed) {
        fprintf(stderr, "talon: there is no memory for the answer\n");
        return CLI_UNKNOWN;
    }
    errno = 0;
    if (fwrite(buffer_string(out), 1, out->len, stdout) == out->len && fflush(stdout) == 0)
        return 0;
    if (errno == EPIPE) {
        reader_is_gone = 1;
        return 0;
    }
    fprintf(stderr, "talon: the answer cannot be written: %s\n", strerror(errno));
    return CLI_UNKNOWN;
}

size_t cli_width(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

void cli_cell(struct buffer *out, const char *text, size_t columns, int pad)
{
    size_t width = cli_width(text), keep = width > columns ? columns - 1 : width, at = 0;

    if (columns == 0)
        return;
    for (size_t n = 0; text[at] && (n < keep || ((unsigned char)text[at] & 0xC0) == 0x80); at++)
        n += ((unsigned char)text[at + 1] & 0xC0) != 0x80;
    buffer_add(out, text, at);
    if (keep < width)
        buffer_text(out, "…");
    for (size_t n = keep < width ? columns : width; pad && n < columns; n++)
        buffer_char(out, ' ');
}

enum { SHORTEST_NAME = 8, SHORTEST_TEXT = 20 };

size_t cli_name_columns(size_t longest, size_t others)
{
    const size_t columns = (size_t)cli_columns(), room = columns > others + SHORTEST_TEXT ? columns - others - SHORTEST_TEXT : 0;

    if (!cli_is_terminal() || longest <= room)
        return longest;
    return room > SHORTEST_NAME ? room : SHORTEST_NAME;
}

void cli_rest(struct buffer *out, const char *text, size_t used)
{
    const size_t columns = (size_t)cli_columns();

    if (!cli_is_terminal())
        buffer_text(out, text);
    else if (columns > used)
        cli_cell(out, text, columns - used, 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n';
}

/* How many bytes of text make a line of at most so many columns: up to a blank, where there is one. */
static size_t line_of(const char *text, size_t columns)
{
    size_t at = 0, blank = 0;

    for (size_t n = 0; text[at]; at++) {
        n += ((unsigned char)text[at] & 0xC0) != 0x80;
        if (n > columns)
            break;
        blank = is_blank(text[at]) ? at : blank;
    }
    return !text[at] || blank == 0 ? at : blank;
}

/* Its own line breaks are blanks: a line is broken where it has to be. */
static void add_line(struct buffer *out, const char *text, size_t n)
{
    while (n > 0 && is_blank(text[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        buffer_char(out, text[i] == '\n' ? ' ' : text[i]);
}

void cli_wrap(struct buffer *out, const char *text, size_t used, size_t indent)
{
    const size_t columns = (size_t)cli_columns();

    if (!cli_is_terminal()) {
        add_line(out, text, strlen(text));
        buffer_char(out, '\n');
        return;
    }
    do {
        const size_t n = line_of(text, columns > used + SHORTEST_NAME ? columns - used : SHORTEST_NAME);

        add_line(out, text, n);
        buffer_char(out, '\n');
        for (text += n; is_blank(*text); text++)
            continue;
        for (size_t i = 0; *text && i < indent; i++)
            buffer_char(out, ' ');
        used = indent;
    } while (*text);
}
