/*
 * When something begins, again and again: the five fields of cron(8), minute, hour, day of the month, month, day of the week, by the clocks of a time zone.
 * Where both day fields are restricted one of them is enough; one that begins with `*` restricts nothing by itself.
 *
 * What would begin in an hour that clocks leave out begins when they have left it out; what would begin in one that comes twice begins once, in the first.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/scalar.h"
#include "base/zone.h"

struct calendar {
    uint64_t minutes;
    uint32_t hours, days; /* bits: 1 to 31 of days */
    uint16_t months;      /* 1 to 12 */
    uint8_t weekdays;     /* 0: Sunday */
    bool any_day, any_weekday;
};

/* False: `why` says what is wrong, *at the byte where. */
bool calendar_read(const char *text, struct calendar *calendar, char why[SCALAR_WHY], size_t *at);
/* The last beginning at or before that time, and the next one after it: seconds since 1970. False: there is none within ten years. */
bool calendar_last(const struct calendar *calendar, const struct zone *zone, int64_t at, int64_t *begins);
bool calendar_next(const struct calendar *calendar, const struct zone *zone, int64_t at, int64_t *begins);

#endif
