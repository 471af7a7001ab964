/* A reader of lines: see toml.h. Each function takes what it knows from the front of the line, or says what is wrong where it stands. */
#include "cli/toml.h"

#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXTS = 256, SENTENCE = 256 };

struct reader {
    struct arena *arena;
    toml_problem_fn *problem;
    void *arg;
    const char *line, *at, *end; /* of the line that is read */
    unsigned number;
    const char *section;
    struct toml toml;
    const struct toml_value **last_value;
    const struct toml_section **last_section;
};

/* ---- what is wrong */

__attribute__((format(printf, 3, 4))) static bool wrong(struct reader *r, const char *at, const char *format, ...)
{
    char sentence[SENTENCE];
    va_list ap;

    va_start(ap, format);
    vsnprintf(sentence, sizeof sentence, format, ap);
    va_end(ap);
    r->problem(r->arg, r->number, (unsigned)(at - r->line) + 1, sentence);
    return false;
}

/* ---- parts of a line */

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool is_over(struct reader *r)
{
    skip_blanks(r);
    return r->at >= r->end || *r->at == '#';
}

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static const char *take_bare(struct reader *r, bool dots)
{
    const char *begin = r->at;

    while (r->at < r->end && (is_bare(*r->at) || (dots && *r->at == '.')))
        r->at++;
    return r->at > begin ? arena_copy(r->arena, begin, (size_t)(r->at - begin)) : NULL;
}

/* ---- strings */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t put_utf8(char *out, unsigned long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* `digits` of a code point behind \u or \U. It is never longer in UTF-8 than it is written. */
static bool take_code_point(struct reader *r, int digits, char **out)
{
    const char *from = r->at - 2;
    unsigned long value = 0;

    for (int i = 0; i < digits; i++) {
        if (r->at >= r->end || hex(*r->at) < 0)
            return wrong(r, from, "\\%c needs %d hexadecimal digits behind it", from[1], digits);
        value = value << 4 | (unsigned long)hex(*r->at++);
    }
    if (value == 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return wrong(r, from, "no text can hold the code point U+%04lX", value);
    *out += put_utf8(*out, value);
    return true;
}

static bool take_escape(struct reader *r, char **out)
{
    static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
    const char *known;

    if (r->at >= r->end)
        return wrong(r, r->at - 1, "the line ends behind a backslash");
    known = strchr(names, *r->at);
    if (*r->at == 'u' || *r->at == 'U') {
        r->at++;
        return take_code_point(r, r->at[-1] == 'u' ? 4 : 8, out);
    }
    if (!known || *r->at == '\0')
        return wrong(r, r->at - 1, "TOML knows no escape of that letter; write \\\\ for a backslash, or the text between ' and '");
    *(*out)++ = values[known - names];
    r->at++;
    return true;
}

static const char *take_string(struct reader *r)
{
    const char *from = r->at, quote = *r->at;
    char *text = arena_alloc(r->arena, (size_t)(r->end - r->at) + 1), *out = text;

    if (r->end - r->at >= 3 && r->at[1] == quote && r->at[2] == quote) {
        wrong(r, from, "texts of several lines are not read here; write it on one line");
        return NULL;
    }
    for (r->at++; r->at < r->end && *r->at != quote;) {
        if (quote != '"' || *r->at != '\\')
            *out++ = *r->at++;
        else if (r->at++, !take_escape(r, &out))
            return NULL;
    }
    if (r->at >= r->end) {
        wrong(r, from, "the text that begins here has no end on this line");
        return NULL;
    }
    r->at++;
    *out = '\0';
    return text;
}

/* ---- values */

static bool take_texts(struct reader *r, struct toml_value *value)
{
    const char **texts = arena_array(r->arena, TEXTS, sizeof *texts);

    value->kind = TOML_TEXTS;
    value->texts = texts;
    for (r->at++; !take(r, ']');) {
        if (is_over(r))
            return wrong(r, r->at, "the list has no end on this line; it is read only where it stands on one");
        if (*r->at != '"' && *r->at != '\'')
            return wrong(r, r->at, "a list may hold texts alone, each between quotes");
        if (value->n == TEXTS)
            return wrong(r, r->at, "a list may hold %d texts at most", TEXTS);
        if (!(texts[value->n++] = take_string(r)))
            return false;
        skip_blanks(r);
        if (!take(r, ',') && !(r->at < r->end && *r->at == ']'))
            return wrong(r, r->at, "between the texts of a list stands a comma, behind the last one `]`");
    }
    return true;
}

static bool take_integer(struct reader *r, struct toml_value *value)
{
    const char *from = r->at;
    const bool negative = *from == '-';
    uint64_t sum = 0;

    value->kind = TOML_INTEGER;
    if (*r->at == '+' || *r->at == '-')
        r->at++;
    if (r->at >= r->end || *r->at < '0' || *r->at > '9')
        return wrong(r, from, "this is no value; texts stand between quotes");
    if (*r->at == '0' && r->at + 1 < r->end && r->at[1] >= '0' && r->at[1] <= '9')
        return wrong(r, from, "an integer has no 0 at its front");
    for (; r->at < r->end && ((*r->at >= '0' && *r->at <= '9') || *r->at == '_'); r->at++) {
        if (*r->at == '_' && (r->at + 1 >= r->end || r->at[1] < '0' || r->at[1] > '9'))
            return wrong(r, r->at, "`_` stands between two digits");
        if (*r->at == '_')
            continue;
        if (sum > (INT64_MAX - 9) / 10)
            return wrong(r, from, "the integer is too large");
        sum = sum * 10 + (uint64_t)(*r->at - '0');
    }
    value->integer = negative ? -(int64_t)sum : (int64_t)sum;
    if (!is_over(r))
        return wrong(r, from, "of numbers, only decimal integers are read here; fractions, dates and other bases are not");
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    const size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0 || (r->at + n < r->end && is_bare(r->at[n])))
        return false;
    r->at += n;
    return true;
}

static bool take_value(struct reader *r, struct toml_value *value)
{
    skip_blanks(r);
    if (is_over(r))
        return wrong(r, r->at, "`%s` has no value behind its `=`", value->key);
    if (*r->at == '"' || *r->at == '\'')
        return value->kind = TOML_TEXT, (value->text = take_string(r)) != NULL;
    if (*r->at == '[')
        return take_texts(r, value);
    if (*r->at == '{')
        return wrong(r, r->at, "tables within a line are not read here; write a section");
    value->kind = TOML_TRUTH;
    if (take_word(r, "true"))
        return value->truth = true;
    return take_word(r, "false") || take_integer(r, value);
}

/* ---- lines */

static const struct toml_value *find_value(const struct reader *r, const char *key)
{
    const struct toml_value *value = r->toml.values;

    while (value && (strcmp(value->section, r->section) != 0 || strcmp(value->key, key) != 0))
        value = value->next;
    return value;
}

static bool read_section(struct reader *r)
{
    struct toml_section *section = arena_alloc(r->arena, sizeof *section);
    const char *from = r->at++;

    r->section = "?"; /* where it cannot be read, what stands in it belongs to none that is known */
    if (take(r, '['))
        return wrong(r, from, "lists of sections (`[[...]]`) are not read here");
    skip_blanks(r);
    section->name = take_bare(r, true);
    if (!section->name || !take(r, ']') || !is_over(r))
        return wrong(r, from, "a section is written `[name]` or `[name.name]`, of letters, digits, `_` and `-`, and nothing else is on its line");
    r->section = section->name;
    section->line = r->number;
    for (const struct toml_section *other = r->toml.sections; other; other = other->next)
        if (strcmp(other->name, section->name) == 0)
            return wrong(r, from, "the section `%.60s` stands in line %u already", section->name, other->line);
    *r->last_section = section;
    r->last_section = &section->next;
    return true;
}

static bool read_key(struct reader *r)
{
    struct toml_value *value = arena_alloc(r->arena, sizeof *value);
    const struct toml_value *other;
    const char *from = r->at;

    value->section = r->section;
    value->line = r->number;
    value->column = (unsigned)(from - r->line) + 1;
    value->key = take_bare(r, false);
    if (!value->key || !take(r, '='))
        return wrong(r, from, "a line is `key = value`, `[section]` or a comment that begins with `#`; keys are of letters, digits, `_` and `-`");
    other = find_value(r, value->key);
    if (other)
        return wrong(r, from, "`%.60s` stands in line %u already", value->key, other->line);
    if (!take_value(r, value))
        return false;
    if (!is_over(r))
        return wrong(r, r->at, "nothing but a comment may stand behind a value");
    *r->last_value = value;
    r->last_value = &value->next;
    return true;
}

static void read_line(struct reader *r)
{
    const char *bad = r->line;

    while (bad < r->end && ((unsigned char)*bad >= ' ' || *bad == '\t') && *bad != 0x7f)
        bad++;
    if (bad < r->end)
        wrong(r, bad, "a control character stands here; TOML allows none");
    else if (text_valid_utf8(r->line, (size_t)(r->end - r->line)) != (size_t)(r->end - r->line))
        wrong(r, r->line + text_valid_utf8(r->line, (size_t)(r->end - r->line)), "this is no UTF-8");
    else if (is_over(r))
        return;
    else if (*r->at == '[')
        read_section(r);
    else
        read_key(r);
}

struct toml toml_read(struct arena *arena, const char *bytes, size_t n, toml_problem_fn *problem, void *arg)
{
    struct reader r = { .arena = arena, .problem = problem, .arg = arg, .section = "" };
    const char *rest = bytes, *end = bytes + n;

    r.last_value = &r.toml.values;
    r.last_section = &r.toml.sections;
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        rest += 3;
    while (rest < end) {
        const char *line_end = memchr(rest, '\n', (size_t)(end - rest));

        r.number++;
        r.line = r.at = rest;
        r.end = line_end ? line_end : end;
        rest = line_end ? line_end + 1 : end;
        if (r.end > r.line && r.end[-1] == '\r')
            r.end--;
        read_line(&r);
    }
    return r.toml;
}
