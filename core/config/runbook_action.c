/* One use of an operation by a runbook's step: its options are judged by its plugin's description, as those of a check are. */
#include "config/runbook.h"

#include "config/operations.h"
#include "config/options.h"
#include "config/values.h"

#include <string.h>

static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive" };

/* An operation that does whatever it is told (exec.run) leaves it to the step to say what that changes: by its option `impact`. */
static enum model_impact impact_of(struct runbook_reading *r, const struct operation *operation, const struct node *options, bool collects)
{
    const struct node *given = tree_get(options, "impact");
    size_t index;

    for (size_t i = 0; i < operation->n_options; i++) {
        if (strcmp(operation->options[i].name, "impact") != 0)
            continue;
        if (!given)
            return collects ? MODEL_OBSERVE : operation->impact;
        problem_mute(r->c, true); /* as an option it is judged anyway */
        if (!value_word(r->c, given, "impact", impacts, sizeof impacts / sizeof *impacts, &index))
            index = operation->impact;
        problem_mute(r->c, false);
        return (enum model_impact)index;
    }
    return operation->action ? operation->impact : MODEL_OBSERVE;
}

static void add_validation(struct runbook_reading *r, const struct operation *operation, const struct entry *type, const char *conf)
{
    struct config *c = r->c;
    struct validation_plan *plan = vector_push(c->arena, &c->validations, sizeof *plan);

    *plan = (struct validation_plan){ .check = MODEL_NONE, .operation = operation, .type = type };
    plan->shown = (struct config_validation){ .plugin = work_plugin_at(c, operation->plugin)->shown.name, .operation = operation->name, .conf = conf };
}

static void read_options(struct runbook_reading *r, const struct operation *operation, const struct entry *type, struct model_action *action)
{
    const struct options_use use = { .operation = operation, .type = type, .levels = { type->value } };
    const char *bare;

    if (!options_write(r->c, &use, &action->conf, &bare))
        r->known = false;
    else if (operation->validates && (r->service || r->c->alone))
        add_validation(r, operation, type, bare);
}

static void judge(struct runbook_reading *r, const struct operation *operation, const struct entry *type, bool collects, struct model_action *action)
{
    action->operation = (size_t)(operation - VECTOR_AT(&r->c->operations, struct operation, 0));
    action->missing = operation->missing;
    if (operation->unknown) {
        action->impact = collects ? MODEL_OBSERVE : MODEL_DISRUPT; /* nobody can say that it is less */
        if (r->c->alone)
            problem_warning(r->c, type->key->place, "the action %s is not checked without the main file", problem_quote(r->c, operation->name));
    } else {
        action->impact = impact_of(r, operation, type->value, collects);
        read_options(r, operation, type, action);
    }
    if (collects && action->impact > MODEL_OBSERVE) {
        problem_error(r->c, type->key->place, "`collect` gathers evidence and changes nothing, and `%s` is `%s` here", operation->name, impacts[action->impact]);
        r->known = false;
    }
    if (operation->unknown)
        r->unasked = true;
    else if (action->impact > r->impact)
        r->impact = action->impact;
}

void runbook_action(struct runbook_reading *r, const struct node *node, const char *what, bool collects, struct model_action *action)
{
    const struct operation *operation;
    const struct entry *type;

    *action = (struct model_action){ .name = "", .operation = MODEL_NONE, .timeout = action->timeout };
    if (node->kind != NODE_MAP || node->n != 1) {
        problem_error(r->c, node->place, "`%s` must be one action with its options, such as `%s: {docker.restart: {container: web}}`", what, what);
        r->known = false;
        return;
    }
    type = &node->of.entries[0];
    action->name = arena_string(r->c->made, type->key->of.text);
    operation = r->plan->used ? operations_of_step(r->c, type->key, collects) : NULL;
    if (operation)
        judge(r, operation, type, collects, action);
    else
        r->known = false;
}
