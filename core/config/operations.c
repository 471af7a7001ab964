/* The model's plugins and operations, and which operation each check is a use of. */
#include "config/operations.h"
#include "config/steps.h"

#include "base/text.h"

#include <string.h>

static void make_plugins(struct config *c)
{
    struct model_plugin *made = arena_array(c->made, c->plugins.n + 1, sizeof *made);

    for (size_t i = 0; i < c->plugins.n; i++) {
        const struct plugin_plan *plan = work_plugin_at(c, i);

        made[i] = (struct model_plugin){ .name = plan->shown.name, .path = plan->shown.path, .command = plan->shown.command, .shipped = plan->shown.shipped,
                                         .own_host = plan->shown.own_host };
        made[i].place = plan->key ? work_place(c, plan->key->place) : (struct model_place){ .file = "" };
    }
    c->model->plugins = made;
    c->model->n_plugins = c->plugins.n;
}

struct operation *operations_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->operations.n; i++) {
        struct operation *operation = VECTOR_AT(&c->operations, struct operation, i);

        if (strcmp(operation->name, name) == 0)
            return operation;
    }
    return NULL;
}

/* ---- the check types that may be meant ---- */

static void list_types(struct config *c)
{
    c->check_types = arena_array(c->arena, c->operations.n + 1, sizeof *c->check_types);
    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *operation = VECTOR_AT(&c->operations, struct operation, i);

        if (!operation->action && !operation->unknown)
            c->check_types[c->n_check_types++] = operation->name;
    }
}

/* All that the plugin has, where that is a line. */
static void tell_types(struct config *c, const struct plugin_plan *plugin)
{
    struct buffer *types = work_scratch(c, 300);

    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *operation = VECTOR_AT(&c->operations, struct operation, i);

        if (work_plugin_at(c, operation->plugin) == plugin && !operation->action)
            buffer_printf(types, "%s`%s`", types->len > 0 ? ", " : "", operation->name);
    }
    if (types->len > 0 && !types->failed)
        problem_note(c, "it has %s", buffer_string(types));
}

static void tell_none(struct config *c, const struct node *key, const struct plugin_plan *plugin, const struct operation *action)
{
    if (action) {
        problem_error(c, key->place, "`%s` is an action, which a runbook may do; a check type is expected here", key->of.text);
        return;
    }
    problem_error(c, key->place, "the plugin `%s` has no check type %s", plugin->shown.name, problem_quote(c, key->of.text));
    if (!problem_nearest(c, key->of.text, c->check_types, c->n_check_types))
        tell_types(c, plugin);
}

/* ---- of a type's key ---- */

/* The operation of a plugin that cannot be had is known by its name alone. */
static void add_unknown(struct config *c, const char *name, size_t plugin, const char *why)
{
    struct operation *operation;

    if (operations_find(c, name))
        return;
    operation = vector_push(c->arena, &c->operations, sizeof *operation);
    operation->name = operation->own_name = arena_string(c->made, name);
    operation->plugin = plugin;
    operation->unknown = true;
    operation->missing = arena_string(c->made, why);
}

static void add_of_type(struct config *c, const char *type)
{
    const struct plugin_plan *plugin = plugins_of_type(c, type);

    if (plugin && plugin->why && plugin->tolerated)
        add_unknown(c, type, (size_t)(plugin - work_plugin_at(c, 0)), plugin->why);
}

static void add_unknowns(struct config *c)
{
    for (size_t i = 0; i < c->checks.n; i++) {
        const struct check_plan *check = work_check_at(c, i);

        if (check->type)
            add_of_type(c, check->type->key->of.text);
    }
    runbooks_types(c, add_of_type);
    notify_types(c, add_of_type);
}

/* Of an operation that cannot be used at all. */
static const struct operation *tell_plugin(struct config *c, const struct node *key, const struct plugin_plan *plugin)
{
    if (plugin->why)
        problem_error(c, key->place, "the plugin `%s` cannot be used: %s", plugin->shown.name, plugin->why);
    else
        problem_error(c, key->place, "the plugin `%s` cannot be used: nobody could ask it what it does", plugin->shown.name);
    return NULL;
}

const struct operation *operations_of(struct config *c, const struct node *key)
{
    const struct plugin_plan *plugin = plugins_of_type(c, key->of.text);
    const struct operation *operation = operations_find(c, key->of.text);

    if (operation && !operation->action)
        return operation;
    if (!plugin || plugin->wrong)
        return NULL;
    if (plugin->why || !plugin->described)
        return tell_plugin(c, key, plugin);
    tell_none(c, key, plugin, operation);
    return NULL;
}

static void tell_no_action(struct config *c, const struct node *key, const struct plugin_plan *plugin, const struct operation *check)
{
    const char **names = arena_array(c->arena, c->operations.n + 1, sizeof *names);
    size_t n = 0;

    if (check) {
        problem_error(c, key->place, "`%s` is a check type: `do` takes an action", key->of.text);
        return;
    }
    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *operation = VECTOR_AT(&c->operations, struct operation, i);

        if (operation->action && !operation->unknown)
            names[n++] = operation->name;
    }
    problem_error(c, key->place, "the plugin `%s` has no action %s", plugin->shown.name, problem_quote(c, key->of.text));
    problem_nearest(c, key->of.text, names, n);
}

const struct operation *operations_of_step(struct config *c, const struct node *key, bool check)
{
    const struct plugin_plan *plugin = plugins_of_type(c, key->of.text);
    const struct operation *operation = operations_find(c, key->of.text);

    if (operation && (operation->action || operation->unknown || check))
        return operation;
    if (!plugin) {
        problem_error(c, key->place, "no plugin has the action %s", problem_quote(c, key->of.text));
        problem_nearest(c, arena_copy(c->arena, key->of.text, strcspn(key->of.text, ".")), c->plugin_names, c->n_plugin_names);
        return NULL;
    }
    if (plugin->wrong)
        return NULL;
    if (plugin->why || !plugin->described)
        return tell_plugin(c, key, plugin);
    tell_no_action(c, key, plugin, operation);
    return NULL;
}

static void make_operations(struct config *c)
{
    struct model_operation *made = arena_array(c->made, c->operations.n + 1, sizeof *made);

    for (size_t i = 0; i < c->operations.n; i++) {
        const struct operation *o = VECTOR_AT(&c->operations, struct operation, i);

        made[i] = (struct model_operation){ .name = o->name, .plugin = o->plugin, .action = o->action, .blocking = o->blocking, .repeatable = o->repeatable,
                                            .impact = o->impact, .n_metrics = o->n_metrics, .metrics = o->metrics, .missing = o->missing };
    }
    c->model->operations = made;
    c->model->n_operations = c->operations.n;
}

void operations_make(struct config *c)
{
    make_plugins(c);
    add_unknowns(c);
    list_types(c);
    make_operations(c);
    for (size_t i = 0; i < c->checks.n; i++)
        if (work_check_at(c, i)->type)
            work_check_at(c, i)->operation = operations_of(c, work_check_at(c, i)->type->key);
}
