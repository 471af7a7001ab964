/* Reads performance data (perfdata.h). */
#include "perfdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *written, *unit;
    double factor;
};

/* Sizes are powers of 1024 there, whatever the letters say. */
static const struct unit units[] = {
    { "s", "s", 1 },
    { "ms", "s", 1e-3 },
    { "us", "s", 1e-6 },
    { "ns", "s", 1e-9 },
    { "%", "%", 1 },
    { "B", "B", 1 },
    { "KB", "B", 1024 },
    { "MB", "B", 1048576 },
    { "GB", "B", 1073741824 },
    { "TB", "B", 1099511627776 },
    { "PB", "B", 1125899906842624 },
    { "KiB", "B", 1024 },
    { "MiB", "B", 1048576 },
    { "GiB", "B", 1073741824 },
    { "TiB", "B", 1099511627776 },
};

struct reader {
    const char *at, *end;
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 'quoted label' with '' for a quote, or anything up to the equals sign. */
static int read_label(struct reader *r, char label[PERFDATA_LABEL])
{
    const int quoted = r->at < r->end && *r->at == '\'';
    size_t n = 0;

    for (r->at += quoted; r->at < r->end; r->at++) {
        if (quoted && *r->at == '\'') {
            if (r->at + 1 == r->end || r->at[1] != '\'')
                break;
            r->at++;
        } else if (!quoted && (*r->at == '=' || *r->at == '\'' || is_blank(*r->at))) {
            break;
        }
        if (n + 1 < PERFDATA_LABEL)
            label[n++] = *r->at;
    }
    label[n] = '\0';
    if (quoted && r->at < r->end && *r->at == '\'')
        r->at++;
    else if (quoted)
        return 0;
    return n > 0 && r->at < r->end && *r->at++ == '=';
}

/* A decimal number; some programs write a comma, where their language does. */
static int read_value(struct reader *r, double *value)
{
    char digits[40];
    char *end;
    size_t n = 0;

    for (; r->at < r->end && n + 1 < sizeof digits; r->at++) {
        const char c = *r->at == ',' ? '.' : *r->at;
        const int exponent = (c == 'e' || c == 'E') && n > 0 && r->at + 1 < r->end &&
                             (is_digit(r->at[1]) || r->at[1] == '-' || r->at[1] == '+');

        if (!is_digit(c) && c != '.' && !exponent && !((c == '-' || c == '+') && (n == 0 || digits[n - 1] == 'e')))
            break;
        digits[n++] = exponent ? 'e' : c;
    }
    digits[n] = '\0';
    *value = strtod(digits, &end);
    return n > 0 && *end == '\0' && isfinite(*value) && (is_digit(digits[n - 1]) || digits[n - 1] == '.') &&
           strpbrk(digits, "0123456789") != NULL;
}

/* The letters behind the value. Unknown ones (C, rpm) leave the number as it is. */
static int read_unit(struct reader *r, struct perfdata *item)
{
    const char *from = r->at;
    size_t n;

    while (r->at < r->end && *r->at != ';' && !is_blank(*r->at))
        r->at++;
    n = (size_t)(r->at - from);
    item->unit = "";
    item->counter = n == 1 && *from == 'c';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].written) == n && strncmp(units[i].written, from, n) == 0) {
            item->unit = units[i].unit;
            item->value *= units[i].factor;
        }
    for (size_t i = 0; i < n; i++)
        if (is_digit(from[i]) || strchr("'=,", from[i]))
            return 0;
    return n <= 8;
}

/* One of `;warn;crit;min;max`: a number or a range as `10:20`, `@10:20`, `~:5`. Absent ones are "". */
static int read_range(struct reader *r, char range[PERFDATA_RANGE])
{
    size_t n = 0;

    range[0] = '\0';
    if (r->at == r->end || *r->at != ';')
        return 1;
    for (r->at++; r->at < r->end && *r->at != ';' && !is_blank(*r->at); r->at++) {
        if (!is_digit(*r->at) && !strchr("+-.,:@~eE", *r->at))
            return 0;
        if (n + 1 < PERFDATA_RANGE)
            range[n++] = *r->at;
    }
    range[n] = '\0';
    return 1;
}

static enum perfdata_found read_item(struct reader *r, struct perfdata *item)
{
    int known = 1;

    if (!read_label(r, item->label))
        return PERFDATA_BAD;
    if (r->at < r->end && *r->at == 'U') {
        r->at++;
        known = 0;
    } else if (!read_value(r, &item->value)) {
        return PERFDATA_BAD;
    }
    if (!read_unit(r, item) || !isfinite(item->value) || !read_range(r, item->warn) || !read_range(r, item->crit) ||
        !read_range(r, item->min) || !read_range(r, item->max))
        return PERFDATA_BAD;
    while (r->at < r->end && *r->at == ';') /* some end with one too many */
        r->at++;
    if (r->at < r->end && !is_blank(*r->at))
        return PERFDATA_BAD;
    return known ? PERFDATA_ITEM : PERFDATA_NONE;
}

enum perfdata_found exec_perfdata_next(const char *text, size_t n, size_t *at, struct perfdata *item)
{
    struct reader r = { text + *at, text + n };
    enum perfdata_found found;

    memset(item, 0, sizeof *item);
    item->unit = "";
    while (r.at < r.end && is_blank(*r.at))
        r.at++;
    if (r.at == r.end) {
        *at = n;
        return PERFDATA_END;
    }
    found = read_item(&r, item);
    while (found == PERFDATA_BAD && r.at < r.end && !is_blank(*r.at))
        r.at++;
    *at = (size_t)(r.at - text);
    return found;
}

void exec_perfdata_name(const char *label, char name[PERFDATA_LABEL])
{
    const int path = *label == '/';
    size_t n = 0;

    for (; *label && n + 1 < PERFDATA_LABEL; label++) {
        const char lower = *label >= 'A' && *label <= 'Z' ? (char)(*label | 0x20) : *label;

        if ((lower >= 'a' && lower <= 'z') || is_digit(lower))
            name[n++] = lower;
        else if (*label == '%' && n + 8 < PERFDATA_LABEL)
            n += (size_t)(stpcpy(name + n, "percent") - (name + n));
        else if (n > 0 && name[n - 1] != '_')
            name[n++] = '_';
    }
    while (n > 0 && name[n - 1] == '_')
        n--;
    name[n] = '\0';
    if (n == 0)
        memcpy(name, path ? "root" : "value", path ? 5 : 6);
}
