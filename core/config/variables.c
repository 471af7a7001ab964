/* See variables.h. A text is walked once from left to right; what is put in is not looked at again. */
#include "config/variables.h"

#include "base/text.h"

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

static bool put_variable(struct filling *f, size_t at, const char *name, const char *whole)
{
    struct config *c = f->c;
    const char **names;

    for (size_t i = 0; i < c->variables.n; i++) {
        const struct variable *v = VECTOR_AT(&c->variables, struct variable, i);

        if (strcmp(v->name, name) != 0)
            continue;
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
    names = arena_array(c->arena, c->variables.n + 1, sizeof *names);
    for (size_t i = 0; i < c->variables.n; i++)
        names[i] = VECTOR_AT(&c->variables, struct variable, i)->name;
    problem_nearest(c, name, names, c->variables.n);
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

    if (!f->secrets) {
        problem_error(c, tree_within(f->node, at), "%s may not stand here: `%s` is not kept secret", problem_quote(c, whole), f->what);
        return false;
    }
    for (size_t i = 0; i < c->n_secrets; i++) {
        if (strcmp(c->secrets[i].name, name) != 0)
            continue;
        spot = vector_push(c->arena, &f->spots, sizeof *spot);
        *spot = (struct spot){ .at = f->to->len, .secret = i };
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

static bool put_unknown(struct filling *f, size_t at, const char *name, const char *whole)
{
    struct config *c = f->c;

    if (strncmp(name, "params.", 7) == 0)
        return tell(f, at, "has a meaning in a runbook alone", whole);
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

static void read_variable(struct config *c, const struct entry *entry)
{
    struct variable *v;
    struct text text;
    bool good;

    if (!text_is_name(entry->key->of.text)) {
        work_bad_name(c, entry->key, "variable");
        return;
    }
    if (entry->value->kind != NODE_TEXT || tree_empty(entry->value)) {
        problem_error(c, entry->value->place, "the variable `%s` must be a text", entry->key->of.text);
        return;
    }
    good = variables_text(c, entry->value, entry->key->of.text, false, &text);
    if (text.n > WORK_VARIABLE) {
        problem_error(c, entry->value->place, "the variable `%s` is longer than 64 KiB", entry->key->of.text);
        return;
    }
    v = vector_push(c->arena, &c->variables, sizeof *v);
    *v = (struct variable){ .name = entry->key->of.text, .text = text.text, .n = text.n, .known = good, .environment = text.environment, .key = entry->key };
}

void variables_read(struct config *c, const struct node *map)
{
    if (!map || tree_empty(map))
        return;
    if (map->kind != NODE_MAP) {
        problem_error(c, map->place, "`vars` must be a map of names and texts");
        return;
    }
    if (map->n > WORK_NAMED)
        problem_error(c, map->place, "more than %d variables", WORK_NAMED);
    for (size_t i = 0; i < map->n && i < WORK_NAMED; i++)
        read_variable(c, &map->of.entries[i]);
}
