/* Windows of passes: which checks, how often in a row, and whether that fits into the time they are given (rules.md 4.9). */
#include "config/runbook.h"

#include "config/values.h"

#include "base/scalar.h"

#include <string.h>

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const uint64_t every_least = SECONDS(1) / 10, within_most = SECONDS(86400);
enum { PASSES = 1000, NAMES = 200, ALL = 2000 };

/* ---- the checks ---- */

static void add(struct runbook_reading *r, struct vector *found, size_t check)
{
    for (size_t i = 0; i < found->n; i++)
        if (*VECTOR_AT(found, size_t, i) == check)
            return;
    if (found->n < ALL)
        *(size_t *)vector_push(r->c->arena, found, sizeof check) = check;
}

static void add_service(struct runbook_reading *r, struct vector *found, const struct service_plan *service, const struct node *node)
{
    const size_t before = found->n;

    for (size_t i = 0; i < service->n_checks; i++) {
        const struct model_check *check = &r->c->model->checks[work_check_at(r->c, service->first_check + i)->index];

        if (!check->witness && check->enabled)
            add(r, found, (size_t)(check - r->c->model->checks));
    }
    if (found->n > before || service == r->service || service->n_checks == 0)
        return; /* what has no check never asks for a runbook */
    r->known = false;
    problem_error(r->c, node->place.source ? node->place : r->plan->key->place, "no check of the service `%s` can answer for it", service->name);
}

static void tell_no_check(struct runbook_reading *r, const struct node *node, const struct service_plan *service, const char *name)
{
    const char **names = arena_array(r->c->arena, service->n_checks + 1, sizeof *names);

    for (size_t i = 0; i < service->n_checks; i++)
        names[i] = work_check_at(r->c, service->first_check + i)->full_name;
    r->known = false;
    problem_error(r->c, node->place, "there is no check %s, which this runbook asks for the service `%s`", problem_quote(r->c, name), r->service->name);
    problem_nearest(r->c, name, names, service->n_checks);
}

static void find(struct runbook_reading *r, struct vector *found, const struct node *node, const char *name)
{
    struct config *c = r->c;
    const char *dot = strchr(name, '.'), *first = dot ? arena_copy(c->arena, name, (size_t)(dot - name)) : name;
    const struct service_plan *service = strcmp(first, "subject") == 0 ? r->service : work_service(c, first);
    const struct check_plan *check = service && dot ? work_check(c, service->name, dot + 1) : NULL;

    if (!service) {
        r->known = false;
        if (work_is_lost(c, first))
            return;
        problem_error(c, node->place, "there is no service %s, which this runbook asks for the service `%s`", problem_quote(c, first), r->service->name);
        problem_nearest(c, first, c->service_names, c->n_service_names);
    } else if (!dot) {
        add_service(r, found, service, node);
    } else if (!check) {
        tell_no_check(r, node, service, name);
    } else {
        add(r, found, check->index);
    }
}

static void read_name(struct runbook_reading *r, const struct node *node, struct vector *found)
{
    const char *name;

    if (!value_text(r->c, node, "checks", "the name of a check (SERVICE.CHECK), of a service, or `subject`", &name) || !r->service)
        r->known = false;
    else
        find(r, found, node, name);
}

void runbook_checks(struct runbook_reading *r, const struct node *node, struct model_checks *checks)
{
    struct vector found = { .n = 0 };

    if (node->kind == NODE_LIST && (node->n == 0 || node->n > NAMES)) {
        problem_error(r->c, node->place, node->n == 0 ? "`checks` names nothing" : "`checks` names more than 200");
        r->known = false;
        return;
    }
    for (size_t i = 0; node->kind == NODE_LIST && i < node->n; i++)
        read_name(r, node->of.items[i], &found);
    if (node->kind != NODE_LIST)
        read_name(r, node, &found);
    checks->n = found.n;
    if (found.n > 0)
        checks->checks = memcpy(arena_array(r->c->made, found.n, sizeof(size_t)), found.items, found.n * sizeof(size_t));
}

/* ---- the window ---- */

/* A check is not asked again before it answered, so a slow one stretches the passes. */
static uint64_t needed(const struct runbook_reading *r, const struct model_window_of_passes *passes, uint64_t *longest)
{
    uint64_t between = passes->every;

    *longest = 0;
    for (size_t i = 0; i < passes->checks.n; i++)
        if (r->c->model->checks[passes->checks.checks[i]].timeout > *longest)
            *longest = r->c->model->checks[passes->checks.checks[i]].timeout;
    if (*longest > between)
        between = *longest;
    return (passes->passes - 1) * between + *longest;
}

static void tell_short(struct runbook_reading *r, const struct node *at, const char *what, const struct model_window_of_passes *passes, uint64_t least, uint64_t longest)
{
    char every[64], within[64], need[64], timeout[64];

    scalar_show_duration(passes->every, every, sizeof every);
    scalar_show_duration(passes->within, within, sizeof within);
    scalar_show_duration(least, need, sizeof need);
    scalar_show_duration(longest, timeout, sizeof timeout);
    r->known = false;
    if (longest > 0)
        problem_error(r->c, at->place, "`%s` cannot fit: %u pass%s, one each %s, of checks that may take %s need %s, and `within` is %s", what, passes->passes,
                      passes->passes == 1 ? "" : "es", every, timeout, need, within);
    else
        problem_error(r->c, at->place, "`%s` cannot fit: %u passes, one each %s, need %s, and `within` is %s", what, passes->passes, every, need, within);
}

void runbook_passes(struct runbook_reading *r, const struct node *map, const char *what, struct model_window_of_passes *passes)
{
    const struct node *checks = tree_get(map, "checks"), *within = tree_get(map, "within");
    const bool known = r->known;
    uint64_t least, longest;

    r->known = true;
    runbook_count(r, tree_get(map, "passes"), "passes", 1, PASSES, &passes->passes);
    runbook_duration(r, tree_get(map, "every"), "every", every_least, within_most, &passes->every);
    runbook_duration(r, within, "within", every_least, within_most, &passes->within);
    if (r->known && within && (passes->passes - 1) * passes->every > passes->within)
        tell_short(r, within, what, passes, (passes->passes - 1) * passes->every, 0);
    if (checks)
        runbook_checks(r, checks, &passes->checks);
    least = needed(r, passes, &longest);
    if (!within && passes->within == 0)
        passes->within = least;
    if (r->known && passes->within < least)
        tell_short(r, within ? within : map, what, passes, least, longest);
    r->known = r->known && known;
}
