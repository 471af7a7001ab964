/*
 * What is expected. One line of `expect:` may stand for many expectations (a group, a pattern): each is judged and counted by itself. What needs repair stands
 * under `with_repair:` only for people's eyes: it is judged in the same way.
 */
#include "rehearse/scenario_private.h"

#include <stdio.h>
#include <string.h>

enum shape { SHAPE_VERDICT, SHAPE_CAUSE, SHAPE_WORD_OF, SHAPE_OUTCOME, SHAPE_TIER, SHAPE_RUNBOOK, SHAPE_TEXT, SHAPE_SET, SHAPE_COUNT, SHAPE_STATE, SHAPE_BOOL, SHAPE_TOLD, SHAPE_NOTE };

static const char *const verdicts[] = { "ok", "warn", "suspect", "failed", "recovering", "unknown", "starting", "stopped", "gone" };
static const char *const states[] = { "Starting", "Healthy", "Degraded", "Failed", "Investigating", "Critical", "SOS" };
static const char *const endings[] = { "none", "open", "recovered", "folded", "stopped", "removed" };
static const char *const outcomes[] = { "nothing", "fixed", "not_fixed", "failed", "interrupted" };
static const char *const tiers[] = { "nothing", "runbooks", "agent", "agent-fallback", "exhausted", "sos" };
static const char *const levels[] = { "digest", "message", "page" };

#define COUNT(list) (sizeof (list) / sizeof *(list))

static const struct {
    const char *key;
    enum scenario_expected what;
    enum shape shape;
} known[] = {
    { "verdict", EXPECT_VERDICT, SHAPE_VERDICT }, { "root", EXPECT_ROOT, SHAPE_SET }, { "caused_by", EXPECT_CAUSED_BY, SHAPE_CAUSE },
    { "waiting_for", EXPECT_WAITING_FOR, SHAPE_CAUSE }, { "state", EXPECT_STATE, SHAPE_STATE }, { "incidents", EXPECT_INCIDENTS, SHAPE_COUNT },
    { "opened", EXPECT_OPENED, SHAPE_COUNT }, { "incident", EXPECT_INCIDENT, SHAPE_WORD_OF }, { "told", EXPECT_TOLD, SHAPE_TOLD },
    { "would_heal", EXPECT_WOULD_HEAL, SHAPE_RUNBOOK }, { "silenced", EXPECT_SILENCED, SHAPE_SET }, { "flapping", EXPECT_FLAPPING, SHAPE_SET },
    { "why", EXPECT_WHY, SHAPE_TEXT }, { "sick", EXPECT_SICK, SHAPE_BOOL }, { "storm", EXPECT_STORM, SHAPE_BOOL }, { "paused", EXPECT_PAUSED, SHAPE_BOOL },
    { "refused", EXPECT_REFUSED, SHAPE_BOOL },
    { "healed", EXPECT_HEALED, SHAPE_RUNBOOK }, { "outcome", EXPECT_OUTCOME, SHAPE_OUTCOME }, { "refused_heal", EXPECT_REFUSED_HEAL, SHAPE_TEXT },
    { "escalated", EXPECT_ESCALATED, SHAPE_TIER }, { "note", EXPECT_WHY, SHAPE_NOTE },
};

enum { KNOWN = COUNT(known) };

static struct scenario_expect *add(struct reader *r, const struct node *at, enum scenario_expected what)
{
    struct scenario_step *step = step_add(r, SCENARIO_EXPECT, at);

    step->of.expect.what = what;
    step->of.expect.place = step->place;
    return &step->of.expect;
}

/* ---- maps of names ---- */

static bool read_word(struct reader *r, const struct entry *entry, const char *const *words, size_t n, const char **value)
{
    size_t word;

    if (!value_word(r->c, entry->value, entry->key->of.text, words, n, &word))
        return false;
    *value = words[word];
    return true;
}

static bool read_value(struct reader *r, const struct entry *entry, enum shape shape, const char **value)
{
    const char *text = NULL, *key = entry->key->of.text;

    switch (shape) {
    case SHAPE_VERDICT:
        return read_word(r, entry, verdicts, COUNT(verdicts), value);
    case SHAPE_WORD_OF:
        return read_word(r, entry, endings, COUNT(endings), value);
    case SHAPE_OUTCOME:
        return read_word(r, entry, outcomes, COUNT(outcomes), value);
    case SHAPE_TIER:
        return read_word(r, entry, tiers, COUNT(tiers), value);
    case SHAPE_CAUSE:
    case SHAPE_RUNBOOK:
        if (entry->value->kind == NODE_TEXT && strcmp(entry->value->of.text, "nothing") == 0)
            *value = NULL;
        else if (shape == SHAPE_RUNBOOK)
            return names_runbook(r, entry->value, value);
        else
            return names_service(r, entry->value, key, value);
        return true;
    default:
        if (!value_text(r->c, entry->value, key, "a text", &text))
            return false;
        *value = arena_string(r->c->made, text);
        return true;
    }
}

static void read_map(struct reader *r, const struct node *map, size_t k)
{
    if (!value_is_map(r->c, map, known[k].key, "names and what is expected of them"))
        return;
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n; i++) {
        const struct entry *entry = &map->of.entries[i];
        const char *const *names = NULL, *value = NULL;
        size_t n = 0;
        const bool known_name = names_subjects(r, entry->key, known[k].shape == SHAPE_VERDICT, &names, &n);

        if (!read_value(r, entry, known[k].shape, &value) || !known_name)
            continue;
        for (size_t j = 0; j < n; j++) {
            struct scenario_expect *made = add(r, entry->key, known[k].what);

            made->name = names[j];
            made->value = value;
        }
    }
}

/* ---- sets of services ---- */

static void read_set(struct reader *r, const struct node *node, size_t k)
{
    const bool nothing = node->kind == NODE_TEXT && strcmp(node->of.text, "nothing") == 0;
    const size_t most = node->kind == NODE_LIST ? node->n : 1;
    struct vector all = { 0 };
    struct scenario_expect *made;

    for (size_t i = 0; !nothing && i < most; i++) {
        const struct node *item = node->kind == NODE_LIST ? node->of.items[i] : node;
        const char *const *names = NULL;
        size_t n = 0;

        if (item->kind != NODE_TEXT || tree_empty(item)) {
            problem_error(r->c, item->place, "`%s` must be `nothing`, a service or a list of services, not %s", known[k].key, value_kind(item));
            return;
        }
        if (!names_subjects(r, item, false, &names, &n))
            return;
        for (size_t j = 0; j < n; j++)
            *(const char **)vector_push(r->c->arena, &all, sizeof(char *)) = names[j];
    }
    made = add(r, node, known[k].what);
    made->names = all.items;
    made->n = all.n;
}

/* ---- told: "message redis", "digest nas recovered", "message talon storm" ---- */

static bool read_notice(struct reader *r, const struct node *node, const char *word, int *notice)
{
    const char *names[NOTICES];

    for (int i = 0; i < NOTICES; i++) {
        names[i] = engine_notice_name((enum engine_notice)i);
        if (strcmp(names[i], word) == 0) {
            *notice = i;
            return true;
        }
    }
    problem_error(r->c, node->place, "there is no notice %s", problem_quote(r->c, word));
    problem_nearest(r->c, word, names, NOTICES);
    return false;
}

static bool read_who(struct reader *r, const struct node *node, const char *word, const char **who)
{
    if (strcmp(word, "talon") == 0) { /* Talon itself; a service of that name is watched from outside it, and says so by its notice */
        *who = NULL;
        return true;
    }
    for (size_t i = 0; i < r->n_services; i++) {
        if (strcmp(r->services[i], word) == 0) {
            *who = r->services[i];
            return true;
        }
    }
    if (r->models[0].model) {
        problem_error(r->c, node->place, "there is no service %s", problem_quote(r->c, word));
        problem_nearest(r->c, word, r->services, r->n_services);
    }
    return false;
}

static bool read_line(struct reader *r, const struct node *node, struct scenario_told *told)
{
    const char *text;
    char level[16], who[80], notice[32];
    int words;

    if (!value_text(r->c, node, "told", "a line such as `message redis`", &text))
        return false;
    told->notice = -1;
    words = sscanf(text, "%15s %79s %31s", level, who, notice);
    for (size_t i = 0; words >= 2 && i < COUNT(levels); i++) {
        if (strcmp(levels[i], level) != 0)
            continue;
        told->level = (enum engine_level)i;
        return read_who(r, node, who, &told->who) && (words < 3 || read_notice(r, node, notice, &told->notice));
    }
    problem_error(r->c, node->place,
                  "`told` must be `nothing`, `digests`, or lines of `digest`, `message` or `page`, a service (or `talon`) and at most a notice, not %s",
                  problem_quote(r->c, text));
    if (words >= 1)
        problem_nearest(r->c, level, levels, COUNT(levels));
    return false;
}

static void read_told(struct reader *r, const struct node *node, size_t k)
{
    const bool nothing = node->kind == NODE_TEXT && strcmp(node->of.text, "nothing") == 0;
    const bool digests = node->kind == NODE_TEXT && strcmp(node->of.text, "digests") == 0;
    const size_t n = nothing || digests ? 0 : node->kind == NODE_LIST ? node->n : 1;
    struct scenario_told *all = arena_array(r->c->arena, n + 1, sizeof *all);
    struct scenario_expect *made;
    bool any_digest = false;

    for (size_t i = 0; i < n; i++) {
        if (!read_line(r, node->kind == NODE_LIST ? node->of.items[i] : node, &all[i]))
            return;
        any_digest |= all[i].level == LEVEL_DIGEST;
    }
    made = add(r, node, known[k].what);
    made->told = all;
    made->n = n;
    made->flag = !nothing && !any_digest;
}

/* ---- single values ---- */

static void read_one(struct reader *r, const struct node *node, size_t k)
{
    struct scenario_expect *made;
    size_t word = 0;
    unsigned count = 0;
    bool flag = false, good = true;

    if (known[k].shape == SHAPE_COUNT)
        good = value_count(r->c, node, known[k].key, 0, 1000000, &count);
    else if (known[k].shape == SHAPE_STATE)
        good = value_word(r->c, node, known[k].key, states, COUNT(states), &word);
    else
        good = value_bool(r->c, node, known[k].key, &flag);
    if (!good)
        return;
    made = add(r, node, known[k].what);
    made->n = count;
    made->value = states[word];
    made->flag = flag;
}

/* For people. */
static void read_note(struct reader *r, const struct node *node)
{
    const char *text;

    if (value_string(r->c, node, "note", &text))
        r->s->n_notes++;
}

void expect_read(struct reader *r, const struct node *map, const char *what)
{
    const char *keys[KNOWN];

    if (!map || !value_is_map(r->c, map, what, "what is expected"))
        return;
    for (size_t i = 0; i < KNOWN; i++)
        keys[i] = known[i].key;
    work_keys(r->c, map, keys, KNOWN);
    for (size_t k = 0; k < KNOWN; k++) {
        const struct entry *entry = tree_entry(map, known[k].key);

        if (!entry)
            continue;
        if (known[k].shape == SHAPE_NOTE)
            read_note(r, entry->value);
        else if (known[k].shape <= SHAPE_TEXT)
            read_map(r, entry->value, k);
        else if (known[k].shape == SHAPE_SET)
            read_set(r, entry->value, k);
        else if (known[k].shape == SHAPE_TOLD)
            read_told(r, entry->value, k);
        else
            read_one(r, entry->value, k);
    }
}
