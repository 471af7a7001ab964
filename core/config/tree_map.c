/* Keys and values become a map: `<<` put in, repetitions told. By sorting, so that no choice of keys makes it slow. */
#include "config/problems.h"
#include "config/tree_private.h"
#include "config/work.h"

#include <stdlib.h>
#include <string.h>

struct candidate {
    struct entry entry;
    size_t rank;
    bool own, out;
};

bool tree_is_merge(const struct node *key)
{
    return key->kind == NODE_TEXT && key->plain && strcmp(key->of.text, "<<") == 0;
}

static int by_key(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    const int order = strcmp(a->entry.key->of.text, b->entry.key->of.text);

    return order != 0 ? order : a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int by_rank(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void add(struct config *c, struct vector *all, const struct entry *entry, bool own)
{
    struct candidate *new = vector_push(c->arena, all, sizeof *new);

    *new = (struct candidate){ .entry = *entry, .rank = all->n, .own = own };
}

static void add_merged(struct config *c, struct vector *all, const struct node *from)
{
    if (from->kind == NODE_MAP) {
        for (size_t i = 0; i < from->n; i++)
            add(c, all, &from->of.entries[i], false);
        return;
    }
    problem_error(c, from->place, "`<<` takes a map, or a list of maps, by alias (`<<: *name`)");
}

/* The first of each key stays; another own one is a mistake, a merged one gives way. */
static size_t drop_repeated(struct config *c, struct candidate *all, size_t n)
{
    size_t kept = 0, first = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(all[i].entry.key->of.text, all[first].entry.key->of.text) != 0) {
            first = i;
            kept++;
            continue;
        }
        all[i].out = true;
        if (!all[i].own)
            continue;
        problem_error(c, all[i].entry.key->place, "the key %s stands here twice", problem_quote(c, all[i].entry.key->of.text));
        problem_note_at(c, all[first].entry.key->place, "first defined here");
    }
    return kept;
}

static void collect(struct config *c, struct frame *frame, struct vector *all)
{
    const struct node *const *items = frame->items.items;

    for (size_t i = 0; i + 1 < frame->items.n; i += 2)
        add(c, all, &(struct entry){ .key = items[i], .value = items[i + 1] }, true);
    for (size_t i = 0; i < frame->merged.n; i++) {
        const struct node *from = *VECTOR_AT(&frame->merged, const struct node *, i);

        for (size_t k = 0; from->kind == NODE_LIST && k < from->n; k++)
            add_merged(c, all, from->of.items[k]);
        if (from->kind != NODE_LIST)
            add_merged(c, all, from);
    }
}

static int by_entry(const void *left, const void *right)
{
    return strcmp((*(const struct entry *const *)left)->key->of.text, (*(const struct entry *const *)right)->key->of.text);
}

static const struct entry *const *sort_entries(struct config *c, const struct entry *entries, size_t n)
{
    const struct entry **sorted = arena_array(c->arena, n > 0 ? n : 1, sizeof *sorted);

    for (size_t i = 0; i < n; i++)
        sorted[i] = &entries[i];
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_entry);
    return sorted;
}

size_t tree_finish_map(struct config *c, struct frame *frame)
{
    struct node *node = frame->node;
    struct vector all = { 0 };
    struct candidate *list;
    struct entry *entries;
    size_t merged = 0, kept;

    collect(c, frame, &all);
    list = all.items;
    if (all.n > 1)
        qsort(list, all.n, sizeof *list, by_key);
    kept = drop_repeated(c, list, all.n);
    if (all.n > 1)
        qsort(list, all.n, sizeof *list, by_rank);
    entries = arena_array(c->arena, kept > 0 ? kept : 1, sizeof *entries);
    for (size_t i = 0; i < all.n; i++) {
        if (list[i].out)
            continue;
        if (!list[i].own) {
            merged += 1 + list[i].entry.value->weight;
            node->weight += 1 + list[i].entry.value->weight;
            if (list[i].entry.value->height >= node->height)
                node->height = list[i].entry.value->height + 1;
        }
        entries[node->n++] = list[i].entry;
    }
    node->of.entries = entries;
    node->sorted = sort_entries(c, entries, node->n);
    return merged;
}
