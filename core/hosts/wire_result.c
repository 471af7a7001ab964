/* The result in a `done`. Nothing in it is believed: what is not as documented makes the whole of it `unknown: plugin.bad_result`. */
#include "hosts/hosts_private.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_METRICS = 4 * RESULT_METRICS, MOST_DETAILS = 2 * RESULT_DETAILS }; /* read; result_make() keeps what may be kept */

struct reading {
    const cJSON *message;
    const char *wrong; /* the first field that cannot be read */
    size_t n_metrics, n_details;
    struct result_metric metrics[MOST_METRICS];
    struct result_detail details[MOST_DETAILS];
};

static const cJSON *field(const struct reading *reading, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(reading->message, name);
}

/* Absent: otherwise. */
static const char *read_text(struct reading *reading, const char *name, const char *otherwise)
{
    const cJSON *item = field(reading, name);

    if (!item)
        return otherwise;
    if (cJSON_IsString(item))
        return item->valuestring;
    reading->wrong = name;
    return otherwise;
}

static bool read_metric(const cJSON *item, struct result_metric *metric)
{
    const cJSON *name = item->child, *value = name ? name->next : NULL, *unit = value ? value->next : NULL;

    if (!cJSON_IsArray(item) || !cJSON_IsString(name) || !cJSON_IsNumber(value) || (unit && !cJSON_IsString(unit)))
        return false;
    *metric = (struct result_metric){ .name = name->valuestring, .value = value->valuedouble, .unit = unit ? unit->valuestring : "" };
    return true;
}

static bool read_detail(const cJSON *item, struct result_detail *detail)
{
    const cJSON *name = item->child, *value = name ? name->next : NULL;

    if (!cJSON_IsArray(item) || !cJSON_IsString(name) || !cJSON_IsString(value))
        return false;
    *detail = (struct result_detail){ .name = name->valuestring, .value = value->valuestring };
    return true;
}

static void read_lists(struct reading *reading)
{
    const cJSON *metrics = field(reading, "metrics"), *details = field(reading, "details"), *item;

    if (metrics && !cJSON_IsArray(metrics))
        reading->wrong = "metrics";
    cJSON_ArrayForEach(item, metrics)
    {
        if (reading->n_metrics == MOST_METRICS)
            break;
        if (!read_metric(item, &reading->metrics[reading->n_metrics++]))
            reading->wrong = "metrics";
    }
    if (details && !cJSON_IsArray(details))
        reading->wrong = "details";
    cJSON_ArrayForEach(item, details)
    {
        if (reading->n_details == MOST_DETAILS)
            break;
        if (!read_detail(item, &reading->details[reading->n_details++]))
            reading->wrong = "details";
    }
}

/* The host knows better than we how long it took; where it does not say, our own measure serves. */
static uint64_t read_duration(struct reading *reading, uint64_t took)
{
    const char *text = read_text(reading, "duration_ns", "");
    char *end;
    unsigned long long ns;

    if (text[0] < '0' || text[0] > '9')
        return took;
    ns = strtoull(text, &end, 10);
    if (*end != '\0')
        reading->wrong = "duration_ns";
    return ns;
}

struct result *wire_result(const struct cJSON *message, uint64_t took)
{
    struct reading reading; /* not cleared whole: it is large, and only what is counted is read */
    enum status status;
    const char *reason, *summary;
    char text[128];
    uint64_t duration;

    reading.message = message;
    reading.wrong = NULL;
    reading.n_metrics = reading.n_details = 0;
    if (!status_from(read_text(&reading, "status", ""), &status))
        reading.wrong = "status";
    reason = read_text(&reading, "reason", "");
    summary = read_text(&reading, "summary", "");
    duration = read_duration(&reading, took);
    read_lists(&reading);
    if (!reading.wrong)
        return result_make(status, reason, summary, duration, reading.metrics, reading.n_metrics, reading.details, reading.n_details);
    snprintf(text, sizeof text, "the plugin's result cannot be read: its %s is not as the protocol says", reading.wrong);
    return result_make(STATUS_UNKNOWN, "plugin.bad_result", text, took, NULL, 0, NULL, 0);
}
