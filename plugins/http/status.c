/* Which status codes are expected: `200`, `2xx`, `200-399`. */
#include "http.h"

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

int http_status_is_pattern(const char *pattern)
{
    struct range range;

    return read_pattern(pattern, &range);
}

int http_status_matches(const char *const *patterns, uint32_t status)
{
    struct range range;

    if (!patterns || !*patterns)
        return status >= 200 && status <= 299;
    for (; *patterns; patterns++)
        if (read_pattern(*patterns, &range) && status >= range.first && status <= range.last)
            return 1;
    return 0;
}
