/* Calendars and time zones: the known days on which clocks change, rules of footers, and files that are no zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/calendar.h"

#include "base/os/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct zone_change room[ZONE_TRANSITIONS];

enum { FILE_ROOM = 512 };

/* A file of version 2 without a table: its footer is all. Returns its size. */
static size_t file_of(unsigned char out[FILE_ROOM], const char *rule)
{
    static const unsigned char counts[24] = { [19] = 1, [23] = 4 };
    size_t n = 0;

    for (int i = 0; i < 2; i++) {
        memcpy(out + n, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
        memcpy(out + n + 20, counts, 24);
        memcpy(out + n + 44, "\0\0\0\0\0\0UTC\0", 10);
        n += 54;
    }
    return n + (size_t)snprintf((char *)out + n, FILE_ROOM - n, "\n%s\n", rule);
}

static void zone_of(struct zone *zone, const char *rule)
{
    unsigned char bytes[FILE_ROOM];

    assert_true(zone_read(zone, room, bytes, file_of(bytes, rule)));
}

static int64_t utc(int64_t year, int month, int day, int hour, int minute)
{
    return zone_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static int32_t offset(const struct zone *zone, int64_t at)
{
    int64_t until;

    return zone_offset(zone, at, &until);
}

/* The offset changes at that time from one to the other. */
static void assert_change(const struct zone *zone, int64_t at, int32_t before, int32_t after)
{
    int64_t until;

    assert_int_equal(zone_offset(zone, at - 1, &until), before);
    assert_true(until == at);
    assert_int_equal(offset(zone, at), after);
}

/* ---- zones */

static void clocks_change_on_known_days(void **state)
{
    static const struct {
        const char *rule;
        int month, day, hour, minute; /* UTC, 2026 */
        int32_t before, after;
    } known[] = {
        { "CET-1CEST,M3.5.0,M10.5.0/3", 3, 29, 1, 0, 3600, 7200 },               /* Europe/Berlin */
        { "CET-1CEST,M3.5.0,M10.5.0/3", 10, 25, 1, 0, 7200, 3600 },
        { "EST5EDT,M3.2.0,M11.1.0", 3, 8, 7, 0, -18000, -14400 },                /* America/New_York */
        { "EST5EDT,M3.2.0,M11.1.0", 11, 1, 6, 0, -14400, -18000 },
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 4, 4, 15, 0, 39600, 37800 },   /* Australia/Lord_Howe: half an hour */
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 10, 3, 15, 30, 37800, 39600 },
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 3, 29, 1, 0, -7200, -3600 },        /* America/Nuuk: the evening before */
        { "STD0DST,J60,J300", 3, 1, 2, 0, 0, 3600 },
        { "STD0DST,59,299", 3, 1, 2, 0, 0, 3600 },
    };
    struct zone zone;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        zone_of(&zone, known[i].rule);
        assert_change(&zone, utc(2026, known[i].month, known[i].day, known[i].hour, known[i].minute), known[i].before, known[i].after);
    }
    zone_of(&zone, "IST-5:30"); /* Asia/Kolkata */
    assert_int_equal(offset(&zone, utc(2026, 7, 1, 0, 0)), 19800);
    zone_of(&zone, "XXX3EDT4,0/0,J365/23"); /* summer all year */
    assert_int_equal(offset(&zone, utc(2026, 1, 1, 12, 0)), -14400);
    assert_int_equal(offset(&zone, utc(2026, 12, 31, 23, 30)), -14400);
}

static void the_systems_zones_are_read(void **state)
{
    struct zone zone;
    char why[512];

    (void)state;
    assert_true(zones_read("UTC", &zone, room, why, sizeof why));
    assert_int_equal(offset(&zone, 0), 0);
    assert_true(zones_read(NULL, &zone, room, why, sizeof why));
    if (!zones_read("Europe/Berlin", &zone, room, why, sizeof why))
        skip(); /* a system without zones: `why` says so */
    assert_change(&zone, utc(2026, 3, 29, 1, 0), 3600, 7200);
    assert_change(&zone, utc(1980, 4, 6, 1, 0), 3600, 7200);
    assert_change(&zone, utc(2090, 3, 26, 1, 0), 3600, 7200);
    assert_true(zones_read("Australia/Lord_Howe", &zone, room, why, sizeof why));
    assert_change(&zone, utc(2026, 4, 4, 15, 0), 39600, 37800);
}

static void what_is_no_zone_is_refused(void **state)
{
    static const char *const names[] = { "", "../../etc/passwd", "/etc/localtime", "Europe/", "Europe//Berlin", "No/Such", "Europe" };
    static const char *const rules[] = { "CE", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.5.0",
                                         "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1",
                                         "CET-99", "CET-1CEST,J366,J1", "CET-1CEST,M3.5.7,M10.5.0" };
    unsigned char bytes[FILE_ROOM];
    struct zone zone;
    char why[512];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        why[0] = '\0';
        assert_false(zones_read(names[i], &zone, room, why, sizeof why));
        assert_true(why[0] != '\0');
    }
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_false(zone_read(&zone, room, bytes, file_of(bytes, rules[i])));
    n = file_of(bytes, "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_true(zone_read(&zone, room, bytes, n));
    for (size_t cut = 0; cut < n; cut++) { /* in memory of just that size, so that a sanitizer sees what reads on */
        unsigned char *part = malloc(cut + 1);

        memcpy(part, bytes, cut);
        part = realloc(part, cut > 0 ? cut : 1);
        assert_false(zone_read(&zone, room, part, cut));
        free(part);
    }
    for (size_t at = 0; at < n; at++) { /* whatever stands there, nothing is read beyond it and nothing hangs */
        for (int value = 0; value < 256; value += 15) {
            unsigned char before = bytes[at];

            bytes[at] = (unsigned char)value;
            if (zone_read(&zone, room, bytes, n))
                zone_time(&zone, utc(2026, 3, 29, 2, 30));
            bytes[at] = before;
        }
    }
}

static void local_times_in_gaps_and_twice(void **state)
{
    struct zone zone;

    (void)state;
    zone_of(&zone, "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_true(zone_time(&zone, utc(2026, 3, 29, 1, 59)) == utc(2026, 3, 29, 0, 59));
    assert_true(zone_time(&zone, utc(2026, 3, 29, 2, 30)) == utc(2026, 3, 29, 1, 0)); /* there is no half past two */
    assert_true(zone_time(&zone, utc(2026, 3, 29, 3, 0)) == utc(2026, 3, 29, 1, 0));
    assert_true(zone_time(&zone, utc(2026, 10, 25, 2, 30)) == utc(2026, 10, 25, 0, 30)); /* the first one */
    assert_true(zone_time(&zone, utc(2026, 10, 25, 3, 0)) == utc(2026, 10, 25, 2, 0));
}

/* ---- calendars */

static void assert_begins(const char *cron, const struct zone *zone, int64_t after, int64_t expected)
{
    struct calendar calendar;
    char why[SCALAR_WHY];
    size_t at;
    int64_t begins;

    assert_true(calendar_read(cron, &calendar, why, &at));
    assert_true(calendar_next(&calendar, zone, after, &begins));
    assert_true(begins == expected);
    assert_true(calendar_last(&calendar, zone, expected, &begins));
    assert_true(begins == expected);
    assert_true(calendar_last(&calendar, zone, expected - 1, &begins));
    assert_true(begins < expected && begins <= after);
}

static void cron_is_read_as_cron_reads_it(void **state)
{
    struct zone zone;
    const int64_t monday = utc(2026, 11, 30, 10, 0);

    (void)state;
    zone_utc(&zone);
    assert_begins("* * * * *", &zone, monday, monday + 60);
    assert_begins("0 3 * * 0", &zone, monday, utc(2026, 12, 6, 3, 0));
    assert_begins("0 3 * * 7", &zone, monday, utc(2026, 12, 6, 3, 0));
    assert_begins("0 3 * * Sun", &zone, monday, utc(2026, 12, 6, 3, 0));
    assert_begins("0 3 * * fri-7", &zone, monday, utc(2026, 12, 4, 3, 0));
    assert_begins("*/20 10 * * *", &zone, monday, utc(2026, 11, 30, 10, 20));
    assert_begins("5-59/20 * * * *", &zone, monday, utc(2026, 11, 30, 10, 5));
    assert_begins("15,45 9,11 * * mon", &zone, monday, utc(2026, 11, 30, 11, 15));
    assert_begins("0 0 29 feb *", &zone, monday, utc(2028, 2, 29, 0, 0));
    assert_begins("0 0 1 * fri", &zone, monday, utc(2026, 12, 1, 0, 0)); /* one of the days is enough */
    assert_begins("0 0 13 * fri", &zone, monday, utc(2026, 12, 4, 0, 0));
    assert_begins("0 0 */2 * fri", &zone, monday, utc(2026, 12, 11, 0, 0)); /* `*` restricts nothing by itself, so both have to hold */
    assert_begins(" 0\t3  1 JAN *  ", &zone, monday, utc(2027, 1, 1, 3, 0));
}

static void clocks_that_change_keep_the_calendar(void **state)
{
    struct zone zone;

    (void)state;
    zone_of(&zone, "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_begins("30 2 * * *", &zone, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 1, 0));  /* in the gap: at its end */
    assert_begins("30 2 * * *", &zone, utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30));
    assert_begins("30 2 * * *", &zone, utc(2026, 10, 24, 12, 0), utc(2026, 10, 25, 0, 30)); /* twice: the first */
    assert_begins("30 2 * * *", &zone, utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30));
    assert_begins("0 3 * * *", &zone, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 1, 0));
    zone_of(&zone, "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
    assert_begins("15 2 * * *", &zone, utc(2026, 10, 2, 18, 0), utc(2026, 10, 3, 15, 30));
    zone_of(&zone, "IST-5:30");
    assert_begins("0 0 1 1 *", &zone, utc(2026, 6, 1, 0, 0), utc(2026, 12, 31, 18, 30));
}

static void what_is_no_calendar_is_refused(void **state)
{
    static const struct {
        const char *cron;
        size_t at;
    } wrong[] = { { "", 0 }, { "* * * *", 7 }, { "* * * * * *", 10 }, { "60 * * * *", 0 }, { "* 24 * * *", 2 }, { "* * 0 * *", 4 }, { "* * * 13 *", 6 },
                  { "* * * * 8", 8 }, { "* * * * sunday", 8 }, { "* * * foo *", 6 }, { "1, * * * *", 2 }, { "1- * * * *", 2 },
                  { "5-1 * * * *", 0 }, { "*/0 * * * *", 2 },
                  { "5/2 * * * *", 2 }, { "*/ * * * *", 2 }, { "** * * * *", 1 }, { "-1 * * * *", 0 }, { "* * 31 feb,apr *", 0 },
                  { "99999999999999999999 * * * *", 0 },
                  { "@daily", 0 } };
    struct calendar calendar;
    char why[SCALAR_WHY];
    size_t at;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        why[0] = '\0';
        assert_false(calendar_read(wrong[i].cron, &calendar, why, &at));
        assert_true(why[0] != '\0');
        assert_int_equal(at, wrong[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_change_on_known_days),   cmocka_unit_test(the_systems_zones_are_read),         cmocka_unit_test(what_is_no_zone_is_refused),
        cmocka_unit_test(local_times_in_gaps_and_twice), cmocka_unit_test(cron_is_read_as_cron_reads_it),
        cmocka_unit_test(clocks_that_change_keep_the_calendar),
        cmocka_unit_test(what_is_no_calendar_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
