/* A plugin's descriptor is copied and checked: every way in which it can be wrong is refused with a sentence (rules.md 5.4). */
#include "plugins.h"

#include "die.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPERATIONS = 200, METRICS = 1000, STRIDE = 4096, STATE_SIZE = 16 << 20, UNIT = 16 };

/* The sizes of the first release: nothing shorter was ever made. */
#define FIRST(type, last) (offsetof(struct type, last) + sizeof((struct type){ 0 }.last))

const char descriptor_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
const char descriptor_operation_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

bool descriptor_is_name(const char *name, const char *letters)
{
    const size_t n = name ? strspn(name, letters) : 0;

    return n > 0 && n < PLUGIN_NAME && name[n] == '\0';
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- the head */

static bool is_stride(uint32_t size, size_t first)
{
    return size >= first && size <= STRIDE && size % _Alignof(void *) == 0;
}

static bool check_head(const struct talon_plugin *theirs, const char *path, char why[PLUGIN_WHY])
{
    if (theirs->abi_major != TALON_ABI_MAJOR)
        snprintf(why, PLUGIN_WHY, "%s was made for version %u of the plugin ABI, this is %u.%u: it has to be compiled with this Talon's talon/plugin.h", path,
                 theirs->abi_major, TALON_ABI_MAJOR, TALON_ABI_MINOR);
    else if (theirs->abi_minor > TALON_ABI_MINOR)
        snprintf(why, PLUGIN_WHY, "%s wants version %u.%u of the plugin ABI, this is %u.%u: use a newer Talon, or compile it with TALON_WANT_MINOR %u", path,
                 theirs->abi_major, theirs->abi_minor, TALON_ABI_MAJOR, TALON_ABI_MINOR, TALON_ABI_MINOR);
    else if (theirs->size < FIRST(talon_plugin, flags) || theirs->size > STRIDE)
        snprintf(why, PLUGIN_WHY, "the descriptor of %s says that it has %u bytes, and has %zu at least: begin it with TALON_PLUGIN_HEAD", path, theirs->size,
                 FIRST(talon_plugin, flags));
    else if (!is_stride(theirs->option_size, FIRST(talon_option, help)) || !is_stride(theirs->operation_size, FIRST(talon_operation, start)) ||
             !is_stride(theirs->metric_size, FIRST(talon_metric, help)))
        snprintf(why, PLUGIN_WHY, "the descriptor of %s gives impossible sizes of its options, operations or metrics (%u, %u, %u bytes): begin it with "
                                  "TALON_PLUGIN_HEAD", path, theirs->option_size, theirs->operation_size, theirs->metric_size);
    else if (!theirs->name)
        snprintf(why, PLUGIN_WHY, "the plugin in %s has no name", path);
    else if (!descriptor_is_name(theirs->name, descriptor_letters))
        snprintf(why, PLUGIN_WHY, "the plugin in %s has the name \"%.80s\": use 1 to 63 of a-z, 0-9 and _", path, theirs->name);
    else if (!theirs->operations || theirs->n_operations == 0)
        snprintf(why, PLUGIN_WHY, "the plugin %s has no operations", theirs->name);
    else if (theirs->n_operations > OPERATIONS)
        snprintf(why, PLUGIN_WHY, "the plugin %s has %u operations, at most %d are possible", theirs->name, theirs->n_operations, OPERATIONS);
    else
        return true;
    return false;
}

/* ---- metrics */

static bool check_metric(const struct operation *operation, const struct talon_metric *metric, char why[PLUGIN_WHY])
{
    if (strcmp(metric->name, "*") != 0 && !descriptor_is_name(metric->name, descriptor_letters))
        snprintf(why, PLUGIN_WHY, "the operation %s has the metric \"%.80s\": use 1 to 63 of a-z, 0-9 and _, or * for names made at run time", operation->name,
                 metric->name);
    else if (strlen(or_empty(metric->unit)) >= UNIT)
        snprintf(why, PLUGIN_WHY, "the metric %s of the operation %s has the unit \"%.80s\": use s, B, %% or nothing", metric->name, operation->name, metric->unit);
    else
        return true;
    return false;
}

static bool copy_metrics(struct operation *operation, size_t stride, char why[PLUGIN_WHY])
{
    const char *theirs = (const char *)operation->is.metrics;
    const size_t least = stride < sizeof(struct talon_metric) ? stride : sizeof(struct talon_metric);
    struct talon_metric *ours;
    size_t n = 0;

    operation->is.metrics = NULL;
    while (theirs && n <= METRICS && ((const struct talon_metric *)(const void *)(theirs + n * stride))->name)
        n++;
    if (n > METRICS) {
        snprintf(why, PLUGIN_WHY, "the operation %s has more than %d metrics: is its list ended by one with the name NULL?", operation->name, METRICS);
        return false;
    }
    ours = must_alloc((n + 1) * sizeof *ours);
    operation->is.metrics = ours;
    for (size_t i = 0; i < n; i++) {
        memcpy(&ours[i], theirs + i * stride, least);
        if (!check_metric(operation, &ours[i], why))
            return false;
    }
    return true;
}

/* ---- operations */

static bool check_operation(const struct plugin *plugin, const struct operation *operation, char why[PLUGIN_WHY])
{
    const struct talon_operation *is = &operation->is;

    if (is->kind > TALON_ACTION)
        snprintf(why, PLUGIN_WHY, "the operation %s of the plugin %s is of the kind %u: use TALON_CHECK or TALON_ACTION", is->name, plugin->name, is->kind);
    else if (!is->start)
        snprintf(why, PLUGIN_WHY, "the operation %s of the plugin %s has no start()", is->name, plugin->name);
    else if (is->impact > TALON_DESTROY)
        snprintf(why, PLUGIN_WHY, "the operation %s of the plugin %s has the impact %u: use one of enum talon_impact", is->name, plugin->name, is->impact);
    else if (is->conf_size > STATE_SIZE || is->run_size > STATE_SIZE || is->instance_size > STATE_SIZE)
        snprintf(why, PLUGIN_WHY, "the operation %s of the plugin %s wants structures of more than 16 MiB", is->name, plugin->name);
    else
        return true;
    return false;
}

static bool is_new_name(const struct plugin *plugin, size_t at, char why[PLUGIN_WHY])
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(plugin->operations[i].is.name, plugin->operations[at].is.name) == 0) {
            snprintf(why, PLUGIN_WHY, "the plugin %s has two operations of the name %s", plugin->name, plugin->operations[i].is.name);
            return false;
        }
    }
    return true;
}

static bool name_operation(struct plugin *plugin, struct operation *operation, size_t at, char why[PLUGIN_WHY])
{
    const char *name = operation->is.name;

    if (!name) {
        snprintf(why, PLUGIN_WHY, "operation %zu of the plugin %s has no name", at + 1, plugin->name);
        return false;
    }
    if (!descriptor_is_name(name, descriptor_operation_letters)) {
        snprintf(why, PLUGIN_WHY, "the plugin %s has the operation \"%.80s\": use 1 to 63 of a-z, 0-9, _ and -", plugin->name, name);
        return false;
    }
    if (strcmp(name, plugin->name) == 0)
        snprintf(operation->name, sizeof operation->name, "%s", name);
    else
        snprintf(operation->name, sizeof operation->name, "%s.%s", plugin->name, name);
    return is_new_name(plugin, at, why);
}

static bool copy_operation(struct plugin *plugin, const struct talon_plugin *theirs, size_t at, char why[PLUGIN_WHY])
{
    struct operation *operation = &plugin->operations[at];
    const size_t least = theirs->operation_size < sizeof operation->is ? theirs->operation_size : sizeof operation->is;
    const struct talon_option *options;

    memcpy(&operation->is, (const char *)theirs->operations + at * theirs->operation_size, least);
    operation->plugin = plugin;
    options = operation->is.options;
    operation->is.options = NULL; /* from here on ours, or nothing: descriptor_free() frees it */
    plugin->n_operations = at + 1;
    if (!copy_metrics(operation, theirs->metric_size, why) || !name_operation(plugin, operation, at, why) || !check_operation(plugin, operation, why))
        return false;
    operation->is.options = descriptor_options(options, theirs->option_size, operation->is.conf_size, operation->name, 0, why);
    return operation->is.options != NULL;
}

bool descriptor_copy(struct plugin *plugin, const struct talon_plugin *theirs, char why[PLUGIN_WHY])
{
    if (!check_head(theirs, plugin->path, why))
        return false;
    memcpy(&plugin->is, theirs, theirs->size < sizeof plugin->is ? theirs->size : sizeof plugin->is);
    plugin->is.version = or_empty(plugin->is.version);
    plugin->is.license = or_empty(plugin->is.license);
    plugin->is.summary = or_empty(plugin->is.summary);
    snprintf(plugin->name, sizeof plugin->name, "%s", theirs->name);
    plugin->operations = must_alloc(theirs->n_operations * sizeof *plugin->operations);
    for (size_t i = 0; i < theirs->n_operations; i++)
        if (!copy_operation(plugin, theirs, i, why))
            return false;
    return true;
}

void descriptor_free(struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->n_operations; i++) {
        descriptor_options_free((struct talon_option *)(uintptr_t)plugin->operations[i].is.options);
        free((void *)(uintptr_t)plugin->operations[i].is.metrics);
    }
    free(plugin->operations);
    plugin->operations = NULL;
    plugin->n_operations = 0;
}
