/* The options of a check as they are in force: values from its conf, spelled as in YAML; places from the files. Secret ones as ******. */
#include "config/show_private.h"

#include "config/checks.h"
#include "config/options.h"

#include "base/scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct level { /* the maps in which the options at hand may stand */
    const struct node *maps[OPTIONS_LEVELS];
};

static const char hidden[] = "******";

static const struct node *find(const struct level *level, const struct option *option)
{
    for (size_t i = 0; i < OPTIONS_LEVELS; i++) {
        const struct entry *entry = options_entry(level->maps[i], option);

        if (entry)
            return entry->value;
    }
    return option->fallback;
}

static void add_address(struct buffer *text, const cJSON *value)
{
    const cJSON *host = cJSON_GetObjectItemCaseSensitive(value, "host"), *port = cJSON_GetObjectItemCaseSensitive(value, "port");
    const cJSON *path = cJSON_GetObjectItemCaseSensitive(value, "unix");

    if (cJSON_IsString(path))
        buffer_printf(text, "unix:%s", path->valuestring);
    else if (cJSON_IsString(host) && cJSON_IsNumber(port))
        buffer_printf(text, strchr(host->valuestring, ':') ? "[%s]:%d" : "%s:%d", host->valuestring, port->valueint);
}

static void add_value(struct buffer *text, const struct option *option, const cJSON *value)
{
    char spelled[64];

    if (option->type == OPTION_DURATION && cJSON_IsString(value)) {
        scalar_show_duration(strtoull(value->valuestring, NULL, 10), spelled, sizeof spelled);
        buffer_text(text, spelled);
    } else if (option->type == OPTION_SIZE && cJSON_IsString(value)) {
        scalar_show_size(strtoull(value->valuestring, NULL, 10), spelled, sizeof spelled);
        buffer_text(text, spelled);
    } else if (option->type == OPTION_ADDRESS) {
        add_address(text, value);
    } else if (cJSON_IsBool(value)) {
        buffer_text(text, cJSON_IsTrue(value) ? "true" : "false");
    } else if (cJSON_IsNumber(value)) {
        buffer_printf(text, "%.15g", value->valuedouble);
    } else if (cJSON_IsString(value)) {
        buffer_text(text, value->valuestring);
    }
}

static void show_list(struct show *s, const struct option *option, const cJSON *value, const struct node *from)
{
    struct buffer text = buffer_make(0);
    const cJSON *item;

    buffer_char(&text, '[');
    cJSON_ArrayForEach(item, value)
    {
        buffer_text(&text, item == value->child ? "" : ", ");
        add_value(&text, option, item);
    }
    buffer_char(&text, ']');
    show_line(s, option->name, buffer_string(&text), from);
    buffer_free(&text);
}

static void show_map(struct show *s, const struct option *option, const cJSON *value, const struct node *from, bool secret)
{
    const size_t length = show_enter(s, option->name);
    const cJSON *item;

    cJSON_ArrayForEach(item, value)
    {
        const struct node *own = tree_get(from, item->string);

        show_line(s, item->string, secret ? hidden : cJSON_IsString(item) ? item->valuestring : "", own ? own : from);
    }
    show_leave(s, length);
}

static void show_object(struct show *s, const struct option *options, size_t n, const cJSON *object, const struct level *level, bool secret);

static void show_group(struct show *s, const struct option *option, const cJSON *value, const struct level *level, bool secret)
{
    const size_t length = show_enter(s, option->name);
    struct level deeper;

    for (size_t i = 0; i < OPTIONS_LEVELS; i++) {
        const struct entry *entry = options_entry(level->maps[i], option);

        deeper.maps[i] = entry ? entry->value : NULL;
    }
    show_object(s, option->fields, option->n_fields, value, &deeper, secret);
    show_leave(s, length);
}

static void show_table(struct show *s, const struct option *option, const cJSON *value, const struct node *from, bool secret)
{
    const size_t length = show_enter(s, option->name);
    const cJSON *row;
    size_t number = 0;

    cJSON_ArrayForEach(row, value)
    {
        struct level level = { { from && from->kind == NODE_LIST && number < from->n ? from->of.items[number] : NULL } };
        char part[32];
        size_t inner;

        snprintf(part, sizeof part, "%zu", ++number);
        inner = show_enter(s, part);
        show_object(s, option->fields, option->n_fields, row, &level, secret);
        show_leave(s, inner);
    }
    show_leave(s, length);
}

static void show_scalar(struct show *s, const struct option *option, const cJSON *value, const struct node *from)
{
    struct buffer text = buffer_make(0);

    add_value(&text, option, value);
    show_line(s, option->name, buffer_string(&text), from);
    buffer_free(&text);
}

static void show_option(struct show *s, const struct option *option, const cJSON *value, const struct level *level, bool secret)
{
    const struct node *from = find(level, option);

    if (option->type == OPTION_GROUP)
        show_group(s, option, value, level, secret);
    else if (option->type == OPTION_TABLE)
        show_table(s, option, value, from, secret);
    else if (option->type == OPTION_MAP)
        show_map(s, option, value, from, secret);
    else if (secret)
        show_line(s, option->name, hidden, from);
    else if (option->type == OPTION_LIST)
        show_list(s, option, value, from);
    else
        show_scalar(s, option, value, from);
}

static void show_object(struct show *s, const struct option *options, size_t n, const cJSON *object, const struct level *level, bool secret)
{
    for (size_t i = 0; i < n; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, options[i].name);

        if (value)
            show_option(s, &options[i], value, level, secret || options[i].secret);
    }
}

void show_options(struct show *s, const struct check_plan *check, const char *conf)
{
    struct level level;
    size_t length;
    cJSON *json;

    if (!check->operation)
        return;
    json = cJSON_Parse(conf);
    if (!json) {
        s->out->failed = true;
        return;
    }
    checks_levels(s->c, check, level.maps);
    length = show_enter(s, check->operation->name);
    show_object(s, check->operation->options, check->operation->n_options, json, &level, false);
    show_leave(s, length);
    cJSON_Delete(json);
}
