/*
 * What outlives a process: records by the names of runbook and service, ladders by incident. What ran when the process ended is interrupted, counted as failed
 * from now on (rules.md 4.1), and what it was about may be left stopped by it: so the engine is told.
 */
#include "heal/heal_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t keep_find(const struct heal *heal, const char *runbook, const char *service)
{
    for (size_t i = 0; i < heal->n_records; i++)
        if (strcmp(heal->records[i].service, service) == 0 && strcmp(heal->records[i].runbook, runbook) == 0)
            return i;
    return MODEL_NONE;
}

const struct heal_kept_record *heal_records(const struct heal *heal, size_t *n)
{
    *n = heal->n_records;
    return heal->records;
}

const struct heal_kept_ladder *heal_ladders(const struct heal *heal, size_t *n)
{
    *n = heal->n_ladders;
    return heal->kept_ladders;
}

/* ---- out */

void heal_export_rest(const struct heal *heal, const struct moment *now, struct heal_kept *kept)
{
    memset(kept, 0, sizeof *kept);
    kept->at = *now;
    kept->past = heal->past;
    for (size_t i = 0; i < MODEL_AGENTS; i++) {
        kept->asked[i] = heal->asked[i];
        kept->asked_at[i] = heal->asked_at[i];
    }
}

static void add_ladders(const struct heal *heal, const struct moment *now, struct heal_kept *kept)
{
    for (size_t i = 0; i < heal->n_ladders; i++) {
        struct heal_kept_ladder *made = &kept->ladders[kept->n_ladders];

        if (heal->kept_ladders[i].incident == 0)
            continue;
        *made = heal->kept_ladders[i];
        if (heal->ladders[i].counting != NEVER && now->awake > heal->ladders[i].counting)
            made->not_ok += now->awake - heal->ladders[i].counting;
        kept->n_ladders++;
    }
}

struct heal_kept *heal_export(const struct heal *heal, const struct moment *now)
{
    struct heal_kept *kept = calloc(1, sizeof *kept);

    if (!kept)
        return NULL;
    heal_export_rest(heal, now, kept);
    kept->records = calloc(heal->n_records + 1, sizeof *kept->records);
    kept->ladders = calloc(heal->n_ladders + 1, sizeof *kept->ladders);
    if (!kept->records || !kept->ladders) {
        heal_kept_free(kept);
        return NULL;
    }
    if (heal->n_records > 0)
        memcpy(kept->records, heal->records, heal->n_records * sizeof *kept->records);
    kept->n_records = heal->n_records;
    add_ladders(heal, now, kept);
    return kept;
}

void heal_kept_free(struct heal_kept *kept)
{
    if (!kept)
        return;
    free(kept->records);
    free(kept->ladders);
    free(kept);
}

/* ---- an intent without an end */

bool heal_kept_intent(struct heal_kept *kept, const char *runbook, const char *service, uint64_t incident, bool above_observe, const struct moment *begun)
{
    struct heal_kept_record *record = NULL, *grown;

    for (size_t i = 0; i < kept->n_records && !record; i++)
        if (strcmp(kept->records[i].runbook, runbook) == 0 && strcmp(kept->records[i].service, service) == 0)
            record = &kept->records[i];
    if (!record) {
        grown = realloc(kept->records, (kept->n_records + 1) * sizeof *grown);
        if (!grown)
            return false;
        kept->records = grown;
        record = &kept->records[kept->n_records++];
        memset(record, 0, sizeof *record);
        snprintf(record->runbook, sizeof record->runbook, "%s", runbook);
        snprintf(record->service, sizeof record->service, "%s", service);
    }
    if (record->record.running || (record->record.started && record->record.last.boot == begun->boot && record->record.last.elapsed >= begun->elapsed)) {
        record->record.running = true; /* it had reached the disk */
        return true;
    }
    heal_record_started(&record->record, begun, incident);
    if (above_observe && incident > 0)
        heal_past_started(&kept->past, begun);
    return true;
}

/* ---- in */

static bool take_record(struct heal *heal, const struct heal_kept_record *kept)
{
    size_t at = keep_find(heal, kept->runbook, kept->service);
    const bool known = at != MODEL_NONE;
    const uint64_t fingerprint = known ? heal->records[at].fingerprint : 0;

    if (!known)
        at = heal->n_records++;
    heal->records[at] = *kept;
    if (BROKEN(1))
        heal->records[at].record = (struct heal_record){ .running = false };
    heal_record_adopt(&heal->records[at].record, &heal->now);
    if (!known)
        return kept->record.running;
    heal->records[at].fingerprint = fingerprint;
    if (kept->fingerprint != fingerprint && kept->fingerprint != 0)
        heal_record_rearm(&heal->records[at].record);
    return kept->record.running;
}

static uint64_t incident_of(const struct engine *engine, uint64_t incident)
{
    return incident > 0 && engine_incident(engine, incident) ? incident : 0;
}

/* It may be stopped because of us: of the open incident's last run nobody has seen what it left. */
static void own_up(struct heal *heal, const struct engine *engine, const struct heal_kept_record *kept)
{
    const size_t service = model_service(heal->model, kept->service);
    const struct engine_incident *incident = engine_incident(engine, kept->record.incident);
    const bool open = incident && kept->record.incident > 0 && incident->ending == INCIDENT_OPEN;

    if (service == MODEL_NONE || !(kept->record.running || (open && kept->record.failed)))
        return;
    heal->subjects[service].ours = OURS_SUBJECT;
    todo_tell(heal, 0, service, 0, ENTRY_KINDS, NULL, NULL);
    heal->subjects[service].ours = OURS_NOT;
    if (kept->record.running)
        todo_tell(heal, 0, service, incident_of(engine, kept->record.incident), ENTRY_INTERRUPTED, kept->runbook, "%s for %s was interrupted", kept->runbook,
                  kept->service);
    else
        todo_tell(heal, 0, service, 0, ENTRY_KINDS, NULL, NULL);
}

static void take_ladders(struct heal *heal, const struct heal_kept *kept)
{
    for (size_t i = 0; i < kept->n_ladders && i < heal->n_ladders; i++) {
        heal->kept_ladders[i] = kept->ladders[i];
        heal->ladders[i] = (struct ladder){ .counting = NEVER };
        if (kept->ladders[i].sos)
            heal_moment_adopt(&heal->kept_ladders[i].sos_at, &heal->now);
    }
}

/* Room for those of which the model knows nothing any more. */
static bool make_room(struct heal *heal, const struct heal_kept *kept)
{
    struct heal_kept_record *grown = realloc(heal->records, (heal->n_records + kept->n_records + 1) * sizeof *grown);

    if (grown)
        heal->records = grown;
    return grown != NULL;
}

bool keep_restore(struct heal *heal, const struct engine *engine, const struct heal_kept *kept)
{
    if (heal->restored || !make_room(heal, kept))
        return false;
    heal->restored = true;
    heal->past = kept->past;
    heal_past_adopt(&heal->past, &heal->now);
    for (size_t i = 0; i < MODEL_AGENTS; i++) {
        heal->asked[i] = kept->asked[i];
        heal->asked_at[i] = kept->asked_at[i];
        if (kept->asked[i])
            heal_moment_adopt(&heal->asked_at[i], &heal->now);
    }
    take_ladders(heal, kept);
    for (size_t i = 0; i < kept->n_records; i++)
        if (take_record(heal, &kept->records[i]))
            todo_keep(heal, keep_find(heal, kept->records[i].runbook, kept->records[i].service), MODEL_NONE);
    for (size_t i = 0; i < kept->n_records && todo_room(heal); i++)
        own_up(heal, engine, &kept->records[i]);
    for (size_t i = 0; i < kept->n_records && todo_room(heal); i++)
        rearm_after_boot(heal, engine, &kept->records[i]);
    return true;
}
