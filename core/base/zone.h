/*
 * A time zone's rules: which offset from UTC holds when. Read from a TZif file's bytes (RFC 8536), with the rule in its footer for the years after its table.
 * By code of our own, because the C library knows one zone for a whole process, and setting TZ changes that for every thread.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZONE_TRANSITIONS = 2048, ZONE_FILE_SIZE = 256 << 10 };

/* Mm.w.d, Jn or n of a POSIX rule, and the second of that day. */
struct zone_day {
    enum { ZONE_MONTH, ZONE_JULIAN, ZONE_DAY } kind;
    int month, week, day;
    int32_t time;
};

struct zone_change {
    int64_t at;     /* seconds since 1970 */
    int32_t offset; /* from then on: seconds east of UTC */
};

struct zone {
    int32_t first;  /* offset before the first change */
    size_t n;
    struct zone_change *changes;
    bool has_rule, summer; /* what holds after the last change; without it, that change's offset. summer: and its own time for a part of the year */
    int32_t standard, daylight;
    struct zone_day begins, ends;
};

/* Reads the bytes of a TZif file; room: ZONE_TRANSITIONS of them, which the zone points into. False: it is none, or one with more changes than that. */
bool zone_read(struct zone *zone, struct zone_change *room, const unsigned char *bytes, size_t n);
/* UTC. */
void zone_utc(struct zone *zone);
/* The offset at that time, and until when it holds: INT64_MAX for ever. */
int32_t zone_offset(const struct zone *zone, int64_t at, int64_t *until);
/* The first time at which the clocks show that local time or a later one, both in seconds since 1970: within a gap its end, of hours that come twice the
 * first. */
int64_t zone_time(const struct zone *zone, int64_t local);

/* ---- days ---- */

/* Days since 1970-01-01 of a date, and back. month: 1 to 12. */
int64_t zone_days(int64_t year, int month, int day);
void zone_date(int64_t days, int64_t *year, int *month, int *day);
/* 0: Sunday */
int zone_weekday(int64_t days);

#endif
