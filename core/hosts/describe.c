/* Questions for a plugin's description: answered from what is known, else when its host has answered `load`, in 5 s at the latest. */
#include "hosts/hosts_private.h"

#include "base/os/clock.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

void describing_free(struct describing *describing)
{
    ev_timer_stop(describing->plugin->hosts->loop, &describing->timer);
    list_remove(&describing->link);
    free(describing);
}

static void hurry(struct describing *describing)
{
    struct ev_loop *loop = describing->plugin->hosts->loop;

    describing->hurry = true;
    ev_timer_stop(loop, &describing->timer);
    ev_timer_set(&describing->timer, 0., 0.);
    ev_timer_start(loop, &describing->timer);
}

void describing_answer(struct plugin *plugin)
{
    LIST_EACH(d, &plugin->describing)
    {
        hurry(LINK_OF(d, struct describing, link));
    }
}

static void say_late(const struct plugin *plugin, char *why)
{
    if (plugin->host->state == HOST_QUARANTINED)
        snprintf(why, HOSTS_TEXT, "it is quarantined: it died %u times in 10 minutes (%.300s)", (unsigned)HOSTS_DEATHS, plugin->host->last_end);
    else if (plugin->host->state == HOST_STARTING)
        snprintf(why, HOSTS_TEXT, "its host has not said hello in time");
    else if (plugin->host->last_end[0] != '\0')
        snprintf(why, HOSTS_TEXT, "it was not loaded in time; its host died (%.300s)", plugin->host->last_end);
    else
        snprintf(why, HOSTS_TEXT, "it did not describe itself in time");
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct describing *describing = timer->data;
    const struct plugin *plugin = describing->plugin;
    hosts_described_fn *done = describing->done;
    void *arg = describing->arg;
    const char *description = plugin->state == PLUGIN_REFUSED ? NULL : plugin->description;
    char why[HOSTS_TEXT];

    (void)loop, (void)events;
    if (describing->hurry)
        snprintf(why, sizeof why, "%s", plugin->why);
    else
        say_late(plugin, why);
    describing_free(describing);
    done(arg, plugin->name, description, description ? NULL : why);
}

/* A host for a plugin that is new: the shared one, or its own. False: no memory. */
static bool give_host(struct plugin *plugin, bool apart)
{
    struct hosts *hosts = plugin->hosts;

    if (plugin->own || apart)
        plugin->host = host_make(hosts, plugin->name, false);
    else
        plugin->host = hosts->shared ? hosts->shared : (hosts->shared = host_make(hosts, "shared", true));
    if (!plugin->host)
        return false;
    list_add(&plugin->host->plugins, &plugin->in_host);
    return true;
}

static struct plugin *add(struct hosts *hosts, const struct hosts_plugin *request, uint64_t identity, bool apart)
{
    struct plugin *plugin = plugin_make(hosts, request);

    if (!plugin || !give_host(plugin, apart)) {
        if (plugin)
            plugin_free(plugin);
        return NULL;
    }
    plugin->identity = identity;
    return plugin;
}

/* No process has loaded it: its new file may be loaded where it is. */
static void forget(struct plugin *plugin)
{
    cJSON_free(plugin->description);
    plugin->description = NULL;
}

/* The plugin that the request means: as known, changed (then a later version of it), or new. NULL: no memory. */
static struct plugin *choose(struct hosts *hosts, const struct hosts_plugin *request)
{
    uint64_t identity = plugin_identity(hosts, request->path, request->command);
    struct plugin *known = plugin_find(hosts, request->name), *added;
    bool same = known && plugin_is_same(known, request);

    if (same && (known->identity == identity || known->state == PLUGIN_NEW || known->state == PLUGIN_REFUSED)) {
        if (known->later)
            plugin_free(known->later); /* changed and changed back */
        known->later = NULL;
        if (known->identity != identity)
            forget(known);
        known->identity = identity;
        return known;
    }
    if (known && known->later && known->later->identity == identity && plugin_is_same(known->later, request))
        return known->later;
    added = add(hosts, request, identity, known != NULL);
    if (!added)
        return NULL;
    if (!known) {
        list_add(&hosts->plugins, &added->link);
        return added;
    }
    if (known->later)
        plugin_free(known->later);
    known->later = added;
    return added;
}

bool hosts_describe(struct hosts *hosts, const struct hosts_plugin *request, hosts_described_fn *done, void *arg)
{
    struct describing *describing = calloc(1, sizeof *describing);
    struct plugin *plugin = describing ? choose(hosts, request) : NULL;
    const char *reason;

    if (!plugin) {
        free(describing);
        return false;
    }
    *describing = (struct describing){ .plugin = plugin, .done = done, .arg = arg };
    ev_timer_init(&describing->timer, on_timer, (double)hosts->times.answer / 1e9, 0.);
    describing->timer.data = describing;
    list_add(&plugin->describing, &describing->link);
    ev_now_update(hosts->loop);
    ev_timer_start(hosts->loop, &describing->timer);
    if ((plugin->state != PLUGIN_REFUSED && plugin->description) || host_hopeless(plugin->host, clock_awake() + hosts->times.answer, &reason, plugin->why))
        hurry(describing);
    else if (plugin->state == PLUGIN_NEW || plugin->state == PLUGIN_REFUSED)
        plugin_load(plugin);
    return true;
}
