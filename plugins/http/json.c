/*
 * What is expected of values inside a JSON body. The body comes from a peer: before cJSON builds a tree of it, its
 * nesting and the number of its values are counted, so that a small body cannot become a large tree (a value is two
 * bytes there and eighty here).
 */
#include "http.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_VALUES = 100000, DEEPEST = 200, NAME = 256 };

/* ---- paths: names and indexes with dots between; `items[0]` is `items.0`; a backslash takes the next character as it
 * is ---- */

/* Reads the next name into `name`; returns where the next one starts, NULL: the name is empty or too long. */
static const char *next_name(const char *path, char name[NAME])
{
    size_t n = 0;

    for (; *path && *path != '.' && *path != '['; path++) {
        if (*path == ']' && (path[1] == '\0' || path[1] == '.' || path[1] == '['))
            continue;
        if (*path == '\\' && path[1])
            path++;
        if (n + 1 >= NAME)
            return NULL;
        name[n++] = *path;
    }
    name[n] = '\0';
    if (n == 0 || (*path && !path[1]))
        return NULL;
    return *path ? path + 1 : path;
}

int http_json_is_path(const char *path)
{
    char name[NAME];

    do
        path = next_name(path, name);
    while (path && *path);
    return path != NULL;
}

static const cJSON *array_item(const cJSON *array, const char *index)
{
    char *end;
    unsigned long i = strtoul(index, &end, 10);

    if (*end || *index < '0' || *index > '9' || i > MOST_VALUES)
        return NULL;
    return cJSON_GetArrayItem(array, (int)i);
}

/* What stands there, or NULL. */
static const cJSON *value_at(const cJSON *node, const char *path)
{
    char name[NAME];

    while (node && path && *path) {
        path = next_name(path, name);
        node = cJSON_IsArray(node) ? array_item(node, name) : cJSON_GetObjectItemCaseSensitive(node, name);
    }
    return path ? node : NULL;
}

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

static const char *not_json(struct talon_run *run, const char *body, size_t n)
{
    if (n == 0)
        return "the body is empty, expected JSON";
    return talon_text(run, "the body is not JSON: \"%s\"", talon_quote(run, body, n, 80));
}

static size_t digits(const char *body, size_t n, size_t at)
{
    while (at < n && body[at] >= '0' && body[at] <= '9')
        at++;
    return at;
}

/* Where the number that begins there ends, by RFC 8259 6; 0: it is none. cJSON takes `01` and `1.` too. */
static size_t number_end(const char *body, size_t n, size_t at)
{
    const size_t whole = at + (body[at] == '-');
    size_t from, end = digits(body, n, whole);

    if (end == whole || (body[whole] == '0' && end > whole + 1))
        return 0;
    if (end < n && body[end] == '.') {
        from = end + 1;
        end = digits(body, n, from);
        if (end == from)
            return 0;
    }
    if (end < n && (body[end] == 'e' || body[end] == 'E')) {
        from = end + 1;
        from += from < n && (body[from] == '+' || body[from] == '-');
        end = digits(body, n, from);
        if (end == from)
            return 0;
    }
    return end;
}

/* Counts without understanding: but for its numbers, what cJSON would refuse may pass here. NULL: small enough. */
static const char *shape_problem(struct talon_run *run, const char *body, size_t n)
{
    size_t depth = 0, values = 0;
    int within = 0;

    for (size_t i = 0; i < n; i++) {
        const char c = body[i];

        if (within) {
            i += c == '\\';
            within = c != '"';
        } else if (c == '"') {
            within = 1;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            const size_t end = number_end(body, n, i);

            if (end == 0)
                return not_json(run, body, n);
            i = end - 1;
        } else if (c == '[' || c == '{') {
            depth++;
            values++;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
        values += !within && c == ',';
        if (depth > DEEPEST)
            return talon_text(run, "the body is JSON nested deeper than %d levels", DEEPEST);
        if (values > MOST_VALUES)
            return talon_text(run, "the body is JSON with more than %d values", MOST_VALUES);
    }
    return NULL;
}

static int only_blanks(const char *from, const char *end)
{
    while (from < end && strchr(" \t\r\n", *from) && *from)
        from++;
    return from == end;
}

static void free_json(void *json)
{
    cJSON_Delete(json);
}

const char *http_json_problem(struct talon_run *run, const struct talon_pair *expect, const char *body, size_t n)
{
    const char *end = NULL, *problem = shape_problem(run, body, n);
    cJSON *json;

    if (problem)
        return problem;
    json = cJSON_ParseWithLengthOpts(body, n, &end, 0);
    if (!json)
        return not_json(run, body, n);
    run->host->defer(run, free_json, json);
    if (!only_blanks(end, body + n))
        return not_json(run, body, n);
    for (; expect->name; expect++) {
        const cJSON *value = value_at(json, expect->name);

        if (!value)
            return talon_text(run, "%s is missing, expected %s", expect->name, expect->value);
        if (!equals(value, expect->value))
            return talon_text(run, "%s is %s, expected %s", expect->name, shown(run, value), expect->value);
    }
    return NULL;
}
