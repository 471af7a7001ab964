/* One option's value as JSON, by its type. The texts of secret options never reach a sentence. */
#include "config/options.h"

#include "config/steps.h"
#include "config/values.h"

#include "base/os/files.h"
#include "base/scalar.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct value {
    struct config *c;
    const struct option *option;
    const char *path; /* "tls.key": for sentences */
    bool secret;
    const struct node *node;
    struct text text;
    struct vector *holes;
};

static const char *const types[OPTION_TYPES] = {
    [OPTION_STRING] = "a text", [OPTION_PATH] = "a path", [OPTION_PEM] = "PEM text or a path", [OPTION_INT] = "a whole number", [OPTION_NUMBER] = "a number",
    [OPTION_BOOL] = "true or false", [OPTION_DURATION] = "a duration such as 90s", [OPTION_SIZE] = "a size such as 10MiB", [OPTION_ENUM] = "a word",
    [OPTION_LIST] = "a list of texts", [OPTION_MAP] = "a map of names and texts", [OPTION_ADDRESS] = "an address such as 127.0.0.1:6379 or unix:/run/x.sock",
    [OPTION_PATTERN] = "a regular expression", [OPTION_GROUP] = "a map of options", [OPTION_TABLE] = "a list of maps",
};

static bool wrong(const struct value *v, const char *why)
{
    const char *type = types[v->option->type];

    if (v->secret)
        problem_error(v->c, v->node->place, "`%s` must be %s; its value is secret and not shown", v->path, type);
    else
        value_wrong(v->c, v->node, v->path, type, &v->text, why);
    return false;
}

/* ---- texts ---- */

/* As in a JSON string, without its quotes. */
static void add_escaped(struct buffer *b, const char *bytes, size_t n)
{
    const size_t start = b->len;

    text_json(b, bytes, n);
    if (b->failed)
        return;
    memmove(b->data + start, b->data + start + 1, b->len - start - 1);
    b->len -= 2;
    b->data[b->len] = '\0';
}

static void add_hole(struct value *v, const struct spot *spot)
{
    struct model_hole *hole = vector_push(v->c->arena, v->holes, sizeof *hole);

    *hole = (struct model_hole){ .at = v->c->full.len, .secret = secrets_use(v->c, spot->secret, v->option->type == OPTION_PEM) };
}

static bool write_text(struct value *v, const char *text, size_t n)
{
    size_t done = 0;

    buffer_char(&v->c->full, '"');
    for (size_t i = 0; i < v->text.n_spots; i++) {
        add_escaped(&v->c->full, text + done, v->text.spots[i].at - done);
        done = v->text.spots[i].at;
        add_hole(v, &v->text.spots[i]);
    }
    add_escaped(&v->c->full, text + done, n - done);
    buffer_char(&v->c->full, '"');
    return true;
}

static bool write_string(struct value *v)
{
    return write_text(v, v->text.text, v->text.n);
}

static bool write_absolute(struct value *v, const char *path)
{
    char absolute[4096];

    if (!files_absolute(path, v->node->place.source->folder, absolute, sizeof absolute))
        return wrong(v, "it is too long, or `~` has no meaning here");
    return write_text(v, absolute, strlen(absolute));
}

static bool write_path(struct value *v)
{
    return v->text.n > 0 ? write_absolute(v, v->text.text) : wrong(v, "it is empty");
}

static bool write_pem(struct value *v)
{
    if (v->text.n_spots > 1 || (v->text.n_spots == 1 && v->text.n > 0))
        return wrong(v, "a secret must be the whole of it");
    if (v->text.n_spots == 1 || strstr(v->text.text, "-----BEGIN "))
        return write_string(v);
    return write_path(v);
}

static bool write_enum(struct value *v)
{
    struct buffer *why = work_scratch(v->c, 300);

    for (size_t i = 0; i < v->option->n_choices; i++)
        if (strcmp(v->option->choices[i], v->text.text) == 0)
            return write_string(v);
    buffer_text(why, "it is one of");
    for (size_t i = 0; i < v->option->n_choices; i++)
        buffer_printf(why, "%s `%s`", i > 0 ? "," : "", v->option->choices[i]);
    wrong(v, buffer_string(why));
    if (!v->secret && !v->text.environment)
        problem_nearest(v->c, v->text.text, v->option->choices, v->option->n_choices);
    return false;
}

static bool write_address(struct value *v)
{
    struct scalar_address address;
    char why[SCALAR_WHY];

    if (!scalar_address(v->text.text, &address, why))
        return wrong(v, why);
    if (address.path[0]) {
        buffer_text(&v->c->full, "{\"unix\":");
        if (!write_absolute(v, address.path))
            return false;
        buffer_char(&v->c->full, '}');
        return true;
    }
    if (address.port == 0)
        return wrong(v, "a port is 1 to 65535");
    buffer_text(&v->c->full, "{\"host\":");
    text_json(&v->c->full, address.host, strlen(address.host));
    buffer_printf(&v->c->full, ",\"port\":%u}", (unsigned)address.port);
    return true;
}

/* ---- numbers ---- */

static bool write_bool(struct value *v)
{
    char why[SCALAR_WHY];
    bool value;

    if (!scalar_bool(v->text.text, &value, why))
        return wrong(v, why);
    buffer_text(&v->c->full, value ? "true" : "false");
    return true;
}

static bool out_of_bounds(struct value *v, bool below, const char *bound)
{
    char why[SCALAR_WHY];

    snprintf(why, sizeof why, "%.100s is %s than %s", v->text.text, below ? "less" : "more", bound);
    return wrong(v, why);
}

static bool write_int(struct value *v)
{
    const struct option *o = v->option;
    char why[SCALAR_WHY], bound[32];
    int64_t value;

    if (!scalar_int(v->text.text, &value, why))
        return wrong(v, why);
    if ((o->bounded_below && value < o->least) || (o->bounded_above && value > o->most)) {
        const bool below = o->bounded_below && value < o->least;

        snprintf(bound, sizeof bound, "%" PRId64, below ? o->least : o->most);
        return out_of_bounds(v, below, bound);
    }
    buffer_printf(&v->c->full, "\"%" PRId64 "\"", value);
    return true;
}

static bool write_number(struct value *v)
{
    const struct option *o = v->option;
    char why[SCALAR_WHY], bound[32];
    double value;

    if (!scalar_number(v->text.text, &value, why))
        return wrong(v, why);
    if ((o->bounded_below && value < o->min) || (o->bounded_above && value > o->max)) {
        const bool below = o->bounded_below && value < o->min;

        snprintf(bound, sizeof bound, "%g", below ? o->min : o->max);
        return out_of_bounds(v, below, bound);
    }
    buffer_printf(&v->c->full, "%.17g", value);
    return true;
}

static bool write_bounded(struct value *v, uint64_t value, void (*show)(uint64_t, char *, size_t))
{
    const struct option *o = v->option;
    const bool below = o->bounded_below && o->least > 0 && value < (uint64_t)o->least;
    char bound[64];

    if (below || (o->bounded_above && o->most >= 0 && value > (uint64_t)o->most)) {
        show((uint64_t)(below ? o->least : o->most), bound, sizeof bound);
        return out_of_bounds(v, below, bound);
    }
    buffer_printf(&v->c->full, "\"%" PRIu64 "\"", value);
    return true;
}

static bool write_duration(struct value *v)
{
    char why[SCALAR_WHY];
    uint64_t ns;

    return scalar_duration(v->text.text, &ns, why) ? write_bounded(v, ns, scalar_show_duration) : wrong(v, why);
}

static bool write_size(struct value *v)
{
    char why[SCALAR_WHY];
    uint64_t bytes;

    return scalar_size(v->text.text, &bytes, why) ? write_bounded(v, bytes, scalar_show_size) : wrong(v, why);
}

/* ---- a text's variables, then its type ---- */

static bool (*const writers[OPTION_TYPES])(struct value *) = {
    [OPTION_STRING] = write_string, [OPTION_PATH] = write_path, [OPTION_PEM] = write_pem, [OPTION_INT] = write_int, [OPTION_NUMBER] = write_number,
    [OPTION_BOOL] = write_bool, [OPTION_DURATION] = write_duration, [OPTION_SIZE] = write_size, [OPTION_ENUM] = write_enum, [OPTION_LIST] = write_string,
    [OPTION_MAP] = write_string, [OPTION_ADDRESS] = write_address, [OPTION_PATTERN] = write_string,
};

static bool takes_secrets(const struct value *v)
{
    const enum option_type type = v->option->type;

    return v->secret && (type == OPTION_STRING || type == OPTION_PEM || type == OPTION_LIST || type == OPTION_MAP);
}

static bool write_scalar(struct value *v)
{
    const char *type = v->option->type == OPTION_LIST || v->option->type == OPTION_MAP ? "a text" : types[v->option->type];

    if (v->node->kind != NODE_TEXT) {
        problem_error(v->c, v->node->place, "`%s` must be %s, not %s", v->path, type, value_kind(v->node));
        return false;
    }
    if (tree_empty(v->node)) {
        problem_error(v->c, v->node->place, "`%s` has no value: it must be %s", v->path, type);
        problem_note(v->c, "write `\"\"` for an empty text");
        return false;
    }
    if (!variables_text(v->c, v->node, v->path, takes_secrets(v), &v->text) || !v->text.known)
        return false;
    return writers[v->option->type](v);
}

/* ---- many ---- */

/* A single word stands for a list of it; one with blanks is rather a command line that was meant to be divided. */
static bool write_single(struct value *v)
{
    bool good;

    if (v->node->kind == NODE_TEXT && !strpbrk(v->node->of.text, " \t\n")) {
        buffer_char(&v->c->full, '[');
        good = write_scalar(v);
        buffer_char(&v->c->full, ']');
        return good;
    }
    problem_error(v->c, v->node->place, "`%s` must be a list of texts, not %s", v->path, value_kind(v->node));
    if (!v->secret)
        value_as_list(v->c, v->node);
    return false;
}

static bool write_list(struct value *v)
{
    const struct node *list = v->node;
    bool good = true;

    if (list->kind != NODE_LIST && !tree_empty(list))
        return write_single(v);
    buffer_char(&v->c->full, '[');
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++) {
        if (i > 0)
            buffer_char(&v->c->full, ',');
        v->node = list->of.items[i];
        good = write_scalar(v) && good;
    }
    buffer_char(&v->c->full, ']');
    return good;
}

static bool write_map(struct value *v)
{
    const struct node *map = v->node;
    const char *path = v->path;
    bool good = true;

    if (!value_is_map(v->c, map, path, "names and texts"))
        return false;
    buffer_char(&v->c->full, '{');
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n; i++) {
        const struct node *key = map->of.entries[i].key;

        if (i > 0)
            buffer_char(&v->c->full, ',');
        text_json(&v->c->full, key->of.text, key->n);
        buffer_char(&v->c->full, ':');
        v->path = arena_printf(v->c->arena, "%s.%.100s", path, key->of.text);
        v->node = map->of.entries[i].value;
        good = write_scalar(v) && good;
    }
    buffer_char(&v->c->full, '}');
    return good;
}

bool options_value(struct config *c, const struct option *option, const char *path, bool secret, const struct node *node, struct vector *holes)
{
    struct value v = { .c = c, .option = option, .path = path, .secret = secret, .node = node, .holes = holes, .text = { .known = true } };

    if (option->type == OPTION_LIST)
        return write_list(&v);
    if (option->type == OPTION_MAP)
        return write_map(&v);
    return write_scalar(&v);
}
