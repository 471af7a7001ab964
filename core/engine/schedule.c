/*
 * When a check runs. Slots are a fixed grid: the interval never grows because of failures, and a slot that comes while the run of an earlier
 * one is still going (or waits for its path) is skipped, not made up for. Beside the grid there are quick re-checks and nudges, which only
 * bring a run forward.
 */
#include "engine/engine_private.h"

#define NUDGE_DISTANCE ((uint64_t)NS_PER_S)
#define LEAST_DISTANCE ((uint64_t)NS_PER_MS)
enum { STALE_INTERVALS = 3 };

static uint64_t interval(const struct tables *t, size_t check)
{
    return t->model->checks[check].every > LEAST_DISTANCE ? t->model->checks[check].every : LEAST_DISTANCE;
}

uint64_t schedule_slot(const struct engine *engine, const struct tables *t, size_t check, uint64_t after)
{
    uint64_t every = interval(t, check);
    uint64_t first = engine->epoch + t->checks[check].phase;

    return after < first ? first : first + ((after - first) / every + 1) * every;
}

uint64_t schedule_again(const struct engine *engine, size_t check)
{
    uint64_t distance = engine->t.model->checks[check].confirm_every;
    uint64_t begun = engine->t.checks[check].begun;

    if (distance < LEAST_DISTANCE)
        distance = LEAST_DISTANCE;
    return begun + ((engine->now.awake - begun) / distance + 1) * distance;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void schedule_put(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    uint64_t start = c->slot_at;

    if (!c->run && c->queue == QUEUE_NONE)
        start = sooner(start, sooner(c->again_at, c->nudge_at));
    heap_set(&engine->t.due, check, sooner(start, c->stale_at));
    c->shown.next = start == NEVER ? 0 : engine->now.wall + (int64_t)(start - engine->now.awake);
}

void schedule_heard(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];

    c->stale_at = engine->now.awake + STALE_INTERVALS * interval(&engine->t, check) + engine->t.model->checks[check].timeout;
    if (!c->shown.stale)
        return;
    c->shown.stale = false;
    engine->publish = true;
}

/* ---- what is due */

static void tell_stale(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];

    c->stale_at = NEVER;
    c->shown.stale = true;
    engine->publish = true;
    effects_say(engine, SAY_WARN, engine->t.model->checks[check].service, check, "no result for three intervals and the timeout: what is shown is stale");
}

static void skip_overrun(struct engine *engine, struct check *c, size_t check)
{
    c->shown.skipped++;
    if (c->told_overrun)
        return;
    c->told_overrun = true;
    effects_say(engine, SAY_WARN, engine->t.model->checks[check].service, check, "a turn is skipped: the run before is still going after a whole interval");
}

static void skip_full(struct engine *engine, struct check *c, size_t check)
{
    const struct model *model = engine->t.model;
    size_t path = model->checks[check].path;

    c->shown.skipped++;
    if (c->told_full)
        return;
    c->told_full = true;
    effects_say(engine, SAY_WARN, model->checks[check].service, check, "a turn is skipped: the path %s is full (%u at once), the run before still waits for it",
                model->paths[path].name, paths_bound(model, path));
}

/* A run that began for other reasons within this interval (a nudge, a quick re-check, the first round) is as good as this slot's own. */
static void take_slot(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    uint64_t every = interval(&engine->t, check), slot = c->slot_at;

    c->slot_at = schedule_slot(engine, &engine->t, check, engine->now.awake);
    if (c->run && c->begun + every <= slot + every / 20) {
        skip_overrun(engine, c, check);
    } else if (c->queue != QUEUE_NONE) {
        skip_full(engine, c, check);
    } else if (!c->run) {
        c->told_overrun = c->told_full = false;
        paths_ask(engine, check, WANT_SLOT);
    }
}

static void take_check(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    uint64_t now = engine->now.awake;

    if (c->stale_at <= now)
        tell_stale(engine, check);
    if (c->slot_at <= now)
        take_slot(engine, check);
    if (!c->run && c->queue == QUEUE_NONE && c->again_at <= now)
        paths_ask(engine, check, WANT_CONFIRM);
    if (!c->run && c->queue == QUEUE_NONE && c->nudge_at <= now)
        paths_ask(engine, check, 0);
    schedule_put(engine, check);
}

void schedule_due(struct engine *engine)
{
    size_t item;

    while (heap_least(&engine->t.due, &item) <= engine->now.awake) {
        if (item < engine->t.model->n_checks) {
            take_check(engine, item);
        } else {
            heap_set(&engine->t.due, item, NEVER);
            service_touch(engine, item - engine->t.model->n_checks);
        }
    }
}

/* One a second for a check; many count as one; one that comes during a run is kept for afterwards, because the run may have looked before. */
void schedule_nudge(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    uint64_t now = engine->now.awake;

    if (c->nudge_at == NEVER)
        c->nudge_at = c->nudged_at != NEVER && c->nudged_at + NUDGE_DISTANCE > now ? c->nudged_at + NUDGE_DISTANCE : now;
    if (!c->run && c->queue == QUEUE_NONE && c->nudge_at <= now)
        paths_ask(engine, check, 0);
    schedule_put(engine, check);
}
