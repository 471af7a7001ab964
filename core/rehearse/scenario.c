/* A scenario's file as a whole: see scenario.h. Its parts are read in read_step.c, read_way.c and read_expect.c. */
#include "rehearse/scenario_private.h"

#include "base/os/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_WORDS (600 * (uint64_t)NS_PER_S) /* what follows the last entry where no length is said */

static const char *const keys[] = { "title", "about", "config", "vars", "date", "for", "groups", "start", "timeline", "runbooks", "expect", "with_repair" };

/* ---- the file, and what it names ---- */

struct opening {
    struct scenario *s;
    const char *file;
};

static const char *path_of(struct config *c, const struct node *node, const char *what)
{
    const char *path = NULL;

    if (node && !value_path(c, node, what, &path))
        return NULL;
    return path;
}

static void find_reloads(struct config *c, struct scenario *s, const struct node *timeline)
{
    const char **all = arena_array(c->arena, SCENARIO_MODELS, sizeof *all);

    for (size_t i = 0; timeline && timeline->kind == NODE_LIST && i < timeline->n; i++) {
        const struct node *reload = tree_get(timeline->of.items[i], "reload");
        const char *path = path_of(c, reload, "reload");

        if (path && s->n_reloads == SCENARIO_MODELS)
            problem_error(c, reload->place, "more than %d configurations", SCENARIO_MODELS);
        else if (path)
            all[s->n_reloads++] = path;
    }
    s->reloads = all;
}

static void find_vars(struct config *c, struct scenario *s, const struct node *map)
{
    struct config_variable *all;

    if (!map || !value_is_map(c, map, "vars", "variables of the configuration and their values") || map->kind != NODE_MAP)
        return;
    all = arena_array(c->arena, map->n + 1, sizeof *all);
    for (size_t i = 0; i < map->n; i++) {
        const struct entry *entry = &map->of.entries[i];

        all[s->n_vars].name = entry->key->of.text;
        if (value_string(c, entry->value, entry->key->of.text, &all[s->n_vars].text))
            s->n_vars++;
    }
    s->vars = all;
}

static void open_file(struct config *c, const void *argument)
{
    const struct opening *opening = argument;
    struct scenario *s = opening->s;
    bool again, refused = false;
    const struct source *source = source_read(c, c->file, opening->file, SOURCE_MAIN, (struct place){ .source = NULL }, &again);
    const struct node *root = source ? tree_read(c, source, &refused) : NULL;

    if (!source || refused)
        return;
    if (!root || root->kind != NODE_MAP) {
        problem_error(c, root ? root->place : work_file_place(source), "a scenario must be a map with `timeline:`, not %s",
                      root ? value_kind(root) : "nothing");
        return;
    }
    s->root = root;
    s->config_file = path_of(c, tree_get(root, "config"), "config");
    find_vars(c, s, tree_get(root, "vars"));
    find_reloads(c, s, tree_get(root, "timeline"));
}

bool scenario_open(struct scenario *s, const char *file)
{
    const struct config_request request = { .file = file };
    const struct opening opening = { .s = s, .file = file };

    *s = (struct scenario){ .config = config_begin(&request) };
    return s->config && config_step(s->config, open_file, &opening);
}

/* ---- its content ---- */

static void read_runbook(struct reader *r, const struct entry *entry, struct scenario_runbook *made)
{
    static const char *const words[] = { "takes", "works", "mend", "lies", "refused", "by", "says" };
    const struct node *map = entry->value;

    made->works = true;
    names_runbook(r, entry->key, &made->name);
    if (!value_is_map(r->c, entry->value, entry->key->of.text, "`takes`, `works` and `mend`"))
        return;
    work_keys(r->c, map, words, sizeof words / sizeof *words);
    if (tree_get(entry->value, "takes"))
        value_duration(r->c, tree_get(entry->value, "takes"), "takes", 0, SCENARIO_LONGEST, &made->takes);
    if (tree_get(entry->value, "works"))
        value_bool(r->c, tree_get(entry->value, "works"), "works", &made->works);
    if (tree_get(map, "mend"))
        names_targets(r, tree_get(map, "mend"), "mend", &made->mends);
    if (tree_get(map, "lies"))
        value_bool(r->c, tree_get(map, "lies"), "lies", &made->lies);
    if (tree_get(map, "refused"))
        value_bool(r->c, tree_get(map, "refused"), "refused", &made->refused);
    if (tree_get(map, "by"))
        value_string(r->c, tree_get(map, "by"), "by", &made->by);
    if (tree_get(map, "says"))
        value_string(r->c, tree_get(map, "says"), "says", &made->says);
}

static void read_runbooks(struct reader *r, const struct node *map)
{
    struct scenario_runbook *all;

    if (!map || !value_is_map(r->c, map, "runbooks", "runbooks and what they would do") || map->kind != NODE_MAP)
        return;
    all = arena_array(r->c->arena, map->n + 1, sizeof *all);
    for (size_t i = 0; i < map->n; i++)
        read_runbook(r, &map->of.entries[i], &all[i]);
    r->s->runbooks = all;
    r->s->n_runbooks = map->n;
}

static void read_timeline(struct reader *r, const struct node *list)
{
    if (!list) {
        if (!work_misspelt(r->c, r->root, keys, sizeof keys / sizeof *keys, "timeline"))
            problem_error(r->c, r->root->place, "a scenario needs a `timeline:`, a list of `at: DURATION` entries");
        return;
    }
    if (!value_is_list(r->c, list, "timeline", "`at:` entries"))
        return;
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++)
        step_read(r, list->of.items[i]);
}

/* "2026-03-29 00:30", UTC */
static void read_date(struct reader *r, const struct node *node)
{
    int year, month, day, hour, minute, end = 0;
    const char *text;
    int64_t days, y;
    int m, d;

    if (!value_text(r->c, node, "date", "a time such as 2026-03-29 00:30", &text))
        return;
    if (sscanf(text, "%4d-%2d-%2d %2d:%2d%n", &year, &month, &day, &hour, &minute, &end) == 5 && text[end] == '\0' && year >= 1970 && year < 2200 &&
        month >= 1 && month <= 12 && day >= 1 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60) {
        days = zone_days(year, month, day);
        zone_date(days, &y, &m, &d);
        r->s->dated = m == month && d == day;
        r->s->date = ((days * 24 + hour) * 60 + minute) * 60 * (int64_t)NS_PER_S;
    }
    if (!r->s->dated)
        problem_error(r->c, node->place, "`date` must be a time such as `2026-03-29 00:30`, in UTC");
}

/* How long it lasts, and what is expected at its end. */
static void read_end(struct reader *r)
{
    const struct node *length = tree_get(r->root, "for");
    const uint64_t last = r->at > r->asleep_until ? r->at : r->asleep_until;

    r->s->length = last + LAST_WORDS;
    if (length && value_duration(r->c, length, "for", 1, SCENARIO_LONGEST, &r->s->length) && r->s->length < last)
        problem_error(r->c, length->place, "`for` ends before the last entry of the timeline");
    r->at = r->s->length;
    expect_read(r, tree_get(r->root, "expect"), "expect");
    expect_read(r, tree_get(r->root, "with_repair"), "with_repair");
}

static void read_all(struct config *c, const void *argument)
{
    struct reader *r = (struct reader *)(uintptr_t)argument;
    struct scenario *s = r->s;

    r->c = c;
    r->root = s->root;
    work_keys(c, r->root, keys, sizeof keys / sizeof *keys);
    names_make(r);
    if (tree_get(r->root, "title"))
        value_string(c, tree_get(r->root, "title"), "title", &s->title);
    if (tree_get(r->root, "about"))
        value_string(c, tree_get(r->root, "about"), "about", &s->about);
    if (tree_get(r->root, "date"))
        read_date(r, tree_get(r->root, "date"));
    read_runbooks(r, tree_get(r->root, "runbooks"));
    step_breaks(r, tree_get(r->root, "start"));
    read_timeline(r, tree_get(r->root, "timeline"));
    read_end(r);
    s->steps = r->steps.items;
    s->n_steps = r->steps.n;
}

bool scenario_read(struct scenario *s, const struct scenario_model *models, size_t n)
{
    struct reader r = { .s = s, .models = models, .n_models = n };

    if (!s->root)
        return true; /* told already */
    return config_step(s->config, read_all, &r);
}

void scenario_close(struct scenario *s)
{
    config_free(s->config);
    s->config = NULL;
}

static int by_name(const void *name, const void *target)
{
    return strcmp(name, ((const struct scenario_target *)target)->full_name);
}

size_t scenario_target(const struct scenario *s, const char *full_name)
{
    const struct scenario_target *found = s->n_targets > 0 ? bsearch(full_name, s->targets, s->n_targets, sizeof *found, by_name) : NULL;

    return found ? (size_t)(found - s->targets) : MODEL_NONE;
}
