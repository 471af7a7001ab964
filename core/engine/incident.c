/*
 * The life of incidents. A root cause opens one, or opens its last again when that was closed less than `reopen` ago; so does a service that flaps for too
 * long. What fails because of it joins. When a need turns out to be to blame, it is folded into the need's. Nothing is told here: notice.c compares what is
 * with what people know.
 */
#include "engine/engine_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- views ---- */

const struct engine_incident *engine_incidents(const struct engine *engine, size_t *room)
{
    *room = engine->room;
    return engine->incidents;
}

const struct engine_incident *engine_incident(const struct engine *engine, uint64_t id)
{
    for (size_t i = 0; id > 0 && i < engine->room; i++)
        if (engine->incidents[i].id == id)
            return &engine->incidents[i];
    return NULL;
}

struct engine_incident *incident_open(struct engine *engine, size_t service)
{
    size_t at = engine->t.services[service].incident;

    return at != MODEL_NONE && engine->incidents[at].ending == INCIDENT_OPEN ? &engine->incidents[at] : NULL;
}

void incident_look(struct engine *engine, size_t service)
{
    struct tables *t = &engine->t;

    if (t->services[service].looked)
        return;
    t->services[service].looked = true;
    t->looked[t->n_looked++] = service;
}

void incident_look_all(struct engine *engine)
{
    for (size_t i = 0; i < engine->t.model->n_services; i++)
        incident_look(engine, i);
}

/* ---- places ---- */

/* One for each service that may have an open one, and for the last that were closed. Places are never fewer than before. */
bool incident_room(struct engine *engine, size_t services)
{
    size_t wanted = services + ENGINE_INCIDENTS;
    struct engine_incident *made;

    if (wanted <= engine->room)
        return true;
    made = calloc(wanted, sizeof *made); /* places that are free cost no memory */
    if (!made)
        return false;
    for (size_t i = 0; i < engine->room; i++)
        if (engine->incidents[i].id > 0)
            made[i] = engine->incidents[i];
    free(engine->incidents);
    engine->incidents = made;
    engine->room = wanted;
    return true;
}

/* A free place, or that of the one that was closed first: there is one, because open ones are no more than services. */
static size_t take_place(struct engine *engine)
{
    size_t found = MODEL_NONE;

    for (size_t i = 0; i < engine->room; i++) {
        const struct engine_incident *incident = &engine->incidents[i];

        if (incident->id == 0)
            return i;
        if (incident->ending != INCIDENT_OPEN && (found == MODEL_NONE || engine->now.elapsed - incident->closed_elapsed > engine->now.elapsed - engine->incidents[found].closed_elapsed))
            found = i;
    }
    if (engine->incidents[found].index != MODEL_NONE && engine->t.services[engine->incidents[found].index].incident == found)
        engine->t.services[engine->incidents[found].index].incident = MODEL_NONE;
    return found;
}

/* ---- opening ---- */

static void begin(struct engine *engine, size_t service)
{
    size_t at = take_place(engine);
    struct engine_incident *incident = &engine->incidents[at];

    memset(incident, 0, sizeof *incident);
    incident->id = ++engine->last_incident;
    incident->opening = ++engine->openings;
    incident->index = service;
    incident->opened = engine->now.wall;
    incident->repeat_at = NEVER;
    snprintf(incident->service, sizeof incident->service, "%s", engine->t.model->services[service].name);
    engine->t.services[service].incident = at;
    timeline_add(engine, incident, ENTRY_OPENED, "");
    effects_say(engine, SAY_WARN, service, MODEL_NONE, "incident %llu is opened", (unsigned long long)incident->id);
}

static void begin_again(struct engine *engine, struct engine_incident *incident, size_t service)
{
    incident->ending = INCIDENT_OPEN;
    incident->closed = 0;
    incident->folded_into = 0;
    incident->reopened++;
    incident->opening = ++engine->openings;
    if (incident->told == TOLD_OPEN && engine->t.model->services[service].critical)
        incident->repeat_at = engine->now.elapsed + REPEAT_AFTER;
    engine->people_changed = true;
    timeline_add(engine, incident, ENTRY_REOPENED, "");
    effects_say(engine, SAY_WARN, service, MODEL_NONE, "incident %llu is open again", (unsigned long long)incident->id);
}

static void open_incident(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    struct engine_incident *last = s->incident == MODEL_NONE ? NULL : &engine->incidents[s->incident];

    if (last && engine->now.elapsed - last->closed_elapsed < engine->t.model->settings.reopen)
        begin_again(engine, last, service);
    else
        begin(engine, service);
    s->shown.incident = engine->incidents[s->incident].id;
    engine->publish = true;
    if (engine->incidents[s->incident].collected)
        return;
    engine->incidents[s->incident].collected = true;
    effects_collect(engine, s->shown.incident, service);
}

/* ---- closing ---- */

static void close_incident(struct engine *engine, struct engine_incident *incident, enum engine_ending ending, enum engine_entry_kind entry, const char *who)
{
    incident->ending = ending;
    incident->closed = engine->now.wall;
    incident->closed_elapsed = engine->now.elapsed;
    incident->acked = false;
    incident->acked_until = 0;
    incident->repeat_at = NEVER;
    if (incident->index != MODEL_NONE)
        engine->t.services[incident->index].proven_from = 0;
    incident->place = (struct engine_place){ .tier = TIER_NONE };
    engine->places_changed = true;
    timeline_add(engine, incident, entry, who);
    if (incident->index != MODEL_NONE)
        engine->t.services[incident->index].shown.incident = 0;
    engine->publish = engine->people_changed = true;
    effects_say(engine, SAY_INFO, incident->index, MODEL_NONE, "incident %llu is closed: %s", (unsigned long long)incident->id, engine_ending_name(ending));
}

static void fold(struct engine *engine, struct engine_incident *incident, const struct engine_incident *into)
{
    incident->folded_into = into->id;
    close_incident(engine, incident, INCIDENT_FOLDED, ENTRY_FOLDED, into->service);
}

static bool is_well(const struct service *s)
{
    return s->shown.verdict == VERDICT_OK || s->shown.verdict == VERDICT_WARN;
}

/* While it flaps no recovery holds, and while it is repaired nobody knows; while it is unknown, starting or not heard there is none. */
static void follow(struct engine *engine, size_t service, struct engine_incident *incident)
{
    const struct service *s = &engine->t.services[service];
    struct engine_incident *cause = s->shown.caused_by == MODEL_NONE ? NULL : incident_open(engine, s->shown.caused_by);

    if (cause && healing_brought(engine, service, cause))
        return; /* most likely it was stopped on the way: no repair is cut off by its own doing */
    if (cause)
        fold(engine, incident, cause);
    else if (s->shown.verdict == VERDICT_STOPPED)
        close_incident(engine, incident, INCIDENT_STOPPED, ENTRY_STOPPED, "");
    else if (is_well(s) && !s->shown.flapping && !healing_holds(engine, service))
        close_incident(engine, incident, INCIDENT_RECOVERED, ENTRY_RECOVERED, "");
}

/* ---- joining ---- */

static void join(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    struct engine_incident *cause = s->shown.caused_by == MODEL_NONE ? NULL : incident_open(engine, s->shown.caused_by);

    if (!cause || s->joined == cause->id)
        return;
    s->joined = cause->id;
    cause->joined++;
    timeline_add(engine, cause, ENTRY_JOINED, engine->t.model->services[service].name);
}

/* ---- at the end of an event ---- */

/* One that was stopped by hand does not: another check may flap still, with results of before. */
static bool flaps_too_long(const struct engine *engine, const struct service *s)
{
    return s->shown.flapping && s->shown.verdict != VERDICT_STOPPED && s->shown.caused_by == MODEL_NONE && engine->now.awake - s->flaps_since >= engine->t.model->settings.flap_escalate;
}

static void settle_opening(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];

    if (s->shown.root && s->shown.incident == 0 && s->healing == OURS_TAKEN_DOWN)
        return; /* a repair has taken it down and waits for it: whether it is back is judged when that has ended */
    if (s->shown.root && s->shown.incident == 0) {
        open_incident(engine, service);
    } else if (s->watched && flaps_too_long(engine, s) && s->shown.incident == 0) {
        open_incident(engine, service);
        timeline_add(engine, &engine->incidents[s->incident], ENTRY_FLAPPING, "");
    }
}

static void settle_rest(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    struct engine_incident *incident = incident_open(engine, service);

    if (incident && !s->shown.root)
        follow(engine, service, incident);
    join(engine, service);
    notice_settle(engine, service);
}

static void record_changed(struct engine *engine)
{
    for (size_t i = 0; i < engine->room; i++) {
        if (!engine->incidents[i].changed)
            continue;
        engine->incidents[i].changed = false;
        effects_record(engine, RECORD_INCIDENT, i, VERDICT_NONE, VERDICT_NONE);
    }
}

/* True: silences ended with it. */
static bool settle_looked(struct engine *engine)
{
    struct tables *t = &engine->t;
    bool ended = false;

    for (size_t i = 0; i < t->n_looked; i++)
        settle_opening(engine, t->looked[i]);
    for (size_t i = 0; i < t->n_looked; i++)
        settle_rest(engine, t->looked[i]);
    for (size_t i = 0; i < t->n_looked; i++) {
        t->services[t->looked[i]].looked = false;
        if (is_well(&t->services[t->looked[i]]) && !healing_holds(engine, t->looked[i]))
            ended |= silence_well(engine, t->looked[i]);
    }
    t->n_looked = 0;
    return ended;
}

/* Whose silence ends with it is looked at as well. */
void incident_settle(struct engine *engine)
{
    while (engine->t.n_looked > 0)
        if (settle_looked(engine))
            silence_spread(engine);
    if (engine->incidents_changed)
        record_changed(engine);
    engine->incidents_changed = false;
}

/* ---- clocks, and other models ---- */

void incident_due(struct engine *engine)
{
    for (size_t i = 0; i < engine->room; i++) {
        struct engine_incident *incident = &engine->incidents[i];

        if (incident->id == 0 || incident->ending != INCIDENT_OPEN || incident->index == MODEL_NONE)
            continue;
        if (incident->acked && incident->acked_until <= engine->now.elapsed) {
            incident->acked = false;
            incident->acked_until = 0;
            timeline_add(engine, incident, ENTRY_ACK_OVER, "");
            engine->people_changed = engine->publish = true;
            incident_look(engine, incident->index);
        }
        if (incident->repeat_at <= engine->now.elapsed)
            incident_look(engine, incident->index);
    }
}

void incident_moved(struct engine *engine)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < model->n_services; i++)
        engine->t.services[i].incident = MODEL_NONE;
    for (size_t i = 0; i < engine->room; i++) {
        struct engine_incident *incident = &engine->incidents[i];
        size_t service = incident->id > 0 ? model_service(model, incident->service) : MODEL_NONE;
        struct service *s = service == MODEL_NONE ? NULL : &engine->t.services[service];

        incident->index = MODEL_NONE;
        if (incident->id > 0 && incident->ending == INCIDENT_OPEN && !(s && s->watched))
            close_incident(engine, incident, INCIDENT_REMOVED, ENTRY_REMOVED, "");
        incident->index = service;
        if (s && (s->incident == MODEL_NONE || engine->incidents[s->incident].id < incident->id))
            s->incident = i;
    }
    for (size_t i = 0; i < model->n_services; i++) {
        const struct engine_incident *open = incident_open(engine, i);

        engine->t.services[i].shown.incident = open ? open->id : 0;
    }
    engine->people_changed = engine->places_changed = true;
}
