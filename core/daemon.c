/*
 * The daemon: the only place where the loop and the engine meet. Events of the world become engine events, the engine's effects become
 * calls; there is no judgement here. The way of a result: timer -> engine says START_CHECK -> instances -> plugin host -> on_done() ->
 * engine -> effects, carried out in daemon_carry_out(). How a configuration gets there is in daemon_load.c.
 */
#include "daemon_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "base/os/memory.h"
#include "base/os/random.h"
#include "daemon_programs.h"
#include "daemon_signals.h"
#include "daemon_windows.h"
#include "guarded.h"

#include <signal.h>
#include <stdio.h>

#define PUBLISH_DISTANCE (100 * (uint64_t)NS_PER_MS)
#define PUBLISH_REFRESH ((uint64_t)NS_PER_S) /* sentences say for how long something has been so: that is to be true */
#define SOON .05                                      /* s: a tick that is due so soon is taken with what woke the loop now */
#define SHORTEST_GAP (5 * (uint64_t)NS_PER_S)
#define STALLED (10 * (uint64_t)NS_PER_S)
#define RESTART_SHOWN (600 * (uint64_t)NS_PER_S)     /* so long status says that the core had to be started again */
#define OLD_STATE_DISTANCE (5 * (uint64_t)NS_PER_S)   /* between two writes when something has turned */
#define OLD_STATE_REFRESH (60 * (uint64_t)NS_PER_S)  /* when nothing has: what the old one took for a round */

/* ---- publishing: at once when the last snapshot is 100 ms old, else when it is */

/* plugins NULL: without them. */
static struct snapshot *make_snapshot(struct daemon *d, const struct moment *now, struct snapshot_plugin *plugins)
{
    struct snapshot_program programs[SNAPSHOT_PROGRAMS];
    struct snapshot_extra extra;

    d->self.programs = d->programs ? programs_trouble(d->programs) : NULL;
    d->self.worker_restarts = d->programs ? programs_restarts(d->programs) : 0;
    extra = daemon_self_extra(&d->self, d->hosts, d->state, plugins);
    extra.programs = programs;
    extra.n_programs = daemon_programs_view(d, programs, SNAPSHOT_PROGRAMS);
    daemon_heal_extra(d, &extra);
    return snapshot_make(d->engine, now, &extra);
}

struct snapshot *daemon_snapshot(struct daemon *d, const struct moment *now)
{
    struct snapshot_plugin plugins[DAEMON_SELF_HOSTS];

    return make_snapshot(d, now, plugins);
}

static void publish_now(struct daemon *d, const struct moment *now)
{
    struct snapshot *snapshot = daemon_snapshot(d, now);

    ev_timer_stop(d->loop, &d->publish);
    d->published_at = now->awake;
    if (d->serve)
        serve_past(d->serve, d->store, store_ask);
    if (snapshot && d->serve)
        serve_publish(d->serve, snapshot);
    else
        snapshot_drop(snapshot);
}

void daemon_publish(struct daemon *d, const struct moment *now)
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
    if (effect->of.record.kind != RECORD_SERVICE_CHANGED || index >= model->n_services)
        return;
    log_info("service has changed", "service", model->services[index].name, "from", engine_verdict_name((enum engine_verdict)effect->of.record.from), "to",
                 engine_verdict_name((enum engine_verdict)effect->of.record.to), NULL);
}

void daemon_notify(struct daemon *d, const struct moment *now, const struct engine_effect *effect)
{
    memory_effect(d->memory, d->engine, now, effect);
    daemon_self_notice(engine_model(d->engine), effect);
    daemon_outbox_notice(d, now, effect);
}

void daemon_carry_out(struct daemon *d, const struct moment *now)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(d->engine, &n);

    for (size_t i = 0; i < n; i++) {
        if (effects[i].kind != EFFECT_NOTIFY)
            memory_effect(d->memory, d->engine, now, &effects[i]);
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
            if (effects[i].of.record.kind == RECORD_ROUND)
                daemon_heartbeat(d, now);
            break;
        case EFFECT_PUBLISH:
            daemon_publish(d, now);
            break;
        case EFFECT_LOG:
            daemon_self_tell(engine_model(d->engine), &effects[i]);
            break;
        case EFFECT_NOTIFY:
            daemon_notify(d, now, &effects[i]);
            break;
        case EFFECT_JUDGED:
            daemon_heal_result(d, effects[i].of.judged.check, effects[i].of.judged.result, effects[i].of.judged.run, effects[i].of.judged.cause == CAUSE_SCHEDULE);
            break;
        case EFFECT_COLLECT: /* the memory has */
            break;
        case EFFECT_OBSERVE:
            daemon_observer_ask(d->observer, effects[i].of.observe.asked);
            break;
        case EFFECT_RECORD_INTENT:
        case EFFECT_RUN_ACTION:
            log_error("the engine asked for what is the machine's of repair to ask", NULL);
            break;
        }
    }
    daemon_memory_settle(d, now);
    daemon_heal_judged(d, now);
}

/* ---- events: all go through daemon_feed(), which also sees when the loop was stopped for long */

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
        daemon_carry_out(d, now);
}

enum engine_outcome daemon_feed(struct daemon *d, const struct engine_event *event)
{
    struct moment now = clock_moment();
    enum engine_outcome outcome;

    tell_gap(d, &now);
    outcome = engine_event(d->engine, &now, event);
    if (event->kind == EVENT_COMMAND)
        memory_command(d->memory, &now, &event->of.command, outcome == ENGINE_DONE ? NULL : engine_refusal(d->engine));
    if (outcome == ENGINE_DONE)
        daemon_carry_out(d, &now);
    return outcome;
}

static void on_wake(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;
    struct engine_event event = { .kind = EVENT_TIME };

    (void)events;
    daemon_feed(d, &event);
    if (ev_is_active(&d->tick) && ev_timer_remaining(loop, &d->tick) < SOON) { /* one wake-up for both, from now on */
        ev_timer_again(loop, &d->tick);
        ev_feed_event(loop, &d->tick, EV_TIMER);
    }
}

static void on_done(void *arg, size_t check, uint64_t run, struct result *result)
{
    struct daemon *d = arg;
    struct engine_event event = { .kind = result ? EVENT_RESULT : EVENT_RUN_LOST, .of.result = { .run = run, .result = result } };

    if (result) {
        const struct moment now = clock_moment();

        memory_run(d->memory, d->engine, &now, check, result);
    }
    daemon_feed(d, &event);
    if (result)
        memory_judged(d->memory, d->engine, check, result);
    if (result)
        daemon_programs_result(d, check, result);
    result_drop(result);
}

static void on_nudge(void *arg, size_t check)
{
    struct engine_event event = { .kind = EVENT_NUDGE, .of.nudge = { .check = check } };

    daemon_feed(arg, &event);
}

static void on_sample(void *arg, uint64_t asked, enum daemon_sickness sickness, const char *why)
{
    static const enum engine_sickness of_engine[] = { [HOST_WELL] = SICKNESS_NONE, [HOST_LOST_ITS_WAY] = SICKNESS_ROUTE, [HOST_SICK] = SICKNESS_ALL };
    struct engine_event event = { .kind = EVENT_OBSERVED, .of.observed = { .asked = asked, .sickness = of_engine[sickness], .why = why } };
    struct daemon *d = arg;

    snprintf(d->self.observer, sizeof d->self.observer, "%s%s", sickness != HOST_WELL ? "this host is not well, what times out proves nothing: " : "", why);
    daemon_feed(d, &event);
}

static void on_save(void *arg, const char *full_name, const void *bytes, size_t n)
{
    struct daemon *d = arg;

    if (!daemon_has_reports(d, full_name))
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

void daemon_open_endpoint(struct daemon *d)
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
    struct snapshot *snapshot = make_snapshot(d, now, NULL); /* what runs is told by who runs */

    d->old_state_due = d->turned = false;
    d->old_state_at = now->awake;
    if (snapshot)
        daemon_self_write(d->state, snapshot);
    snapshot_drop(snapshot);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct daemon *d = timer->data;
    struct moment now = clock_moment();

    (void)loop, (void)events;
    guarded_beat();
    daemon_lack_look(&d->self.lack, now.awake);
    daemon_observer_tick(d->observer, &now);
    tell_gap(d, &now);
    daemon_memory_tick(d, &now);
    daemon_heal_tick(d, &now);
    daemon_outbox_turn(d, &now);
    daemon_windows_look(d, &now);
    if (now.awake - d->began >= RESTART_SHOWN)
        daemon_self_restarted(&d->self, d->settings.safe, NULL);
    if (d->serve)
        serve_turned(d->serve, now.awake);
    else
        daemon_open_endpoint(d);
    if (d->old_state_due && now.awake - d->old_state_at >= (d->turned ? OLD_STATE_DISTANCE : OLD_STATE_REFRESH))
        write_old_state(d, &now);
    if (daemon_self_retry(&d->self, d->state, &now))
        write_old_state(d, &now);
    hosts_look(d->hosts);
    state_flush(d->state);
    memory_give_back(now.awake);
    if (now.awake - d->published_at >= PUBLISH_REFRESH || daemon_self_changed(&d->self, d->hosts, d->state))
        daemon_publish(d, &now);
    daemon_control_tick(&d->control, now.awake);
    if (watch_look(d->watch, now.awake) || hosts_found(d->hosts))
        d->reload_due = true;
    if (d->reload_due && !d->load)
        daemon_begin_load(d, NULL);
}

/* ---- commands and signals */

static void show_status(void *arg, struct buffer *out)
{
    struct daemon *d = arg;
    struct moment now = clock_moment();
    struct snapshot *snapshot = daemon_snapshot(d, &now);

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
    ev_timer_init(&d->again, daemon_on_again, 0., 0.);
    daemon_memory_begin(d);
    d->wake.data = d->publish.data = d->tick.data = d->again.data = d;
    ev_set_priority(&d->wake, EV_MINPRI); /* results of the same instant are judged before timers */
    daemon_signals_begin(d->loop, &(struct daemon_signals){ .reload = daemon_reload, .quit = quit, .arg = d });
}

static bool create(struct daemon *d)
{
    struct daemon_control_calls control = { .reload = daemon_reload, .status = show_status, .notify_list = outbox_asked_list, .notify_test = outbox_asked_test, .arg = d,
                                            .programs = { daemon_programs_show, daemon_programs_start, daemon_programs_stop, daemon_programs_restart } };
    struct instances_calls calls = { .done = on_done, .nudge = on_nudge, .save = on_save, .recall = on_recall, .arg = d };

    control.people = daemon_people_calls(d);
    d->loop = loop_create();
    d->engine = engine_create(random_id());
    if (!d->loop || !d->engine)
        return false;
    if (!daemon_heal_create(d) || !daemon_outbox_create(d))
        return false;
    d->hosts = daemon_self_hosts(d->loop);
    d->secrets = secrets_create(d->loop, NULL);
    if (!d->hosts || !d->secrets)
        return false;
    if (!daemon_programs_begin(d))
        return false;
    d->observer = daemon_observer_create(d->loop, &(struct daemon_observer_calls){ .sample = on_sample, .arg = d });
    if (!d->observer)
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
    daemon_observer_free(d->observer);
    serve_stop(d->serve);
    daemon_control_end(&d->control);
    daemon_programs_end(d);
    if (d->state && engine_model(d->engine))
        write_old_state(d, &now);
    daemon_heal_end(d);
    daemon_outbox_end(d);
    instances_free(d->instances);
    if (d->secrets)
        secrets_free(d->secrets);
    if (d->hosts)
        hosts_free(d->hosts);
    watch_free(d->watch);
    daemon_memory_end(d, &now);
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
        daemon_begin_load(&d, NULL);
        ev_run(d.loop, 0);
    } else {
        fprintf(stderr, "talon: cannot start: no memory or no descriptor left\n");
        d.exit_code = 3;
    }
    destroy(&d);
    return d.exit_code;
}
