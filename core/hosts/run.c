/*
 * Runs: each waits until its instance is ready, is sent, and ends exactly once, by its host's answer or by its own time. One that a host
 * took with it in its death is sent to the next one, with the time that is left.
 */
#include "hosts/hosts_private.h"

#include "base/os/clock.h"

#include <stdio.h>
#include <string.h>

enum { MOST_PATIENCE = 2, MOST_DEATHS = 2 };

static const uint64_t core_is_late = UINT64_C(250) * NS_PER_MS;

/* ---- its end */

static void set_timer(struct hosts_instance *instance, double after)
{
    struct ev_loop *loop = instance->hosts->loop;
    ev_timer *timer = &instance->run.timer;

    ev_timer_stop(loop, timer);
    ev_timer_set(timer, after, 0.);
    ev_timer_start(loop, timer);
}

static void forget(struct hosts_instance *instance)
{
    ev_timer_stop(instance->hosts->loop, &instance->run.timer);
    list_remove(&instance->run.queue);
    instance->run.wanted = false;
    instance->run.over = false;
    instance->run.ending = NULL;
    instance->run.id = 0;
}

static void finish(struct hosts_instance *instance, struct result *result)
{
    hosts_done_fn *done = instance->run.done;
    void *arg = instance->run.arg;

    forget(instance);
    done(arg, result);
}

static struct result *unknown(const struct hosts_run *run, const char *reason, const char *text)
{
    return result_make(STATUS_UNKNOWN, reason, text, run->timeout - (run->deadline - clock_awake()), NULL, 0, NULL, 0);
}

void run_fail(struct hosts_instance *instance, const char *reason, const char *text)
{
    struct hosts_run *run = &instance->run;

    if (!run->wanted || run->over)
        return;
    list_remove(&run->queue);
    run->ending = unknown(run, reason, text);
    run->over = true;
    set_timer(instance, 0.);
}

/* The host is not asked for its answer any more, but owes it before it gets the next run of this instance. */
static void give_up(struct hosts_instance *instance)
{
    struct process *process = instance_process(instance);

    if (!process || instance->run.id == 0)
        return;
    wire_cancel(process, instance->run.id);
    instance->owed = instance->run.id;
    instance->run.id = 0;
}

void run_drop(struct hosts_instance *instance)
{
    give_up(instance);
    result_drop(instance->run.ending);
    forget(instance);
}

/* ---- on its way to the host */

static void advance_loaded(struct hosts_instance *instance)
{
    struct host *host = instance->plugin->host;

    switch (instance->state) {
    case INSTANCE_NEW:
        instance_queue(instance);
        break;
    case INSTANCE_QUEUED:
    case INSTANCE_SENT:
        break;
    case INSTANCE_READY:
        if (instance->owed == 0)
            list_add(&host->to_start, &instance->run.queue);
        break;
    case INSTANCE_REFUSED:
        if (clock_awake() < instance->again_at) {
            run_fail(instance, instance->reason, instance->why);
            break;
        }
        instance->state = INSTANCE_NEW;
        instance_queue(instance);
        break;
    }
}

void run_advance(struct hosts_instance *instance)
{
    struct plugin *plugin = instance->plugin;
    struct hosts_run *run = &instance->run;
    const char *reason;
    char text[HOSTS_TEXT];

    if (!run->wanted || run->over || run->id != 0)
        return;
    if (!plugin)
        run_fail(instance, "plugin.refused", "nobody has loaded the plugin of this check");
    else if (host_hopeless(plugin->host, run->deadline, &reason, text))
        run_fail(instance, reason, text);
    else if (plugin->state == PLUGIN_LOADED && instance->missing)
        run_fail(instance, "plugin.refused", instance->missing);
    else if (plugin->state == PLUGIN_LOADED)
        advance_loaded(instance);
    else if (plugin->state != PLUGIN_REFUSED)
        host_need(plugin->host);
    else if (clock_awake() >= plugin->again_at)
        plugin_load(plugin);
    else
        run_fail(instance, plugin->reason, plugin->why);
}

void run_send(struct hosts_instance *instance, struct process *process)
{
    struct hosts_run *run = &instance->run;
    uint64_t now = clock_awake();

    if (now >= run->deadline)
        return; /* its timer says so in a moment */
    run->begun = now;
    run->left = run->deadline - now;
    run->id = ids_give(&process->ids, instance);
    if (run->id != 0 && wire_start(process, instance))
        return;
    ids_take(&process->ids, run->id);
    run->id = 0;
    run_fail(instance, "local", "there is no memory to start the run");
}

/* ---- the host's answer */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Was the run given so little of its time that a silence of the target proves nothing? Then "it did not answer" is no evidence against it. */
static bool is_cut_short(const struct hosts_run *run, const struct result *result)
{
    uint64_t took = clock_awake() - run->begun;

    if (result->status != STATUS_FAIL || run->left >= run->timeout / 10 * 9)
        return false;
    return ends_with(result->reason, "timeout") || took >= run->left / 10 * 9;
}

static struct result *judge_cut_short(const struct hosts_run *run, struct result *result)
{
    char text[HOSTS_TEXT];
    struct result *judged;

    if (!result || !is_cut_short(run, result))
        return result;
    snprintf(text, sizeof text, "%s, and what was left of the check's time was not enough: %.300s",
             run->deaths > 0 ? "the plugin's host was started again during the check" : "the check could not begin in time", result->summary);
    judged = unknown(run, run->deaths > 0 ? "plugin.died" : "plugin.blocked", text);
    result_drop(result);
    return judged;
}

void run_answered(struct hosts_instance *instance, uint64_t id, const struct cJSON *message)
{
    struct hosts_run *run = &instance->run;

    ids_take(&instance->plugin->host->process->ids, id);
    if (instance->owed == id) {
        instance->owed = 0;
        run_advance(instance);
    } else if (run->id == id && !run->over) {
        finish(instance, judge_cut_short(run, wire_result(message, clock_awake() - run->begun)));
    }
}

/* ---- its host's death */

/*
 * Is it this run's fault? The breadcrumb says what the host was in: a run, or an instance between its runs. Where it says nothing, a plugin that is
 * alone in its host is under suspicion with all its runs, and in a shared host nobody is. A host that was killed from outside is nobody's fault.
 */
static bool is_guilty(const struct hosts_instance *instance, const struct process_end *end)
{
    if (end->kind == END_OUTSIDE)
        return false;
    if (end->in.since == 0)
        return !instance->plugin->host->shared;
    if (end->in.run[0] != '\0')
        return end->culprit == instance;
    return strcmp(end->in.plugin, instance->plugin->name) == 0 && strcmp(end->in.check, instance->name) == 0;
}

/* Between its runs: then a run that waits for it waits for the next death. */
static bool died_in_setup(const struct hosts_instance *instance, const struct process_end *end)
{
    return end && end->in.since != 0 && end->in.run[0] == '\0' && instance->state == INSTANCE_SENT && is_guilty(instance, end);
}

static void fail_guilty(struct hosts_instance *instance, const struct process_end *end)
{
    const bool blocked = end->kind == END_BLOCKED;
    char text[HOSTS_TEXT];

    snprintf(text, sizeof text, "plugin %.64s %s (%.200s) in check %.128s", instance->plugin->name, blocked ? "stood still" : "died", end->text, instance->name);
    run_fail(instance, blocked ? "plugin.blocked" : "plugin.died", text);
}

/* May it be this run's fault? Nothing is told of where the host died, or it died in what the plugin shares between its checks. */
static bool is_suspect(const struct hosts_instance *instance, const struct process_end *end)
{
    return end->in.since == 0 || (end->in.run[0] == '\0' && strcmp(end->in.plugin, instance->plugin->name) == 0);
}

static void fail_unlucky(struct hosts_instance *instance, const struct process_end *end)
{
    char text[HOSTS_TEXT];

    snprintf(text, sizeof text, "the host of plugin %.64s died twice (%.200s) in check %.128s", instance->plugin->name, end->text, instance->name);
    run_fail(instance, "plugin.died", text);
}

/* Those that are not to blame are run again, with the time that is left; but one that went down with two hosts may be what kills them. */
void run_lost(struct hosts_instance *instance, const struct process_end *end)
{
    struct hosts_run *run = &instance->run;
    bool sent = run->id != 0;

    list_remove(&run->queue);
    run->id = 0;
    if (run->wanted && !run->over && !sent && died_in_setup(instance, end))
        fail_guilty(instance, end);
    if (!run->wanted || run->over || !sent)
        return;
    if (plugin_is_action(instance->plugin, instance->operation)) {
        run_fail(instance, "interrupted", "its plugin host ended in the middle of it");
        return;
    }
    if (!end)
        return;
    run->deaths++;
    if (is_guilty(instance, end))
        fail_guilty(instance, end);
    else if (run->deaths >= MOST_DEATHS && is_suspect(instance, end))
        fail_unlucky(instance, end);
}

/* ---- its time */

/* It was never sent: why? */
static struct result *say_unsent(const struct hosts_instance *instance)
{
    const struct hosts_run *run = &instance->run;
    const struct host *host = instance->plugin ? instance->plugin->host : NULL;
    char text[HOSTS_TEXT];

    if (!host || instance->state == INSTANCE_REFUSED)
        return unknown(run, "plugin.refused", "its plugin could not be asked in time");
    if (instance->missing)
        return unknown(run, "plugin.refused", instance->missing);
    if (host->state != HOST_RUNNING && host->last_end[0] != '\0') {
        snprintf(text, sizeof text, "plugin host %.64s died (%.300s) and was not back in time", host->name, host->last_end);
        return unknown(run, "plugin.died", text);
    }
    if (host->state != HOST_RUNNING)
        return unknown(run, "plugin.blocked", "its plugin host did not start in time");
    if (instance->owed != 0)
        return unknown(run, "plugin.blocked", "the plugin has not ended the previous run of this check");
    if (instance->state != INSTANCE_READY)
        return unknown(run, "plugin.blocked", "the plugin did not say in time that the check is set up");
    return unknown(run, "plugin.blocked", "its plugin host had no room for it in time");
}

/* What an action that does not end has done by then, nobody knows. */
static struct result *say_blocked(const struct hosts_instance *instance)
{
    const bool action = plugin_is_action(instance->plugin, instance->operation);
    char text[HOSTS_TEXT];

    snprintf(text, sizeof text, "plugin %.64s did not end %s %.128s at its deadline", instance->plugin->name, action ? "action" : "check", instance->name);
    return unknown(&instance->run, action ? "interrupted" : "plugin.blocked", text);
}

/* Was the core itself away? Then the answer may lie unread in the socket. */
static bool is_patient(struct hosts_run *run, uint64_t late)
{
    if (late < core_is_late || run->patience == MOST_PATIENCE)
        return false;
    run->patience++;
    return true;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct hosts_instance *instance = timer->data;
    struct hosts_run *run = &instance->run;
    uint64_t now = clock_awake(), due = run->id != 0 ? run->deadline + instance->hosts->times.grace : run->deadline;
    struct result *result;

    (void)loop, (void)events;
    if (run->over) {
        result = run->ending;
        run->ending = NULL;
    } else if (now < due) {
        set_timer(instance, (double)(due - now) / 1e9);
        return;
    } else if (run->id == 0) {
        result = say_unsent(instance);
        if (instance->state == INSTANCE_SENT && now - instance->sent_at >= instance->hosts->times.setup)
            instance_again(instance);
    } else if (is_patient(run, now - due)) {
        set_timer(instance, (double)instance->hosts->times.grace / 1e9);
        return;
    } else {
        result = say_blocked(instance);
        give_up(instance);
    }
    finish(instance, result);
}

/* ---- the face */

void run_init(struct hosts_instance *instance)
{
    ev_timer_init(&instance->run.timer, on_timer, 0., 0.);
    instance->run.timer.data = instance;
    ev_set_priority(&instance->run.timer, EV_MINPRI); /* what the host has answered by now is read first */
}

struct hosts_run *hosts_start(struct hosts_instance *instance, uint64_t timeout, unsigned flags, hosts_done_fn *done, void *arg)
{
    struct hosts_run *run = &instance->run;

    if (run->wanted)
        return NULL;
    run->wanted = true;
    run->timeout = timeout;
    run->deadline = clock_awake() + timeout;
    run->flags = flags;
    run->deaths = run->patience = 0;
    run->done = done;
    run->arg = arg;
    set_timer(instance, (double)timeout / 1e9);
    run_advance(instance);
    return run;
}

void hosts_cancel(struct hosts_run *run)
{
    run_drop(LINK_OF(run, struct hosts_instance, run));
}
