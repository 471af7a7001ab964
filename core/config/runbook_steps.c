/* The steps of a runbook, in a tree: `if` has steps of its own. Each knows how long it may take, so that the deadline can be the sum. */
#include "config/runbook.h"

#include "config/values.h"

#include "base/text.h"

#include <string.h>

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const uint64_t timeout_least = SECONDS(1) / 10, timeout_most = SECONDS(86400);
enum { STEPS = 200, DEPTH = 8, MEANWHILES = 50 };

static const char *const kinds[] = {
    [MODEL_STEP_DO] = "do", [MODEL_STEP_COLLECT] = "collect", [MODEL_STEP_VERIFY] = "verify", [MODEL_STEP_UNTIL] = "until", [MODEL_STEP_WAIT] = "wait",
    [MODEL_STEP_IF] = "if",
};
enum { KINDS = sizeof kinds / sizeof *kinds, KEYS = 4 };

/* What may stand in a step of each kind. */
static const char *const keys[KINDS][KEYS] = {
    [MODEL_STEP_DO] = { "do", "timeout", "on_failure" }, [MODEL_STEP_COLLECT] = { "collect", "timeout" }, [MODEL_STEP_VERIFY] = { "verify", "on_failure" },
    [MODEL_STEP_UNTIL] = { "until", "on_failure" }, [MODEL_STEP_WAIT] = { "wait" }, [MODEL_STEP_IF] = { "if", "then", "else" },
};

/* ---- by kind ---- */

static void read_action(struct runbook_reading *r, const struct node *node, const struct node *value, struct model_step *step)
{
    step->action.timeout = step->kind == MODEL_STEP_DO ? SECONDS(60) : SECONDS(30);
    runbook_duration(r, tree_get(node, "timeout"), "timeout", timeout_least, timeout_most, &step->action.timeout);
    runbook_action(r, value, kinds[step->kind], step->kind == MODEL_STEP_COLLECT, &step->action);
    step->longest = step->action.timeout;
}

static void read_verify(struct runbook_reading *r, const struct node *value, struct model_step *step)
{
    static const char *const names[] = { "checks", "passes", "every", "within" };

    step->passes = (struct model_window_of_passes){ .passes = 1, .every = SECONDS(5) };
    if (value->kind != NODE_MAP) {
        runbook_checks(r, value, &step->passes.checks);
        runbook_passes(r, NULL, "verify", &step->passes);
    } else {
        work_keys(r->c, value, names, sizeof names / sizeof *names);
        if (!tree_get(value, "checks")) {
            problem_error(r->c, value->place, "`verify` needs `checks`");
            r->known = false;
        }
        runbook_passes(r, value, "verify", &step->passes);
    }
    step->longest = step->passes.within;
}

static void read_meanwhile(struct runbook_reading *r, const struct node *node, struct model_meanwhile *made)
{
    static const char *const names[] = { "when", "do", "every", "timeout" };
    const struct node *action = tree_get(node, "do");

    *made = (struct model_meanwhile){ .every = SECONDS(30), .action = { .name = "", .operation = MODEL_NONE, .timeout = SECONDS(30) } };
    if (!value_is_map(r->c, node, "meanwhile", "`when`, `do`, `every` and `timeout`") || !action) {
        if (node->kind == NODE_MAP)
            problem_error(r->c, node->place, "this entry of `meanwhile` has no `do`");
        r->known = false;
        return;
    }
    work_keys(r->c, node, names, sizeof names / sizeof *names);
    runbook_condition(r, tree_get(node, "when"), "when", &made->when);
    runbook_duration(r, tree_get(node, "every"), "every", SECONDS(1), timeout_most, &made->every);
    runbook_duration(r, tree_get(node, "timeout"), "timeout", timeout_least, timeout_most, &made->action.timeout);
    runbook_action(r, action, "do", false, &made->action);
}

static void read_meanwhiles(struct runbook_reading *r, const struct node *list, struct model_step *step)
{
    struct model_meanwhile *made;

    if (!list || !value_is_list(r->c, list, "meanwhile", "`when:` and `do:`"))
        return;
    if (list->n > MEANWHILES) {
        problem_error(r->c, list->place, "more than %d entries of `meanwhile`", MEANWHILES);
        return;
    }
    made = arena_array(r->c->made, list->n + 1, sizeof *made);
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++)
        read_meanwhile(r, list->of.items[i], &made[step->n_meanwhile++]);
    step->meanwhile = made;
}

static void read_until(struct runbook_reading *r, const struct node *value, struct model_step *step)
{
    static const char *const names[] = { "checks", "within", "every", "passes", "meanwhile", "hard", "warmup" }, *const needed[] = { "checks", "within" };

    step->passes = (struct model_window_of_passes){ .passes = 1, .every = SECONDS(5) };
    if (!value_is_map(r->c, value, "until", "`checks`, `within`, `every`, `passes`, `meanwhile`, `hard` and `warmup`")) {
        r->known = false;
        return;
    }
    work_keys(r->c, value, names, sizeof names / sizeof *names);
    for (size_t i = 0; i < 2; i++) {
        if (tree_get(value, needed[i]))
            continue;
        r->known = false;
        if (!work_misspelt(r->c, value, names, sizeof names / sizeof *names, needed[i]))
            problem_error(r->c, value->place, "`until` needs `%s`", needed[i]);
    }
    runbook_passes(r, value, "until", &step->passes);
    read_meanwhiles(r, tree_get(value, "meanwhile"), step);
    runbook_condition(r, tree_get(value, "hard"), "hard", &step->hard);
    runbook_condition(r, tree_get(value, "warmup"), "warmup", &step->warmup);
    step->longest = step->passes.within;
}

static void read_if(struct runbook_reading *r, const struct node *node, const struct node *value, struct model_step *step)
{
    const struct node *then = tree_get(node, "then"), *otherwise = tree_get(node, "else");
    uint64_t if_true = 0, if_false = 0;

    runbook_condition(r, value, "if", &step->condition);
    if (!then && !otherwise) {
        problem_error(r->c, node->place, "`if` needs `then` or `else`, with steps");
        r->known = false;
    }
    if (r->depth == DEPTH) {
        problem_error(r->c, node->place, "more than %d levels of `if`", DEPTH);
        return;
    }
    r->depth++;
    if (then)
        runbook_steps(r, then, "then", &step->then, &step->n_then, &if_true);
    if (otherwise)
        runbook_steps(r, otherwise, "else", &step->otherwise, &step->n_otherwise, &if_false);
    r->depth--;
    step->longest = if_true > if_false ? if_true : if_false;
}

/* ---- one step ---- */

static const struct entry *find_kind(struct config *c, const struct node *node, enum model_step_kind *kind)
{
    const struct entry *found = NULL;

    for (size_t i = 0; i < KINDS; i++) {
        const struct entry *entry = tree_entry(node, kinds[i]);

        if (entry && found) {
            problem_error(c, entry->key->place, "a step does one thing, and this one has `%s` already: make two of it", found->key->of.text);
            return NULL;
        }
        if (entry) {
            found = entry;
            *kind = (enum model_step_kind)i;
        }
    }
    if (found)
        return found;
    problem_error(c, node->place, "this step does nothing: `do`, `collect`, `verify`, `until`, `wait` or `if` is expected");
    for (size_t i = 0; i < node->n; i++)
        if (problem_nearest(c, node->of.entries[i].key->of.text, kinds, KINDS))
            break;
    return NULL;
}

static void read_failure(struct runbook_reading *r, const struct node *node, struct model_step *step)
{
    static const char *const words[] = { "stop", "continue" };
    const struct node *given = tree_get(node, "on_failure");
    size_t index = 0;

    if (given && !value_word(r->c, given, "on_failure", words, 2, &index))
        r->known = false;
    step->goes_on = index == 1 || step->kind == MODEL_STEP_COLLECT; /* what is missing as evidence is no reason to leave it broken */
}

static void read_step(struct runbook_reading *r, const struct node *node, struct model_step *step)
{
    const struct entry *entry;
    size_t n = 0;

    step->action = (struct model_action){ .name = "", .operation = MODEL_NONE };
    step->place = work_place(r->c, node->place);
    entry = node->kind == NODE_MAP ? find_kind(r->c, node, &step->kind) : NULL;
    if (!entry) {
        if (node->kind != NODE_MAP)
            problem_error(r->c, node->place, "a step must be a map such as `do: {...}`, not %s", value_kind(node));
        r->known = false;
        return;
    }
    while (n < KEYS && keys[step->kind][n])
        n++;
    work_keys(r->c, node, keys[step->kind], n);
    read_failure(r, node, step);
    if (step->kind == MODEL_STEP_DO || step->kind == MODEL_STEP_COLLECT)
        read_action(r, node, entry->value, step);
    else if (step->kind == MODEL_STEP_VERIFY)
        read_verify(r, entry->value, step);
    else if (step->kind == MODEL_STEP_UNTIL)
        read_until(r, entry->value, step);
    else if (step->kind == MODEL_STEP_IF)
        read_if(r, node, entry->value, step);
    else
        runbook_duration(r, entry->value, "wait", timeout_least, timeout_most, &step->wait);
    if (step->kind == MODEL_STEP_WAIT)
        step->longest = step->wait;
}

/* ---- lists of them ---- */

/* An alias can make many steps of few lines, and each entry of `heal:` has its own. */
static bool within_bounds(struct runbook_reading *r, const struct node *list)
{
    r->steps += list->n;
    r->c->n_steps += list->n;
    if (r->steps <= STEPS && r->c->n_steps <= WORK_STEPS)
        return true;
    r->known = false;
    if (r->steps > STEPS)
        problem_error(r->c, list->place, "more than %d steps", STEPS);
    else
        problem_error(r->c, list->place, "the runbooks come to more than %d steps, counted once for each entry of `heal` that runs them", WORK_STEPS);
    return false;
}

void runbook_steps(struct runbook_reading *r, const struct node *list, const char *what, const struct model_step **steps, size_t *n, uint64_t *longest)
{
    struct model_step *made;

    if (!value_is_list(r->c, list, what, "steps")) {
        r->known = false;
        return;
    }
    if (list->kind != NODE_LIST || !within_bounds(r, list))
        return;
    made = arena_array(r->c->made, list->n + 1, sizeof *made);
    for (size_t i = 0; i < list->n; i++) {
        read_step(r, list->of.items[i], &made[i]);
        *longest += made[i].longest;
    }
    *steps = made;
    *n = list->n;
}
