/*
 * Runs: their numbers, their begin and their end. The number finds the check again through a small open hash table: a result says only which
 * run it is of, and a reload may have given the check another index meanwhile.
 */
#include "engine/engine_private.h"

enum { LOST_AT_ONCE = 4 };

static size_t home(const struct tables *t, uint64_t run)
{
    return (size_t)run & (t->n_run_slots - 1);
}

static size_t next(const struct tables *t, size_t slot)
{
    return (slot + 1) & (t->n_run_slots - 1);
}

void runs_note(struct tables *t, size_t check)
{
    size_t slot = home(t, t->checks[check].run);

    while (t->run_slots[slot] != MODEL_NONE)
        slot = next(t, slot);
    t->run_slots[slot] = check;
}

static size_t slot_of(const struct tables *t, uint64_t run)
{
    size_t slot = home(t, run);

    while (t->run_slots[slot] != MODEL_NONE && t->checks[t->run_slots[slot]].run != run)
        slot = next(t, slot);
    return slot;
}

size_t runs_find(const struct engine *engine, uint64_t run)
{
    return engine->t.model && run > 0 ? engine->t.run_slots[slot_of(&engine->t, run)] : MODEL_NONE;
}

/* Moves back what stood behind only because this slot was taken. */
static void forget(struct tables *t, uint64_t run)
{
    size_t hole = slot_of(t, run);

    t->run_slots[hole] = MODEL_NONE;
    for (size_t slot = next(t, hole); t->run_slots[slot] != MODEL_NONE; slot = next(t, slot)) {
        size_t wanted = home(t, t->checks[t->run_slots[slot]].run);
        size_t mask = t->n_run_slots - 1;

        if (((slot - wanted) & mask) < ((slot - hole) & mask))
            continue;
        t->run_slots[hole] = t->run_slots[slot];
        t->run_slots[slot] = MODEL_NONE;
        hole = slot;
    }
}

/* A nudge that may run now is answered by whatever run begins: the plugin is told. */
static enum engine_cause cause_of(struct engine *engine, struct check *c)
{
    if (c->nudge_at <= engine->now.awake) {
        c->nudge_at = NEVER;
        c->nudged_at = engine->now.awake;
        return CAUSE_NUDGE;
    }
    if (c->wants & WANT_SLOT)
        return CAUSE_SCHEDULE;
    return c->wants & WANT_NEED ? CAUSE_NEED : c->wants & WANT_HEAL ? CAUSE_HEAL : CAUSE_CONFIRM;
}

void runs_begin(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    size_t path = engine->t.model->checks[check].path;

    if (path != MODEL_NONE)
        engine->t.paths[path].running++;
    c->cause = cause_of(engine, c);
    c->run = ++engine->last_run;
    c->begun = engine->now.awake;
    c->wants = 0;
    c->outdated = false;
    c->again_at = NEVER;
    c->shown.running = true;
    c->shown.last_begun = engine->now.wall;
    runs_note(&engine->t, check);
    effects_start(engine, check);
    schedule_put(engine, check);
}

void runs_end(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    size_t path = engine->t.model->checks[check].path;

    forget(&engine->t, c->run);
    c->run = 0;
    c->shown.running = false;
    if (path != MODEL_NONE)
        engine->t.paths[path].running--;
}

static unsigned want_of(enum engine_cause cause)
{
    switch (cause) {
    case CAUSE_NEED:
        return WANT_NEED;
    case CAUSE_HEAL:
        return WANT_HEAL;
    case CAUSE_CONFIRM:
        return WANT_CONFIRM;
    case CAUSE_SCHEDULE:
    case CAUSE_NUDGE:
        break;
    }
    return WANT_SLOT;
}

/* At once, in the room that it leaves on its path; but a run lost again and again (its plugin's host cannot live) keeps the distance of quick re-checks. */
void runs_again(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    size_t path = engine->t.model->checks[check].path;

    runs_end(engine, check);
    if (c->cause == CAUSE_NUDGE && c->nudge_at == NEVER)
        c->nudge_at = c->nudged_at + NS_PER_S > engine->now.awake ? c->nudged_at + NS_PER_S : engine->now.awake;
    c->wants |= want_of(c->cause);
    if (++c->lost >= LOST_AT_ONCE) {
        c->wants = 0;
        c->again_at = schedule_again(engine, check);
        schedule_put(engine, check);
    } else if (path == MODEL_NONE || engine->t.paths[path].running < paths_bound(engine->t.model, path)) {
        runs_begin(engine, check);
    } else {
        paths_ask(engine, check, 0);
    }
}

void runs_follow(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    size_t path = engine->t.model->checks[check].path;

    if (!c->run && c->queue == QUEUE_NONE && (c->wants || c->nudge_at <= engine->now.awake))
        paths_ask(engine, check, 0);
    schedule_put(engine, check);
    if (path != MODEL_NONE)
        paths_pump(engine, path);
}
