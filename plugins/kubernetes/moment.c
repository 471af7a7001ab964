/* Times as Kubernetes writes them: see moment.h. The C library has no portable way from a calendar in UTC to seconds, so they are counted here. */
#include "moment.h"

static int64_t days_before(int64_t year, int64_t month)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    const int64_t past = year - 1, leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return past * 365 + past / 4 - past / 100 + past / 400 + before[month - 1] + (leap && month > 2);
}

/* n digits; -1: there are others. */
static int64_t digits(const char *text, size_t n)
{
    int64_t value = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* Seconds east of UTC of `Z`, `+01:00`; 0: it is none of them. */
static int read_zone(const char *text, int64_t *seconds)
{
    int64_t hours, minutes;

    *seconds = 0;
    if ((*text == 'Z' || *text == 'z') && !text[1])
        return 1;
    if ((*text != '+' && *text != '-') || strlen(text) != 6 || text[3] != ':')
        return 0;
    hours = digits(text + 1, 2);
    minutes = digits(text + 4, 2);
    *seconds = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

int64_t moment_read(const char *text)
{
    int64_t year, month, day, hour, minute, second, zone;
    const char *rest;

    if (!text || strlen(text) < 20 || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':')
        return 0;
    year = digits(text, 4);
    month = digits(text + 5, 2);
    day = digits(text + 8, 2);
    hour = digits(text + 11, 2);
    minute = digits(text + 14, 2);
    second = digits(text + 17, 2);
    rest = text + 19;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        !read_zone(rest, &zone))
        return 0;
    return (days_before(year, month) + day - days_before(1970, 1) - 1) * 86400 + hour * 3600 + minute * 60 + second - zone;
}

int64_t moment_age(struct talon_run *run, const char *text)
{
    const int64_t then = moment_read(text), now = run->host->unix_ns(run) / 1000000000;

    return then == 0 ? -1 : now > then ? now - then : 0;
}

const char *moment_words(struct talon_run *run, int64_t seconds)
{
    return talon_show_time(run, (uint64_t)(seconds > 1 ? seconds : 1) * 1000000000u);
}

const char *moment_since(struct talon_run *run, const char *text)
{
    const int64_t age = moment_age(run, text);

    return age < 0 ? "" : moment_words(run, age);
}
