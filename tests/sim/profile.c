/* Reads a profile through core/config, with plugins that cannot be had: services, needs, checks and their times are all that the judgement is about. */
#include "profile.h"

#include "config/config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void describe(struct config *config)
{
    size_t n;
    const struct config_plugin *plugins = config_plugins(config, &n);

    for (size_t i = 0; i < n; i++)
        config_described(config, plugins[i].name, NULL, "the simulator has no plugins", true);
}

static void give_up(const struct config *config)
{
    struct buffer text = buffer_make(0);
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    for (size_t i = 0; i < n; i++)
        if (problems[i].severity == CONFIG_ERROR)
            config_show_problem(&problems[i], &text);
    fprintf(stderr, "%s", buffer_string(&text));
    exit(99);
}

/* ---- a folder in which every plugin of the source tree seems to lie: which ones there are is told by names alone ---- */

static void each_plugin(const char *plugins, const char *folder, void (*act)(const char *path))
{
    const struct dirent *entry;
    char path[1024];
    DIR *dir = opendir(plugins);

    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%.*s.so", folder, (int)strcspn(entry->d_name, "."), entry->d_name);
        if (entry->d_name[0] != '.')
            act(path);
    }
    if (dir)
        closedir(dir);
}

static void make(const char *path)
{
    FILE *file = fopen(path, "w");

    if (file)
        fclose(file);
}

static void drop(const char *path)
{
    unlink(path);
}

static struct config *read_with_plugins(const char *file, const char *plugins)
{
    char folder[] = "/tmp/talon-sim-XXXXXX";
    const char *const folders[] = { folder, NULL };
    char runbooks[4096];
    struct config_request request = { .file = file, .runbook_folder = runbooks, .plugin_folders = folders };
    const char *slash = strrchr(file, '/');
    struct config *config;

    snprintf(runbooks, sizeof runbooks, "%.*s/../runbooks", slash ? (int)(slash - file) : 1, slash ? file : "."); /* as in etc/ */
    if (!mkdtemp(folder))
        abort();
    each_plugin(plugins, folder, make);
    config = config_read(&request);
    each_plugin(plugins, folder, drop);
    rmdir(folder);
    if (!config)
        abort();
    return config;
}

const struct model *profile_model(const char *file, const char *plugins)
{
    struct config *config = read_with_plugins(file, plugins);
    struct model *model;

    describe(config);
    config_check(config);
    model = config_model(config);
    if (!model)
        give_up(config);
    config_free(config);
    return model;
}
