/*
 * A host: the place where plugins run, whose processes come and go. Decides when a process is started, what a death means for what ran in
 * it, how long to wait for the next one, and what is sent next.
 */
#include "hosts/hosts_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_TICKS = 30, LATE_TICKS = 15 }; /* of 2 s */

/* ---- its start */

static void queue_loads(struct host *host)
{
    LIST_EACH(p, &host->plugins)
    {
        struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        if (plugin->state == PLUGIN_NEW)
            list_add(&host->to_load, &plugin->queue);
    }
}

static void start(struct host *host)
{
    const char *const shipped[] = { host->hosts->host_program, NULL };
    const struct plugin *plugin = list_empty(&host->plugins) ? NULL : LINK_OF(host->plugins.next, struct plugin, in_host);
    const char *const *argv = !host->shared && plugin && plugin->command ? (const char *const *)plugin->command : shipped;
    struct process_end end = { .kind = END_START };

    queue_loads(host);
    host->state = HOST_STARTING;
    host->idle_ticks = 0;
    host->process = process_start(host, argv, end.text, sizeof end.text);
    if (!host->process)
        host_ended(host, &end, 0);
    else if (!wire_hello(host->process))
        process_end(host->process, END_START, "there is no memory to greet it");
}

static void on_restart(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    start(timer->data);
}

struct host *host_make(struct hosts *hosts, const char *name, bool shared)
{
    struct host *host = calloc(1, sizeof *host);

    if (!host)
        return NULL;
    host->hosts = hosts;
    host->shared = shared;
    snprintf(host->name, sizeof host->name, "%s", name);
    list_init(&host->plugins);
    list_init(&host->to_load);
    list_init(&host->to_ask);
    list_init(&host->to_set_up);
    list_init(&host->to_start);
    ev_timer_init(&host->restart, on_restart, 0., 0.);
    host->restart.data = host;
    list_add(&hosts->hosts, &host->link);
    return host;
}

void host_need(struct host *host)
{
    if (host->state == HOST_IDLE)
        start(host);
}

void host_up(struct host *host)
{
    host->state = HOST_RUNNING;
    host->unstartable = false;
    log_debug("plugin host is up", "plugin", host->name, NULL);
}

/* ---- its end */

/* Ends what its process did for it; it is to be done again, by the next one. */
static void lose_all(struct host *host, const struct process_end *end)
{
    host->process = NULL;
    host->loading = NULL;
    LIST_EACH(p, &host->plugins)
    {
        struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        plugin_lost(plugin);
        validation_lost(plugin, end ? end->text : NULL);
        LIST_EACH(i, &plugin->instances)
        {
            run_lost(LINK_OF(i, struct hosts_instance, link), end);
            instance_lost(LINK_OF(i, struct hosts_instance, link));
        }
    }
}

static void advance_all(struct host *host)
{
    LIST_EACH(p, &host->plugins)
    {
        struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        LIST_EACH(i, &plugin->instances)
        {
            run_advance(LINK_OF(i, struct hosts_instance, link));
        }
    }
}

static void leave(struct host *host)
{
    if (host->process)
        process_quit(host->process);
    host->process = NULL;
    ev_timer_stop(host->hosts->loop, &host->restart);
    host->state = HOST_IDLE;
}

void host_retire(struct host *host)
{
    leave(host);
    list_remove(&host->link);
    if (host->hosts->shared == host)
        host->hosts->shared = NULL;
    free(host);
}

void host_renew(struct host *host)
{
    leave(host);
    lose_all(host, NULL);
    host->back_off = 0;
    start(host);
}

bool host_clear(struct host *host)
{
    if (host->state != HOST_QUARANTINED)
        return false;
    memset(host->blamed, 0, sizeof host->blamed);
    host->back_off = 0;
    start(host);
    return true;
}

/* Is this the fifth death in ten minutes? Only hosts of one plugin are judged: in the shared one, nobody knows yet whose fault it was. */
static bool is_too_much(struct host *host, const struct process_end *end)
{
    uint64_t now = clock_moment().elapsed;

    if (host->shared || (end->kind != END_FAULT && end->kind != END_BLOCKED))
        return false;
    memmove(host->blamed, host->blamed + 1, sizeof host->blamed - sizeof *host->blamed);
    host->blamed[HOSTS_DEATHS - 1] = now;
    return host->blamed[0] != 0 && now - host->blamed[0] < host->hosts->times.death_window;
}

static void wait_for_restart(struct host *host, uint64_t lived)
{
    const struct hosts_times *times = &host->hosts->times;

    if (lived >= times->good)
        host->back_off = 0;
    else
        host->back_off = host->back_off == 0 ? times->pause : host->back_off < times->longest_pause / 2 ? host->back_off * 2 : times->longest_pause;
    host->state = HOST_WAITING;
    host->due = clock_awake() + host->back_off;
    ev_now_update(host->hosts->loop);
    ev_timer_set(&host->restart, (double)host->back_off / 1e9, 0.);
    ev_timer_start(host->hosts->loop, &host->restart);
}

static void tell_end(const struct host *host, const struct process_end *end)
{
    char pause[32];
    const char *in = end->in.since != 0 ? end->in.plugin : "?", *check = end->in.since != 0 ? end->in.check : "?";

    snprintf(pause, sizeof pause, "%llu s", (unsigned long long)(host->back_off / NS_PER_S));
    if (host->state == HOST_QUARANTINED)
        log_error("plugin died too often and is quarantined", "plugin", host->name, "how", end->text, "in_check", check, NULL);
    else if (end->kind == END_START)
        log_error("plugin host could not be started", "plugin", host->name, "why", end->text, "again_in", pause, NULL);
    else
        log_warn("plugin host died", "plugin", host->name, "how", end->text, "in_plugin", in, "in_check", check, "again_in", pause, NULL);
}

static void tell_unreachable(struct host *host)
{
    LIST_EACH(p, &host->plugins)
    {
        plugin_unreachable(LINK_OF(p, struct plugin, in_host), host->last_end);
    }
}

static void note_end(struct host *host, const struct process_end *end, uint64_t lived)
{
    snprintf(host->last_end, sizeof host->last_end, "%s", end->text);
    host->last_kind = end->kind;
    host->deaths++;
    host->unstartable = end->kind == END_START;
    if (is_too_much(host, end))
        host->state = HOST_QUARANTINED;
    else
        wait_for_restart(host, lived);
}

/* The one in whose call the shared host ended; NULL: nobody knows, or it is none. */
static struct plugin *guilty(const struct host *host, const struct process_end *end)
{
    if (!host->shared || end->in.since == 0 || (end->kind != END_FAULT && end->kind != END_BLOCKED))
        return NULL;
    LIST_EACH(p, &host->plugins)
    {
        struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        if (strcmp(plugin->name, end->in.plugin) == 0)
            return plugin;
    }
    return NULL;
}

/* It is to end nobody else's runs again, and to be judged by deaths of its own, of which this was the first. */
static void set_apart(struct plugin *plugin, const struct process_end *end, uint64_t lived)
{
    struct host *apart = plugin_move_apart(plugin);

    if (!apart)
        return;
    log_warn("plugin gets a host of its own, since it has ended the shared one", "plugin", plugin->name, "how", end->text, NULL);
    note_end(apart, end, lived);
    advance_all(apart);
}

void host_ended(struct host *host, const struct process_end *end, uint64_t lived)
{
    struct plugin *loading = host->loading, *to_blame = guilty(host, end);
    char why[HOSTS_TEXT];

    lose_all(host, end);
    note_end(host, end, lived);
    tell_end(host, end);
    if (loading && end->kind != END_OUTSIDE) {
        snprintf(why, sizeof why, "it died when it was loaded (%.400s)", end->text);
        plugin_refused(loading, "plugin.died", why);
        loading->again_at = UINT64_MAX; /* until somebody asks for its description again: it takes the whole host with it */
    }
    if (end->kind == END_START)
        tell_unreachable(host);
    if (to_blame)
        set_apart(to_blame, end, lived);
    advance_all(host);
}

bool host_hopeless(const struct host *host, uint64_t deadline, const char **reason, char text[HOSTS_TEXT])
{
    if (host->state == HOST_QUARANTINED) {
        *reason = "plugin.quarantined";
        snprintf(text, HOSTS_TEXT, "plugin %.100s is quarantined: it died %u times in 10 minutes (%.300s)", host->name, (unsigned)HOSTS_DEATHS, host->last_end);
        return true;
    }
    if (host->state != HOST_WAITING || (!host->unstartable && host->due < deadline))
        return false;
    *reason = host->unstartable ? "plugin.not_started" : "plugin.died";
    if (host->unstartable)
        snprintf(text, HOSTS_TEXT, "plugin host %.100s could not be started: %.300s", host->name, host->last_end);
    else
        snprintf(text, HOSTS_TEXT, "plugin host %.100s died (%.300s) and is started again later", host->name, host->last_end);
    return true;
}

/* ---- what is sent */

/* Takes the first of a list, NULL: it is empty. */
static struct link *take_first(struct link *list)
{
    struct link *first = list->next;

    if (list_empty(list))
        return NULL;
    list_remove(first);
    return first;
}

static bool send_load(struct host *host)
{
    struct link *first = host->loading ? NULL : take_first(&host->to_load);
    struct plugin *plugin;

    if (!first)
        return false;
    plugin = LINK_OF(first, struct plugin, queue);
    plugin->identity = plugin_identity(host->hosts, plugin->path, (const char *const *)plugin->command);
    plugin->state = PLUGIN_LOADING;
    host->loading = plugin;
    if (!wire_load(host->process, plugin))
        plugin_refused(plugin, "local", "there is no memory to load it");
    return true;
}

static bool send_question(struct host *host)
{
    struct link *first = take_first(&host->to_ask);

    if (!first)
        return false;
    validation_send(LINK_OF(first, struct validation, queue), host->process);
    return true;
}

static bool send_setup(struct host *host)
{
    struct link *first = take_first(&host->to_set_up);

    if (!first)
        return false;
    instance_send(LINK_OF(first, struct hosts_instance, queue), host->process);
    return true;
}

static bool send_start(struct host *host)
{
    struct link *first = take_first(&host->to_start);

    if (!first)
        return false;
    run_send(LINK_OF(first, struct hosts_instance, run.queue), host->process);
    return true;
}

void host_pump(struct host *host)
{
    while (host->state == HOST_RUNNING && process_speaks(host->process) && process_queued(host->process) < HOSTS_FULL)
        if (!send_load(host) && !send_question(host) && !send_setup(host) && !send_start(host))
            break;
}

/* ---- now and then */

static bool is_used(const struct host *host)
{
    LIST_EACH(p, &host->plugins)
    {
        const struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        if (!list_empty(&plugin->instances) || !list_empty(&plugin->describing) || !list_empty(&plugin->validations))
            return true;
    }
    return false;
}

void host_tick(struct host *host)
{
    if (++host->late_ticks == LATE_TICKS) {
        host->late_ticks = 0;
        host->late_ms[1] = host->late_ms[0];
        host->late_ms[0] = 0.;
    }
    host->idle_ticks = is_used(host) ? 0 : host->idle_ticks + 1;
    if (host->idle_ticks < IDLE_TICKS || host->state == HOST_IDLE || host->state == HOST_QUARANTINED)
        return;
    leave(host); /* a minute without an instance: started again when there is one */
    lose_all(host, NULL);
}

void host_late(struct host *host, double late_ms)
{
    if (late_ms > host->late_ms[0])
        host->late_ms[0] = late_ms;
}
