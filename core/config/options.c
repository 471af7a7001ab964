/* See options.h. Two texts are written side by side: the whole conf with its holes, and one for the plugin's own validation, without what is secret. */
#include "config/options.h"

#include "config/values.h"

#include "base/text.h"

#include <string.h>

struct writing {
    struct config *c;
    const struct options_use *use;
    struct vector holes; /* struct model_hole */
    bool good;
};

struct object { /* one that is being written */
    const struct option *options;
    size_t n_options;
    const struct node *levels[OPTIONS_LEVELS];
    const char *path; /* "tls." before its fields' names; "" at the top */
    bool secret, top;
    size_t in_full, in_bare; /* fields so far */
};

const struct entry *options_entry(const struct node *map, const struct option *option)
{
    const struct entry *entry = tree_entry(map, option->name);

    return entry || !option->former ? entry : tree_entry(map, option->former);
}

static const struct entry *find(const struct object *object, const struct option *option)
{
    for (size_t i = 0; i < OPTIONS_LEVELS; i++) {
        const struct entry *entry = options_entry(object->levels[i], option);

        if (entry)
            return entry;
    }
    return NULL;
}

/* ---- keys ---- */

static bool is_option(const struct object *object, const char *key)
{
    for (size_t i = 0; i < object->n_options; i++)
        if (strcmp(object->options[i].name, key) == 0 || (object->options[i].former && strcmp(object->options[i].former, key) == 0))
            return true;
    return false;
}

static bool is_inherited(const char *key)
{
    for (size_t i = 0; i < CHECK_INHERITED; i++)
        if (strcmp(work_check_settings[i], key) == 0)
            return true;
    return false;
}

static const char **option_names(struct config *c, const struct object *object)
{
    const char **names = arena_array(c->arena, object->n_options + 1, sizeof *names);

    for (size_t i = 0; i < object->n_options; i++)
        names[i] = object->options[i].name;
    return names;
}

static void tell_unknown(struct writing *w, const struct object *object, const struct node *key)
{
    const char **names = option_names(w->c, object), *type = w->use->operation->name;

    w->good = false;
    problem_error(w->c, key->place, "`%s` has no option %s", type, problem_quote(w->c, arena_printf(w->c->arena, "%s%s", object->path, key->of.text)));
    if (problem_nearest(w->c, key->of.text, names, object->n_options) || work_note_blank(w->c, key->of.text))
        return;
    for (size_t i = 0; object->top && i < CHECK_SETTINGS; i++)
        if (strcmp(work_check_settings[i], key->of.text) == 0)
            problem_note(w->c, "`%s` belongs beside `%s:`, not into it", key->of.text, type);
}

/* The first level's alone: those of `defaults:` are told once, where they stand (defaults.c), and not at each use. */
static void check_keys(struct writing *w, const struct object *object)
{
    const struct node *map = object->levels[0];
    const bool settings = object->top && w->use->defaults;

    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->n; i++) {
        const struct node *key = map->of.entries[i].key;

        if (!is_option(object, key->of.text) && !(settings && is_inherited(key->of.text)))
            tell_unknown(w, object, key);
    }
}

static void check_names(struct writing *w, const struct node *map, const struct option *option)
{
    const struct entry *new = tree_entry(map, option->name), *old = option->former ? tree_entry(map, option->former) : NULL;

    if (new && old) {
        problem_error(w->c, old->key->place, "`%s` is the former name of `%s`, which stands here as well", option->former, option->name);
        w->good = false;
    } else if (old) {
        problem_warning(w->c, old->key->place, "`%s` is now called `%s`", option->former, option->name);
    }
    if (option->obsolete && (new || old)) {
        problem_warning(w->c, (new ? new : old)->key->place, "`%s` is obsolete", option->name);
        if (option->help)
            problem_note(w->c, "%s", option->help);
    }
}

/* Not where a key was told that is meant to be it. */
static void tell_missing(struct writing *w, const struct object *object, const struct option *option, struct place at)
{
    const char **names = option_names(w->c, object);

    w->good = false;
    if (work_misspelt(w->c, object->levels[0], names, object->n_options, option->name))
        return;
    problem_error(w->c, at, "`%s` needs the option `%s%s`", w->use->operation->name, object->path, option->name);
    if (option->help)
        problem_note(w->c, "%s", option->help);
}

/* ---- writing ---- */

static void cut(struct buffer *b, size_t len)
{
    if (b->len <= len)
        return;
    b->len = len;
    b->data[len] = '\0';
}

static void begin_field(struct buffer *b, size_t fields, const char *name)
{
    if (fields > 0)
        buffer_char(b, ',');
    text_json(b, name, strlen(name));
    buffer_char(b, ':');
}

static void write_object(struct writing *w, struct object *object, struct place at, bool given);

static void write_leaf(struct writing *w, struct object *object, const struct option *option, const struct node *node)
{
    struct config *c = w->c;
    const size_t before = c->full.len, holes = w->holes.n;
    const char *path = object->path[0] ? arena_printf(c->arena, "%s%s", object->path, option->name) : option->name;
    size_t start;

    begin_field(&c->full, object->in_full, option->name);
    start = c->full.len;
    if (!options_value(c, option, path, object->secret || option->secret, node, &w->holes)) {
        w->good = false;
        w->holes.n = holes;
        c->conf_bytes += c->full.len - before; /* it was work as well */
        cut(&c->full, before);
        return;
    }
    object->in_full++;
    if (w->holes.n > holes || c->full.failed)
        return;
    begin_field(&c->bare, object->in_bare++, option->name);
    buffer_add(&c->bare, c->full.data + start, c->full.len - start);
}

static void write_group(struct writing *w, struct object *object, const struct option *option, struct place at)
{
    struct config *c = w->c;
    const size_t full = c->full.len, bare = c->bare.len;
    struct object group = { .options = option->fields, .n_options = option->n_fields, .secret = object->secret || option->secret };
    bool given = false, wrong = false;

    group.path = arena_printf(c->arena, "%s%s.", object->path, option->name);
    for (size_t i = 0; i < OPTIONS_LEVELS; i++) {
        const struct entry *entry = options_entry(object->levels[i], option);

        if (!entry)
            continue;
        if (!given)
            at = entry->key->place;
        given = true;
        group.levels[i] = entry->value;
        if (!value_is_map(c, entry->value, option->name, "options"))
            wrong = true;
    }
    if (!given && option->required && !w->use->defaults)
        tell_missing(w, object, option, at);
    begin_field(&c->full, object->in_full++, option->name);
    begin_field(&c->bare, object->in_bare++, option->name);
    w->good = w->good && !wrong;
    write_object(w, &group, at, given && !wrong);
    if (given || group.in_full > 0)
        return;
    object->in_full--;
    object->in_bare--;
    cut(&c->full, full);
    cut(&c->bare, bare);
}

static void write_row(struct writing *w, const struct object *object, const struct option *option, const struct node *row, size_t number)
{
    struct object fields = { .options = option->fields, .n_options = option->n_fields, .levels = { row }, .secret = object->secret || option->secret };

    fields.path = arena_printf(w->c->arena, "%s%s.", object->path, option->name);
    if (number > 0) {
        buffer_char(&w->c->full, ',');
        buffer_char(&w->c->bare, ',');
    }
    if (value_is_map(w->c, row, option->name, "options"))
        write_object(w, &fields, row->place, true);
    else
        w->good = false;
}

static void write_table(struct writing *w, struct object *object, const struct option *option, const struct node *node)
{
    struct config *c = w->c;

    if (!value_is_list(c, node, option->name, "maps")) {
        w->good = false;
        return;
    }
    begin_field(&c->full, object->in_full++, option->name);
    begin_field(&c->bare, object->in_bare++, option->name);
    buffer_char(&c->full, '[');
    buffer_char(&c->bare, '[');
    for (size_t i = 0; node->kind == NODE_LIST && i < node->n; i++)
        write_row(w, object, option, node->of.items[i], i);
    buffer_char(&c->full, ']');
    buffer_char(&c->bare, ']');
}

static void write_option(struct writing *w, struct object *object, const struct option *option, struct place at, bool given)
{
    const struct entry *entry = find(object, option);
    const struct node *node = entry ? entry->value : w->use->defaults ? NULL : option->fallback;

    for (size_t i = 0; i < OPTIONS_LEVELS; i++)
        check_names(w, object->levels[i], option);
    if (option->type == OPTION_GROUP)
        write_group(w, object, option, at);
    else if (!node && option->required && given && !w->use->defaults)
        tell_missing(w, object, option, at);
    else if (node && option->type == OPTION_TABLE)
        write_table(w, object, option, node);
    else if (node)
        write_leaf(w, object, option, node);
}

static void write_object(struct writing *w, struct object *object, struct place at, bool given)
{
    check_keys(w, object);
    buffer_char(&w->c->full, '{');
    buffer_char(&w->c->bare, '{');
    for (size_t i = 0; i < object->n_options; i++)
        write_option(w, object, &object->options[i], at, given);
    buffer_char(&w->c->full, '}');
    buffer_char(&w->c->bare, '}');
}

static bool within_bounds(struct config *c, struct place at, size_t holes)
{
    c->conf_bytes += c->full.len;
    if (c->full.failed || c->bare.failed) {
        problem_error(c, at, "these options come to more than 1 MiB");
        return false;
    }
    if (holes > OPTIONS_SECRETS) {
        problem_error(c, at, "these options hold more than %d references to secrets", OPTIONS_SECRETS);
        return false;
    }
    if (c->conf_bytes <= OPTIONS_CONFS)
        return true;
    problem_error(c, at, "the options of all checks come to more than %d MiB", OPTIONS_CONFS >> 20);
    return false;
}

/* A type's value must be a map; a single text is often meant to be its first option. */
static bool is_options(struct config *c, const struct options_use *use)
{
    const struct node *own = use->type->value;
    const struct operation *operation = use->operation;

    if (own->kind == NODE_MAP || tree_empty(own))
        return true;
    problem_error(c, own->place, "`%s` must be a map of options, not %s", operation->name, value_kind(own));
    for (size_t i = 0; i < operation->n_options; i++) {
        if (operation->options[i].required) {
            problem_note(c, "write `%s: {%s: ...}`", operation->name, operation->options[i].name);
            break;
        }
    }
    return false;
}

bool options_write(struct config *c, const struct options_use *use, struct model_conf *conf, const char **bare)
{
    struct writing w = { .c = c, .use = use, .good = true };
    struct object top = { .options = use->operation->options, .n_options = use->operation->n_options, .path = "", .top = true };

    if (c->conf_bytes > OPTIONS_CONFS || !is_options(c, use))
        return false; /* the bound was told once */
    memcpy(top.levels, use->levels, sizeof top.levels);
    buffer_clear(&c->full);
    buffer_clear(&c->bare);
    c->full.max = c->bare.max = OPTIONS_CONF;
    write_object(&w, &top, use->type->key->place, true);
    if (!within_bounds(c, use->type->key->place, w.holes.n) || !w.good)
        return false;
    conf->json = arena_copy(c->made, buffer_string(&c->full), c->full.len);
    conf->n_holes = w.holes.n;
    if (w.holes.n > 0)
        conf->holes = memcpy(arena_array(c->made, w.holes.n, sizeof *conf->holes), w.holes.items, w.holes.n * sizeof *conf->holes);
    *bare = use->operation->validates ? arena_copy(c->arena, buffer_string(&c->bare), c->bare.len) : NULL;
    return true;
}

/* ---- finding ---- */

static const struct option *option_named(const struct option *options, size_t n, const char *name, size_t length)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(options[i].name) == length && strncmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

const struct node *options_find(const struct operation *operation, const struct node *const *levels, const char *path, const struct option **option)
{
    const struct node *at[OPTIONS_LEVELS], *found = NULL;
    const struct option *options = operation->options;
    size_t n = operation->n_options;

    memcpy(at, levels, sizeof at);
    *option = NULL;
    while (path && *path) {
        const size_t length = strcspn(path, ".");
        const struct option *next = option_named(options, n, path, length);
        const struct node *deeper = NULL;

        if (!next)
            break;
        *option = next;
        for (size_t i = 0; i < OPTIONS_LEVELS; i++) {
            const struct entry *entry = options_entry(at[i], next);

            at[i] = entry ? entry->value : NULL;
            deeper = deeper ? deeper : at[i];
        }
        if (!deeper)
            break;
        found = deeper;
        options = next->fields;
        n = next->n_fields;
        path += length + (path[length] == '.');
    }
    return found;
}
