/* The face of core/hosts: what belongs to no single host. See hosts.h; the parts are listed in hosts_private.h. */
#include "hosts/hosts_private.h"
#include "hosts/message.h"

#include "base/os/clock.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS(n) (UINT64_C(n) * NS_PER_S)
#define MILLISECONDS(n) (UINT64_C(n) * NS_PER_MS)

static const struct hosts_times times = {
    .tick = SECONDS(2), .busy = MILLISECONDS(250), .answer = SECONDS(5), .setup = SECONDS(10), .quit = SECONDS(1), .closing = MILLISECONDS(100), .death = SECONDS(1),
    .pause = SECONDS(1), .longest_pause = SECONDS(60), .good = SECONDS(60), .death_window = SECONDS(600), .try_again = SECONDS(60),
    .grace = MILLISECONDS(500), .nudge = SECONDS(1),
};

static const struct hosts_limits default_limits = { .memory = UINT64_C(256) << 20, .fds = 4096, .children = 256, .timers = 10000 };

#define SOON .1 /* s: pings that are due so soon go out with what woke the loop now, since waking up is what a quiet time costs */

/* Before the loop waits: all that this turn has brought up goes out with one write for each host. */
static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct hosts *hosts = prepare->data;

    (void)loop, (void)events;
    LIST_EACH(h, &hosts->hosts)
    {
        struct host *host = LINK_OF(h, struct host, link);

        host_pump(host);
        if (host->process)
            process_flush(host->process);
    }
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct hosts *hosts = timer->data;
    uint64_t now = clock_awake();
    bool late = now - hosts->ticked >= hosts->times.tick + hosts->times.tick / 2;

    (void)events;
    hosts->ticked = now;
    LIST_EACH(p, &hosts->processes)
    {
        process_tick(LINK_OF(p, struct process, link), late);
    }
    LIST_EACH(h, &hosts->hosts)
    {
        host_tick(LINK_OF(h, struct host, link));
    }
    ev_timer_set(timer, (double)hosts->times.tick / 1e9, 0.);
    ev_timer_start(loop, timer);
    ev_timer_stop(loop, &hosts->look);
    ev_timer_set(&hosts->look, (double)hosts->times.busy / 1e9, 0.);
    ev_timer_start(loop, &hosts->look);
}

static void on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct hosts *hosts = timer->data;

    (void)loop, (void)events;
    LIST_EACH(p, &hosts->processes)
    {
        process_tell_busy(LINK_OF(p, struct process, link));
    }
}

/* A person with a debugger takes as long as it takes; one with a day is taken as gone. */
static void be_patient(struct hosts_times *patient)
{
    patient->tick = patient->answer = patient->setup = patient->grace = 86400 * (uint64_t)NS_PER_S;
}

struct hosts *hosts_create(struct ev_loop *loop, const struct hosts_settings *settings)
{
    struct hosts *hosts = calloc(1, sizeof *hosts);

    if (!hosts)
        return NULL;
    message_begin();
    hosts->loop = loop;
    hosts->times = times;
    if (settings->patient)
        be_patient(&hosts->times);
    hosts->wire = settings->wire;
    hosts->wire_arg = settings->wire_arg;
    hosts->line = buffer_make(HOSTS_LINE);
    list_init(&hosts->hosts);
    list_init(&hosts->plugins);
    list_init(&hosts->processes);
    list_init(&hosts->instances);
    list_init(&hosts->validations);
    hosts->host_program = strdup(settings->host_program);
    hosts->child_path = strdup(settings->child_path ? settings->child_path : "/usr/bin:/bin");
    hosts->limits.memory = settings->limits.memory ? settings->limits.memory : default_limits.memory;
    hosts->limits.fds = settings->limits.fds ? settings->limits.fds : default_limits.fds;
    hosts->limits.children = settings->limits.children ? settings->limits.children : default_limits.children;
    hosts->limits.timers = settings->limits.timers ? settings->limits.timers : default_limits.timers;
    if (!hosts->host_program || !hosts->child_path) {
        free(hosts->host_program);
        free(hosts->child_path);
        free(hosts);
        return NULL;
    }
    hosts->ticked = clock_awake();
    ev_prepare_init(&hosts->prepare, on_prepare);
    ev_timer_init(&hosts->tick, on_tick, (double)times.tick / 1e9, 0.);
    ev_set_priority(&hosts->tick, EV_MINPRI); /* pongs of the same instant are heard first */
    ev_timer_init(&hosts->look, on_look, 0., 0.);
    hosts->prepare.data = hosts->tick.data = hosts->look.data = hosts;
    ev_prepare_start(loop, &hosts->prepare);
    ev_timer_start(loop, &hosts->tick);
    return hosts;
}

void hosts_look(struct hosts *hosts)
{
    if (ev_is_active(&hosts->tick) && ev_timer_remaining(hosts->loop, &hosts->tick) < SOON) {
        ev_timer_stop(hosts->loop, &hosts->tick);
        ev_feed_event(hosts->loop, &hosts->tick, EV_TIMER);
    }
    LIST_EACH(p, &hosts->processes)
    {
        process_look(LINK_OF(p, struct process, link));
    }
}

void hosts_prepare(struct hosts *hosts)
{
    if (!hosts->shared)
        hosts->shared = host_make(hosts, "shared", true);
    if (hosts->shared)
        host_need(hosts->shared);
}

bool hosts_set_child_path(struct hosts *hosts, const char *child_path)
{
    const bool same = strcmp(hosts->child_path, child_path) == 0;
    char *copy = same ? NULL : strdup(child_path);

    if (!copy)
        return same;
    free(hosts->child_path);
    hosts->child_path = copy;
    LIST_EACH(p, &hosts->processes)
    {
        struct process *process = LINK_OF(p, struct process, link);

        if (process_speaks(process))
            wire_hello(process);
    }
    return true;
}

const char *hosts_child_path(const struct hosts *hosts)
{
    return hosts->child_path;
}

static void forget_describing(struct link *list, const void *arg)
{
    LIST_EACH(d, list)
    {
        if (LINK_OF(d, struct describing, link)->arg == arg)
            describing_free(LINK_OF(d, struct describing, link));
    }
}

static void forget_validations(struct link *list, const void *arg)
{
    LIST_EACH(v, list)
    {
        if (LINK_OF(v, struct validation, link)->arg == arg)
            validation_free(LINK_OF(v, struct validation, link));
    }
}

static void forget_in(struct plugin *plugin, const void *arg)
{
    forget_describing(&plugin->describing, arg);
    forget_validations(&plugin->validations, arg);
    if (plugin->later)
        forget_in(plugin->later, arg);
}

void hosts_forget(struct hosts *hosts, const void *arg)
{
    forget_validations(&hosts->validations, arg);
    LIST_EACH(p, &hosts->plugins)
    {
        forget_in(LINK_OF(p, struct plugin, link), arg);
    }
}

static void free_plugin(struct plugin *plugin)
{
    LIST_EACH(i, &plugin->instances)
    {
        hosts_teardown(LINK_OF(i, struct hosts_instance, link));
    }
    plugin_free(plugin);
}

void hosts_free(struct hosts *hosts)
{
    if (!hosts)
        return;
    process_stop_all(hosts);
    LIST_EACH(i, &hosts->instances)
    {
        hosts_teardown(LINK_OF(i, struct hosts_instance, link));
    }
    LIST_EACH(v, &hosts->validations)
    {
        validation_free(LINK_OF(v, struct validation, link));
    }
    LIST_EACH(p, &hosts->plugins)
    {
        free_plugin(LINK_OF(p, struct plugin, link));
    }
    if (hosts->shared)
        host_retire(hosts->shared);
    ev_prepare_stop(hosts->loop, &hosts->prepare);
    ev_timer_stop(hosts->loop, &hosts->tick);
    ev_timer_stop(hosts->loop, &hosts->look);
    buffer_free(&hosts->line);
    free(hosts->host_program);
    free(hosts->child_path);
    free(hosts);
}

/* ---- for status */

static const char *state_text(const struct host *host)
{
    switch (host->state) {
    case HOST_STARTING:
        return "starting";
    case HOST_RUNNING:
        return "running";
    case HOST_WAITING:
        return "waiting to restart";
    case HOST_QUARANTINED:
        return "quarantined";
    case HOST_IDLE:
        break;
    }
    return NULL;
}

static void count(const struct host *host, struct hosts_view *view)
{
    LIST_EACH(p, &host->plugins)
    {
        const struct plugin *plugin = LINK_OF(p, struct plugin, in_host);

        view->plugins++;
        LIST_EACH(i, &plugin->instances)
        {
            view->instances++;
            view->runs += LINK_OF(i, struct hosts_instance, link)->run.wanted;
        }
    }
}

bool hosts_view(const struct hosts *hosts, size_t i, struct hosts_view *view)
{
    LIST_EACH(h, &hosts->hosts)
    {
        const struct host *host = LINK_OF(h, struct host, link);
        const char *state = state_text(host);

        if (!state || i-- > 0)
            continue;
        *view = (struct hosts_view){
            .name = host->name,
            .state = state,
            .last_end = host->last_end[0] ? host->last_end : NULL,
            .pid = host->process ? host->process->pid : 0,
            .deaths = host->deaths,
            .late_ms = host->late_ms[0] > host->late_ms[1] ? host->late_ms[0] : host->late_ms[1],
        };
        count(host, view);
        return true;
    }
    return false;
}

bool hosts_found(struct hosts *hosts)
{
    const bool found = hosts->found;

    hosts->found = false;
    return found;
}

unsigned hosts_abandoned(const struct hosts *hosts)
{
    return hosts->abandoned;
}
