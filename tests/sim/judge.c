/* What was before an event, and all judges after it. */
#include "judge.h"

#include "engine/engine_private.h"

#include <stdlib.h>
#include <string.h>

bool judge_counts(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

bool judge_watched(const struct model *model, size_t service)
{
    const struct model_service *s = &model->services[service];

    for (size_t i = s->first_check; s->enabled && i < s->first_check + s->n_checks; i++)
        if (judge_counts(model, i))
            return true;
    return false;
}

bool judge_bad(enum engine_verdict verdict)
{
    return verdict == VERDICT_SUSPECT || verdict == VERDICT_FAILED;
}

bool judge_down(enum engine_verdict verdict)
{
    return verdict == VERDICT_FAILED || verdict == VERDICT_STOPPED || verdict == VERDICT_STARTING;
}

/* ---- before ---- */

void judge_before(struct sim *sim, const struct engine_event *event)
{
    const struct model *model = engine_model(sim->engine);
    struct sim_view *view = sim->view;

    (void)event;
    view->overall = *engine_overall(sim->engine);
    view->starts = sim->starts;
    view->published = sim->published;
    for (size_t i = 0; model && i < model->n_checks; i++) {
        view->checks[i] = *engine_check(sim->engine, i);
        if (sim->checks[i].run || judge_path_full(sim, i))
            sim->checks[i].excused = sim->now.awake;
    }
    for (size_t i = 0; model && i < model->n_services; i++)
        view->services[i] = *engine_service(sim->engine, i);
}

static size_t moved(const struct model *old, const struct model *model, size_t service)
{
    return service == MODEL_NONE ? MODEL_NONE : model_service(model, old->services[service].name);
}

static void move_view(struct sim *sim, const struct model *old, struct engine_check *checks, struct engine_service *services)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_checks; i++) {
        size_t before = model_check(old, model->checks[i].full_name);

        if (before != MODEL_NONE)
            checks[i] = sim->view->checks[before];
    }
    for (size_t i = 0; i < model->n_services; i++) {
        size_t before = model_service(old, model->services[i].name);

        if (before == MODEL_NONE)
            continue;
        services[i] = sim->view->services[before];
        services[i].caused_by = moved(old, model, services[i].caused_by);
        services[i].waiting_for = moved(old, model, services[i].waiting_for);
    }
}

void judge_moved(struct sim *sim, const struct model *old)
{
    const struct model *model = engine_model(sim->engine);
    struct engine_check *checks = calloc(model->n_checks + 1, sizeof *checks);
    struct engine_service *services = calloc(model->n_services + 1, sizeof *services);

    if (!checks || !services)
        abort();
    for (size_t i = 0; i < model->n_services; i++)
        services[i].caused_by = services[i].waiting_for = MODEL_NONE;
    if (old)
        move_view(sim, old, checks, services);
    free(sim->view->checks);
    free(sim->view->services);
    free(sim->view->marks);
    sim->view->checks = checks;
    sim->view->services = services;
    sim->view->marks = calloc(model->n_services + 1, 1);
    if (!sim->view->marks)
        abort();
    sim->reloads += old != NULL;
}

void judge_free(struct sim *sim)
{
    free(sim->view->checks);
    free(sim->view->services);
    free(sim->view->marks);
    free(sim->view);
}

/* ---- after ---- */

/* A refused event has changed nothing and asks for nothing. */
static void judge_refused(struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);
    size_t n;

    engine_effects(sim->engine, &n);
    if (n > 0)
        sim_break(sim, "a refused event has effects");
    for (size_t i = 0; model && i < model->n_checks; i++)
        if (memcmp(&sim->view->checks[i], engine_check(sim->engine, i), sizeof *sim->view->checks) != 0)
            sim_break(sim, "a refused event has changed %s", model->checks[i].full_name);
    for (size_t i = 0; model && i < model->n_services; i++)
        if (memcmp(&sim->view->services[i], engine_service(sim->engine, i), sizeof *sim->view->services) != 0)
            sim_break(sim, "a refused event has changed %s", model->services[i].name);
}

/* One snapshot and one time to wake are asked for at most. */
static void judge_effects(struct sim *sim)
{
    size_t n, wakes = 0, publishes = 0;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++) {
        wakes += effects[i].kind == EFFECT_WAKE_AT;
        publishes += effects[i].kind == EFFECT_PUBLISH;
    }
    if (wakes > 1 || publishes > 1)
        sim_break(sim, "an event has %zu times to wake and %zu snapshots", wakes, publishes);
    if (sim->engine->lost_effects > 0)
        sim_break(sim, "the list of effects was too short");
}

void judge_after(struct sim *sim, const struct engine_event *event, enum engine_outcome outcome)
{
    judge_effects(sim);
    if (outcome != ENGINE_DONE) {
        judge_refused(sim);
        return;
    }
    judge_runs(sim, event);
    judge_verdicts(sim, event);
    if (event->kind != EVENT_MODEL)
        judge_records(sim);
    judge_causes(sim, event);
    judge_people(sim, event);
    judge_overall(sim);
}
