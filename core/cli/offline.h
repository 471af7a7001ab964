/*
 * Loads a configuration to its end for a command that only reads it (validate, config show): a loop, hosts for the plugins' descriptions, and nothing that is
 * ever run.
 */
#ifndef CLI_OFFLINE_H
#define CLI_OFFLINE_H

#include "config/config.h"

struct offline {
    struct config *config;   /* NULL: no memory, and said */
    struct model *model;     /* NULL: there were errors */
};

/* tolerate: plugins that cannot be had are no errors. */
struct offline offline_load(const char *file, bool tolerate);
/* With other values of some of its variables. */
struct offline offline_load_with(const char *file, bool tolerate, const struct config_variable *variables, size_t n);
void offline_free(struct offline *offline);

#endif
