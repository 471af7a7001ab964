/* What a scenario makes happen, one function for each kind, and the rehearsal as a whole. */
#include "rehearse/world.h"

#include <stdlib.h>
#include <string.h>

/* ---- targets ---- */

static void act_way(struct world *w, const struct scenario_step *step)
{
    for (size_t i = 0; i < step->of.way.targets.n; i++) {
        struct world_target *t = &w->targets[step->of.way.targets.all[i]];

        t->way = step->of.way.way;
        t->since = w->now.awake;
    }
}

static void act_nudge(struct world *w, const struct scenario_step *step)
{
    for (size_t i = 0; i < step->of.nudge.n; i++) {
        const char *name = w->s->targets[step->of.nudge.all[i]].full_name;
        const struct engine_event event = { .kind = EVENT_NUDGE, .of.nudge = { .check = model_check(engine_model(w->engine), name) } };

        if (event.of.nudge.check != MODEL_NONE)
            world_feed(w, &event);
    }
}

/* ---- time ---- */

static void act_gap(struct world *w, uint64_t ns, bool awake)
{
    const struct engine_event event = { .kind = EVENT_GAP, .of.gap = { .slept = ns } };

    world_skip(w, ns, awake);
    world_feed(w, &event);
}

static void act_clock(struct world *w, const struct scenario_step *step)
{
    const struct engine_event event = { .kind = EVENT_TIME };

    w->now.wall += step->of.time.backwards ? -(int64_t)step->of.time.ns : (int64_t)step->of.time.ns;
    world_feed(w, &event);
}

/* Windows are opened anew by the daemon, from its calendar, before anything is taken up. */
static void open_windows(struct world *w, const struct engine *before)
{
    size_t n;
    const struct engine_silence *all = engine_silences(before, &n);

    w->windows_until = INT64_MIN;
    world_windows(w);
    for (size_t i = 0; !w->s->dated && i < n; i++) {
        const struct engine_event event = { .kind = EVENT_WINDOW_OPEN, .of.window = { all[i].window, all[i].service[0] ? all[i].service : NULL } };

        if (all[i].window[0])
            world_feed(w, &event);
    }
}

/* Another process takes over: what the one before kept is all that it has. */
static void act_restart(struct world *w, const struct scenario_step *step)
{
    const struct model *model = model_keep(engine_model(w->engine));
    struct engine_kept *kept = engine_export(w->engine, &w->now);
    const struct engine_event first = { .kind = EVENT_MODEL, .of.model = model }, second = { .kind = EVENT_RESTORE, .of.kept = kept };
    struct engine *before;

    repair_stop(w);
    before = kept ? world_replace(w) : NULL;
    if (before) {
        world_skip(w, step->of.time.ns, true);
        if (step->of.time.booted) {
            w->now.boot++;
            w->now.awake = w->now.elapsed = 30 * (uint64_t)NS_PER_S;
            for (size_t i = 0; i < w->s->n_targets; i++)
                w->targets[i].since = 0;
        }
        world_feed(w, &first);
        open_windows(w, before);
        world_feed(w, &second);
        repair_restart(w, step->of.time.lost);
        world_observe(w, 0);
        engine_free(before);
    }
    w->no_memory = w->no_memory || !before;
    engine_kept_free(kept);
    model_drop(model);
}

/* ---- Talon itself ---- */

static void say_self(struct world *w, enum engine_self trouble, bool over, const char *why)
{
    const struct engine_event event = { .kind = EVENT_SELF, .of.self = { .trouble = trouble, .over = over, .why = why } };

    if (trouble == SELF_STORE_DOWN)
        repair_store(w, !over);
    if (trouble == SELF_SAFE_MODE)
        repair_safe_mode(w, !over);
    world_feed(w, &event);
}

/* Whole or not at all: a bad one changes nothing but what is said of it. */
static void act_reload(struct world *w, const struct scenario_step *step)
{
    const struct scenario_model *model = &w->models[step->of.reload];
    const struct engine_event event = { .kind = EVENT_MODEL, .of.model = model->model };

    w->refused = model->model == NULL;
    if (w->refused) {
        say_self(w, SELF_CONFIG_REFUSED, false, model->why);
        return;
    }
    world_feed(w, &event);
    w->windows_until = INT64_MIN;
    say_self(w, SELF_CONFIG_REFUSED, true, "");
}

static void act_observer(struct world *w, const struct scenario_step *step)
{
    w->sickness = step->of.observer.sickness;
    w->sick_why = w->sickness != SICKNESS_NONE ? step->of.observer.why : "";
    world_observe(w, 0);
}

/* ---- people and calendars ---- */

static void open_window(struct world *w, const char *name, const char *service)
{
    const struct engine_event event = { .kind = EVENT_WINDOW_OPEN, .of.window = { name, service } };

    w->refused = world_feed(w, &event) != ENGINE_DONE || w->refused;
}

static void close_window(struct world *w, const char *name)
{
    size_t n;
    const struct engine_silence *all = engine_silences(w->engine, &n);

    w->refused = true;
    for (size_t i = n; i > 0; i--) {
        const struct engine_silence silence = all[i - 1];
        const struct engine_event event = { .kind = EVENT_WINDOW_CLOSED, .of.window = { silence.window, silence.service[0] ? silence.service : NULL } };

        if (strcmp(silence.window, name) != 0)
            continue;
        w->refused = world_feed(w, &event) != ENGINE_DONE;
        all = engine_silences(w->engine, &n);
    }
}

static void act_window(struct world *w, const struct scenario_step *step)
{
    w->refused = false;
    if (!step->of.window.open)
        close_window(w, step->of.window.name);
    else if (step->of.window.n == 0)
        open_window(w, step->of.window.name, NULL);
    for (size_t i = 0; step->of.window.open && i < step->of.window.n; i++)
        open_window(w, step->of.window.name, step->of.window.services[i]);
}

static uint64_t incident_of(const struct world *w, const char *service)
{
    const size_t index = model_service(engine_model(w->engine), service);

    return index == MODEL_NONE ? 0 : engine_service(w->engine, index)->incident;
}

static void act_command(struct world *w, const struct scenario_step *step)
{
    struct engine_event event = { .kind = EVENT_COMMAND };

    event.of.command = (struct engine_command){ .kind = step->of.command.kind, .service = step->of.command.service, .note = step->of.command.note,
                                                .duration = step->of.command.duration, .until_ok = step->of.command.until_ok };
    if (step->of.command.of)
        event.of.command.incident = incident_of(w, step->of.command.of);
    w->refused = world_feed(w, &event) != ENGINE_DONE;
    if (w->refused)
        tell(w, REHEARSED_STEP, NULL, "refused", engine_refusal(w->engine));
}

void act(struct world *w, const struct scenario_step *step)
{
    if (step->act != SCENARIO_EXPECT)
        tell(w, REHEARSED_STEP, NULL, "", step->text);
    switch (step->act) {
    case SCENARIO_WAY:
        act_way(w, step);
        break;
    case SCENARIO_NUDGE:
        act_nudge(w, step);
        break;
    case SCENARIO_SLEEP:
        act_gap(w, step->of.time.ns, false);
        break;
    case SCENARIO_GAP:
        act_gap(w, step->of.time.ns, true);
        break;
    case SCENARIO_CLOCK:
        act_clock(w, step);
        break;
    case SCENARIO_RESTART:
        act_restart(w, step);
        break;
    case SCENARIO_RELOAD:
        act_reload(w, step);
        break;
    case SCENARIO_OBSERVER:
        act_observer(w, step);
        break;
    case SCENARIO_SELF:
        say_self(w, step->of.self.trouble, step->of.self.over, step->of.self.why);
        break;
    case SCENARIO_WINDOW:
        act_window(w, step);
        break;
    case SCENARIO_COMMAND:
        act_command(w, step);
        break;
    case SCENARIO_EXPECT:
        judge(w, &step->of.expect);
        break;
    }
    world_windows(w);
}

/* ---- the whole ---- */

static void play(struct world *w)
{
    const struct scenario *s = w->s;
    const struct engine_event first = { .kind = EVENT_MODEL, .of.model = w->models[0].model };
    size_t i = 0;

    for (; i < s->n_steps && s->steps[i].at == 0 && s->steps[i].act == SCENARIO_WAY; i++) /* as it is when Talon starts */
        act(w, &s->steps[i]);
    if (world_feed(w, &first) != ENGINE_DONE)
        w->no_memory = true;
    else
        world_windows(w);
    world_observe(w, 0);
    for (; i < s->n_steps; i++) {
        if (!world_pass(w, s->steps[i].at))
            return;
        act(w, &s->steps[i]);
    }
    world_pass(w, s->length);
}

bool rehearsal_run(struct rehearsal *done, const struct scenario *scenario, const struct scenario_model *models)
{
    struct world world;

    *done = (struct rehearsal){ .length = scenario->length };
    if (world_begin(&world, scenario, models, done))
        play(&world);
    else
        world.no_memory = true;
    world_end(&world);
    return !world.no_memory;
}

void rehearsal_free(struct rehearsal *done)
{
    for (size_t i = 0; i < done->n_entries; i++)
        free(done->entries[i].text);
    for (size_t i = 0; i < done->n_failures; i++)
        free(done->failures[i].text);
    free(done->entries);
    free(done->failures);
}
