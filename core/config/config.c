/*
 * The steps in their order, and what happens when memory ends in one of them: both arenas jump back to here, what libraries hold is released,
 * and the configuration is one that cannot be used.
 */
#include "config/config.h"

#include "config/refused.h"
#include "config/source.h"
#include "config/steps.h"
#include "config/values.h"

#include "base/os/files.h"
#include "base/shortage.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static atomic_ullong generations;

/* ---- steps ---- */

static void give_up(struct config *c)
{
    c->failed = true;
    while (c->n_held > 0)
        work_release(c);
    if (c->problems)
        problem_no_memory(c->problems, c->given);
}

bool config_step(struct config *c, void (*step)(struct config *, const void *), const void *argument)
{
    const uint64_t short_before = shortage_count();

    if (c->failed)
        return false;
    if (setjmp(*arena_guard(c->arena))) {
        give_up(c);
        return false;
    }
    if (setjmp(*arena_guard(c->made))) {
        give_up(c);
        return false;
    }
    step(c, argument);
    if (shortage_count() != short_before)
        c->lacked = true; /* what was then said of a file or a plugin may not be true: libraries do not tell a refusal from nonsense */
    return true;
}

/* ---- begin and end ---- */

static const char *const *copy_list(struct config *c, const char *const *list)
{
    size_t n = 0;
    const char **copy;

    while (list && list[n])
        n++;
    copy = arena_array(c->arena, n + 1, sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = arena_string(c->arena, list[i]);
    return copy;
}

static void begin(struct config *c, const void *argument)
{
    const struct config_request *request = argument;
    char path[4096];

    c->problems = problems_create(c->arena);
    c->given = arena_string(c->arena, request->file);
    c->file = files_absolute(request->file, NULL, path, sizeof path) ? arena_string(c->arena, path) : c->given;
    c->plugin_folders = copy_list(c, request->plugin_folders);
    c->runbook_folder = request->runbook_folder ? arena_string(c->arena, request->runbook_folder) : NULL;
    c->packed = request->sources;
    c->programs_only = request->programs_only;
    c->request = request;
    c->model = arena_alloc(c->made, sizeof *c->model);
    c->model->arena = c->made;
    atomic_init(&c->model->users, 1);
    c->model->file = arena_string(c->made, c->file);
    c->model->generation = atomic_fetch_add(&generations, 1) + 1;
    settings_begin(c);
}

static void read_alone(struct config *c, const struct source *source, void (*read)(struct config *, const struct source *))
{
    c->alone = true;
    read(c, source);
}

static void read_main(struct config *c, const struct node *root)
{
    c->root = root;
    c->defaults = tree_get(root, "defaults");
    variables_read(c, tree_get(root, "vars"));
    settings_read(c, root);
    plugins_read(c, tree_get(root, "plugins"));
    secrets_read(c, tree_get(root, "secrets"));
    include_read(c, root);
}

static void read_root(struct config *c, const struct source *source)
{
    bool refused;
    const struct node *root = tree_read(c, source, &refused);

    if (refused)
        return;
    if (!root && source->n == 0)
        problem_error(c, work_file_place(source), "this file is empty: was it cut short?");
    else if (!root)
        problem_warning(c, work_file_place(source), "there is nothing in this file but comments: nothing is watched");
    else if (root->kind != NODE_MAP)
        problem_error(c, root->place, "the configuration must be a map of keys and values, not %s", value_kind(root));
    else if (tree_get(root, "service"))
        read_alone(c, source, plan_service_file);
    else if (tree_get(root, "runbook"))
        read_alone(c, source, runbooks_file);
    else
        read_main(c, root);
}

static void read_files(struct config *c, const void *argument)
{
    const struct source *source;
    bool again;

    (void)argument;
    plugins_find(c);
    if (c->packed) {
        source_unpacked(c, SOURCE_MAIN, read_root);
    } else {
        source = source_read(c, c->file, c->given, SOURCE_MAIN, (struct place){ .source = NULL }, &again);
        if (source)
            read_root(c, source);
    }
    c->packed = NULL;
    plan_names(c);
    defaults_plan(c, c->defaults);
    for (size_t i = 0; i < c->services.n; i++)
        defaults_plan(c, work_service_at(c, i)->defaults);
    runbooks_used(c);
    plugins_list(c);
}

struct config *config_begin(const struct config_request *request)
{
    struct config *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->full = c->bare = c->filled = c->scratch = buffer_make(0);
    c->arena = arena_create(WORK_ARENA);
    c->made = arena_create(WORK_MADE);
    if (c->arena && c->made && config_step(c, begin, request))
        return c;
    config_free(c);
    return NULL;
}

struct config *config_read(const struct config_request *request)
{
    struct config *c = config_begin(request);

    if (c)
        config_step(c, read_files, NULL);
    return c;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    buffer_free(&config->full);
    buffer_free(&config->bare);
    buffer_free(&config->filled);
    buffer_free(&config->scratch);
    if (config->model)
        model_drop(config->model);
    else
        arena_free(config->made);
    arena_free(config->arena);
    free(config);
}

/* ---- between reading and checking ---- */

const struct model_settings *config_settings(const struct config *config)
{
    return &config->model->settings;
}

const struct config_plugin *config_plugins(const struct config *config, size_t *n)
{
    *n = config->n_plugin_list;
    return config->plugin_list;
}

struct described {
    const char *plugin, *description, *why;
    bool tolerate;
};

static void describe(struct config *c, const void *argument)
{
    const struct described *d = argument;

    for (size_t i = 0; i < c->plugins.n; i++) {
        struct plugin_plan *plan = work_plugin_at(c, i);

        if (strcmp(plan->shown.name, d->plugin) != 0)
            continue;
        plan->described = true;
        plan->tolerated = d->tolerate;
        if (d->description)
            describe_read(c, i, d->description);
        else
            plan->why = arena_string(c->arena, d->why ? d->why : "it cannot be loaded");
        return;
    }
}

void config_described(struct config *config, const char *plugin, const char *description, const char *why, bool tolerate)
{
    const struct described d = { .plugin = plugin, .description = description, .why = why, .tolerate = tolerate };

    config_step(config, describe, &d);
}

/* ---- checking ---- */

static void check(struct config *c, const void *argument)
{
    (void)argument;
    operations_make(c);
    paths_read(c, tree_get(c->root, "paths"));
    runbooks_make(c);
    defaults_check(c, c->defaults);
    for (size_t i = 0; i < c->services.n; i++)
        defaults_check(c, work_service_at(c, i)->defaults);
    notify_read(c, c->root);
    ladder_read(c, tree_get(c->root, "ladder"));
    services_make(c);
    checks_make(c);
    needs_make(c);
    heal_make(c);
    maintenance_read(c, tree_get(c->root, "maintenance"));
    programs_read(c, tree_get(c->root, "programs"));
    refused_list(c);
    c->checked = true;
    if (config_errors(c) > 0)
        return;
    prints_make(c);
    programs_finish(c);
}

void config_check(struct config *config)
{
    if (!config->checked)
        config_step(config, check, NULL);
}

const struct config_validation *config_validations(const struct config *config, size_t *n)
{
    *n = config->n_validation_list;
    return config->validation_list;
}

struct refusal {
    size_t validation;
    const char *option, *text;
    bool unasked;
};

static void refuse(struct config *c, const void *argument)
{
    const struct refusal *refusal = argument;

    if (refusal->unasked)
        refused_warn(c, refusal->validation, refusal->text);
    else
        refused_tell(c, refusal->validation, refusal->option, refusal->text);
}

void config_refused(struct config *config, size_t i, const char *option, const char *text)
{
    const struct refusal refusal = { .validation = i, .option = option, .text = text };

    config_step(config, refuse, &refusal);
}

void config_unasked(struct config *config, size_t i, const char *text)
{
    const struct refusal refusal = { .validation = i, .text = text, .unasked = true };

    config_step(config, refuse, &refusal);
}

struct model *config_model(struct config *config)
{
    if (config->failed || !config->checked || config_errors(config) > 0)
        return NULL;
    return (struct model *)model_keep(config->model);
}

bool config_no_memory(const struct config *config)
{
    return config->failed || config->lacked;
}

/* ---- for editors ---- */

struct schema {
    const char *const *descriptions;
    size_t n;
    struct buffer *out;
};

static void write_schema(struct config *c, const void *argument)
{
    const struct schema *schema = argument;

    schema_write(c, schema->descriptions, schema->n, schema->out);
}

void config_schema(const char *const *descriptions, size_t n, struct buffer *out)
{
    const struct config_request request = { .file = "" };
    const struct schema schema = { .descriptions = descriptions, .n = n, .out = out };
    struct config *c = config_begin(&request);

    if (!c || !config_step(c, write_schema, &schema))
        out->failed = true;
    config_free(c);
}

/* ---- files ---- */

const struct config_file *config_files(const struct config *config, size_t *n)
{
    *n = config->listed.n;
    return config->listed.items;
}

const char *const *config_folders(const struct config *config)
{
    static const char *const none[] = { NULL };

    return config->folders.n > 0 ? (const char *const *)config->folders.items : none;
}
