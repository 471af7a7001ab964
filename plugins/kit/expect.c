/* What is expected of an answer's status (`200`, `2xx`, `200-399`), and how a person is told that it is another one: see expect.h. */
#include "expect.h"

enum { QUOTE = 120 };

struct range {
    uint32_t first, last;
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Three digits, of which the last two may be `xx`; returns how many characters it has read, 0: it is none. */
static size_t read_code(const char *text, struct range *range)
{
    uint32_t code;

    if (text[0] < '1' || text[0] > '9')
        return 0;
    code = (uint32_t)(text[0] - '0') * 100;
    if ((text[1] == 'x' || text[1] == 'X') && (text[2] == 'x' || text[2] == 'X')) {
        range->first = code;
        range->last = code + 99;
        return 3;
    }
    if (!is_digit(text[1]) || !is_digit(text[2]))
        return 0;
    range->first = range->last = code + (uint32_t)(text[1] - '0') * 10 + (uint32_t)(text[2] - '0');
    return 3;
}

static int read_pattern(const char *text, struct range *range)
{
    size_t used = read_code(text, range);
    struct range end;

    if (used > 0 && text[used] == '-' && range->first == range->last) {
        if (read_code(text + used + 1, &end) == 0 || end.first != end.last || end.first < range->first)
            return 0;
        range->last = end.last;
        used = 7;
    }
    return used > 0 && text[used] == '\0';
}

int expect_status_is_pattern(const char *pattern)
{
    struct range range;

    return read_pattern(pattern, &range);
}

int expect_status_matches(const char *const *patterns, uint32_t status)
{
    struct range range;

    if (!patterns || !*patterns)
        return status >= 200 && status <= 299;
    for (; *patterns; patterns++)
        if (read_pattern(*patterns, &range) && status >= range.first && status <= range.last)
            return 1;
    return 0;
}

/* ---- for people ---- */

const char *expect_status_words(struct talon_run *run, const char *const *pattern)
{
    const char *text;

    if (!pattern || !*pattern)
        return "2xx";
    for (text = *pattern++; *pattern && strlen(text) < QUOTE; pattern++)
        text = talon_text(run, "%s or %s", text, *pattern);
    return text;
}

/* The text of an HTML page's title, or NULL. */
static const char *title(struct talon_run *run, const char *body, size_t n)
{
    static const char tag[] = "<title>";
    const size_t length = sizeof tag - 1;
    size_t at = 0, end;

    if (n > 4096)
        n = 4096;
    if (n == 0 || body[0] != '<')
        return NULL;
    for (; at + length < n; at++) {
        size_t same = 0;

        while (same < length && (body[at + same] | 0x20) == (tag[same] | 0x20))
            same++;
        if (same == length)
            break;
    }
    if (at + length >= n)
        return NULL;
    for (at += length, end = at; end < n && body[end] != '<'; end++)
        ;
    return talon_quote(run, body + at, end - at, QUOTE);
}

const char *expect_own_words(struct talon_run *run, const struct talon_response *got)
{
    const char *location = talon_header(got->headers, "Location");
    const char *words = title(run, got->body, got->body_len);

    if (got->status >= 300 && got->status <= 399 && location)
        return talon_text(run, ": it redirects to %s", talon_quote(run, location, strlen(location), QUOTE));
    if (!words && got->body_len > 0)
        words = talon_quote(run, got->body, got->body_len, QUOTE);
    return words && *words ? talon_text(run, ": \"%s\"", words) : "";
}
