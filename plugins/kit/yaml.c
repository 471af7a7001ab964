/*
 * YAML of others: see yaml.h. The tree is built from libyaml's events, not from its document, because a document's nodes are made before anybody can count
 * them. An alias is a copy, so that the tree is one, and what it copies counts: a text of a thousand bytes cannot become a tree of a million nodes.
 */
#include "yaml.h"

#include <stdlib.h>
#include <yaml.h>

enum { MOST_NODES = 20000, DEEPEST = 60, MOST_ANCHORS = 64 };

struct building {
    yaml_parser_t parser;
    char *problem;
    size_t nodes;
    int documents;
    cJSON *root;
    cJSON *open[DEEPEST]; /* the collections that are not closed yet, outermost first */
    char *key[DEEPEST];   /* of the map at that depth: what the next value is called; NULL: a key is next */
    size_t depth;
    struct {
        char *name;
        cJSON *node;
    } anchors[MOST_ANCHORS];
    size_t n_anchors;
};

/* ---- problems; each returns 0 */

static int wrong(struct building *b, size_t line, const char *words)
{
    snprintf(b->problem, YAML_PROBLEM, "line %zu: %s", line + 1, words);
    return 0;
}

static int wrong_syntax(struct building *b)
{
    const yaml_parser_t *p = &b->parser;

    if (p->error == YAML_MEMORY_ERROR)
        return wrong(b, p->problem_mark.line, "no memory");
    return wrong(b, p->problem_mark.line, p->problem ? p->problem : "is no YAML");
}

/* ---- nodes */

static int is_within_map(const struct building *b)
{
    return b->depth > 0 && cJSON_IsObject(b->open[b->depth - 1]);
}

static int count(struct building *b, const yaml_event_t *event, size_t n)
{
    b->nodes += n;
    return b->nodes <= MOST_NODES || wrong(b, event->start_mark.line, "it is too large");
}

static size_t size_of(const cJSON *node)
{
    size_t n = 1;

    for (const cJSON *child = node->child; child && n <= MOST_NODES; child = child->next)
        n += size_of(child);
    return n;
}

/* Puts a node where the text stands; the tree has it then, also when this fails. */
static int put(struct building *b, const yaml_event_t *event, cJSON *node)
{
    char **key = b->depth > 0 ? &b->key[b->depth - 1] : NULL;
    int done;

    if (!node)
        return wrong(b, event->start_mark.line, "no memory");
    if (b->depth == 0) {
        b->root = node;
        return 1;
    }
    if (!is_within_map(b))
        return cJSON_AddItemToArray(b->open[b->depth - 1], node);
    if (!*key) {
        cJSON_Delete(node);
        return wrong(b, event->start_mark.line, "a key must be a plain text");
    }
    done = cJSON_AddItemToObject(b->open[b->depth - 1], *key, node);
    if (!done)
        cJSON_Delete(node);
    free(*key);
    *key = NULL;
    return done || wrong(b, event->start_mark.line, "no memory");
}

static int remember(struct building *b, const yaml_event_t *event, const yaml_char_t *anchor, cJSON *node)
{
    if (!anchor)
        return 1;
    if (b->n_anchors == MOST_ANCHORS)
        return wrong(b, event->start_mark.line, "it has too many anchors");
    b->anchors[b->n_anchors].name = strdup((const char *)anchor);
    b->anchors[b->n_anchors].node = node;
    return b->anchors[b->n_anchors++].name != NULL || wrong(b, event->start_mark.line, "no memory");
}

static int is_open(const struct building *b, const cJSON *node)
{
    for (size_t i = 0; i < b->depth; i++)
        if (b->open[i] == node)
            return 1;
    return 0;
}

static int take_alias(struct building *b, const yaml_event_t *event)
{
    const cJSON *node = NULL;

    for (size_t i = b->n_anchors; i > 0 && !node; i--)
        if (strcmp(b->anchors[i - 1].name, (const char *)event->data.alias.anchor) == 0)
            node = b->anchors[i - 1].node;
    if (!node)
        return wrong(b, event->start_mark.line, "an alias names an anchor that is not there");
    if (is_open(b, node))
        return wrong(b, event->start_mark.line, "an alias stands within what it names");
    return count(b, event, size_of(node)) && put(b, event, cJSON_Duplicate(node, 1));
}

static int is_null(const yaml_event_t *event)
{
    static const char *const words[] = { "", "~", "null", "Null", "NULL" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp((const char *)event->data.scalar.value, words[i]) == 0)
            return 1;
    return 0;
}

static int take_scalar(struct building *b, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    cJSON *node;

    if (strlen(text) != event->data.scalar.length)
        return wrong(b, event->start_mark.line, "a text holds a NUL");
    if (is_within_map(b) && !b->key[b->depth - 1]) {
        if (strcmp(text, "<<") == 0)
            return wrong(b, event->start_mark.line, "`<<` is not read here: write out what it stands for");
        b->key[b->depth - 1] = strdup(text);
        return b->key[b->depth - 1] != NULL || wrong(b, event->start_mark.line, "no memory");
    }
    node = is_null(event) ? cJSON_CreateNull() : cJSON_CreateString(text);
    return put(b, event, node) && remember(b, event, event->data.scalar.anchor, node);
}

static int open_collection(struct building *b, const yaml_event_t *event, cJSON *node, const yaml_char_t *anchor)
{
    if (b->depth == DEEPEST) {
        cJSON_Delete(node);
        return wrong(b, event->start_mark.line, "it is nested too deep");
    }
    if (!put(b, event, node))
        return 0;
    b->open[b->depth] = node;
    b->key[b->depth++] = NULL;
    return remember(b, event, anchor, node);
}

/* ---- events */

static int take(struct building *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return b->documents++ == 0 || wrong(b, event->start_mark.line, "it holds more than one document");
    case YAML_SCALAR_EVENT:
        return count(b, event, 1) && take_scalar(b, event);
    case YAML_ALIAS_EVENT:
        return take_alias(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return count(b, event, 1) && open_collection(b, event, cJSON_CreateArray(), event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return count(b, event, 1) && open_collection(b, event, cJSON_CreateObject(), event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return 1;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    default:
        return 1;
    }
}

static int build(struct building *b)
{
    yaml_event_t event;
    int good, over = 0;

    while (!over) {
        if (!yaml_parser_parse(&b->parser, &event))
            return wrong_syntax(b);
        over = event.type == YAML_STREAM_END_EVENT;
        good = take(b, &event);
        yaml_event_delete(&event);
        if (!good)
            return 0;
    }
    if (!b->root)
        b->root = cJSON_CreateObject();
    return b->root != NULL || wrong(b, 0, "no memory");
}

cJSON *yaml_read(const char *text, size_t n, char problem[YAML_PROBLEM])
{
    struct building b = { .problem = problem };
    int good;

    if (!yaml_parser_initialize(&b.parser)) {
        snprintf(problem, YAML_PROBLEM, "no memory");
        return NULL;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, n);
    good = build(&b);
    yaml_parser_delete(&b.parser);
    for (size_t i = 0; i < b.depth; i++)
        free(b.key[i]);
    for (size_t i = 0; i < b.n_anchors; i++)
        free(b.anchors[i].name);
    if (good)
        return b.root;
    cJSON_Delete(b.root);
    return NULL;
}
