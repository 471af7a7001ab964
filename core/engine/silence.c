/*
 * Silences, a person's or a maintenance window's. A silence covers what is caused by its subject. When one ends and the subject is still failed, that is
 * confirmed by a fresh result before it is told; what recovered inside is never told.
 */
#include "engine/engine_private.h"

#include <string.h>

const struct engine_silence *engine_silences(const struct engine *engine, size_t *n)
{
    *n = engine->n_silences;
    return engine->silences;
}

uint64_t engine_paused_until(const struct engine *engine)
{
    return engine->paused_until;
}

bool silence_names(const struct engine_silence *silence, const char *service)
{
    return silence->service[0] == '\0' || strcmp(silence->service, service) == 0;
}

size_t silence_find(const struct engine *engine, const char *service, const char *window)
{
    for (size_t i = 0; i < engine->n_silences; i++)
        if (strcmp(engine->silences[i].service, service) == 0 && strcmp(engine->silences[i].window, window) == 0)
            return i;
    return MODEL_NONE;
}

/* ---- who is silenced ---- */

static void ask_again(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i))
            paths_ask_fresh(engine, i, WANT_CONFIRM);
}

static void note_turn(struct engine *engine, size_t service, bool silenced)
{
    struct service *s = &engine->t.services[service];
    struct engine_incident *incident = incident_open(engine, service);

    s->confirm_from = 0;
    if (!silenced && streaks_is_bad(s->shown.verdict)) {
        s->confirm_from = engine->last_run + 1;
        ask_again(engine, service);
    }
    if (incident)
        timeline_add(engine, incident, silenced ? ENTRY_SILENCED : ENTRY_UNSILENCED, "");
}

void silence_show(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    size_t cause = s->shown.caused_by;
    bool silenced = s->silenced_itself || (cause != MODEL_NONE && engine->t.services[cause].silenced_itself);

    if (silenced == s->shown.silenced)
        return;
    s->shown.silenced = silenced;
    overall_silence(engine, service);
    note_turn(engine, service, silenced);
    engine->publish = engine->storm_due = true;
    incident_look(engine, service);
}

void silence_find_subjects(struct engine *engine)
{
    const struct model *model = engine->t.model;

    for (size_t i = 0; i < model->n_services; i++) {
        struct service *s = &engine->t.services[i];

        s->silenced_itself = false;
        for (size_t k = 0; k < engine->n_silences; k++)
            s->silenced_itself |= silence_names(&engine->silences[k], model->services[i].name);
    }
}

void silence_spread(struct engine *engine)
{
    silence_find_subjects(engine);
    for (size_t i = 0; i < engine->t.model->n_services; i++)
        silence_show(engine, i);
}

/* ---- the list ---- */

static void changed(struct engine *engine)
{
    engine->people_changed = engine->publish = true;
    effects_record(engine, RECORD_PEOPLE, MODEL_NONE, VERDICT_NONE, VERDICT_NONE);
}

/* In the place of an earlier one of the same subject. */
void silence_add(struct engine *engine, const struct engine_silence *silence)
{
    size_t at = silence_find(engine, silence->service, silence->window);

    engine->silences[at == MODEL_NONE ? engine->n_silences++ : at] = *silence;
    changed(engine);
    silence_spread(engine);
}

void silence_remove(struct engine *engine, size_t at)
{
    memmove(&engine->silences[at], &engine->silences[at + 1], (--engine->n_silences - at) * sizeof *engine->silences);
    changed(engine);
}

bool silence_well(struct engine *engine, size_t service)
{
    size_t n = engine->n_silences;

    for (size_t i = n; i > 0; i--)
        if (engine->silences[i - 1].until_ok && strcmp(engine->silences[i - 1].service, engine->t.model->services[service].name) == 0)
            silence_remove(engine, i - 1);
    return engine->n_silences < n;
}

static const char *name_of(const struct engine_silence *silence)
{
    return silence->service[0] ? silence->service : "everything";
}

/* One that was forgotten hides what it was not meant for. */
static void tell_long(struct engine *engine, struct engine_silence *silence)
{
    if (silence->told_long || silence->window[0] || engine->now.elapsed - silence->begun < SILENCE_IS_LONG)
        return;
    silence->told_long = engine->people_changed = true;
    effects_notice(engine, NOTICE_SILENCED_LONG, LEVEL_DIGEST, 0, model_service(engine->t.model, silence->service), false,
                   "%s has been silenced for more than a day%s%s", name_of(silence), silence->note[0] ? ": " : "", silence->note);
}

void silence_due(struct engine *engine)
{
    size_t n = engine->n_silences;

    for (size_t i = n; i > 0; i--) {
        struct engine_silence *silence = &engine->silences[i - 1];

        if (silence->until > engine->now.elapsed) {
            tell_long(engine, silence);
            continue;
        }
        effects_say(engine, SAY_INFO, MODEL_NONE, MODEL_NONE, "the silence of %s is over", name_of(silence));
        silence_remove(engine, i - 1);
    }
    if (engine->n_silences < n)
        silence_spread(engine);
}
