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

/* Says so, with its head; 0, so that it can be returned. */
static int not_json(struct talon_run *owner, const char *body, size_t n, char problem[JSON_PROBLEM])
{
    const char *head = talon_quote(owner, body, n, 80);

    snprintf(problem, JSON_PROBLEM, n > 0 ? "the body is not JSON: \"%s\"" : "the body is empty, expected JSON", head);
    owner->host->release(owner, (void *)(uintptr_t)head);
    return 0;
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

/* Counts without understanding: but for its numbers, what cJSON would refuse may pass here. 0: too large, or no JSON. */
static int has_shape(struct talon_run *owner, const char *body, size_t n, char problem[JSON_PROBLEM])
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
                return not_json(owner, body, n, problem);
            i = end - 1;
        } else if (c == '[' || c == '{') {
            depth++;
            values++;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
        values += !within && c == ',';
        if (depth > DEEPEST || values > MOST_VALUES) {
            snprintf(problem, JSON_PROBLEM, depth > DEEPEST ? "the body is JSON nested deeper than %d levels" : "the body is JSON with more than %d values",
                     depth > DEEPEST ? DEEPEST : MOST_VALUES);
            return 0;
        }
    }
    return 1;
}

static int only_blanks(const char *from, const char *end)
{
    while (from < end && strchr(" \t\r\n", *from) && *from)
        from++;
    return from == end;
}

cJSON *json_read(struct talon_run *owner, const char *body, size_t n, char problem[JSON_PROBLEM])
{
    const char *end = NULL;
    cJSON *json;

    if (!has_shape(owner, body, n, problem))
        return NULL;
    json = cJSON_ParseWithLengthOpts(body, n, &end, 0);
    if (json && only_blanks(end, body + n))
        return json;
    cJSON_Delete(json);
    not_json(owner, body, n, problem);
    return NULL;
}

static void free_json(void *json)
{
    cJSON_Delete(json);
}

const cJSON *json_parse(struct talon_run *owner, const char *body, size_t n, const char **problem)
{
    char words[JSON_PROBLEM];
    cJSON *json = json_read(owner, body, n, words);

    *problem = json ? NULL : talon_text(owner, "%s", words);
    if (json)
        owner->host->defer(owner, free_json, json);
    return json;
}
