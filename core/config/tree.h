/*
 * A file's YAML as a tree with places: what every other part of config reads. Scalars are kept as spelled and never guessed at; aliases
 * and `<<` are already resolved (aliased nodes are shared, not copied), and all bounds of rules.md 1.3 hold.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

enum {
    TREE_FILE_SIZE = 1 << 20, /* bytes of a file */
    TREE_DEPTH = 64,          /* levels */
    TREE_NODES = 100000,      /* after aliases and `<<` */
    TREE_ANCHORS = 1000,
    TREE_BLANKS = 1000,       /* blanks in a row, empty lines in a row: libyaml takes quadratic time for more within one text */
};

/* One file as it was read. */
struct source {
    const char *path;   /* absolute */
    const char *shown;  /* as a person would name it; "" for what is built in */
    const char *folder; /* absolute: paths in the file are relative to it */
    const char *text;   /* n bytes and a NUL, byte order mark included */
    size_t n;
    unsigned order;     /* in which it was read, from 1: problems are sorted by it */
    unsigned kind;      /* enum source_kind */
    const char *made_shown; /* `shown`, in the model; NULL: not needed there yet */
    int64_t mtime_ns;
    uint64_t inode, device;
};

struct place {
    const struct source *source;
    unsigned line, column; /* from 1, characters; 0: the file as a whole */
};

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct entry;

struct node {
    enum node_kind kind;
    bool plain;    /* TEXT: without quotes */
    bool verbatim; /* TEXT: stands in the file as it is, on one line: places within it can be told */
    bool quoted;   /* TEXT: begins one column after its place */
    unsigned height, weight; /* levels, and nodes with everything below */
    struct place place;
    size_t n;      /* bytes of text, items, entries */
    union {
        const char *text; /* valid UTF-8, no NUL within */
        const struct node *const *items;
        const struct entry *entries;
    } of;
    const struct entry *const *sorted; /* MAP: its entries by key */
};

struct entry {
    const struct node *key, *value; /* key: TEXT */
};

/* The file's tree, NULL: it has no content (no mistake) or was refused (*refused, and the problem is told). */
const struct node *tree_read(struct config *c, const struct source *source, bool *refused);
/* Is the file's text UTF-8 with LF or CRLF that libyaml reads in linear time? Else the problem is told. *start: behind the byte order mark. */
bool tree_bytes(struct config *c, const struct source *source, size_t *start);
/* The value of that key, NULL: none. map may be NULL or of another kind. */
const struct node *tree_get(const struct node *map, const char *key);
const struct entry *tree_entry(const struct node *map, const char *key);
/* Nothing stands there: `key:` and no more. */
bool tree_empty(const struct node *node);
/* The place of byte `at` within a text's node. */
struct place tree_within(const struct node *node, size_t at);

#endif
