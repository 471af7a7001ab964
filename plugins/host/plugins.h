/*
 * The plugins that this host has loaded. A descriptor is copied once, part by part, with the sizes that the plugin was compiled with: an older
 * plugin's structures are shorter, a newer one's longer. Afterwards nothing reads the plugin's own.
 */
#ifndef HOST_PLUGINS_H
#define HOST_PLUGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talon/plugin.h>

enum { PLUGIN_NAME = 64, PLUGIN_WHY = 512, OPERATION_NAME = 2 * PLUGIN_NAME };

struct plugin;
struct run;

struct operation {
    struct talon_operation is; /* ours: options and metrics point to copies; never NULL where they have a list */
    char name[OPERATION_NAME]; /* as in YAML: "redis", "kubernetes.workload" */
    struct plugin *plugin;
    struct run *idle_runs; /* runs that are over, kept for the next: of one size */
    unsigned n_idle;
};

struct plugin {
    struct plugin *next;
    char name[PLUGIN_NAME];
    char *path;               /* as the core gave it */
    struct talon_plugin is;   /* ours; texts point into the plugin, which is never unloaded */
    struct operation *operations;
    size_t n_operations;
    uint64_t log_began;       /* of the ten seconds in which lines are counted */
    unsigned log_lines;
};

/* Loads it, or finds it loaded. NULL: refused, and `why` is a sentence. */
struct plugin *plugins_load(const char *name, const char *path, char why[PLUGIN_WHY]);
/* By the name that YAML uses; NULL: no loaded plugin has it. */
struct operation *plugins_operation(const char *name);
/* The description of docs/plugin-protocol.md, to be freed with cJSON_free(). */
char *plugin_describe(const struct plugin *plugin);
void plugins_free(void);

/* ---- private to plugin.c, descriptor.c and descriptor_options.c ---- */

/* Copies the descriptor into plugin->is and plugin->operations. False: refused. */
bool descriptor_copy(struct plugin *plugin, const struct talon_plugin *theirs, char why[PLUGIN_WHY]);
void descriptor_free(struct plugin *plugin);
/* Copies a list of options, nested ones too, and checks it against the structure of `room` bytes that they fill. `what` names the list in `why`. NULL: refused. */
struct talon_option *descriptor_options(const struct talon_option *theirs, size_t stride, size_t room, const char *what, unsigned level, char why[PLUGIN_WHY]);
void descriptor_options_free(struct talon_option *options);
/* Is it a name made of these letters, 1 to 63 of them? */
bool descriptor_is_name(const char *name, const char *letters);
extern const char descriptor_letters[], descriptor_operation_letters[];

#endif
