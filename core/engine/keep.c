/* What outlives the process, copied out: plain data under names, so that a store can write it and another configuration can take of it what it still has. */
#include "engine/engine_private.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t since(const struct moment *now, uint64_t awake)
{
    return awake == NEVER ? NEVER : now->awake - awake;
}

void engine_export_check(const struct engine *engine, const struct moment *now, size_t check, struct kept_check *kept)
{
    const struct check *c = &engine->t.checks[check];

    *kept = (struct kept_check){
        .fingerprint = engine->t.model->checks[check].fingerprint,
        .verdict = (int)c->shown.verdict,
        .base = (int)c->base,
        .broken = c->broken,
        .heard = c->heard,
        .bad = c->shown.bad,
        .good = c->shown.good,
        .unknown = c->shown.unknown,
        .since = c->shown.since,
        .last_begun = c->shown.last_begun,
        .last_ended = c->shown.last_ended,
        .since_elapsed = c->since_elapsed,
        .runs = c->shown.runs,
        .skipped = c->shown.skipped,
        .starting_for = since(now, c->starting_since),
        .turns = c->turns,
        .n_turns = c->n_turns,
        .flapping = c->shown.flapping,
        .last = result_keep(c->shown.last),
    };
    snprintf(kept->name, sizeof kept->name, "%s", engine->t.model->checks[check].full_name);
}

void engine_export_service(const struct engine *engine, const struct moment *now, size_t service, struct kept_service *kept)
{
    const struct service *s = &engine->t.services[service];

    *kept = (struct kept_service){
        .watched = s->watched,
        .verdict = (int)s->shown.verdict,
        .since = s->shown.since,
        .since_elapsed = s->since_elapsed,
        .root = s->shown.root,
        .silenced = s->shown.silenced,
        .was_down = s->was_down,
        .stop_told = s->stop_told,
        .warn_told = s->warn_told,
        .flap_told = s->flap_told,
        .flap_long_told = s->flap_long_told,
        .confirming = s->confirm_from > 0,
        .warns_for = since(now, s->warns_since),
        .flaps_for = since(now, s->flaps_since),
        .bad_for = since(now, s->turned_bad),
        .graced = s->graced,
        .grace_left = s->grace_until > now->awake ? s->grace_until - now->awake : 0,
        .spare_left = streaks_spared(engine, service, now->awake),
        .joined = s->joined,
    };
    if (s->graced_by != MODEL_NONE)
        snprintf(kept->graced_by, sizeof kept->graced_by, "%s", engine->t.model->services[s->graced_by].name);
    snprintf(kept->name, sizeof kept->name, "%s", engine->t.model->services[service].name);
}

static void keep_people(const struct engine *engine, struct engine_kept *kept)
{
    for (size_t i = 0; i < engine->n_silences; i++)
        if (!engine->silences[i].window[0])
            kept->silences[kept->n_silences++] = engine->silences[i];
    for (size_t i = 0; i < engine->room; i++)
        if (engine->incidents[i].id > 0)
            kept->incidents[kept->n_incidents++] = engine->incidents[i];
    engine_export_rest(engine, kept);
}

void engine_export_rest(const struct engine *engine, struct engine_kept *kept)
{
    kept->last_incident = engine->last_incident;
    kept->paused_until = engine->paused_until;
    kept->storm = engine->overall.storm;
    kept->told_storm = engine->told_storm;
    kept->told_observer = engine->told_observer;
    for (int i = 0; i < SELF_TROUBLES; i++)
        kept->told_self[i] = engine->told_self[i];
}

struct engine_kept *engine_export(const struct engine *engine, const struct moment *now)
{
    const struct model *model = engine->t.model;
    struct engine_kept *kept = model ? calloc(1, sizeof *kept) : NULL;

    if (!kept)
        return NULL;
    kept->at = *now;
    kept->checks = calloc(model->n_checks + 1, sizeof *kept->checks);
    kept->services = calloc(model->n_services + 1, sizeof *kept->services);
    kept->silences = calloc(engine->n_silences + 1, sizeof *kept->silences);
    kept->incidents = calloc(engine->room + 1, sizeof *kept->incidents);
    if (!kept->checks || !kept->services || !kept->silences || !kept->incidents) {
        engine_kept_free(kept);
        return NULL;
    }
    for (size_t i = 0; i < model->n_checks; i++)
        if (model->checks[i].enabled)
            engine_export_check(engine, now, i, &kept->checks[kept->n_checks++]);
    for (size_t i = 0; i < model->n_services; i++)
        engine_export_service(engine, now, i, &kept->services[kept->n_services++]);
    keep_people(engine, kept);
    return kept;
}

void engine_kept_free(struct engine_kept *kept)
{
    if (!kept)
        return;
    for (size_t i = 0; i < kept->n_checks; i++)
        result_drop(kept->checks[i].last);
    free(kept->checks);
    free(kept->services);
    free(kept->silences);
    free(kept->incidents);
    free(kept);
}
