/* See variables.h. A text is walked once from left to right; what is put in is not looked at again. */
#include "config/variables.h"

#include "base/text.h"
#include "config/steps.h"

#include <stdlib.h>
#include <string.h>

struct filling {
    struct config *c;
    const struct node *node;
    const char *what;
    bool secrets;
    struct text *out;
    struct vector spots; /* struct spot */
    struct buffer *to;
};

/* Where secrets may stand, the text may be one: of it only the names of real references are shown. */
static bool tell(const struct filling *f, size_t at, const char *sentence, const char *name)
{
    problem_error(f->c, tree_within(f->node, at), "%s %s", problem_quote(f->c, f->secrets && !strchr(name, '.') ? "${...}" : name), sentence);
    return false;
}

static bool put(struct filling *f, const char *text, size_t n)
{
    if (f->to->len + n > WORK_TEXT) {
        problem_error(f->c, f->node->place, "this text is longer than 1 MiB when its variables are put in");
        return false;
    }
    buffer_add(f->to, text, n);
    return true;
}

/* ---- by family ---- */

static int name_is(const void *name, const void *variable)
{
    return strcmp(name, (*(const struct variable *const *)variable)->name);
}

static const struct variable *find_variable(const struct config *c, const char *name)
{
    const struct variable *const *found = NULL;

    if (c->n_variables > 0)
        found = bsearch(name, c->variables_by_name, c->n_variables, sizeof(const struct variable *), name_is);
    return found ? *found : NULL;
}

static bool put_variable(struct filling *f, size_t at, const char *name, const char *whole)
{
    struct config *c = f->c;
    const struct variable *v = find_variable(c, name);
    const char **names;

    if (v) {
        f->out->environment = f->out->environment || v->environment;
        f->out->known = f->out->known && v->known;
        return put(f, v->text, v->n);
    }
    if (c->alone) {
        problem_warning(c, tree_within(f->node, at), "%s is not checked without the main file", problem_quote(c, whole));
        f->out->known = false;
        return true;
    }
    tell(f, at, "is not defined under `vars:` (above, where `vars:` itself uses it)", whole);
    names = arena_array(c->arena, c->n_variables + 1, sizeof *names);
    for (size_t i = 0; i < c->n_variables; i++)
        names[i] = c->variables[i].name;
    problem_nearest(c, name, names, c->n_variables);
    return false;
}

static bool put_environment(struct filling *f, size_t at, const char *name, const char *whole)
{
    const char *value = getenv(name);

    if (!value)
        return tell(f, at, "is not set in Talon's environment", whole);
    if (text_valid_utf8(value, strlen(value)) != strlen(value))
        return tell(f, at, "is not UTF-8", whole);
    f->out->environment = true;
    return put(f, value, strlen(value));
}

static bool put_secret(struct filling *f, size_t at, const char *name, const char *whole)
{
    struct config *c = f->c;
    struct spot *spot;
    size_t secret;

    if (!f->secrets) {
        problem_error(c, tree_within(f->node, at), "%s may not stand here: `%s` is not kept secret", problem_quote(c, whole), f->what);
        return false;
    }
    secret = secrets_find(c, name);
    if (secret != MODEL_NONE) {
        spot = vector_push(c->arena, &f->spots, sizeof *spot);
        *spot = (struct spot){ .at = f->to->len, .secret = secret };
        return true;
    }
    if (c->alone) {
        problem_warning(c, tree_within(f->node, at), "%s is not checked without the main file", problem_quote(c, whole));
        f->out->known = false;
        return true;
    }
    tell(f, at, "is not defined under `secrets:`", whole);
    problem_nearest(c, name, c->secret_names, c->n_secret_names);
    return false;
}

static bool put_each(struct filling *f, size_t at)
{
    if (f->c->each)
        return put(f, f->c->each, strlen(f->c->each));
    return tell(f, at, "has a meaning in a check with `for_each:` alone", "${each}");
}

/* One without a value is not known before an entry of `heal:` gives it one. */
static bool put_bound(struct filling *f, const char *name)
{
    const struct binding *binding = f->c->binding;
    const char *value = NULL;

    for (size_t i = 0; i < binding->n && !value; i++)
        if (strcmp(binding->with[i].name, name) == 0)
            value = binding->with[i].value;
    for (size_t i = 0; i < binding->runbook->n_params && !value; i++)
        if (strcmp(binding->runbook->params[i].name, name) == 0)
            value = binding->runbook->params[i].fallback;
    if (value)
        return put(f, value, strlen(value));
    f->out->known = false;
    return true;
}

/* Without a binding it stays, for whoever reads the title. */
static bool put_param(struct filling *f, size_t at, const char *name, const char *whole)
{
    struct config *c = f->c;
    const char **names;

    if (!c->params)
        return tell(f, at, "has a meaning in the title and steps of a runbook alone", whole);
    if (tree_get(c->params, name))
        return c->binding ? put_bound(f, name) : put(f, whole, strlen(whole));
    tell(f, at, "is not defined under `params:`", whole);
    names = arena_array(c->arena, c->params->n + 1, sizeof *names);
    for (size_t i = 0; c->params->kind == NODE_MAP && i < c->params->n; i++)
        names[i] = c->params->of.entries[i].key->of.text;
    problem_nearest(c, name, names, c->params->kind == NODE_MAP ? c->params->n : 0);
    return false;
}

static bool put_unknown(struct filling *f, size_t at, const char *name, const char *whole)
{
    struct config *c = f->c;

    tell(f, at, "is no variable: expected `vars.`, `env.`, `secrets.` and a name, or `each`", whole);
    if (!f->secrets && !strchr(name, '.') && getenv(name))
        problem_note(c, "write `${env.%s}` for the environment's, `$${%s}` for the text itself", name, name);
    else
        problem_note(c, "write `$${` for the text `${` itself");
    return false;
}

static bool put_reference(struct filling *f, size_t at, const char *name)
{
    const char *whole = arena_printf(f->c->arena, "${%s}", name);

    if (strncmp(name, "vars.", 5) == 0)
        return put_variable(f, at, name + 5, whole);
    if (strncmp(name, "env.", 4) == 0)
        return put_environment(f, at, name + 4, whole);
    if (strncmp(name, "secrets.", 8) == 0)
        return put_secret(f, at, name + 8, whole);
    if (strncmp(name, "params.", 7) == 0)
        return put_param(f, at, name + 7, whole);
    if (strcmp(name, "each") == 0)
        return put_each(f, at);
    return put_unknown(f, at, name, whole);
}

/* ---- the walk ---- */

/* What stands at this `$`: a reference, `$${`, or a mere dollar. Moves `at` behind it; good stays as it is or becomes false. False: no use in going on. */
static bool take_dollar(struct filling *f, const char **at, bool *good)
{
    const char *text = f->node->of.text, *end = text + f->node->n, *dollar = *at, *close;
    const size_t offset = (size_t)(dollar - text);

    if (strncmp(dollar, "$${", 3) == 0) {
        *at = dollar + 3;
        return put(f, "${", 2);
    }
    if (dollar[1] != '{') {
        *at = dollar + 1;
        return put(f, "$", 1);
    }
    close = memchr(dollar, '}', (size_t)(end - dollar));
    if (!close)
        return tell(f, offset, "has no closing `}`: close it, or write `$${` for the text `${` itself", "${");
    if (!put_reference(f, offset, arena_copy(f->c->arena, dollar + 2, (size_t)(close - dollar) - 2)))
        *good = false;
    *at = close + 1;
    return true;
}

static bool fill(struct filling *f)
{
    const char *at = f->node->of.text, *end = at + f->node->n;
    bool good = true;

    while (at < end) {
        const char *dollar = memchr(at, '$', (size_t)(end - at));

        if (!put(f, at, (size_t)((dollar ? dollar : end) - at)))
            return false;
        at = dollar ? dollar : end;
        if (dollar && !take_dollar(f, &at, &good))
            return false;
    }
    if (f->to->failed)
        problem_error(f->c, f->node->place, "there is no memory for this text");
    return good && !f->to->failed;
}

bool variables_text(struct config *c, const struct node *node, const char *what, bool secrets, struct text *out)
{
    struct filling f = { .c = c, .node = node, .what = what, .secrets = secrets, .out = out, .to = &c->filled };
    bool good;

    *out = (struct text){ .text = node->of.text, .n = node->n, .known = true };
    if (!memchr(node->of.text, '$', node->n))
        return true;
    buffer_clear(f.to);
    good = fill(&f);
    out->text = arena_copy(c->arena, buffer_string(f.to), f.to->len);
    out->n = f.to->len;
    out->spots = f.spots.items;
    out->n_spots = f.spots.n;
    return good;
}

/* ---- vars: ---- */

/* Sorted in by its name: one text may refer to variables a hundred thousand times. */
static struct variable *add_variable(struct config *c, const struct node *key)
{
    struct variable *v = &c->variables[c->n_variables];
    size_t i = c->n_variables++;

    v->name = key->of.text;
    v->text = "";
    v->key = key;
    for (; i > 0 && strcmp(c->variables_by_name[i - 1]->name, v->name) > 0; i--)
        c->variables_by_name[i] = c->variables_by_name[i - 1];
    c->variables_by_name[i] = v;
    return v;
}

static bool read_value(struct config *c, const struct entry *entry, struct text *text)
{
    if (!text_is_name(entry->key->of.text)) {
        work_bad_name(c, entry->key, "variable");
        if (tree_empty(entry->value)) /* "a:b" is all that is wrong */
            return false;
    }
    if (entry->value->kind != NODE_TEXT || tree_empty(entry->value)) {
        problem_error(c, entry->value->place, "the variable `%s` must be a text", entry->key->of.text);
        if (entry->value->kind == NODE_TEXT)
            problem_note(c, "write `\"\"` for an empty text");
        return false;
    }
    if (!variables_text(c, entry->value, entry->key->of.text, false, text))
        return false;
    if (text->n <= WORK_VARIABLE)
        return true;
    problem_error(c, entry->value->place, "the variable `%s` is longer than 64 KiB", entry->key->of.text);
    return false;
}

/* What whoever reads the file wants it to be; NULL: as it says. */
static const struct config_variable *find_given(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->request->n_variables; i++)
        if (strcmp(c->request->variables[i].name, name) == 0)
            return &c->request->variables[i];
    return NULL;
}

static void tell_unknown_given(struct config *c)
{
    for (size_t i = 0; i < c->request->n_variables; i++)
        if (!find_variable(c, c->request->variables[i].name))
            problem_error(c, c->root->place, "%s was to have another value, and is not defined under `vars:`", problem_quote(c, c->request->variables[i].name));
}

/* A wrong one is there as well: its uses are not to be told unknown. */
static void read_variable(struct config *c, const struct entry *entry)
{
    struct text text;
    const bool good = read_value(c, entry, &text);
    const struct config_variable *given = find_given(c, entry->key->of.text);
    struct variable *v = add_variable(c, entry->key);

    if (!good)
        return;
    if (given)
        text = (struct text){ .text = arena_string(c->arena, given->text), .n = strlen(given->text), .known = true };
    v->text = text.text;
    v->n = text.n;
    v->known = text.known;
    v->environment = text.environment;
}

static void read_map(struct config *c, const struct node *map)
{
    if (!map || tree_empty(map))
        return;
    if (map->kind != NODE_MAP) {
        problem_error(c, map->place, "`vars` must be a map of names and texts");
        return;
    }
    if (map->n > WORK_NAMED)
        problem_error(c, map->place, "more than %d variables", WORK_NAMED);
    c->variables = arena_array(c->arena, WORK_NAMED, sizeof *c->variables);
    for (size_t i = 0; i < map->n && i < WORK_NAMED; i++)
        read_variable(c, &map->of.entries[i]);
}

void variables_read(struct config *c, const struct node *map)
{
    read_map(c, map);
    tell_unknown_given(c);
}
