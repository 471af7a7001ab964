/* Runbook files: which there are, who uses them, and their names and parameters; runbook_read.c reads what they do. */
#include "config/runbook.h"
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys[] = { "runbook", "title", "note", "params", "impact", "limits", "steps", "verify", "deadline" };

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
    *plan = (struct runbook_plan){ .name = name->value->of.text, .key = name->value, .node = root, .used = c->alone };
}

/* ---- who uses them ---- */

static void use(struct config *c, const struct node *entry)
{
    const struct node *run = tree_get(entry, "run");
    const char *name = NULL;

    problem_mute(c, true); /* heal.c tells it */
    if (run && !value_text(c, run, "run", "the name of a runbook", &name))
        name = NULL;
    problem_mute(c, false);
    for (size_t i = 0; name && i < c->runbooks.n; i++)
        if (strcmp(VECTOR_AT(&c->runbooks, struct runbook_plan, i)->name, name) == 0)
            VECTOR_AT(&c->runbooks, struct runbook_plan, i)->used = true;
}

/* Plans a shipped plugin that was not used before, or one that the main file may know. */
static void plan_plugin(struct config *c, const char *type)
{
    if (!plugins_of_type(c, type) && c->alone)
        plugins_assume(c, type);
}

void runbooks_used(struct config *c)
{
    for (size_t i = 0; i < c->services.n; i++) {
        const struct node *heal = tree_get(work_service_at(c, i)->node, "heal");

        for (size_t k = 0; heal && heal->kind == NODE_LIST && k < heal->n; k++)
            use(c, heal->of.items[k]);
    }
    runbooks_types(c, plan_plugin);
    notify_types(c, plan_plugin);
}

/* ---- in the model ---- */

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
    const struct node *title = tree_get(plan->node, "title"), *note = tree_get(plan->node, "note"), *params = tree_get(plan->node, "params");
    struct model_param *made;

    runbook->name = arena_string(c->made, plan->name);
    runbook->title = runbook->name;
    runbook->place = work_place(c, plan->key->place);
    c->params = params;
    if (title)
        value_string(c, title, "title", &runbook->title);
    if (note)
        value_string(c, note, "note", &runbook->note);
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
        runbook_read(c, plan, NULL, &(struct binding){ .runbook = &made[n] }, &made[n]);
        c->runbook_names[n] = made[n].name;
        plan->index = n++;
    }
    c->n_runbook_names = n;
    c->model->runbooks = made;
    c->model->n_runbooks = n;
}
