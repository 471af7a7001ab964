/* `defaults:`: its keys, and its values where no check uses them. What is used is read again at each use, and told once. */
#include "config/checks.h"
#include "config/operations.h"
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <string.h>

static bool is_setting(const char *key)
{
    for (size_t i = 0; i < CHECK_INHERITED; i++)
        if (strcmp(work_check_settings[i], key) == 0)
            return true;
    for (size_t i = 0; i < SERVICE_INHERITED; i++)
        if (strcmp(work_service_settings[i], key) == 0)
            return true;
    return false;
}

static void tell_unknown(struct config *c, const struct node *key)
{
    const char **words = arena_array(c->arena, CHECK_INHERITED + SERVICE_INHERITED + c->n_plugin_names, sizeof *words);
    size_t n = 0;

    for (size_t i = 0; i < CHECK_INHERITED; i++)
        words[n++] = work_check_settings[i];
    for (size_t i = 0; i < SERVICE_INHERITED; i++)
        words[n++] = work_service_settings[i];
    for (size_t i = 0; i < c->n_plugin_names; i++)
        words[n++] = c->plugin_names[i];
    problem_error(c, key->place, "%s is no setting that can have a default, and no check type", problem_quote(c, key->of.text));
    problem_nearest(c, key->of.text, words, n);
}

void defaults_plan(struct config *c, const struct node *defaults)
{
    if (!defaults || !value_is_map(c, defaults, "defaults", "settings"))
        return;
    for (size_t i = 0; defaults->kind == NODE_MAP && i < defaults->n; i++) {
        const struct entry *entry = &defaults->of.entries[i];

        if (is_setting(entry->key->of.text))
            continue;
        if (!plugins_of_type(c, entry->key->of.text))
            tell_unknown(c, entry->key);
        else
            value_is_map(c, entry->value, entry->key->of.text, "settings and options");
    }
}

static void check_type(struct config *c, const struct entry *entry)
{
    const struct operation *operation = operations_of(c, entry->key);
    struct options_use use = { .operation = operation, .type = entry, .levels = { entry->value }, .defaults = true };
    struct model_conf conf;
    const char *bare;

    if (operation && !operation->unknown && entry->value->kind == NODE_MAP)
        options_write(c, &use, &conf, &bare);
}

static void check_settings(struct config *c, const struct node *map)
{
    const struct node *given[CHECK_SETTINGS] = { NULL };
    struct check_settings ignored = { 0 };

    for (size_t i = 0; i < CHECK_INHERITED; i++)
        given[i] = tree_get(map, work_check_settings[i]);
    checks_settings(c, given, &ignored);
}

void defaults_check(struct config *c, const struct node *defaults)
{
    if (!defaults || defaults->kind != NODE_MAP)
        return;
    check_settings(c, defaults);
    for (size_t i = 0; i < SERVICE_INHERITED; i++) {
        const struct node *node = tree_get(defaults, work_service_settings[i]);
        uint64_t ignored;

        if (node)
            value_duration(c, node, work_service_settings[i], 0, 0, &ignored);
    }
    for (size_t i = 0; i < defaults->n; i++) {
        const struct entry *entry = &defaults->of.entries[i];

        if (is_setting(entry->key->of.text) || !plugins_of_type(c, entry->key->of.text))
            continue;
        check_type(c, entry);
        check_settings(c, entry->value);
    }
}
