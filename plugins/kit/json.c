/*
 * JSON of a peer: see json.h. Before cJSON builds a tree of it, its nesting and the number of its values are counted, so that a small body cannot become a
 * large tree (a value is two bytes there and eighty here).
 */
#include "json.h"

#include <stdlib.h>

enum { MOST_VALUES = 100000, DEEPEST = 200, NAME = 256 };

/* ---- paths */

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

int json_is_path(const char *path)
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

const cJSON *json_at(const cJSON *node, const char *path)
{
    char name[NAME];

    while (node && path && *path) {
        path = next_name(path, name);
        node = cJSON_IsArray(node) ? array_item(node, name) : cJSON_GetObjectItemCaseSensitive(node, name);
    }
    return path ? node : NULL;
}

const char *json_string(const cJSON *node, const char *path, const char *otherwise)
{
    const cJSON *value = json_at(node, path);

    return cJSON_IsString(value) ? value->valuestring : otherwise;
}

double json_number(const cJSON *node, const char *path, double otherwise)
{
    const cJSON *value = json_at(node, path);

    return cJSON_IsNumber(value) ? value->valuedouble : otherwise;
}

int json_is_true(const cJSON *node, const char *path)
{
    return cJSON_IsTrue(json_at(node, path));
}

/* ---- the text */

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

const cJSON *json_parse(struct talon_run *owner, const char *body, size_t n, const char **problem)
{
    const char *end = NULL;
    cJSON *json;

    *problem = shape_problem(owner, body, n);
    if (*problem)
        return NULL;
    json = cJSON_ParseWithLengthOpts(body, n, &end, 0);
    if (json)
        owner->host->defer(owner, free_json, json);
    if (json && only_blanks(end, body + n))
        return json;
    *problem = not_json(owner, body, n);
    return NULL;
}
