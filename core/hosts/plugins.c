/*
 * What is known of each plugin: its files, its description, where it runs.
 *
 * A plugin whose file has changed is loaded into a process of its own first, beside the old one, which goes on: the configuration may be refused.
 * Only when an instance is set up does the new one take over (plugin_for_setup()).
 */
#include "hosts/hosts_private.h"

#include "base/os/child.h"
#include "base/os/clock.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_WORDS = 256 }; /* of a command */

/* ---- files */

static uint64_t add_file(uint64_t hash, const char *path)
{
    struct stat status;
    long long facts[5] = { 0 };

    if (path[0] == '/' && stat(path, &status) == 0) {
        facts[0] = (long long)status.st_dev;
        facts[1] = (long long)status.st_ino;
        facts[2] = (long long)status.st_size;
#ifdef __APPLE__
        facts[3] = (long long)status.st_mtimespec.tv_sec;
        facts[4] = (long long)status.st_mtimespec.tv_nsec;
#else
        facts[3] = (long long)status.st_mtim.tv_sec;
        facts[4] = (long long)status.st_mtim.tv_nsec;
#endif
    }
    return text_hash(hash, facts, sizeof facts);
}

uint64_t plugin_identity(const struct hosts *hosts, const char *path, const char *const *command)
{
    uint64_t hash = TEXT_HASH;
    char found[1024];

    if (path)
        return add_file(hash, path);
    if (command[0] && child_find(command[0], hosts->child_path, found, sizeof found) == 1)
        hash = add_file(hash, found);
    for (size_t i = 1; command[0] && command[i]; i++)
        hash = add_file(hash, command[i]); /* the script of an interpreter */
    return hash;
}

/* ---- life */

static void free_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

static char **copy_words(const char *const *words)
{
    size_t n = 0;
    char **copy;

    while (n < MOST_WORDS && words[n])
        n++;
    copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = strdup(words[i]);
        if (!copy[i]) {
            free_words(copy);
            return NULL;
        }
    }
    return copy;
}

struct plugin *plugin_make(struct hosts *hosts, const struct hosts_plugin *request)
{
    struct plugin *plugin = calloc(1, sizeof *plugin);

    if (!plugin)
        return NULL;
    plugin->hosts = hosts;
    plugin->own = request->own_host;
    list_init(&plugin->instances);
    list_init(&plugin->describing);
    list_init(&plugin->validations);
    plugin->name = strdup(request->name);
    if (request->path)
        plugin->path = strdup(request->path);
    else
        plugin->command = copy_words(request->command);
    if (plugin->name && (plugin->path || plugin->command))
        return plugin;
    plugin_free(plugin);
    return NULL;
}

void plugin_free(struct plugin *plugin)
{
    struct host *host = plugin->host;

    LIST_EACH(d, &plugin->describing)
    {
        describing_free(LINK_OF(d, struct describing, link));
    }
    LIST_EACH(v, &plugin->validations)
    {
        validation_free(LINK_OF(v, struct validation, link));
    }
    if (plugin->later)
        plugin_free(plugin->later);
    list_remove(&plugin->link);
    list_remove(&plugin->in_host);
    list_remove(&plugin->queue);
    if (host && host->loading == plugin)
        host->loading = NULL;
    if (host && !host->shared && list_empty(&host->plugins))
        host_retire(host);
    free(plugin->name);
    free(plugin->path);
    free_words(plugin->command);
    free_words(plugin->actions);
    cJSON_free(plugin->description);
    free(plugin);
}

bool plugin_is_same(const struct plugin *plugin, const struct hosts_plugin *request)
{
    size_t i = 0;

    if (plugin->own != request->own_host || !plugin->path != !request->path)
        return false;
    if (plugin->path)
        return strcmp(plugin->path, request->path) == 0;
    while (plugin->command[i] && request->command[i] && strcmp(plugin->command[i], request->command[i]) == 0)
        i++;
    return !plugin->command[i] && !request->command[i];
}

struct plugin *plugin_find(const struct hosts *hosts, const char *name)
{
    LIST_EACH(p, &hosts->plugins)
    {
        struct plugin *plugin = LINK_OF(p, struct plugin, link);

        if (strcmp(plugin->name, name) == 0)
            return plugin;
    }
    return NULL;
}

/* ---- loading */

void plugin_load(struct plugin *plugin)
{
    plugin->state = PLUGIN_NEW;
    list_add(&plugin->host->to_load, &plugin->queue);
    host_need(plugin->host);
}

void plugin_lost(struct plugin *plugin)
{
    if (plugin->state == PLUGIN_REFUSED && clock_awake() < plugin->again_at)
        return;
    plugin->state = PLUGIN_NEW;
}

void plugin_unreachable(struct plugin *plugin, const char *why)
{
    snprintf(plugin->why, sizeof plugin->why, "its host could not be started: %.400s", why);
    describing_answer(plugin);
}

/* "redis" and "redis.flush" of the plugin redis, as YAML names them. */
static char *full_name(const struct plugin *plugin, const char *operation)
{
    size_t n = strlen(plugin->name) + strlen(operation) + 2;
    char *name = malloc(n);

    if (name && strcmp(plugin->name, operation) == 0)
        snprintf(name, n, "%s", operation);
    else if (name)
        snprintf(name, n, "%s.%s", plugin->name, operation);
    return name;
}

/* A host that dies with an action in progress must not have it done again: so which operations are actions is read from the description. */
static bool read_actions(struct plugin *plugin, const cJSON *description)
{
    const cJSON *operations = cJSON_GetObjectItemCaseSensitive(description, "operations"), *operation;
    char **actions = calloc((size_t)cJSON_GetArraySize(operations) + 1, sizeof *actions);
    size_t n = 0;

    if (!actions)
        return false;
    cJSON_ArrayForEach(operation, operations)
    {
        const cJSON *kind = cJSON_GetObjectItemCaseSensitive(operation, "kind"), *name = cJSON_GetObjectItemCaseSensitive(operation, "name");

        if (!cJSON_IsString(kind) || strcmp(kind->valuestring, "action") != 0 || !cJSON_IsString(name))
            continue;
        actions[n] = full_name(plugin, name->valuestring);
        if (!actions[n]) {
            free_words(actions);
            return false;
        }
        n++;
    }
    free_words(plugin->actions);
    plugin->actions = actions;
    return true;
}

bool plugin_is_action(const struct plugin *plugin, const char *operation)
{
    for (size_t i = 0; plugin->actions && plugin->actions[i]; i++)
        if (strcmp(plugin->actions[i], operation) == 0)
            return true;
    return false;
}

/* Nobody waited for its description any more when it came at last: the configuration was read without it. */
static bool was_missed(const struct plugin *plugin)
{
    if (plugin->description || !list_empty(&plugin->describing))
        return false;
    LIST_EACH(i, &plugin->instances)
    {
        if (LINK_OF(i, struct hosts_instance, link)->missing)
            return true;
    }
    return false;
}

bool plugin_described(struct plugin *plugin, const struct cJSON *description)
{
    char *text = cJSON_IsObject(description) ? cJSON_PrintUnformatted(description) : NULL;

    if (!cJSON_IsObject(description))
        return false;
    plugin->host->loading = NULL;
    if (!text || !read_actions(plugin, description)) {
        cJSON_free(text);
        plugin_refused(plugin, "local", "there is no memory for its description");
        return true;
    }
    plugin->hosts->found |= was_missed(plugin);
    cJSON_free(plugin->description);
    plugin->description = text;
    plugin->state = PLUGIN_LOADED;
    describing_answer(plugin);
    validation_queue(plugin);
    LIST_EACH(i, &plugin->instances)
    {
        instance_queue(LINK_OF(i, struct hosts_instance, link));
    }
    return true;
}

void plugin_refused(struct plugin *plugin, const char *reason, const char *why)
{
    if (plugin->host->loading == plugin)
        plugin->host->loading = NULL;
    list_remove(&plugin->queue);
    plugin->state = PLUGIN_REFUSED;
    plugin->again_at = clock_awake() + (strcmp(reason, "local") == 0 ? plugin->hosts->times.tick : plugin->hosts->times.try_again); /* `local`: it is not its fault */
    snprintf(plugin->reason, sizeof plugin->reason, "%s", reason);
    snprintf(plugin->why, sizeof plugin->why, "%s", why);
    describing_answer(plugin);
    validation_refused(plugin);
    LIST_EACH(i, &plugin->instances)
    {
        run_fail(LINK_OF(i, struct hosts_instance, link), plugin->reason, plugin->why);
    }
}

/* ---- one that ended the shared host */

struct host *plugin_move_apart(struct plugin *plugin)
{
    struct host *apart = host_make(plugin->hosts, plugin->name, false);

    if (!apart)
        return NULL;
    list_remove(&plugin->in_host);
    list_remove(&plugin->queue);
    plugin->host = apart;
    list_add(&apart->plugins, &plugin->in_host);
    return apart;
}

/* ---- a later version takes over */

static void move_instances(struct plugin *from, struct plugin *to)
{
    LIST_EACH(i, &from->instances)
    {
        struct hosts_instance *instance = LINK_OF(i, struct hosts_instance, link);

        run_lost(instance, NULL);
        instance_lost(instance);
        list_remove(&instance->link);
        list_add(&to->instances, &instance->link);
        instance->plugin = to;
        if (to->state == PLUGIN_LOADED)
            instance_queue(instance);
        run_advance(instance);
    }
}

/* From the host in which it was tried to the shared one. */
static void join_shared(struct plugin *plugin)
{
    struct host *tried = plugin->host;

    list_remove(&plugin->in_host);
    list_remove(&plugin->queue);
    plugin->host = plugin->hosts->shared;
    plugin->state = PLUGIN_NEW;
    list_add(&plugin->host->plugins, &plugin->in_host);
    host_retire(tried);
}

static struct plugin *take_over(struct plugin *old)
{
    struct hosts *hosts = old->hosts;
    struct plugin *plugin = old->later;
    bool shared = !old->own || !plugin->own;

    if (!plugin->own && !hosts->shared && !(hosts->shared = host_make(hosts, "shared", true)))
        return old; /* no memory: the old one goes on, and the next setup tries again */
    old->later = NULL;
    if (!plugin->own)
        join_shared(plugin);
    move_instances(old, plugin);
    plugin_free(old);
    list_add(&hosts->plugins, &plugin->link);
    if (shared && hosts->shared)
        host_renew(hosts->shared); /* a shared object is never unloaded but with its process */
    return plugin;
}

struct plugin *plugin_for_setup(struct hosts *hosts, const char *name)
{
    struct plugin *plugin = plugin_find(hosts, name);

    return plugin && plugin->later ? take_over(plugin) : plugin;
}

void hosts_adopt(struct hosts *hosts, const char *plugin)
{
    plugin_for_setup(hosts, plugin);
}
