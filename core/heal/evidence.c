/*
 * What results prove of a failure: when it began, how often the schedule has seen it, and which run said so last. A tick is a bad result of the schedule in the
 * running streak (rules.md 4.2); a good one ends the streak, and what knows nothing does neither.
 */
#include "heal/heal_private.h"

#include <string.h>

bool evidence_judges(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

static void begin_streak(struct evidence *e, const struct heal *heal, const struct engine *engine)
{
    e->n_ticks = e->tries = 0;
    e->bad_since = heal->now.awake;
    e->bad_from = engine_last_run(engine) + 1;
}

static void end_streak(struct evidence *e)
{
    e->bad = e->n_ticks = e->tries = 0;
    e->bad_since = NEVER;
    e->bad_from = 0;
}

static void note_tick(struct evidence *e, const struct moment *now)
{
    if (e->n_ticks == TICKS)
        memmove(e->ticks, e->ticks + 1, --e->n_ticks * sizeof *e->ticks);
    e->ticks[e->n_ticks++] = *now;
}

/* What is starting, or stopped, was taken for bad when it makes the check suspect or failed. A streak that is as long as before is then another one: a gap was between. */
static bool is_bad(const struct engine *engine, size_t check, enum status status)
{
    const enum engine_verdict verdict = engine_check(engine, check)->verdict;

    return status == STATUS_FAIL || ((status == STATUS_STARTING || status == STATUS_STOPPED) && (verdict == VERDICT_SUSPECT || verdict == VERDICT_FAILED));
}

void evidence_take(struct heal *heal, const struct engine *engine, size_t check, uint64_t run, const struct result *result, bool tick)
{
    struct evidence *e = &heal->evidence[check];
    unsigned bad = engine_check(engine, check)->bad;

    if (result->status == STATUS_UNKNOWN)
        return;
    e->known_run = run;
    if (bad == 0) {
        end_streak(e);
        return;
    }
    if (!is_bad(engine, check, result->status))
        return;
    if (e->bad == 0 || bad <= e->bad)
        begin_streak(e, heal, engine);
    e->bad = bad;
    e->bad_run = run;
    if (tick)
        note_tick(e, &heal->now);
}

static bool fails(const struct engine *engine, const struct model *model, size_t check)
{
    return evidence_judges(model, check) && engine_check(engine, check)->verdict == VERDICT_FAILED;
}

const struct evidence *evidence_most(const struct heal *heal, const struct engine *engine, size_t service)
{
    const struct model_service *model = &heal->model->services[service];
    const struct evidence *most = NULL;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (fails(engine, heal->model, i) && (!most || heal->evidence[i].n_ticks > most->n_ticks))
            most = &heal->evidence[i];
    return most;
}

unsigned evidence_tries(const struct heal *heal, const struct engine *engine, size_t service)
{
    const struct model_service *model = &heal->model->services[service];
    unsigned most = 0;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (fails(engine, heal->model, i) && heal->evidence[i].tries > most)
            most = heal->evidence[i].tries;
    return most;
}

bool evidence_is_fresh(const struct heal *heal, const struct engine *engine, size_t service, uint64_t from)
{
    const struct model_service *model = &heal->model->services[service];
    bool any = false;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        if (!fails(engine, heal->model, i))
            continue;
        if (heal->evidence[i].bad_run < from)
            return false;
        any = true;
    }
    return any || from == 0;
}

void evidence_ask(struct heal *heal, const struct engine *engine, size_t service, uint64_t from)
{
    const struct model_service *model = &heal->model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (fails(engine, heal->model, i) && heal->evidence[i].bad_run < from)
            todo_check(heal, i);
}

/* A check that has no bad streak any more, and was not heard since: a gap has ended it. */
void evidence_begin(const struct heal *heal, const struct engine *engine, size_t service, uint64_t *from, uint64_t *since)
{
    const struct model_service *model = &heal->model->services[service];

    *from = *since = NEVER;
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        const struct evidence *e = &heal->evidence[i];

        if (!evidence_judges(heal->model, i) || e->bad_since == NEVER || engine_check(engine, i)->bad == 0)
            continue;
        *from = e->bad_from < *from ? e->bad_from : *from;
        *since = e->bad_since < *since ? e->bad_since : *since;
    }
}
