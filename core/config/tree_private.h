/* What the two halves of the reader share: tree.c walks libyaml's events, tree_map.c makes maps of keys and values. */
#ifndef CONFIG_TREE_PRIVATE_H
#define CONFIG_TREE_PRIVATE_H

#include "config/tree.h"
#include "config/vector.h"

#include <yaml.h>

/* A list or map that is being read. */
struct frame {
    struct node *node;
    struct vector items;     /* const struct node *: items; or keys and values by turns */
    bool merging;            /* the last key is `<<` */
    size_t merges;           /* of `<<` keys */
    struct vector merged;    /* const struct node *: the values of `<<` */
    size_t anchor;           /* its number from 1; 0: none */
    bool flow;               /* in brackets */
};

/* Puts what was read into the map: own keys first, then those of `<<` that are not there yet; tells keys that are there twice. Returns how many nodes
 * came by merging. */
size_t tree_finish_map(struct config *c, struct frame *frame);
/* Is this key `<<`? */
bool tree_is_merge(const struct node *key);
/* Tells libyaml's own complaint in our words. open: the list or map in brackets that it stands in, NULL: none. */
void tree_syntax(struct config *c, const struct source *source, const yaml_parser_t *parser, const struct node *open);

#endif
