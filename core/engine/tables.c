/* The memory of the judgement: all of it is taken when a model comes, in sizes that the model gives, so that no later event can want for any. */
#include "engine/engine_private.h"

#include <stdlib.h>
#include <string.h>

/* What one event can ask for at most. Of a check: to start, that it was judged, that its verdict turned, two lines of log (stale, and a skipped turn; or its
 * turn). Of a service: that it turned, lines of its cause, flapping and incident (opened, closed), its evidence, its incident's record, six notices. Of an old
 * check: to cancel its run; of an old service: that its incident is closed, and the record. Of a silence: that it is over, or long, and the record. Of the
 * whole: its round, its state, the pause, the storm, the observer, a sample, PUBLISH, WAKE_AT. */
enum { OF_CHECK = 5, OF_SERVICE = 14, OF_OLD = 2, OF_SILENCE = 3, OF_ALL = 12 };

/* Who needs each service: counted first, then filled in. */
static bool make_dependents(struct tables *t)
{
    const struct model *model = t->model;
    size_t n = 0;

    t->first_dependent = calloc(model->n_services + 2, sizeof *t->first_dependent);
    if (!t->first_dependent)
        return false;
    for (size_t i = 0; i < model->n_services; i++)
        for (size_t k = 0; k < model->services[i].n_needs; k++)
            for (size_t any = 0; any < model->services[i].needs[k].n; any++, n++)
                t->first_dependent[model->services[i].needs[k].any[any] + 2]++;
    t->dependents = calloc(n + 1, sizeof *t->dependents);
    if (!t->dependents)
        return false;
    for (size_t i = 2; i < model->n_services + 2; i++)
        t->first_dependent[i] += t->first_dependent[i - 1];
    for (size_t i = 0; i < model->n_services; i++)
        for (size_t k = 0; k < model->services[i].n_needs; k++)
            for (size_t any = 0; any < model->services[i].needs[k].n; any++)
                t->dependents[t->first_dependent[model->services[i].needs[k].any[any] + 1]++] = i;
    return true;
}

static void make_paths(struct tables *t)
{
    for (size_t i = 0; i < t->model->n_paths; i++)
        for (int queue = 0; queue < QUEUES; queue++)
            t->paths[i].first[queue] = t->paths[i].last[queue] = MODEL_NONE;
}

static bool make_run_slots(struct tables *t)
{
    t->n_run_slots = 8;
    while (t->n_run_slots < 2 * t->model->n_checks)
        t->n_run_slots *= 2;
    t->run_slots = calloc(t->n_run_slots, sizeof *t->run_slots);
    for (size_t i = 0; t->run_slots && i < t->n_run_slots; i++)
        t->run_slots[i] = MODEL_NONE;
    return t->run_slots != NULL;
}

bool tables_make(struct tables *t, const struct model *model, size_t old)
{
    memset(t, 0, sizeof *t);
    t->model = model_keep(model);
    t->most_effects = OF_CHECK * model->n_checks + OF_SERVICE * model->n_services + OF_OLD * old + OF_SILENCE * ENGINE_SILENCES + OF_ALL;
    t->checks = calloc(model->n_checks + 1, sizeof *t->checks);
    t->services = calloc(model->n_services + 1, sizeof *t->services);
    t->paths = calloc(model->n_paths + 1, sizeof *t->paths);
    t->list = calloc(model->n_services + 1, sizeof *t->list);
    t->steps = calloc(model->n_services + 1, sizeof *t->steps);
    t->touched = calloc(model->n_services + 1, sizeof *t->touched);
    t->looked = calloc(model->n_services + 1, sizeof *t->looked);
    t->effects = calloc(t->most_effects, sizeof *t->effects);
    if (!heap_make(&t->due, model->n_checks + model->n_services) || !heap_make(&t->streaks, model->n_checks) || !heap_make(&t->clocks, model->n_services) || !make_dependents(t) || !make_run_slots(t) ||
        !t->checks || !t->services || !t->paths || !t->list || !t->steps || !t->touched || !t->looked || !t->effects) {
        tables_free(t);
        return false;
    }
    make_paths(t);
    return true;
}

void tables_free(struct tables *t)
{
    for (size_t i = 0; t->checks && i < t->model->n_checks; i++) {
        result_drop(t->checks[i].shown.last);
        observer_drop(&t->checks[i]);
    }
    heap_free(&t->due);
    heap_free(&t->streaks);
    heap_free(&t->clocks);
    free(t->checks);
    free(t->services);
    free(t->paths);
    free(t->run_slots);
    free(t->dependents);
    free(t->first_dependent);
    free(t->list);
    free(t->steps);
    free(t->touched);
    free(t->looked);
    free(t->effects);
    model_drop(t->model);
    memset(t, 0, sizeof *t);
}
