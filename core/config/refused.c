/* What the plugins' own validation is asked, and its refusals at the places of the options that they are about. */
#include "config/checks.h"
#include "config/refused.h"
#include "config/steps.h"

#include <string.h>

void refused_list(struct config *c)
{
    c->validation_list = arena_array(c->arena, c->validations.n + 1, sizeof *c->validation_list);
    for (size_t i = 0; i < c->validations.n; i++)
        c->validation_list[i] = VECTOR_AT(&c->validations, struct validation_plan, i)->shown;
    c->n_validation_list = c->validations.n;
}

/* Where the use stands that question i is about, with the maps that hold its options. */
static const struct entry *find_use(struct config *c, size_t i, const struct operation **operation, const struct node **levels)
{
    const struct validation_plan *plan = VECTOR_AT(&c->validations, struct validation_plan, i);
    const struct check_plan *check;

    if (plan->check == MODEL_NONE) {
        levels[0] = plan->type->value;
        levels[1] = levels[2] = NULL;
        *operation = plan->operation;
        return plan->type;
    }
    check = work_check_at(c, plan->check);
    checks_levels(c, check, levels);
    *operation = check->operation;
    return check->type;
}

void refused_tell(struct config *c, size_t i, const char *path, const char *text)
{
    const struct node *levels[OPTIONS_LEVELS], *at;
    const struct operation *operation;
    const struct option *option;
    const struct entry *type;

    if (i >= c->validations.n)
        return;
    type = find_use(c, i, &operation, levels);
    at = options_find(operation, levels, path, &option);
    if (option && option->secret && option->required && at && at->kind == NODE_TEXT && strstr(at->of.text, "${secrets."))
        return; /* it is given, and only was not shown to the plugin */
    if (path)
        problem_error(c, at ? at->place : type->key->place, "`%s`: %s", path, text);
    else
        problem_error(c, type->key->place, "%s", text);
}

void refused_warn(struct config *c, size_t i, const char *text)
{
    const struct node *levels[OPTIONS_LEVELS];
    const struct operation *operation;

    if (i < c->validations.n)
        problem_warning(c, find_use(c, i, &operation, levels)->key->place, "these options are not checked: %s", text);
}
