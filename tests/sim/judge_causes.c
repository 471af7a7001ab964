/*
 * Root causes: no failed service is called one before everything that it needs has a result begun after its first bad one, or needs_wait is over;
 * each has exactly one explanation, and the right one; whoever is blamed is down itself.
 */
#include "judge.h"

#include <string.h>

/* ---- needs, found out by recursion: what is asked once is marked ---- */

enum { NEW, YES, NO };

static bool mark(struct sim *sim, size_t service, bool answer)
{
    sim->view->marks[service] = answer ? YES : NO;
    return answer;
}

static void clear_marks(struct sim *sim)
{
    memset(sim->view->marks, NEW, engine_model(sim->engine)->n_services);
}

static bool has_say(const struct model *model, size_t service)
{
    const struct model_service *m = &model->services[service];

    if (judge_watched(model, service))
        return true;
    for (size_t i = 0; i < m->n_needs; i++)
        for (size_t k = 0; k < m->needs[i].n; k++)
            if (has_say(model, m->needs[i].any[k]))
                return true;
    return false;
}

static bool is_down(struct sim *sim, size_t service);

static bool need_is_down(struct sim *sim, const struct model_need *need)
{
    bool any = false;

    for (size_t i = 0; i < need->n; i++) {
        if (!has_say(engine_model(sim->engine), need->any[i]))
            continue;
        any = true;
        if (!is_down(sim, need->any[i]))
            return false;
    }
    return any;
}

static bool needs_are_down(struct sim *sim, size_t service)
{
    const struct model_service *m = &engine_model(sim->engine)->services[service];
    bool down = false;

    for (size_t i = 0; i < m->n_needs; i++)
        down |= need_is_down(sim, &m->needs[i]);
    return down;
}

static bool is_down(struct sim *sim, size_t service)
{
    if (sim->view->marks[service] != NEW)
        return sim->view->marks[service] == YES;
    if (judge_watched(engine_model(sim->engine), service) && judge_down(engine_service(sim->engine, service)->verdict))
        return mark(sim, service, true);
    return mark(sim, service, needs_are_down(sim, service));
}

/* Well, by results of runs that began after start number `from`, with all that it needs. */
static bool is_cleared(struct sim *sim, size_t service, uint64_t from);

static bool needs_are_cleared(struct sim *sim, size_t service, uint64_t from)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_service *m = &model->services[service];
    bool all = true;

    for (size_t i = 0; i < m->n_needs; i++) {
        bool one = false, any = false;

        for (size_t k = 0; k < m->needs[i].n; k++) {
            if (!has_say(model, m->needs[i].any[k]))
                continue;
            any = true;
            one |= is_cleared(sim, m->needs[i].any[k], from);
        }
        all &= one || !any;
    }
    return all;
}

static bool is_cleared(struct sim *sim, size_t service, uint64_t from)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_service *m = &model->services[service];
    enum engine_verdict verdict = engine_service(sim->engine, service)->verdict;

    if (sim->view->marks[service] != NEW)
        return sim->view->marks[service] == YES;
    if (judge_watched(model, service) && verdict != VERDICT_OK && verdict != VERDICT_WARN)
        return mark(sim, service, false);
    for (size_t i = m->first_check; i < m->first_check + m->n_checks; i++)
        if (judge_watched(model, service) && judge_counts(model, i) && sim->checks[i].known <= from)
            return mark(sim, service, false);
    return mark(sim, service, needs_are_cleared(sim, service, from));
}

/* Marks all that the service needs, transitively. */
static void mark_needs(struct sim *sim, size_t service)
{
    const struct model_service *m = &engine_model(sim->engine)->services[service];

    for (size_t i = 0; i < m->n_needs; i++) {
        for (size_t k = 0; k < m->needs[i].n; k++) {
            if (sim->view->marks[m->needs[i].any[k]] == YES)
                continue;
            sim->view->marks[m->needs[i].any[k]] = YES;
            mark_needs(sim, m->needs[i].any[k]);
        }
    }
}

static bool is_need(struct sim *sim, size_t of, size_t service)
{
    clear_marks(sim);
    mark_needs(sim, of);
    return sim->view->marks[service] == YES;
}

static uint64_t wait_of(struct sim *sim, size_t service)
{
    const struct model *model = engine_model(sim->engine);
    uint64_t wait = model->services[service].needs_wait;

    clear_marks(sim);
    mark_needs(sim, service);
    for (size_t i = 0; i < model->n_checks; i++)
        if (sim->view->marks[model->checks[i].service] == YES && judge_counts(model, i) && model->checks[i].timeout > wait)
            wait = model->checks[i].timeout;
    return wait;
}

/* ---- needs are checked at once ---- */

static void judge_asked(struct sim *sim, size_t bad)
{
    const struct model *model = engine_model(sim->engine);

    clear_marks(sim);
    mark_needs(sim, model->checks[bad].service);
    for (size_t i = 0; i < model->n_checks; i++) {
        struct sim_check *c = &sim->checks[i];

        if (sim->view->marks[model->checks[i].service] != YES || !judge_watched(model, model->checks[i].service) || !judge_counts(model, i))
            continue;
        if (c->run && c->number <= sim->view->starts)
            c->need_due = true;
        else if (!c->run && !judge_path_full(sim, i))
            sim_break(sim, "%s turned bad, and %s, which it needs, is not checked at once", model->checks[bad].full_name, model->checks[i].full_name);
    }
}

static void judge_all_asked(struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_checks; i++)
        if (judge_counts(model, i) && judge_bad(engine_check(sim->engine, i)->verdict) && !judge_bad(sim->view->checks[i].verdict))
            judge_asked(sim, i);
}

/* ---- clocks ---- */

/* What is bad now proves nothing any more. */
static void forget_surely(struct sim *sim, size_t service)
{
    const struct model_service *m = &engine_model(sim->engine)->services[service];

    for (size_t i = m->first_check; i < m->first_check + m->n_checks; i++) {
        sim->checks[i].surely_forgotten = sim->starts;
        sim->checks[i].surely_proved = false;
    }
}

static void forget_evidence(struct sim *sim, size_t service)
{
    const struct model_service *m = &engine_model(sim->engine)->services[service];

    for (size_t i = m->first_check; i < m->first_check + m->n_checks; i++) {
        sim->checks[i].forgotten = sim->view->starts;
        sim->checks[i].proved = false;
    }
    forget_surely(sim, service);
}

/* When the run began that was the last to find it failed. */
static uint64_t last_seen_bad(const struct sim *sim, size_t service)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_service *m = &model->services[service];
    uint64_t last = 0;

    for (size_t i = m->first_check; i < m->first_check + m->n_checks; i++)
        if (judge_counts(model, i) && engine_check(sim->engine, i)->verdict == VERDICT_FAILED && sim->checks[i].bad_begun > last)
            last = sim->checks[i].bad_begun;
    return last;
}

/* Those that need it have their time to come back. */
static void note_recovery(struct sim *sim, size_t service)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_services; i++) {
        if (i == service || !is_need(sim, i, service) || sim->view->services[i].root)
            continue;
        sim->services[i].graced_until = sim->now.awake + model->services[i].recover_grace;
        sim->services[i].graced_by = service;
        sim->services[i].graced = model->services[i].recover_grace > 0;
        sim->services[i].wait_from = sim->now.awake;
        forget_evidence(sim, i);
    }
}

/* When its grace is over it is looked at once more, unless it was since: in the event at that time, or in the one in which nobody is to blame any more. */
static void note_last_look(struct sim *sim, size_t service, enum engine_event_kind kind)
{
    struct sim_service *s = &sim->services[service];
    const struct engine_service *shown = engine_service(sim->engine, service);

    if (!s->graced || sim->now.awake < s->graced_until || shown->verdict != VERDICT_FAILED || sim->view->services[service].root)
        return;
    s->graced = shown->caused_by != MODEL_NONE || (kind != EVENT_TIME && sim->now.awake == s->graced_until);
    if (last_seen_bad(sim, service) >= s->graced_until)
        return;
    s->looked_from = sim->now.awake;
    forget_surely(sim, service);
}

/* A grace ends with the need that it was given for. */
static void end_grace(struct sim *sim, size_t service)
{
    struct sim_service *s = &sim->services[service];

    if (s->graced_by != MODEL_NONE && is_need(sim, service, s->graced_by))
        return;
    s->graced_until = 0;
    s->graced = false;
}

static void keep_clocks(struct sim *sim, size_t service, enum engine_event_kind kind)
{
    const struct engine_service *before = &sim->view->services[service], *shown = engine_service(sim->engine, service);
    struct sim_service *s = &sim->services[service];

    if (kind == EVENT_MODEL)
        end_grace(sim, service);
    if (kind == EVENT_GAP && !before->root)
        forget_evidence(sim, service);
    if ((shown->verdict == VERDICT_FAILED && before->verdict != VERDICT_FAILED) || kind == EVENT_GAP || (s->explained && shown->caused_by == MODEL_NONE))
        s->wait_from = sim->now.awake;
    s->explained = shown->caused_by != MODEL_NONE;
    if (!judge_watched(engine_model(sim->engine), service))
        return;
    if (judge_down(shown->verdict)) {
        s->was_down = true;
    } else if (s->was_down && (shown->verdict == VERDICT_OK || shown->verdict == VERDICT_WARN)) {
        s->was_down = false;
        note_recovery(sim, service);
    }
}

/* ---- explanations ---- */

/* The number after which runs of needs clear it, at the earliest and at the latest; SIM_NONE: none does, it is not known to be bad itself. */
static uint64_t evidence_of(const struct sim *sim, size_t service, bool surely)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_service *m = &model->services[service];
    uint64_t first = SIM_NONE;

    for (size_t i = m->first_check; i < m->first_check + m->n_checks; i++) {
        const struct sim_check *c = &sim->checks[i];
        uint64_t from = surely ? c->surely_bad : c->first_bad;

        if (!judge_counts(model, i) || engine_check(sim->engine, i)->verdict != VERDICT_FAILED || !(surely ? c->surely_proved : c->proved))
            continue;
        if (from < first)
            first = from;
    }
    return first;
}

static bool is_certain(struct sim *sim, size_t service, bool surely)
{
    uint64_t from = evidence_of(sim, service, surely);

    clear_marks(sim);
    return from != SIM_NONE && needs_are_cleared(sim, service, from);
}

static bool needs_nothing(struct sim *sim, size_t service)
{
    clear_marks(sim);
    return needs_are_cleared(sim, service, SIM_NONE);
}

static void judge_new_root(struct sim *sim, size_t service, uint64_t wait)
{
    const struct engine_service *shown = engine_service(sim->engine, service);
    const struct sim_service *s = &sim->services[service];
    const char *name = engine_model(sim->engine)->services[service].name;

    if (sim->now.awake < s->graced_until)
        sim_break(sim, "%s is a root cause within its grace after a need came back", name);
    if (last_seen_bad(sim, service) < s->graced_until && !shown->uncertain && !needs_nothing(sim, service))
        sim_break(sim, "%s is a root cause by what was seen of it in its grace", name);
    if (last_seen_bad(sim, service) < s->graced_until && shown->uncertain && sim->now.awake < s->graced_until + wait)
        sim_break(sim, "%s is an uncertain root cause before its last look had its time", name);
    if (shown->uncertain && sim->now.awake < s->wait_from + wait)
        sim_break(sim, "%s is an uncertain root cause before needs_wait is over", name);
}

static void judge_root(struct sim *sim, size_t service, enum engine_event_kind kind)
{
    const struct engine_service *shown = engine_service(sim->engine, service);
    const struct sim_service *s = &sim->services[service];
    const char *name = engine_model(sim->engine)->services[service].name;
    uint64_t wait = wait_of(sim, service);

    if (shown->root && !sim->view->services[service].root)
        judge_new_root(sim, service, wait);
    if (shown->root && !shown->uncertain && !is_certain(sim, service, false) && !needs_nothing(sim, service))
        sim_break(sim, "%s is a root cause before what it needs has a result begun after its first bad one", name);
    if (shown->root && shown->uncertain && is_certain(sim, service, true))
        sim_break(sim, "%s is an uncertain root cause although all that it needs is known to be well", name);
    if (shown->waiting_for != MODEL_NONE && is_certain(sim, service, true) && sim->now.awake > s->graced_until)
        sim_break(sim, "%s waits although all that it needs is known to be well", name);
    if (shown->waiting_for != MODEL_NONE && kind == EVENT_TIME && sim->now.awake >= s->graced_until && sim->now.awake >= s->wait_from + wait &&
        sim->now.awake >= s->looked_from + wait)
        sim_break(sim, "%s waits although needs_wait is over", name);
}

static void judge_blame(struct sim *sim, size_t service)
{
    const struct model *model = engine_model(sim->engine);
    size_t blamed = engine_service(sim->engine, service)->caused_by;

    if (!judge_watched(model, blamed) || !judge_down(engine_service(sim->engine, blamed)->verdict))
        sim_break(sim, "%s is said to be caused by %s, which is not down", model->services[service].name, model->services[blamed].name);
    else if (!is_need(sim, service, blamed))
        sim_break(sim, "%s is said to be caused by %s, which it does not need", model->services[service].name, model->services[blamed].name);
    clear_marks(sim);
    if (needs_are_down(sim, blamed))
        sim_break(sim, "%s is said to be caused by %s, which is caused by another", model->services[service].name, model->services[blamed].name);
}

static void judge_explanation(struct sim *sim, size_t service, enum engine_event_kind kind)
{
    const struct model *model = engine_model(sim->engine);
    const struct engine_service *shown = engine_service(sim->engine, service);
    int explanations = shown->root + (shown->caused_by != MODEL_NONE) + (shown->waiting_for != MODEL_NONE);
    bool down;

    if (!judge_watched(model, service) || !judge_bad(shown->verdict)) {
        if (explanations > 0 || shown->uncertain)
            sim_break(sim, "%s is %s and has a cause", model->services[service].name, engine_verdict_name(shown->verdict));
        return;
    }
    if (shown->verdict == VERDICT_FAILED ? explanations != 1 : shown->root || shown->waiting_for != MODEL_NONE)
        sim_break(sim, "%s is %s and has %d explanations", model->services[service].name, engine_verdict_name(shown->verdict), explanations);
    clear_marks(sim);
    down = needs_are_down(sim, service);
    if (shown->waiting_for != MODEL_NONE && !is_need(sim, service, shown->waiting_for))
        sim_break(sim, "%s is said to wait for %s, which it does not need", model->services[service].name, model->services[shown->waiting_for].name);
    if (down != (shown->caused_by != MODEL_NONE))
        sim_break(sim, "%s is %s: what it needs is %s", model->services[service].name, down ? "not explained" : "explained", down ? "down" : "not down");
    if (shown->caused_by != MODEL_NONE)
        judge_blame(sim, service);
    if (shown->verdict == VERDICT_FAILED)
        judge_root(sim, service, kind);
}

void judge_causes(struct sim *sim, const struct engine_event *event)
{
    size_t n = engine_model(sim->engine)->n_services;

    judge_all_asked(sim);
    for (size_t i = 0; i < n; i++)
        keep_clocks(sim, i, event->kind);
    for (size_t i = 0; i < n; i++)
        note_last_look(sim, i, event->kind);
    for (size_t i = 0; i < n && !sim->broken[0]; i++)
        judge_explanation(sim, i, event->kind);
}
