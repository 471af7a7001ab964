/* The options of one use of an operation, checked against its description and written as the conf that a plugin host gets. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/work.h"

enum {
    OPTIONS_LEVELS = 3,          /* the check's own, its file's defaults for the type, the main file's */
    OPTIONS_CONF = 1 << 20,      /* bytes of one conf, at most */
    OPTIONS_SECRETS = 16,        /* references in one conf */
    OPTIONS_CONFS = 12 << 20,    /* of all */
};

struct options_use {
    const struct operation *operation;
    const struct entry *type;                  /* where it stands */
    const struct node *levels[OPTIONS_LEVELS]; /* the first that has an option wins; a group's fields one by one. NULL: none */
    bool defaults;                             /* this is in `defaults:` itself: settings may stand beside options, and nothing is required */
};

/* Writes the conf into the model's arena; *bare: without the options whose values are secrets, in the config's. False: mistakes were told. */
bool options_write(struct config *c, const struct options_use *use, struct model_conf *conf, const char **bare);
/* Where the option ("tls.key") stands, NULL: nowhere, it has its default. Goes as deep as it can. *option: what describes it. */
const struct node *options_find(const struct operation *operation, const struct node *const *levels, const char *path, const struct option **option);
/* The node of that option (by its name or former name) in a map. */
const struct entry *options_entry(const struct node *map, const struct option *option);

/* options_value.c: one value as JSON at the end of c->full; false: told to be wrong, or not known (then nothing counts of what was written). */
bool options_value(struct config *c, const struct option *option, const char *path, bool secret, const struct node *node, struct vector *holes);

#endif
