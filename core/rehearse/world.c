/* Time, runs and their ends: see world.h. What the scenario does to the world is in acts.c. */
#include "rehearse/world.h"

#include "base/text.h"
#include "windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MOST 20000000u
#define SEED 1
#define LOOK (2 * (uint64_t)NS_PER_MS) /* so long a sample of the observer takes */
#define FASTEST (2 * (uint64_t)NS_PER_MS)
#define SPREAD 40 /* ms: answers take from FASTEST up to so much more */
#define BEGIN_WALL ((int64_t)1767225600 * NS_PER_S) /* 2026-01-01: any would do */

/* ---- effects ---- */

static void start(struct world *w, const struct engine_effect *effect)
{
    const size_t index = w->target_of[effect->of.start.check];
    struct world_target *t = &w->targets[index];
    const uint64_t timeout = effect->of.start.timeout;
    uint64_t takes = t->way && t->way->takes > 0 ? t->way->takes : t->takes;

    t->late = (t->way && t->way->silent) || takes > timeout;
    if (t->late)
        takes = timeout;
    t->run = effect->of.start.run;
    t->begun = w->now.awake;
    t->ends = w->now.awake + takes;
    if (!t->listed)
        w->running[w->n_running++] = index;
    t->listed = true;
}

static void cancel(struct world *w, uint64_t run)
{
    for (size_t i = 0; i < w->n_running; i++)
        if (w->targets[w->running[i]].run == run)
            w->targets[w->running[i]].run = 0;
}

static void carry_out(struct world *w)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(w->engine, &n);

    for (size_t i = 0; i < n; i++) {
        switch (effects[i].kind) {
        case EFFECT_START_CHECK:
            start(w, &effects[i]);
            break;
        case EFFECT_CANCEL:
            cancel(w, effects[i].of.cancel.run);
            break;
        case EFFECT_WAKE_AT:
            w->wake = effects[i].of.wake.awake;
            break;
        case EFFECT_OBSERVE:
            w->asked = effects[i].of.observe.asked;
            w->answers_at = w->now.awake + LOOK;
            break;
        case EFFECT_RECORD:
        case EFFECT_NOTIFY:
            tell_effect(w, &effects[i]);
            break;
        case EFFECT_PUBLISH:
        case EFFECT_LOG:
        case EFFECT_COLLECT:
        case EFFECT_JUDGED:
        case EFFECT_RECORD_INTENT:
        case EFFECT_RUN_ACTION:
            break;
        }
    }
}

enum engine_outcome world_feed(struct world *w, const struct engine_event *event)
{
    const enum engine_outcome outcome = engine_event(w->engine, &w->now, event);

    w->done->events++;
    if (outcome != ENGINE_DONE)
        return outcome;
    if (event->kind == EVENT_MODEL && !world_take(w, event->of.model))
        w->no_memory = true;
    else
        carry_out(w);
    if (!w->no_memory)
        repair_judged(w, event->kind == EVENT_MODEL);
    tell_after(w);
    repair_pump(w);
    return outcome;
}

/* ---- results ---- */

static bool is_bad_now(const struct world *w, const struct world_target *t)
{
    return t->way && (t->way->flap == 0 || (w->now.awake - t->since) / t->way->flap % 2 == 0);
}

static struct result *result_of(const struct world *w, const struct world_target *t)
{
    const uint64_t took = w->now.awake - t->begun;
    const struct scenario_way *way = t->way;
    const bool bad = is_bad_now(w, t);
    char summary[64];

    if (t->late && (bad || !way || !way->silent)) { /* a silent one that flaps is well at the end of a run */
        snprintf(summary, sizeof summary, "no answer within %.3g s", (double)took / 1e9);
        return result_make(STATUS_FAIL, "timeout", summary, took, NULL, 0, NULL, 0);
    }
    if (!bad)
        return result_make(STATUS_OK, "ok", "ok", took, way ? way->metrics : NULL, way ? way->n_metrics : 0, NULL, 0);
    return result_make(way->status, way->reason, way->summary, took, way->metrics, way->n_metrics, NULL, 0);
}

static void end_run(struct world *w, struct world_target *t)
{
    struct engine_event event = { .kind = EVENT_RESULT, .of.result = { .run = t->run, .result = result_of(w, t) } };

    t->run = 0;
    world_feed(w, &event);
    result_drop(event.of.result.result);
}

void world_observe(struct world *w, uint64_t asked)
{
    const struct engine_event event = { .kind = EVENT_OBSERVED, .of.observed = { .asked = asked, .sickness = w->sickness, .why = w->sick_why } };

    if (asked > 0)
        w->asked = 0;
    world_feed(w, &event);
}

/* ---- time ---- */

void world_skip(struct world *w, uint64_t ns, bool awake)
{
    w->at += ns;
    w->now.elapsed += ns;
    w->now.wall += (int64_t)ns;
    w->now.awake += awake ? ns : 0;
}

/* Takes those off the list that do not run any more. The one that ends first; NULL: none runs. */
static struct world_target *next_to_end(struct world *w)
{
    struct world_target *first = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < w->n_running; i++) {
        struct world_target *t = &w->targets[w->running[i]];

        t->listed = t->run > 0;
        if (!t->listed)
            continue;
        w->running[kept++] = w->running[i];
        if (!first || t->ends < first->ends)
            first = t;
    }
    w->n_running = kept;
    return first;
}

static void feed_window(void *arg, const struct engine_event *event)
{
    struct world *w = arg;
    const bool opens = event->kind == EVENT_WINDOW_OPEN;
    char text[2 * ENGINE_NAME];

    snprintf(text, sizeof text, "%s of %s", event->of.window.name, event->of.window.service ? event->of.window.service : "everything");
    if (world_feed(w, event) == ENGINE_DONE)
        tell(w, REHEARSED_STEP, NULL, opens ? "window opens" : "window closes", text);
}

void world_windows(struct world *w)
{
    if (!w->s->dated || !engine_model(w->engine) || (w->now.wall >= w->windows_from && w->now.wall < w->windows_until))
        return;
    w->windows_from = w->now.wall;
    w->windows_until = windows_settle(w->engine, w->now.wall, feed_window, w);
}

/* In awake time, as all that happens by itself. */
static uint64_t next_window(const struct world *w)
{
    if (!w->s->dated || w->windows_until == INT64_MAX)
        return UINT64_MAX;
    return w->now.awake + (w->windows_until > w->now.wall ? (uint64_t)(w->windows_until - w->now.wall) : 0);
}

/* The next thing that happens by itself; false: nothing, up to then. */
static bool step(struct world *w, uint64_t until)
{
    struct world_target *target = next_to_end(w);
    const uint64_t end = target ? target->ends : UINT64_MAX, seen = w->asked > 0 ? w->answers_at : UINT64_MAX;
    const uint64_t window = next_window(w), repair = repair_next(w);
    const struct engine_event time = { .kind = EVENT_TIME };
    uint64_t next = end < seen ? end : seen;

    next = window < next ? window : next;
    next = w->wake < next ? w->wake : next;
    next = repair < next ? repair : next;
    if (next > until || next == UINT64_MAX)
        return false;
    if (next > w->now.awake)
        world_skip(w, next - w->now.awake, true);
    if (window == next)
        world_windows(w);
    else if (end == next)
        end_run(w, target);
    else if (seen == next)
        world_observe(w, w->asked);
    else if (repair == next)
        repair_step(w);
    else
        world_feed(w, &time);
    return true;
}

bool world_pass(struct world *w, uint64_t at)
{
    const uint64_t until = w->now.awake + (at > w->at ? at - w->at : 0);

    while (step(w, until)) {
        if (w->done->events > EVENTS_MOST || w->no_memory) {
            w->done->broken = w->no_memory ? "there is no memory for it" : "more happens in it than can be simulated: make it shorter";
            return false;
        }
    }
    if (until > w->now.awake)
        world_skip(w, until - w->now.awake, true);
    return true;
}

/* ---- models ---- */

bool world_take(struct world *w, const struct model *model)
{
    size_t *target_of = calloc(model->n_checks + 1, sizeof *target_of);
    const char **would_heal = calloc(model->n_services + 1, sizeof *would_heal);

    if (!target_of || !would_heal) {
        free(target_of);
        free(would_heal);
        return false;
    }
    for (size_t i = 0; i < model->n_checks; i++)
        target_of[i] = scenario_target(w->s, model->checks[i].full_name);
    free(w->target_of);
    free(w->would_heal);
    w->target_of = target_of;
    w->would_heal = would_heal;
    carry_out(w);
    return true;
}

struct engine *world_replace(struct world *w)
{
    struct engine *before = w->engine;

    w->engine = engine_create(SEED);
    if (!w->engine) {
        w->engine = before;
        w->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < w->n_running; i++)
        w->targets[w->running[i]].run = 0;
    w->wake = UINT64_MAX;
    w->asked = 0;
    return before;
}

/* ---- life ---- */

bool world_begin(struct world *w, const struct scenario *s, const struct scenario_model *models, struct rehearsal *done)
{
    *w = (struct world){ .s = s, .models = models, .done = done, .wake = UINT64_MAX, .sick_why = "", .state = STATE_STARTING };
    w->now = (struct moment){ .awake = 1000 * (uint64_t)NS_PER_S, .elapsed = 5000 * (uint64_t)NS_PER_S, .wall = s->dated ? s->date : BEGIN_WALL, .boot = 1 };
    w->engine = engine_create(SEED);
    w->targets = calloc(s->n_targets + 1, sizeof *w->targets);
    w->running = calloc(s->n_targets + 1, sizeof *w->running);
    if (!repair_begin(&w->repair) || !w->engine || !w->targets || !w->running)
        return false;
    for (size_t i = 0; i < s->n_targets; i++)
        w->targets[i].takes = FASTEST + NS_PER_MS * (text_hash(TEXT_HASH, s->targets[i].full_name, strlen(s->targets[i].full_name)) % SPREAD);
    return true;
}

void world_end(struct world *w)
{
    tell_forget(w);
    repair_end(&w->repair);
    if (w->engine)
        engine_free(w->engine);
    free(w->targets);
    free(w->running);
    free(w->target_of);
    free(w->would_heal);
    free(w->incidents);
    free(w->told);
}
