/* The daemon's configurations, from the files to the engine: whole or not at all. One that is bad changes nothing; at start the last good one stands in for it. */
#include "daemon_private.h"
#include "daemon_programs.h"
#include "daemon_windows.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/shortage.h"
#include "guarded.h"

#include <errno.h>
#include <stdio.h>

#define TRY_AGAIN 1. /* seconds until a configuration that memory lacked for is read again */

/* False: there is no memory for it, and the old one goes on, if there is one. */
static bool take_model(struct daemon *d, const struct model *model)
{
    const struct model *old = engine_model(d->engine);
    struct engine_event event = { .kind = EVENT_MODEL, .of.model = model };
    struct moment now = clock_moment();
    const bool moved = old && !daemon_self_same_endpoint(&old->settings, &model->settings);

    /* What can fail goes first: engine and instances judge by the same model always. */
    if (!instances_prepare(d->instances, model, NULL))
        return false;
    if (engine_event(d->engine, &now, &event) != ENGINE_DONE) {
        instances_forget(d->instances);
        return false;
    }
    secrets_reload(d->secrets, model);
    instances_take(d->instances, model, NULL);
    daemon_self_log(&model->settings);
    daemon_self_loaded(&d->self, &now, model);
    d->shortest = daemon_self_shortest(model);
    daemon_outbox_model(d, model, &now);
    daemon_carry_out(d, &now);
    daemon_windows_begin(d, &now); /* before anything of an earlier process is taken up: what is planned is not told */
    if (!old)
        daemon_memory_restore(d, &now);
    daemon_heal_model(d, &now);
    memory_model(d->memory, d->engine, &now);
    daemon_programs_take(d, model);
    if (moved) {
        serve_stop(d->serve);
        d->serve = NULL;
    }
    if (!d->serve)
        daemon_open_endpoint(d);
    daemon_publish(d, &now);
    return true;
}

/* Memory was wanting: for the configuration, or for a part of it. */
static void try_again(struct daemon *d)
{
    shortage_note(); /* status says it until it has gone well */
    log_warn("there was not enough memory for the configuration; it is read again in a moment", NULL);
    guarded_beat(); /* before the first one nothing else does */
    ev_timer_stop(d->loop, &d->again);
    ev_timer_set(&d->again, TRY_AGAIN, 0.);
    ev_timer_start(d->loop, &d->again);
}

/* The first load has said what is wrong; the last good configuration, if there is one, is what Talon runs with. */
static void fall_back(struct daemon *d)
{
    bool lacked;
    struct config_source *source = daemon_self_last_good(d->state, &lacked);

    if (lacked) {
        try_again(d);
    } else if (!source) {
        fprintf(stderr, "talon: there is no usable configuration, and none that was good before; mend the errors above (`talon validate` shows them again)\n");
        d->exit_code = 3;
        ev_break(d->loop, EVBREAK_ALL);
    } else {
        log_error("running the last good configuration, since the files are bad", "error", d->self.config_error, NULL);
        daemon_begin_load(d, source);
    }
}

static bool take_state(struct daemon *d, const char *folder)
{
    char why[512];
    pid_t holder;

    errno = 0;
    d->state = state_open(folder, &holder, why, sizeof why);
    if (d->state)
        return true;
    if (holder < 0 && errno == ENOMEM) {
        try_again(d);
        return false;
    }
    if (holder > 0)
        fprintf(stderr, "talon: another talon (pid %ld) watches with the state folder %s; stop it first, or set `state:` to another folder\n", (long)holder, folder);
    else
        fprintf(stderr, "talon: the state folder %s cannot be used: %s\n", folder, why);
    d->exit_code = 3;
    ev_break(d->loop, EVBREAK_ALL);
    return false;
}

/* A configuration that can be used. False: memory lacked for a part of it, or for all. */
static bool take_loaded(struct daemon *d, const struct config *config, const struct model *model, bool from_disk)
{
    bool whole;

    if (!d->store)
        daemon_memory_open(d, &model->settings);
    if (!take_model(d, model)) {
        daemon_control_loaded(&d->control, NULL, NULL);
        return false;
    }
    whole = !from_disk || daemon_self_pack(d->state, config);
    daemon_control_loaded(&d->control, config, model);
    daemon_control_settings(&d->control, &model->settings, d->state);
    guarded_tell(model->settings.guard_stall, state_folder(d->state));
    guarded_ready();
    if (!ev_is_active(&d->tick))
        daemon_observer_ask(d->observer, 0);
    ev_timer_start(d->loop, &d->tick);
    return whole;
}

static void refuse_loaded(struct daemon *d, const struct config *config)
{
    struct moment now = clock_moment();

    if (!engine_model(d->engine)) {
        fall_back(d);
        return;
    }
    daemon_control_loaded(&d->control, config, NULL);
    daemon_publish(d, &now);
}

static void on_loaded(void *arg, struct load *load, struct model *model, struct config *config)
{
    struct daemon *d = arg;
    bool from_disk = !d->self.source, lacked = load_was_short(load);

    d->load = NULL;
    config_source_free(d->self.source);
    d->self.source = NULL;
    if (!model && lacked) { /* nothing is known of the files: there is nothing to say of them, or to go back to */
        daemon_control_loaded(&d->control, NULL, NULL);
        try_again(d);
        return;
    }
    if (!d->state && !take_state(d, config_settings(config)->state)) {
        model_drop(model);
        return;
    }
    if (from_disk) /* with the last good one, what is to be mended is still what was refused */
        daemon_self_problems(&d->self, config, model == NULL);
    if (from_disk)
        lacked = !watch_take(&d->watch, config, d->load_began, clock_moment().wall) || lacked;
    if (model)
        lacked = !take_loaded(d, config, model, from_disk) || lacked;
    else
        refuse_loaded(d, config);
    model_drop(model);
    if (lacked)
        try_again(d);
}

void daemon_begin_load(struct daemon *d, const struct config_source *source)
{
    struct load_request request = {
        .loop = d->loop,
        .hosts = d->hosts,
        .file = d->settings.config,
        .source = source,
        .tolerate = true,
        .programs_only = d->settings.worker_only,
        .done = on_loaded,
        .arg = d,
    };

    d->reload_due = false;
    if (!source)
        daemon_control_loading(&d->control);
    d->load_began = clock_moment().wall;
    d->self.source = (struct config_source *)(uintptr_t)source;
    d->load = load_start(&request);
    if (d->load)
        return;
    config_source_free(d->self.source);
    d->self.source = NULL;
    daemon_control_loaded(&d->control, NULL, NULL);
    try_again(d);
}

void daemon_on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;

    (void)loop, (void)events;
    if (!d->load)
        daemon_begin_load(d, NULL);
}

/* At once, or when the load on its way has ended: that has read the files already. */
void daemon_reload(void *arg)
{
    struct daemon *d = arg;

    d->reload_due = true;
    if (!d->load && engine_model(d->engine))
        daemon_begin_load(d, NULL);
}
