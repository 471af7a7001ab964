/* From the main file to all others: services in it, files that it names, runbooks. */
#include "config/steps.h"
#include "config/values.h"

#include <string.h>

static void include_pattern(struct config *c, const struct node *item, const char *what, enum source_kind kind,
                            void (*each)(struct config *, const struct source *))
{
    const char *pattern;

    if (!value_text(c, item, what, "a path such as checks/*.yaml", &pattern))
        return;
    if (pattern[0] == '\0')
        problem_error(c, item->place, "`%s` must be a path such as checks/*.yaml: it is empty", what);
    else
        source_include(c, pattern, item, kind, each);
}

static void include_all(struct config *c, const struct node *list, const char *what, enum source_kind kind,
                        void (*each)(struct config *, const struct source *))
{
    if (list->kind == NODE_TEXT && !tree_empty(list))
        include_pattern(c, list, what, kind, each);
    else if (value_is_list(c, list, what, "paths"))
        for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++)
            include_pattern(c, list->of.items[i], what, kind, each);
}

static void include_services(struct config *c, const struct node *services)
{
    if (!value_is_map(c, services, "services", "names and services"))
        return;
    for (size_t i = 0; services->kind == NODE_MAP && i < services->n; i++)
        plan_service(c, services->of.entries[i].key->of.text, services->of.entries[i].key, services->of.entries[i].value);
}

void include_read(struct config *c, const struct node *root)
{
    const struct node *services = tree_get(root, "services"), *include = tree_get(root, "include"), *runbooks = tree_get(root, "runbooks");

    if (services)
        include_services(c, services);
    if (include)
        include_all(c, include, "include", SOURCE_SERVICE, plan_service_file);
    if (runbooks)
        include_all(c, runbooks, "runbooks", SOURCE_RUNBOOK, runbooks_file);
    if (c->packed) {
        source_unpacked(c, SOURCE_SERVICE, plan_service_file);
        source_unpacked(c, SOURCE_RUNBOOK, runbooks_file);
    } else if (!runbooks && c->runbook_folder) {
        source_folder(c, c->runbook_folder, "*.yaml", SOURCE_RUNBOOK, runbooks_file);
    }
}
