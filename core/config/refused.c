/* What the plugins' own validation is asked, and its refusals at the places of the options that they are about. */
#include "config/checks.h"
#include "config/refused.h"
#include "config/steps.h"

void refused_list(struct config *c)
{
    c->validation_list = arena_array(c->arena, c->validations.n + 1, sizeof *c->validation_list);
    for (size_t i = 0; i < c->validations.n; i++)
        c->validation_list[i] = VECTOR_AT(&c->validations, struct validation_plan, i)->shown;
    c->n_validation_list = c->validations.n;
}

void refused_tell(struct config *c, size_t i, const char *path, const char *text)
{
    const struct check_plan *check;
    const struct node *levels[OPTIONS_LEVELS], *at;
    const struct option *option;

    if (i >= c->validations.n)
        return;
    check = work_check_at(c, VECTOR_AT(&c->validations, struct validation_plan, i)->check);
    checks_levels(c, check, levels);
    at = options_find(check->operation, levels, path, &option);
    if (path)
        problem_error(c, at ? at->place : check->type->key->place, "`%s`: %s", path, text);
    else
        problem_error(c, check->type->key->place, "%s", text);
}

void refused_warn(struct config *c, size_t i, const char *text)
{
    const struct check_plan *check;

    if (i >= c->validations.n)
        return;
    check = work_check_at(c, VECTOR_AT(&c->validations, struct validation_plan, i)->check);
    problem_warning(c, check->type->key->place, "these options are not checked: %s", text);
}
