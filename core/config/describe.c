/*
 * A plugin's description (docs/plugin-protocol.md) becomes operations and options. It comes from another process, so nothing in it is believed: what is
 * not as documented makes the plugin one that cannot be had.
 */
#include "config/options.h"
#include "config/problems.h"
#include "config/steps.h"

#include "base/scalar.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { NESTED = 8, OPTIONS = 500, OPERATIONS = 200, METRICS = 1000, CHOICES = 200 };

struct describing {
    struct config *c;
    size_t plugin;
    const char *why; /* the first thing that is wrong */
};

static const char *const types[OPTION_TYPES] = {
    [OPTION_STRING] = "string", [OPTION_PATH] = "path", [OPTION_PEM] = "pem", [OPTION_INT] = "int", [OPTION_NUMBER] = "number", [OPTION_BOOL] = "bool",
    [OPTION_DURATION] = "duration", [OPTION_SIZE] = "size", [OPTION_ENUM] = "enum", [OPTION_LIST] = "list", [OPTION_MAP] = "map",
    [OPTION_ADDRESS] = "address", [OPTION_PATTERN] = "pattern", [OPTION_GROUP] = "group", [OPTION_TABLE] = "table",
};

static bool wrong(struct describing *d, const char *what, const char *name)
{
    if (!d->why)
        d->why = arena_printf(d->c->arena, "its description is wrong: %s `%.64s`", what, name ? name : "?");
    return false;
}

static const char *string_of(struct describing *d, const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? arena_string(d->c->arena, item->valuestring) : NULL;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool is_word(const char *name, const char *allowed)
{
    const size_t n = name ? strspn(name, allowed) : 0;

    return n > 0 && n < 64 && name[n] == '\0';
}

static const char option_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
static const char operation_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

/* ---- options ---- */

/* A bound: a string of digits, or a number. */
static bool read_bound(struct describing *d, const cJSON *object, const char *name, struct option *option, bool *has, int64_t *whole, double *number)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    char why[SCALAR_WHY];

    *has = item != NULL;
    if (!item)
        return true;
    if (cJSON_IsNumber(item)) {
        *number = item->valuedouble;
        *whole = item->valuedouble >= 9.2e18 ? INT64_MAX : item->valuedouble <= -9.2e18 ? INT64_MIN : (int64_t)item->valuedouble;
        return true;
    }
    if (!cJSON_IsString(item) || !scalar_int(item->valuestring, whole, why))
        return wrong(d, "a bound of the option", option->name);
    *number = (double)*whole;
    return true;
}

/* It is read as YAML would be; what is wrong with it is the plugin's mistake, not one of the configuration. */
static const struct node *read_list(struct describing *d, const struct source *source)
{
    const struct node *list;
    bool refused;

    problem_mute(d->c, true);
    list = tree_read(d->c, source, &refused);
    problem_mute(d->c, false);
    return list;
}

static const struct node *make_fallback(struct describing *d, const struct option *option, const char *text)
{
    struct source *source = arena_alloc(d->c->arena, sizeof *source);
    struct node *node = arena_alloc(d->c->arena, sizeof *node);

    source->shown = source->path = "";
    source->folder = "/";
    source->text = text;
    source->n = strlen(text);
    if (text[0] == '[' || text[0] == '{')
        if (option->type == OPTION_LIST || option->type == OPTION_MAP || option->type == OPTION_TABLE)
            return read_list(d, source);
    *node = (struct node){ .kind = NODE_TEXT, .height = 1, .weight = 1, .place = { .source = source }, .n = source->n, .of.text = text };
    return node;
}

/* Its first use would show it, at no place that a person could mend. */
static bool check_fallback(struct describing *d, const struct option *option)
{
    struct vector holes = { 0 };
    bool good = option->fallback != NULL;

    problem_mute(d->c, true);
    if (good && option->type == OPTION_TABLE)
        good = option->fallback->kind == NODE_LIST;
    else if (good && option->type != OPTION_GROUP)
        good = options_value(d->c, option, option->name, false, option->fallback, &holes);
    problem_mute(d->c, false);
    buffer_clear(&d->c->full);
    return good || wrong(d, "the default of the option", option->name);
}

static bool read_choices(struct describing *d, const cJSON *object, struct option *option)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "choices"), *item;
    const char **choices;

    if (option->type != OPTION_ENUM)
        return true;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) < 1 || cJSON_GetArraySize(list) > CHOICES)
        return wrong(d, "the choices of the option", option->name);
    choices = arena_array(d->c->arena, (size_t)cJSON_GetArraySize(list), sizeof *choices);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return wrong(d, "the choices of the option", option->name);
        choices[option->n_choices++] = arena_string(d->c->arena, item->valuestring);
    }
    option->choices = choices;
    return true;
}

static bool read_options(struct describing *d, const cJSON *list, unsigned level, const struct option **options, size_t *n);

static bool read_fields(struct describing *d, const cJSON *object, unsigned level, struct option *option)
{
    if (option->type != OPTION_GROUP && option->type != OPTION_TABLE)
        return true;
    return read_options(d, cJSON_GetObjectItemCaseSensitive(object, "fields"), level + 1, &option->fields, &option->n_fields);
}

static bool read_option(struct describing *d, const cJSON *object, unsigned level, struct option *option)
{
    const char *type = string_of(d, object, "type"), *fallback = string_of(d, object, "default");
    size_t i = 0;

    option->name = string_of(d, object, "name");
    if (!is_word(option->name, option_letters))
        return wrong(d, "an option's name", option->name);
    while (i < OPTION_TYPES && (!type || strcmp(types[i], type) != 0))
        i++;
    if (i == OPTION_TYPES)
        return wrong(d, "the type of the option", option->name);
    option->type = (enum option_type)i;
    option->former = string_of(d, object, "former");
    option->help = string_of(d, object, "help");
    option->required = is_true(object, "required");
    option->secret = is_true(object, "secret");
    option->obsolete = is_true(object, "obsolete");
    if (!read_bound(d, object, "min", option, &option->bounded_below, &option->least, &option->min) ||
        !read_bound(d, object, "max", option, &option->bounded_above, &option->most, &option->max))
        return false;
    if (!read_choices(d, object, option) || !read_fields(d, object, level, option))
        return false;
    if (!fallback)
        return true;
    option->fallback = make_fallback(d, option, fallback);
    return check_fallback(d, option);
}

static bool read_options(struct describing *d, const cJSON *list, unsigned level, const struct option **options, size_t *n)
{
    const cJSON *item;
    struct option *made;
    const int count = cJSON_GetArraySize(list);

    if (!list)
        return true;
    if (!cJSON_IsArray(list) || level > NESTED || count > OPTIONS)
        return wrong(d, "the options are no list, or too many", "options");
    made = arena_array(d->c->arena, (size_t)count + 1, sizeof *made);
    *options = made;
    cJSON_ArrayForEach(item, list)
    {
        if (!read_option(d, item, level, &made[*n]))
            return false;
        for (size_t i = 0; i < *n; i++)
            if (strcmp(made[i].name, made[*n].name) == 0)
                return wrong(d, "twice the option", made[*n].name);
        ++*n;
    }
    return true;
}

/* ---- operations ---- */

static bool read_metrics(struct describing *d, const cJSON *object, struct operation *operation)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "metrics"), *item;
    struct model_metric *made;

    if (!list)
        return true;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > METRICS)
        return wrong(d, "the metrics of", operation->name);
    made = arena_array(d->c->made, (size_t)cJSON_GetArraySize(list) + 1, sizeof *made);
    cJSON_ArrayForEach(item, list)
    {
        const char *name = string_of(d, item, "name"), *unit = string_of(d, item, "unit");

        if (!name || (strcmp(name, "*") != 0 && !is_word(name, option_letters)))
            return wrong(d, "a metric's name", name);
        made[operation->n_metrics++] = (struct model_metric){ .name = arena_string(d->c->made, name), .unit = arena_string(d->c->made, unit ? unit : "") };
    }
    operation->metrics = made;
    return true;
}

static bool read_impact(struct describing *d, const cJSON *object, struct operation *operation)
{
    static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive" };
    const char *impact = string_of(d, object, "impact");

    if (!impact)
        return true;
    for (size_t i = 0; i < sizeof impacts / sizeof *impacts; i++) {
        if (strcmp(impacts[i], impact) == 0) {
            operation->impact = (enum model_impact)i;
            return true;
        }
    }
    return wrong(d, "the impact of", operation->name);
}

static bool read_operation(struct describing *d, const cJSON *object, struct operation *operation)
{
    const char *plugin = work_plugin_at(d->c, d->plugin)->shown.name;
    const char *kind = string_of(d, object, "kind");

    operation->own_name = string_of(d, object, "name");
    operation->summary = string_of(d, object, "summary");
    operation->plugin = d->plugin;
    if (!is_word(operation->own_name, operation_letters))
        return wrong(d, "an operation's name", operation->own_name);
    operation->name = strcmp(operation->own_name, plugin) == 0 ? arena_string(d->c->made, plugin) : arena_printf(d->c->made, "%s.%s", plugin, operation->own_name);
    if (!kind || (strcmp(kind, "check") != 0 && strcmp(kind, "action") != 0))
        return wrong(d, "the kind of", operation->name);
    operation->action = kind[0] == 'a';
    operation->blocking = is_true(object, "blocking");
    operation->repeatable = is_true(object, "repeatable");
    operation->validates = is_true(object, "validates");
    return read_options(d, cJSON_GetObjectItemCaseSensitive(object, "options"), 0, &operation->options, &operation->n_options) &&
           read_metrics(d, object, operation) && read_impact(d, object, operation);
}

static bool read_operations(struct describing *d, const cJSON *root)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "operations"), *item;
    const int n = cJSON_GetArraySize(list);

    if (!cJSON_IsArray(list) || n < 1 || n > OPERATIONS)
        return wrong(d, "no list of", "operations");
    cJSON_ArrayForEach(item, list)
    {
        struct operation *operation = vector_push(d->c->arena, &d->c->operations, sizeof *operation);

        if (!read_operation(d, item, operation))
            return false;
    }
    return true;
}

static void delete_json(void *json)
{
    cJSON_Delete(json);
}

void describe_read(struct config *c, size_t plugin, const char *description)
{
    struct describing d = { .c = c, .plugin = plugin };
    const size_t before = c->operations.n;
    cJSON *json = cJSON_Parse(description);

    work_hold(c, delete_json, json);
    if (!json)
        wrong(&d, "it is no", "JSON");
    else if (!read_operations(&d, json))
        c->operations.n = before;
    work_release(c);
    work_plugin_at(c, plugin)->why = d.why;
}
