/* Moments of RFC 3339 and of HTTP, see moment.h: read digit by digit, since strptime() takes what nobody wrote and timegm() is not POSIX. */
#include "moment.h"

#define NS_PER_S INT64_C(1000000000)

/* Takes n digits; -1: there are not so many. */
static int digits(const char **at, int n)
{
    int value = 0;

    for (; n > 0; n--, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static int skip(const char **at, const char *any)
{
    if (!**at || !strchr(any, **at))
        return 0;
    (*at)++;
    return 1;
}

/* Days since 1970-01-01 of a day of the Gregorian calendar; a year begins with March here, so that the leap day is its last. */
static int64_t days(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = y / 400, of_era = y % 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct parts {
    int year, month, day, hour, minute, second;
};

static int is_moment(const struct parts *p)
{
    return p->year >= 1900 && p->month >= 1 && p->month <= 12 && p->day >= 1 && p->day <= 31 && p->hour >= 0 && p->hour <= 23 && p->minute >= 0 &&
           p->minute <= 59 && p->second >= 0 && p->second <= 60;
}

static int64_t seconds(const struct parts *p)
{
    return ((days(p->year, p->month, p->day) * 24 + p->hour) * 60 + p->minute) * 60 + p->second;
}

static int read_clock(const char **at, struct parts *p)
{
    p->hour = digits(at, 2);
    if (p->hour < 0 || !skip(at, ":"))
        return 0;
    p->minute = digits(at, 2);
    if (p->minute < 0 || !skip(at, ":"))
        return 0;
    p->second = digits(at, 2);
    return p->second >= 0;
}

/* `.678901234`, of which digits behind the ninth say nothing; none: 0. -1: a dot without digits. */
static int64_t read_fraction(const char **at)
{
    int64_t ns = 0, unit = NS_PER_S / 10;

    if (!skip(at, "."))
        return 0;
    if (**at < '0' || **at > '9')
        return -1;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        ns += unit * (**at - '0');
    return ns;
}

/* Z, or an offset in seconds; 0: neither is there. */
static int read_zone(const char **at, int64_t *offset)
{
    const int west = **at == '-';
    int hours, minutes;

    *offset = 0;
    if (skip(at, "Zz"))
        return 1;
    if (!skip(at, "+-"))
        return 0;
    hours = digits(at, 2);
    if (hours < 0 || !skip(at, ":"))
        return 0;
    minutes = digits(at, 2);
    *offset = (west ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60;
    return minutes >= 0;
}

int moment_rfc3339(const char *text, int64_t *unix_ns)
{
    struct parts p = { 0 };
    int64_t ns, offset;

    p.year = digits(&text, 4);
    if (p.year < 0 || !skip(&text, "-"))
        return 0;
    p.month = digits(&text, 2);
    if (p.month < 0 || !skip(&text, "-"))
        return 0;
    p.day = digits(&text, 2);
    if (p.day < 0 || !skip(&text, "Tt ") || !read_clock(&text, &p))
        return 0;
    ns = read_fraction(&text);
    if (ns < 0 || !read_zone(&text, &offset) || *text || !is_moment(&p) || p.year > 2200)
        return 0;
    *unix_ns = (seconds(&p) - offset) * NS_PER_S + ns;
    return 1;
}

int moment_http(const char *text, int64_t *unix_ns)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct parts p = { 0 };

    if (strlen(text) != strlen("Fri, 02 Jan 2026 03:04:05 GMT") || text[3] != ',' || text[4] != ' ')
        return 0;
    text += 5;
    p.day = digits(&text, 2);
    if (p.day < 0 || !skip(&text, " "))
        return 0;
    for (int month = 1; month <= 12; month++)
        if (strncmp(text, names + 3 * (month - 1), 3) == 0)
            p.month = month;
    text += 3;
    if (p.month == 0 || !skip(&text, " "))
        return 0;
    p.year = digits(&text, 4);
    if (p.year < 0 || !skip(&text, " ") || !read_clock(&text, &p) || strcmp(text, " GMT") != 0 || !is_moment(&p) || p.year > 2200)
        return 0;
    *unix_ns = seconds(&p) * NS_PER_S;
    return 1;
}

int64_t moment_of_peer(struct talon_run *run, const struct talon_response *got)
{
    const char *date = talon_header(got->headers, "Date");
    int64_t unix_ns;

    return date && moment_http(date, &unix_ns) ? unix_ns : run->host->unix_ns(run);
}
