/* How repair and the engine speak with each other in a rehearsal: one queue of events for both, since neither may be asked from within the other's effects. */
#include "rehearse/world.h"

#include <stdlib.h>
#include <string.h>

/* ---- the queue ---- */

struct repair_queued *repair_queue(struct world *w, bool of_engine)
{
    struct repair *r = &w->repair;
    struct repair_queued *grown;

    if (r->first > 0 && r->first == r->n_queued)
        r->first = r->n_queued = 0;
    if (r->n_queued == r->room) {
        grown = realloc(r->queue, (r->room * 2 + 64) * sizeof *grown);
        if (!grown) {
            w->no_memory = true;
            return NULL;
        }
        r->queue = grown;
        r->room = r->room * 2 + 64;
    }
    grown = &r->queue[r->n_queued++];
    *grown = (struct repair_queued){ .of_engine = of_engine };
    return grown;
}

void repair_queue_heal(struct world *w, const struct heal_event *event)
{
    struct repair_queued *queued = repair_queue(w, false);

    if (queued)
        queued->heal = *event;
}

void repair_judged(struct world *w, bool new_model)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(w->engine, &n);
    struct heal_event event = { .kind = HEAL_MODEL };

    if (new_model)
        repair_queue_heal(w, &event);
    for (size_t i = 0; i < n; i++) {
        struct repair_queued *queued = effects[i].kind == EFFECT_JUDGED ? repair_queue(w, false) : NULL;

        if (!queued)
            continue;
        queued->result = result_keep(effects[i].of.judged.result);
        queued->heal.kind = HEAL_RESULT;
        queued->heal.of.result.check = effects[i].of.judged.check;
        queued->heal.of.result.result = queued->result;
        queued->heal.of.result.run = effects[i].of.judged.run;
        queued->heal.of.result.tick = effects[i].of.judged.cause == CAUSE_SCHEDULE;
    }
    event.kind = HEAL_JUDGED;
    repair_queue_heal(w, &event);
}

/* ---- events ---- */

static void give(struct world *w, struct repair_queued *queued)
{
    if (queued->of_engine && queued->engine.kind == EVENT_HEALING && queued->engine.of.healing.who)
        queued->engine.of.healing.who = queued->who;
    if (queued->of_engine)
        world_feed(w, &queued->engine);
    else if (heal_event(w->repair.heal, w->engine, &w->now, &queued->heal))
        repair_carry_out(w);
    w->done->events++;
    result_drop(queued->result);
}

void repair_pump(struct world *w)
{
    struct repair *r = &w->repair;

    if (r->pumping)
        return;
    r->pumping = true;
    while (r->first < r->n_queued && !w->no_memory) {
        struct repair_queued queued = r->queue[r->first++]; /* a copy: the queue may move */

        give(w, &queued);
    }
    r->pumping = false;
}

static struct repair_action *next_to_end(const struct world *w)
{
    const struct repair_action *first = NULL;

    for (size_t i = 0; i < REPAIR_ACTIONS; i++)
        if (w->repair.actions[i].id > 0 && (!first || w->repair.actions[i].ends < first->ends))
            first = &w->repair.actions[i];
    return (struct repair_action *)(uintptr_t)first;
}

uint64_t repair_next(const struct world *w)
{
    const struct repair_action *action = next_to_end(w);

    return action && action->ends < w->repair.wake ? action->ends : w->repair.wake;
}

void repair_step(struct world *w)
{
    struct repair_action *action = next_to_end(w);
    const struct heal_event time = { .kind = HEAL_TIME };

    if (action && action->ends <= w->now.awake)
        repair_end_action(w, action);
    else
        repair_queue_heal(w, &time);
    repair_pump(w);
}

void repair_store(struct world *w, bool down)
{
    const struct heal_event event = { .kind = HEAL_STORE, .of.store = { .store = down ? STORE_LOST : STORE_UP } };

    w->store_down = down;
    repair_queue_heal(w, &event);
    repair_pump(w);
}

void repair_safe_mode(struct world *w, bool on)
{
    const struct heal_event event = { .kind = HEAL_ONLY_LOOK, .of.only_look = { .safe_mode = on } };

    repair_queue_heal(w, &event);
    repair_pump(w);
}

/* ---- life ---- */

static void drop_queue(struct repair *r)
{
    for (; r->first < r->n_queued; r->first++)
        result_drop(r->queue[r->first].result);
    r->first = r->n_queued = 0;
}

void repair_stop(struct world *w)
{
    w->repair.kept = heal_export(w->repair.heal, &w->now);
    w->repair.pumping = true; /* nobody hears what the next engine says before it is restored */
}

void repair_restart(struct world *w, bool lost)
{
    struct repair *r = &w->repair;
    const struct heal_event event = { .kind = HEAL_RESTORE, .of.kept = r->kept };

    heal_free(r->heal);
    drop_queue(r);
    r->pumping = false;
    memset(r->actions, 0, sizeof r->actions);
    memset(r->runs, 0, sizeof r->runs);
    r->wake = UINT64_MAX;
    r->heal = heal_create();
    w->no_memory = w->no_memory || !r->heal || !r->kept;
    if (!w->no_memory) {
        const struct heal_event model = { .kind = HEAL_MODEL }, judged = { .kind = HEAL_JUDGED },
                                set_aside = { .kind = HEAL_STORE, .of.store = { .store = STORE_UP, .set_aside = true } };

        repair_queue_heal(w, &model);
        repair_queue_heal(w, lost ? &set_aside : &event);
        repair_queue_heal(w, &judged);
        repair_pump(w);
    }
    heal_kept_free(r->kept);
    r->kept = NULL;
}

bool repair_begin(struct repair *repair)
{
    *repair = (struct repair){ .heal = heal_create(), .wake = UINT64_MAX };
    return repair->heal != NULL;
}

void repair_end(struct repair *repair)
{
    drop_queue(repair);
    for (size_t i = 0; i < repair->n_seen; i++)
        buffer_free(&repair->seen[i].said);
    if (repair->heal)
        heal_free(repair->heal);
    free(repair->seen);
    free(repair->queue);
}
