/*
 * Rapid re-checks: the other way to confirm a failure. They begin at once, are begun `every` apart, and any good one ends them (rules.md 4.2). A try is a run
 * of every check that makes the service failed; what cannot tell is tried again and counts for nothing.
 */
#include "heal/heal_private.h"

/* Those that could not tell. */
static void ask_again(struct heal *heal, const struct engine *engine, size_t service, const struct model_limits *limits)
{
    struct subject *s = &heal->subjects[service];
    const struct model_service *model = &heal->model->services[service];
    bool going = false;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        going |= engine_check(engine, i)->running;
    s->try_at = heal->now.awake + limits->confirm_every;
    if (!going)
        evidence_ask(heal, engine, service, s->try_from);
}

static void begin_try(struct heal *heal, const struct engine *engine, size_t service, const struct model_limits *limits)
{
    struct subject *s = &heal->subjects[service];

    s->try_from = engine_last_run(engine) + 1;
    s->try_at = heal->now.awake + limits->confirm_every;
    evidence_ask(heal, engine, service, s->try_from);
}

void confirm_try(struct heal *heal, const struct engine *engine, size_t service, const struct model_limits *limits)
{
    struct subject *s = &heal->subjects[service];

    if (limits->confirm_tries == 0)
        return;
    if (!s->trying) {
        s->trying = true;
        begin_try(heal, engine, service, limits);
    } else if (s->try_at <= heal->now.awake && s->try_from == 0) {
        begin_try(heal, engine, service, limits);
    } else if (s->try_at <= heal->now.awake) {
        ask_again(heal, engine, service, limits);
    }
    todo_wake(heal, s->try_at);
}

/* Each check counts for itself: that one failed and then another proves neither. */
void confirm_take(struct heal *heal, const struct engine *engine, size_t check, bool good)
{
    const size_t service = heal->model->checks[check].service;
    struct subject *s = &heal->subjects[service];
    struct evidence *e = &heal->evidence[check];

    if (good) {
        confirm_stop(heal, service);
        return;
    }
    if (!s->trying || s->try_from == 0)
        return;
    if (e->bad_run >= s->try_from && e->tried != s->try_from) {
        e->tried = s->try_from;
        e->tries++;
    }
    if (evidence_is_fresh(heal, engine, service, s->try_from))
        s->try_from = 0;
}

void confirm_stop(struct heal *heal, size_t service)
{
    const struct model_service *model = &heal->model->services[service];
    struct subject *s = &heal->subjects[service];

    s->trying = false;
    s->try_from = 0;
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        heal->evidence[i].tries = 0;
}
