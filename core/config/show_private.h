/* What the two halves of `config show` share: show.c walks the model, show_options.c the options of a check. */
#ifndef CONFIG_SHOW_PRIVATE_H
#define CONFIG_SHOW_PRIVATE_H

#include "config/work.h"

#include <cjson/cJSON.h>

struct show {
    const struct config *c;
    const char *name;   /* what is asked for, NULL: all */
    struct buffer key;  /* of the next line: "services.redis.checks.ping." */
    struct buffer *out;
};

/* Adds to the key; returns how long it was, for show_leave(). */
size_t show_enter(struct show *s, const char *part);
void show_leave(struct show *s, size_t length);
/* One line of key and `last`: its value and where that stands (NULL: built in). */
void show_line(struct show *s, const char *last, const char *value, const struct node *from);
/* The options of a check, from its conf; the key names the check. */
void show_options(struct show *s, const struct check_plan *check, const char *conf);

#endif
