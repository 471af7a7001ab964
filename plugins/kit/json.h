/*
 * JSON that a watched system sent: parsed whole or not at all, within bounds that keep a hostile body from becoming a large tree, and read by path. A peer may
 * leave out or change anything, so a path that leads nowhere, or to another type, gives what the caller named for that case.
 */
#ifndef KIT_JSON_H
#define KIT_JSON_H

#include <cjson/cJSON.h>
#include <talon/plugin.h>

/* The tree, which is the owner's and goes with it. NULL: it is no JSON, or too large a tree; `problem` says so in a sentence part ("the body is ..."). */
const cJSON *json_parse(struct talon_run *owner, const char *body, size_t n, const char **problem);

enum { JSON_PROBLEM = 160 };
/* The same for what outlives one answer: the tree is the caller's, to be given to cJSON_Delete(), and so is the problem. */
cJSON *json_read(struct talon_run *owner, const char *body, size_t n, char problem[JSON_PROBLEM]);

/* Paths are names and indexes with dots between: `items.0.name`, also written `items[0].name`; a backslash takes the next character as it is. */
int json_is_path(const char *path);
/* What stands there, or NULL. `node` may be NULL. */
const cJSON *json_at(const cJSON *node, const char *path);
/* The text, number or truth that stands there; `otherwise` (not true) where there is none of that type. */
const char *json_string(const cJSON *node, const char *path, const char *otherwise);
double json_number(const cJSON *node, const char *path, double otherwise);
int json_is_true(const cJSON *node, const char *path);

#endif
