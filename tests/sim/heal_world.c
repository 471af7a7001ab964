/* See heal_world.h. One queue of events for both machines: what heal wants of the engine becomes the engine's next event. */
#include "heal_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX

void world_break(struct world *w, const char *format, ...)
{
    va_list ap;

    if (w->broken[0])
        return;
    va_start(ap, format);
    vsnprintf(w->broken, sizeof w->broken, format, ap);
    va_end(ap);
}

/* ---- heal's effects */

static void push(struct world *w, const struct engine_event *event, const char *who)
{
    size_t at = (w->first + w->n_queue) % WORLD_QUEUE;

    if (w->n_queue == WORLD_QUEUE) {
        world_break(w, "the queue of events never ends");
        return;
    }
    w->n_queue++;
    w->queue[at].event = *event;
    snprintf(w->queue[at].who, sizeof w->queue[at].who, "%s", who);
}

static void act(struct world *w, const struct heal_effect *effect, size_t service, const char *name, uint64_t action, bool collects)
{
    struct world_action *made = &w->actions[w->n_actions];
    uint64_t takes = w->action_takes;

    if (w->n_actions == WORLD_ACTIONS) {
        world_break(w, "more actions than can be");
        return;
    }
    w->n_actions++;
    *made = (struct world_action){ .action = action, .run = effect->run, .way = w->way, .service = service, .collects = collects };
    if (w->choose)
        made->way = w->choose(w, service, name, &takes);
    made->ends = made->way == WAY_HANGS ? NEVER : w->now.awake + takes;
}

static size_t service_of(struct world *w, uint64_t run)
{
    size_t n;
    const struct heal_running *all = heal_running(w->heal, &n);

    for (size_t i = 0; i < n; i++)
        if (all[i].run == run)
            return model_service(engine_model(w->engine), all[i].service);
    return MODEL_NONE;
}

static void cancel(struct world *w, uint64_t action)
{
    for (size_t i = 0; i < w->n_actions; i++)
        if (w->actions[i].action == action)
            w->actions[i--] = w->actions[--w->n_actions];
}

static void take(struct world *w, const struct heal_effect *effect)
{
    struct world_take *made = &w->takes[w->n_takes];

    if (w->n_takes == WORLD_TAKES) {
        world_break(w, "more intents than can be");
        return;
    }
    w->n_takes++;
    *made = (struct world_take){ .run = effect->run, .at = w->now.awake + w->take_takes, .durable = !w->store_down, .refused = w->locked };
    if (w->is_locked && w->is_locked(w, effect->of.take.runbook))
        made->refused = true;
    snprintf(made->service, sizeof made->service, "%s", effect->of.take.service);
}

static void carry_out(struct world *w, const struct heal_effect *effect)
{
    switch (effect->kind) {
    case HEAL_TAKE:
        take(w, effect);
        break;
    case HEAL_ACT:
        act(w, effect, service_of(w, effect->run), effect->of.act.what->name, effect->of.act.action, effect->of.act.collects);
        break;
    case HEAL_ASK_AGENT:
        act(w, effect, effect->of.agent.service, "agent", effect->of.agent.action, false);
        break;
    case HEAL_CANCEL:
        cancel(w, effect->of.cancel.action);
        break;
    case HEAL_CHECK:
        push(w, &(struct engine_event){ .kind = EVENT_WANT, .of.want = { effect->of.check.check } }, "");
        break;
    case HEAL_TELL:
        push(w, &(struct engine_event){ .kind = EVENT_HEALING, .of.healing = effect->of.tell.healing }, effect->of.tell.who);
        break;
    case HEAL_WAKE_AT:
        w->heal_wake = effect->of.wake.awake;
        break;
    case HEAL_OVER:
    case HEAL_NOTIFY:
    case HEAL_KEEP:
    case HEAL_PUBLISH:
        break;
    }
}

static bool heal_once(struct world *w, const struct heal_event *event)
{
    const bool done = heal_event(w->heal, w->engine, &w->now, event);
    size_t n;
    const struct heal_effect *effects = heal_effects(w->heal, &n);

    for (size_t i = 0; i < n; i++) {
        if (w->tell)
            w->tell(w, &effects[i]);
        carry_out(w, &effects[i]);
    }
    return done;
}

/* ---- the engine's */

static void start(struct world *w, const struct engine_effect *effect)
{
    struct world_check *c = &w->checks[effect->of.start.check];

    c->run = effect->of.start.run;
    c->ends = w->now.awake + (c->takes < effect->of.start.timeout ? c->takes : effect->of.start.timeout);
}

static void follow(struct world *w)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(w->engine, &n);

    for (size_t i = 0; i < n; i++) {
        if (effects[i].kind == EFFECT_START_CHECK)
            start(w, &effects[i]);
        else if (effects[i].kind == EFFECT_WAKE_AT)
            w->wake = effects[i].of.wake.awake;
        else if (effects[i].kind == EFFECT_OBSERVE)
            push(w, &(struct engine_event){ .kind = EVENT_OBSERVED, .of.observed = { effects[i].of.observe.asked, w->sickness, "it is so" } }, "");
        for (size_t k = 0; effects[i].kind == EFFECT_CANCEL && k < WORLD_CHECKS; k++)
            if (w->checks[k].run == effects[i].of.cancel.run)
                w->checks[k].run = 0;
        if (effects[i].kind == EFFECT_NOTIFY && w->noticed)
            w->noticed(w, &effects[i]);
        if (effects[i].kind == EFFECT_JUDGED && w->judged)
            w->judged(w, &effects[i]);
        if (effects[i].kind == EFFECT_JUDGED)
            heal_once(w, &(struct heal_event){ .kind = HEAL_RESULT,
                                               .of.result = { effects[i].of.judged.check, effects[i].of.judged.run, effects[i].of.judged.result,
                                                              effects[i].of.judged.cause == CAUSE_SCHEDULE } });
    }
}

static void feed(struct world *w, const struct engine_event *event, const struct heal_event *first)
{
    w->events++;
    if (w->before)
        w->before(w, event);
    if (engine_event(w->engine, &w->now, event) != ENGINE_DONE)
        return;
    if (first)
        heal_once(w, first);
    follow(w);
    heal_once(w, &(struct heal_event){ .kind = HEAL_JUDGED });
    if (w->after)
        w->after(w, event);
}

static void drain(struct world *w)
{
    while (w->n_queue > 0 && !w->broken[0]) {
        size_t at = w->first;

        w->first = (w->first + 1) % WORLD_QUEUE;
        w->n_queue--;
        if (w->queue[at].event.kind == EVENT_HEALING)
            w->queue[at].event.of.healing.who = w->queue[at].who;
        feed(w, &w->queue[at].event, NULL);
    }
}

void world_feed(struct world *w, const struct engine_event *event)
{
    feed(w, event, NULL);
    drain(w);
}

bool world_heal(struct world *w, const struct heal_event *event)
{
    bool done;

    if (w->before)
        w->before(w, NULL);
    done = heal_once(w, event);
    w->events++;
    if (w->after)
        w->after(w, NULL);
    drain(w);
    return done;
}

/* ---- begin, and models */

void world_begin(struct world *w, uint64_t seed, const struct model *model)
{
    memset(w, 0, sizeof *w);
    w->engine = engine_create(seed);
    w->heal = heal_create();
    w->seed = seed;
    w->now = (struct moment){ .awake = SECONDS(3600), .elapsed = SECONDS(5000), .wall = (int64_t)SECONDS(1700000000), .boot = 1 };
    w->wake = w->heal_wake = NEVER;
    w->action_takes = SECONDS(2);
    w->take_takes = MS(20);
    for (size_t i = 0; i < WORLD_CHECKS; i++)
        w->checks[i] = (struct world_check){ .status = STATUS_OK, .takes = MS(1), .metric = WORLD_OLD };
    if (!w->engine || !w->heal || model->n_checks > WORLD_CHECKS)
        abort();
    world_reload(w, model);
}

void world_end(struct world *w)
{
    heal_free(w->heal);
    engine_free(w->engine);
}

/* Targets of the same full name stay as they are. */
static void move_checks(struct world *w, const struct model *old, const struct model *model)
{
    struct world_check before[WORLD_CHECKS];

    memcpy(before, w->checks, sizeof before);
    for (size_t i = 0; i < model->n_checks; i++) {
        size_t at = model_check(old, model->checks[i].full_name);

        w->checks[i] = at == MODEL_NONE ? (struct world_check){ .status = STATUS_OK, .takes = MS(1), .metric = WORLD_OLD } : before[at];
    }
    for (size_t i = model->n_checks; i < WORLD_CHECKS; i++)
        w->checks[i].run = 0;
}

void world_reload(struct world *w, const struct model *model)
{
    const struct model *old = engine_model(w->engine) ? model_keep(engine_model(w->engine)) : NULL;

    if (old) {
        for (size_t i = 0; i < old->n_checks; i++)
            if (w->checks[i].run && model_check(model, old->checks[i].full_name) == MODEL_NONE)
                w->checks[i].run = 0;
        move_checks(w, old, model);
    }
    feed(w, &(struct engine_event){ .kind = EVENT_MODEL, .of.model = model }, &(struct heal_event){ .kind = HEAL_MODEL });
    drain(w);
    model_drop(model);
    model_drop(old);
}

/* ---- time */

static void advance(struct world *w, uint64_t awake)
{
    uint64_t ns = awake > w->now.awake ? awake - w->now.awake : 0;

    w->now.awake += ns;
    w->now.elapsed += ns;
    w->now.wall += (int64_t)ns;
    w->real += ns;
}

static struct result *make(const struct world *w, const struct world_check *c, bool late)
{
    const struct result_metric metric = { .name = (char *)(uintptr_t) "uptime", .value = c->metric, .unit = (char *)(uintptr_t) "s" };
    enum status status = late ? STATUS_FAIL : c->status;

    return result_make(status, late ? "timeout" : status == STATUS_FAIL ? "connect.refused" : "", "as it is", 1, &metric, w->hardly ? 0 : 1, NULL, 0);
}

static void end_check(struct world *w, size_t check)
{
    struct world_check *c = &w->checks[check];
    struct result *result = make(w, c, c->takes >= engine_model(w->engine)->checks[check].timeout);
    struct engine_event event = { .kind = EVENT_RESULT, .of.result = { c->run, result } };

    c->run = 0;
    world_feed(w, &event);
    result_drop(result);
}

static void mend(struct world *w, size_t service, const char *name)
{
    const struct model_service *s = &engine_model(w->engine)->services[service];

    if (w->worked) {
        w->worked(w, service, name);
        return;
    }
    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        w->checks[i].status = STATUS_OK;
}

static void end_action(struct world *w, size_t at)
{
    static const enum status statuses[] = { STATUS_OK, STATUS_FAIL, STATUS_OK, STATUS_UNKNOWN, STATUS_FAIL, STATUS_FAIL };
    struct world_action ended = w->actions[at];
    struct result *result = result_make(statuses[ended.way], "", "as it went", 1, NULL, 0, NULL, 0);

    w->actions[at] = w->actions[--w->n_actions];
    if (ended.way == WAY_WORKS && !ended.collects && ended.service != MODEL_NONE && ended.service < engine_model(w->engine)->n_services)
        mend(w, ended.service, "");
    if (w->ended)
        w->ended(w, &ended);
    world_heal(w, &(struct heal_event){ .kind = HEAL_ENDED, .of.ended = { ended.action, ended.way == WAY_DIES ? NULL : result, ended.way == WAY_DIES } });
    result_drop(result);
}

static void end_take(struct world *w, size_t at)
{
    struct world_take ended = w->takes[at];

    w->takes[at] = w->takes[--w->n_takes];
    if (w->taken)
        w->taken(w, ended.run, ended.refused);
    if (ended.refused)
        world_heal(w, &(struct heal_event){ .kind = HEAL_NOT_TAKEN, .of.not_taken = { ended.run, "lock", "somebody" } });
    if (ended.refused)
        return;
    world_heal(w, &(struct heal_event){ .kind = HEAL_TAKEN, .of.taken = { ended.run, ended.durable } });
}

static uint64_t next_end(const struct world *w, size_t *check, size_t *action, size_t *taken)
{
    uint64_t next = NEVER;

    *check = *action = *taken = MODEL_NONE;
    for (size_t i = 0; i < engine_model(w->engine)->n_checks; i++)
        if (w->checks[i].run && w->checks[i].ends < next)
            next = w->checks[i].ends, *check = i;
    for (size_t i = 0; i < w->n_actions; i++)
        if (w->actions[i].ends < next)
            next = w->actions[i].ends, *action = i, *check = MODEL_NONE;
    for (size_t i = 0; i < w->n_takes; i++)
        if (w->takes[i].at < next)
            next = w->takes[i].at, *taken = i, *action = *check = MODEL_NONE;
    return next;
}

bool world_step(struct world *w, uint64_t most)
{
    size_t check, action, taken;
    uint64_t end = next_end(w, &check, &action, &taken), until = w->now.awake + most, next = end;

    if (w->broken[0])
        return false;
    next = w->wake < next ? w->wake : next;
    next = w->heal_wake < next ? w->heal_wake : next;
    if (next > until) {
        advance(w, until);
        return false;
    }
    advance(w, next);
    if (end <= next && check != MODEL_NONE)
        end_check(w, check);
    else if (end <= next && action != MODEL_NONE)
        end_action(w, action);
    else if (end <= next && taken != MODEL_NONE)
        end_take(w, taken);
    else if (w->wake <= next)
        world_feed(w, &(struct engine_event){ .kind = EVENT_TIME });
    else
        world_heal(w, &(struct heal_event){ .kind = HEAL_TIME });
    return true;
}

void world_pass(struct world *w, uint64_t ns)
{
    const uint64_t until = w->now.awake + ns;
    uint64_t last = w->now.awake;

    for (unsigned same = 0; w->now.awake < until && !w->broken[0];) {
        world_step(w, until - w->now.awake);
        same = w->now.awake == last ? same + 1 : 0;
        last = w->now.awake;
        if (same > 100000)
            world_break(w, "time stands still");
    }
}

void world_gap(struct world *w, uint64_t ns, bool awake)
{
    w->now.elapsed += ns;
    w->now.wall += (int64_t)ns;
    w->real += ns;
    if (awake)
        w->now.awake += ns;
    world_feed(w, &(struct engine_event){ .kind = EVENT_GAP, .of.gap = { ns } });
    world_heal(w, &(struct heal_event){ .kind = HEAL_TIME });
}

void world_store(struct world *w, enum heal_store store, bool set_aside)
{
    w->store_down = store != STORE_UP;
    world_heal(w, &(struct heal_event){ .kind = HEAL_STORE, .of.store = { store, set_aside } });
}

/* ---- another process */

void world_restart(struct world *w, uint64_t away, bool booted)
{
    const struct model *model = model_keep(engine_model(w->engine));
    struct engine_kept *kept = engine_export(w->engine, &w->now);
    struct heal_kept *healed = heal_through(heal_export(w->heal, &w->now));

    heal_free(w->heal);
    engine_free(w->engine);
    w->heal = heal_create();
    w->engine = engine_create(w->seed);
    w->n_actions = w->n_takes = w->n_queue = 0;
    w->wake = w->heal_wake = NEVER;
    for (size_t i = 0; i < WORLD_CHECKS; i++)
        w->checks[i].run = 0;
    w->real += away;
    w->now.awake += away;
    w->now.elapsed += away;
    w->now.wall += (int64_t)away;
    if (booted) {
        w->now.boot++;
        w->now.awake = w->now.elapsed = SECONDS(30);
    }
    if (!kept || !w->heal || !w->engine)
        abort();
    if (w->restarted)
        w->restarted(w, booted);
    feed(w, &(struct engine_event){ .kind = EVENT_MODEL, .of.model = model }, &(struct heal_event){ .kind = HEAL_MODEL });
    world_heal(w, &(struct heal_event){ .kind = HEAL_ONLY_LOOK, .of.only_look = { w->switched_off, w->safe_mode } });
    if (w->store_down)
        world_heal(w, &(struct heal_event){ .kind = HEAL_STORE, .of.store = { STORE_NEVER_UP, false } });
    if (engine_event(w->engine, &w->now, &(struct engine_event){ .kind = EVENT_RESTORE, .of.kept = kept }) != ENGINE_DONE)
        world_break(w, "what was kept is not taken up");
    follow(w);
    if (!world_heal(w, &(struct heal_event){ .kind = HEAL_RESTORE, .of.kept = healed }))
        world_break(w, "what was kept of repair is not taken up");
    engine_kept_free(kept);
    heal_kept_free(healed);
    model_drop(model);
}

/* ---- people, and names */

bool world_command(struct world *w, enum heal_ask ask, const char *service, const char *runbook, const char *reason)
{
    return world_heal(w, &(struct heal_event){ .kind = HEAL_COMMAND, .of.command = { ask, service, runbook, "somebody", reason } });
}

struct world_check *world_check(struct world *w, const char *full_name)
{
    return &w->checks[model_check(engine_model(w->engine), full_name)];
}

void world_set(struct world *w, const char *service, enum status status)
{
    const struct model_service *s = &engine_model(w->engine)->services[model_service(engine_model(w->engine), service)];

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        w->checks[i].status = status;
}
