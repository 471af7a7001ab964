/* Which plugins there are: those that lie in Talon's own folders, known by their names without being loaded, and those of `plugins:`. */
#include "config/steps.h"
#include "config/values.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLUGIN_NAME = 64, FOUND = 1000 };

/* "redis" of "redis.so"; false: no name of a plugin. */
static bool is_plugin_file(const char *file, size_t *n)
{
    const char *dot = strrchr(file, '.');

    if (!dot || strcmp(dot, ".so") != 0 || dot == file)
        return false;
    *n = (size_t)(dot - file);
    return *n < PLUGIN_NAME && strspn(file, "abcdefghijklmnopqrstuvwxyz0123456789_") == *n;
}

static bool is_plugin_name(const char *name)
{
    const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && n < PLUGIN_NAME && name[n] == '\0';
}

static void close_folder(void *folder)
{
    closedir(folder);
}

static bool is_found(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_plugin_names; i++)
        if (strcmp(c->plugin_names[i], name) == 0)
            return true;
    return false;
}

/* By name, so that sentences do not hang on the order in a folder. */
static void sort_in(struct config *c, const char *name, const char *path)
{
    size_t i = c->n_plugin_names++;

    for (; i > 0 && strcmp(c->plugin_names[i - 1], name) > 0; i--) {
        c->plugin_names[i] = c->plugin_names[i - 1];
        c->plugin_paths[i] = c->plugin_paths[i - 1];
    }
    c->plugin_names[i] = name;
    c->plugin_paths[i] = path;
}

static void find_in(struct config *c, const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    size_t n;

    if (!dir)
        return;
    work_hold(c, close_folder, dir);
    while (c->n_plugin_names < FOUND && (entry = readdir(dir))) {
        const char *name;

        if (!is_plugin_file(entry->d_name, &n))
            continue;
        name = arena_copy(c->arena, entry->d_name, n);
        if (!is_found(c, name))
            sort_in(c, name, arena_printf(c->arena, "%s/%s", folder, entry->d_name));
    }
    work_release(c);
}

void plugins_find(struct config *c)
{
    c->plugin_names = arena_array(c->arena, FOUND, sizeof *c->plugin_names);
    c->plugin_paths = arena_array(c->arena, FOUND, sizeof *c->plugin_paths);
    for (size_t i = 0; c->plugin_folders && c->plugin_folders[i]; i++)
        find_in(c, c->plugin_folders[i]);
}

/* ---- plans ---- */

static struct plugin_plan *planned(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->plugins.n; i++)
        if (strcmp(work_plugin_at(c, i)->shown.name, name) == 0)
            return work_plugin_at(c, i);
    return NULL;
}

static const char *shipped_path(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_plugin_names; i++)
        if (strcmp(c->plugin_names[i], name) == 0)
            return c->plugin_paths[i];
    return NULL;
}

static struct plugin_plan *add(struct config *c, const char *name)
{
    struct plugin_plan *plan = vector_push(c->arena, &c->plugins, sizeof *plan);

    plan->shown.name = arena_string(c->made, name);
    return plan;
}

struct plugin_plan *plugins_of_type(struct config *c, const char *type)
{
    char name[PLUGIN_NAME];
    const size_t n = strcspn(type, ".");
    struct plugin_plan *plan;
    const char *path;

    if (n == 0 || n >= sizeof name)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)n, type);
    plan = planned(c, name);
    if (plan)
        return plan;
    path = shipped_path(c, name);
    if (!path)
        return NULL;
    plan = add(c, name);
    plan->shown.path = arena_string(c->made, path);
    plan->shown.shipped = true;
    return plan;
}

struct plugin_plan *plugins_assume(struct config *c, const char *type)
{
    const char *name = arena_copy(c->arena, type, strcspn(type, "."));
    struct plugin_plan *plan;

    if (!is_plugin_name(name))
        return NULL;
    plan = add(c, name);
    plan->why = "it is not known without the main file";
    plan->described = plan->tolerated = true;
    return plan;
}

void plugins_list(struct config *c)
{
    size_t n = 0;

    c->plugin_list = arena_array(c->arena, c->plugins.n + 1, sizeof *c->plugin_list);
    for (size_t i = 0; i < c->plugins.n; i++)
        if (!work_plugin_at(c, i)->wrong && !work_plugin_at(c, i)->why)
            c->plugin_list[n++] = work_plugin_at(c, i)->shown;
    c->n_plugin_list = n;
}

/* ---- plugins: ---- */

static void read_place(struct config *c, struct plugin_plan *plan, const struct node *path, const struct node *command, const struct node *at,
                       bool is_misspelt)
{
    const char *shipped = shipped_path(c, plan->shown.name);
    size_t n = 0;
    bool good;

    plan->wrong = true;
    if (path && command) {
        problem_error(c, command->place, "the plugin `%s` has both `path` and `command`: one of them is expected", plan->shown.name);
    } else if (path) {
        plan->wrong = !value_path(c, path, "path", &plan->shown.path);
    } else if (command) {
        good = value_list(c, command, "command", &plan->shown.command, &n);
        plan->wrong = !good || n == 0;
        if (good && n == 0)
            problem_error(c, command->place, "`command` must be a list of a program and its arguments");
    } else if (shipped) {
        plan->shown.path = arena_string(c->made, shipped);
        plan->shown.shipped = true;
        plan->wrong = false;
    } else if (!is_misspelt) {
        problem_error(c, at->place, "no plugin `%s` comes with Talon: `path` or `command` is expected", plan->shown.name);
        problem_nearest(c, plan->shown.name, c->plugin_names, c->n_plugin_names);
    }
}

static void read_plugin(struct config *c, const struct entry *entry)
{
    static const char *const keys[] = { "path", "command", "host" }, *const hosts[] = { "own", "shared" };
    const struct node *host = tree_get(entry->value, "host");
    struct plugin_plan *plan;
    size_t index = 0;

    if (!is_plugin_name(entry->key->of.text)) {
        problem_error(c, entry->key->place, "%s is no name for a plugin: up to 63 of a-z, 0-9 and _ are expected", problem_quote(c, entry->key->of.text));
        return;
    }
    if (!value_is_map(c, entry->value, entry->key->of.text, "`path`, `command` and `host`"))
        return;
    work_keys(c, entry->value, keys, sizeof keys / sizeof *keys);
    plan = add(c, entry->key->of.text);
    plan->key = entry->key;
    read_place(c, plan, tree_get(entry->value, "path"), tree_get(entry->value, "command"), entry->key,
               work_misspelt(c, entry->value, keys, 3, "path") || work_misspelt(c, entry->value, keys, 3, "command"));
    plan->shown.own_host = !plan->shown.shipped;
    if (!host || !value_word(c, host, "host", hosts, 2, &index))
        return;
    if (index == 1 && !plan->shown.shipped && !plan->wrong)
        problem_error(c, host->place, "`host: shared` is for plugins that come with Talon: `%s` gets a host of its own", plan->shown.name);
    plan->shown.own_host = index == 0;
}

void plugins_read(struct config *c, const struct node *map)
{
    if (!map || !value_is_map(c, map, "plugins", "names and where the plugins are"))
        return;
    if (map->n > FOUND) {
        problem_error(c, map->place, "more than %d plugins", FOUND);
        return;
    }
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n; i++)
        read_plugin(c, &map->of.entries[i]);
}
