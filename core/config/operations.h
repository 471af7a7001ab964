/* Finding operations by the names that YAML uses. */
#ifndef CONFIG_OPERATIONS_H
#define CONFIG_OPERATIONS_H

#include "config/work.h"

/* The operation of that name, NULL: none that is known. */
struct operation *operations_find(const struct config *c, const char *name);
/* The check type that this key names; NULL, when it is told why not (or was before). */
const struct operation *operations_of(struct config *c, const struct node *key);
/* The operation that a step of a runbook names (`check`: a check type will do as well); NULL, when it is told why not (or was before). */
const struct operation *operations_of_step(struct config *c, const struct node *key, bool check);

#endif
