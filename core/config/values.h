/*
 * Typed reading of single values (rules.md 1.4), variables put in. Each reader returns true and the value; or false, when the mistake is told (or the
 * value hangs on the main file that nobody has read), and leaves the value alone. `what` is the key's name, for sentences.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/variables.h"

/* The text behind any scalar; the others build on it. `type` as in "a duration such as 90s". */
bool value_text(struct config *c, const struct node *node, const char *what, const char *type, const char **text);
bool value_string(struct config *c, const struct node *node, const char *what, const char **string);
bool value_bool(struct config *c, const struct node *node, const char *what, bool *value);
bool value_count(struct config *c, const struct node *node, const char *what, unsigned min, unsigned max, unsigned *value);
/* ns; max 0: none */
bool value_duration(struct config *c, const struct node *node, const char *what, uint64_t min, uint64_t max, uint64_t *ns);
bool value_size(struct config *c, const struct node *node, const char *what, uint64_t min, uint64_t *bytes);
/* The index of a word in the list. */
bool value_word(struct config *c, const struct node *node, const char *what, const char *const *words, size_t n, size_t *index);
bool value_path(struct config *c, const struct node *node, const char *what, const char **path);
bool value_percent(struct config *c, const struct node *node, const char *what, unsigned *percent);
/* "6 per 1h" */
bool value_rate(struct config *c, const struct node *node, const char *what, unsigned *n, uint64_t *window);
/* A list of texts, or a single text; NULL-terminated, in the model's arena. */
bool value_list(struct config *c, const struct node *node, const char *what, const char *const **list, size_t *n);

/* Says what is wrong with a value that was read as text: "`every` must be a duration: WHY". Does not show what came from the environment. */
void value_wrong(struct config *c, const struct node *node, const char *what, const char *type, const struct text *text, const char *why);
/* A map (nothing written counts as an empty one), else the mistake is told. */
bool value_is_map(struct config *c, const struct node *node, const char *what, const char *of);
bool value_is_list(struct config *c, const struct node *node, const char *what, const char *of);
/* A note that shows a text as the list that it should be, where that can be done: "write `[ls, -la]`". */
void value_as_list(struct config *c, const struct node *node);
/* "a list", "a map", "a text" */
const char *value_kind(const struct node *node);

#endif
