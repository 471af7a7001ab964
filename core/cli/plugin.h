/* The parts of `talon plugin` that have files of their own. */
#ifndef CLI_PLUGIN_H
#define CLI_PLUGIN_H

#include "cli/cli.h"

#include <stdbool.h>

/* Writes a plugin to begin with into folder (NULL: one of its name here). Returns the exit code. */
int plugin_new(const char *name, const char *folder);

struct plugin_test_request {
    const char *plugin;             /* the path of a shared object, or a name */
    const char *config;             /* that may name more plugins; NULL: none */
    const struct cli_list *options; /* NAME=VALUE, the value as in YAML */
    bool gdb;                       /* wait for a debugger, and run when a person says so */
    bool wire;                      /* show the lines between core and host */
};

/* Tries a plugin by hand and prints a table. CLI_OK, CLI_FAIL: something is wrong with the plugin; CLI_UNKNOWN: with the command. */
int plugin_test(const struct plugin_test_request *request);

#endif
