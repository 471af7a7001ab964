/*
 * Loads plugins: a shared object that nobody else may have written, opened with all its symbols bound and none of them shown to others, and
 * never closed again (libraries that it brought may have threads and exit handlers). A new version needs a new host.
 */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "plugins.h"

#include "die.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct plugin *loaded;

/* ---- the file: code that runs as us must come from us or from root */

static bool is_trusted(const char *path, const char *what, char why[PLUGIN_WHY])
{
    struct stat found;

    if (stat(path, &found) != 0)
        snprintf(why, PLUGIN_WHY, "cannot load %s: %s", path, strerror(errno));
    else if (found.st_uid != 0 && found.st_uid != geteuid())
        snprintf(why, PLUGIN_WHY, "cannot load a plugin whose %s %s belongs to another user (uid %ld): make it belong to root or to uid %ld", what, path,
                 (long)found.st_uid, (long)geteuid());
    else if (found.st_mode & (S_IWGRP | S_IWOTH))
        snprintf(why, PLUGIN_WHY, "cannot load a plugin whose %s %s others may write: run chmod go-w %s", what, path, path);
    else
        return true;
    return false;
}

static bool is_trusted_folder_of(const char *path, char why[PLUGIN_WHY])
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t n = slash == path ? 1 : (size_t)(slash - path);

    memcpy(folder, path, n);
    folder[n] = '\0';
    return is_trusted(folder, "folder", why);
}

/* The file as named and the one that links lead to: whoever may exchange either can exchange the code. */
static bool find_file(const char *path, char real[PATH_MAX], char why[PLUGIN_WHY])
{
    if (path[0] != '/' || strlen(path) >= PATH_MAX) {
        snprintf(why, PLUGIN_WHY, "cannot load %.200s: its path must be absolute", path);
        return false;
    }
    if (!realpath(path, real)) {
        snprintf(why, PLUGIN_WHY, "cannot load %.300s: %s", path, strerror(errno));
        return false;
    }
    return is_trusted(real, "file", why) && is_trusted_folder_of(real, why) && is_trusted_folder_of(path, why);
}

/* ---- the object */

static const struct talon_plugin *open_file(const char *path, char why[PLUGIN_WHY])
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const void *descriptor;

    if (!object) {
        snprintf(why, PLUGIN_WHY, "cannot load %s", dlerror());
        return NULL;
    }
    descriptor = dlsym(object, "talon_plugin_descriptor");
    if (!descriptor)
        snprintf(why, PLUGIN_WHY, "%s is no plugin: it exports no talon_plugin_descriptor (is it marked TALON_PUBLIC, as talon/plugin.h declares it?)", path);
    return descriptor;
}

/* Its name by its file: "/x/redis.so" is redis. */
static bool is_named_as_file(const struct plugin *plugin, char why[PLUGIN_WHY])
{
    const char *slash = strrchr(plugin->path, '/'), *file = slash ? slash + 1 : plugin->path, *dot = strchr(file, '.');
    const size_t n = dot ? (size_t)(dot - file) : strlen(file);

    if (strlen(plugin->name) == n && memcmp(plugin->name, file, n) == 0)
        return true;
    snprintf(why, PLUGIN_WHY, "the plugin in %s calls itself %s: the file must be named %s.so", plugin->path, plugin->name, plugin->name);
    return false;
}

static bool is_named(const struct plugin *plugin, const char *name, char why[PLUGIN_WHY])
{
    if (strcmp(plugin->name, name) == 0)
        return true;
    snprintf(why, PLUGIN_WHY, "the plugin in %s calls itself %s, not %.64s: configure it by that name", plugin->path, plugin->name, name);
    return false;
}

static void free_plugin(struct plugin *plugin)
{
    descriptor_free(plugin);
    free(plugin->path);
    free(plugin);
}

static struct plugin *find(const char *name)
{
    struct plugin *plugin = loaded;

    while (plugin && strcmp(plugin->name, name) != 0)
        plugin = plugin->next;
    return plugin;
}

static struct plugin *load(const char *name, const char *path, char why[PLUGIN_WHY])
{
    struct plugin *plugin = must_alloc(sizeof *plugin);
    const struct talon_plugin *theirs = open_file(path, why);

    plugin->path = must_string(path);
    if (!theirs || !descriptor_copy(plugin, theirs, why) || !is_named_as_file(plugin, why) || !is_named(plugin, name, why)) {
        free_plugin(plugin);
        return NULL;
    }
    plugin->next = loaded;
    loaded = plugin;
    return plugin;
}

struct plugin *plugins_load(const char *name, const char *path, char why[PLUGIN_WHY])
{
    struct plugin *known = find(name);
    char real[PATH_MAX];

    if (known && strcmp(known->path, path) == 0)
        return known;
    if (known) {
        snprintf(why, PLUGIN_WHY, "%s is loaded from %s; another file needs a host of its own", name, known->path);
        return NULL;
    }
    return find_file(path, real, why) ? load(name, path, why) : NULL;
}

struct operation *plugins_operation(const char *name)
{
    for (struct plugin *plugin = loaded; plugin; plugin = plugin->next)
        for (size_t i = 0; i < plugin->n_operations; i++)
            if (strcmp(plugin->operations[i].name, name) == 0)
                return &plugin->operations[i];
    return NULL;
}

void plugins_free(void)
{
    while (loaded) {
        struct plugin *next = loaded->next;

        free_plugin(loaded);
        loaded = next;
    }
}
