/* `heal:`: which runbook a service asks for, under which condition, with which parameters; and that runbook as it is for this service. */
#include "config/runbook.h"
#include "config/steps.h"
#include "config/values.h"
#include "config/when.h"

#include "base/text.h"

#include <string.h>

static const char *const keys[] = { "when", "run", "with" };

/* ---- the runbook ---- */

static const struct model_runbook *find_runbook(struct config *c, const struct node *node)
{
    const char *name;

    if (!value_text(c, node, "run", "the name of a runbook", &name))
        return NULL;
    for (size_t i = 0; i < c->model->n_runbooks; i++)
        if (strcmp(c->model->runbooks[i].name, name) == 0)
            return &c->model->runbooks[i];
    if (c->alone) {
        problem_warning(c, node->place, "the runbook %s is not checked without the main file", problem_quote(c, name));
    } else if (!work_is_lost(c, name)) {
        problem_error(c, node->place, "there is no runbook %s", problem_quote(c, name));
        problem_nearest(c, name, c->runbook_names, c->n_runbook_names);
    }
    return NULL;
}

/* ---- its parameters ---- */

static const struct model_param *find_param(const struct model_runbook *runbook, const char *name)
{
    for (size_t i = 0; i < runbook->n_params; i++)
        if (strcmp(runbook->params[i].name, name) == 0)
            return &runbook->params[i];
    return NULL;
}

static void tell_unknown(struct config *c, const struct model_runbook *runbook, const struct node *key)
{
    const char **names = arena_array(c->arena, runbook->n_params + 1, sizeof *names);

    for (size_t i = 0; i < runbook->n_params; i++)
        names[i] = runbook->params[i].name;
    problem_error(c, key->place, "the runbook `%s` has no parameter %s", runbook->name, problem_quote(c, key->of.text));
    problem_nearest(c, key->of.text, names, runbook->n_params);
}

static void require_params(struct config *c, const struct model_runbook *runbook, const struct node *with, struct place at)
{
    for (size_t i = 0; i < runbook->n_params; i++)
        if (runbook->params[i].required && !tree_get(with, runbook->params[i].name))
            problem_error(c, at, "the runbook `%s` needs the parameter `%s`", runbook->name, runbook->params[i].name);
}

static void bind(struct config *c, const struct model_runbook *runbook, const struct node *with, struct model_heal *made)
{
    struct model_binding *bindings = arena_array(c->made, with->kind == NODE_MAP ? with->n : 0, sizeof *bindings);

    for (size_t i = 0; with->kind == NODE_MAP && i < with->n; i++) {
        const struct entry *entry = &with->of.entries[i];
        struct model_binding *binding = &bindings[made->n_with];

        if (!find_param(runbook, entry->key->of.text)) {
            tell_unknown(c, runbook, entry->key);
            continue;
        }
        binding->name = arena_string(c->made, entry->key->of.text);
        if (value_string(c, entry->value, binding->name, &binding->value))
            made->n_with++;
    }
    made->with = bindings;
}

static void read_with(struct config *c, const struct node *entry, const struct model_runbook *runbook, struct model_heal *made)
{
    const struct entry *with = tree_entry(entry, "with");

    if (with && !value_is_map(c, with->value, "with", "parameters"))
        return;
    if (!runbook)
        return;
    if (with)
        bind(c, runbook, with->value, made);
    require_params(c, runbook, with ? with->value : NULL, with ? with->key->place : tree_get(entry, "run")->place);
}

/* ---- the runbook as this entry runs it ---- */

static const struct runbook_plan *plan_of(const struct config *c, size_t index)
{
    const struct runbook_plan *plan = VECTOR_AT(&c->runbooks, struct runbook_plan, 0);

    while (plan->twice || plan->index != index)
        plan++;
    return plan;
}

/* False: not all of it can be known here, or is wrong and told. */
static bool bind_runbook(struct config *c, const struct service_plan *service, const struct node *run, struct model_heal *made)
{
    const struct model_runbook *written = &c->model->runbooks[made->runbook];
    const struct binding binding = { .runbook = written, .n = made->n_with, .with = made->with };
    struct model_runbook *bound = arena_alloc(c->made, sizeof *bound);

    *bound = (struct model_runbook){ .name = written->name, .title = written->title, .note = written->note, .n_params = written->n_params,
                                     .params = written->params, .place = written->place };
    runbook_read(c, plan_of(c, made->runbook), service, &binding, bound);
    made->bound = bound;
    if (bound->impact == MODEL_DESTROY) {
        problem_error(c, run->place, "the runbook `%s` is `destructive`: it is for `talon heal --force REASON` alone, and never for `heal`", bound->name);
        return false;
    }
    return bound->known;
}

/* ---- entries ---- */

/* False: it is not for the model. */
static bool read_entry(struct config *c, const struct service_plan *service, const struct node *entry, struct model_heal *made)
{
    const struct node *when = tree_get(entry, "when"), *run = tree_get(entry, "run");
    enum when_outcome outcome = WHEN_READ;
    const struct model_runbook *runbook;

    if (entry->kind != NODE_MAP) {
        problem_error(c, entry->place, "an entry of `heal` must be a map of `when`, `run` and `with`, not %s", value_kind(entry));
        return false;
    }
    work_keys(c, entry, keys, sizeof keys / sizeof *keys);
    if (when)
        outcome = when_read(c, service, when, &made->when);
    if (!run) {
        if (!work_misspelt(c, entry, keys, sizeof keys / sizeof *keys, "run"))
            problem_error(c, entry->place, "this entry of `heal` has no `run: RUNBOOK`");
        return false;
    }
    runbook = find_runbook(c, run);
    read_with(c, entry, runbook, made);
    if (!runbook || outcome != WHEN_READ)
        return false;
    made->runbook = (size_t)(runbook - c->model->runbooks);
    made->place = work_place(c, entry->place);
    return bind_runbook(c, service, run, made);
}

static void read_heal(struct config *c, const struct service_plan *service)
{
    const struct node *list = service->given[SERVICE_HEAL];
    struct model_service *in_model = (struct model_service *)&c->model->services[service->index];
    struct model_heal *made;

    if (!list || !value_is_list(c, list, "heal", "`when:` and `run:`"))
        return;
    made = arena_array(c->made, list->n + 1, sizeof *made);
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++)
        if (read_entry(c, service, list->of.items[i], &made[in_model->n_heal]))
            in_model->n_heal++;
        else
            memset(&made[in_model->n_heal], 0, sizeof *made);
    in_model->heal = made;
}

void heal_make(struct config *c)
{
    for (size_t i = 0; i < c->services.n; i++)
        if (!work_service_at(c, i)->twice)
            read_heal(c, work_service_at(c, i));
}
