/* One use of an operation: set up in its plugin's host, set up again in the next one, torn down, and heard between its runs. */
#include "hosts/hosts_private.h"

#include "base/os/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct process *instance_process(const struct hosts_instance *instance)
{
    struct process *process = instance->plugin ? instance->plugin->host->process : NULL;

    return process && process_speaks(process) ? process : NULL;
}

/* ---- setting up */

void instance_queue(struct hosts_instance *instance)
{
    if (instance->state != INSTANCE_NEW || instance->missing)
        return;
    instance->state = INSTANCE_QUEUED;
    list_add(&instance->plugin->host->to_set_up, &instance->queue);
}

void instance_send(struct hosts_instance *instance, struct process *process)
{
    bool too_long = false;

    instance->sent_at = clock_awake();
    instance->id = ids_give(&process->ids, instance);
    ids_write(&process->ids, ID_INSTANCE, instance->id, instance->id_text);
    if (instance->id != 0 && wire_setup(process, instance, &too_long)) {
        instance->state = INSTANCE_SENT;
        return;
    }
    if (too_long)
        instance_refused(instance, "too_big", "its options are over 4 MiB", false);
    else
        instance_refused(instance, "local", "there is no memory to set it up", true);
}

void instance_lost(struct hosts_instance *instance)
{
    list_remove(&instance->queue);
    instance->state = INSTANCE_NEW;
    instance->id = 0;
    instance->owed = 0;
}

void instance_ready(struct hosts_instance *instance)
{
    if (instance->state != INSTANCE_SENT)
        return;
    instance->state = INSTANCE_READY;
    run_advance(instance);
}

void instance_refused(struct hosts_instance *instance, const char *reason, const char *why, bool again)
{
    struct process *process = instance_process(instance);

    if (process)
        ids_take(&process->ids, instance->id);
    instance->id = 0;
    instance->state = INSTANCE_REFUSED;
    instance->again_at = clock_awake() + (again ? 0 : instance->hosts->times.try_again);
    snprintf(instance->reason, sizeof instance->reason, "%s", reason);
    snprintf(instance->why, sizeof instance->why, "%s", why);
    run_fail(instance, reason, why);
}

void instance_again(struct hosts_instance *instance)
{
    struct process *process = instance_process(instance);

    if (process) {
        wire_teardown(process, instance);
        ids_take(&process->ids, instance->id);
    }
    instance->id = 0;
    instance->state = INSTANCE_NEW;
    if (instance->plugin->state == PLUGIN_LOADED)
        instance_queue(instance);
}

/* ---- between runs */

/* The last nudge of a second is not lost: it may tell of a change that the check before it did not see. */
void instance_nudged(struct hosts_instance *instance)
{
    struct ev_loop *loop = instance->hosts->loop;
    uint64_t now = clock_awake(), since = now - instance->nudged_at, distance = instance->hosts->times.nudge;

    if (instance->nudged_at == 0 || since >= distance) {
        ev_timer_stop(loop, &instance->later);
        instance->nudged_at = now;
        if (instance->nudge)
            instance->nudge(instance->arg);
    } else if (!ev_is_active(&instance->later)) {
        ev_timer_set(&instance->later, (double)(distance - since) / 1e9, 0.);
        ev_timer_start(loop, &instance->later);
    }
}

static void on_later(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct hosts_instance *instance = timer->data;

    (void)loop, (void)events;
    instance->nudged_at = clock_awake();
    if (instance->nudge)
        instance->nudge(instance->arg);
}

static bool keep_saved(struct hosts_instance *instance, const void *bytes, size_t n)
{
    unsigned char *copy = malloc(n + 1);

    if (!copy)
        return false;
    if (n > 0)
        memcpy(copy, bytes, n);
    free(instance->saved);
    instance->saved = copy;
    instance->n_saved = n;
    return true;
}

void instance_saved(struct hosts_instance *instance, const void *bytes, size_t n)
{
    keep_saved(instance, bytes, n);
    if (instance->save)
        instance->save(instance->arg, bytes, n);
}

/* ---- the face */

static bool copy_request(struct hosts_instance *instance, const struct hosts_instance_request *request)
{
    size_t n = strlen(request->conf);

    instance->nudge = request->nudge;
    instance->save = request->save;
    instance->arg = request->arg;
    instance->operation = strdup(request->operation);
    instance->name = strdup(request->name);
    instance->missing = request->missing ? strdup(request->missing) : NULL;
    instance->conf = malloc(n + 1);
    if (!instance->operation || !instance->name || !instance->conf || (request->missing && !instance->missing))
        return false;
    memcpy(instance->conf, request->conf, n + 1);
    instance->n_conf = n;
    for (size_t i = 0; i < n; i++)
        if (instance->conf[i] == '\n' || instance->conf[i] == '\r')
            instance->conf[i] = ' '; /* between JSON's tokens, where any space will do: a message is one line */
    return request->n_saved == 0 || keep_saved(instance, request->saved, request->n_saved < HOSTS_SAVED ? request->n_saved : HOSTS_SAVED);
}

/* A compiler may drop a memset of what is freed next; it may not drop writes through a volatile pointer. */
static void wipe(char *bytes, size_t n)
{
    volatile char *p = bytes;

    while (n-- > 0)
        *p++ = 0;
}

static void instance_free(struct hosts_instance *instance)
{
    if (instance->conf)
        wipe(instance->conf, instance->n_conf);
    free(instance->conf);
    free(instance->missing);
    free(instance->saved);
    free(instance->operation);
    free(instance->name);
    free(instance);
}

struct hosts_instance *hosts_setup(struct hosts *hosts, const struct hosts_instance_request *request)
{
    struct hosts_instance *instance = calloc(1, sizeof *instance);

    if (!instance)
        return NULL;
    if (!copy_request(instance, request)) {
        instance_free(instance);
        return NULL;
    }
    instance->hosts = hosts;
    ev_timer_init(&instance->later, on_later, 0., 0.);
    instance->later.data = instance;
    run_init(instance);
    instance->plugin = plugin_for_setup(hosts, request->plugin);
    list_add(instance->plugin ? &instance->plugin->instances : &hosts->instances, &instance->link);
    if (!instance->plugin)
        return instance;
    host_need(instance->plugin->host);
    if (instance->plugin->state == PLUGIN_LOADED)
        instance_queue(instance);
    return instance;
}

void hosts_teardown(struct hosts_instance *instance)
{
    struct process *process = instance_process(instance);

    run_drop(instance);
    if (process && instance->id != 0)
        wire_teardown(process, instance);
    if (process) {
        ids_take(&process->ids, instance->id);
        ids_take(&process->ids, instance->owed);
    }
    ev_timer_stop(instance->hosts->loop, &instance->later);
    list_remove(&instance->link);
    list_remove(&instance->queue);
    instance_free(instance);
}
