/* Reads what is written each time anew: a zone's rules are a small file, may change on disk while Talon runs, and are asked for once in a run. */
#include "kit/schedule.h"

#include "base/calendar.h"
#include "base/os/zones.h"

#include <stdlib.h>

#define NS_PER_S 1000000000

enum { SAID = 180 }; /* bytes of a reason */

static int read_zone(const char *name, struct zone *zone, struct zone_change *room, char *why, size_t why_size)
{
    return zones_read(name && name[0] ? name : NULL, zone, room, why, why_size);
}

int schedule_valid(const char *cron, const char *zone_name, struct talon_problem *problem)
{
    struct zone_change *room = malloc(ZONE_TRANSITIONS * sizeof *room);
    struct calendar calendar;
    struct zone zone;
    char why[SCALAR_WHY];
    size_t at;
    int good = 0;

    if (!room) {
        problem->option = "zone";
        snprintf(problem->text, sizeof problem->text, "cannot be looked up: there is no memory");
    } else if (!calendar_read(cron, &calendar, why, &at)) {
        problem->option = "cron";
        snprintf(problem->text, sizeof problem->text, "must be five fields such as `0 3 * * sun`: %.*s", SAID, why);
    } else if (!read_zone(zone_name, &zone, room, why, sizeof why)) {
        problem->option = "zone";
        snprintf(problem->text, sizeof problem->text, "must be a time zone such as Europe/Berlin: %.*s", SAID, why);
    } else {
        good = 1;
    }
    free(room);
    return good;
}

typedef bool find_fn(const struct calendar *calendar, const struct zone *zone, int64_t at, int64_t *begins);

static int find(const char *cron, const char *zone_name, int64_t unix_ns, int64_t *begins, find_fn *in)
{
    struct zone_change *room = malloc(ZONE_TRANSITIONS * sizeof *room);
    struct calendar calendar;
    struct zone zone;
    char why[SCALAR_WHY];
    size_t at;
    int found = room && calendar_read(cron, &calendar, why, &at) && read_zone(zone_name, &zone, room, why, sizeof why) &&
                in(&calendar, &zone, unix_ns / NS_PER_S, begins);

    if (found)
        *begins *= NS_PER_S;
    free(room);
    return found;
}

int schedule_last(const char *cron, const char *zone, int64_t unix_ns, int64_t *begins)
{
    return find(cron, zone, unix_ns, begins, calendar_last);
}

int schedule_next(const char *cron, const char *zone, int64_t unix_ns, int64_t *begins)
{
    return find(cron, zone, unix_ns, begins, calendar_next);
}
