/* `paths:`: named ways (a forwarder, a tunnel) and how much may go through each at once. */
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

static void read_path(struct config *c, struct model_path *path, const struct entry *entry)
{
    static const char *const keys[] = { "concurrent" };
    const struct node *concurrent = tree_get(entry->value, "concurrent");

    path->name = arena_string(c->made, entry->key->of.text);
    if (!text_is_name(path->name))
        work_bad_name(c, entry->key, "path");
    if (!value_is_map(c, entry->value, path->name, "`concurrent`"))
        return;
    work_keys(c, entry->value, keys, 1);
    if (concurrent)
        value_count(c, concurrent, "concurrent", 1, 10000, &path->concurrent);
    else if (!work_misspelt(c, entry->value, keys, 1, "concurrent"))
        problem_error(c, entry->key->place, "the path `%s` needs `concurrent`: how many checks may go through it at once", path->name);
}

void paths_read(struct config *c, const struct node *map)
{
    struct model_path *made;

    if (!map || !value_is_map(c, map, "paths", "names and bounds") || map->kind != NODE_MAP)
        return;
    if (map->n > WORK_NAMED) {
        problem_error(c, map->place, "more than %d paths", WORK_NAMED);
        return;
    }
    made = arena_array(c->made, map->n, sizeof *made);
    c->path_names = arena_array(c->arena, map->n, sizeof *c->path_names);
    for (size_t i = 0; i < map->n; i++) {
        read_path(c, &made[i], &map->of.entries[i]);
        c->path_names[c->n_path_names++] = made[i].name;
    }
    c->model->paths = made;
    c->model->n_paths = map->n;
}
