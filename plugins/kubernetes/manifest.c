/* A manifest, read: see manifest.h. */
#include "manifest.h"

#include "client.h"
#include "kit/json.h"
#include "kit/yaml.h"

__attribute__((format(printf, 2, 3))) static int bad(char why[MANIFEST_PROBLEM], const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(why, MANIFEST_PROBLEM, format, ap);
    va_end(ap);
    return 0;
}

static const char *end_of_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));

    return newline ? newline + 1 : end;
}

/* `---`, maybe with a comment, begins a document. With more behind it, it is left to the reader of YAML, which takes no second document. */
static int is_mark(const char *line, const char *end)
{
    const char *stop = end_of_line(line, end), *at = line + 3;

    if (end - line < 3 || memcmp(line, "---", 3) != 0)
        return 0;
    while (at < stop && *at && strchr(" \t\r\n", *at))
        at++;
    return at == stop || (*at == '#' && at > line + 3);
}

/* Only blanks and comments: such documents stand between two marks, or before the first. */
static int is_empty(const char *text, const char *end)
{
    for (; text < end; text = end_of_line(text, end)) {
        const char *stop = end_of_line(text, end), *at = text;

        while (at < stop && *at && strchr(" \t\r\n", *at))
            at++;
        if (at < stop && *at != '#' && !is_mark(text, end))
            return 0;
    }
    return 1;
}

/* 0: it is too long for its place, or there is none. */
static int take(const cJSON *object, const char *path, char *to, size_t size, const char **text)
{
    *text = json_string(object, path, "");
    return snprintf(to, size, "%s", *text) < (int)size && **text;
}

/* "v1", "apps/v1": it becomes a part of a path. */
static int is_version(const char *text)
{
    const char *slash = strchr(text, '/');
    char group[128];

    if (!slash)
        return client_is_name(text);
    snprintf(group, sizeof group, "%.*s", (int)(slash - text), text);
    return client_is_name(group) && client_is_name(slash + 1);
}

static int take_object(const cJSON *tree, struct manifest_object *object, size_t number, char why[MANIFEST_PROBLEM])
{
    const char *text;

    if (!take(tree, "apiVersion", object->version, sizeof object->version, &text) || !is_version(object->version))
        return bad(why, "object %zu has no good apiVersion", number);
    if (!take(tree, "kind", object->kind, sizeof object->kind, &text) || !client_is_name(object->kind))
        return bad(why, "object %zu has no good kind", number);
    if (!take(tree, "metadata.name", object->name, sizeof object->name, &text) || !client_is_name(object->name))
        return bad(why, "object %zu, a %s, has no good metadata.name", number, object->kind);
    if (json_at(tree, "metadata.namespace") &&
        (!take(tree, "metadata.namespace", object->space, sizeof object->space, &text) || !client_is_name(object->space)))
        return bad(why, "%s %s has no good metadata.namespace", object->kind, object->name);
    return 1;
}

static int add(const char *from, const char *end, struct manifest *manifest, char why[MANIFEST_PROBLEM])
{
    struct manifest_object *object = &manifest->objects[manifest->n];
    char problem[YAML_PROBLEM];
    cJSON *tree;
    int good;

    if (is_empty(from, end))
        return 1;
    if (manifest->n == MANIFEST_OBJECTS)
        return bad(why, "there are more than %d objects", MANIFEST_OBJECTS);
    *object = (struct manifest_object){ .text = from, .n = (size_t)(end - from) };
    tree = yaml_read(from, object->n, problem);
    if (!tree)
        return bad(why, "object %zu: %s", manifest->n + 1, problem);
    good = take_object(tree, object, manifest->n + 1, why);
    cJSON_Delete(tree);
    manifest->n += (size_t)good;
    return good;
}

int manifest_read(const char *text, size_t n, struct manifest *manifest, char why[MANIFEST_PROBLEM])
{
    const char *end = text + n, *from = text, *line;

    manifest->n = 0;
    if (n > MANIFEST_BYTES)
        return bad(why, "it is longer than 1 MiB");
    for (line = text; line < end; line = end_of_line(line, end)) {
        if (!is_mark(line, end))
            continue;
        if (!add(from, line, manifest, why))
            return 0;
        from = end_of_line(line, end);
    }
    if (!add(from, end, manifest, why))
        return 0;
    return manifest->n > 0 || bad(why, "it holds no object");
}
