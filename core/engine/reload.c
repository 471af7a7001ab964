/*
 * A new model. Checks of the same name and fingerprint keep everything: verdict, streaks, their last result, the run in progress. Services keep
 * theirs by name. All that can fail is made before anything old is touched, so that a refused model has changed nothing.
 */
#include "engine/engine_private.h"

#include <stdlib.h>
#include <string.h>

struct reload {
    struct tables old;
    size_t *old_check, *new_check;     /* of the same name; MODEL_NONE */
    size_t *old_service, *new_service;
    bool *kept;                        /* of each new check: it is the old one and goes on */
};

/* ---- who was who ---- */

struct named {
    const char *name;
    size_t index;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static size_t find_named(const struct named *all, size_t n, const char *name)
{
    struct named wanted = { .name = name };
    const struct named *found = n > 0 ? bsearch(&wanted, all, n, sizeof *all, by_name) : NULL;

    return found ? found->index : MODEL_NONE;
}

static void match_checks(struct reload *r, const struct model *model, struct named *names)
{
    const struct model *old = r->old.model;
    size_t n = old ? old->n_checks : 0;

    for (size_t i = 0; i < n; i++) {
        names[i] = (struct named){ old->checks[i].full_name, i };
        r->new_check[i] = MODEL_NONE;
    }
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < model->n_checks; i++) {
        size_t before = find_named(names, n, model->checks[i].full_name);

        r->old_check[i] = before;
        r->kept[i] = before != MODEL_NONE && old->checks[before].enabled && model->checks[i].enabled &&
                     old->checks[before].fingerprint == model->checks[i].fingerprint;
        if (r->kept[i])
            r->new_check[before] = i;
    }
}

static void match_services(struct reload *r, const struct model *model, struct named *names)
{
    const struct model *old = r->old.model;
    size_t n = old ? old->n_services : 0;

    for (size_t i = 0; i < n; i++) {
        names[i] = (struct named){ old->services[i].name, i };
        r->new_service[i] = MODEL_NONE;
    }
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < model->n_services; i++) {
        r->old_service[i] = find_named(names, n, model->services[i].name);
        if (r->old_service[i] != MODEL_NONE)
            r->new_service[r->old_service[i]] = i;
    }
}

static void forget(struct reload *r)
{
    free(r->old_check);
    free(r->new_check);
    free(r->old_service);
    free(r->new_service);
    free(r->kept);
}

static bool match(struct reload *r, const struct model *model)
{
    size_t n_checks = r->old.model ? r->old.model->n_checks : 0, n_services = r->old.model ? r->old.model->n_services : 0;
    struct named *names = calloc((n_checks > n_services ? n_checks : n_services) + 1, sizeof *names);

    r->old_check = calloc(model->n_checks + 1, sizeof *r->old_check);
    r->new_check = calloc(n_checks + 1, sizeof *r->new_check);
    r->old_service = calloc(model->n_services + 1, sizeof *r->old_service);
    r->new_service = calloc(n_services + 1, sizeof *r->new_service);
    r->kept = calloc(model->n_checks + 1, sizeof *r->kept);
    if (names && r->old_check && r->new_check && r->old_service && r->new_service && r->kept) {
        match_checks(r, model, names);
        match_services(r, model, names);
        free(names);
        return true;
    }
    free(names);
    forget(r);
    return false;
}

/* ---- checks ---- */

/* old: the check of this name before, or NULL. */
static void begin_check(struct engine *engine, size_t check, const struct check *old)
{
    struct check *c = &engine->t.checks[check];

    c->starting_since = c->nudge_at = c->nudged_at = c->again_at = c->slot_at = c->stale_at = NEVER;
    c->queue = QUEUE_NONE;
    c->shown.since = engine->now.wall;
    c->since_elapsed = engine->now.elapsed;
    if (!old)
        return;
    if (old->shown.verdict == VERDICT_NONE) {
        c->shown.since = old->shown.since;
        c->since_elapsed = old->since_elapsed;
    } else {
        effects_record(engine, RECORD_CHECK_CHANGED, check, old->shown.verdict, VERDICT_NONE);
    }
}

static void keep_check(struct engine *engine, size_t check, struct check *old)
{
    struct check *c = &engine->t.checks[check];
    size_t path = engine->t.model->checks[check].path;
    uint64_t phase = c->phase;

    *c = *old;
    old->shown.last = NULL;
    old->held = NULL;
    c->phase = phase;
    c->queue = QUEUE_NONE;
    if (!c->run)
        return;
    runs_note(&engine->t, check);
    if (path != MODEL_NONE)
        engine->t.paths[path].running++;
}

/* A slot that was promised is kept, where the new ones come later: no reload makes a check wait longer than its interval. */
static void plan_kept(struct engine *engine, size_t check, const struct model_check *old)
{
    struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];
    uint64_t slot = schedule_slot(engine, &engine->t, check, engine->now.awake);

    if (slot < c->slot_at)
        c->slot_at = slot;
    if ((model->every != old->every || model->timeout != old->timeout) && !c->shown.stale)
        schedule_heard(engine, check);
}

/* The run of a check that is no more; one whose result is held has ended already. */
static void drop_run(struct engine *engine, const struct reload *r, size_t old)
{
    const struct check *c = &r->old.checks[old];

    if (r->new_check[old] != MODEL_NONE || !c->run)
        return;
    if (c->held)
        engine->n_held--;
    else
        effects_cancel(engine, c->run);
}

static void take_checks(struct engine *engine, struct reload *r)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < model->n_checks; i++) {
        size_t before = r->old_check[i];

        if (r->kept[i]) {
            keep_check(engine, i, &r->old.checks[before]);
            plan_kept(engine, i, &r->old.model->checks[before]);
            continue;
        }
        begin_check(engine, i, before == MODEL_NONE ? NULL : &r->old.checks[before]);
    }
    for (size_t i = 0; r->old.model && i < r->old.model->n_checks; i++)
        drop_run(engine, r, i);
}

/* Who waited goes on waiting, in the same order; whose path is gone starts with the others. */
static void take_queues(struct engine *engine, struct reload *r)
{
    size_t n_paths = r->old.model ? r->old.model->n_paths : 0;

    for (size_t i = 0; i < n_paths; i++) {
        for (int queue = 0; queue < QUEUES; queue++) {
            for (size_t k = r->old.paths[i].first[queue]; k != MODEL_NONE; k = r->old.checks[k].behind) {
                size_t check = r->new_check[k];

                if (check != MODEL_NONE && engine->t.model->checks[check].path != MODEL_NONE)
                    paths_queue(&engine->t, check, r->old.checks[k].queue);
            }
        }
    }
}

/* ---- services ---- */

static void begin_service(struct service *s)
{
    s->shown.caused_by = s->shown.waiting_for = s->shown.decided_by = s->graced_by = s->incident = MODEL_NONE;
    s->warns_since = s->flaps_since = s->turned_bad = NEVER;
}

/* A service that is not watched any more (or again) has no verdict until its checks are heard. */
static void begin_watching(struct engine *engine, size_t service, const struct service *old)
{
    struct service *s = &engine->t.services[service];

    s->shown.since = engine->now.wall;
    s->since_elapsed = engine->now.elapsed;
    if (!old)
        return;
    if (old->shown.verdict == VERDICT_NONE) {
        s->shown.since = old->shown.since;
        s->since_elapsed = old->since_elapsed;
    } else {
        effects_record(engine, RECORD_SERVICE_CHANGED, service, old->shown.verdict, VERDICT_NONE);
    }
}

static size_t moved(const struct reload *r, size_t old)
{
    return old == MODEL_NONE ? MODEL_NONE : r->new_service[old];
}

static void keep_told(struct service *s, const struct service *old)
{
    s->confirm_from = old->confirm_from;
    s->joined = old->joined;
    s->stop_told = old->stop_told;
    s->warn_told = old->warn_told;
    s->flap_told = old->flap_told;
    s->flap_long_told = old->flap_long_told;
    s->warns_since = old->warns_since;
    s->flaps_since = old->flaps_since;
    s->turned_bad = old->turned_bad;
}

static void keep_service(struct service *s, const struct service *old, const struct reload *r)
{
    s->shown = old->shown;
    s->shown.caused_by = moved(r, old->shown.caused_by);
    s->shown.waiting_for = moved(r, old->shown.waiting_for);
    s->shown.decided_by = MODEL_NONE;
    keep_told(s, old);
    s->was_down = old->was_down;
    s->healing = old->healing;
    s->healed_from = old->healed_from;
    s->outcome_known = old->outcome_known;
    s->proven_from = old->proven_from;
    s->since_elapsed = old->since_elapsed;
    s->explained = old->explained;
    s->spared_until = old->spared_until;
    s->graced_by = moved(r, old->graced_by);
    s->hold_from = old->hold_from;
    s->graced = s->graced_by != MODEL_NONE && old->graced;
    s->grace_until = s->graced_by == MODEL_NONE ? 0 : old->grace_until;
}

static bool is_watched(const struct model *model, size_t service)
{
    const struct model_service *s = &model->services[service];

    for (size_t i = s->first_check; s->enabled && i < s->first_check + s->n_checks; i++)
        if (service_judged_by(model, i))
            return true;
    return false;
}

static void take_services(struct engine *engine, struct reload *r)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < model->n_services; i++) {
        struct service *s = &engine->t.services[i];
        size_t before = r->old_service[i];

        begin_service(s);
        s->watched = is_watched(model, i);
        if (before != MODEL_NONE && s->watched && r->old.services[before].watched)
            keep_service(s, &r->old.services[before], r);
        else
            begin_watching(engine, i, before == MODEL_NONE ? NULL : &r->old.services[before]);
        for (size_t k = model->services[i].first_check; k < model->services[i].first_check + model->services[i].n_checks; k++)
            s->awaits_fresh += engine->t.checks[k].awaits_fresh;
    }
}

/* Bad ones whose needs are others now judge by these: they are asked at once. */
static void plan_services(struct engine *engine, const struct reload *r)
{
    const struct model *model = engine->t.model;

    engine->batch++;
    for (size_t i = 0; i < model->n_services; i++) {
        struct service *s = &engine->t.services[i];
        size_t before = r->old_service[i];
        uint64_t longest = needs_longest(engine, i);

        s->wait = longest > model->services[i].needs_wait ? longest : model->services[i].needs_wait;
        service_touch(engine, i);
        if (before == MODEL_NONE || model->services[i].fingerprint == r->old.model->services[before].fingerprint)
            continue;
        for (size_t k = model->services[i].first_check; k < model->services[i].first_check + model->services[i].n_checks; k++)
            if (service_judged_by(model, k) && engine->t.checks[k].first_bad > s->turned && engine->t.checks[k].first_bad != NEVER)
                s->turned = engine->t.checks[k].first_bad;
    }
}

/* What is needed no more has not come back for this service. */
static void end_graces(struct engine *engine)
{
    for (size_t i = 0; i < engine->t.model->n_services; i++) {
        struct service *s = &engine->t.services[i];

        if (s->graced_by == MODEL_NONE || needs_include(engine, i, s->graced_by))
            continue;
        s->graced_by = MODEL_NONE;
        s->graced = false;
        s->grace_until = 0;
    }
}

/* ---- the new model is in force ---- */

static void start_checks(struct engine *engine, const struct reload *r)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < model->n_paths; i++)
        paths_pump(engine, i);
    for (size_t i = 0; i < model->n_checks; i++) {
        struct check *c = &engine->t.checks[i];

        if (r->kept[i])
            runs_follow(engine, i);
        if (r->kept[i] || !model->checks[i].enabled)
            continue;
        c->slot_at = schedule_slot(engine, &engine->t, i, engine->now.awake);
        schedule_heard(engine, i);
        paths_ask(engine, i, WANT_SLOT);
    }
}

enum engine_outcome reload_take(struct engine *engine, const struct model *model)
{
    struct reload r = { .old = engine->t };
    struct tables fresh;

    if (!incident_room(engine, model->n_services) || !tables_make(&fresh, model, r.old.model ? r.old.model->n_checks + r.old.model->n_services : 0))
        return ENGINE_NO_MEMORY;
    if (!slots_spread(&fresh, engine->seed) || !match(&r, model)) {
        tables_free(&fresh);
        return ENGINE_NO_MEMORY;
    }
    if (!r.old.model)
        engine->epoch = engine->now.awake;
    engine->t = fresh;
    engine->publish = true;
    take_checks(engine, &r);
    take_queues(engine, &r);
    take_services(engine, &r);
    plan_services(engine, &r);
    end_graces(engine);
    overall_count(engine);
    incident_moved(engine);
    start_checks(engine, &r);
    silence_spread(engine);
    service_settle(engine);
    tables_free(&r.old);
    forget(&r);
    return ENGINE_DONE;
}
