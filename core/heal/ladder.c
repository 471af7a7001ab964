/*
 * The ladder: for each open incident, who is to repair it now (rules.md 4.3). First what its service says in `heal:`, within limits; when nothing of that is
 * left, the agents; then nobody, and people are told. A refusal is told once for each limit of an incident, in its timeline and, where it is more than a
 * moment's wait, to people.
 */
#include "heal/heal_private.h"

#include <string.h>

#define BIT(limit) ((uint64_t)1 << (limit))

/* What is no news: it passes by itself, or people were told already. */
static const uint64_t quiet = BIT(LIMIT_CONFIRM) | BIT(LIMIT_WARMUP) | BIT(LIMIT_RUNNING) | BIT(LIMIT_CONCURRENT) | BIT(LIMIT_NEEDS_WAIT) |
                              BIT(LIMIT_STARTING) | BIT(LIMIT_ACKED) | BIT(LIMIT_SILENCED) | BIT(LIMIT_STORM) | BIT(LIMIT_OBSERVER) | BIT(LIMIT_FLAPPING) |
                              BIT(LIMIT_PAUSED) | BIT(LIMIT_NEEDS);

enum engine_level ladder_level(const struct heal *heal, size_t service)
{
    return heal->model->services[service].critical ? LEVEL_MESSAGE : LEVEL_DIGEST;
}

size_t ladder_find(const struct heal *heal, uint64_t incident)
{
    for (size_t i = 0; i < heal->n_ladders; i++)
        if (heal->kept_ladders[i].incident == incident)
            return i;
    return MODEL_NONE;
}

/* ---- who has one */

/* A free place, or that of an incident that the engine has forgotten, or of the oldest that is closed. */
static size_t free_place(const struct heal *heal, const struct engine *engine)
{
    size_t oldest = MODEL_NONE;

    for (size_t i = 0; i < heal->n_ladders; i++) {
        const struct heal_kept_ladder *kept = &heal->kept_ladders[i];
        const struct engine_incident *incident = kept->incident > 0 ? engine_incident(engine, kept->incident) : NULL;

        if (heal->ladders[i].action == 0 && (kept->incident == 0 || !incident))
            return i;
        if (incident->ending != INCIDENT_OPEN && heal->ladders[i].action == 0 && (oldest == MODEL_NONE || kept->incident < heal->kept_ladders[oldest].incident))
            oldest = i;
    }
    return oldest;
}

static size_t begin_ladder(struct heal *heal, const struct engine *engine, size_t service, uint64_t incident)
{
    size_t at = free_place(heal, engine);
    uint64_t from, since;

    if (at == MODEL_NONE)
        return MODEL_NONE;
    memset(&heal->kept_ladders[at], 0, sizeof heal->kept_ladders[at]);
    memset(&heal->ladders[at], 0, sizeof heal->ladders[at]);
    heal->kept_ladders[at].incident = incident;
    memcpy(heal->kept_ladders[at].service, engine_incident(engine, incident)->service, ENGINE_NAME);
    evidence_begin(heal, engine, service, &from, &since);
    heal->ladders[at].counting = since;
    return at;
}

static bool goes_before(const struct heal *heal, const struct engine *engine, size_t a, size_t b)
{
    const struct model_service *x = &heal->model->services[a], *y = &heal->model->services[b];
    const uint64_t i = engine_service(engine, a)->incident, k = engine_service(engine, b)->incident;

    if (x->critical != y->critical)
        return x->critical;
    return i != k ? i < k : strcmp(x->name, y->name) < 0;
}

static void forget(struct heal *heal, size_t service)
{
    struct subject *s = &heal->subjects[service];
    const bool shared = s->shared > 0;

    s->ladder = MODEL_NONE;
    s->waits = false;
    s->shared = s->fresh_from = 0;
    s->limit = LIMIT_NONE;
    s->entry = MODEL_NONE;
    confirm_stop(heal, service);
    if (shared)
        run_tell_ours(heal);
}

/* In the order of their turn. */
void ladder_list(struct heal *heal, const struct engine *engine)
{
    heal->n_open = 0;
    for (size_t i = 0; i < heal->model->n_services; i++) {
        struct subject *s = &heal->subjects[i];
        const uint64_t incident = engine_service(engine, i)->incident;
        size_t at = heal->n_open;

        if (s->ladder != MODEL_NONE && heal->kept_ladders[s->ladder].incident != incident)
            forget(heal, i);
        if (incident == 0)
            continue;
        if (s->ladder == MODEL_NONE)
            s->ladder = ladder_find(heal, incident);
        if (s->ladder == MODEL_NONE)
            s->ladder = begin_ladder(heal, engine, i, incident);
        if (s->ladder == MODEL_NONE)
            continue;
        for (heal->n_open++; at > 0 && goes_before(heal, engine, i, heal->open[at - 1]); at--)
            heal->open[at] = heal->open[at - 1];
        heal->open[at] = i;
    }
}

/* ---- what is told */

void ladder_place(struct heal *heal, size_t service, size_t at, struct engine_place place)
{
    struct ladder *ladder = &heal->ladders[at];

    place.sos = heal->kept_ladders[at].delivered;
    ladder->place = place;
    if (place.tier == ladder->told_place.tier && place.running == ladder->told_place.running && place.exhausted == ladder->told_place.exhausted &&
        place.sos == ladder->told_place.sos)
        return;
    todo_tell(heal, 0, service, heal->kept_ladders[at].incident, ENTRY_KINDS, NULL, NULL);
}

void ladder_refused(struct heal *heal, const struct engine *engine, size_t service, const char *what, const struct heal_answer *answer)
{
    struct subject *s = &heal->subjects[service];
    struct heal_kept_ladder *kept = &heal->kept_ladders[s->ladder];
    struct buffer text = buffer_make(ENGINE_TEXT);

    heal->publish |= s->limit != answer->limit || s->until != answer->until;
    s->limit = answer->limit;
    s->until = answer->until;
    todo_wake_elapsed(heal, answer->until);
    if (!(kept->told & BIT(answer->limit)) && !BROKEN(7)) {
        kept->told |= BIT(answer->limit);
        heal_limit_text(answer, &heal->now, &text);
        todo_tell(heal, 0, service, kept->incident, ENTRY_REFUSED, heal_limit_name(answer->limit), "%s is refused: %s", what, buffer_string(&text));
        todo_keep(heal, MODEL_NONE, s->ladder);
        if (!(quiet & BIT(answer->limit)) && !engine_service(engine, service)->silenced)
            todo_notify(heal, NOTICE_REFUSED, ladder_level(heal, service), kept->incident, service, false, "%s: %s is refused: %s",
                        heal->model->services[service].title, what, buffer_string(&text));
    }
    buffer_free(&text);
}

/* ---- its runbooks */

static struct heal_chosen choose(const struct heal *heal, const struct engine *engine, size_t service, uint64_t incident)
{
    const struct model_service *model = &heal->model->services[service];
    struct heal_rung *rungs = heal->rungs;

    for (size_t i = 0; i < model->n_heal; i++)
        rungs[i] = (struct heal_rung){ .when = engine_when(engine, &model->heal[i].when),
                                       .record = &heal->records[heal->record_of[heal->subjects[service].first_entry + i]].record };
    return heal_choose(model, rungs, incident, &heal->now);
}

/* Another incident's run of it is this one's too. */
static void share(struct heal *heal, size_t service, const struct model_runbook *book)
{
    struct subject *s = &heal->subjects[service];

    for (size_t i = 0; i < RUNS && s->shared == 0; i++) {
        const struct run *run = &heal->runs[i];

        if ((run->state != RUN_STEPS && run->state != RUN_WINDOW) || run->service == service || !conditions_same_repair(heal->model, run->book, book))
            continue;
        s->shared = run->id;
        todo_tell(heal, run->id, service, heal->kept_ladders[s->ladder].incident, ENTRY_HEAL_BEGUN, book->name, NULL);
        run_tell_ours(heal);
    }
}

/* What waited is judged by what is seen at its turn; true: it is not yet. */
static bool awaits_fresh(struct heal *heal, const struct engine *engine, size_t service)
{
    struct subject *s = &heal->subjects[service];

    if (s->waits) {
        s->waits = false;
        s->fresh_from = engine_last_run(engine) + 1;
        evidence_ask(heal, engine, service, s->fresh_from);
    }
    return !evidence_is_fresh(heal, engine, service, s->fresh_from);
}

static void try_entry(struct heal *heal, const struct engine *engine, size_t service, size_t entry)
{
    struct subject *s = &heal->subjects[service];
    const struct model_runbook *book = heal->model->services[service].heal[entry].bound;
    const size_t at = heal->record_of[s->first_entry + entry];
    const struct asked asked = {
        .service = service, .book = book, .record = &heal->records[at].record, .at = at, .incident = engine_service(engine, service)->incident
    };
    struct heal_question q;
    struct heal_answer answer;

    s->entry = entry;
    question_make(heal, engine, &asked, &q);
    answer = heal_may_start(&q, &heal->now);
    if (answer.limit == LIMIT_DEPENDENTS && question_awaits_dependents(heal, engine, service, s->limit != LIMIT_DEPENDENTS)) {
        s->limit = LIMIT_DEPENDENTS; /* they are asked, and no refusal is told of what is not known yet */
        s->until = NEVER;
        return;
    }
    if (answer.limit == LIMIT_CONFIRM)
        confirm_try(heal, engine, service, &book->limits);
    if (answer.limit == LIMIT_RUNNING)
        share(heal, service, book);
    if (answer.limit != LIMIT_NONE) {
        s->waits |= answer.limit != LIMIT_CONFIRM;
        ladder_refused(heal, engine, service, book->name, &answer);
        return;
    }
    s->limit = LIMIT_NONE;
    if (!awaits_fresh(heal, engine, service) && !run_begin(heal, engine, &asked, "", ""))
        todo_wake(heal, heal->now.awake + NS_PER_S);
}

/* ---- */

static void tell_exhausted(struct heal *heal, const struct engine *engine, size_t service, size_t at)
{
    struct heal_kept_ladder *kept = &heal->kept_ladders[at];

    if (kept->exhausted)
        return;
    kept->exhausted = true;
    todo_tell(heal, 0, service, kept->incident, ENTRY_EXHAUSTED, NULL, "nothing is left to repair %s with", heal->model->services[service].name);
    todo_keep(heal, MODEL_NONE, at);
    if (!engine_service(engine, service)->silenced)
        todo_notify(heal, NOTICE_EXHAUSTED, LEVEL_MESSAGE, kept->incident, service, false, "%s: nothing is left to repair it with",
                    heal->model->services[service].title);
}

static void climb(struct heal *heal, const struct engine *engine, size_t service, size_t at, const struct heal_chosen *chosen)
{
    const bool has_tiers = heal->model->services[service].n_heal > 0 || heal->model->settings.agents.n > 0;
    struct engine_place place = { .tier = TIER_SOS, .exhausted = has_tiers };

    todo_wake_elapsed(heal, chosen->choice == CHOICE_HELD ? chosen->until : NEVER);
    heal->subjects[service].entry = MODEL_NONE;
    heal->subjects[service].limit = chosen->choice == CHOICE_HELD ? LIMIT_HOLD : chosen->choice == CHOICE_EXHAUSTED ? LIMIT_ATTEMPTS : LIMIT_NONE;
    heal->subjects[service].until = chosen->choice == CHOICE_HELD ? chosen->until : NEVER;
    heal->subjects[service].waits = true;
    if (!agents_settle(heal, engine, service, at))
        return;
    if (!has_tiers)
        place.tier = TIER_NONE;
    heal->ladders[at].place = place;
    if (has_tiers)
        tell_exhausted(heal, engine, service, at);
    ladder_place(heal, service, at, place);
}

/* Asks for one: it has failed by itself, or flaps for so long that an incident was opened for it. */
static void settle_one(struct heal *heal, const struct engine *engine, size_t service)
{
    struct subject *s = &heal->subjects[service];
    const struct engine_service *shown = engine_service(engine, service);
    const struct run *run = run_for(heal, service);
    struct engine_place place = heal->ladders[s->ladder].place;
    struct heal_chosen chosen;

    if (run || s->shared > 0 || heal->ladders[s->ladder].action > 0) {
        if (run || s->shared > 0)
            ladder_place(heal, service, s->ladder,
                         (struct engine_place){ .tier = TIER_RUNBOOKS, .running = s->shared > 0 || run->state != RUN_TAKING });
        return;
    }
    if (!shown->root && !(shown->flapping && shown->caused_by == MODEL_NONE)) {
        confirm_stop(heal, service);
        s->limit = LIMIT_NONE;
        if (place.running)
            place.running = false, ladder_place(heal, service, s->ladder, place);
        return;
    }
    if (conditions_await(heal, engine, service)) {
        ladder_place(heal, service, s->ladder, (struct engine_place){ .tier = TIER_RUNBOOKS });
        return;
    }
    chosen = choose(heal, engine, service, shown->incident);
    if (!shown->root && chosen.choice == CHOICE_ENTRY)
        chosen.choice = CHOICE_NONE; /* it flaps: no restart, but whoever is next */
    if (chosen.choice == CHOICE_ENTRY) {
        try_entry(heal, engine, service, chosen.entry);
        run = run_for(heal, service);
        ladder_place(heal, service, s->ladder, (struct engine_place){ .tier = TIER_RUNBOOKS, .running = run && run->state != RUN_TAKING });
    } else if (chosen.choice == CHOICE_UNSURE) {
        ladder_place(heal, service, s->ladder, (struct engine_place){ .tier = TIER_RUNBOOKS });
    } else {
        climb(heal, engine, service, s->ladder, &chosen);
    }
}

void ladder_settle(struct heal *heal, const struct engine *engine)
{
    for (size_t i = 0; i < heal->n_open; i++) {
        if (!todo_room(heal)) {
            heal->dirty = true;
            todo_wake(heal, heal->now.awake);
            return;
        }
        settle_one(heal, engine, heal->open[i]);
    }
}
