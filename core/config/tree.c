/*
 * libyaml's events become a tree. The stack is ours and bounded, so no nesting overflows anything; aliases share what they stand for and
 * are counted as if they were copies, so that a small file cannot become a large configuration.
 */
#include "config/tree.h"

#include "base/text.h"
#include "config/problems.h"
#include "config/tree_private.h"
#include "config/work.h"

#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

struct anchor {
    const char *name;
    unsigned long long hash;
    const struct node *node;
    bool open; /* its node is not whole yet */
};

struct tree {
    struct config *c;
    const struct source *source;
    yaml_parser_t parser;
    yaml_event_t event;
    bool parsing, has_event;
    struct frame stack[TREE_DEPTH];
    size_t depth;
    struct node *root;
    struct vector anchors; /* struct anchor */
    size_t nodes;          /* so far, aliases counted as copies */
};

static struct place place_of(const struct tree *t, const yaml_mark_t *mark)
{
    return (struct place){ .source = t->source, .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1 };
}

/* ---- nodes ---- */

static bool count(struct tree *t, struct place at, size_t n)
{
    t->nodes += n;
    if (t->nodes <= TREE_NODES)
        return true;
    problem_error(t->c, at, "more than %d values in one file, aliases and `<<` counted as copies: divide the file, or repeat less", TREE_NODES);
    return false;
}

static bool bound_depth(struct tree *t, struct place at, size_t levels)
{
    if (t->depth + levels <= TREE_DEPTH)
        return true;
    problem_error(t->c, at, "more than %d levels within each other: is a bracket not closed?", TREE_DEPTH);
    return false;
}

static const struct anchor *find_anchor(const struct tree *t, const char *name)
{
    const unsigned long long hash = text_hash(TEXT_HASH, name, strlen(name));

    for (size_t i = t->anchors.n; i-- > 0;) {
        const struct anchor *anchor = VECTOR_AT(&t->anchors, struct anchor, i);

        if (anchor->hash == hash && strcmp(anchor->name, name) == 0)
            return anchor;
    }
    return NULL;
}

static bool add_anchor(struct tree *t, const yaml_char_t *name, const struct node *node)
{
    struct anchor *anchor;

    if (!name)
        return true;
    if (t->anchors.n == TREE_ANCHORS) {
        problem_error(t->c, node->place, "more than %d anchors in one file", TREE_ANCHORS);
        return false;
    }
    anchor = vector_push(t->c->arena, &t->anchors, sizeof *anchor);
    anchor->name = arena_string(t->c->arena, (const char *)name);
    anchor->hash = text_hash(TEXT_HASH, name, strlen(anchor->name));
    anchor->node = node;
    anchor->open = node->kind != NODE_TEXT;
    return true;
}

/* Says of a tag that is refused what to write instead. */
static bool wrong_tag(struct tree *t, const char *tag, const char *own, struct place at)
{
    static const struct { const char *name, *instead; } others[] = {
        { "binary", "write the text itself, since nothing is decoded" }, { "set", "write a list" }, { "omap", "write a map, whose order is kept" },
        { "pairs", "write a map" },
    };
    char shown[64];

    if (!own) {
        problem_error(t->c, at, "the tag %s is not used here: remove it", problem_quote(t->c, tag));
        return false;
    }
    snprintf(shown, sizeof shown, "!!%s", own);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(own, others[i].name) == 0) {
            problem_error(t->c, at, "the tag `%s` is not used here: %s", shown, others[i].instead);
            return false;
        }
    problem_error(t->c, at, "the tag %s does not fit what stands behind it: remove it", problem_quote(t->c, shown));
    return false;
}

/* YAML's own tags change nothing, since a value is read by what it is for; where they say another kind than what stands there, or ask for a decoding
 * (`!!binary`), they are refused like any other. */
static bool check_tag(struct tree *t, const yaml_char_t *tag, enum node_kind kind, struct place at)
{
    static const char own[] = "tag:yaml.org,2002:";
    static const char *const texts[] = { "str", "int", "float", "bool", "null", "timestamp", "merge", "value", NULL };
    static const char *const lists[] = { "seq", NULL }, *const maps[] = { "map", NULL };
    const char *const *known = kind == NODE_TEXT ? texts : kind == NODE_LIST ? lists : maps, *text = (const char *)tag;

    if (!text || strcmp(text, "!") == 0)
        return true;
    if (strncmp(text, own, sizeof own - 1) != 0)
        return wrong_tag(t, text, NULL, at);
    for (; *known; known++)
        if (strcmp(text + sizeof own - 1, *known) == 0)
            return true;
    return wrong_tag(t, text, text + sizeof own - 1, at);
}

/* `!!str` before nothing is an empty text, not nothing. */
static bool is_plain(const yaml_event_t *e)
{
    const char *tag = (const char *)e->data.scalar.tag;

    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (!tag || (strcmp(tag, "!") != 0 && strcmp(tag, "tag:yaml.org,2002:str") != 0));
}

/* ---- where a node goes ---- */

static void push(struct tree *t, struct vector *nodes, const struct node *node)
{
    const struct node **new = vector_push(t->c->arena, nodes, sizeof *new);

    *new = node;
}

static bool is_key(const struct frame *frame)
{
    return frame->node->kind == NODE_MAP && frame->items.n % 2 == 0 && !frame->merging;
}

static bool put_key(struct tree *t, struct frame *frame, const struct node *node)
{
    if (node->kind != NODE_TEXT) {
        problem_error(t->c, node->place, "a key must be a plain word, not a %s", node->kind == NODE_MAP ? "map" : "list");
        problem_note(t->c, "text that begins with `{` or `[` must be put into quotes");
        return false;
    }
    frame->merging = tree_is_merge(node);
    if (frame->merging && frame->merges++ > 0) {
        problem_error(t->c, node->place, "`<<` stands here twice: write `<<: [*one, *other]`");
        return false;
    }
    if (!frame->merging)
        push(t, &frame->items, node);
    return true;
}

/* Nothing written is at the place of its key: a person looks there. */
static const struct node *move_empty(struct tree *t, const struct frame *frame, const struct node *node)
{
    struct node *moved;

    if (!tree_empty(node) || frame->node->kind != NODE_MAP || frame->items.n == 0)
        return node;
    moved = arena_alloc(t->c->arena, sizeof *moved);
    *moved = *node;
    moved->place = (*VECTOR_AT(&frame->items, const struct node *, frame->items.n - 1))->place;
    return moved;
}

static bool put(struct tree *t, const struct node *node)
{
    struct frame *frame;

    if (t->depth == 0) {
        t->root = (struct node *)(uintptr_t)node;
        return true;
    }
    frame = &t->stack[t->depth - 1];
    frame->node->weight += frame->merging ? 0 : node->weight;
    if (!frame->merging && node->height >= frame->node->height)
        frame->node->height = node->height + 1;
    if (is_key(frame))
        return put_key(t, frame, node);
    if (frame->merging)
        push(t, &frame->merged, node);
    else
        push(t, &frame->items, move_empty(t, frame, node));
    frame->merging = false;
    return true;
}

/* ---- events ---- */

static struct node *make(struct tree *t, enum node_kind kind, const yaml_mark_t *mark)
{
    struct node *node = arena_alloc(t->c->arena, sizeof *node);

    node->kind = kind;
    node->height = node->weight = 1;
    node->place = place_of(t, mark);
    return node;
}

static size_t characters(const char *text, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static bool on_text(struct tree *t)
{
    const yaml_event_t *e = &t->event;
    struct node *node = make(t, NODE_TEXT, &e->start_mark);
    const char *value = (const char *)e->data.scalar.value;
    const size_t source_length = e->end_mark.index - e->start_mark.index;

    node->n = e->data.scalar.length;
    if (memchr(value, '\0', node->n)) {
        problem_error(t->c, node->place, "a text with a NUL (\"\\0\") in it: nothing takes that");
        return false;
    }
    node->of.text = arena_copy(t->c->arena, value, node->n);
    node->plain = is_plain(e);
    node->quoted = e->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE || e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    node->verbatim = (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE || node->quoted) && e->start_mark.line == e->end_mark.line &&
                     source_length == characters(value, node->n) + (node->quoted ? 2 : 0);
    return count(t, node->place, 1) && check_tag(t, e->data.scalar.tag, NODE_TEXT, node->place) && add_anchor(t, e->data.scalar.anchor, node) && put(t, node);
}

static bool on_start(struct tree *t, enum node_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag, bool flow)
{
    struct node *node = make(t, kind, &t->event.start_mark);

    if (!count(t, node->place, 1) || !bound_depth(t, node->place, 1) || !check_tag(t, tag, kind, node->place) || !add_anchor(t, anchor, node))
        return false;
    t->stack[t->depth++] = (struct frame){ .node = node, .anchor = anchor ? t->anchors.n : 0, .flow = flow };
    return true;
}

static bool on_end(struct tree *t)
{
    struct frame *frame = &t->stack[t->depth - 1];

    if (frame->node->kind == NODE_LIST) {
        frame->node->n = frame->items.n;
        frame->node->of.items = (const struct node *const *)frame->items.items;
    } else if (!count(t, frame->node->place, tree_finish_map(t->c, frame))) {
        return false;
    }
    if (frame->anchor > 0)
        VECTOR_AT(&t->anchors, struct anchor, frame->anchor - 1)->open = false;
    t->depth--;
    return put(t, frame->node);
}

static bool on_alias(struct tree *t)
{
    const struct place at = place_of(t, &t->event.start_mark);
    const char *name = (const char *)t->event.data.alias.anchor;
    const struct anchor *anchor = find_anchor(t, name);

    if (!anchor) {
        problem_error(t->c, at, "the alias %s has no anchor before it", problem_quote(t->c, arena_printf(t->c->arena, "*%s", name)));
        problem_note(t->c, "text that begins with `*` must be put into quotes");
        return false;
    }
    if (anchor->open) {
        problem_error(t->c, at, "the alias %s stands within what it stands for", problem_quote(t->c, arena_printf(t->c->arena, "*%s", name)));
        return false;
    }
    return count(t, at, anchor->node->weight) && bound_depth(t, at, anchor->node->height - 1) && put(t, anchor->node);
}

static bool on_event(struct tree *t)
{
    switch (t->event.type) {
    case YAML_ALIAS_EVENT:
        return on_alias(t);
    case YAML_SCALAR_EVENT:
        return on_text(t);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(t, NODE_LIST, t->event.data.sequence_start.anchor, t->event.data.sequence_start.tag,
                        t->event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    case YAML_MAPPING_START_EVENT:
        return on_start(t, NODE_MAP, t->event.data.mapping_start.anchor, t->event.data.mapping_start.tag,
                        t->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(t);
    default:
        return true;
    }
}

/* ---- the file ---- */

static void release(void *arg)
{
    struct tree *t = arg;

    if (t->has_event)
        yaml_event_delete(&t->event);
    if (t->parsing)
        yaml_parser_delete(&t->parser);
    t->has_event = t->parsing = false;
}

/* Behind the document only comments may stand. libyaml is not asked: its way through directives is slow. */
static bool check_rest(struct tree *t, const char *text, size_t characters_read)
{
    struct place at = place_of(t, &t->event.end_mark);
    size_t i = 0;
    bool comment = false;

    for (; text[i] && characters_read > 0; i++)
        characters_read -= ((unsigned char)text[i + 1] & 0xc0) != 0x80;
    for (; text[i]; i++) {
        if (text[i] == '\n') {
            at.line++;
            at.column = 1;
            comment = false;
            continue;
        }
        if (!comment && at.column == 1 && strncmp(text + i, "...", 3) == 0) {
            i += 2;
            at.column += 3;
            continue;
        }
        comment = comment || text[i] == '#';
        if (!comment && !strchr(" \t\r", text[i])) {
            problem_error(t->c, at, "a second document begins here: a file holds one; remove the `---` or make two files");
            return false;
        }
        at.column += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return true;
}

static bool parse(struct tree *t, const char *text)
{
    while (yaml_parser_parse(&t->parser, &t->event)) {
        const yaml_event_type_t type = t->event.type;
        bool good;

        t->has_event = true;
        good = on_event(t) && (type != YAML_DOCUMENT_END_EVENT || check_rest(t, text, t->event.end_mark.index));
        yaml_event_delete(&t->event);
        t->has_event = false;
        if (!good)
            return false;
        if (type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT)
            return true;
    }
    tree_syntax(t->c, t->source, &t->parser, t->depth > 0 && t->stack[t->depth - 1].flow ? t->stack[t->depth - 1].node : NULL);
    return false;
}

/* Of a file that is refused in its middle the name is known, most often. */
static void keep_name(struct tree *t)
{
    const struct frame *root = &t->stack[0];
    const struct node *const *items = root->items.items;

    work_lost_file(t->c, t->source->path);
    for (size_t i = 0; t->depth > 0 && root->node->kind == NODE_MAP && i + 1 < root->items.n; i += 2)
        if ((strcmp(items[i]->of.text, "service") == 0 || strcmp(items[i]->of.text, "runbook") == 0) && items[i + 1]->kind == NODE_TEXT)
            work_lost(t->c, items[i + 1]->of.text);
}

static struct tree *reader_for(struct config *c, const struct source *source)
{
    if (!c->reader)
        c->reader = arena_alloc(c->arena, sizeof *c->reader);
    memset(c->reader, 0, sizeof *c->reader);
    c->reader->c = c;
    c->reader->source = source;
    return c->reader;
}

static bool read_whole(struct tree *t)
{
    const struct source *source = t->source;
    size_t start;

    if (!tree_bytes(t->c, source, &start))
        return false;
    if (!yaml_parser_initialize(&t->parser)) {
        t->c->lacked = true;
        problem_error(t->c, work_file_place(source), "there is no memory to read this file");
        return false;
    }
    t->parsing = true;
    yaml_parser_set_encoding(&t->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&t->parser, (const unsigned char *)source->text + start, source->n - start);
    return parse(t, source->text + start);
}

const struct node *tree_read(struct config *c, const struct source *source, bool *refused)
{
    struct tree *t = reader_for(c, source);

    work_hold(c, release, t);
    *refused = !read_whole(t);
    work_release(c);
    if (*refused)
        keep_name(t);
    return *refused || !t->root || tree_empty(t->root) ? NULL : t->root;
}

/* ---- reading the tree ---- */

static int key_is(const void *key, const void *entry)
{
    return strcmp(key, (*(const struct entry *const *)entry)->key->of.text);
}

const struct entry *tree_entry(const struct node *map, const char *key)
{
    const struct entry *const *found = NULL;

    if (map && map->kind == NODE_MAP && map->n > 0)
        found = bsearch(key, map->sorted, map->n, sizeof(const struct entry *), key_is);
    return found ? *found : NULL;
}

const struct node *tree_get(const struct node *map, const char *key)
{
    const struct entry *entry = tree_entry(map, key);

    return entry ? entry->value : NULL;
}

bool tree_empty(const struct node *node)
{
    return node->kind == NODE_TEXT && node->plain && node->n == 0;
}

struct place tree_within(const struct node *node, size_t at)
{
    struct place place = node->place;

    if (node->kind == NODE_TEXT && node->verbatim && at <= node->n)
        place.column += (node->quoted ? 1u : 0u) + (unsigned)characters(node->of.text, at);
    return place;
}
