/* Text from outside, made safe: see text.h. UTF-8 is judged by RFC 3629, so that no two readers of one text can see different things in it. */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

bool text_is_name(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789", others[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    const size_t n = strnlen(text, 64);

    return n > 0 && n < 64 && memchr(first, text[0], sizeof first - 1) && strspn(text, others) == n;
}

/* ---- UTF-8 ---- */

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* How many bytes follow a first byte, and where the second must lie: that alone keeps out overlong forms, surrogates and what is beyond U+10FFFF
 * (RFC 3629, section 4). -1: no first byte. */
static int followers(unsigned char first, unsigned char *least, unsigned char *most)
{
    *least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80)
        return 0;
    if (first >= 0xC2 && first <= 0xDF)
        return 1;
    if (first >= 0xE0 && first <= 0xEF)
        return 2;
    return first >= 0xF0 && first <= 0xF4 ? 3 : -1;
}

/* The length of the character at the start of n > 0 bytes. Not good: of what to replace by one U+FFFD (the longest beginning of a character, as
 * Unicode recommends). */
static size_t character(const char *bytes, size_t n, bool *good)
{
    unsigned char least, most;
    int more = followers((unsigned char)bytes[0], &least, &most);
    size_t length = 1;

    for (; more > 0 && length < n; more--, length++) {
        const unsigned char c = (unsigned char)bytes[length];

        if (c < least || c > most)
            break;
        least = 0x80;
        most = 0xBF;
    }
    *good = more == 0;
    return length;
}

/* Of C0, DEL or C1: a terminal may obey any of them. */
static bool is_control(const char *bytes, size_t length)
{
    const unsigned char first = (unsigned char)bytes[0];

    if (length == 1)
        return first < 0x20 || first == 0x7F;
    return length == 2 && first == 0xC2 && (unsigned char)bytes[1] < 0xA0;
}

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7F;
}

/* How many printable characters of ASCII stand at the start: nearly all text is nothing else, and needs no look at each. */
static size_t plain_run(const char *bytes, size_t n)
{
    size_t i = 0;

    while (i < n && is_plain(bytes[i]))
        i++;
    return i;
}

size_t text_valid_utf8(const char *bytes, size_t n)
{
    size_t done = plain_run(bytes, n);

    while (done < n) {
        bool good;
        const size_t length = character(bytes + done, n - done, &good);

        if (!good || bytes[done] == '\0')
            break;
        done += length;
        done += plain_run(bytes + done, n - done);
    }
    return done;
}

/* ---- cleaning ---- */

static void clean(struct buffer *out, const char *bytes, size_t n, size_t max, bool lines)
{
    size_t left = max > 0 ? max : SIZE_MAX;

    for (size_t done = 0, length; done < n; done += length) {
        const char *add = bytes + done;
        size_t size;
        bool good;

        length = plain_run(add, n - done);
        if (length > 0) {
            size = length < left ? length : left;
            left -= size;
            buffer_add(out, add, size);
            continue;
        }
        length = size = character(add, n - done, &good);
        if (!good) {
            add = replacement;
            size = sizeof replacement - 1;
        } else if (lines && *add == '\r' && done + 1 < n && add[1] == '\n') {
            continue; /* one line break, not a blank and a line break */
        } else if (is_control(add, length) && !(lines && (*add == '\n' || *add == '\t'))) {
            add = " ";
            size = 1;
        }
        if (size > left)
            return;
        left -= size;
        buffer_add(out, add, size);
    }
}

void text_clean(struct buffer *out, const char *bytes, size_t n, size_t max)
{
    clean(out, bytes, n, max, false);
}

void text_clean_lines(struct buffer *out, const char *bytes, size_t n, size_t max)
{
    clean(out, bytes, n, max, true);
}

void text_show(struct buffer *out, const char *bytes, size_t n)
{
    for (size_t done = 0, length; done < n; done += length) {
        bool good;

        length = character(bytes + done, n - done, &good);
        if (good && !is_control(bytes + done, length)) {
            buffer_add(out, bytes + done, length);
            continue;
        }
        for (size_t i = done; i < done + length; i++)
            buffer_printf(out, "\\x%02X", (unsigned)(unsigned char)bytes[i]);
    }
}

void text_html(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buffer_text(out, "&amp;");
            break;
        case '<':
            buffer_text(out, "&lt;");
            break;
        case '>':
            buffer_text(out, "&gt;");
            break;
        case '"':
            buffer_text(out, "&quot;");
            break;
        case '\'':
            buffer_text(out, "&#39;");
            break;
        default:
            buffer_char(out, *text);
        }
    }
}

/* A character that may not stand as it is in a JSON string (RFC 8259, section 7). */
static void json_escape(struct buffer *out, char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = memchr(plain, c, sizeof plain - 1);

    if (found) {
        buffer_char(out, '\\');
        buffer_char(out, letters[found - plain]);
    } else {
        buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
    }
}

void text_json(struct buffer *out, const char *bytes, size_t n)
{
    size_t start = 0; /* of what can be copied as it is */

    buffer_char(out, '"');
    for (size_t done = 0, length; done < n; done += length) {
        const char c = bytes[done];
        bool good;

        length = 1;
        if (is_plain(c) && c != '"' && c != '\\')
            continue;
        length = character(bytes + done, n - done, &good);
        good = good && c != '\0'; /* readers in C would end the text there */
        if (good && length > 1)
            continue;
        buffer_add(out, bytes + start, done - start);
        start = done + length;
        if (good)
            json_escape(out, c);
        else
            buffer_add(out, replacement, sizeof replacement - 1);
    }
    buffer_add(out, bytes + start, n - start);
    buffer_char(out, '"');
}

/* ---- hash and base64 ---- */

unsigned long long text_hash(unsigned long long hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_base64(struct buffer *out, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i += 3) {
        const size_t left = n - i;
        const unsigned long group = (unsigned long)p[i] << 16 | (left > 1 ? (unsigned long)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        const char four[4] = { digits64[group >> 18], digits64[group >> 12 & 63], left > 1 ? digits64[group >> 6 & 63] : '=', left > 2 ? digits64[group & 63] : '=' };

        buffer_add(out, four, sizeof four);
    }
}

/* Four digits to at most three bytes; returns how many, 0: not base64. Only the last group may be padded, with bits that are 0. */
static size_t decode_group(const char *four, bool last, unsigned char *three)
{
    const size_t padding = !last || four[3] != '=' ? 0 : four[2] != '=' ? 1 : 2;
    unsigned long group = 0;

    for (size_t i = 0; i < 4; i++) {
        const char *digit = i < 4 - padding ? memchr(digits64, four[i], sizeof digits64 - 1) : digits64;

        if (!digit)
            return 0;
        group = group << 6 | (unsigned long)(digit - digits64);
    }
    if ((padding > 0 && (group & 0xFF) != 0) || (padding > 1 && (group & 0xFF00) != 0))
        return 0;
    three[0] = (unsigned char)(group >> 16);
    three[1] = (unsigned char)(group >> 8 & 0xFF);
    three[2] = (unsigned char)(group & 0xFF);
    return 3 - padding;
}

bool text_unbase64(struct buffer *out, const char *text, size_t n)
{
    const size_t before = out->len;

    for (size_t i = 0; i < n; i += 4) {
        unsigned char three[3];
        const size_t got = n - i >= 4 ? decode_group(text + i, n - i == 4, three) : 0;

        if (got == 0) {
            if (out->data)
                out->data[out->len = before] = '\0';
            return false;
        }
        buffer_add(out, three, got);
    }
    return !out->failed;
}
