/*
 * What repair is to the judgement. It never makes a verdict better; but whoever is being repaired, or was left stopped by a repair, was not stopped by a
 * person (rules.md 3.9), and what fails while a repair goes on is no reason to cut it off. Nor has anybody recovered before it held (design.md 7): until
 * its run is over the incident stays open, and nobody is told; and when it did not hold, not before all was heard anew. Where repair stands is a line of the incident and part of the state.
 */
#include "engine/engine_private.h"

bool healing_makes_sense(const struct engine *engine, const struct engine_healing *healing)
{
    if (!engine->t.model || healing->service >= engine->t.model->n_services)
        return false;
    return healing->incident == 0 || engine_incident(engine, healing->incident) != NULL;
}

/* What it says of itself from now on is what the repair has left. */
static void leave(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        engine->t.checks[i].ours = true;
}

/* It did not hold, as far as is known: that it looks well is to be seen once more. */
static void doubt(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    if (!engine->heard)
        return; /* nothing is known that could be wrong */
    engine->t.services[service].proven_from = engine->last_run + 1;
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i))
            paths_ask_fresh(engine, i, WANT_HEAL);
}

static void take_ours(struct engine *engine, size_t service, enum engine_ours ours)
{
    struct service *s = &engine->t.services[service];

    if (ours == s->healing)
        return;
    if (ours == OURS_SUBJECT)
        s->healed_from = engine->openings;
    if (s->healing == OURS_SUBJECT && !s->outcome_known)
        doubt(engine, service);
    s->outcome_known = false;
    s->healing = ours;
    if (ours == OURS_NOT)
        leave(engine, service);
    incident_look(engine, service);
}

/* A run of several may be over: whatever the others come to, what it did is to be seen for itself. */
static void take_outcome(struct engine *engine, const struct engine_healing *healing)
{
    struct service *s = &engine->t.services[healing->service];

    if (s->healing != OURS_SUBJECT || !healing->repairs || healing->entry < ENTRY_FIXED || healing->entry > ENTRY_INTERRUPTED)
        return;
    s->outcome_known = true;
    if (healing->entry != ENTRY_FIXED)
        doubt(engine, healing->service);
}

static struct engine_incident *find(struct engine *engine, uint64_t id)
{
    size_t i = 0;

    while (engine->incidents[i].id != id)
        i++;
    return &engine->incidents[i];
}

void healing_take(struct engine *engine, const struct engine_healing *healing)
{
    struct engine_incident *incident;

    take_outcome(engine, healing);
    take_ours(engine, healing->service, healing->ours);
    if (healing->incident == 0)
        return;
    incident = find(engine, healing->incident);
    incident->place = incident->ending == INCIDENT_OPEN ? healing->place : (struct engine_place){ .tier = TIER_NONE };
    if (healing->entry != ENTRY_KINDS)
        timeline_add(engine, incident, healing->entry, healing->who ? healing->who : "");
    engine->places_changed = engine->publish = true;
}

/* ---- when it has recovered ---- */

/* Was each of its checks heard since nobody knew any more? */
static bool is_proven(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i) && engine->t.checks[i].known_run < engine->t.services[service].proven_from)
            return false;
    return true;
}

bool healing_holds(const struct engine *engine, size_t service)
{
    return engine->t.services[service].healing == OURS_SUBJECT || !is_proven(engine, service);
}

void healing_restored(struct engine *engine)
{
    for (size_t i = 0; i < engine->t.model->n_services; i++) {
        const struct engine_service *s = &engine->t.services[i].shown;

        if (s->incident > 0 && !s->flapping && (s->verdict == VERDICT_OK || s->verdict == VERDICT_WARN))
            engine->t.services[i].proven_from = 1; /* any of this process */
    }
}

bool healing_brought(const struct engine *engine, size_t service, const struct engine_incident *cause)
{
    const struct service *s = &engine->t.services[service];

    return s->healing == OURS_SUBJECT && cause->opening > s->healed_from;
}

static void count(struct engine *engine, const struct engine_incident *incident)
{
    if (incident->id == 0 || incident->ending != INCIDENT_OPEN || incident->index == MODEL_NONE || engine->t.services[incident->index].shown.silenced)
        return;
    engine->n_sos += incident->place.sos;
    engine->n_critical += incident->place.exhausted && engine->t.model->services[incident->index].critical;
    engine->n_agents += incident->place.running && (incident->place.tier == TIER_AGENT || incident->place.tier == TIER_AGENT_FALLBACK);
}

void healing_settle(struct engine *engine)
{
    if (!engine->places_changed)
        return;
    engine->places_changed = false;
    engine->n_sos = engine->n_critical = engine->n_agents = 0;
    for (size_t i = 0; i < engine->room; i++)
        count(engine, &engine->incidents[i]);
}
