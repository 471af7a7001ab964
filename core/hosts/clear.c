/* Ends a quarantine, because a person says so: see hosts_clear(). */
#include "hosts/hosts_private.h"

#include "base/os/log.h"
#include "base/text.h"

#include <string.h>

enum { MOST_NAMES = 256 };

static const char *nearest(const struct hosts *hosts, const char *name)
{
    const char *names[MOST_NAMES];
    size_t n = 0;

    LIST_EACH(p, &hosts->plugins)
    {
        if (n < MOST_NAMES)
            names[n++] = LINK_OF(p, struct plugin, link)->name;
    }
    return text_nearest(name, names, n);
}

enum hosts_cleared hosts_clear(struct hosts *hosts, const char *name, const char **meant)
{
    const struct plugin *plugin = plugin_find(hosts, name);

    *meant = NULL;
    if (!plugin) {
        *meant = nearest(hosts, name);
        return HOSTS_CLEARED_UNKNOWN;
    }
    if (!host_clear(plugin->host))
        return HOSTS_CLEARED_NOTHING;
    log_info("plugin is let out of quarantine", "plugin", name, NULL);
    return HOSTS_CLEARED_QUARANTINE;
}
