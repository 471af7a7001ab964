/*
 * `start` is most of what comes, and it is small and flat: strings and one list of strings. So it is read without a JSON tree. Whatever is written in a
 * way that is not expected here (an escape, a nested value, another type) is left to wire_in.c, which takes any JSON.
 */
#include "wire_private.h"

#include <stdbool.h>
#include <string.h>

struct reader {
    const char *at, *end;
};

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* A string without escapes. */
static bool take_string(struct reader *r, struct slice *s)
{
    if (!take(r, '"'))
        return false;
    s->text = r->at;
    while (r->at < r->end && *r->at != '"' && *r->at != '\\')
        r->at++;
    s->n = (size_t)(r->at - s->text);
    return take(r, '"');
}

static bool is(const struct slice *s, const char *word)
{
    return s->n == strlen(word) && memcmp(s->text, word, s->n) == 0;
}

static bool take_flags(struct reader *r, uint32_t *flags)
{
    struct slice word;

    if (!take(r, '['))
        return false;
    if (take(r, ']'))
        return true;
    do {
        if (!take_string(r, &word))
            return false;
        *flags |= is(&word, "once") ? TALON_ONCE : is(&word, "nudged") ? TALON_NUDGED : 0;
    } while (take(r, ','));
    return take(r, ']');
}

static bool take_field(struct reader *r, struct start *start)
{
    struct slice name, value;

    if (!take_string(r, &name) || !take(r, ':'))
        return false;
    if (is(&name, "flags"))
        return take_flags(r, &start->flags);
    if (!take_string(r, &value))
        return false;
    if (is(&name, "type"))
        start->type = value;
    else if (is(&name, "run"))
        start->run = value;
    else if (is(&name, "instance"))
        start->instance = value;
    else if (is(&name, "left_ns"))
        start->left = value;
    return true;
}

bool wire_fast_start(const char *text, size_t n)
{
    struct reader r = { .at = text, .end = text + n };
    struct start start = { .flags = 0 };

    if (!take(&r, '{'))
        return false;
    do {
        if (!take_field(&r, &start))
            return false;
    } while (take(&r, ','));
    if (!take(&r, '}'))
        return false;
    skip_blanks(&r);
    if (r.at != r.end || !start.type.text || !is(&start.type, "start"))
        return false;
    wire_start(&start);
    return true;
}
