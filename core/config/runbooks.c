/* Runbook files: their names and parameters, and the shape of the rest, which a later part of Talon reads. */
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys[] = { "runbook", "title", "note", "params", "impact", "limits", "steps", "verify", "deadline" };

static void check_shape(struct config *c, const struct node *node)
{
    static const char *const limits[] = { "attempts", "cooldown", "at_most", "hold_after_failure", "confirm", "warmup", "locks" };
    static const char *const verify[] = { "checks", "passes", "every", "within" };
    static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive" };
    const struct node *at;
    size_t index;

    at = tree_get(node, "limits");
    if (at && value_is_map(c, at, "limits", "limits such as `cooldown: 15m`"))
        work_keys(c, at, limits, sizeof limits / sizeof *limits);
    at = tree_get(node, "verify");
    if (at && value_is_map(c, at, "verify", "`checks`, `passes`, `every` and `within`"))
        work_keys(c, at, verify, sizeof verify / sizeof *verify);
    at = tree_get(node, "steps");
    if (at)
        value_is_list(c, at, "steps", "steps");
    at = tree_get(node, "impact");
    if (at)
        value_word(c, at, "impact", impacts, sizeof impacts / sizeof *impacts, &index);
}

void runbooks_file(struct config *c, const struct source *source)
{
    bool refused;
    const struct node *root = tree_read(c, source, &refused);
    const struct entry *name = tree_entry(root, "runbook");
    struct runbook_plan *plan;

    if (!root) {
        if (!refused && source->n == 0)
            problem_error(c, work_file_place(source), "this file is empty: was it cut short? remove it");
        else if (!refused)
            problem_warning(c, work_file_place(source), "there is nothing in this file but comments");
        return;
    }
    if (!name) {
        problem_error(c, root->place, "this is no runbook: `runbook: NAME` is missing");
        return;
    }
    work_keys(c, root, keys, sizeof keys / sizeof *keys);
    check_shape(c, root);
    if (name->value->kind != NODE_TEXT || !text_is_name(name->value->of.text)) {
        if (name->value->kind == NODE_TEXT) {
            work_bad_name(c, name->value, "runbook");
            work_lost(c, name->value->of.text);
        } else {
            problem_error(c, name->value->place, "`runbook` must be a name, not %s", value_kind(name->value));
        }
        return;
    }
    plan = vector_push(c->arena, &c->runbooks, sizeof *plan);
    *plan = (struct runbook_plan){ .name = name->value->of.text, .key = name->value, .node = root };
}

static void make_param(struct config *c, struct model_param *param, const struct entry *entry)
{
    static const char *const param_keys[] = { "required", "default" };
    const struct node *required = tree_get(entry->value, "required"), *fallback = tree_get(entry->value, "default");

    param->name = arena_string(c->made, entry->key->of.text);
    if (!text_is_name(param->name))
        work_bad_name(c, entry->key, "parameter");
    if (!value_is_map(c, entry->value, param->name, "`required` and `default`"))
        return;
    work_keys(c, entry->value, param_keys, 2);
    if (required)
        value_bool(c, required, "required", &param->required);
    if (fallback)
        value_string(c, fallback, "default", &param->fallback);
}

static void make_runbook(struct config *c, struct model_runbook *runbook, const struct runbook_plan *plan)
{
    const struct node *title = tree_get(plan->node, "title"), *params = tree_get(plan->node, "params");
    struct model_param *made;

    runbook->name = arena_string(c->made, plan->name);
    runbook->title = runbook->name;
    runbook->place = work_place(c, plan->key->place);
    c->params = params;
    if (title)
        value_string(c, title, "title", &runbook->title);
    c->params = NULL;
    if (!params || !value_is_map(c, params, "params", "names and `{required: true}` or `{default: TEXT}`") || params->kind != NODE_MAP)
        return;
    if (params->n > WORK_NAMED) {
        problem_error(c, params->place, "more than %d parameters", WORK_NAMED);
        return;
    }
    made = arena_array(c->made, params->n, sizeof *made);
    for (size_t i = 0; i < params->n; i++)
        make_param(c, &made[i], &params->of.entries[i]);
    runbook->params = made;
    runbook->n_params = params->n;
}

static int by_name(const void *left, const void *right)
{
    const struct runbook_plan *a = *(struct runbook_plan *const *)left, *b = *(struct runbook_plan *const *)right;
    const int order = strcmp(a->name, b->name);

    return order != 0 ? order : a < b ? -1 : a > b;
}

static void tell_twice(struct config *c)
{
    struct runbook_plan **sorted = arena_array(c->arena, c->runbooks.n + 1, sizeof *sorted);

    for (size_t i = 0; i < c->runbooks.n; i++)
        sorted[i] = VECTOR_AT(&c->runbooks, struct runbook_plan, i);
    if (c->runbooks.n > 1)
        qsort(sorted, c->runbooks.n, sizeof *sorted, by_name);
    for (size_t i = 1, first = 0; i < c->runbooks.n; i++) {
        if (strcmp(sorted[i]->name, sorted[first]->name) != 0) {
            first = i;
            continue;
        }
        sorted[i]->twice = true;
        problem_error(c, sorted[i]->key->place, "there is a runbook `%s` already", sorted[i]->name);
        problem_note_at(c, sorted[first]->key->place, "first defined here");
    }
}

void runbooks_make(struct config *c)
{
    struct model_runbook *made = arena_array(c->made, c->runbooks.n + 1, sizeof *made);
    size_t n = 0;

    tell_twice(c);
    c->runbook_names = arena_array(c->arena, c->runbooks.n + 1, sizeof *c->runbook_names);
    for (size_t i = 0; i < c->runbooks.n; i++) {
        struct runbook_plan *plan = VECTOR_AT(&c->runbooks, struct runbook_plan, i);

        if (plan->twice)
            continue;
        make_runbook(c, &made[n], plan);
        c->runbook_names[n] = made[n].name;
        plan->index = n++;
    }
    c->n_runbook_names = n;
    c->model->runbooks = made;
    c->model->n_runbooks = n;
}
