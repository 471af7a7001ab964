/*
 * YAML of others, a kubeconfig for one: read whole or not at all into the tree that json.h reads by path, within bounds that hold after aliases are followed.
 * Each scalar is a text as it is spelled, but for a plain null: which type it has is for the reader to say.
 */
#ifndef KIT_YAML_H
#define KIT_YAML_H

#include <cjson/cJSON.h>
#include <talon/plugin.h>

enum { YAML_PROBLEM = 160 };

/* The tree, the caller's, to be given to cJSON_Delete(). NULL: it is no YAML, no single document, or too large; `problem` is a sentence part
 * ("line 3: ..."). An empty text is an empty map. */
cJSON *yaml_read(const char *text, size_t n, char problem[YAML_PROBLEM]);

#endif
