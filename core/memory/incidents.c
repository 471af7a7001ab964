/*
 * Incidents in the store: each as it is, a line for each thing that happened to it, what was known when it began (evidence), and, beside them, who said and did
 * what. A line is written once: how many there are is part of the row that a restart reads.
 */
#include "memory/memory_private.h"

#include "base/shortage.h"
#include "serve/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INCIDENT_TEXT = 8 << 10, EVIDENCE_MAX = 12 << 10, EVIDENCE_CHECKS = 16, EVIDENCE_SERVICES = 32, WHO = 64 };

/* ---- places */

bool incidents_room(struct memory *memory, size_t room)
{
    struct known_incident *more;

    if (room <= memory->n_incidents)
        return true;
    more = realloc(memory->incidents, room * sizeof *more);
    if (!more) {
        shortage_note();
        return false;
    }
    memset(more + memory->n_incidents, 0, (room - memory->n_incidents) * sizeof *more);
    memory->incidents = more;
    memory->n_incidents = room;
    return true;
}

/* What is known of the incident at that place; NULL: there is none, or no memory. */
static struct known_incident *known(struct memory *memory, const struct engine *engine, size_t place)
{
    size_t room;
    const struct engine_incident *incidents = engine_incidents(engine, &room);

    if (place >= room || !incidents_room(memory, room) || incidents[place].id == 0)
        return NULL;
    if (memory->incidents[place].id != incidents[place].id)
        memory->incidents[place] = (struct known_incident){ .id = incidents[place].id };
    return &memory->incidents[place];
}

/* ---- lines */

static void say_why(const struct engine *engine, const struct moment *now, const struct engine_incident *incident, char why[ROW_WHY])
{
    struct buffer text = buffer_make(4096);

    if (incident->index != MODEL_NONE)
        engine_why(engine, now, incident->index, &text);
    snprintf(why, ROW_WHY, "%s", buffer_string(&text));
    buffer_free(&text);
}

static void line_text(const struct engine_entry *entry, const char *why, char text[ROW_WHY])
{
    switch (entry->kind) {
    case ENTRY_OPENED:
    case ENTRY_REOPENED:
        snprintf(text, ROW_WHY, "%s", why);
        break;
    case ENTRY_JOINED:
        snprintf(text, ROW_WHY, "%s fails because of it", entry->who);
        break;
    case ENTRY_FOLDED:
        snprintf(text, ROW_WHY, "%s is to blame: it goes on with that one's incident", entry->who);
        break;
    default:
        snprintf(text, ROW_WHY, "%s", entry->who);
        break;
    }
}

/* Of its timeline what is not written yet; entries that fell out of it meanwhile are not told. */
static bool write_lines(struct memory *memory, struct known_incident *known, const struct engine_incident *incident)
{
    const uint64_t all = (uint64_t)incident->dropped + incident->n_entries;
    char text[ROW_WHY];

    while (known->lines < all) {
        const uint64_t left = all - known->lines;
        const struct engine_entry *entry = &incident->entries[left < incident->n_entries ? incident->n_entries - left : 0];

        line_text(entry, known->why, text);
        if (!store_line(memory->store, (int64_t)incident->id, entry->at, engine_entry_name(entry->kind), text))
            return false;
        known->lines = left < incident->n_entries ? known->lines + 1 : all - incident->n_entries + 1;
    }
    return true;
}

/* ---- the incident */

static void show_incident(const struct engine *engine, const struct engine_incident *incident, const char *why, struct buffer *out)
{
    static const char *const told[] = { [TOLD_NOTHING] = "nothing", [TOLD_OPEN] = "open", [TOLD_OVER] = "over" };
    const struct model_service *service = incident->index == MODEL_NONE ? NULL : &engine_model(engine)->services[incident->index];

    buffer_text(out, "{");
    json_count(out, "id", incident->id);
    json_text(out, "service", incident->service);
    json_text(out, "title", service ? service->title : NULL);
    json_bool(out, "critical", service && service->critical);
    json_text(out, "why", why);
    json_text(out, "state", engine_ending_name(incident->ending));
    json_moment(out, "opened_unix", incident->opened);
    json_moment(out, "closed_unix", incident->closed);
    json_count(out, "folded_into", incident->folded_into);
    json_count(out, "reopened", incident->reopened);
    json_count(out, "joined", incident->joined);
    json_text(out, "told", told[incident->told]);
    json_bool(out, "acked", incident->acked);
    json_text(out, "acked_by", incident->acked ? incident->acked_by : NULL);
    buffer_text(out, "}");
}

static bool write_incident(struct memory *memory, const struct engine *engine, const struct engine_incident *incident, const char *why)
{
    struct buffer text = buffer_make(INCIDENT_TEXT);
    bool done;

    show_incident(engine, incident, why, &text);
    done = !text.failed && store_incident(memory->store, &(struct store_incident){ .id = (int64_t)incident->id, .opened = incident->opened, .closed = incident->closed,
                                                                                  .root = incident->service, .state = engine_ending_name(incident->ending),
                                                                                  .text = buffer_string(&text) });
    buffer_free(&text);
    return done;
}

static bool has_begun(const struct engine_incident *incident, const struct known_incident *known)
{
    const enum engine_entry_kind last = incident->entries[incident->n_entries > 0 ? incident->n_entries - 1 : 0].kind;

    return known->lines == 0 || last == ENTRY_REOPENED;
}

bool incident_keep(struct memory *memory, const struct engine *engine, const struct moment *now, size_t place)
{
    size_t room;
    const struct engine_incident *incident = &engine_incidents(engine, &room)[place];
    struct known_incident *k = known(memory, engine, place);
    struct row_incident row;

    if (!k)
        return place >= room || incident->id == 0;
    if (k->lines < (uint64_t)incident->dropped + incident->n_entries && incident->ending == INCIDENT_OPEN && has_begun(incident, k))
        say_why(engine, now, incident, k->why);
    if (!write_lines(memory, k, incident))
        return false;
    row = (struct row_incident){ .incident = *incident, .lines = k->lines, .evidence = k->evidence };
    memcpy(row.why, k->why, sizeof row.why);
    if (keep_is_due(memory, ROW_INCIDENT, (union row){ .incident = &row }, now) &&
        !(write_incident(memory, engine, incident, k->why) && keep_row(memory, ROW_INCIDENT, (union row){ .incident = &row }, now)))
        return false;
    k->changed = false;
    return true;
}

static void incident_changed(struct memory *memory, const struct engine *engine, size_t place)
{
    struct known_incident *k = known(memory, engine, place);

    if (k)
        k->changed = true;
    memory->people = true;
}

/* ---- evidence: what the failed service's checks and those of its needs said last, once */

struct evidence {
    struct memory *memory;
    const struct engine *engine;
    int64_t incident, wall;
    size_t services[EVIDENCE_SERVICES], n_services; /* the failed one first, then its needs, and theirs */
    unsigned checks;
    bool left_out;
};

static void add_service(struct evidence *e, size_t service)
{
    for (size_t i = 0; i < e->n_services; i++)
        if (e->services[i] == service)
            return;
    if (e->n_services < EVIDENCE_SERVICES)
        e->services[e->n_services++] = service;
    else
        e->left_out = true;
}

static void find_services(struct evidence *e, size_t service)
{
    const struct model *model = engine_model(e->engine);

    add_service(e, service);
    for (size_t i = 0; i < e->n_services; i++) {
        const struct model_service *s = &model->services[e->services[i]];

        for (size_t need = 0; need < s->n_needs; need++)
            for (size_t any = 0; any < s->needs[need].n; any++)
                add_service(e, s->needs[need].any[any]);
    }
}

static void add_check(struct evidence *e, size_t check)
{
    const struct engine_check *c = engine_check(e->engine, check);
    struct buffer text = buffer_make(2 * RESULT_SIZE);

    if (e->checks == EVIDENCE_CHECKS) {
        e->left_out = true;
        return;
    }
    e->checks++;
    show_result(&text, engine_model(e->engine)->checks[check].full_name, c->last, c->last_ended, EVIDENCE_MAX);
    if (!text.failed)
        store_line(e->memory->store, e->incident, e->wall, "evidence", buffer_string(&text));
    buffer_free(&text);
}

/* What is bad goes first, so that the bound leaves out what says least. */
static void add_checks(struct evidence *e, bool bad)
{
    const struct model *model = engine_model(e->engine);

    for (size_t i = 0; i < e->n_services; i++) {
        const struct model_service *s = &model->services[e->services[i]];

        for (size_t check = s->first_check; check < s->first_check + s->n_checks; check++) {
            const struct engine_check *c = engine_check(e->engine, check);

            if (c->last && (c->last->status != STATUS_OK) == bad)
                add_check(e, check);
        }
    }
}

static void collect(struct memory *memory, const struct engine *engine, const struct moment *now, uint64_t incident, size_t service)
{
    struct evidence e = { .memory = memory, .engine = engine, .incident = (int64_t)incident, .wall = now->wall };
    size_t room, place = 0;
    const struct engine_incident *incidents = engine_incidents(engine, &room);
    struct known_incident *k;

    while (place < room && incidents[place].id != incident)
        place++;
    k = known(memory, engine, place);
    if (!k || k->evidence)
        return;
    k->evidence = k->changed = true;
    memory->people = true;
    find_services(&e, service);
    add_checks(&e, true);
    add_checks(&e, false);
    if (e.left_out)
        store_line(memory->store, e.incident, e.wall, "evidence", "{\"left_out\":true}");
}

/* ---- who said and did what */

static void audit_notice(struct memory *memory, const struct engine *engine, const struct moment *now, const struct engine_effect *effect)
{
    static const char *const levels[] = { [LEVEL_DIGEST] = "digest", [LEVEL_MESSAGE] = "message", [LEVEL_PAGE] = "page" };
    const struct model *model = engine_model(engine);
    const size_t service = effect->of.notify.service;
    char what[64];

    snprintf(what, sizeof what, "%s: %s%s", levels[effect->of.notify.level], engine_notice_name(effect->of.notify.notice), effect->of.notify.over ? ", over" : "");
    store_audit(memory->store, now->wall, "talon", what, service < model->n_services ? model->services[service].name : "talon", effect->of.notify.text);
}

void memory_effect(struct memory *memory, const struct engine *engine, const struct moment *now, const struct engine_effect *effect)
{
    if (!memory || !engine_model(engine))
        return;
    if (effect->kind == EFFECT_NOTIFY)
        audit_notice(memory, engine, now, effect);
    else if (effect->kind == EFFECT_COLLECT)
        collect(memory, engine, now, effect->of.collect.incident, effect->of.collect.service);
    else if (effect->kind == EFFECT_PUBLISH)
        memory->times = true;
    if (effect->kind != EFFECT_RECORD || effect->of.record.kind == RECORD_ROUND)
        return;
    keep_due(memory);
    memory->times = true;
    if (effect->of.record.kind == RECORD_INCIDENT)
        incident_changed(memory, engine, effect->of.record.index);
    else if (effect->of.record.kind == RECORD_PEOPLE)
        memory->people = true;
}

void memory_judged(struct memory *memory, const struct engine *engine, size_t check, const struct result *result)
{
    const struct engine_check *c = memory ? engine_check(engine, check) : NULL;

    if (c && (result->status != STATUS_OK || c->verdict != VERDICT_OK)) /* a streak is one longer */
        keep_due(memory);
}

/* "by NAME: why": the control socket says who it was. */
static void split_note(const char *note, char who[WHO], const char **rest)
{
    const char *end = note && strncmp(note, "by ", 3) == 0 ? strchr(note, ':') : NULL;

    snprintf(who, WHO, "a person");
    *rest = note ? note : "";
    if (!end || end - note - 3 >= WHO || end == note + 3)
        return;
    snprintf(who, WHO, "%.*s", (int)(end - note - 3), note + 3);
    *rest = end[1] == ' ' ? end + 2 : end + 1;
}

void memory_command(struct memory *memory, const struct moment *now, const struct engine_command *command, const char *refusal)
{
    static const char *const words[] = { [COMMAND_SILENCE] = "silence", [COMMAND_UNSILENCE] = "unsilence", [COMMAND_PAUSE] = "pause", [COMMAND_RESUME] = "resume",
                                         [COMMAND_ACK] = "acknowledge", [COMMAND_UNACK] = "unacknowledge" };
    const bool of_incident = command->kind == COMMAND_ACK || command->kind == COMMAND_UNACK;
    char who[WHO], target[ENGINE_NAME], text[2 * ROW_WHY];
    const char *note;

    if (!memory)
        return;
    split_note(command->note, who, &note);
    if (of_incident)
        snprintf(target, sizeof target, "incident %" PRIu64, command->incident);
    else
        snprintf(target, sizeof target, "%s", command->service ? command->service : "everything");
    if (command->duration > 0)
        snprintf(text, sizeof text, "%s%s%s for %" PRIu64 " s%s", refusal ? "refused: " : "", refusal ? refusal : note, refusal || note[0] ? "," : "",
                 command->duration / NS_PER_S, command->until_ok ? " or until it is well" : "");
    else
        snprintf(text, sizeof text, "%s%s", refusal ? "refused: " : "", refusal ? refusal : note);
    store_audit(memory->store, now->wall, who, words[command->kind], target, text);
}
