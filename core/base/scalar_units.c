/*
 * Durations and sizes: see scalar.h. Both are whole numbers of their smallest part, computed without floating point, so that what is written
 * is what is meant and what is shown reads back.
 */
#include "base/scalar.h"

#include "base/scalar_private.h"

#include "base/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789";

#define SECOND (uint64_t)NS_PER_S
#define MOST (uint64_t)INT64_MAX /* so that a time and two durations can be added without a thought */

struct unit {
    const char *name;
    uint64_t size;
};

/* Falling, as they must stand in a duration. */
static const struct unit times[] = {
    { "w", 7 * 86400 * SECOND }, { "d", 86400 * SECOND }, { "h", 3600 * SECOND }, { "m", 60 * SECOND }, { "s", SECOND }, { "ms", NS_PER_MS },
};
static const struct unit sizes[] = {
    { "TiB", (uint64_t)1 << 40 }, { "TB", 1000000000000u }, { "GiB", 1u << 30 }, { "GB", 1000000000u }, { "MiB", 1u << 20 },
    { "MB", 1000000u },           { "KiB", 1024 },          { "kB", 1000 },      { "B", 1 },
};

enum { TIMES = sizeof times / sizeof times[0], SIZES = sizeof sizes / sizeof sizes[0] };

/* What people write instead. */
static const struct {
    const char *wrong, *right;
} other_times[] = {
    { "sec", "s" },   { "secs", "s" },   { "second", "s" }, { "seconds", "s" }, { "S", "s" },     { "min", "m" },   { "mins", "m" },
    { "minute", "m" }, { "minutes", "m" }, { "M", "m" },     { "hr", "h" },      { "hrs", "h" },   { "hour", "h" },  { "hours", "h" },
    { "H", "h" },     { "day", "d" },    { "days", "d" },   { "D", "d" },       { "week", "w" },  { "weeks", "w" }, { "W", "w" },
    { "msec", "ms" }, { "msecs", "ms" }, { "millis", "ms" }, { "MS", "ms" },
}, other_sizes[] = {
    { "K", "KiB" },   { "k", "KiB" },  { "KB", "kB" },   { "Kb", "kB" },  { "kb", "kB" },  { "Ki", "KiB" }, { "kib", "KiB" }, { "kiB", "KiB" },
    { "M", "MiB" },   { "m", "MiB" },  { "Mb", "MB" },   { "mb", "MB" },  { "Mi", "MiB" }, { "mib", "MiB" }, { "G", "GiB" },   { "g", "GiB" },
    { "Gb", "GB" },   { "gb", "GB" },  { "Gi", "GiB" },  { "gib", "GiB" }, { "T", "TiB" },  { "t", "TiB" },  { "Tb", "TB" },   { "tb", "TB" },
    { "Ti", "TiB" },  { "tib", "TiB" }, { "b", "B" },    { "bytes", "B" }, { "byte", "B" },
};

/* ---- one number and its unit */

struct part {
    const char *whole, *fraction, *unit; /* in the text; fraction NULL: none */
    size_t whole_n, fraction_n, unit_n;
};

/* Divides what stands at text; returns what follows it, or NULL: there is no number. */
static const char *divide(const char *text, struct part *part)
{
    *part = (struct part){ .whole = text, .whole_n = strspn(text, digits) };
    if (part->whole_n == 0)
        return NULL;
    text += part->whole_n;
    if (*text == '.') {
        part->fraction = text + 1;
        part->fraction_n = strspn(part->fraction, digits);
        if (part->fraction_n == 0)
            return NULL;
        text = part->fraction + part->fraction_n;
    }
    part->unit = text;
    part->unit_n = strcspn(text, "0123456789.-+");
    return text + part->unit_n;
}

static size_t find(const struct unit *units, size_t n, const char *name, size_t name_n)
{
    size_t i = 0;

    while (i < n && (strlen(units[i].name) != name_n || strncmp(units[i].name, name, name_n) != 0))
        i++;
    return i;
}

/* The part in the smallest unit, rounded down, or more than MOST when it is too large. */
static uint64_t value_of(const struct part *part, uint64_t unit)
{
    uint64_t whole = 0, fraction = 0;

    for (size_t i = 0; i < part->whole_n; i++) {
        whole = whole * 10 + (uint64_t)(part->whole[i] - '0');
        if (whole > MOST / unit)
            return UINT64_MAX;
    }
    for (size_t i = part->fraction_n; i-- > 0;) /* from the last digit: dividing a rounded quotient again rounds like dividing once */
        fraction = ((uint64_t)(part->fraction[i] - '0') * unit + fraction) / 10;
    return whole * unit + fraction;
}

static bool is_zero(const struct part *part)
{
    return strspn(part->whole, "0") >= part->whole_n && (!part->fraction || strspn(part->fraction, "0") >= part->fraction_n);
}

static bool no_unit(const char *text, const struct part *part, bool size, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    const int n = part->fraction ? (int)(part->fraction + part->fraction_n - part->whole) : (int)part->whole_n;

    if (n > 20)
        return scalar_wrong(why, "%s has no unit", quote.text);
    if (size)
        return scalar_wrong(why, "%s has no unit: write %.*sMiB if MiB are meant (B KiB MiB GiB TiB, kB MB GB TB)", quote.text, n, part->whole);
    return scalar_wrong(why, "%s has no unit: write %.*ss if seconds are meant (ms s m h d w)", quote.text, n, part->whole);
}

static bool unknown_unit(const struct part *part, bool size, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(part->unit, part->unit_n);
    const char *right = NULL;
    const bool blank = strcspn(part->unit, " \t") < part->unit_n;

    if (size) {
        for (size_t i = 0; i < sizeof other_sizes / sizeof other_sizes[0]; i++)
            if (strlen(other_sizes[i].wrong) == part->unit_n && strncmp(other_sizes[i].wrong, part->unit, part->unit_n) == 0)
                right = other_sizes[i].right;
    } else {
        for (size_t i = 0; i < sizeof other_times / sizeof other_times[0]; i++)
            if (strlen(other_times[i].wrong) == part->unit_n && strncmp(other_times[i].wrong, part->unit, part->unit_n) == 0)
                right = other_times[i].right;
    }
    if (right)
        return scalar_wrong(why, "there is no unit %s: write `%s`", quote.text, right);
    if (blank)
        return scalar_wrong(why, "it holds a blank: write it without one");
    return scalar_wrong(why, "there is no unit %s: it is one of %s", quote.text, size ? "B KiB MiB GiB TiB kB MB GB TB" : "ms s m h d w");
}

/* What is wrong with a text of which no number could be read, or one with a number that is not plain. */
static bool no_number(const char *text, const char *what, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));

    if (text[0] == '\0')
        return scalar_wrong(why, "it is empty");
    if (text[0] == '-' && text[1] >= '0' && text[1] <= '9')
        return scalar_wrong(why, "%s is negative", quote.text);
    if (text[0] == '+' && text[1] >= '0' && text[1] <= '9')
        return scalar_wrong(why, "write it without the `+`");
    return scalar_wrong(why, "%s is no %s", quote.text, what);
}

static bool leading_zero(const char *text, const struct part *part, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));

    return scalar_wrong(why, "write %s without the zero before the %c", quote.text, part->whole[1]);
}

/* ---- durations */

/* Adds one part. *last: the place of the unit before it in times, -1: this is the first. */
static bool add_time(const char *text, const struct part *part, int *last, uint64_t *ns, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    const int unit = (int)find(times, TIMES, part->unit, part->unit_n);
    uint64_t value;

    if (part->unit_n == 0)
        return no_unit(text, part, false, why);
    if (unit == TIMES)
        return unknown_unit(part, false, why);
    if (part->whole[0] == '0' && part->whole_n > 1)
        return leading_zero(text, part, why);
    if (unit <= *last)
        return scalar_wrong(why, "in %s the units must fall: w d h m s ms, each at most once", quote.text);
    if (part->fraction && (*last >= 0 || part->unit[part->unit_n] != '\0'))
        return scalar_wrong(why, "in %s a fraction stands beside another unit: write whole numbers, or one unit alone", quote.text);
    value = value_of(part, times[unit].size);
    if (value > MOST || value > MOST - *ns)
        return scalar_wrong(why, "%s is too long: 15250w is the longest", quote.text);
    if (value == 0 && !is_zero(part))
        return scalar_wrong(why, "%s is shorter than a nanosecond", quote.text);
    *ns += value;
    *last = unit;
    return true;
}

bool scalar_duration(const char *text, uint64_t *ns, char why[SCALAR_WHY])
{
    const char *rest = text;
    uint64_t sum = 0;
    int last = -1;

    if (strcmp(text, "0") != 0) {
        do {
            struct part part;

            rest = divide(rest, &part);
            if (!rest)
                return no_number(text, "duration", why);
            if (!add_time(text, &part, &last, &sum, why))
                return false;
        } while (*rest);
    }
    *ns = sum;
    return true;
}

/* ---- sizes */

bool scalar_size(const char *text, uint64_t *bytes, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    struct part part;
    const char *rest = divide(text, &part);
    uint64_t value;
    size_t unit;

    if (strcmp(text, "0") == 0) {
        *bytes = 0;
        return true;
    }
    if (!rest || (*rest && part.unit_n == 0))
        return no_number(text, "size", why);
    if (part.unit_n == 0)
        return no_unit(text, &part, true, why);
    unit = find(sizes, SIZES, part.unit, part.unit_n);
    if (unit == SIZES)
        return unknown_unit(&part, true, why);
    if (*rest)
        return scalar_wrong(why, "%s is no size: one number and one unit are expected", quote.text);
    if (part.whole[0] == '0' && part.whole_n > 1)
        return leading_zero(text, &part, why);
    if (part.fraction && sizes[unit].size == 1)
        return scalar_wrong(why, "%s has a fraction, and a byte has no parts", quote.text);
    value = value_of(&part, sizes[unit].size);
    if (value > MOST)
        return scalar_wrong(why, "%s is too large: 8388607TiB is the most", quote.text);
    if (value == 0 && !is_zero(&part))
        return scalar_wrong(why, "%s is less than a byte", quote.text);
    *bytes = value;
    return true;
}

/* ---- shown */

/* VALUE / UNIT with as many decimals as it takes; the unit is a power of ten. */
static void show_decimal(uint64_t value, uint64_t unit, const char *name, char *out, size_t n)
{
    char fraction[24];
    size_t end;

    snprintf(fraction, sizeof fraction, "%" PRIu64, unit + value % unit); /* a 1 and the decimals with their zeros */
    end = strlen(fraction);
    while (end > 1 && fraction[end - 1] == '0')
        fraction[--end] = '\0';
    snprintf(out, n, "%" PRIu64 "%s%s%s", value / unit, end > 1 ? "." : "", fraction + 1, name);
}

void scalar_show_duration(uint64_t ns, char *out, size_t n)
{
    char text[64];
    size_t used = 0;

    if (ns % SECOND != 0) { /* one unit with a fraction: "1.5s" is shorter than "1s500ms" */
        show_decimal(ns, ns < SECOND ? NS_PER_MS : SECOND, ns < SECOND ? "ms" : "s", out, n);
        return;
    }
    for (size_t i = 1; i < TIMES - 1; i++) { /* not in weeks: "90d" says more than "12w6d" */
        if (ns >= times[i].size)
            used += (size_t)snprintf(text + used, sizeof text - used, "%" PRIu64 "%s", ns / times[i].size, times[i].name);
        ns %= times[i].size;
    }
    snprintf(out, n, "%s", used > 0 ? text : "0s");
}

void scalar_show_size(uint64_t bytes, char *out, size_t n)
{
    const struct unit *best = &sizes[SIZES - 1];

    for (size_t i = SIZES; bytes > 0 && i-- > 0;) /* the unit that leaves the smallest number; a tie goes to the larger one, which is the binary one */
        if (bytes % sizes[i].size == 0)
            best = &sizes[i];
    snprintf(out, n, "%" PRIu64 "%s", bytes / best->size, best->name);
}

void scalar_show_age(uint64_t ns, char *out, size_t n)
{
    static const char *const names[] = { "", "d", "h", "min", "s" };
    size_t i = 1;

    while (i < TIMES - 2 && ns < times[i].size)
        i++;
    snprintf(out, n, "%" PRIu64 " %s", ns / times[i].size, names[i]);
}
