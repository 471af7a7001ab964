/*
 * Conditions: a scanner by hand and recursive descent. The depth is bounded by a number, so no text can exhaust the stack; after the first
 * mistake nothing more is said about the same condition.
 */
#include "config/when_private.h"

#include "config/variables.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH = 32, TEXT = 8192, NODES = 500 };

bool when_tell(struct when *w, const struct token *at, const char *format, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (!w->wrong)
        problem_error(w->c, tree_within(w->node, at->at), "%s", text);
    w->wrong = true;
    return false;
}

/* ---- the scanner ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool scan_comparison(struct when *w, const char *text, struct token *token)
{
    static const struct {
        const char *sign;
        enum model_comparison comparison;
    } signs[] = {
        { "<=", MODEL_LESS_EQUAL }, { ">=", MODEL_GREATER_EQUAL }, { "==", MODEL_EQUAL }, { "!=", MODEL_NOT_EQUAL }, { "<", MODEL_LESS }, { ">", MODEL_GREATER },
    };

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        token->n = strlen(signs[i].sign);
        if (strncmp(text, signs[i].sign, token->n) == 0) {
            token->kind = TOKEN_COMPARE;
            token->comparison = signs[i].comparison;
            return true;
        }
    }
    token->n = 1;
    if (*text == '=')
        return when_tell(w, token, "`=` compares nothing: write `==`");
    if (*text == '!')
        return when_tell(w, token, "`!` is no word of conditions: write `not`");
    return when_tell(w, token, "`%c` is no word of conditions: write `%s`", *text, *text == '&' ? "and" : "or");
}

/* Variables are put in word by word, so that what they stand for is never taken apart. */
static bool fill(struct when *w, struct token *token)
{
    struct node part = *w->node;
    struct text text;

    if (!strchr(token->text, '$'))
        return true;
    part.place = tree_within(w->node, token->at);
    part.of.text = token->text;
    part.n = token->n;
    part.quoted = false;
    if (!variables_text(w->c, &part, "when", false, &text)) {
        w->wrong = true;
        return false;
    }
    token->text = text.text;
    token->shown = text.environment ? token->shown : text.text;
    token->filled = true;
    w->unknown = w->unknown || !text.known;
    return text.known;
}

static bool scan(struct when *w)
{
    const char *text = w->node->of.text;
    struct token *token = &w->token;

    while (is_blank(text[w->pos]))
        w->pos++;
    *token = (struct token){ .kind = TOKEN_END, .at = w->pos, .text = "", .shown = "" };
    if (text[w->pos] == '\0')
        return true;
    token->n = strcspn(text + w->pos, " \t\r\n()<>=!&|");
    if (token->n > 0)
        token->kind = TOKEN_WORD;
    else if (text[w->pos] == '(' || text[w->pos] == ')')
        *token = (struct token){ .kind = text[w->pos] == '(' ? TOKEN_OPEN : TOKEN_CLOSE, .at = w->pos, .n = 1 };
    else if (!scan_comparison(w, text + w->pos, token))
        return false;
    token->text = token->shown = arena_copy(w->c->arena, text + w->pos, token->n);
    w->pos += token->n;
    return token->kind != TOKEN_WORD || fill(w, token);
}

static bool is_word(const struct token *token, const char *word)
{
    return token->kind == TOKEN_WORD && !token->filled && strcmp(token->text, word) == 0;
}

/* ---- the grammar ---- */

static bool add_node(struct when *w, const struct model_when *node, size_t *index)
{
    if (w->nodes.n == NODES)
        return when_tell(w, &w->token, "this condition has more than %d parts", NODES);
    *index = w->nodes.n;
    *(struct model_when *)vector_push(w->c->arena, &w->nodes, sizeof *node) = *node;
    return true;
}

static bool read_or(struct when *w, size_t *index);

static bool read_parentheses(struct when *w, size_t *index)
{
    const struct token open = w->token;

    if (!scan(w) || !read_or(w, index))
        return false;
    if (w->token.kind != TOKEN_CLOSE)
        return when_tell(w, w->token.kind == TOKEN_END ? &open : &w->token, w->token.kind == TOKEN_END ? "this `(` is not closed" : "a `)`, `and` or `or` is expected here");
    return scan(w);
}

static bool read_term(struct when *w, size_t *index)
{
    const struct token name = w->token;
    struct model_when term = { .check = MODEL_NONE };
    struct token second;
    bool good;

    if (name.kind != TOKEN_WORD || is_word(&name, "and") || is_word(&name, "or"))
        return when_tell(w, &name, name.kind == TOKEN_END ? "the condition ends where a check is expected" : "a check is expected here, not `%s`", name.shown);
    if (!scan(w))
        return false;
    second = w->token;
    if (second.kind == TOKEN_COMPARE) {
        term.comparison = second.comparison;
        if (!scan(w))
            return false;
        if (w->token.kind != TOKEN_WORD)
            return when_tell(w, &w->token, "a value is expected behind `%s`", second.shown);
        good = when_metric(w, &name, &w->token, &term);
    } else if (second.kind == TOKEN_WORD && !is_word(&second, "and") && !is_word(&second, "or")) {
        good = when_verdict(w, &name, &second, &term);
    } else {
        return when_tell(w, &name, "`%.100s` alone is no condition: write `%.100s failed`, or compare one of its metrics", name.shown, name.shown);
    }
    return good && add_node(w, &term, index) && scan(w);
}

static bool read_not(struct when *w, size_t *index)
{
    struct model_when not = { .kind = MODEL_WHEN_NOT, .check = MODEL_NONE };
    bool good;

    if (++w->depth > DEPTH)
        return when_tell(w, &w->token, "more than %d levels of `(` and `not`", DEPTH);
    if (is_word(&w->token, "not"))
        good = scan(w) && read_not(w, &not.left) && add_node(w, &not, index);
    else
        good = w->token.kind == TOKEN_OPEN ? read_parentheses(w, index) : read_term(w, index);
    w->depth--;
    return good;
}

static bool read_and(struct when *w, size_t *index)
{
    if (!read_not(w, index))
        return false;
    while (is_word(&w->token, "and")) {
        struct model_when and = { .kind = MODEL_WHEN_AND, .check = MODEL_NONE, .left = *index };

        if (!scan(w) || !read_not(w, &and.right) || !add_node(w, &and, index))
            return false;
    }
    return true;
}

static bool read_or(struct when *w, size_t *index)
{
    if (!read_and(w, index))
        return false;
    while (is_word(&w->token, "or")) {
        struct model_when or = { .kind = MODEL_WHEN_OR, .check = MODEL_NONE, .left = *index };

        if (!scan(w) || !read_and(w, &or.right) || !add_node(w, &or, index))
            return false;
    }
    return true;
}

static bool read_whole(struct when *w)
{
    size_t root;

    if (!scan(w) || !read_or(w, &root))
        return false;
    if (w->token.kind == TOKEN_CLOSE)
        return when_tell(w, &w->token, "this `)` closes nothing");
    if (w->token.kind != TOKEN_END)
        return when_tell(w, &w->token, "`and` or `or` is expected here, not `%.100s`", w->token.shown);
    return true;
}

static enum when_outcome read_condition(struct when *w, const char *what, struct model_condition *condition)
{
    struct config *c = w->c;
    const struct node *node = w->node;

    if (node->kind != NODE_TEXT || tree_empty(node)) {
        problem_error(c, node->place, "`%s` must be a condition such as `ping failed`", what);
        return WHEN_WRONG;
    }
    if (node->n > TEXT) {
        problem_error(c, node->place, "this condition is longer than %d bytes", TEXT);
        return WHEN_WRONG;
    }
    if (!read_whole(w))
        return w->wrong ? WHEN_WRONG : WHEN_UNKNOWN;
    if (w->unknown)
        return WHEN_UNKNOWN;
    condition->text = arena_string(c->made, node->of.text);
    condition->n = w->nodes.n;
    condition->nodes = memcpy(arena_array(c->made, w->nodes.n, sizeof *condition->nodes), w->nodes.items, w->nodes.n * sizeof *condition->nodes);
    return WHEN_READ;
}

enum when_outcome when_read(struct config *c, const struct service_plan *service, const struct node *node, struct model_condition *condition)
{
    struct when w = { .c = c, .service = service, .node = node };
    const enum when_outcome outcome = read_condition(&w, "when", condition);

    if (outcome == WHEN_READ && !w.judges)
        problem_warning(c, node->place, "this condition asks witnesses alone: a check that can fail should be part of it");
    return outcome;
}

enum when_outcome when_read_of(struct config *c, const struct service_plan *service, const struct node *node, const char *what, struct model_condition *condition)
{
    struct when w = { .c = c, .service = service, .node = node };

    return read_condition(&w, what, condition);
}
