/*
 * The facts that the limits are asked with (limits.h), as the engine and the machine know them at this moment. One place for a start by itself, one by hand,
 * the word before the first step, and for whoever only wants to know.
 */
#include "heal/heal_private.h"

#include <string.h>

/* ---- who answers */

static bool is_well(const struct engine *engine, size_t service)
{
    enum engine_verdict verdict = engine_service(engine, service)->verdict;

    return verdict == VERDICT_OK || verdict == VERDICT_WARN;
}

static bool is_heard(const struct heal *heal, size_t service, uint64_t from)
{
    const struct model_service *model = &heal->model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (evidence_judges(heal->model, i) && heal->evidence[i].known_run < from)
            return false;
    return true;
}

static void ask_all(struct heal *heal, size_t service)
{
    const struct model_service *model = &heal->model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (evidence_judges(heal->model, i))
            todo_check(heal, i);
}

/* Who cannot be asked says nothing: a container behind a dead socket may run as well as what is in it. */
static bool tells(const struct engine *engine, size_t service)
{
    return engine_service(engine, service)->verdict != VERDICT_UNKNOWN;
}

static bool all_seem_well(const struct heal *heal, const struct engine *engine, size_t service)
{
    const struct subject *s = &heal->subjects[service];
    size_t well = 0;

    for (size_t i = 0; i < s->n_dependents; i++) {
        if (is_well(engine, s->dependents[i]))
            well++;
        else if (tells(engine, s->dependents[i]))
            return false;
    }
    return well > 0;
}

bool question_awaits_dependents(struct heal *heal, const struct engine *engine, size_t service, bool ask)
{
    const struct subject *s = &heal->subjects[service];
    uint64_t from, since;
    bool awaits = false;

    evidence_begin(heal, engine, service, &from, &since);
    if (from == NEVER || !all_seem_well(heal, engine, service))
        return false;
    for (size_t i = 0; i < s->n_dependents; i++) {
        if (!tells(engine, s->dependents[i]) || is_heard(heal, s->dependents[i], from))
            continue;
        awaits = true;
        if (ask)
            ask_all(heal, s->dependents[i]);
    }
    return awaits;
}

/* Every critical one does, and said so by a run begun after the failure. Who has not been heard since may still answer: that refuses as well. */
static bool dependents_answer(const struct heal *heal, const struct engine *engine, size_t service)
{
    return all_seem_well(heal, engine, service);
}

/* ---- what runs, and what is held */

static bool is_self(const struct asked *asked, const struct run *run)
{
    return asked->self == run;
}

static void add_locks(struct heal *heal, const struct asked *asked, struct heal_question *q)
{
    for (size_t i = 0; i < RUNS; i++) {
        const struct run *run = &heal->runs[i];

        if (run->state == RUN_FREE || is_self(asked, run))
            continue;
        q->running += run_counts(run);
        q->elsewhere |= strcmp(run->book->name, asked->book->name) == 0;
        for (size_t k = 0; k < run->book->limits.n_locks && k < RUN_LOCKS; k++)
            heal->locks[q->n_locks++] = (struct heal_lock){ .name = run->book->limits.locks[k], .holder = run->book->name };
    }
    for (size_t i = 0; i < FOREIGN; i++)
        if (heal->foreign[i].until > heal->now.elapsed && !asked->self)
            heal->locks[q->n_locks++] = (struct heal_lock){ .name = heal->foreign[i].name, .holder = heal->foreign[i].holder };
    q->running += agents_running(heal);
    q->locks = heal->locks;
}

/* ---- how it stands with the service */

/* Also of one that has not failed itself, or not yet: the engine explains failures alone. */
bool question_need_failed(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine_model(engine)->services[service];

    if (engine_service(engine, service)->caused_by != MODEL_NONE)
        return true;
    for (size_t i = 0; i < model->n_needs; i++) {
        bool failed = model->needs[i].n > 0;

        for (size_t k = 0; k < model->needs[i].n; k++)
            failed &= engine_service(engine, model->needs[i].any[k])->verdict == VERDICT_FAILED;
        if (failed)
            return true;
    }
    return false;
}

static void add_needs(const struct engine *engine, size_t service, struct heal_question *q)
{
    const struct engine_service *s = engine_service(engine, service);

    if (BROKEN(3))
        return;
    if (question_need_failed(engine, service))
        q->needs = NEEDS_FAILED;
    else if (s->uncertain)
        q->needs = NEEDS_UNKNOWN_LONG;
    else if (s->waiting_for != MODEL_NONE)
        q->needs = NEEDS_UNKNOWN;
    q->needs_wait_until = NEVER;
}

static void add_service(const struct heal *heal, const struct engine *engine, size_t service, struct heal_question *q)
{
    const struct engine_service *s = engine_service(engine, service);
    const struct engine_incident *incident = s->incident > 0 ? engine_incident(engine, s->incident) : NULL;

    q->stopped = s->verdict == VERDICT_STOPPED;
    q->starting = s->verdict == VERDICT_STARTING || s->verdict == VERDICT_NONE;
    q->flapping = s->flapping;
    q->acked = incident && incident->acked;
    q->silenced_until = s->silenced && !BROKEN(5) ? NEVER : 0;
    q->heal_stopped = heal->model->services[service].heal_stopped;
    add_needs(engine, service, q);
}

/* Conditions of a run that began with an older model are asked by its own. */
static void add_conditions(const struct engine *engine, const struct asked *asked, struct heal_question *q)
{
    const struct model *model = asked->self ? asked->self->model : engine_model(engine);

    q->warmup = asked->book->limits.warmup.n > 0 ? engine_when_of(engine, model, &asked->book->limits.warmup) : LOGIC_FALSE;
    q->owner = asked->book->limits.owner.n > 0 && !BROKEN(10) ? engine_when_of(engine, model, &asked->book->limits.owner) : LOGIC_FALSE;
}

void question_make(struct heal *heal, const struct engine *engine, const struct asked *asked, struct heal_question *q)
{
    const struct model_settings *settings = &heal->model->settings;
    const struct evidence *most = evidence_most(heal, engine, asked->service);

    memset(q, 0, sizeof *q);
    q->runbook = asked->book;
    q->record = asked->record;
    q->past = &heal->past;
    q->all_at_most = settings->remediation_at_most;
    q->all_window = settings->remediation_window;
    q->concurrent = settings->remediation_concurrent;
    q->incident = asked->by_hand ? 0 : asked->incident;
    q->force = asked->force;
    if (most)
        q->evidence = (struct heal_evidence){ .n_ticks = most->n_ticks, .ticks = most->ticks, .tries = evidence_tries(heal, engine, asked->service) };
    q->switched_off = heal->switched_off;
    q->safe_mode = heal->safe_mode;
    q->observer_sick = engine_overall(engine)->sick && !BROKEN(8);
    q->storm = engine_overall(engine)->storm;
    q->paused_until = engine_paused_until(engine);
    q->store = BROKEN(2) ? STORE_UP : heal->store;
    q->unstored = heal->unstored;
    q->dependents_answer = asked->book->impact >= MODEL_DISRUPT && dependents_answer(heal, engine, asked->service);
    add_service(heal, engine, asked->service, q);
    add_conditions(engine, asked, q);
    add_locks(heal, asked, q);
}
