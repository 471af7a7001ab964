/* Which operations the runbooks name that somebody runs: their plugins are asked for descriptions, and those of the others are not started for it. */
#include "config/steps.h"

#include <string.h>

enum { DEPTH = 64 }; /* as deep as a file may be */

struct naming {
    struct config *c;
    void (*each)(struct config *, const char *);
};

static void name_steps(const struct naming *naming, const struct node *list, unsigned depth);

static void name_action(const struct naming *naming, const struct node *action)
{
    if (action && action->kind == NODE_MAP && action->n == 1)
        naming->each(naming->c, action->of.entries[0].key->of.text);
}

static void name_step(const struct naming *naming, const struct node *step, unsigned depth)
{
    const struct node *meanwhile = tree_get(tree_get(step, "until"), "meanwhile");

    name_action(naming, tree_get(step, "do"));
    name_action(naming, tree_get(step, "collect"));
    for (size_t i = 0; meanwhile && meanwhile->kind == NODE_LIST && i < meanwhile->n; i++)
        name_action(naming, tree_get(meanwhile->of.items[i], "do"));
    name_steps(naming, tree_get(step, "then"), depth + 1);
    name_steps(naming, tree_get(step, "else"), depth + 1);
}

static void name_steps(const struct naming *naming, const struct node *list, unsigned depth)
{
    for (size_t i = 0; depth < DEPTH && list && list->kind == NODE_LIST && i < list->n; i++)
        name_step(naming, list->of.items[i], depth);
}

void runbooks_types(struct config *c, void (*each)(struct config *, const char *))
{
    const struct naming naming = { .c = c, .each = each };

    for (size_t i = 0; i < c->runbooks.n; i++) {
        const struct runbook_plan *plan = VECTOR_AT(&c->runbooks, struct runbook_plan, i);

        if (plan->used)
            name_steps(&naming, tree_get(plan->node, "steps"), 0);
    }
}
