/* What a plugin offers, as JSON for the core: it validates the configuration against this, and makes help and reference pages of it. */
#include "plugins.h"

#include "base/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {
    [TALON_T_STRING] = "string", [TALON_T_PATH] = "path", [TALON_T_PEM] = "pem", [TALON_T_INT] = "int", [TALON_T_NUMBER] = "number",
    [TALON_T_BOOL] = "bool", [TALON_T_DURATION] = "duration", [TALON_T_SIZE] = "size", [TALON_T_ENUM] = "enum", [TALON_T_LIST] = "list",
    [TALON_T_MAP] = "map", [TALON_T_ADDRESS] = "address", [TALON_T_PATTERN] = "pattern", [TALON_T_GROUP] = "group", [TALON_T_TABLE] = "table",
};

/* Texts are the plugin's: on the wire there is only valid UTF-8. */
static void add_text(cJSON *object, const char *name, const char *text)
{
    struct buffer clean = buffer_make(0);

    if (!text)
        return;
    text_clean(&clean, text, strlen(text), 0);
    cJSON_AddStringToObject(object, name, buffer_string(&clean));
    buffer_free(&clean);
}

static void add_flag(cJSON *object, const char *name, bool set)
{
    if (set)
        cJSON_AddTrueToObject(object, name);
}

static void add_bound(cJSON *object, const char *name, const struct talon_option *option, int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, value);
    if (option->type == TALON_T_NUMBER)
        cJSON_AddNumberToObject(object, name, (double)value);
    else
        cJSON_AddStringToObject(object, name, digits);
}

static cJSON *make_options(const struct talon_option *options);

static cJSON *make_option(const struct talon_option *option)
{
    cJSON *object = cJSON_CreateObject();

    add_text(object, "name", option->name);
    add_text(object, "type", type_names[option->type]);
    add_flag(object, "required", option->flags & TALON_REQUIRED);
    add_flag(object, "secret", option->flags & TALON_SECRET);
    add_flag(object, "obsolete", option->flags & TALON_OBSOLETE);
    if (option->min != 0 || option->max != 0) {
        add_bound(object, "min", option, option->min);
        add_bound(object, "max", option, option->max);
    }
    if (option->type == TALON_T_ENUM) {
        cJSON *choices = cJSON_AddArrayToObject(object, "choices");

        for (size_t i = 0; option->choices[i]; i++)
            cJSON_AddItemToArray(choices, cJSON_CreateString(option->choices[i]));
    }
    add_text(object, "default", option->fallback);
    add_text(object, "former", option->former);
    add_text(object, "help", option->help);
    if (option->fields)
        cJSON_AddItemToObject(object, "fields", make_options(option->fields));
    return object;
}

static cJSON *make_options(const struct talon_option *options)
{
    cJSON *list = cJSON_CreateArray();

    for (; options->name; options++)
        cJSON_AddItemToArray(list, make_option(options));
    return list;
}

static cJSON *make_metrics(const struct talon_metric *metrics)
{
    cJSON *list = cJSON_CreateArray();

    for (; metrics->name; metrics++) {
        cJSON *object = cJSON_CreateObject();

        add_text(object, "name", metrics->name);
        add_text(object, "unit", metrics->unit ? metrics->unit : "");
        add_text(object, "help", metrics->help);
        cJSON_AddItemToArray(list, object);
    }
    return list;
}

/* Can a use of it be wrong in a way that the types do not show? */
static bool has_more_to_check(const struct talon_option *options)
{
    for (; options && options->name; options++)
        if (options->type == TALON_T_PATTERN || options->type == TALON_T_PEM || has_more_to_check(options->fields))
            return true;
    return false;
}

static cJSON *make_operation(const struct operation *operation)
{
    static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive" };
    const struct talon_operation *is = &operation->is;
    cJSON *object = cJSON_CreateObject();

    add_text(object, "kind", is->kind == TALON_ACTION ? "action" : "check");
    add_text(object, "name", is->name);
    add_text(object, "summary", is->summary);
    cJSON_AddBoolToObject(object, "blocking", (is->flags & TALON_BLOCKING) != 0);
    cJSON_AddBoolToObject(object, "repeatable", (is->flags & TALON_REPEATABLE) != 0);
    add_text(object, "impact", impacts[is->impact]);
    cJSON_AddBoolToObject(object, "validates", is->validate || has_more_to_check(is->options));
    cJSON_AddItemToObject(object, "options", make_options(is->options));
    cJSON_AddItemToObject(object, "metrics", make_metrics(is->metrics));
    return object;
}

char *plugin_describe(const struct plugin *plugin)
{
    cJSON *object = cJSON_CreateObject(), *operations;
    char abi[32], *text;

    snprintf(abi, sizeof abi, "%u.%u", plugin->is.abi_major, plugin->is.abi_minor);
    add_text(object, "name", plugin->name);
    add_text(object, "version", plugin->is.version);
    add_text(object, "license", plugin->is.license);
    add_text(object, "summary", plugin->is.summary);
    add_text(object, "abi", abi);
    operations = cJSON_AddArrayToObject(object, "operations");
    for (size_t i = 0; i < plugin->n_operations; i++)
        cJSON_AddItemToArray(operations, make_operation(&plugin->operations[i]));
    text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}
