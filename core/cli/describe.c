/* The descriptions of plugins, for the commands that show them: see describe.h. */
#include "cli/describe.h"

#include "base/os/files.h"
#include "base/os/install_paths.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "config/config.h"
#include "hosts/hosts.h"

#include <dirent.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PLUGINS = 512 };

struct describing {
    struct descriptions *descriptions;
    struct ev_loop *loop;
    struct hosts *hosts;
    size_t waiting;
};

static char *copy(const char *text)
{
    size_t n = strlen(text) + 1;
    char *c = malloc(n);

    if (c)
        memcpy(c, text, n);
    return c;
}

static struct described *find(struct descriptions *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->all[i].name, name) == 0)
            return &d->all[i];
    return NULL;
}

/* The first of a name counts, as for the configuration. */
static void add(struct descriptions *d, const char *name, const char *path)
{
    struct described *entry;

    if (d->n == MOST_PLUGINS || find(d, name))
        return;
    entry = &d->all[d->n];
    entry->name = copy(name);
    entry->path = copy(path);
    if (entry->name && entry->path) {
        d->n++;
        return;
    }
    free(entry->name);
    free(entry->path);
    *entry = (struct described){ 0 };
}

/* NAME.so of a folder. */
static void add_folder(struct descriptions *d, const char *folder, const char *only)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char name[128], path[2048];

    while (dir && (entry = readdir(dir)) != NULL) {
        size_t n = strlen(entry->d_name);

        if (n < 4 || n >= sizeof name || entry->d_name[0] == '.' || strcmp(entry->d_name + n - 3, ".so") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(n - 3), entry->d_name);
        if (only && strcmp(only, name) != 0)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path)
            add(d, name, path);
    }
    if (dir)
        closedir(dir);
}

static void add_file(struct descriptions *d, const char *file)
{
    const char *base = strrchr(file, '/');
    char name[128], path[4096];
    size_t n;

    base = base ? base + 1 : file;
    n = strcspn(base, ".");
    snprintf(name, sizeof name, "%.*s", (int)n, base);
    if (files_absolute(file, NULL, path, sizeof path))
        add(d, name, path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct described *)a)->name, ((const struct described *)b)->name);
}

static void on_described(void *arg, const char *plugin, const char *description, const char *why)
{
    struct describing *describing = arg;
    struct described *entry = find(describing->descriptions, plugin);

    if (entry && description)
        entry->description = copy(description);
    else if (entry)
        entry->why = copy(why ? why : "it cannot be loaded");
    if (--describing->waiting == 0)
        ev_break(describing->loop, EVBREAK_ALL);
}

static void ask(struct describing *describing, const struct config_plugin *configured, size_t n_configured)
{
    struct descriptions *d = describing->descriptions;

    for (size_t i = 0; i < d->n; i++) {
        struct hosts_plugin plugin = { .name = d->all[i].name, .path = d->all[i].path };

        for (size_t k = 0; k < n_configured; k++)
            if (strcmp(configured[k].name, plugin.name) == 0)
                plugin = (struct hosts_plugin){ .name = plugin.name, .path = configured[k].path, .command = configured[k].command, .own_host = configured[k].own_host };
        if (hosts_describe(describing->hosts, &plugin, on_described, describing))
            describing->waiting++;
    }
    if (describing->waiting > 0)
        ev_run(describing->loop, 0);
}

bool describe_all(const char *only, const char *config_file, struct descriptions *d)
{
    struct describing describing = { .descriptions = d, .loop = loop_create() };
    struct hosts_settings settings = { .host_program = install_host_program(), .child_path = getenv("PATH") };
    struct config_request request = { .file = config_file, .plugin_folders = install_plugin_folders(), .runbook_folder = install_runbook_folder() };
    struct config *config = config_file ? config_read(&request) : NULL;
    const struct config_plugin *configured = NULL;
    size_t n_configured = 0;

    log_open(&(struct log_settings){ .level = LOG_LEVEL_ERROR, .to_stderr = true });
    *d = (struct descriptions){ .all = calloc(MOST_PLUGINS, sizeof *d->all) };
    describing.hosts = describing.loop ? hosts_create(describing.loop, &settings) : NULL;
    if (d->all && describing.hosts) {
        if (config)
            configured = config_plugins(config, &n_configured);
        for (size_t i = 0; i < n_configured; i++)
            if (!only || strcmp(only, configured[i].name) == 0)
                add(d, configured[i].name, configured[i].path ? configured[i].path : "");
        if (only && strchr(only, '/'))
            add_file(d, only);
        for (const char *const *folder = install_plugin_folders(); *folder; folder++)
            add_folder(d, *folder, only);
        qsort(d->all, d->n, sizeof *d->all, by_name);
        ask(&describing, configured, n_configured);
    } else {
        fprintf(stderr, "talon plugin: no memory or no descriptor left\n");
    }
    if (describing.hosts)
        hosts_free(describing.hosts);
    if (describing.loop)
        ev_loop_destroy(describing.loop);
    config_free(config);
    log_close();
    return d->all != NULL;
}

void describe_free(struct descriptions *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->all[i].name);
        free(d->all[i].path);
        free(d->all[i].description);
        free(d->all[i].why);
    }
    free(d->all);
    *d = (struct descriptions){ 0 };
}
