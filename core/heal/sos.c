/*
 * SOS: people are called, by a page on every channel, when a critical service has not been well for `after`, counted awake from its first bad result and
 * through a relapse (rules.md 3.6, 3.8); again after `repeat`. While something of ours works on it, it has twice the time. Each SOS that reached somebody is
 * cleared once.
 */
#include "heal/heal_private.h"

#include "base/text.h"

#include <string.h>

enum { MOST_TITLE = 60, MOST_SAID = 110, LEAST_NOTE = 40 };

static bool is_well(enum engine_verdict verdict)
{
    return verdict == VERDICT_OK || verdict == VERDICT_WARN;
}

static bool counts(const struct engine *engine, size_t service)
{
    const struct engine_service *s = engine_service(engine, service);

    return !is_well(s->verdict) || s->flapping;
}

static uint64_t not_ok(const struct heal *heal, size_t at)
{
    const struct ladder *ladder = &heal->ladders[at];

    return heal->kept_ladders[at].not_ok + (ladder->counting == NEVER ? 0 : heal->now.awake - ladder->counting);
}

static void count(struct heal *heal, size_t at, bool going)
{
    struct ladder *ladder = &heal->ladders[at];

    if (going == (ladder->counting != NEVER))
        return;
    heal->kept_ladders[at].not_ok = not_ok(heal, at);
    ladder->counting = going ? heal->now.awake : NEVER;
    todo_keep(heal, MODEL_NONE, at);
}

/* ---- due */

static bool is_held(const struct engine *engine, size_t service, const struct engine_incident *incident)
{
    const struct engine_service *s = engine_service(engine, service);

    return s->silenced || incident->acked || question_need_failed(engine, service) || !counts(engine, service);
}

static uint64_t wanted(const struct heal *heal, size_t service, size_t at)
{
    const uint64_t after = heal->model->settings.sos.after;
    const bool works = heal->ladders[at].action > 0 || run_for((struct heal *)(uintptr_t)heal, service) != NULL;

    return BROKEN(6) ? after / 2 : works || BROKEN(13) ? 2 * after : after;
}

static uint64_t left(const struct heal *heal, size_t service, size_t at)
{
    const struct heal_kept_ladder *kept = &heal->kept_ladders[at];
    const uint64_t has = not_ok(heal, at), needs = wanted(heal, service, at);
    const uint64_t first = has < needs ? needs - has : 0, again = kept->sos && BROKEN(14) ? NEVER : kept->sos ? heal_left(&heal->now, &kept->sos_at, heal->model->settings.sos.repeat) : 0;

    return first > again ? first : again;
}

/* Without the full stop, which follows; one that is too long ends with a whole word. */
static void clean(struct buffer *out, const char *text, size_t most)
{
    size_t n = strlen(text);
    const bool is_cut = n > most;

    for (n = is_cut ? most - 3 : n; is_cut && n > most / 2 && text[n] != ' ' && text[n] != '\n'; n--)
        ;
    while (n > 0 && (text[n - 1] == '.' || text[n - 1] == ' ' || text[n - 1] == '\n'))
        n--;
    text_clean(out, text, n, most);
    if (is_cut)
        buffer_text(out, "...");
}

/* The root cause in its own words, and what a person can do: that has the room which is left, and some however much a check has printed. */
static void write_words(struct buffer *out, const struct model_service *model, const struct result *last)
{
    const size_t last_words = strlen("... `talon why ` says more") + strlen(model->name) + 1;
    size_t room;

    buffer_text(out, "SOS: ");
    clean(out, model->title, MOST_TITLE);
    buffer_text(out, " is not well, and nothing has helped: ");
    clean(out, last ? last->summary : "no result", MOST_SAID);
    buffer_text(out, ". ");
    room = out->len + last_words + LEAST_NOTE < ENGINE_TEXT ? ENGINE_TEXT - out->len - last_words : LEAST_NOTE;
    if (model->note)
        clean(out, model->note, room);
    buffer_printf(out, "%s`talon why %s` says more", model->note ? ". " : "", model->name);
}

static void send(struct heal *heal, const struct engine *engine, size_t service, size_t at)
{
    struct heal_kept_ladder *kept = &heal->kept_ladders[at];
    const struct model_service *model = &heal->model->services[service];
    const size_t check = engine_service(engine, service)->decided_by;
    const struct result *last = check == MODEL_NONE ? NULL : engine_check(engine, check)->last;
    struct buffer words = buffer_make(0);

    kept->sos = true;
    kept->cleared = false;
    kept->sos_at = heal->now;
    todo_keep(heal, MODEL_NONE, at);
    todo_tell(heal, 0, service, kept->incident, ENTRY_SOS, NULL, "SOS for %s", model->name);
    write_words(&words, model, last);
    todo_notify(heal, NOTICE_SOS, LEVEL_PAGE, kept->incident, service, false, "%s", words.failed ? model->title : buffer_string(&words));
    buffer_free(&words);
}

static void settle_open(struct heal *heal, const struct engine *engine, size_t service)
{
    const size_t at = heal->subjects[service].ladder;
    const struct engine_incident *incident = engine_incident(engine, heal->kept_ladders[at].incident);
    uint64_t due;

    count(heal, at, counts(engine, service));
    if (!heal->model->settings.sos.on || !heal->model->services[service].critical || !incident || is_held(engine, service, incident))
        return;
    due = left(heal, service, at);
    if (due == 0)
        send(heal, engine, service, at);
    todo_wake(heal, heal->now.awake + left(heal, service, at));
}

int64_t sos_due(const struct heal *heal, const struct engine *engine, size_t at)
{
    const struct engine_incident *incident = engine_incident(engine, heal->kept_ladders[at].incident);

    if (!incident || incident->ending != INCIDENT_OPEN || incident->index == MODEL_NONE || incident->index >= heal->model->n_services ||
        !heal->model->settings.sos.on || !heal->model->services[incident->index].critical || is_held(engine, incident->index, incident))
        return 0;
    return heal->now.wall + (int64_t)left(heal, incident->index, at);
}

/* ---- clear */

static bool is_over(const struct engine *engine, const struct engine_incident *incident)
{
    switch (incident->ending) {
    case INCIDENT_RECOVERED:
    case INCIDENT_STOPPED:
        return true;
    case INCIDENT_FOLDED: /* with what it was folded into, when it is well itself */
        return incident->index != MODEL_NONE && is_well(engine_service(engine, incident->index)->verdict);
    case INCIDENT_OPEN:
    case INCIDENT_REMOVED:
        break;
    }
    return false;
}

static void clear(struct heal *heal, const struct engine_incident *incident, size_t at)
{
    heal->kept_ladders[at].delivered = BROKEN(15);
    heal->kept_ladders[at].cleared = true;
    heal->ladders[at].place.sos = false;
    todo_keep(heal, MODEL_NONE, at);
    if (incident->index == MODEL_NONE || incident->index >= heal->model->n_services)
        return;
    todo_tell(heal, 0, incident->index, incident->id, ENTRY_ALL_CLEAR, NULL, "all clear for %s", incident->service);
    todo_notify(heal, NOTICE_ALL_CLEAR, LEVEL_PAGE, incident->id, incident->index, true, "All clear: %s %s", heal->model->services[incident->index].title,
                incident->ending == INCIDENT_STOPPED ? "was stopped by hand" : "is well again");
}

static void settle_closed(struct heal *heal, const struct engine *engine, size_t at)
{
    const struct engine_incident *incident;

    if (!heal->kept_ladders[at].delivered && heal->ladders[at].counting == NEVER)
        return;
    incident = engine_incident(engine, heal->kept_ladders[at].incident);
    if (incident && incident->ending == INCIDENT_OPEN)
        return;
    count(heal, at, false);
    if (!heal->kept_ladders[at].delivered)
        return;
    if (!incident)
        heal->kept_ladders[at].delivered = false; /* of what is not watched any more nobody is told; where it is again, it may still be over */
    else if (is_over(engine, incident))
        clear(heal, incident, at);
}

void sos_settle(struct heal *heal, const struct engine *engine)
{
    for (size_t i = 0; i < heal->n_open; i++)
        settle_open(heal, engine, heal->open[i]);
    for (size_t i = 0; i < heal->n_ladders; i++)
        if (heal->kept_ladders[i].incident > 0)
            settle_closed(heal, engine, i);
}

bool sos_delivered(struct heal *heal, const struct engine *engine, uint64_t incident, bool all_clear)
{
    const size_t at = ladder_find(heal, incident);
    const struct engine_incident *of = engine_incident(engine, incident);

    if (incident == 0 || at == MODEL_NONE || !heal->kept_ladders[at].sos)
        return false;
    if (all_clear || heal->kept_ladders[at].delivered || heal->kept_ladders[at].cleared)
        return true;
    heal->kept_ladders[at].delivered = true;
    heal->ladders[at].place.sos = true;
    heal->dirty = true;
    todo_keep(heal, MODEL_NONE, at);
    if (of && of->index != MODEL_NONE && of->index < heal->model->n_services)
        todo_tell(heal, 0, of->index, incident, ENTRY_SOS_DELIVERED, NULL, "the SOS for %s was delivered", of->service);
    return true;
}
