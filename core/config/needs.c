/* `needs:`: names become services, and no service may need itself by any way round. */
#include "config/steps.h"
#include "config/values.h"

#include <stdlib.h>
#include <string.h>

struct needing {
    struct config *c;
    struct service_plan *service;
    struct vector needs, edges, places; /* struct model_need, size_t, struct place */
    size_t *seen, *seen_in_any;         /* by service: the last list (from 1) that named it */
    size_t number, lists;               /* of the list at hand; so many there were */
};

/* ---- names ---- */

static void tell_unknown(struct config *c, const struct node *node, const char *name)
{
    if (c->alone) {
        problem_warning(c, node->place, "the need %s is not checked without the main file", problem_quote(c, name));
        return;
    }
    if (work_is_lost(c, name))
        return;
    problem_error(c, node->place, "there is no service %s", problem_quote(c, name));
    problem_nearest(c, name, c->service_names, c->n_service_names);
}

/* The plan of the service that is needed, NULL: none, or named before. */
static const struct service_plan *read_name(struct needing *n, const struct node *node)
{
    const struct service_plan *service;
    const char *name;

    if (!value_text(n->c, node, "needs", "the name of a service, or `any: [ONE, OTHER]`", &name))
        return NULL;
    service = work_service(n->c, name);
    if (!service) {
        tell_unknown(n->c, node, name);
        return NULL;
    }
    if (n->seen[service->index] == n->number) {
        problem_warning(n->c, node->place, "`%s` is needed twice", name);
        return NULL;
    }
    n->seen[service->index] = n->number;
    *(size_t *)vector_push(n->c->arena, &n->edges, sizeof(size_t)) = (size_t)(service - work_service_at(n->c, 0));
    *(struct place *)vector_push(n->c->arena, &n->places, sizeof(struct place)) = node->place;
    return service;
}

static void add_need(struct needing *n, const size_t *any, size_t count)
{
    struct model_need *need = vector_push(n->c->arena, &n->needs, sizeof *need);

    need->n = count;
    need->any = memcpy(arena_array(n->c->made, count, sizeof *any), any, count * sizeof *any);
}

/* What stands in `any` and beside it is not there twice: to leave it out would make the others of `any` needed. */
static void read_any(struct needing *n, const struct node *list)
{
    const size_t number = n->number;
    size_t *seen = n->seen, *any, count = 0;

    if (!value_is_list(n->c, list, "any", "services"))
        return;
    if (list->n == 0)
        problem_error(n->c, list->place, "`any` names no service");
    any = arena_array(n->c->arena, list->n + 1, sizeof *any);
    n->seen = n->seen_in_any;
    n->number = ++n->lists;
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++) {
        const struct service_plan *service = read_name(n, list->of.items[i]);

        if (service)
            any[count++] = service->index;
    }
    n->seen = seen;
    n->number = number;
    if (count > 0)
        add_need(n, any, count);
}

static void read_need(struct needing *n, const struct node *node)
{
    static const char *const keys[] = { "any" };
    const struct service_plan *service;

    if (node->kind == NODE_MAP) {
        work_keys(n->c, node, keys, 1);
        if (tree_get(node, "any"))
            read_any(n, tree_get(node, "any"));
        else if (node->n == 0)
            problem_error(n->c, node->place, "a need must be the name of a service, or `any: [ONE, OTHER]`, not an empty map");
        return;
    }
    service = read_name(n, node);
    if (service)
        add_need(n, &service->index, 1);
}

static void read_needs(struct needing *all, struct service_plan *service)
{
    struct config *c = all->c;
    struct needing n = { .c = c, .service = service, .seen = all->seen, .seen_in_any = all->seen_in_any };
    const struct node *list = service->given[SERVICE_NEEDS];
    struct model_service *made = (struct model_service *)&c->model->services[service->index];

    n.number = n.lists = all->lists + 1;
    if (!list || (list->kind != NODE_MAP && !value_is_list(c, list, "needs", "services")))
        return;
    if (list->kind == NODE_MAP) /* `needs: {any: [a, b]}` */
        read_need(&n, list);
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++)
        read_need(&n, list->of.items[i]);
    made->n_needs = n.needs.n;
    if (n.needs.n > 0)
        made->needs = memcpy(arena_array(c->made, n.needs.n, sizeof *made->needs), n.needs.items, n.needs.n * sizeof *made->needs);
    service->edges = n.edges.items;
    service->edge_places = n.places.items;
    service->n_edges = n.edges.n;
    all->lists = n.lists;
}

/* ---- cycles: depth first, on a stack of our own, since chains may be as long as there are services ---- */

enum colour { NEW, ON_STACK, DONE };

struct step {
    size_t service, next; /* plan; its edge to be followed next */
};

struct walk {
    struct config *c;
    unsigned char *colours;
    struct step *stack;
    size_t depth;
};

/* Told at the service of the cycle that comes first in the files, so that it does not matter where the walk began. */
static void tell_cycle(const struct walk *w, size_t from)
{
    const size_t length = w->depth - from;
    struct buffer *path = work_scratch(w->c, 600);
    size_t first = from;
    const struct step *step;

    for (size_t i = from; i < w->depth; i++)
        if (w->stack[i].service < w->stack[first].service)
            first = i;
    for (size_t i = 0; i <= length && !path->failed && problem_room(w->c); i++)
        buffer_printf(path, "%s%s", i > 0 ? " needs " : "", work_service_at(w->c, w->stack[from + (first - from + i) % length].service)->name);
    step = &w->stack[first];
    problem_error(w->c, work_service_at(w->c, step->service)->edge_places[step->next - 1], "services need each other: %s%s", buffer_string(path),
                  path->failed ? " ..." : "");
}

static void enter(struct walk *w, size_t service)
{
    w->colours[service] = ON_STACK;
    w->stack[w->depth++] = (struct step){ .service = service };
}

static void follow(struct walk *w)
{
    struct step *top = &w->stack[w->depth - 1];
    const struct service_plan *plan = work_service_at(w->c, top->service);
    size_t to, from;

    if (top->next == plan->n_edges) {
        w->colours[top->service] = DONE;
        w->depth--;
        return;
    }
    to = plan->edges[top->next++];
    if (w->colours[to] == NEW) {
        enter(w, to);
    } else if (w->colours[to] == ON_STACK) {
        for (from = w->depth - 1; w->stack[from].service != to; from--)
            ;
        tell_cycle(w, from);
    }
}

static void find_cycles(struct config *c)
{
    struct walk w = { .c = c };

    w.colours = arena_array(c->arena, c->services.n + 1, 1);
    w.stack = arena_array(c->arena, c->services.n + 1, sizeof *w.stack);
    for (size_t i = 0; i < c->services.n; i++) {
        if (w.colours[i] != NEW)
            continue;
        enter(&w, i);
        while (w.depth > 0)
            follow(&w);
    }
}

/* ---- the wait for a need is no shorter than the need's own longest timeout ---- */

static uint64_t longest_timeout(const struct model *m, const struct model_service *service)
{
    uint64_t longest = 0;

    for (size_t i = 0; i < service->n_checks; i++)
        if (m->checks[service->first_check + i].timeout > longest)
            longest = m->checks[service->first_check + i].timeout;
    return longest;
}

static void raise_waits(struct config *c)
{
    uint64_t *longest = arena_array(c->arena, c->model->n_services + 1, sizeof *longest);

    for (size_t i = 0; i < c->model->n_services; i++)
        longest[i] = longest_timeout(c->model, &c->model->services[i]);
    for (size_t i = 0; i < c->services.n; i++) {
        struct service_plan *plan = work_service_at(c, i);
        struct model_service *service = (struct model_service *)&c->model->services[plan->index];

        for (size_t k = 0; !plan->twice && k < service->n_needs; k++) {
            for (size_t n = 0; n < service->needs[k].n; n++) {
                if (longest[service->needs[k].any[n]] <= service->needs_wait)
                    continue;
                service->needs_wait = longest[service->needs[k].any[n]];
                plan->raised = true;
            }
        }
    }
}

void needs_make(struct config *c)
{
    struct needing all = { .c = c };

    all.seen = arena_array(c->arena, c->model->n_services + 1, sizeof *all.seen);
    all.seen_in_any = arena_array(c->arena, c->model->n_services + 1, sizeof *all.seen_in_any);
    for (size_t i = 0; i < c->services.n; i++)
        if (!work_service_at(c, i)->twice)
            read_needs(&all, work_service_at(c, i));
    find_cycles(c);
    raise_waits(c);
}
