/* How a check goes bad: `fail`, `fail connect.refused`, or a map with more of what its result would hold. */
#include "rehearse/scenario_private.h"

#include "base/scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = { "ok", "fail", "warn", "unknown", "starting", "stopped", "silent" };
static const char *const keys[] = { "is", "reason", "summary", "metrics", "takes", "flap" };

enum { WORDS = sizeof words / sizeof *words, KEYS = sizeof keys / sizeof *keys };

static const struct {
    enum status status;
    const char *reason, *summary;
} usual[WORDS] = {
    { STATUS_OK, "ok", "ok" }, { STATUS_FAIL, "fail", "it does not work" }, { STATUS_WARN, "warn", "it is not as it should be" },
    { STATUS_UNKNOWN, "unknown", "it cannot be told" }, { STATUS_STARTING, "starting", "it is starting" },
    { STATUS_STOPPED, "stopped.by_hand", "stopped by hand" },
    { STATUS_FAIL, "timeout", "no answer in time" },
};

static void take_word(struct scenario_way *way, size_t word)
{
    way->silent = strcmp(words[word], "silent") == 0;
    way->status = usual[word].status;
    way->reason = usual[word].reason;
    way->summary = usual[word].summary;
}

/* "fail", "fail connect.refused" */
static bool take_words(struct reader *r, const struct node *node, struct scenario_way *way)
{
    const char *text, *blank;
    size_t n;

    if (!value_text(r->c, node, "is", "how it answers, such as `fail connect.refused`", &text))
        return false;
    blank = strchr(text, ' ');
    n = blank ? (size_t)(blank - text) : strlen(text);
    for (size_t i = 0; i < WORDS; i++) {
        if (strlen(words[i]) != n || strncmp(words[i], text, n) != 0)
            continue;
        take_word(way, i);
        if (blank)
            way->reason = arena_string(r->c->made, blank + 1);
        return true;
    }
    problem_error(r->c, node->place, "a check can be `ok`, `fail`, `warn`, `unknown`, `starting`, `stopped` or `silent`, not %s", problem_quote(r->c, text));
    problem_nearest(r->c, arena_copy(r->c->arena, text, n), words, WORDS);
    return false;
}

/* ---- metrics ---- */

static const struct model_metric *declared(const struct model_operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->n_metrics; i++)
        if (strcmp(operation->metrics[i].name, name) == 0 || strcmp(operation->metrics[i].name, "*") == 0)
            return &operation->metrics[i];
    return NULL;
}

static bool is_declared(struct reader *r, const struct node *key, const struct scenario_targets *targets)
{
    const struct model_operation *last = NULL;
    const char **names;

    for (size_t i = 0; i < targets->n; i++) {
        last = r->s->targets[targets->all[i]].operation;
        if (last->missing || declared(last, key->of.text))
            return true;
    }
    if (!last)
        return false;
    names = arena_array(r->c->arena, last->n_metrics + 1, sizeof *names);
    for (size_t i = 0; i < last->n_metrics; i++)
        names[i] = last->metrics[i].name;
    problem_error(r->c, key->place, "`%s` has no metric %s", last->name, problem_quote(r->c, key->of.text));
    problem_nearest(r->c, key->of.text, names, last->n_metrics);
    return false;
}

static bool read_metric(struct reader *r, const struct entry *entry, struct result_metric *made)
{
    const char *text;
    char why[SCALAR_WHY], unused[SCALAR_WHY];
    uint64_t whole;

    if (!value_text(r->c, entry->value, entry->key->of.text, "a number", &text))
        return false;
    made->name = arena_string(r->c->made, entry->key->of.text);
    made->unit = "";
    if (scalar_number(text, &made->value, why))
        return true;
    if (scalar_duration(text, &whole, unused))
        made->value = (double)whole / 1e9;
    else if (scalar_size(text, &whole, unused))
        made->value = (double)whole;
    else
        problem_error(r->c, entry->value->place, "the metric `%s` must be a number, a duration (in seconds then) or a size (in bytes): %s", made->name, why);
    return true;
}

static void read_metrics(struct reader *r, const struct node *map, const struct scenario_targets *targets, struct scenario_way *way)
{
    struct result_metric *all;

    if (!value_is_map(r->c, map, "metrics", "names and numbers") || map->kind != NODE_MAP)
        return;
    if (map->n > RESULT_METRICS) {
        problem_error(r->c, map->place, "more than %d metrics", RESULT_METRICS);
        return;
    }
    all = arena_array(r->c->made, map->n + 1, sizeof *all);
    for (size_t i = 0; i < map->n; i++)
        if (is_declared(r, map->of.entries[i].key, targets) && read_metric(r, &map->of.entries[i], &all[way->n_metrics]))
            way->n_metrics++;
    way->metrics = all;
}

bool way_read(struct reader *r, const struct node *node, const struct scenario_targets *targets, struct scenario_way *way)
{
    const struct node *is;

    take_word(way, 1);
    if (node->kind != NODE_MAP)
        return take_words(r, node, way);
    work_keys(r->c, node, keys, KEYS);
    is = tree_get(node, "is");
    if (!is && !work_misspelt(r->c, node, keys, KEYS, "is"))
        problem_error(r->c, node->place, "`is:` is missing: how it answers, such as `fail`, `warn` or `silent`");
    if (!is || !take_words(r, is, way))
        return false;
    if (tree_get(node, "reason"))
        value_string(r->c, tree_get(node, "reason"), "reason", &way->reason);
    if (tree_get(node, "summary"))
        value_string(r->c, tree_get(node, "summary"), "summary", &way->summary);
    if (tree_get(node, "takes"))
        value_duration(r->c, tree_get(node, "takes"), "takes", 1, SCENARIO_LONGEST, &way->takes);
    if (tree_get(node, "flap"))
        value_duration(r->c, tree_get(node, "flap"), "flap", NS_PER_MS, SCENARIO_LONGEST, &way->flap);
    if (tree_get(node, "metrics"))
        read_metrics(r, tree_get(node, "metrics"), targets, way);
    return true;
}
