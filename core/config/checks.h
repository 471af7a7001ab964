/* A check's settings, read where they are in force: shared by checks.c and the `defaults:` that stand alone. */
#ifndef CONFIG_CHECKS_H
#define CONFIG_CHECKS_H

#include "config/options.h"
#include "config/work.h"

struct check_settings {
    uint64_t every, timeout, confirm_every;
    unsigned fail_after, recover_after, unknown_after;
    size_t path;
    bool witness, enabled;
};

/* Reads those that are given (NULL: not) into settings, which hold the defaults. */
void checks_settings(struct config *c, const struct node *const *given, struct check_settings *settings);
/* The maps in which the options of a check stand, in the order in which they win. */
void checks_levels(const struct config *c, const struct check_plan *check, const struct node **levels);
/* The same for `defaults:` of that type, from file and main file. */
const struct node *checks_type_defaults(const struct config *c, const struct service_plan *service, const char *type, bool of_main);

#endif
