/*
 * Who is to blame. A failed service has exactly one explanation: a need is down (`caused by`, the deepest one), a need is not known yet
 * (`waiting for`), or it is a root cause. No race decides this: needs are checked at once when a service turns bad, and only what began
 * after its first bad result clears them. The wait has an end, needs_wait, after which it is a root cause, though an uncertain one.
 *
 * When a need comes back, what depends on it is checked anew and has recover_grace to come back as well; until then what was seen of it is
 * evidence of the old trouble. When that time is over it is looked at once more: only what is bad in a run begun after its grace is a root.
 */
#include "engine/engine_private.h"

struct explanation {
    bool root, uncertain, explained;
    size_t caused_by, waiting_for;
};

/* ---- clocks ---- */

static bool in_grace(const struct engine *engine, const struct service *s)
{
    return s->grace_until > engine->now.awake;
}

static uint64_t hold_until(const struct service *s)
{
    return s->hold_from + s->wait;
}

void cause_put(struct engine *engine, size_t service)
{
    const struct service *s = &engine->t.services[service];
    uint64_t due = NEVER;

    if (s->shown.waiting_for != MODEL_NONE)
        due = in_grace(engine, s) ? s->grace_until : hold_until(s) > engine->now.awake ? hold_until(s) : NEVER;
    heap_set(&engine->t.due, engine->t.model->n_checks + service, due);
}

void cause_turned_failed(struct engine *engine, size_t service)
{
    engine->t.services[service].hold_from = engine->now.awake;
}

/* What is bad now, or turns so by a run that is in progress, proves nothing: a result of a run that has not begun yet is awaited. */
static void forget_evidence(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        struct check *c = &engine->t.checks[i];

        c->fresh_from = engine->last_run + 1;
        if (c->first_bad == 0)
            continue;
        c->first_bad = NEVER;
        engine->t.services[service].first_bad = NEVER;
    }
}

static void check_again(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i))
            paths_ask_fresh(engine, i, WANT_CONFIRM);
}

void cause_recovered(struct engine *engine, size_t service)
{
    size_t n = needs_dependents(engine, service);

    for (size_t i = 0; i < n; i++) {
        size_t dependent = engine->t.list[i];
        struct service *s = &engine->t.services[dependent];

        if (!s->watched || s->shown.root)
            continue;
        s->graced_by = service;
        s->grace_until = engine->now.awake + engine->t.model->services[dependent].recover_grace;
        s->graced = in_grace(engine, s);
        s->hold_from = engine->now.awake;
        forget_evidence(engine, dependent);
        check_again(engine, dependent);
        service_touch(engine, dependent);
    }
}

void cause_gap(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];

    if (s->shown.root)
        return;
    if (!in_grace(engine, s)) {
        s->graced_by = MODEL_NONE;
        s->graced = false;
    }
    forget_evidence(engine, service);
    s->hold_from = engine->now.awake;
    service_touch(engine, service);
}

/* When a run began that found it bad, the latest of them. */
static uint64_t last_seen_bad(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    uint64_t last = 0;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        const struct check *c = &engine->t.checks[i];

        if (service_judged_by(engine->t.model, i) && c->shown.verdict == VERDICT_FAILED && c->bad_begun > last)
            last = c->bad_begun;
    }
    return last;
}

/* It may have come back since it was last seen, at the end of its grace at the latest. */
static void end_grace(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];

    if (!s->graced || in_grace(engine, s))
        return;
    s->graced = false;
    if (last_seen_bad(engine, service) >= s->grace_until)
        return;
    s->hold_from = engine->now.awake;
    forget_evidence(engine, service);
    check_again(engine, service);
}

/* ---- explanations ---- */

static size_t awaited(const struct engine *engine, size_t service)
{
    const struct service *s = &engine->t.services[service];
    size_t need = s->graced_by;

    if (!in_grace(engine, s) && (s->first_bad != NEVER || need == MODEL_NONE))
        need = needs_awaited(engine, service, s->first_bad);
    return need;
}

static struct explanation of_failed(struct engine *engine, size_t service, uint64_t word)
{
    struct service *s = &engine->t.services[service];
    struct explanation made = { .caused_by = MODEL_NONE, .waiting_for = MODEL_NONE };
    bool known;

    if (s->explained)
        s->hold_from = engine->now.awake;
    end_grace(engine, service);
    known = word == NEVER || (s->first_bad != NEVER && word > s->first_bad);
    if (s->shown.root) {
        made.root = true;
        made.uncertain = !known;
    } else if (in_grace(engine, s) || (!known && engine->now.awake < hold_until(s))) {
        made.waiting_for = awaited(engine, service);
    } else {
        made.root = true;
        made.uncertain = !known;
    }
    return made;
}

static struct explanation find(struct engine *engine, size_t service)
{
    const struct service *s = &engine->t.services[service];
    struct explanation made = { .caused_by = MODEL_NONE, .waiting_for = MODEL_NONE };
    uint64_t word;

    if (!streaks_is_bad(s->shown.verdict))
        return made;
    word = needs_word(engine, service);
    if (word == WORD_DOWN) {
        made.explained = true;
        made.caused_by = needs_blame(engine, service);
    } else if (s->shown.verdict == VERDICT_FAILED) {
        made = of_failed(engine, service, word);
    }
    return made;
}

static void say(struct engine *engine, size_t service, const struct engine_service *old, const struct explanation *made)
{
    const struct model_service *services = engine->t.model->services;

    if (made->root && !old->root)
        effects_say(engine, SAY_WARN, service, MODEL_NONE, made->uncertain ? "service is a root cause, as far as is known: a need of it could not be judged in time"
                                                                           : "service is a root cause: it failed, and nothing that it needs did");
    else if (made->caused_by != MODEL_NONE && made->caused_by != old->caused_by)
        effects_say(engine, SAY_INFO, service, MODEL_NONE, "service is %s, caused by %s", engine_verdict_name(engine->t.services[service].shown.verdict),
                    services[made->caused_by].name);
    else if (made->waiting_for != MODEL_NONE && old->waiting_for == MODEL_NONE)
        effects_say(engine, SAY_INFO, service, MODEL_NONE, "service has failed, waiting for %s before its cause is told", services[made->waiting_for].name);
}

static void explain(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    struct explanation made = find(engine, service);
    struct engine_service old = s->shown;

    s->explained = made.explained;
    s->shown.root = made.root;
    s->shown.uncertain = made.uncertain;
    s->shown.caused_by = made.caused_by;
    s->shown.waiting_for = made.waiting_for;
    engine->unsettled -= old.waiting_for != MODEL_NONE || old.uncertain;
    engine->unsettled += made.waiting_for != MODEL_NONE || made.uncertain;
    cause_put(engine, service);
    silence_show(engine, service);
    incident_look(engine, service);
    if (old.root == made.root && old.uncertain == made.uncertain && old.caused_by == made.caused_by && old.waiting_for == made.waiting_for)
        return;
    say(engine, service, &old, &made);
    engine->publish = true;
}

void cause_settle(struct engine *engine)
{
    struct tables *t = &engine->t;

    engine->batch++;
    for (size_t i = 0; i < t->n_touched; i++) {
        size_t n = t->n_touched < t->model->n_services ? needs_dependents(engine, t->touched[i]) : 0;

        explain(engine, t->touched[i]);
        for (size_t k = 0; k < n; k++)
            if (streaks_is_bad(t->services[t->list[k]].shown.verdict))
                explain(engine, t->list[k]);
    }
}
