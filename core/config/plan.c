/* Services and their checks as the files ask for them: named, counted, `for_each` carried out, each check's type found. Nothing is judged by type yet. */
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { STAND_IN = 64 }; /* one more than a name may have */

/* ---- the type of a check: its one key that is no setting ---- */

static bool is_setting(const char *key)
{
    for (size_t i = 0; i < CHECK_SETTINGS; i++)
        if (strcmp(work_check_settings[i], key) == 0)
            return true;
    return false;
}

/* Every word that may stand in a check: for the nearest one. */
static const char **words_of_checks(struct config *c, size_t *n)
{
    const size_t all = CHECK_SETTINGS + c->n_plugin_names + c->plugins.n;

    *n = all;
    if (c->n_check_words == all)
        return c->check_words;
    c->check_words = arena_array(c->arena, all, sizeof *c->check_words);
    c->n_check_words = all;
    memcpy(c->check_words, work_check_settings, sizeof work_check_settings);
    for (size_t i = 0; i < c->n_plugin_names; i++)
        c->check_words[CHECK_SETTINGS + i] = c->plugin_names[i];
    for (size_t i = 0; i < c->plugins.n; i++)
        c->check_words[CHECK_SETTINGS + c->n_plugin_names + i] = work_plugin_at(c, i)->shown.name;
    return c->check_words;
}

/* The word that was meant by a key that is none; of "kubernets.workload", whose operations nobody knows yet, the plugin. NULL: no idea. */
static const char *word_meant(struct config *c, const char *key)
{
    size_t n;
    const char **words = words_of_checks(c, &n), *dot = strchr(key, '.'), *meant = problem_meant(c, key, words, n);

    if (meant || !dot || strlen(key) > WORK_MEANT * 2)
        return meant;
    meant = problem_meant(c, arena_copy(c->arena, key, (size_t)(dot - key)), words + CHECK_SETTINGS, n - CHECK_SETTINGS);
    return meant ? arena_printf(c->arena, "%s%s", meant, dot) : NULL;
}

static void tell_unknown(struct config *c, const struct entry *entry, bool is_type)
{
    const char *meant = word_meant(c, entry->key->of.text);

    problem_error(c, entry->key->place, is_type ? "unknown check type %s" : "unknown key %s", problem_quote(c, entry->key->of.text));
    if (meant)
        problem_note(c, "did you mean `%s`?", meant);
    else
        work_note_blank(c, entry->key->of.text);
}

/* Of a service file alone: the plugin may stand under `plugins:` in the main file. */
static bool assume_type(struct config *c, const struct entry *entry)
{
    if (!c->alone || entry->value->kind != NODE_MAP || word_meant(c, entry->key->of.text) || !plugins_assume(c, entry->key->of.text))
        return false;
    problem_warning(c, entry->key->place, "the check type %s is not checked without the main file", problem_quote(c, entry->key->of.text));
    return true;
}

static void tell_no_type(struct config *c, const struct node *key)
{
    struct buffer *types = work_scratch(c, 300);

    for (size_t i = 0; i < c->n_plugin_names; i++)
        buffer_printf(types, "%s`%s`", i > 0 ? ", " : "", c->plugin_names[i]);
    problem_error(c, key->place, "the check `%s` has no type: a key such as `http:` or `exec:` is expected", key->of.text);
    if (types->len > 0 && !types->failed)
        problem_note(c, "there are %s", buffer_string(types));
}

/* The first key whose plugin there is; else the one that looks most like a type. */
static const struct entry *find_type(struct config *c, const struct node *node, bool *known)
{
    const struct entry *unknown = NULL;

    for (size_t i = 0; i < node->n; i++) {
        const struct entry *entry = &node->of.entries[i];

        if (is_setting(entry->key->of.text))
            continue;
        *known = plugins_of_type(c, entry->key->of.text) != NULL;
        if (*known)
            return entry;
        if (!unknown || (unknown->value->kind != NODE_MAP && entry->value->kind == NODE_MAP))
            unknown = entry;
    }
    *known = false;
    return unknown;
}

static const struct entry *read_type(struct config *c, const struct node *key, const struct node *node)
{
    bool known = false;
    const struct entry *type = find_type(c, node, &known);

    if (!type) {
        tell_no_type(c, key);
        return NULL;
    }
    known = known || assume_type(c, type);
    if (!known)
        tell_unknown(c, type, type->value->kind == NODE_MAP || tree_empty(type->value));
    for (size_t i = 0; i < node->n; i++) {
        const struct entry *entry = &node->of.entries[i];

        if (entry == type || is_setting(entry->key->of.text))
            continue;
        if (!known || !plugins_of_type(c, entry->key->of.text)) {
            tell_unknown(c, entry, false);
            continue;
        }
        problem_error(c, entry->key->place, "a check has one type, and `%s` has `%s` already", key->of.text, type->key->of.text);
        problem_note_at(c, type->key->place, "the other one; make two checks of them");
    }
    return known ? type : NULL;
}

/* ---- bad names ---- */

/* What is called badly is planned all the same, so that what else is wrong in it is told in the same go: under what can be no name of another. */
static const char *stand_in(struct config *c, const char *name)
{
    const size_t length = strlen(name);
    char *made = arena_copy(c->arena, name, text_valid_utf8(name, length < STAND_IN ? length : STAND_IN));

    for (char *at = made; *at; at++)
        if (*at == '.')
            *at = ' ';
    return *made ? made : "?";
}

/* ---- checks ---- */

static bool is_word_of_conditions(const char *name)
{
    static const char *const words[] = { "and", "or", "not", "ok", "warn", "failed", "suspect", "unknown", "starting", "stopped", "recovering" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

static const char *check_name(struct config *c, const struct node *key)
{
    if (!text_is_name(key->of.text)) {
        work_bad_name(c, key, "check");
        return stand_in(c, key->of.text);
    }
    if (is_word_of_conditions(key->of.text))
        problem_error(c, key->place, "`%s` is a word of conditions (`when:`) and no name for a check", key->of.text);
    return key->of.text;
}

static bool add_check(struct config *c, const struct check_plan *like, const char *name, const char *each)
{
    struct service_plan *service = work_service_at(c, like->service);
    struct check_plan *plan;

    if (c->checks.n == WORK_CHECKS) {
        problem_error(c, like->key->place, "more than %d checks", WORK_CHECKS);
        return false;
    }
    plan = vector_push(c->arena, &c->checks, sizeof *plan);
    *plan = *like;
    plan->name = name;
    plan->full_name = arena_printf(c->arena, "%s.%s", service->name, name);
    plan->each = each;
    service->n_checks++;
    return true;
}

/* "disk" and "/var/log": "disk-var-log"; an item without letters and digits ("/") is called by its number: "disk-1". */
static const char *name_of_item(struct config *c, const char *name, const char *item, size_t number)
{
    const size_t length = strlen(name);
    char *made = arena_alloc(c->arena, length + strlen(item) + 2);
    size_t n = length;

    memcpy(made, name, length);
    made[n++] = '-';
    for (; *item; item++) {
        const char letter = *item >= 'A' && *item <= 'Z' ? (char)(*item + 'a' - 'A') : *item;

        if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_')
            made[n++] = letter;
        else if (made[n - 1] != '-')
            made[n++] = '-';
    }
    while (n > length && made[n - 1] == '-')
        n--;
    made[n] = '\0';
    return n > length ? made : arena_printf(c->arena, "%s-%zu", name, number);
}

static void add_item(struct config *c, const struct check_plan *like, const struct node *node, size_t number, struct vector *seen)
{
    const char *item, *name;

    if (!value_text(c, node, "for_each", "a list of texts", &item))
        return;
    name = name_of_item(c, like->key->of.text, item, number);
    if (!text_is_name(name)) {
        problem_error(c, node->place, "%s is too long for a check's name: `%s-` and its letters and digits may have 63 characters", problem_quote(c, node->of.text),
                      like->key->of.text);
        return;
    }
    for (size_t i = 0; i < seen->n; i++) {
        if (strcmp(*VECTOR_AT(seen, const char *, i), name) == 0) {
            problem_error(c, node->place, "%s gives the check `%s` a second time", problem_quote(c, node->of.text), name);
            return;
        }
    }
    *(const char **)vector_push(c->arena, seen, sizeof name) = name;
    add_check(c, like, name, arena_string(c->arena, item));
}

static void add_items(struct config *c, const struct check_plan *like, const struct node *list)
{
    struct vector seen = { 0 };

    if (!value_is_list(c, list, "for_each", "texts"))
        return;
    if (list->n == 0)
        problem_error(c, list->place, "`for_each` has no item, so there would be no check `%s`", like->key->of.text);
    if (list->n > WORK_ITEMS)
        problem_error(c, list->place, "`for_each` has more than %d items", WORK_ITEMS);
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n && i < WORK_ITEMS; i++)
        add_item(c, like, list->of.items[i], i + 1, &seen);
}

static bool plan_check(struct config *c, size_t service, const struct entry *entry)
{
    struct check_plan like = { .key = entry->key, .node = entry->value, .service = service };
    const char *name = check_name(c, entry->key);
    const struct node *for_each;

    if (entry->value->kind != NODE_MAP) {
        problem_error(c, entry->value->place, "the check `%s` must be a map with its type (such as `http:`) and settings, not %s", entry->key->of.text,
                      value_kind(entry->value));
        return add_check(c, &like, name, NULL); /* it is there: conditions may name it */
    }
    like.type = read_type(c, entry->key, entry->value);
    for_each = tree_get(entry->value, "for_each");
    if (!for_each)
        return add_check(c, &like, name, NULL);
    if (name != entry->key->of.text) /* no names can be made of a bad one */
        return true;
    add_items(c, &like, for_each);
    return true;
}

/* ---- services ---- */

static void plan_checks(struct config *c, size_t service, const struct node *checks)
{
    if (!value_is_map(c, checks, "checks", "names and checks"))
        return;
    for (size_t i = 0; checks->kind == NODE_MAP && i < checks->n; i++)
        if (!plan_check(c, service, &checks->of.entries[i]))
            return;
}

void plan_service(struct config *c, const char *name, const struct node *key, const struct node *node)
{
    const char *names[SERVICE_SETTINGS + 1];
    struct service_plan *plan;
    const size_t index = c->services.n;

    if (!text_is_name(name)) {
        work_bad_name(c, key, "service");
        work_lost(c, name);
        name = stand_in(c, name);
    }
    if (node->kind != NODE_MAP) {
        problem_error(c, node->place, "the service `%s` must be a map with `checks:`, not %s", name, value_kind(node));
        work_lost(c, name);
        return;
    }
    memcpy(names, work_service_settings, sizeof work_service_settings);
    names[SERVICE_SETTINGS] = "service";
    work_keys(c, node, names, SERVICE_SETTINGS + (tree_get(node, "service") == key));
    plan = vector_push(c->arena, &c->services, sizeof *plan);
    *plan = (struct service_plan){ .name = name, .key = key, .node = node, .defaults = tree_get(node, "defaults"), .first_check = c->checks.n };
    if (tree_get(node, "checks"))
        plan_checks(c, index, tree_get(node, "checks"));
}

static void tell_no_service(struct config *c, const struct node *root)
{
    static const char *const of_main[] = { "services", "include", "listen", "plugins", "secrets", "paths" };

    problem_error(c, root->place, "this is no service file: `service: NAME` is missing");
    if (tree_get(root, "runbook"))
        problem_note(c, "it is a runbook: name it under `runbooks:`, not `include:`");
    for (size_t i = 0; i < sizeof of_main / sizeof *of_main; i++)
        if (tree_get(root, of_main[i]))
            problem_note_at(c, tree_entry(root, of_main[i])->key->place, "`%s` belongs into the main file", of_main[i]);
}

void plan_service_file(struct config *c, const struct source *source)
{
    bool refused;
    const struct node *root = tree_read(c, source, &refused);
    const struct entry *name = tree_entry(root, "service");

    if (refused)
        return;
    if (!root && source->n == 0)
        problem_error(c, work_file_place(source), "this file is empty: was it cut short? remove it, or say `enabled: false` in it");
    else if (!root)
        problem_warning(c, work_file_place(source), "there is nothing in this file but comments");
    else if (root->kind != NODE_MAP)
        problem_error(c, root->place, "a service file must be a map of keys and values, not %s", value_kind(root));
    else if (!name)
        tell_no_service(c, root);
    else if (name->value->kind != NODE_TEXT)
        problem_error(c, name->value->place, "`service` must be a name, not %s", value_kind(name->value));
    else
        plan_service(c, name->value->of.text, name->value, root);
    c->n_service_files++;
}

/* ---- names ---- */

static int services_by_name(const void *left, const void *right)
{
    const struct service_plan *a = *(struct service_plan *const *)left, *b = *(struct service_plan *const *)right;
    const int order = strcmp(a->name, b->name);

    return order != 0 ? order : a < b ? -1 : a > b;
}

static int checks_by_name(const void *left, const void *right)
{
    return strcmp((*(struct check_plan *const *)left)->full_name, (*(struct check_plan *const *)right)->full_name);
}

static void index_services(struct config *c)
{
    struct service_plan **sorted = arena_array(c->arena, c->services.n + 1, sizeof *sorted);
    size_t n = 0;

    for (size_t i = 0; i < c->services.n; i++)
        sorted[i] = work_service_at(c, i);
    if (c->services.n > 1)
        qsort(sorted, c->services.n, sizeof *sorted, services_by_name);
    for (size_t i = 0; i < c->services.n; i++) {
        if (n == 0 || strcmp(sorted[n - 1]->name, sorted[i]->name) != 0) {
            sorted[n++] = sorted[i];
            continue;
        }
        sorted[i]->twice = true;
        problem_error(c, sorted[i]->key->place, "there is a service `%s` already", sorted[i]->name);
        problem_note_at(c, sorted[n - 1]->key->place, "first defined here");
    }
    c->services_by_name = (const struct service_plan **)sorted;
    c->n_services_by_name = n;
    c->service_names = arena_array(c->arena, n + 1, sizeof *c->service_names);
    for (size_t i = 0; i < n; i++)
        c->service_names[i] = sorted[i]->name;
    c->n_service_names = n;
}

/* A `for_each` may make the name of another check of its service. */
static void index_checks(struct config *c)
{
    struct check_plan **sorted = arena_array(c->arena, c->checks.n + 1, sizeof *sorted);
    size_t n = 0;

    for (size_t i = 0; i < c->checks.n; i++)
        if (!work_service_at(c, work_check_at(c, i)->service)->twice)
            sorted[n++] = work_check_at(c, i);
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, checks_by_name);
    for (size_t i = 1; i < n; i++) {
        const struct check_plan *a = sorted[i - 1], *b = sorted[i];

        if (strcmp(a->full_name, b->full_name) != 0)
            continue;
        problem_error(c, (a < b ? b : a)->key->place, "there is a check `%s` already", a->full_name);
        problem_note_at(c, (a < b ? a : b)->key->place, "first defined here");
    }
    c->checks_by_name = (const struct check_plan **)sorted;
    c->n_checks_by_name = n;
}

void plan_names(struct config *c)
{
    index_services(c);
    index_checks(c);
}
