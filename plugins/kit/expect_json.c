/* What is expected of values inside a JSON body. */
#include "expect.h"

#include "json.h"

#include <math.h>
#include <stdlib.h>

/* ---- values ---- */

static int is_number(const char *text, double *value)
{
    char *end;

    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return 0;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static int equals(const cJSON *value, const char *expected)
{
    double number;

    if (cJSON_IsString(value))
        return strcmp(value->valuestring, expected) == 0;
    if (cJSON_IsBool(value))
        return strcmp(expected, cJSON_IsTrue(value) ? "true" : "false") == 0;
    if (cJSON_IsNumber(value)) /* by value: 1 is 1.0 */
        return is_number(expected, &number) && !(value->valuedouble < number) && !(value->valuedouble > number);
    if (cJSON_IsNull(value))
        return strcmp(expected, "null") == 0;
    return !value->child && strcmp(expected, cJSON_IsArray(value) ? "[]" : "{}") == 0;
}

static const char *shown(struct talon_run *run, const cJSON *value)
{
    if (cJSON_IsString(value))
        return talon_text(run, "\"%s\"", talon_quote(run, value->valuestring, strlen(value->valuestring), 100));
    if (cJSON_IsNumber(value))
        return talon_text(run, "%.15g", value->valuedouble);
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value) ? "true" : "false";
    if (cJSON_IsNull(value))
        return "null";
    if (cJSON_IsArray(value))
        return value->child ? "a list" : "an empty list";
    return value->child ? "an object" : "an empty object";
}

/* ---- the body ---- */

const char *expect_json_problem(struct talon_run *run, const struct talon_pair *expect, const char *body, size_t n)
{
    const char *problem;
    const cJSON *json = json_parse(run, body, n, &problem);

    if (!json)
        return problem;
    for (; expect->name; expect++) {
        const cJSON *value = json_at(json, expect->name);

        if (!value)
            return talon_text(run, "%s is missing, expected %s", expect->name, expect->value);
        if (!equals(value, expect->value))
            return talon_text(run, "%s is %s, expected %s", expect->name, shown(run, value), expect->value);
    }
    return NULL;
}
