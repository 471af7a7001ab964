/* See values.h. The spelling itself is judged by base/scalar.h, which the plugin host uses as well. */
#include "config/values.h"

#include "base/os/files.h"
#include "base/scalar.h"

#include <stdio.h>
#include <string.h>

const char *value_kind(const struct node *node)
{
    return node->kind == NODE_LIST ? "a list" : node->kind == NODE_MAP ? "a map" : tree_empty(node) ? "nothing" : "a text";
}

void value_wrong(struct config *c, const struct node *node, const char *what, const char *type, const struct text *text, const char *why)
{
    if (text && text->environment)
        problem_error(c, node->place, "`%s` must be %s, and what %s stands for is none", what, type, problem_quote(c, node->of.text));
    else
        problem_error(c, node->place, "`%s` must be %s: %s", what, type, why);
}

static bool read_text(struct config *c, const struct node *node, const char *what, const char *type, struct text *text)
{
    if (node->kind != NODE_TEXT) {
        problem_error(c, node->place, "`%s` must be %s, not %s", what, type, value_kind(node));
        return false;
    }
    if (tree_empty(node)) {
        problem_error(c, node->place, "`%s` has no value: it must be %s", what, type);
        return false;
    }
    return variables_text(c, node, what, false, text) && text->known;
}

bool value_text(struct config *c, const struct node *node, const char *what, const char *type, const char **text)
{
    struct text read;

    if (!read_text(c, node, what, type, &read))
        return false;
    *text = read.text;
    return true;
}

bool value_string(struct config *c, const struct node *node, const char *what, const char **string)
{
    const char *text;

    if (!value_text(c, node, what, "a text", &text))
        return false;
    *string = arena_string(c->made, text);
    return true;
}

bool value_bool(struct config *c, const struct node *node, const char *what, bool *value)
{
    struct text text;
    char why[SCALAR_WHY];

    if (!read_text(c, node, what, "true or false", &text))
        return false;
    if (scalar_bool(text.text, value, why))
        return true;
    value_wrong(c, node, what, "true or false", &text, why);
    return false;
}

bool value_count(struct config *c, const struct node *node, const char *what, unsigned min, unsigned max, unsigned *value)
{
    struct text text;
    char why[SCALAR_WHY];
    int64_t number;

    if (!read_text(c, node, what, "a whole number", &text))
        return false;
    if (!scalar_int(text.text, &number, why)) {
        value_wrong(c, node, what, "a whole number", &text, why);
        return false;
    }
    if (number < (int64_t)min || number > (int64_t)max) {
        snprintf(why, sizeof why, "%s is not from %u to %u", text.text, min, max);
        value_wrong(c, node, what, "a number in its bounds", &text, why);
        return false;
    }
    *value = (unsigned)number;
    return true;
}

bool value_duration(struct config *c, const struct node *node, const char *what, uint64_t min, uint64_t max, uint64_t *ns)
{
    static const char type[] = "a duration such as 90s";
    struct text text;
    char why[SCALAR_WHY], bound[64];
    uint64_t value;

    if (!read_text(c, node, what, type, &text))
        return false;
    if (!scalar_duration(text.text, &value, why)) {
        value_wrong(c, node, what, type, &text, why);
        return false;
    }
    if (value < min || (max > 0 && value > max)) {
        scalar_show_duration(value < min ? min : max, bound, sizeof bound);
        snprintf(why, sizeof why, "%s is %s than %s", text.text, value < min ? "less" : "more", bound);
        value_wrong(c, node, what, "a duration in its bounds", &text, why);
        return false;
    }
    *ns = value;
    return true;
}

bool value_size(struct config *c, const struct node *node, const char *what, uint64_t min, uint64_t *bytes)
{
    static const char type[] = "a size such as 10MiB";
    struct text text;
    char why[SCALAR_WHY], bound[64];
    uint64_t value;

    if (!read_text(c, node, what, type, &text))
        return false;
    if (!scalar_size(text.text, &value, why)) {
        value_wrong(c, node, what, type, &text, why);
        return false;
    }
    if (value < min) {
        scalar_show_size(min, bound, sizeof bound);
        snprintf(why, sizeof why, "%s is less than %s", text.text, bound);
        value_wrong(c, node, what, "a size in its bounds", &text, why);
        return false;
    }
    *bytes = value;
    return true;
}

bool value_word(struct config *c, const struct node *node, const char *what, const char *const *words, size_t n, size_t *index)
{
    struct text text;
    char type[200] = "one of";
    size_t used = strlen(type);

    for (size_t i = 0; i < n && used < sizeof type; i++)
        used += (size_t)snprintf(type + used, sizeof type - used, "%s `%s`", i > 0 ? "," : "", words[i]);
    if (!read_text(c, node, what, type, &text))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text.text, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    problem_error(c, node->place, "`%s` must be %s, not %s", what, type, problem_quote(c, node->of.text));
    problem_nearest(c, text.text, words, n);
    return false;
}

bool value_path(struct config *c, const struct node *node, const char *what, const char **path)
{
    struct text text;
    char absolute[4096];

    if (!read_text(c, node, what, "a path", &text))
        return false;
    if (text.n == 0 || !files_absolute(text.text, node->place.source->folder, absolute, sizeof absolute)) {
        value_wrong(c, node, what, "a path", &text, text.n == 0 ? "it is empty" : "it is too long, or `~` has no meaning here");
        return false;
    }
    *path = arena_string(c->made, absolute);
    return true;
}

bool value_percent(struct config *c, const struct node *node, const char *what, unsigned *percent)
{
    static const char type[] = "a share such as 60%";
    struct text text;
    char why[SCALAR_WHY], digits[8];
    int64_t number;

    if (!read_text(c, node, what, type, &text))
        return false;
    if (text.n < 2 || text.n > 4 || text.text[text.n - 1] != '%') {
        value_wrong(c, node, what, type, &text, "a number from 1 to 100 and a `%` are expected");
        return false;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)text.n - 1, text.text);
    if (!scalar_int(digits, &number, why) || number < 1 || number > 100) {
        value_wrong(c, node, what, type, &text, "a number from 1 to 100 and a `%` are expected");
        return false;
    }
    *percent = (unsigned)number;
    return true;
}

bool value_rate(struct config *c, const struct node *node, const char *what, unsigned *n, uint64_t *window)
{
    static const char type[] = "a rate such as `10 per 1h`";
    struct text text;
    char why[SCALAR_WHY], count[16];
    const char *per;
    int64_t number;
    uint64_t ns;

    if (!read_text(c, node, what, type, &text))
        return false;
    per = strstr(text.text, " per ");
    if (!per || per - text.text >= (ptrdiff_t)sizeof count) {
        value_wrong(c, node, what, type, &text, "a number, `per` and a duration are expected");
        return false;
    }
    snprintf(count, sizeof count, "%.*s", (int)(per - text.text), text.text);
    if (!scalar_int(count, &number, why) || !scalar_duration(per + 5, &ns, why)) {
        value_wrong(c, node, what, type, &text, why);
        return false;
    }
    if (number < 0 || number > 1000000 || ns == 0) {
        value_wrong(c, node, what, type, &text, "a number up to 1000000 and a duration above 0 are expected");
        return false;
    }
    *n = (unsigned)number;
    *window = ns;
    return true;
}

/* ---- more than one value ---- */

bool value_is_map(struct config *c, const struct node *node, const char *what, const char *of)
{
    if (node->kind == NODE_MAP || tree_empty(node))
        return true;
    problem_error(c, node->place, "`%s` must be a map of %s, not %s", what, of, value_kind(node));
    return false;
}

void value_as_list(struct config *c, const struct node *node)
{
    char list[120];
    size_t n = 0;

    if (node->kind != NODE_TEXT || node->n > 50 || !node->verbatim || strpbrk(node->of.text, "[]{},:#'\"&*|>"))
        return;
    for (const char *p = node->of.text; *p; p++) {
        if (*p == ' ')
            list[n++] = ',';
        list[n++] = *p;
    }
    list[n] = '\0';
    problem_note(c, "write `[%s]`", list);
}

bool value_is_list(struct config *c, const struct node *node, const char *what, const char *of)
{
    if (node->kind == NODE_LIST || tree_empty(node))
        return true;
    problem_error(c, node->place, "`%s` must be a list of %s, not %s", what, of, value_kind(node));
    value_as_list(c, node);
    return false;
}

bool value_list(struct config *c, const struct node *node, const char *what, const char *const **list, size_t *n)
{
    const char **made;
    bool good = true;

    if (!value_is_list(c, node, what, "texts"))
        return false;
    *n = node->kind == NODE_LIST ? node->n : 0;
    made = arena_array(c->made, *n + 1, sizeof *made);
    for (size_t i = 0; i < *n; i++)
        good = value_string(c, node->of.items[i], what, &made[i]) && good;
    *list = made;
    return good;
}
