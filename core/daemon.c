/*
 * The daemon: the only place where the loop and the engine meet. Events of the world become engine events, the engine's effects become
 * calls; there is no judgement here. The way of a result: timer -> engine says START_CHECK -> instances -> plugin host -> on_done() ->
 * engine -> effects, carried out in carry_out().
 */
#include "daemon.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "base/os/memory.h"
#include "base/os/random.h"
#include "base/shortage.h"
#include "daemon_control.h"
#include "daemon_self.h"
#include "daemon_signals.h"
#include "engine/engine.h"
#include "guarded.h"
#include "instances.h"
#include "load.h"
#include "serve/serve.h"
#include "store/state.h"
#include "watch.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISH_DISTANCE (100 * (uint64_t)NS_PER_MS)
#define PUBLISH_REFRESH ((uint64_t)NS_PER_S) /* sentences say for how long something has been so: that is to be true */
#define SOON .05                                      /* s: a tick that is due so soon is taken with what woke the loop now */
#define SHORTEST_GAP (5 * (uint64_t)NS_PER_S)
#define STALLED (10 * (uint64_t)NS_PER_S)
#define TRY_AGAIN 1. /* seconds until a configuration that memory lacked for is read again */
#define RESTART_SHOWN (600 * (uint64_t)NS_PER_S)     /* so long status says that the core had to be started again */
#define OLD_STATE_DISTANCE (5 * (uint64_t)NS_PER_S)   /* between two writes when something has turned */
#define OLD_STATE_REFRESH (60 * (uint64_t)NS_PER_S)  /* when nothing has: what the old one took for a round */

struct daemon {
    struct daemon_settings settings;
    struct ev_loop *loop;
    struct engine *engine;
    struct hosts *hosts;
    struct secrets *secrets;
    struct instances *instances;
    struct load *load;             /* a configuration on its way; NULL: none */
    int64_t load_began;            /* wall */
    struct watch *watch;
    struct state *state;
    struct serve *serve;           /* NULL: the port could not be had */
    struct daemon_control control; /* commands */
    struct daemon_self self;       /* what Talon says of itself */
    ev_timer wake, publish, tick, again;
    uint64_t began, published_at;  /* awake */
    uint64_t seen_elapsed;         /* of the last event or tick: a gap shows against it */
    uint64_t shortest;             /* interval of the model */
    uint64_t old_state_at;         /* awake; when state.json was written last */
    bool old_state_due, turned, reload_due, quitting;
    int exit_code;
};

/* ---- publishing: at once when the last snapshot is 100 ms old, else when it is */

static struct snapshot *take_snapshot(struct daemon *d, const struct moment *now)
{
    struct snapshot_plugin plugins[DAEMON_SELF_HOSTS];
    struct snapshot_extra extra = daemon_self_extra(&d->self, d->hosts, d->state, plugins);

    return snapshot_make(d->engine, now, &extra);
}

static void publish_now(struct daemon *d, const struct moment *now)
{
    struct snapshot *snapshot = take_snapshot(d, now);

    ev_timer_stop(d->loop, &d->publish);
    d->published_at = now->awake;
    if (snapshot && d->serve)
        serve_publish(d->serve, snapshot);
    else
        snapshot_drop(snapshot);
}

static void publish(struct daemon *d, const struct moment *now)
{
    uint64_t age = now->awake - d->published_at;

    if (age >= PUBLISH_DISTANCE) {
        publish_now(d, now);
    } else if (!ev_is_active(&d->publish)) {
        ev_timer_set(&d->publish, (double)(PUBLISH_DISTANCE - age) / 1e9, 0.);
        ev_timer_start(d->loop, &d->publish);
    }
}

static void on_publish(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct moment now = clock_moment();

    (void)loop, (void)events;
    publish_now(timer->data, &now);
}

/* ---- effects */

static void set_wake(struct daemon *d, const struct moment *now, uint64_t awake)
{
    ev_timer_stop(d->loop, &d->wake);
    if (awake == UINT64_MAX)
        return;
    ev_now_update(d->loop);
    ev_timer_set(&d->wake, awake > now->awake ? (double)(awake - now->awake) / 1e9 : 0., 0.);
    ev_timer_start(d->loop, &d->wake);
}

static void record(struct daemon *d, const struct engine_effect *effect)
{
    const struct model *model = engine_model(d->engine);
    size_t index = effect->of.record.index;

    d->old_state_due = true;
    d->turned = d->turned || effect->of.record.kind != RECORD_ROUND;
    if (effect->of.record.kind == RECORD_SERVICE_CHANGED && index < model->n_services)
        log_info("service has changed", "service", model->services[index].name, "from", engine_verdict_name((enum engine_verdict)effect->of.record.from), "to",
                 engine_verdict_name((enum engine_verdict)effect->of.record.to), NULL);
}

static void carry_out(struct daemon *d, const struct moment *now)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(d->engine, &n);

    for (size_t i = 0; i < n; i++) {
        switch (effects[i].kind) {
        case EFFECT_START_CHECK:
            instances_start(d->instances, effects[i].of.start.check, effects[i].of.start.run, effects[i].of.start.timeout,
                            effects[i].of.start.cause == CAUSE_NUDGE ? HOSTS_NUDGED : 0);
            break;
        case EFFECT_CANCEL:
            instances_cancel(d->instances, effects[i].of.cancel.run);
            break;
        case EFFECT_WAKE_AT:
            set_wake(d, now, effects[i].of.wake.awake);
            break;
        case EFFECT_RECORD:
            record(d, &effects[i]);
            break;
        case EFFECT_PUBLISH:
            publish(d, now);
            break;
        case EFFECT_LOG:
            daemon_self_tell(engine_model(d->engine), &effects[i]);
            break;
        case EFFECT_OBSERVE:
        case EFFECT_RECORD_INTENT:
        case EFFECT_RUN_ACTION:
        case EFFECT_COLLECT:
        case EFFECT_NOTIFY:
            log_error("the engine asked for something that this version cannot do", NULL);
            break;
        }
    }
}

/* ---- events: all go through feed(), which also sees when the loop was stopped for long */

static void tell_gap(struct daemon *d, const struct moment *now)
{
    uint64_t slept = now->elapsed - d->seen_elapsed;
    uint64_t bound = 2 * d->shortest > SHORTEST_GAP ? 2 * d->shortest : SHORTEST_GAP;
    struct engine_event event = { .kind = EVENT_GAP, .of.gap = { .slept = slept } };

    d->seen_elapsed = now->elapsed;
    if (slept <= bound)
        return;
    log_warn("the machine slept or Talon was stopped; results from before do not count", NULL);
    if (engine_event(d->engine, now, &event) == ENGINE_DONE)
        carry_out(d, now);
}

static enum engine_outcome feed(struct daemon *d, const struct engine_event *event)
{
    struct moment now = clock_moment();
    enum engine_outcome outcome;

    tell_gap(d, &now);
    outcome = engine_event(d->engine, &now, event);
    if (outcome == ENGINE_DONE)
        carry_out(d, &now);
    return outcome;
}

static void on_wake(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;
    struct engine_event event = { .kind = EVENT_TIME };

    (void)events;
    feed(d, &event);
    if (ev_is_active(&d->tick) && ev_timer_remaining(loop, &d->tick) < SOON) { /* one wake-up for both, from now on */
        ev_timer_again(loop, &d->tick);
        ev_feed_event(loop, &d->tick, EV_TIMER);
    }
}

static void on_done(void *arg, size_t check, uint64_t run, struct result *result)
{
    struct engine_event event = { .kind = result ? EVENT_RESULT : EVENT_RUN_LOST, .of.result = { .run = run, .result = result } };

    (void)check;
    feed(arg, &event);
    result_drop(result);
}

static void on_nudge(void *arg, size_t check)
{
    struct engine_event event = { .kind = EVENT_NUDGE, .of.nudge = { .check = check } };

    feed(arg, &event);
}

static void on_save(void *arg, const char *full_name, const void *bytes, size_t n)
{
    struct daemon *d = arg;

    state_save(d->state, full_name, bytes, n);
}

static size_t on_recall(void *arg, const char *full_name, void *bytes, size_t room)
{
    struct daemon *d = arg;

    return state_recall(d->state, full_name, bytes, room);
}

/* ---- the endpoint: a taken port is reported and tried again, never fatal */

/* `stalled` is said well before the guard ends the core for it. */
static uint64_t stalled_after(const struct model_settings *settings)
{
    return settings->guard_stall / 3 < STALLED ? settings->guard_stall / 3 : STALLED;
}

static void open_endpoint(struct daemon *d)
{
    const struct model_settings *settings = &engine_model(d->engine)->settings;
    struct serve_settings serve = { .host = settings->listen_host, .port = settings->listen_port, .allow_hosts = settings->allow_hosts, .stall = stalled_after(settings) };
    struct moment now = clock_moment();
    char why[256];

    d->serve = serve_start(&serve, why, sizeof why);
    if (!d->serve) {
        daemon_self_port(&d->self, why);
        return;
    }
    daemon_self_port(&d->self, NULL);
    daemon_self_answering(d->state, serve.host, serve_port(d->serve));
    serve_turned(d->serve, now.awake);
    publish_now(d, &now);
}

/* ---- the tick: once a second, so that a quiet loop turns as well */

static void write_old_state(struct daemon *d, const struct moment *now)
{
    d->old_state_due = d->turned = false;
    d->old_state_at = now->awake;
    daemon_self_write(&d->self, d->engine, d->hosts, d->state, now);
}

static void begin_load(struct daemon *d, const struct config_source *source);

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;
    struct moment now = clock_moment();

    (void)loop, (void)events;
    guarded_beat();
    daemon_lack_look(&d->self.lack, now.awake);
    tell_gap(d, &now);
    if (now.awake - d->began >= RESTART_SHOWN)
        daemon_self_restarted(&d->self, d->settings.safe, NULL);
    if (d->serve)
        serve_turned(d->serve, now.awake);
    else
        open_endpoint(d);
    if (d->old_state_due && now.awake - d->old_state_at >= (d->turned ? OLD_STATE_DISTANCE : OLD_STATE_REFRESH))
        write_old_state(d, &now);
    daemon_self_retry(&d->self, d->engine, d->hosts, d->state, &now);
    hosts_look(d->hosts);
    state_flush(d->state);
    memory_give_back(now.awake);
    if (now.awake - d->published_at >= PUBLISH_REFRESH || daemon_self_changed(&d->self, d->hosts, d->state))
        publish(d, &now);
    daemon_control_tick(&d->control, now.awake);
    if (watch_look(d->watch, now.awake) || hosts_found(d->hosts))
        d->reload_due = true;
    if (d->reload_due && !d->load)
        begin_load(d, NULL);
}

/* ---- configuration: whole or not at all */

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
    carry_out(d, &now);
    if (moved) {
        serve_stop(d->serve);
        d->serve = NULL;
    }
    if (!d->serve)
        open_endpoint(d);
    publish(d, &now);
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
        begin_load(d, source);
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

    if (!take_model(d, model)) {
        daemon_control_loaded(&d->control, NULL, NULL);
        return false;
    }
    whole = !from_disk || daemon_self_pack(d->state, config);
    daemon_control_loaded(&d->control, config, model);
    daemon_control_settings(&d->control, &model->settings, d->state);
    guarded_tell(model->settings.guard_stall, state_folder(d->state));
    guarded_ready();
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
    publish(d, &now);
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

static void begin_load(struct daemon *d, const struct config_source *source)
{
    struct load_request request = {
        .loop = d->loop,
        .hosts = d->hosts,
        .file = d->settings.config,
        .source = source,
        .tolerate = true,
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

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;

    (void)loop, (void)events;
    if (!d->load)
        begin_load(d, NULL);
}

/* ---- commands and signals */

/* At once, or when the load on its way has ended: that has read the files already. */
static void reload(void *arg)
{
    struct daemon *d = arg;

    d->reload_due = true;
    if (!d->load && engine_model(d->engine))
        begin_load(d, NULL);
}

static void show_status(void *arg, struct buffer *out)
{
    struct daemon *d = arg;
    struct moment now = clock_moment();
    struct snapshot *snapshot = take_snapshot(d, &now);

    if (snapshot)
        render_status(snapshot, false, out);
    snapshot_drop(snapshot);
}

static void quit(void *arg)
{
    struct daemon *d = arg;

    d->quitting = true;
    ev_break(d->loop, EVBREAK_ALL);
}

/* ---- life */

static void init_watchers(struct daemon *d)
{
    ev_timer_init(&d->wake, on_wake, 0., 0.);
    ev_timer_init(&d->publish, on_publish, 0., 0.);
    ev_timer_init(&d->tick, on_tick, 1., 1.);
    ev_timer_init(&d->again, on_again, 0., 0.);
    d->wake.data = d->publish.data = d->tick.data = d->again.data = d;
    ev_set_priority(&d->wake, EV_MINPRI); /* results of the same instant are judged before timers */
    daemon_signals_begin(d->loop, &(struct daemon_signals){ .reload = reload, .quit = quit, .arg = d });
}

static bool create(struct daemon *d)
{
    struct daemon_control_calls control = { .reload = reload, .status = show_status, .arg = d };
    struct instances_calls calls = { .done = on_done, .nudge = on_nudge, .save = on_save, .recall = on_recall, .arg = d };

    d->loop = loop_create();
    d->engine = engine_create(random_id());
    if (!d->loop || !d->engine)
        return false;
    d->hosts = daemon_self_hosts(d->loop);
    d->secrets = secrets_create(d->loop, NULL);
    if (!d->hosts || !d->secrets)
        return false;
    daemon_control_begin(&d->control, d->loop, d->hosts, &control);
    d->self.control = d->control.why;
    d->instances = instances_create(d->loop, d->hosts, d->secrets, &calls);
    return d->instances != NULL;
}

static void destroy(struct daemon *d)
{
    struct moment now = clock_moment();

    load_stop(d->load);
    config_source_free(d->self.source);
    serve_stop(d->serve);
    daemon_control_end(&d->control);
    if (d->state && engine_model(d->engine))
        write_old_state(d, &now);
    instances_free(d->instances);
    if (d->secrets)
        secrets_free(d->secrets);
    if (d->hosts)
        hosts_free(d->hosts);
    watch_free(d->watch);
    state_close(d->state);
    if (d->engine)
        engine_free(d->engine);
    if (d->loop) {
        daemon_signals_end(d->loop);
        ev_loop_destroy(d->loop);
    }
    daemon_self_free(&d->self);
    log_close();
}

int daemon_run(const struct daemon_settings *settings)
{
    struct daemon d = { .settings = *settings };
    struct moment now = clock_moment();

    log_open(&(struct log_settings){ .level = LOG_LEVEL_INFO, .to_stderr = true });
    signal(SIGPIPE, SIG_IGN);
    d.seen_elapsed = now.elapsed;
    d.began = now.awake;
    daemon_self_restarted(&d.self, settings->safe, settings->after);
    if (create(&d)) {
        daemon_self_begin(&d.self, &now);
        init_watchers(&d);
        begin_load(&d, NULL);
        ev_run(d.loop, 0);
    } else {
        fprintf(stderr, "talon: cannot start: no memory or no descriptor left\n");
        d.exit_code = 3;
    }
    destroy(&d);
    return d.exit_code;
}
