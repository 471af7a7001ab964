/*
 * See outward.h. The options that each use fills in are judged with a stand-in, as if they stood in a level of defaults, and then cut out of the conf: who uses
 * it writes them before the others (core/once.c), so that nothing has to be read again in which secrets may stand.
 */
#include "config/outward.h"

#include "config/operations.h"
#include "config/options.h"

#include <string.h>

/* ---- nodes that stand in no file */

const struct node *outward_text(struct config *c, const char *text, struct place at)
{
    struct node *node = arena_alloc(c->arena, sizeof *node);

    *node = (struct node){ .kind = NODE_TEXT, .place = at, .n = strlen(text), .of.text = arena_string(c->arena, text) };
    return node;
}

static int by_key(const struct entry *a, const struct entry *b)
{
    return strcmp(a->key->of.text, b->key->of.text);
}

const struct entry *outward_entry(struct config *c, const char *type, const char *const *keys, const struct node *const *values, size_t n, struct place at)
{
    struct entry *entries = arena_array(c->arena, n + 1, sizeof *entries), *made = arena_alloc(c->arena, sizeof *made);
    const struct entry **sorted = arena_array(c->arena, n + 1, sizeof(const struct entry *));
    struct node *map = arena_alloc(c->arena, sizeof *map);

    for (size_t i = 0; i < n; i++) {
        size_t k = i;

        entries[i] = (struct entry){ .key = outward_text(c, keys[i], at), .value = values[i] };
        for (; k > 0 && by_key(&entries[i], sorted[k - 1]) < 0; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = &entries[i];
    }
    *map = (struct node){ .kind = NODE_MAP, .place = at, .n = n, .of.entries = entries, .sorted = sorted };
    *made = (struct entry){ .key = outward_text(c, type, at), .value = map };
    return made;
}

/* ---- the options that are not configured */

static bool takes(const struct operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->n_options; i++)
        if (strcmp(operation->options[i].name, name) == 0)
            return true;
    return false;
}

/* Says which it takes. False: not one that it must. */
static bool look(struct config *c, const struct entry *type, const struct operation *operation, struct outward *outward)
{
    bool good = true;

    for (size_t i = 0; i < outward->n; i++) {
        const struct outward_option *option = &outward->options[i];
        const struct entry *given = tree_entry(type->value, option->name);

        outward->has[i] = takes(operation, option->name);
        if (!outward->has[i] && option->wanted) {
            problem_error(c, type->key->place, "`%s` cannot be %s: it has no option `%s`", operation->name, outward->what, option->name);
            return false;
        }
        if (outward->has[i] && given) {
            problem_error(c, given->key->place, "`%s` is what Talon fills in itself: leave it out", option->name);
            good = false;
        }
    }
    return good;
}

static const struct node *stand_ins(struct config *c, const struct outward *outward, struct place at)
{
    const char *names[OUTWARD_OPTIONS];
    const struct node *values[OUTWARD_OPTIONS];
    size_t n = 0;

    for (size_t i = 0; i < outward->n; i++) {
        if (!outward->has[i] || !outward->options[i].stand_in)
            continue;
        names[n] = outward->options[i].name;
        values[n++] = outward_text(c, outward->options[i].stand_in, at);
    }
    return outward_entry(c, "", names, values, n, at)->value;
}

/* Cuts `"name":"stand_in"` out. Its first place is the right one: within a text the quotes would be escaped, and options stand in the order of their table. */
static void cut(struct config *c, struct model_conf *conf, const struct outward_option *option)
{
    const char *field = arena_printf(c->arena, "\"%s\":\"%s\"", option->name, option->stand_in), *at = strstr(conf->json, field);
    struct model_hole *holes = arena_array(c->made, conf->n_holes + 1, sizeof *holes);
    size_t from, n = strlen(field);

    if (!at)
        return;
    from = (size_t)(at - conf->json);
    if (at[n] == ',')
        n++;
    else if (from > 0 && at[-1] == ',')
        from--, n++;
    conf->json = arena_printf(c->made, "%.*s%s", (int)from, conf->json, conf->json + from + n);
    for (size_t i = 0; i < conf->n_holes; i++) {
        holes[i] = conf->holes[i];
        holes[i].at -= holes[i].at > from ? n : 0;
    }
    conf->holes = holes;
}

static void add_validation(struct config *c, const struct operation *operation, const struct entry *type, const char *bare)
{
    struct validation_plan *plan = vector_push(c->arena, &c->validations, sizeof *plan);

    *plan = (struct validation_plan){ .check = MODEL_NONE, .operation = operation, .type = type };
    plan->shown = (struct config_validation){ .plugin = work_plugin_at(c, operation->plugin)->shown.name, .operation = operation->name, .conf = bare };
}

static bool write_conf(struct config *c, const struct operation *operation, const struct entry *type, struct outward *outward, struct model_action *action)
{
    const struct options_use use = { .operation = operation, .type = type, .levels = { type->value, stand_ins(c, outward, type->key->place) } };
    const char *bare;

    if (!options_write(c, &use, &action->conf, &bare))
        return false;
    for (size_t i = 0; i < outward->n; i++)
        if (outward->has[i] && outward->options[i].stand_in)
            cut(c, &action->conf, &outward->options[i]);
    if (operation->validates)
        add_validation(c, operation, type, bare);
    return true;
}

bool outward_action(struct config *c, const struct entry *type, struct outward *outward, struct model_action *action)
{
    const struct operation *operation = operations_of_step(c, type->key, false);

    action->name = arena_string(c->made, type->key->of.text);
    action->operation = MODEL_NONE;
    action->conf.json = "{}";
    if (!operation)
        return false;
    action->operation = (size_t)(operation - VECTOR_AT(&c->operations, struct operation, 0));
    action->missing = operation->missing;
    if (operation->unknown)
        return true;
    action->impact = operation->impact;
    return look(c, type, operation, outward) && write_conf(c, operation, type, outward, action);
}
