/*
 * The names in a scenario. A word without a dot is a service (all of its checks that are no witnesses) or a group of the scenario's own; with one it is a
 * check; `*` and `?` stand for letters in both. A word that stands for nothing is a mistake: a scenario that breaks nothing would prove nothing.
 */
#include "rehearse/scenario_private.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* ---- what there is ---- */

static int by_full_name(const void *left, const void *right)
{
    return strcmp(((const struct scenario_target *)left)->full_name, ((const struct scenario_target *)right)->full_name);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static size_t sort_texts(const char **all, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(all, n, sizeof *all, by_text);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(all[kept - 1], all[i]) != 0)
            all[kept++] = all[i];
    return kept;
}

static void add_targets(const struct model *model, struct scenario_target *all, size_t *n)
{
    for (size_t i = 0; i < model->n_checks; i++)
        all[(*n)++] = (struct scenario_target){ .full_name = model->checks[i].full_name, .service = model->services[model->checks[i].service].name,
                                                .check = &model->checks[i], .operation = &model->operations[model->checks[i].operation] };
}

static void make_targets(struct reader *r, size_t most)
{
    struct scenario_target *all = arena_array(r->c->arena, most + 1, sizeof *all);
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < r->n_models; i++)
        if (r->models[i].model)
            add_targets(r->models[i].model, all, &n);
    if (n > 1)
        qsort(all, n, sizeof *all, by_full_name);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(all[kept - 1].full_name, all[i].full_name) != 0)
            all[kept++] = all[i];
    r->s->targets = all;
    r->s->n_targets = kept;
}

void names_make(struct reader *r)
{
    size_t checks = 0, services = 0, runbooks = 0;

    r->groups = tree_get(r->root, "groups");
    if (r->groups && !value_is_map(r->c, r->groups, "groups", "names and lists of services and checks"))
        r->groups = NULL;
    for (size_t i = 0; i < r->n_models; i++) {
        checks += r->models[i].model ? r->models[i].model->n_checks : 0;
        services += r->models[i].model ? r->models[i].model->n_services : 0;
        runbooks += r->models[i].model ? r->models[i].model->n_runbooks : 0;
    }
    make_targets(r, checks);
    r->services = arena_array(r->c->arena, services + 1, sizeof *r->services);
    r->runbooks = arena_array(r->c->arena, runbooks + 1, sizeof *r->runbooks);
    for (size_t i = 0; i < r->n_models; i++) {
        const struct model *model = r->models[i].model;

        for (size_t k = 0; model && k < model->n_services; k++)
            r->services[r->n_services++] = model->services[k].name;
        for (size_t k = 0; model && k < model->n_runbooks; k++)
            r->runbooks[r->n_runbooks++] = model->runbooks[k].name;
    }
    r->n_services = sort_texts(r->services, r->n_services);
    r->n_runbooks = sort_texts(r->runbooks, r->n_runbooks);
    r->names = arena_array(r->c->arena, r->n_services + r->s->n_targets + (r->groups ? r->groups->n : 0) + 1, sizeof *r->names);
    for (size_t i = 0; i < r->n_services; i++)
        r->names[r->n_names++] = r->services[i];
    for (size_t i = 0; i < r->s->n_targets; i++)
        r->names[r->n_names++] = r->s->targets[i].full_name;
    for (size_t i = 0; r->groups && r->groups->kind == NODE_MAP && i < r->groups->n; i++)
        r->names[r->n_names++] = r->groups->of.entries[i].key->of.text;
}

/* ---- words ---- */

/* Nothing can be said of names where the configuration could not be read: that is told already. */
static void tell_unknown(struct reader *r, const struct node *word, const char *of)
{
    if (!r->models[0].model)
        return;
    problem_error(r->c, word->place, "there is no %s %s", of, problem_quote(r->c, word->of.text));
    problem_nearest(r->c, word->of.text, r->names, r->n_names);
}

static bool matches(const char *pattern, const char *name)
{
    return strcmp(pattern, name) == 0 || (strpbrk(pattern, "*?") && fnmatch(pattern, name, 0) == 0);
}

static size_t mark_word(struct reader *r, const char *word, unsigned char *marked)
{
    const bool is_check = strchr(word, '.') != NULL;
    size_t found = 0;

    for (size_t i = 0; i < r->s->n_targets; i++) {
        const struct scenario_target *target = &r->s->targets[i];

        if (is_check ? !matches(word, target->full_name) : target->check->witness || !matches(word, target->service))
            continue;
        marked[i] = 1;
        found++;
    }
    return found;
}

static bool mark(struct reader *r, const struct node *word, unsigned char *marked)
{
    const struct node *group = word->kind == NODE_TEXT ? tree_get(r->groups, word->of.text) : NULL;
    bool good = true;

    if (word->kind != NODE_TEXT) {
        problem_error(r->c, word->place, "the name of a service, check or group is expected, not %s", value_kind(word));
        return false;
    }
    if (!group) {
        good = mark_word(r, word->of.text, marked) > 0;
        if (!good)
            tell_unknown(r, word, "service, check or group");
        return good;
    }
    for (size_t i = 0; group->kind == NODE_LIST && i < group->n; i++) {
        const struct node *item = group->of.items[i];

        if (item->kind != NODE_TEXT || mark_word(r, item->of.text, marked) == 0) {
            tell_unknown(r, item, "service or check");
            good = false;
        }
    }
    return good;
}

static void take_marked(struct reader *r, const unsigned char *marked, struct scenario_targets *out)
{
    size_t *all = arena_array(r->c->arena, r->s->n_targets + 1, sizeof *all);

    out->n = 0;
    for (size_t i = 0; i < r->s->n_targets; i++)
        if (marked[i])
            all[out->n++] = i;
    out->all = all;
}

bool names_target(struct reader *r, const struct node *word, struct scenario_targets *out)
{
    unsigned char *marked = arena_alloc(r->c->arena, r->s->n_targets + 1);

    if (!mark(r, word, marked))
        return false;
    take_marked(r, marked, out);
    return true;
}

bool names_targets(struct reader *r, const struct node *node, const char *what, struct scenario_targets *out)
{
    unsigned char *marked = arena_alloc(r->c->arena, r->s->n_targets + 1);
    bool good = true;

    if (node->kind == NODE_TEXT && !tree_empty(node)) {
        good = mark(r, node, marked);
    } else {
        if (node->kind != NODE_LIST || node->n == 0) {
            problem_error(r->c, node->place, "`%s` must be a name or a list of names, not %s", what,
                          node->kind == NODE_LIST ? "an empty list" : value_kind(node));
            return false;
        }
        for (size_t i = 0; i < node->n; i++)
            good = mark(r, node->of.items[i], marked) && good;
    }
    take_marked(r, marked, out);
    return good;
}

/* ---- services and checks as subjects of an expectation ---- */

/* A pattern is about what is watched: nothing is to be expected of what is switched off. */
static bool is_watched(const struct reader *r, const char *service)
{
    for (size_t i = 0; i < r->n_models; i++) {
        const size_t found = r->models[i].model ? model_service(r->models[i].model, service) : MODEL_NONE;

        if (found != MODEL_NONE)
            return r->models[i].model->services[found].enabled;
    }
    return false;
}

static void add_subjects(struct reader *r, const char *word, bool checks_too, struct vector *all)
{
    if (strchr(word, '.')) {
        for (size_t i = 0; checks_too && i < r->s->n_targets; i++)
            if (matches(word, r->s->targets[i].full_name))
                *(const char **)vector_push(r->c->arena, all, sizeof(char *)) = r->s->targets[i].full_name;
        return;
    }
    for (size_t i = 0; i < r->n_services; i++)
        if (strcmp(word, r->services[i]) == 0 || (matches(word, r->services[i]) && is_watched(r, r->services[i])))
            *(const char **)vector_push(r->c->arena, all, sizeof(char *)) = r->services[i];
}

bool names_subjects(struct reader *r, const struct node *word, bool checks_too, const char *const **names, size_t *n)
{
    const struct node *group = word->kind == NODE_TEXT ? tree_get(r->groups, word->of.text) : NULL;
    struct vector all = { 0 };

    if (word->kind == NODE_TEXT && !group)
        add_subjects(r, word->of.text, checks_too, &all);
    for (size_t i = 0; group && group->kind == NODE_LIST && i < group->n; i++)
        if (group->of.items[i]->kind == NODE_TEXT)
            add_subjects(r, group->of.items[i]->of.text, checks_too, &all);
    if (all.n == 0) {
        tell_unknown(r, word, checks_too ? "service, check or group" : "service or group");
        return false;
    }
    *names = all.items;
    *n = all.n;
    return true;
}

bool names_service(struct reader *r, const struct node *node, const char *what, const char **name)
{
    const char *text;

    if (!value_text(r->c, node, what, "the name of a service", &text))
        return false;
    for (size_t i = 0; i < r->n_services; i++) {
        if (strcmp(r->services[i], text) == 0) {
            *name = r->services[i];
            return true;
        }
    }
    tell_unknown(r, node, "service");
    return false;
}

bool names_runbook(struct reader *r, const struct node *node, const char **name)
{
    for (size_t i = 0; node->kind == NODE_TEXT && i < r->n_runbooks; i++) {
        if (strcmp(r->runbooks[i], node->of.text) == 0) {
            *name = r->runbooks[i];
            return true;
        }
    }
    if (!r->models[0].model)
        return false;
    problem_error(r->c, node->place, "there is no runbook %s", node->kind == NODE_TEXT ? problem_quote(r->c, node->of.text) : value_kind(node));
    if (node->kind == NODE_TEXT)
        problem_nearest(r->c, node->of.text, r->runbooks, r->n_runbooks);
    return false;
}
