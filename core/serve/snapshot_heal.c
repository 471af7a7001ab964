/* Copies what the machine of core/heal concludes: see snapshot_heal.h. */
#include "serve/snapshot_heal.h"

#include "base/scalar.h"
#include "base/shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A moment of a clock that is `now` now, on the calendar. */
static int64_t wall_of(const struct moment *now, uint64_t clock_now, uint64_t then)
{
    return then >= clock_now ? now->wall + (int64_t)(then - clock_now) : now->wall - (int64_t)(clock_now - then);
}

static int64_t wall_until(const struct moment *now, uint64_t elapsed)
{
    return elapsed == UINT64_MAX || elapsed == 0 ? 0 : wall_of(now, now->elapsed, elapsed);
}

/* ---- entries */

static const struct heal_record *record_of(const struct heal *heal, const char *runbook, const char *service)
{
    size_t n;
    const struct heal_kept_record *records = heal_records(heal, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(records[i].runbook, runbook) == 0 && strcmp(records[i].service, service) == 0)
            return &records[i].record;
    return NULL;
}

static unsigned count_window(const struct heal_record *record, const struct moment *now, uint64_t window)
{
    unsigned n = 0;

    for (size_t i = 0; i < record->n; i++)
        n += heal_passed(now, &record->starts[i]) < window;
    return n;
}

static void copy_entry(struct snapshot_entry *entry, const struct heal *heal, const struct engine *engine, const struct moment *now, size_t service, size_t nth)
{
    const struct model_service *model = &engine_model(engine)->services[service];
    const struct model_runbook *runbook = model->heal[nth].bound;
    const struct heal_record *record = record_of(heal, runbook->name, model->name);

    *entry = (struct snapshot_entry){ .service = service, .nth = nth, .answer = heal_would(heal, engine, now, service, nth, false, false) };
    if (entry->answer.holder)
        snprintf(entry->holder, sizeof entry->holder, "%s", entry->answer.holder);
    entry->answer.holder = entry->holder[0] ? entry->holder : NULL;
    if (!record)
        return;
    entry->running = record->running;
    entry->failed = record->failed;
    entry->attempts = heal_record_attempts(record, engine_service(engine, service)->incident);
    entry->in_window = count_window(record, now, runbook->limits.at_most_window);
    entry->last = record->started ? now->wall - (int64_t)heal_passed(now, &record->last) : 0;
    entry->failed_at = record->failed ? now->wall - (int64_t)heal_passed(now, &record->ended_at) : 0;
}

static void copy_entries(struct snapshot_heal *copy, const struct heal *heal, const struct engine *engine, const struct moment *now)
{
    const struct model *model = engine_model(engine);

    for (size_t i = 0; i < model->n_services; i++)
        for (size_t nth = 0; nth < model->services[i].n_heal; nth++)
            copy_entry(&copy->entries[copy->n_entries++], heal, engine, now, i, nth);
}

/* ---- what runs */

static void copy_runs(struct snapshot_heal *copy, const struct heal *heal, const struct moment *now)
{
    size_t n;
    const struct heal_running *running = heal_running(heal, &n);

    for (size_t i = 0; i < n; i++) {
        struct snapshot_run *run = &copy->runs[copy->n_runs++];

        *run = (struct snapshot_run){ .run = running[i].run, .incident = running[i].incident, .verifying = running[i].verifying };
        run->begun = wall_of(now, now->awake, running[i].begun);
        run->deadline = wall_of(now, now->awake, running[i].deadline);
        snprintf(run->runbook, sizeof run->runbook, "%s", running[i].runbook);
        snprintf(run->service, sizeof run->service, "%s", running[i].service);
        snprintf(run->doing, sizeof run->doing, "%s", running[i].doing ? running[i].doing : "");
        snprintf(run->step, sizeof run->step, "%s", running[i].step ? running[i].step : "");
    }
}

/* ---- where incidents stand */

static const struct snapshot_run *run_of(const struct snapshot_heal *copy, uint64_t incident)
{
    for (size_t i = 0; i < copy->n_runs; i++)
        if (copy->runs[i].incident == incident)
            return &copy->runs[i];
    return NULL;
}

static void say_limit(const struct snapshot_heal *copy, const struct snapshot_place *at, struct buffer *out)
{
    struct heal_answer answer = { .limit = at->place.limit, .until = at->place.until };

    for (size_t i = 0; i < copy->n_entries; i++)
        if (copy->entries[i].service == at->service && copy->entries[i].nth == at->place.entry && copy->entries[i].answer.limit == at->place.limit)
            answer.holder = copy->entries[i].answer.holder;
    buffer_text(out, " waits: ");
    heal_limit_text(&answer, &copy->at, out);
}

/* Without SOS. */
static void say_tier(const struct snapshot_heal *copy, const struct model *model, const struct snapshot_place *at, struct buffer *out)
{
    const struct snapshot_run *run = run_of(copy, at->incident);
    const struct model_service *service = at->service < model->n_services ? &model->services[at->service] : NULL;
    const char *runbook = service && at->place.entry < service->n_heal ? service->heal[at->place.entry].bound->name : NULL;

    if (run)
        buffer_printf(out, "%s runs, step %s: %s", run->runbook, run->step, run->doing);
    else if (at->place.tier == TIER_AGENT || at->place.tier == TIER_AGENT_FALLBACK)
        buffer_printf(out, at->place.running ? "%s looks into it" : "%s is to be asked", at->place.tier == TIER_AGENT ? "the agent" : "the second agent");
    else if (at->place.exhausted)
        buffer_text(out, "all that could repair it is used up, or held after it did not help");
    else
        buffer_text(out, runbook ? runbook : service && service->n_heal > 0 ? "none of its runbooks fits now" : "it has no runbook");
    if (!run && at->place.limit != LIMIT_NONE)
        say_limit(copy, at, out);
    else if (!run && runbook && !at->place.exhausted && at->place.tier == TIER_RUNBOOKS)
        buffer_text(out, " is about to begin");
}

static void say_place(const struct snapshot_heal *copy, const struct model *model, struct snapshot_place *at)
{
    const bool repairable = at->service < model->n_services && model->services[at->service].n_heal > 0;
    struct buffer text = buffer_make(sizeof at->text - 1);
    char left[32];

    if (!repairable && at->place.tier <= TIER_RUNBOOKS && !at->place.sos_out && at->place.sos_due == 0)
        return; /* nobody has asked for any repair of it */
    say_tier(copy, model, at, &text);
    if (at->place.sos_out) {
        buffer_text(&text, "; an SOS is out");
    } else if (at->place.sos_due > copy->at.wall) {
        scalar_show_age((uint64_t)(at->place.sos_due - copy->at.wall), left, sizeof left);
        buffer_printf(&text, "; SOS in %s", left);
    }
    snprintf(at->text, sizeof at->text, "%s", buffer_string(&text));
    buffer_free(&text);
}

static void copy_places(struct snapshot_heal *copy, const struct heal *heal, const struct engine *engine, const struct moment *now)
{
    size_t room;
    const struct engine_incident *incidents = engine_incidents(engine, &room);

    for (size_t i = 0; i < room; i++) {
        struct snapshot_place *at = &copy->places[copy->n_places];

        *at = (struct snapshot_place){ .incident = incidents[i].id, .service = incidents[i].index };
        if (incidents[i].id == 0 || incidents[i].ending != INCIDENT_OPEN || !heal_place(heal, engine, incidents[i].id, &at->place))
            continue;
        at->until = at->place.limit == LIMIT_NONE ? 0 : wall_until(now, at->place.until);
        say_place(copy, engine_model(engine), at);
        copy->n_places++;
    }
}

/* ---- when each tier did something last, for readers of the old state */

static void take_later(int64_t *last, const struct moment *now, const struct moment *then)
{
    const int64_t wall = now->wall - (int64_t)heal_passed(now, then);

    *last = wall > *last ? wall : *last;
}

static void copy_last(struct snapshot_heal *copy, const struct heal *heal, const struct moment *now)
{
    size_t n;
    const struct heal_kept_record *records = heal_records(heal, &n);
    const struct heal_kept_ladder *ladders;
    struct heal_kept rest;

    for (size_t i = 0; i < n; i++)
        if (records[i].record.started)
            take_later(&copy->last_run, now, &records[i].record.last);
    ladders = heal_ladders(heal, &n);
    for (size_t i = 0; i < n; i++)
        if (ladders[i].incident > 0 && ladders[i].sos)
            take_later(&copy->last_sos, now, &ladders[i].sos_at);
    heal_export_rest(heal, now, &rest);
    for (size_t i = 0; i < MODEL_AGENTS; i++)
        if (rest.asked[i])
            take_later(&copy->last_agent, now, &rest.asked_at[i]);
}

/* ---- */

struct snapshot_heal *snapshot_heal_make(const struct heal *heal, const struct engine *engine, const struct moment *now)
{
    const struct model *model = engine_model(engine);
    size_t entries = 0, places, runs;
    struct snapshot_heal *copy;

    for (size_t i = 0; i < model->n_services; i++)
        entries += model->services[i].n_heal;
    engine_incidents(engine, &places);
    heal_running(heal, &runs);
    copy = malloc(sizeof *copy + entries * sizeof *copy->entries + (places + 1) * sizeof *copy->places + runs * sizeof *copy->runs);
    if (!copy) {
        shortage_note();
        return NULL;
    }
    *copy = (struct snapshot_heal){ .at = *now };
    copy->entries = (struct snapshot_entry *)(copy + 1);
    copy->places = (struct snapshot_place *)(copy->entries + entries);
    copy->runs = (struct snapshot_run *)(copy->places + places + 1);
    copy_entries(copy, heal, engine, now);
    copy_runs(copy, heal, now);
    copy_places(copy, heal, engine, now);
    copy_last(copy, heal, now);
    return copy;
}
