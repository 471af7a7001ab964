/*
 * A runbook's limits, impact, stability window and deadline. Read once as it is written and once for each entry of `heal:`, because times, names and
 * options may be parameters: only then can they be judged. What is wrong both times is told once.
 */
#include "config/runbook.h"

#include "config/values.h"
#include "config/when.h"

#include "base/scalar.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const uint64_t longest_limit = SECONDS(30 * 86400), longest_run = SECONDS(86400), pass_least = SECONDS(1) / 10;
static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive" };
enum { ATTEMPTS = 100, STARTS = 64, TICKS = 16, TRIES = 100, LOCKS = 16 }; /* heal remembers so many starts of a runbook (heal/record.h), and so many ticks */

const char *runbook_impact(enum model_impact impact)
{
    return impacts[impact];
}

/* ---- values that may be missing ---- */

void runbook_duration(struct runbook_reading *r, const struct node *node, const char *what, uint64_t min, uint64_t max, uint64_t *ns)
{
    if (node && !value_duration(r->c, node, what, min, max, ns))
        r->known = false;
}

void runbook_count(struct runbook_reading *r, const struct node *node, const char *what, unsigned min, unsigned max, unsigned *value)
{
    if (node && !value_count(r->c, node, what, min, max, value))
        r->known = false;
}

void runbook_condition(struct runbook_reading *r, const struct node *node, const char *what, struct model_condition *condition)
{
    if (!node)
        return;
    if (!r->service) {
        if (node->kind != NODE_TEXT || tree_empty(node))
            problem_error(r->c, node->place, "`%s` must be a condition such as `web.up failed`", what);
        r->known = false;
    } else if (when_read_of(r->c, r->service, node, what, condition) != WHEN_READ) {
        r->known = false;
    }
}

/* ---- limits ---- */

static void read_confirm(struct runbook_reading *r, const struct node *map, struct model_limits *limits)
{
    static const char *const keys[] = { "ticks", "within", "or" }, *const tries[] = { "tries", "every" };
    const struct node *or = tree_get(map, "or");

    if (!map || !value_is_map(r->c, map, "confirm", "`ticks`, `within` and `or`"))
        return;
    work_keys(r->c, map, keys, sizeof keys / sizeof *keys);
    runbook_count(r, tree_get(map, "ticks"), "ticks", 1, TICKS, &limits->confirm_ticks);
    runbook_duration(r, tree_get(map, "within"), "within", pass_least, longest_limit, &limits->confirm_within);
    if (!or || !value_is_map(r->c, or, "or", "`tries` and `every`"))
        return;
    work_keys(r->c, or, tries, sizeof tries / sizeof *tries);
    limits->confirm_tries = 6;
    limits->confirm_every = SECONDS(5);
    runbook_count(r, tree_get(or, "tries"), "tries", 1, TRIES, &limits->confirm_tries);
    runbook_duration(r, tree_get(or, "every"), "every", pass_least, longest_run, &limits->confirm_every);
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void read_locks(struct runbook_reading *r, const struct node *node, struct model_limits *limits)
{
    const char *const *list, **sorted;
    size_t n, kept = 0;

    if (!node)
        return;
    if (!value_list(r->c, node, "locks", &list, &n)) {
        r->known = false;
        return;
    }
    if (n > LOCKS) {
        problem_error(r->c, node->place, "more than %d locks", LOCKS);
        return;
    }
    sorted = arena_array(r->c->made, n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        if (!text_is_name(list[i]))
            problem_error(r->c, node->place, "%s is no name for a lock", problem_quote(r->c, list[i]));
        sorted[i] = list[i];
    }
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(sorted[kept - 1], sorted[i]) != 0)
            sorted[kept++] = sorted[i];
    sorted[kept] = NULL;
    limits->locks = sorted;
    limits->n_locks = kept;
}

static void read_at_most(struct runbook_reading *r, const struct node *node, struct model_limits *limits)
{
    if (!node)
        return;
    if (!value_rate(r->c, node, "at_most", &limits->at_most, &limits->at_most_window)) {
        r->known = false;
    } else if (limits->at_most == 0 || limits->at_most > STARTS || limits->at_most_window > longest_limit) {
        problem_error(r->c, node->place, "`at_most` of a runbook must be from 1 to %d, within at most 30d", STARTS);
        r->known = false;
    }
}

static void read_limits(struct runbook_reading *r, const struct node *map)
{
    static const char *const keys[] = { "attempts", "cooldown", "at_most", "hold_after_failure", "confirm", "warmup", "locks", "owner" };
    static const char *const none[] = { NULL };
    struct model_limits *limits = &r->made->limits;

    *limits = (struct model_limits){ .attempts = 3, .cooldown = SECONDS(900), .at_most = 3, .at_most_window = SECONDS(21600),
                                     .hold_after_failure = SECONDS(1800), .confirm_ticks = 2, .locks = none };
    if (!map || !value_is_map(r->c, map, "limits", "limits such as `cooldown: 15m`"))
        return;
    work_keys(r->c, map, keys, sizeof keys / sizeof *keys);
    runbook_count(r, tree_get(map, "attempts"), "attempts", 1, ATTEMPTS, &limits->attempts);
    runbook_duration(r, tree_get(map, "cooldown"), "cooldown", 0, longest_limit, &limits->cooldown);
    read_at_most(r, tree_get(map, "at_most"), limits);
    runbook_duration(r, tree_get(map, "hold_after_failure"), "hold_after_failure", 0, longest_limit, &limits->hold_after_failure);
    read_confirm(r, tree_get(map, "confirm"), limits);
    runbook_condition(r, tree_get(map, "warmup"), "warmup", &limits->warmup);
    read_locks(r, tree_get(map, "locks"), limits);
    runbook_condition(r, tree_get(map, "owner"), "owner", &limits->owner);
}

/* ---- what the whole comes to ---- */

static void read_impact(struct runbook_reading *r, const struct node *node)
{
    size_t index;

    r->made->impact = r->impact;
    if (!node)
        return;
    if (!value_word(r->c, node, "impact", impacts, sizeof impacts / sizeof *impacts, &index)) {
        r->known = false;
        return;
    }
    if ((enum model_impact)index < r->impact)
        problem_error(r->c, node->place, "`impact` is `%s`, and one of the steps is `%s`", impacts[index], impacts[r->impact]);
    else
        r->made->impact = (enum model_impact)index;
}

/* A plugin that cannot be loaded is no mistake in a runbook; but nobody can say that it does less than this. */
static void raise_unasked(struct runbook_reading *r)
{
    if (r->unasked && r->made->impact < MODEL_DISRUPT)
        r->made->impact = MODEL_DISRUPT;
}

static void read_verify(struct runbook_reading *r, const struct node *map)
{
    static const char *const keys[] = { "checks", "passes", "every", "within" };
    struct model_window_of_passes *verify = &r->made->verify;
    static const struct node subject = { .kind = NODE_TEXT, .plain = true, .n = 7, .of.text = "subject" };

    *verify = (struct model_window_of_passes){ .passes = 2, .every = SECONDS(10) };
    if (map && !value_is_map(r->c, map, "verify", "`checks`, `passes`, `every` and `within`"))
        return;
    if (map)
        work_keys(r->c, map, keys, sizeof keys / sizeof *keys);
    if (!tree_get(map, "checks"))
        runbook_checks(r, &subject, &verify->checks);
    runbook_passes(r, map, "verify", verify);
}

static void read_deadline(struct runbook_reading *r, const struct node *node, uint64_t sum)
{
    char given[64], least[64];

    r->made->deadline = sum;
    runbook_duration(r, node, "deadline", pass_least, 2 * longest_limit, &r->made->deadline);
    if (!node || !r->known || r->made->deadline >= sum)
        return;
    scalar_show_duration(r->made->deadline, given, sizeof given);
    scalar_show_duration(sum, least, sizeof least);
    problem_error(r->c, node->place, "`deadline` is %s, and the steps and `verify` may take %s in all", given, least);
}

void runbook_read(struct config *c, const struct runbook_plan *plan, const struct service_plan *service, const struct binding *binding, struct model_runbook *made)
{
    struct runbook_reading r = { .c = c, .plan = plan, .service = service, .made = made, .known = true };
    const struct node *steps = tree_get(plan->node, "steps");
    static const struct node none = { .kind = NODE_MAP };
    uint64_t sum = 0;

    c->params = tree_get(plan->node, "params");
    if (!c->params)
        c->params = &none; /* so that what is no parameter is told as that */
    c->binding = binding;
    read_limits(&r, tree_get(plan->node, "limits"));
    if (steps)
        runbook_steps(&r, steps, "steps", &made->steps, &made->n_steps, &sum);
    read_verify(&r, tree_get(plan->node, "verify"));
    read_impact(&r, tree_get(plan->node, "impact"));
    raise_unasked(&r);
    read_deadline(&r, tree_get(plan->node, "deadline"), sum + made->verify.within);
    made->known = r.known;
    c->params = NULL;
    c->binding = NULL;
}
