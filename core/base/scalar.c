/* Whole numbers, numbers, and true or false: see scalar.h. What people write instead is recognised only to show them the plain spelling. */
#include "base/scalar.h"

#include "base/scalar_private.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789";

bool scalar_wrong(char why[SCALAR_WHY], const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(why, SCALAR_WHY, format, ap);
    va_end(ap);
    return false;
}

struct scalar_quote scalar_quote(const char *text, size_t n)
{
    struct scalar_quote quote;
    struct buffer shown = buffer_make(0);
    size_t taken = n < SCALAR_QUOTED ? n : SCALAR_QUOTED;

    while (taken > 0 && taken < n && ((unsigned char)text[taken] & 0xC0) == 0x80)
        taken--;
    text_show(&shown, text, taken);
    if (taken < n || shown.len > SCALAR_QUOTED) {
        size_t fits = shown.len < SCALAR_QUOTED - 3 ? shown.len : SCALAR_QUOTED - 3;

        snprintf(quote.text, sizeof quote.text, "`%.*s...`", (int)text_valid_utf8(buffer_string(&shown), fits), buffer_string(&shown));
    } else {
        snprintf(quote.text, sizeof quote.text, "`%s`", buffer_string(&shown));
    }
    buffer_free(&shown);
    return quote;
}

/* ---- whole numbers */

/* What somebody meant with `80.0`, `1e3`, `1_000`, `+80`, `08` or `0x1F`: true and the value if that can be told. */
static bool meant(const char *text, double *value)
{
    static const struct {
        const char *prefix;
        int base;
    } bases[] = { { "0x", 16 }, { "0X", 16 }, { "0o", 8 }, { "0b", 2 } };
    char plain[40], *start = plain, *end, *out = plain;
    const bool negative = *text == '-';

    text += *text == '-' || *text == '+';
    for (; *text; text++) {
        if (out == plain + sizeof plain - 1)
            return false;
        if (*text != '_')
            *out++ = *text;
    }
    *out = '\0';
    if (!memchr(digits, plain[0], sizeof digits - 1) && plain[0] != '.')
        return false;
    *value = strtod(plain, &end);
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (strncmp(plain, bases[i].prefix, 2) == 0) {
            start = plain + 2;
            *value = (double)strtoull(start, &end, bases[i].base);
        }
    }
    if (isnan(*value) || end == start || *end != '\0' || fabs(*value) > 9e15)
        return false;
    *value = negative ? -*value : *value;
    return true;
}

static bool is_whole(const char *text)
{
    const size_t sign = text[0] == '-', n = strlen(text + sign);

    return n > 0 && strspn(text + sign, digits) == n && (text[sign] != '0' || n == 1);
}

bool scalar_int(const char *text, int64_t *value, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    double number;
    long long read;

    if (text[0] == '\0')
        return scalar_wrong(why, "it is empty");
    if (!is_whole(text)) {
        if (!meant(text, &number))
            return scalar_wrong(why, "%s is no whole number", quote.text);
        if (number != floor(number))
            return scalar_wrong(why, "%s has a fraction", quote.text);
        return scalar_wrong(why, "write %.0f, not %s", number, quote.text);
    }
    errno = 0;
    read = strtoll(text, NULL, 10);
    if (errno == ERANGE)
        return scalar_wrong(why, "%s is too %s: %" PRId64 " is the %s that can be told", quote.text, read < 0 ? "small" : "large", read < 0 ? INT64_MIN : INT64_MAX,
                            read < 0 ? "least" : "most");
    *value = read;
    return true;
}

/* ---- numbers */

/* -? DIGITS [. DIGITS] [e [+-] DIGITS], without zeros in front. */
static bool is_number(const char *text)
{
    size_t n;

    text += *text == '-';
    n = strspn(text, digits);
    if (n == 0 || (text[0] == '0' && n > 1))
        return false;
    text += n;
    if (*text == '.') {
        n = strspn(++text, digits);
        if (n == 0)
            return false;
        text += n;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        n = strspn(text, digits);
        if (n == 0)
            return false;
        text += n;
    }
    return *text == '\0';
}

bool scalar_number(const char *text, double *value, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    double number;

    if (text[0] == '\0')
        return scalar_wrong(why, "it is empty");
    if (!is_number(text)) {
        if (meant(text, &number))
            return scalar_wrong(why, "write %.15g, not %s", number, quote.text);
        return scalar_wrong(why, "%s is no number", quote.text);
    }
    number = strtod(text, NULL);
    if (!isfinite(number))
        return scalar_wrong(why, "%s is too large", quote.text);
    *value = number;
    return true;
}

/* ---- true or false */

static bool same_word(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a | 0x20) != *b)
            return false;
    return *a == *b;
}

bool scalar_bool(const char *text, bool *value, char why[SCALAR_WHY])
{
    static const char *const yes[] = { "true", "yes", "y", "on", "t", "enabled" }, *const no[] = { "false", "no", "n", "off", "f", "disabled" };
    const struct scalar_quote quote = scalar_quote(text, strlen(text));

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *value = text[0] == 't';
        return true;
    }
    if (text[0] == '\0')
        return scalar_wrong(why, "it is empty");
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (same_word(text, yes[i]) || strcmp(text, "1") == 0)
            return scalar_wrong(why, "write true, not %s", quote.text);
        if (same_word(text, no[i]) || strcmp(text, "0") == 0)
            return scalar_wrong(why, "write false, not %s", quote.text);
    }
    return scalar_wrong(why, "write true or false, not %s", quote.text);
}
