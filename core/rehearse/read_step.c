/* An entry of the timeline: when, and what happens then. Within one entry things happen in the order of `keys`; what is expected is judged last. */
#include "rehearse/scenario_private.h"

#include "base/scalar.h"

#include <stdio.h>
#include <string.h>

#define CLOCK_MOST (20 * (uint64_t)366 * 86400 * NS_PER_S)

struct scenario_step *step_add(struct reader *r, enum scenario_act act, const struct node *at)
{
    struct scenario_step *step;

    if (r->steps.n == SCENARIO_STEPS) {
        problem_error(r->c, at->place, "more than %d things happen", SCENARIO_STEPS);
        r->steps.n = 0; /* it is not to be used any more */
    }
    step = vector_push(r->c->arena, &r->steps, sizeof *step);
    step->at = r->at;
    step->act = act;
    step->place = work_place(r->c, at->place);
    return step;
}

const char *step_duration(struct reader *r, uint64_t ns)
{
    char text[64];

    scalar_show_duration(ns, text, sizeof text);
    return arena_string(r->c->arena, text);
}

/* ---- what is watched ---- */

static void break_one(struct reader *r, const struct entry *entry)
{
    struct scenario_targets targets = { 0 };
    struct scenario_way *way = arena_alloc(r->c->arena, sizeof *way);
    const bool known = names_target(r, entry->key, &targets);
    struct scenario_step *step;

    if (!way_read(r, entry->value, &targets, way) || !known)
        return;
    step = step_add(r, SCENARIO_WAY, entry->key);
    step->of.way.targets = targets;
    step->of.way.way = way;
    step->text = arena_printf(r->c->arena, "%s is %s%s%s", entry->key->of.text, way->silent ? "silent" : status_name(way->status), way->silent ? "" : " ",
                              way->silent ? "" : way->reason);
}

void step_breaks(struct reader *r, const struct node *map)
{
    if (!map || !value_is_map(r->c, map, "break", "names and how they answer"))
        return;
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n; i++)
        break_one(r, &map->of.entries[i]);
}

static const char *words_of(struct reader *r, const struct node *node)
{
    struct buffer *text = work_scratch(r->c, SCENARIO_WORD);

    if (node->kind == NODE_TEXT)
        return node->of.text;
    for (size_t i = 0; node->kind == NODE_LIST && i < node->n; i++)
        buffer_printf(text, "%s%s", i > 0 ? ", " : "", node->of.items[i]->kind == NODE_TEXT ? node->of.items[i]->of.text : "");
    return arena_string(r->c->arena, buffer_string(text));
}

static void read_mend(struct reader *r, const struct node *node)
{
    struct scenario_targets targets;
    struct scenario_step *step;

    if (!names_targets(r, node, "mend", &targets))
        return;
    step = step_add(r, SCENARIO_WAY, node);
    step->of.way.targets = targets;
    step->text = arena_printf(r->c->arena, "%s is well", words_of(r, node));
}

static void read_nudge(struct reader *r, const struct node *node)
{
    struct scenario_targets targets;
    struct scenario_step *step;

    if (!names_targets(r, node, "nudge", &targets))
        return;
    step = step_add(r, SCENARIO_NUDGE, node);
    step->of.nudge = targets;
    step->text = arena_printf(r->c->arena, "%s nudges", words_of(r, node));
}

/* ---- time ---- */

static void away(struct reader *r, uint64_t ns)
{
    r->asleep_until = (r->asleep_until > r->at ? r->asleep_until : r->at) + ns;
}

static void pass(struct reader *r, const struct node *node, const char *what, enum scenario_act act, const char *format)
{
    struct scenario_step *step;
    uint64_t ns;

    if (!value_duration(r->c, node, what, 1, SCENARIO_LONGEST, &ns))
        return;
    step = step_add(r, act, node);
    step->of.time.ns = ns;
    step->text = arena_printf(r->c->arena, "%s %s", format, step_duration(r, ns));
    away(r, ns);
}

static void read_sleep(struct reader *r, const struct node *node)
{
    pass(r, node, "sleep", SCENARIO_SLEEP, "the machine sleeps for");
}

static void read_gap(struct reader *r, const struct node *node)
{
    pass(r, node, "gap", SCENARIO_GAP, "Talon stands still for");
}

static void read_clock(struct reader *r, const struct node *node)
{
    struct scenario_step *step;
    const char *text;
    char why[SCALAR_WHY];
    uint64_t ns;
    bool backwards;

    if (!value_text(r->c, node, "clock", "by how much it jumps, such as +1h or -1d", &text))
        return;
    backwards = text[0] == '-';
    if ((text[0] != '+' && !backwards) || !scalar_duration(text + 1, &ns, why) || ns == 0 || ns > CLOCK_MOST) {
        problem_error(r->c, node->place, "`clock` must be by how much it jumps, such as +1h or -1d, and at most 20 years");
        return;
    }
    step = step_add(r, SCENARIO_CLOCK, node);
    step->of.time.ns = ns;
    step->of.time.backwards = backwards;
    step->text = arena_printf(r->c->arena, "the wall clock jumps by %c%s", text[0], step_duration(r, ns));
}

static void read_restart(struct reader *r, const struct node *node)
{
    static const char *const keys[] = { "after", "booted", "limits_lost" };
    struct scenario_step *step;
    uint64_t ns = NS_PER_S;
    bool booted = false, lost = false;

    if (node->kind == NODE_TEXT && !tree_empty(node)) {
        value_duration(r->c, node, "restart", 1, SCENARIO_LONGEST, &ns);
    } else if (value_is_map(r->c, node, "restart", "`after`, `booted` and `limits_lost`")) {
        work_keys(r->c, node, keys, 3);
        if (tree_get(node, "after"))
            value_duration(r->c, tree_get(node, "after"), "after", 1, SCENARIO_LONGEST, &ns);
        if (tree_get(node, "booted"))
            value_bool(r->c, tree_get(node, "booted"), "booted", &booted);
        if (tree_get(node, "limits_lost"))
            value_bool(r->c, tree_get(node, "limits_lost"), "limits_lost", &lost);
    }
    step = step_add(r, SCENARIO_RESTART, node);
    step->of.time.ns = ns;
    step->of.time.booted = booted;
    step->of.time.lost = lost;
    step->text = arena_printf(r->c->arena, booted ? "the machine is booted; Talon runs again after %s" : "Talon is started again after %s",
                              step_duration(r, ns));
    away(r, ns);
}

/* ---- Talon itself ---- */

static void read_reload(struct reader *r, const struct node *node)
{
    struct scenario_step *step = step_add(r, SCENARIO_RELOAD, node);
    size_t before = 0;

    for (size_t i = 0; i + 1 < r->steps.n; i++)
        before += VECTOR_AT(&r->steps, struct scenario_step, i)->act == SCENARIO_RELOAD;
    step->of.reload = before + 1;
    step->text = arena_printf(r->c->arena, "reload of %s", words_of(r, node));
}

static void read_observer(struct reader *r, const struct node *node)
{
    static const char *const words[] = { [SICKNESS_NONE] = "well", [SICKNESS_ROUTE] = "route", [SICKNESS_ALL] = "sick" };
    struct scenario_step *step;
    const char *why = "it was made so";
    size_t word = SICKNESS_ALL;

    if (node->kind == NODE_MAP) {
        work_keys(r->c, node, words + 1, 2);
        if (tree_get(node, "route"))
            word = SICKNESS_ROUTE;
        if (!tree_get(node, words[word]) || !value_string(r->c, tree_get(node, words[word]), words[word], &why))
            return;
    } else if (!value_word(r->c, node, "observer", words, 3, &word)) {
        return;
    }
    step = step_add(r, SCENARIO_OBSERVER, node);
    step->of.observer.sickness = (enum engine_sickness)word;
    step->of.observer.why = why;
    step->text = word == SICKNESS_NONE ? "the observer is well" : word == SICKNESS_ROUTE ? "the host has no route" : "the observer is sick";
}

static void read_talon(struct reader *r, const struct node *node)
{
    static const char *const troubles[SELF_TROUBLES] = { "config_refused", "store_down", "safe_mode", "channel_broken" };
    struct scenario_step *step;

    if (!value_is_map(r->c, node, "talon", "`config_refused`, `store_down`, `safe_mode` and `channel_broken`"))
        return;
    work_keys(r->c, node, troubles, SELF_TROUBLES);
    for (size_t i = 0; i < SELF_TROUBLES; i++) {
        const struct node *why = tree_get(node, troubles[i]);
        const char *text;

        if (!why || !value_string(r->c, why, troubles[i], &text))
            continue;
        step = step_add(r, SCENARIO_SELF, why);
        step->of.self.trouble = (enum engine_self)i;
        step->of.self.over = strcmp(text, "over") == 0;
        step->of.self.why = text;
        step->text = arena_printf(r->c->arena, "%s: %s", troubles[i], text);
    }
}

/* ---- an entry ---- */

static const struct {
    const char *key;
    void (*read)(struct reader *, const struct node *);
} known[] = {
    { "at", NULL }, { "about", NULL }, { "clock", read_clock }, { "mend", read_mend }, { "break", step_breaks }, { "observer", read_observer },
    { "talon", read_talon }, { "window", people_window }, { "silence", people_silence }, { "unsilence", people_unsilence }, { "pause", people_pause },
    { "resume", people_resume }, { "ack", people_ack }, { "reload", read_reload }, { "nudge", read_nudge }, { "sleep", read_sleep }, { "gap", read_gap },
    { "restart", read_restart }, { "expect", NULL }, { "with_repair", NULL },
};

enum { KNOWN = sizeof known / sizeof *known };

static void read_at(struct reader *r, const struct node *entry, const char *const *keys)
{
    const struct node *at = tree_get(entry, "at");
    uint64_t ns;

    if (!at) {
        if (!work_misspelt(r->c, entry, keys, KNOWN, "at"))
            problem_error(r->c, entry->place, "this entry of `timeline` has no `at: DURATION`");
        return;
    }
    if (!value_duration(r->c, at, "at", 0, SCENARIO_LONGEST, &ns))
        return;
    if (ns < r->at)
        problem_error(r->c, at->place, "`at` goes back: the entry before is at %s", step_duration(r, r->at));
    else if (ns < r->asleep_until)
        problem_error(r->c, at->place, "`at` lies in the time that the entry before lets pass, until %s", step_duration(r, r->asleep_until));
    else
        r->at = ns;
}

void step_read(struct reader *r, const struct node *entry)
{
    const char *keys[KNOWN];

    for (size_t i = 0; i < KNOWN; i++)
        keys[i] = known[i].key;
    if (entry->kind != NODE_MAP) {
        problem_error(r->c, entry->place, "an entry of `timeline` must be a map that begins with `at:`, not %s", value_kind(entry));
        return;
    }
    work_keys(r->c, entry, keys, KNOWN);
    read_at(r, entry, keys);
    for (size_t i = 0; i < KNOWN; i++) {
        const struct node *node = tree_get(entry, known[i].key);

        if (node && known[i].read)
            known[i].read(r, node);
    }
    if (r->asleep_until > r->at)
        r->at = r->asleep_until; /* what is expected is judged after it */
    expect_read(r, tree_get(entry, "expect"), "expect");
    expect_read(r, tree_get(entry, "with_repair"), "with_repair");
}
