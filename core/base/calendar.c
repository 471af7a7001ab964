/*
 * See calendar.h. Beginnings are looked for by the day and minute that clocks show; each is then found on the line of time. That order is kept (a later local
 * minute never begins earlier), so the first that fits is the right one.
 */
#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400
#define DAYS_MOST (10 * 366)

/* ---- fields ---- */

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

static const struct field {
    const char *name;
    unsigned min, max;
    const char *const *names;
    unsigned n_names;
} fields[] = {
    { "minute", 0, 59, NULL, 0 }, { "hour", 0, 23, NULL, 0 }, { "day of the month", 1, 31, NULL, 0 }, { "month", 1, 12, months, 12 },
    { "day of the week", 0, 7, weekdays, 7 },
};

enum { FIELDS = sizeof fields / sizeof *fields };

struct reader {
    const char *text, *p;
    char *why;
};

static bool refuse(struct reader *r, const char *format, const struct field *field)
{
    snprintf(r->why, SCALAR_WHY, format, field->name, field->min, field->max);
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_name(struct reader *r, const struct field *field, unsigned *value)
{
    char word[4];
    size_t n = 0;

    while (is_letter(r->p[n]) && n < sizeof word - 1) {
        word[n] = (char)(r->p[n] | 0x20);
        n++;
    }
    word[n] = '\0';
    for (unsigned i = 0; i < field->n_names; i++) {
        if (strcmp(word, field->names[i]) != 0 || is_letter(r->p[n]))
            continue;
        r->p += n;
        *value = i + field->min;
        return true;
    }
    return refuse(r, field->n_names > 0 ? "that is no %s: a number from %u to %u, or the first three letters of its name"
                                            : "that is no %s: a number from %u to %u", field);
}

static bool read_number(struct reader *r, const struct field *field, unsigned max, unsigned *value)
{
    const char *begin = r->p;

    *value = 0;
    while (*r->p >= '0' && *r->p <= '9' && *value <= 999)
        *value = *value * 10 + (unsigned)(*r->p++ - '0');
    if (r->p > begin && *value <= max)
        return true;
    r->p = begin;
    return refuse(r, "that is no %s: a number from %u to %u is expected", field);
}

static bool read_value(struct reader *r, const struct field *field, unsigned *value)
{
    const char *begin = r->p;

    if (is_letter(*r->p))
        return read_name(r, field, value);
    if (!read_number(r, field, field->max, value))
        return false;
    if (*value >= field->min)
        return true;
    r->p = begin;
    return refuse(r, "that is no %s: a number from %u to %u is expected", field);
}

/* "*", "5", "1-5", each with a step behind it or without. */
static bool read_range(struct reader *r, const struct field *field, uint64_t *bits)
{
    const char *begin = r->p;
    unsigned from = field->min, to = field->max, step = 1;
    bool many = *r->p == '*';

    if (many) {
        r->p++;
    } else {
        if (!read_value(r, field, &from))
            return false;
        to = from;
    }
    if (!many && *r->p == '-') {
        r->p++;
        many = true;
        if (!read_value(r, field, &to))
            return false;
        if (to < from) {
            r->p = begin;
            return refuse(r, "this range of the %s ends before it begins (%u to %u are possible)", field);
        }
    }
    if (*r->p == '/') {
        const char *at = ++r->p;

        if (!read_number(r, field, 999, &step))
            return false;
        if (step == 0 || !many) {
            r->p = at;
            return refuse(r, step == 0 ? "a step of 0 in the %s (%u to %u) goes nowhere"
                                       : "a step needs a range before it in the %s: `%u-%u/STEP` or `*/STEP`", field);
        }
    }
    for (unsigned i = from; i <= to; i += step)
        *bits |= (uint64_t)1 << i;
    return true;
}

static bool read_field(struct reader *r, const struct field *field, uint64_t *bits, bool *any)
{
    *bits = 0;
    *any = *r->p == '*';
    for (;;) {
        if (!read_range(r, field, bits))
            return false;
        if (*r->p != ',')
            break;
        r->p++;
    }
    if (*r->p == '\0' || *r->p == ' ' || *r->p == '\t')
        return true;
    return refuse(r, "that does not belong into a %s (%u to %u): lists have commas, ranges a `-`, steps a `/`", field);
}

/* Is there such a day at all? "0 0 30 2 *" never comes. */
static bool can_be(const struct calendar *c)
{
    static const int longest[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (!c->any_day && !c->any_weekday)
        return true;
    for (int month = 1; month <= 12; month++)
        for (int day = 1; c->months >> month & 1 && day <= longest[month - 1]; day++)
            if (c->days >> day & 1)
                return true;
    return false;
}

static bool finish(struct calendar *c, const uint64_t bits[FIELDS], char why[SCALAR_WHY])
{
    c->minutes = bits[0];
    c->hours = (uint32_t)bits[1];
    c->days = (uint32_t)bits[2];
    c->months = (uint16_t)bits[3];
    c->weekdays = (uint8_t)((bits[4] & 0x7f) | (bits[4] >> 7 & 1)); /* 7 is a Sunday as well */
    if (can_be(c))
        return true;
    snprintf(why, SCALAR_WHY, "that day never comes");
    return false;
}

bool calendar_read(const char *text, struct calendar *calendar, char why[SCALAR_WHY], size_t *at)
{
    struct reader r = { .text = text, .p = text, .why = why };
    uint64_t bits[FIELDS];
    bool any[FIELDS], good = true;

    for (int i = 0; i < FIELDS && good; i++) {
        r.p += strspn(r.p, " \t");
        good = *r.p != '\0';
        if (!good)
            snprintf(why, SCALAR_WHY, "there are %d fields, and five are expected: minute, hour, day of the month, month, day of the week", i);
        else
            good = read_field(&r, &fields[i], &bits[i], &any[i]);
    }
    *at = (size_t)(r.p - text);
    if (!good)
        return false;
    r.p += strspn(r.p, " \t");
    if (*r.p != '\0') {
        *at = (size_t)(r.p - text);
        snprintf(why, SCALAR_WHY, "there are more than five fields");
        return false;
    }
    *at = 0;
    calendar->any_day = any[2];
    calendar->any_weekday = any[4];
    return finish(calendar, bits, why);
}

/* ---- beginnings ---- */

static bool is_day(const struct calendar *c, int64_t days)
{
    int64_t year;
    int month, day;
    bool by_day, by_weekday;

    zone_date(days, &year, &month, &day);
    if (!(c->months >> month & 1))
        return false;
    by_day = c->days >> day & 1;
    by_weekday = c->weekdays >> zone_weekday(days) & 1;
    return c->any_day || c->any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

static bool is_minute(const struct calendar *c, int minute)
{
    return (c->hours >> (minute / 60) & 1) && (c->minutes >> (minute % 60) & 1);
}

static int64_t local_day(const struct zone *zone, int64_t at)
{
    int64_t until;
    const int64_t local = at + zone_offset(zone, at, &until);

    return local >= 0 ? local / DAY : -((-local + DAY - 1) / DAY);
}

/* One day more on either side: clocks may have gone back over midnight. */
bool calendar_last(const struct calendar *calendar, const struct zone *zone, int64_t at, int64_t *begins)
{
    const int64_t today = local_day(zone, at);

    for (int64_t day = today + 1; day > today - DAYS_MOST; day--) {
        if (!is_day(calendar, day))
            continue;
        for (int minute = 1439; minute >= 0; minute--) {
            if (!is_minute(calendar, minute))
                continue;
            *begins = zone_time(zone, day * DAY + minute * 60);
            if (*begins <= at)
                return true;
        }
    }
    return false;
}

bool calendar_next(const struct calendar *calendar, const struct zone *zone, int64_t at, int64_t *begins)
{
    const int64_t today = local_day(zone, at);

    for (int64_t day = today - 1; day < today + DAYS_MOST; day++) {
        if (!is_day(calendar, day))
            continue;
        for (int minute = 0; minute < 1440; minute++) {
            if (!is_minute(calendar, minute))
                continue;
            *begins = zone_time(zone, day * DAY + minute * 60);
            if (*begins > at)
                return true;
        }
    }
    return false;
}
