/* See zone.h. Everything of a file is bounded by its own size before it is read: it may be cut short, or be something else. */
#include "base/zone.h"

#include <string.h>

#define DAY 86400
#define FARTHEST (27 * 3600) /* no local time is farther from UTC */

enum { HEADER = 44, TYPE = 6, RULE_TEXT = 256 };

/* ---- days ---- */

int64_t zone_days(int64_t year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1; /* from March on */

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void zone_date(int64_t days, int64_t *year, int *month, int *day)
{
    const int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    const int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * y + y / 4 - y / 100);
    const int64_t m = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}

int zone_weekday(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

static int64_t floor_day(int64_t seconds)
{
    return seconds >= 0 ? seconds / DAY : -((-seconds + DAY - 1) / DAY);
}

/* ---- the rule of a footer: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

static const char *skip_name(const char *p)
{
    const char *begin = p;

    if (*p == '<') {
        p = strchr(p, '>');
        return p ? p + 1 : NULL;
    }
    while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
        p++;
    return p - begin >= 3 ? p : NULL;
}

static const char *read_number(const char *p, int most, int *number)
{
    const char *begin = p;

    *number = 0;
    while (*p >= '0' && *p <= '9' && *number <= most)
        *number = *number * 10 + (*p++ - '0');
    return p > begin && *number <= most ? p : NULL;
}

/* [+-]hh[:mm[:ss]] */
static const char *read_time(const char *p, int hours_most, int32_t *seconds)
{
    const int sign = *p == '-' ? -1 : 1;
    int unit = 3600, number, sum = 0;

    if (*p == '-' || *p == '+')
        p++;
    for (; p; p++) {
        p = read_number(p, unit == 3600 ? hours_most : 59, &number);
        if (!p)
            return NULL;
        sum += number * unit;
        unit /= 60;
        if (*p != ':' || unit == 0)
            break;
    }
    *seconds = (int32_t)(sign * sum);
    return p;
}

static const char *read_month_day(const char *p, struct zone_day *day)
{
    p = read_number(p, 12, &day->month);
    p = p && *p == '.' ? read_number(p + 1, 5, &day->week) : NULL;
    p = p && *p == '.' ? read_number(p + 1, 6, &day->day) : NULL;
    return p && day->month > 0 && day->week > 0 ? p : NULL;
}

/* Behind a comma. */
static const char *read_day(const char *p, struct zone_day *day)
{
    day->kind = *p == 'M' ? ZONE_MONTH : *p == 'J' ? ZONE_JULIAN : ZONE_DAY;
    day->time = 2 * 3600;
    if (day->kind == ZONE_MONTH)
        p = read_month_day(p + 1, day);
    else
        p = read_number(day->kind == ZONE_JULIAN ? p + 1 : p, 365, &day->day);
    if (p && *p == '/')
        p = read_time(p + 1, 167, &day->time);
    return p;
}

static bool read_rule(struct zone *zone, const char *text)
{
    const char *p = skip_name(text);

    p = p ? read_time(p, 26, &zone->standard) : NULL;
    if (!p)
        return false;
    zone->standard = -zone->standard; /* POSIX counts westwards */
    zone->summer = *p != '\0';
    if (!zone->summer)
        return true;
    p = skip_name(p);
    zone->daylight = zone->standard + 3600;
    if (p && *p != ',') {
        p = read_time(p, 26, &zone->daylight);
        zone->daylight = -zone->daylight;
    }
    p = p && *p == ',' ? read_day(p + 1, &zone->begins) : NULL;
    p = p && *p == ',' ? read_day(p + 1, &zone->ends) : NULL;
    return p && *p == '\0';
}

/* ---- the file ---- */

struct header {
    size_t is_ut, is_std, leap, times, types, chars;
};

static size_t number_at(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static int64_t time_at(const unsigned char *p, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | p[i];
    return size == 4 ? (int32_t)(uint32_t)value : (int64_t)value;
}

/* The length of the data behind a header; SIZE_MAX: it is none. */
static size_t read_header(const unsigned char *p, size_t n, size_t size, struct header *h)
{
    if (n < HEADER || memcmp(p, "TZif", 4) != 0)
        return SIZE_MAX;
    *h = (struct header){ .is_ut = number_at(p + 20), .is_std = number_at(p + 24), .leap = number_at(p + 28), .times = number_at(p + 32),
                          .types = number_at(p + 36), .chars = number_at(p + 40) };
    if (h->is_ut > 256 || h->is_std > 256 || h->leap > 1000 || h->times > ZONE_TRANSITIONS || h->types > 256 || h->chars > 2048)
        return SIZE_MAX;
    return h->times * size + h->times + h->types * TYPE + h->chars + h->leap * (size + 4) + h->is_std + h->is_ut;
}

static bool read_changes(struct zone *zone, const unsigned char *data, const struct header *h, size_t size)
{
    const unsigned char *indexes = data + h->times * size, *types = indexes + h->times;

    if (h->types == 0)
        return false;
    zone->first = (int32_t)time_at(types, 4);
    for (size_t i = 0; i < h->times; i++) {
        if (indexes[i] >= h->types)
            return false;
        zone->changes[i] = (struct zone_change){ .at = time_at(data + i * size, size), .offset = (int32_t)time_at(types + indexes[i] * TYPE, 4) };
        if ((i > 0 && zone->changes[i].at <= zone->changes[i - 1].at) || zone->changes[i].offset <= -FARTHEST || zone->changes[i].offset >= FARTHEST)
            return false;
    }
    zone->n = h->times;
    return zone->first > -FARTHEST && zone->first < FARTHEST;
}

/* Between two line feeds at the end; empty: there is no rule. */
static bool read_footer(struct zone *zone, const unsigned char *p, size_t n)
{
    char text[RULE_TEXT];
    const unsigned char *end = n > 1 && p[0] == '\n' ? memchr(p + 1, '\n', n - 1) : NULL;
    size_t length = end ? (size_t)(end - p) - 1 : sizeof text;

    if (length >= sizeof text)
        return false;
    memcpy(text, p + 1, length);
    text[length] = '\0';
    zone->has_rule = length > 0;
    return !zone->has_rule || (strlen(text) == length && read_rule(zone, text));
}

bool zone_read(struct zone *zone, struct zone_change *room, const unsigned char *bytes, size_t n)
{
    struct header h;
    size_t length = read_header(bytes, n, 4, &h);
    const bool old = n > 4 && bytes[4] == '\0';

    *zone = (struct zone){ .changes = room };
    if (length == SIZE_MAX || n - HEADER < length)
        return false;
    if (old)
        return read_changes(zone, bytes + HEADER, &h, 4);
    bytes += HEADER + length; /* everything again, with times of 8 bytes */
    n -= HEADER + length;
    length = read_header(bytes, n, 8, &h);
    if (length == SIZE_MAX || n - HEADER < length)
        return false;
    return read_changes(zone, bytes + HEADER, &h, 8) && read_footer(zone, bytes + HEADER + length, n - HEADER - length);
}

void zone_utc(struct zone *zone)
{
    *zone = (struct zone){ .first = 0 };
}

/* ---- when what holds ---- */

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970 of that day in that year. */
static int64_t day_of(const struct zone_day *day, int64_t year)
{
    const int64_t january = zone_days(year, 1, 1);
    int64_t first, found;

    if (day->kind == ZONE_DAY)
        return january + day->day;
    if (day->kind == ZONE_JULIAN) /* the 29th of February is never counted */
        return january + day->day - 1 + (is_leap(year) && day->day >= 60);
    first = zone_days(year, day->month, 1);
    found = first + (day->day - zone_weekday(first) + 7) % 7 + (day->week - 1) * 7;
    while (found >= (day->month == 12 ? zone_days(year + 1, 1, 1) : zone_days(year, day->month + 1, 1)))
        found -= 7; /* week 5 is the last one */
    return found;
}

/* The rule alone: the last of its changes up to `at`, and the next after it, of the years around. */
static int32_t by_rule(const struct zone *zone, int64_t at, int64_t *until)
{
    int64_t year, last = INT64_MIN;
    int month, day;
    int32_t offset = zone->standard;

    *until = INT64_MAX;
    if (!zone->summer)
        return zone->standard;
    zone_date(floor_day(at), &year, &month, &day);
    for (int64_t y = year - 1; y <= year + 1; y++) {
        const int64_t times[2] = { day_of(&zone->begins, y) * DAY + zone->begins.time - zone->standard,
                                   day_of(&zone->ends, y) * DAY + zone->ends.time - zone->daylight };

        for (int i = 0; i < 2; i++) {
            if (times[i] <= at && (times[i] > last || (times[i] == last && i == 0))) { /* summer that ends as it begins is there all year */
                last = times[i];
                offset = i == 0 ? zone->daylight : zone->standard;
            } else if (times[i] > at && times[i] < *until) {
                *until = times[i];
            }
        }
    }
    return offset;
}

int32_t zone_offset(const struct zone *zone, int64_t at, int64_t *until)
{
    size_t low = 0, high = zone->n;

    while (low < high) { /* the first change after it */
        const size_t middle = low + (high - low) / 2;

        if (zone->changes[middle].at <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->n && zone->has_rule)
        return by_rule(zone, at, until);
    *until = low < zone->n ? zone->changes[low].at : INT64_MAX;
    return low > 0 ? zone->changes[low - 1].offset : zone->first;
}

int64_t zone_time(const struct zone *zone, int64_t local)
{
    int64_t from = local - FARTHEST, until;

    for (;;) {
        const int32_t offset = zone_offset(zone, from, &until);
        const int64_t time = local - offset > from ? local - offset : from;

        if (time < until || until == INT64_MAX)
            return time;
        from = until;
    }
}
