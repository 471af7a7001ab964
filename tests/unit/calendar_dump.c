/*
 * Prints what the core knows of a time zone, for another implementation to be compared with (tests/integration/test_maintenance.py): ZONE FROM TO, the offset
 * of each minute where it changes; with a calendar behind it, each of its beginnings.
 */
#include "base/calendar.h"

#include "base/os/zones.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct zone_change room[ZONE_TRANSITIONS];

static void print_offsets(const struct zone *zone, int64_t from, int64_t to)
{
    int32_t before = 0;
    int64_t until;

    for (int64_t at = from; at < to; at += 60) {
        const int32_t offset = zone_offset(zone, at, &until);

        if (at == from || offset != before)
            printf("%" PRId64 " %" PRId32 "\n", at, offset);
        before = offset;
    }
}

/* Forwards, and each found from behind as well. */
static int print_beginnings(const struct calendar *calendar, const struct zone *zone, int64_t from, int64_t to)
{
    int64_t at = from - 1, again;

    while (calendar_next(calendar, zone, at, &at) && at < to) {
        printf("%" PRId64 "\n", at);
        if (!calendar_last(calendar, zone, at + 30, &again) || again != at)
            return fprintf(stderr, "%" PRId64 " is not found from behind\n", at), 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct zone zone;
    struct calendar calendar;
    char why[512];
    size_t at;

    if (argc < 4 || !zones_read(argv[1], &zone, room, why, sizeof why) || (argc > 4 && !calendar_read(argv[4], &calendar, why, &at)))
        return fprintf(stderr, "calendar-dump: %s\n", argc < 4 ? "ZONE FROM TO [CALENDAR]" : why), 2;
    if (argc > 4)
        return print_beginnings(&calendar, &zone, strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
    print_offsets(&zone, strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
    return 0;
}
