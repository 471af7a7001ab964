/*
 * Looks at a file's bytes before libyaml does: so that what is no UTF-8, or has other line ends, is named at its place, and nothing gets
 * to libyaml that takes it quadratic time. libyaml clears its whole buffer of blanks (or of empty lines) after every word within one
 * text, and compares every %TAG line with all before it.
 */
#include "base/text.h"
#include "config/problems.h"
#include "config/tree.h"
#include "config/work.h"

#include <string.h>

struct reading {
    struct config *c;
    const struct source *source;
    struct place at;
    unsigned blanks, empty_lines; /* in a row */
    bool line_empty;
};

static bool begins(const struct source *s, const char *bytes, size_t n)
{
    return s->n >= n && memcmp(s->text, bytes, n) == 0;
}

/* UTF-16 and UTF-32, by their mark or by the NULs that every ASCII letter brings there. */
static bool is_wide(const struct source *s)
{
    return begins(s, "\xff\xfe", 2) || begins(s, "\xfe\xff", 2) || begins(s, "\0\0\xfe\xff", 4) || (s->n >= 2 && (s->text[0] == '\0') != (s->text[1] == '\0'));
}

static bool refuse_byte(struct reading *r, unsigned char byte)
{
    if (byte == '\0')
        problem_error(r->c, r->at, "a NUL byte: this is no text; was the file cut short or damaged?");
    else if (byte == '\r')
        problem_error(r->c, r->at, "a carriage return without a line feed: lines end with LF or CRLF; convert the file");
    else if (byte < 0x80)
        problem_error(r->c, r->at, "a control character (\\x%02X): remove it, or write it as \"\\x%02X\" in double quotes", byte, byte);
    else
        problem_error(r->c, r->at, "a byte that is not UTF-8 (\\x%02X): save the file as UTF-8", byte);
    return false;
}

/* What UTF-8 allows and YAML does not, and the line ends of Unicode, which editors do not count as lines. */
static bool refuse_character(struct reading *r, unsigned long code)
{
    if (code == 0x85 || code == 0x2028 || code == 0x2029)
        problem_error(r->c, r->at, "a line end U+%04lX: lines end with LF or CRLF; replace it", code);
    else if (code == 0xfeff)
        problem_error(r->c, r->at, "a byte order mark within the file: remove it");
    else
        problem_error(r->c, r->at, "a character that YAML does not allow (U+%04lX): remove it", code);
    return false;
}

static bool is_refused(unsigned long code)
{
    return (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff;
}

static size_t decode(const unsigned char *s, unsigned long *code)
{
    const size_t n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

    *code = n == 1 ? *s : *s & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        *code = *code << 6 | (s[i] & 0x3fu);
    return n;
}

static bool count_blank(struct reading *r)
{
    if (++r->blanks <= TREE_BLANKS)
        return true;
    problem_error(r->c, r->at, "more than %d blanks in a row: remove them", TREE_BLANKS);
    return false;
}

static bool end_line(struct reading *r)
{
    r->empty_lines = r->line_empty ? r->empty_lines + 1 : 0;
    if (r->empty_lines > TREE_BLANKS) {
        problem_error(r->c, r->at, "more than %d empty lines in a row: remove them", TREE_BLANKS);
        return false;
    }
    r->at.line++;
    r->at.column = 1;
    r->blanks = 0;
    r->line_empty = true;
    return true;
}

static bool check_text(struct reading *r, const char *text, size_t n, size_t valid)
{
    for (size_t i = 0, width; i < n; i += width) {
        const unsigned char byte = (unsigned char)text[i];
        unsigned long code;

        width = 1;
        if (byte == '\n' || (byte == '\r' && i + 1 < n && text[i + 1] == '\n')) {
            width = byte == '\r' ? 2 : 1;
            if (!end_line(r))
                return false;
            continue;
        }
        if ((byte < ' ' && byte != '\t') || i >= valid)
            return refuse_byte(r, byte);
        width = decode((const unsigned char *)text + i, &code);
        if (is_refused(code))
            return refuse_character(r, code);
        if (byte == ' ' || byte == '\t') {
            if (!count_blank(r))
                return false;
        } else {
            r->blanks = 0;
            r->line_empty = false;
        }
        r->at.column++;
    }
    return true;
}

static bool is_version(const char *line)
{
    const size_t n = strncmp(line, "%YAML 1.1", 9) == 0 || strncmp(line, "%YAML 1.2", 9) == 0 ? 9 : 0, blanks = strspn(line + n, " \t");

    return n > 0 && (strchr("\r\n", line[n + blanks]) || (blanks > 0 && line[n + blanks] == '#'));
}

/* Only one `%YAML 1.1` (or 1.2) and its `---` may stand before the document. */
static bool check_directives(struct reading *r, const char *text, size_t n)
{
    struct place at = { .source = r->source, .line = 1, .column = 1 };
    bool found = false;

    for (size_t i = 0; i < n; at.line++) {
        const char *end = memchr(text + i, '\n', n - i);
        const size_t length = end ? (size_t)(end - text) - i : n - i;
        const size_t blanks = strspn(text + i, " \t");

        if (text[i] == '%') {
            if (found || !is_version(text + i)) {
                problem_error(r->c, at, "a YAML directive that is not used here: remove the line");
                return false;
            }
            found = true;
        } else if (blanks < length && text[i + blanks] != '#' && text[i + blanks] != '\r') {
            if (!found || strncmp(text + i, "---", 3) == 0)
                return true;
            problem_error(r->c, at, "behind the `%%YAML` line a `---` is expected: remove the `%%YAML` line, which is not needed");
            return false;
        }
        i += length + 1;
    }
    return true;
}

bool tree_bytes(struct config *c, const struct source *source, size_t *start)
{
    struct reading r = { .c = c, .source = source, .at = { .source = source, .line = 1, .column = 1 }, .line_empty = true };
    const char *text;
    size_t n;

    *start = begins(source, "\xef\xbb\xbf", 3) ? 3 : 0;
    if (is_wide(source)) {
        problem_error(c, r.at, "this file is UTF-16 or UTF-32: save it as UTF-8");
        return false;
    }
    text = source->text + *start;
    n = source->n - *start;
    return check_text(&r, text, n, text_valid_utf8(text, n)) && check_directives(&r, text, n);
}
