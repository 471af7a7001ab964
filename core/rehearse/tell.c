/* The timeline: what turned, what was opened, what people were told, and what would have been run. Bounded; what does not fit is counted. */
#include "rehearse/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A note of several lines is told to people as it is written; here each thing is a line. */
static char *one_line(const char *text)
{
    char *line = strdup(text);

    for (char *at = line; at && (at = strchr(at, '\n')); at++)
        *at = ' ';
    return line;
}

struct rehearsal_entry *tell(struct world *w, enum rehearsal_kind kind, const char *service, const char *word, const char *text)
{
    struct rehearsal *done = w->done;
    struct rehearsal_entry *grown;

    if (done->n_entries == REHEARSAL_ENTRIES) {
        done->left_out++;
        return NULL;
    }
    if ((done->n_entries & (done->n_entries - 1)) == 0) { /* full: room grows by doubling */
        grown = realloc(done->entries, (done->n_entries > 0 ? done->n_entries * 2 : 1) * sizeof *grown);
        if (!grown) {
            w->no_memory = true;
            return NULL;
        }
        done->entries = grown;
    }
    grown = &done->entries[done->n_entries++];
    *grown = (struct rehearsal_entry){ .at = w->at, .kind = kind, .service = service, .word = word, .text = text && text[0] ? one_line(text) : NULL };
    return grown;
}

static const char *service_name(const struct world *w, size_t service)
{
    const struct model *model = engine_model(w->engine);

    return model && service < model->n_services ? model->services[service].name : NULL;
}

/* ---- effects ---- */

static void tell_verdict(struct world *w, const struct engine_effect *effect)
{
    const size_t service = effect->of.record.index;
    const enum engine_verdict to = (enum engine_verdict)effect->of.record.to;
    struct buffer why = buffer_make(0);
    struct rehearsal_entry *entry;

    if (to == VERDICT_FAILED || to == VERDICT_UNKNOWN || to == VERDICT_STOPPED || to == VERDICT_WARN)
        engine_why(w->engine, &w->now, service, &why);
    entry = tell(w, REHEARSED_VERDICT, service_name(w, service), engine_verdict_name(to), buffer_string(&why));
    if (entry)
        entry->from = engine_verdict_name((enum engine_verdict)effect->of.record.from);
    buffer_free(&why);
}

static void keep_told(struct world *w, const struct engine_effect *effect, const char *who)
{
    struct world_told *grown;

    if (w->n_told == w->room_told) {
        grown = w->n_told < REHEARSAL_ENTRIES ? realloc(w->told, (w->room_told * 2 + 16) * sizeof *grown) : NULL;
        if (!grown) {
            w->no_memory = true;
            return;
        }
        w->told = grown;
        w->room_told = w->room_told * 2 + 16;
    }
    w->told[w->n_told++] = (struct world_told){ .notice = effect->of.notify.notice, .level = effect->of.notify.level, .who = who,
                                                 .text = one_line(effect->of.notify.text) };
}

void tell_forget(struct world *w)
{
    for (size_t i = 0; i < w->n_told; i++)
        free(w->told[i].text);
    w->n_told = 0;
}

void tell_effect(struct world *w, const struct engine_effect *effect)
{
    static const char *const levels[] = { [LEVEL_DIGEST] = "digest", [LEVEL_MESSAGE] = "message", [LEVEL_PAGE] = "page" };
    const char *who;
    struct rehearsal_entry *entry;

    if (effect->kind == EFFECT_RECORD && effect->of.record.kind == RECORD_SERVICE_CHANGED)
        tell_verdict(w, effect);
    if (effect->kind != EFFECT_NOTIFY)
        return;
    who = effect->of.notify.notice >= NOTICE_STORM && effect->of.notify.notice <= NOTICE_SELF ? NULL : service_name(w, effect->of.notify.service);
    entry = tell(w, REHEARSED_TOLD, who, levels[effect->of.notify.level], effect->of.notify.text);
    if (entry)
        entry->incident = effect->of.notify.incident;
    keep_told(w, effect, who);
}

/* ---- after an event ---- */

/* After a restart an incident may stand in another place. */
static void move_in(struct world *w, size_t place, uint64_t id)
{
    unsigned seen = 0;

    for (size_t i = 0; i < w->n_incidents; i++)
        if (w->incidents[i].id == id)
            seen = w->incidents[i].seen;
    w->incidents[place].id = id;
    w->incidents[place].seen = seen;
}

static void tell_entries(struct world *w, size_t place, const struct engine_incident *incident)
{
    const unsigned all = incident->n_entries + incident->dropped;
    unsigned fresh;
    struct rehearsal_entry *entry;

    if (w->incidents[place].id != incident->id)
        move_in(w, place, incident->id);
    fresh = all > w->incidents[place].seen ? all - w->incidents[place].seen : 0;
    w->incidents[place].seen = all;
    for (unsigned i = incident->n_entries - (fresh < incident->n_entries ? fresh : incident->n_entries); i < incident->n_entries; i++) {
        const size_t service = model_service(engine_model(w->engine), incident->service);

        if (incident->entries[i].kind == ENTRY_TOLD || incident->entries[i].kind == ENTRY_TOLD_OVER)
            continue; /* that has a line of its own */
        entry = tell(w, REHEARSED_INCIDENT, service == MODEL_NONE ? NULL : service_name(w, service), engine_entry_name(incident->entries[i].kind),
                     incident->entries[i].who);
        if (entry)
            entry->incident = incident->id;
    }
}

static void look_at_incidents(struct world *w)
{
    size_t room;
    const struct engine_incident *all = engine_incidents(w->engine, &room);
    void *grown;

    if (room > w->n_incidents) {
        grown = realloc(w->incidents, room * sizeof *w->incidents);
        if (!grown) {
            w->no_memory = true;
            return;
        }
        w->incidents = grown;
        memset(&w->incidents[w->n_incidents], 0, (room - w->n_incidents) * sizeof *w->incidents);
        w->n_incidents = room;
    }
    for (size_t i = 0; i < room; i++)
        if (all[i].id > 0 && (all[i].id != w->incidents[i].id || all[i].n_entries + all[i].dropped != w->incidents[i].seen))
            tell_entries(w, i, &all[i]);
}

const char *tell_would_heal(const struct world *w, size_t service)
{
    const struct model *model = engine_model(w->engine);
    const struct model_service *asks = &model->services[service];
    const struct engine_service *s = engine_service(w->engine, service);
    const struct engine_overall *overall = engine_overall(w->engine);

    if (asks->n_heal == 0 || s->incident == 0 || !s->root || s->uncertain || s->silenced || s->flapping || overall->sick || overall->storm ||
        engine_paused_until(w->engine) > w->now.elapsed)
        return NULL;
    for (size_t i = 0; i < asks->n_heal; i++)
        if (engine_when(w->engine, &asks->heal[i].when) == LOGIC_TRUE)
            return model->runbooks[asks->heal[i].runbook].name;
    return NULL;
}

static void look_at_heal(struct world *w)
{
    const struct model *model = engine_model(w->engine);

    for (size_t i = 0; i < model->n_services; i++) {
        const char *now = model->services[i].n_heal > 0 ? tell_would_heal(w, i) : NULL;

        if (now && now != w->would_heal[i])
            tell(w, REHEARSED_HEAL, model->services[i].name, now, NULL);
        w->would_heal[i] = now;
    }
}

void tell_after(struct world *w)
{
    const enum engine_state state = engine_overall(w->engine)->state;

    if (!engine_model(w->engine) || w->no_memory)
        return;
    look_at_incidents(w);
    look_at_heal(w);
    if (state != w->state)
        tell(w, REHEARSED_OVERALL, NULL, engine_state_name(state), NULL);
    w->state = state;
}
