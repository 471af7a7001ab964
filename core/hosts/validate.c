/* Questions whether options are right: put to the plugin once it is loaded, answered in time whatever happens. */
#include "hosts/hosts_private.h"

#include "base/os/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(struct validation *validation, const char *text)
{
    struct ev_loop *loop = validation->hosts->loop;

    list_remove(&validation->queue);
    snprintf(validation->text, sizeof validation->text, "%s", text);
    ev_timer_stop(loop, &validation->timer);
    ev_timer_set(&validation->timer, 0., 0.);
    ev_timer_start(loop, &validation->timer);
}

void validation_free(struct validation *validation)
{
    ev_timer_stop(validation->hosts->loop, &validation->timer);
    list_remove(&validation->link);
    list_remove(&validation->queue);
    free(validation->operation);
    free(validation->conf);
    free(validation);
}

void validation_answer(struct validation *validation, const struct hosts_problem *problems, size_t n)
{
    hosts_validated_fn *done = validation->done;
    void *arg = validation->arg;

    validation_free(validation);
    done(arg, problems, n);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct validation *validation = timer->data;
    struct hosts_problem problem = { .text = "the plugin did not say in time whether this is right", .unasked = true };
    char text[HOSTS_TEXT];

    (void)loop, (void)events;
    if (validation->text[0] != '\0') {
        memcpy(text, validation->text, sizeof text);
        problem.text = text;
    }
    if (validation->id != 0 && validation->plugin->host->process)
        ids_take(&validation->plugin->host->process->ids, validation->id);
    validation_answer(validation, &problem, 1);
}

void validation_queue(struct plugin *plugin)
{
    LIST_EACH(v, &plugin->validations)
    {
        struct validation *validation = LINK_OF(v, struct validation, link);

        if (validation->id == 0)
            list_add(&plugin->host->to_ask, &validation->queue);
    }
}

void validation_send(struct validation *validation, struct process *process)
{
    validation->id = ids_give(&process->ids, validation);
    if (validation->id == 0 || !wire_validate(process, validation))
        say(validation, "there is no memory to ask the plugin");
}

void validation_lost(struct plugin *plugin, const char *how)
{
    char text[HOSTS_TEXT];

    snprintf(text, sizeof text, "the plugin's host died (%.400s) while it was asked whether this is right", how ? how : "");
    LIST_EACH(v, &plugin->validations)
    {
        struct validation *validation = LINK_OF(v, struct validation, link);

        list_remove(&validation->queue);
        if (validation->id != 0 && how)
            say(validation, text);
        validation->id = 0;
    }
}

void validation_refused(struct plugin *plugin)
{
    char text[HOSTS_TEXT];

    snprintf(text, sizeof text, "the plugin cannot be loaded: %.450s", plugin->why);
    LIST_EACH(v, &plugin->validations)
    {
        say(LINK_OF(v, struct validation, link), text);
    }
}

bool hosts_validate(struct hosts *hosts, const char *name, const char *operation, const char *conf, hosts_validated_fn *done, void *arg)
{
    struct validation *validation = calloc(1, sizeof *validation);
    struct plugin *plugin = plugin_find(hosts, name);
    const char *reason;
    char why[HOSTS_TEXT];

    if (!validation)
        return false;
    if (plugin && plugin->later)
        plugin = plugin->later;
    *validation = (struct validation){ .hosts = hosts, .plugin = plugin, .operation = strdup(operation), .conf = strdup(conf), .done = done, .arg = arg };
    ev_timer_init(&validation->timer, on_timer, (double)hosts->times.answer / 1e9, 0.);
    validation->timer.data = validation;
    if (!validation->operation || !validation->conf) {
        validation_free(validation);
        return false;
    }
    list_add(plugin ? &plugin->validations : &hosts->validations, &validation->link);
    ev_now_update(hosts->loop);
    ev_timer_start(hosts->loop, &validation->timer);
    if (!plugin)
        say(validation, "nobody has loaded this plugin");
    else if (plugin->state == PLUGIN_REFUSED)
        say(validation, plugin->why);
    else if (host_hopeless(plugin->host, clock_awake() + hosts->times.answer, &reason, why))
        say(validation, why);
    else if (plugin->state == PLUGIN_LOADED)
        list_add(&plugin->host->to_ask, &validation->queue);
    else
        host_need(plugin->host);
    return true;
}
