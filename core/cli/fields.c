/* What commands read of an answer: see fields.h. */
#include "cli/fields.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "base/scalar.h"

#include <stdio.h>
#include <time.h>

const cJSON *field(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *field_text(const cJSON *object, const char *name)
{
    const cJSON *item = field(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

double field_number(const cJSON *object, const char *name)
{
    const cJSON *item = field(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0.;
}

bool field_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(field(object, name));
}

static double now_unix(void)
{
    return (double)(clock_moment().wall / NS_PER_S);
}

static void show_span(double seconds, char *out, size_t n)
{
    scalar_show_age(seconds < 9e9 ? (uint64_t)seconds * NS_PER_S : INT64_MAX, out, n);
}

void field_age(double since, char *out, size_t n)
{
    const double now = now_unix();

    if (since <= 0.)
        snprintf(out, n, "-");
    else
        show_span(now > since ? now - since : 0., out, n);
}

void field_left(double until, char *out, size_t n)
{
    const double now = now_unix();

    if (until <= now)
        snprintf(out, n, "now");
    else
        show_span(until - now, out, n);
}

void field_moment(double at, char *out, size_t n)
{
    const time_t then = (time_t)at, now = (time_t)now_unix();
    struct tm shown, today;

    if (at <= 0. || at > 9e9 || !localtime_r(&then, &shown) || !localtime_r(&now, &today))
        snprintf(out, n, "-");
    else if (shown.tm_year == today.tm_year && shown.tm_yday == today.tm_yday)
        strftime(out, n, "%H:%M:%S", &shown);
    else
        strftime(out, n, shown.tm_year == today.tm_year ? "%b %d %H:%M" : "%Y-%m-%d %H:%M", &shown);
}
