/*
 * What an earlier process knew is taken up again, right after the first model and before any result. Verdicts, streaks and all that people were told go on;
 * what was seen before proves nothing about now: each check is heard once before its service may fail, and needs are judged by runs of this process.
 */
#include "engine/engine_private.h"

#include <string.h>

#define GAP_AT_LEAST (5 * (uint64_t)NS_PER_S)
#define LOOK_FIRST (60 * (uint64_t)NS_PER_S) /* until what became due while nobody looked is told: it may have recovered */

struct restore {
    const struct engine_kept *kept;
    uint64_t away; /* how long nobody judged, sleep included */
    bool gap;      /* that was too long for streaks to go on (rules.md 3.5) */
};

static uint64_t time_away(const struct engine *engine, const struct engine_kept *kept)
{
    if (engine->now.boot == kept->at.boot)
        return engine->now.elapsed > kept->at.elapsed ? engine->now.elapsed - kept->at.elapsed : 0;
    return engine->now.wall > kept->at.wall ? (uint64_t)(engine->now.wall - kept->at.wall) : 0;
}

/* A time of the past, for differences: the numbers go round. */
static uint64_t past(const struct engine *engine, const struct restore *r, uint64_t elapsed)
{
    return engine->now.elapsed - r->away - (r->kept->at.elapsed - elapsed);
}

/* One that is to come: never later than it was to be, and not before now. */
static uint64_t ahead(const struct engine *engine, const struct restore *r, uint64_t elapsed)
{
    uint64_t left;

    if (elapsed == NEVER)
        return NEVER;
    left = elapsed > r->kept->at.elapsed ? elapsed - r->kept->at.elapsed : 0;
    return engine->now.elapsed + (left > r->away ? left - r->away : 0);
}

static uint64_t begun(const struct engine *engine, uint64_t ago)
{
    return ago == NEVER ? NEVER : engine->now.awake - ago;
}

static bool is_gap(const struct engine *engine, uint64_t away)
{
    const struct model *model = engine->t.model;
    uint64_t shortest = NEVER;

    for (size_t i = 0; i < model->n_checks; i++)
        if (model->checks[i].enabled && model->checks[i].every < shortest)
            shortest = model->checks[i].every;
    return away > GAP_AT_LEAST && away / 2 > shortest;
}

/* ---- checks ---- */

/* Most stand where they stood. */
static size_t find_check(const struct model *model, const char *name, size_t likely)
{
    return likely < model->n_checks && strcmp(model->checks[likely].full_name, name) == 0 ? likely : model_check(model, name);
}

static void await_fresh(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];

    c->first_bad = streaks_is_bad(c->shown.verdict) ? NEVER : 0;
    if (c->awaits_fresh)
        return;
    c->awaits_fresh = true;
    engine->t.services[engine->t.model->checks[check].service].awaits_fresh++;
}

static void take_check(struct engine *engine, const struct restore *r, size_t check, const struct kept_check *kept)
{
    struct check *c = &engine->t.checks[check];

    c->shown.verdict = (enum engine_verdict)kept->verdict;
    c->base = (enum engine_verdict)kept->base;
    c->broken = kept->broken;
    c->heard = kept->heard;
    c->shown.bad = kept->bad;
    c->shown.good = kept->good;
    c->shown.unknown = kept->unknown;
    c->shown.since = kept->since;
    c->shown.last_ended = kept->last_ended;
    c->since_elapsed = past(engine, r, kept->since_elapsed);
    c->shown.runs = kept->runs;
    c->shown.skipped = kept->skipped;
    c->starting_since = begun(engine, kept->starting_for);
    c->turns = kept->turns;
    c->n_turns = kept->n_turns;
    c->shown.flapping = kept->flapping;
    result_drop(c->shown.last);
    c->shown.last = result_keep(kept->last);
    await_fresh(engine, check);
    if (r->gap)
        streaks_gap(engine, check);
}

static void take_checks(struct engine *engine, const struct restore *r)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < r->kept->n_checks; i++) {
        size_t check = find_check(model, r->kept->checks[i].name, i);

        if (check != MODEL_NONE && model->checks[check].enabled && model->checks[check].fingerprint == r->kept->checks[i].fingerprint)
            take_check(engine, r, check, &r->kept->checks[i]);
    }
}

/* ---- services ---- */

static void take_service(struct engine *engine, const struct restore *r, struct service *s, const struct kept_service *kept)
{
    s->shown.verdict = (enum engine_verdict)kept->verdict;
    s->shown.since = kept->since;
    s->shown.root = kept->root;
    s->shown.silenced = kept->silenced;
    s->since_elapsed = past(engine, r, kept->since_elapsed);
    s->was_down = kept->was_down;
    s->stop_told = kept->stop_told;
    s->warn_told = kept->warn_told;
    s->flap_told = kept->flap_told;
    s->flap_long_told = kept->flap_long_told;
    s->confirm_from = kept->confirming ? 1 : 0;
    s->warns_since = begun(engine, kept->warns_for);
    s->flaps_since = begun(engine, kept->flaps_for);
    s->shown.flapping = kept->flaps_for != NEVER;
    s->joined = kept->joined;
    s->hold_from = engine->now.awake;
    s->turned_bad = begun(engine, kept->bad_for);
    s->spared_until = kept->spare_left > 0 ? engine->now.awake + kept->spare_left : 0;
    s->graced_by = kept->graced_by[0] ? model_service(engine->t.model, kept->graced_by) : MODEL_NONE;
    s->graced = kept->graced && s->graced_by != MODEL_NONE;
    s->grace_until = s->graced_by != MODEL_NONE ? engine->now.awake + kept->grace_left : 0;
}

static void take_services(struct engine *engine, const struct restore *r)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < model->n_services; i++)
        engine->t.services[i].shown.silenced = false;
    for (size_t i = 0; i < r->kept->n_services; i++) {
        size_t service = model_service(model, r->kept->services[i].name);

        if (service != MODEL_NONE && engine->t.services[service].watched == r->kept->services[i].watched)
            take_service(engine, r, &engine->t.services[service], &r->kept->services[i]);
    }
    for (size_t i = 0; i < model->n_services; i++)
        service_touch(engine, i);
}

/* ---- people ---- */

static void take_silences(struct engine *engine, const struct restore *r)
{
    for (size_t i = 0; i < r->kept->n_silences && engine->n_silences < ENGINE_SILENCES; i++) {
        struct engine_silence silence = r->kept->silences[i];

        silence.begun = past(engine, r, silence.begun);
        silence.until = ahead(engine, r, silence.until);
        if (silence_find(engine, silence.service, silence.window) == MODEL_NONE)
            engine->silences[engine->n_silences++] = silence;
    }
}

static void take_incidents(struct engine *engine, const struct restore *r)
{
    for (size_t i = 0; i < r->kept->n_incidents && i < engine->room; i++) {
        struct engine_incident *incident = &engine->incidents[i];

        *incident = r->kept->incidents[i];
        incident->changed = false;
        incident->place = (struct engine_place){ .tier = TIER_NONE };
        incident->opening = 0;
        incident->closed_elapsed = past(engine, r, incident->closed_elapsed);
        incident->acked_until = incident->acked ? ahead(engine, r, incident->acked_until) : 0;
        incident->repeat_at = ahead(engine, r, incident->repeat_at);
        if (r->away > 0 && incident->repeat_at <= engine->now.elapsed)
            incident->repeat_at = engine->now.elapsed + LOOK_FIRST;
    }
    engine->last_incident = r->kept->last_incident;
}

static void take_self(struct engine *engine, const struct restore *r)
{
    engine->paused_until = r->kept->paused_until > 0 ? ahead(engine, r, r->kept->paused_until) : 0;
    engine->overall.storm = r->kept->storm;
    engine->overall.sick = r->kept->told_observer;
    engine->sickness = r->kept->told_observer ? SICKNESS_ALL : SICKNESS_NONE;
    engine->told_storm = r->kept->told_storm;
    engine->told_observer = r->kept->told_observer;
    for (int i = 0; i < SELF_TROUBLES; i++)
        engine->told_self[i] = r->kept->told_self[i];
    engine->people_changed = engine->storm_due = engine->publish = true;
}

void restore_take(struct engine *engine, const struct engine_kept *kept)
{
    struct restore r = { .kept = kept, .away = time_away(engine, kept) };

    r.gap = is_gap(engine, r.away);
    take_checks(engine, &r);
    take_services(engine, &r);
    take_silences(engine, &r);
    take_incidents(engine, &r);
    take_self(engine, &r);
    overall_count(engine);
    incident_moved(engine);
    healing_restored(engine);
    silence_find_subjects(engine);
    service_settle(engine);
    engine->restored = true;
}
