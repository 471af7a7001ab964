/*
 * What people are told, and incidents: nobody is told twice, nothing is told of what is silenced, every root cause has exactly one open incident, nothing grows
 * without bound, a silence ends when it was asked to. Found out from effects and views alone.
 */
#include "judge.h"

#include <string.h>

static const char *name_of(const struct sim *sim, size_t service)
{
    return service == MODEL_NONE ? "talon" : engine_model(sim->engine)->services[service].name;
}

static struct sim_incident *told_of(struct sim *sim, uint64_t id)
{
    struct sim_incident *told = &sim->incidents[id % SIM_INCIDENTS];

    if (told->id != id)
        *told = (struct sim_incident){ .id = id };
    return told;
}

/* ---- what is told ---- */

static void judge_opened(struct sim *sim, const struct engine_effect *effect)
{
    const struct engine_service *s = engine_service(sim->engine, effect->of.notify.service);
    struct sim_incident *told = told_of(sim, effect->of.notify.incident);

    if (told->open && effect->of.notify.notice == NOTICE_OPENED)
        sim_break(sim, "%s: people are told twice of incident %llu", name_of(sim, effect->of.notify.service), (unsigned long long)told->id);
    if (effect->of.notify.notice == NOTICE_OPENED && (!s->root || s->flapping || engine_overall(sim->engine)->storm))
        sim_break(sim, "%s: people are told of what is no root cause, flaps, or is part of a storm", name_of(sim, effect->of.notify.service));
    if (s->incident != effect->of.notify.incident)
        sim_break(sim, "%s: people are told of an incident that is not open", name_of(sim, effect->of.notify.service));
    told->open = true;
}

static void judge_recovered(struct sim *sim, const struct engine_effect *effect)
{
    struct sim_incident *told = told_of(sim, effect->of.notify.incident);
    const struct engine_incident *incident = engine_incident(sim->engine, effect->of.notify.incident);

    if (!told->open)
        sim_break(sim, "%s: people are told of the end of what they were not told of", name_of(sim, effect->of.notify.service));
    if (!incident || incident->ending != INCIDENT_RECOVERED)
        sim_break(sim, "%s: people are told of a recovery that is none", name_of(sim, effect->of.notify.service));
    told->open = false;
}

static void judge_level(struct sim *sim, const struct engine_effect *effect)
{
    bool critical = engine_model(sim->engine)->services[effect->of.notify.service].critical;
    enum engine_level right = critical ? LEVEL_MESSAGE : LEVEL_DIGEST;

    if (effect->of.notify.notice == NOTICE_FLAPPING_LONG)
        right = LEVEL_MESSAGE;
    else if (effect->of.notify.notice == NOTICE_FLAPPING || effect->of.notify.notice == NOTICE_WARNS_LONG)
        right = LEVEL_DIGEST;
    if (effect->of.notify.level != right)
        sim_break(sim, "%s: %s is told at the wrong level", name_of(sim, effect->of.notify.service), engine_notice_name(effect->of.notify.notice));
}

void judge_notice(struct sim *sim, const struct engine_effect *effect)
{
    size_t service = effect->of.notify.service;
    enum engine_notice notice = effect->of.notify.notice;

    if (strlen(effect->of.notify.text) < 10)
        sim_break(sim, "%s: people are told nothing", name_of(sim, service));
    if (service == MODEL_NONE || notice == NOTICE_SILENCED_LONG)
        return;
    if (engine_service(sim->engine, service)->silenced)
        sim_break(sim, "%s is silenced, and people are told of it: %s", name_of(sim, service), effect->of.notify.text);
    judge_level(sim, effect);
    if (notice == NOTICE_OPENED || notice == NOTICE_FLAPPING_LONG)
        judge_opened(sim, effect);
    else if (notice == NOTICE_RECOVERED)
        judge_recovered(sim, effect);
    else if (notice == NOTICE_REPEATED && (!told_of(sim, effect->of.notify.incident)->open || engine_incident(sim->engine, effect->of.notify.incident)->acked))
        sim_break(sim, "%s: people are reminded of what they do not know, or have acknowledged", name_of(sim, service));
    else if (notice == NOTICE_STOPPED && engine_service(sim->engine, service)->verdict != VERDICT_STOPPED)
        sim_break(sim, "%s: people are told that it was stopped", name_of(sim, service));
}

void judge_collected(struct sim *sim, const struct engine_effect *effect)
{
    struct sim_incident *told = told_of(sim, effect->of.collect.incident);

    if (told->collected)
        sim_break(sim, "evidence of incident %llu is collected twice", (unsigned long long)told->id);
    told->collected = true;
}

/* ---- incidents ---- */

/* Has the service one that could have been opened again? */
static bool relapsed(const struct sim *sim, const struct engine_incident *incident, const struct engine_incident *all, size_t room)
{
    uint64_t reopen = engine_model(sim->engine)->settings.reopen;

    for (size_t i = 0; i < room; i++)
        if (all[i].id > 0 && all[i].id != incident->id && strcmp(all[i].service, incident->service) == 0 && all[i].ending != INCIDENT_OPEN &&
            sim->now.elapsed - all[i].closed_elapsed < reopen)
            return true;
    return false;
}

static void judge_incident(struct sim *sim, const struct engine_incident *incident, const struct engine_incident *all, size_t room)
{
    bool silent = incident->ending != INCIDENT_RECOVERED || incident->index == MODEL_NONE || engine_service(sim->engine, incident->index)->silenced ||
                  sim->view->services[incident->index].silenced; /* until it is well, which it has become */

    if (incident->n_entries > ENGINE_ENTRIES || incident->n_entries == 0)
        sim_break(sim, "an incident has %u entries", incident->n_entries);
    if (incident->ending != INCIDENT_OPEN) {
        if (silent)
            told_of(sim, incident->id)->open = false;
        return;
    }
    if (incident->index == MODEL_NONE || engine_service(sim->engine, incident->index)->incident != incident->id)
        sim_break(sim, "incident %llu is open, but not that of its service", (unsigned long long)incident->id);
    if (incident->id > sim->last_incident && relapsed(sim, incident, all, room))
        sim_break(sim, "%s has a new incident within the time in which its last is opened again", incident->service);
}

static void judge_incidents(struct sim *sim)
{
    size_t room, open = 0, shown = 0;
    const struct engine_incident *all = engine_incidents(sim->engine, &room);

    if (engine_model(sim->engine)->n_services > sim->most_services)
        sim->most_services = engine_model(sim->engine)->n_services;
    if (room > sim->most_services + ENGINE_INCIDENTS)
        sim_break(sim, "there is room for %zu incidents, and there were never more than %zu services", room, sim->most_services);
    for (size_t i = 0; i < room; i++) {
        if (all[i].id == 0)
            continue;
        open += all[i].ending == INCIDENT_OPEN;
        judge_incident(sim, &all[i], all, room);
    }
    for (size_t i = 0; i < engine_model(sim->engine)->n_services; i++)
        shown += engine_service(sim->engine, i)->incident > 0;
    if (open != shown)
        sim_break(sim, "%zu incidents are open, %zu services show one", open, shown);
    for (size_t i = 0; i < room; i++)
        if (all[i].id > sim->last_incident)
            sim->last_incident = all[i].id;
}

/* Time it has: whoever is silenced, and whether or not something else happens just then. */
static void judge_flapping(struct sim *sim, size_t service, const struct engine_event *event)
{
    const struct engine_service *s = engine_service(sim->engine, service);
    struct sim_service *mine = &sim->services[service];

    if (!s->flapping)
        mine->flaps_from = SIM_NONE;
    else if (mine->flaps_from == SIM_NONE)
        mine->flaps_from = sim->now.awake;
    if (event->kind != EVENT_TIME || !s->flapping || s->verdict == VERDICT_STOPPED || s->caused_by != MODEL_NONE || s->incident > 0)
        return;
    if (sim->now.awake - mine->flaps_from >= engine_model(sim->engine)->settings.flap_escalate)
        sim_break(sim, "%s flaps for too long and has no incident", name_of(sim, service));
}

static void judge_service(struct sim *sim, size_t service)
{
    const struct engine_service *s = engine_service(sim->engine, service);
    bool well = s->verdict == VERDICT_OK || s->verdict == VERDICT_WARN;

    if (s->root && s->incident == 0)
        sim_break(sim, "%s is a root cause without an incident", name_of(sim, service));
    if (s->incident > 0 && ((well && !s->flapping) || s->verdict == VERDICT_STOPPED))
        sim_break(sim, "%s is %s and has an incident", name_of(sim, service), engine_verdict_name(s->verdict));
    if (s->incident > 0 && s->caused_by != MODEL_NONE && engine_service(sim->engine, s->caused_by)->incident > 0)
        sim_break(sim, "%s and what it is caused by both have an incident", name_of(sim, service));
}

/* ---- silences ---- */

static const struct sim_silence *asked(const struct sim *sim, const char *service)
{
    for (size_t i = 0; i < sim->n_silences; i++)
        if (strcmp(sim->silences[i].service, service) == 0)
            return &sim->silences[i];
    return NULL;
}

static void note_command(struct sim *sim, const struct engine_command *command)
{
    const char *service = command->service ? command->service : "";
    struct sim_silence *silence = (struct sim_silence *)asked(sim, service);

    if (command->kind != COMMAND_SILENCE)
        return;
    if (!silence) {
        for (silence = sim->silences; silence < sim->silences + sim->n_silences && silence->until >= sim->now.elapsed; silence++)
            ;
        if (silence == sim->silences + ENGINE_SILENCES)
            return;
        sim->n_silences += silence == sim->silences + sim->n_silences;
        strncpy(silence->service, service, sizeof silence->service - 1);
        silence->service[sizeof silence->service - 1] = '\0';
    }
    silence->until = sim->now.elapsed + command->duration;
}

static bool is_named(const struct sim *sim, size_t service)
{
    size_t n;
    const struct engine_silence *all = engine_silences(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        if (!all[i].service[0] || strcmp(all[i].service, name_of(sim, service)) == 0)
            return true;
    return false;
}

static void judge_silences(struct sim *sim, const struct engine_event *event)
{
    size_t n;
    const struct engine_silence *all = engine_silences(sim->engine, &n);

    for (size_t i = 0; i < n; i++) {
        const struct sim_silence *silence = all[i].window[0] ? NULL : asked(sim, all[i].service);

        if (!all[i].window[0] && (!silence || silence->until != all[i].until))
            sim_break(sim, "a silence of %s does not end when it was asked to", all[i].service);
        if (event->kind == EVENT_TIME && all[i].until <= sim->now.elapsed)
            sim_break(sim, "a silence of %s goes on beyond its end", all[i].service);
    }
    if (event->kind == EVENT_TIME && engine_paused_until(sim->engine) > 0 && engine_paused_until(sim->engine) <= sim->now.elapsed)
        sim_break(sim, "the pause goes on beyond its end");
    for (size_t i = 0; i < engine_model(sim->engine)->n_services; i++) {
        const struct engine_service *s = engine_service(sim->engine, i);
        bool silenced = n > 0 && (is_named(sim, i) || (s->caused_by != MODEL_NONE && is_named(sim, s->caused_by)));

        if (s->silenced != silenced)
            sim_break(sim, "%s is %ssilenced and should%s be", name_of(sim, i), s->silenced ? "" : "not ", silenced ? "" : " not");
    }
}

/* A window is a silence from its opening to its closing. */
static void judge_window(struct sim *sim, const struct engine_event *event)
{
    const char *service = event->of.window.service ? event->of.window.service : "";
    bool found = false;
    size_t n;
    const struct engine_silence *all = engine_silences(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        found |= strcmp(all[i].window, event->of.window.name) == 0 && strcmp(all[i].service, service) == 0;
    if (found != (event->kind == EVENT_WINDOW_OPEN))
        sim_break(sim, "the window %s is %s", event->of.window.name, found ? "closed and silences still" : "open and silences nothing");
}

/* ---- all ---- */

static bool incidents_changed(const struct sim *sim)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        if (effects[i].kind == EFFECT_RECORD && (effects[i].of.record.kind == RECORD_INCIDENT || effects[i].of.record.kind == RECORD_PEOPLE))
            return true;
    return false;
}

void judge_people(struct sim *sim, const struct engine_event *event)
{
    if (event->kind == EVENT_COMMAND)
        note_command(sim, &event->of.command);
    if (event->kind == EVENT_WINDOW_OPEN || event->kind == EVENT_WINDOW_CLOSED)
        judge_window(sim, event);
    for (size_t i = 0; i < engine_model(sim->engine)->n_services; i++) {
        judge_service(sim, i);
        judge_flapping(sim, i, event);
    }
    if (event->kind == EVENT_MODEL || incidents_changed(sim))
        judge_incidents(sim);
    judge_silences(sim, event);
}
