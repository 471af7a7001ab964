/* Verdicts of checks and services: what results may do to them, and that nothing else does. */
#include "judge.h"

#include <string.h>

/* ---- checks: the rules once more, written down as they are told ---- */

struct expected {
    enum engine_verdict verdict;
    unsigned bad, good, unknown;
};

static void expect_bad(struct sim_check *c, const struct model_check *model, struct expected *e, bool may_fail)
{
    e->good = 0;
    e->bad++;
    if (may_fail && (c->broken || e->bad >= model->fail_after))
        c->base = VERDICT_FAILED;
    else if (c->base != VERDICT_FAILED && c->base != VERDICT_RECOVERING)
        c->base = VERDICT_SUSPECT;
    c->broken |= c->base == VERDICT_FAILED;
}

static void expect_good(struct sim_check *c, const struct model_check *model, struct expected *e, enum status status)
{
    e->bad = 0;
    e->good++;
    c->starting = SIM_NONE;
    if (c->broken && e->good < model->recover_after) {
        c->base = VERDICT_RECOVERING;
        return;
    }
    c->broken = false;
    c->base = status == STATUS_OK ? VERDICT_OK : VERDICT_WARN;
}

static void expect_known(struct sim *sim, size_t check, struct expected *e, bool may_fail)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_check *m = &model->checks[check];
    struct sim_check *c = &sim->checks[check];
    enum status status = sim->view->status;

    e->unknown = 0;
    if (status == STATUS_STARTING && c->starting == SIM_NONE)
        c->starting = sim->now.awake;
    if (status == STATUS_OK || status == STATUS_WARN) {
        expect_good(c, m, e, status);
    } else if (status == STATUS_FAIL || (status == STATUS_STARTING && sim->now.awake - c->starting >= model->services[m->service].start_timeout)) {
        expect_bad(c, m, e, may_fail);
        if (status == STATUS_FAIL && c->base == VERDICT_FAILED)
            c->starting = SIM_NONE;
    } else if (status == STATUS_STARTING) {
        e->good = 0;
        c->base = VERDICT_STARTING;
    } else {
        e->bad = e->good = 0;
        c->starting = SIM_NONE;
        c->broken = false;
        c->base = VERDICT_STOPPED;
    }
}

/* After a gap every check of the service is heard once before it may fail, and by no run begun while its network may not be back. */
static bool hear(struct sim *sim, size_t check)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_service *service = &model->services[model->checks[check].service];
    bool fresh = sim->checks[check].fresh;

    sim->checks[check].fresh = true;
    for (size_t i = service->first_check; i < service->first_check + service->n_checks; i++)
        fresh &= sim->checks[i].fresh || !model->checks[i].enabled;
    return fresh && sim->view->begun >= sim->services[model->checks[check].service].spared_until;
}

/* What is bad proves it from its first bad run on; where that was forgotten, from the first that began after it. */
static void note_evidence(struct sim *sim, size_t check)
{
    struct sim_check *c = &sim->checks[check];
    bool known = sim->view->status != STATUS_UNKNOWN;

    if (!judge_bad(sim->view->checks[check].verdict))
        c->proved = c->surely_proved = false;
    if (!judge_bad(engine_check(sim->engine, check)->verdict) || !known)
        return;
    if (!c->proved && sim->view->number > c->forgotten) {
        c->first_bad = sim->view->starts;
        c->proved = true;
    }
    if (!c->surely_proved && sim->view->number > c->surely_forgotten) {
        c->surely_bad = sim->view->starts;
        c->surely_proved = true;
    }
}

static void judge_result(struct sim *sim, size_t check)
{
    const struct engine_check *before = &sim->view->checks[check], *shown = engine_check(sim->engine, check);
    const struct model_check *model = &engine_model(sim->engine)->checks[check];
    struct expected e = { .bad = before->bad, .good = before->good, .unknown = before->unknown };
    struct sim_check *c = &sim->checks[check];
    bool may_fail = hear(sim, check);

    if (sim->view->status == STATUS_UNKNOWN)
        e.unknown++;
    else
        expect_known(sim, check, &e, may_fail);
    e.verdict = e.unknown >= model->unknown_after ? VERDICT_UNKNOWN : c->base;
    if (shown->verdict != e.verdict || shown->bad != e.bad || shown->good != e.good || shown->unknown != e.unknown)
        sim_break(sim, "%s after a result %s: is %s (bad %u, good %u, unknown %u), was %s (%u, %u, %u), should be %s (%u, %u, %u)", model->full_name,
                  status_name(sim->view->status), engine_verdict_name(shown->verdict), shown->bad, shown->good, shown->unknown, engine_verdict_name(before->verdict),
                  before->bad, before->good, before->unknown, engine_verdict_name(e.verdict), e.bad, e.good, e.unknown);
    if (shown->runs != before->runs + 1 || !shown->last || shown->last->status != sim->view->status || shown->last_ended != sim->now.wall)
        sim_break(sim, "%s has not kept its result", model->full_name);
    if (e.bad > before->bad)
        c->bad_begun = sim->view->begun;
    if (sim->view->status != STATUS_UNKNOWN)
        c->known = sim->view->number;
    c->ever_heard = c->ended = true;
    note_evidence(sim, check);
}

static void judge_unchanged(struct sim *sim, size_t check, enum engine_event_kind kind)
{
    const struct engine_check *before = &sim->view->checks[check], *shown = engine_check(sim->engine, check);

    /* what a gap forgets is a streak that has not failed yet */
    unsigned bad = kind == EVENT_GAP && sim->checks[check].base != VERDICT_FAILED ? 0 : before->bad;

    if (shown->verdict != before->verdict || shown->bad != bad || shown->good != before->good || shown->unknown != before->unknown ||
        shown->since != before->since || shown->last != before->last || shown->runs != before->runs)
        sim_break(sim, "%s changes without a result", engine_model(sim->engine)->checks[check].full_name);
}

static void judge_check(struct sim *sim, size_t check, enum engine_event_kind kind)
{
    bool result = check == sim->view->check && !sim->view->dropped;

    if (kind == EVENT_MODEL && sim->checks[check].starts <= (sim->checks[check].number > sim->view->starts ? 1u : 0u)) {
        if (engine_check(sim->engine, check)->verdict != VERDICT_NONE || engine_check(sim->engine, check)->last)
            sim_break(sim, "%s is new and has a verdict", engine_model(sim->engine)->checks[check].full_name);
        return;
    }
    if (result)
        judge_result(sim, check);
    else
        judge_unchanged(sim, check, kind);
    if (kind == EVENT_GAP)
        sim->checks[check].fresh = false;
}

/* ---- services ---- */

static int badness(enum engine_verdict verdict)
{
    static const enum engine_verdict order[] = { VERDICT_OK, VERDICT_WARN, VERDICT_STOPPED, VERDICT_STARTING, VERDICT_RECOVERING, VERDICT_NONE, VERDICT_UNKNOWN, VERDICT_SUSPECT, VERDICT_FAILED };
    int i = 0;

    while (order[i] != verdict)
        i++;
    return i;
}

static void judge_service(struct sim *sim, size_t service)
{
    const struct model *model = engine_model(sim->engine);
    const struct model_service *m = &model->services[service];
    const struct engine_service *shown = engine_service(sim->engine, service);
    enum engine_verdict worst = judge_watched(model, service) ? VERDICT_OK : VERDICT_NONE;

    for (size_t i = m->first_check; i < m->first_check + m->n_checks; i++)
        if (judge_counts(model, i) && badness(engine_check(sim->engine, i)->verdict) > badness(worst))
            worst = engine_check(sim->engine, i)->verdict;
    if (shown->verdict != worst)
        sim_break(sim, "%s is %s, the worst of its checks is %s", m->name, engine_verdict_name(shown->verdict), engine_verdict_name(worst));
    else if (judge_watched(model, service) && (shown->decided_by == MODEL_NONE || engine_check(sim->engine, shown->decided_by)->verdict != worst))
        sim_break(sim, "%s is decided by a check that is not its worst", m->name);
    if (shown->verdict != sim->view->services[service].verdict ? shown->since != sim->now.wall : sim->view->services[service].since != 0 && shown->since != sim->view->services[service].since)
        sim_break(sim, "%s: its time of the last turn is wrong", m->name);
}

/* After sleep as long as after a need; when the machine was only still, as long as that. */
static void note_gap(struct sim *sim, size_t service, uint64_t slept)
{
    uint64_t grace = engine_model(sim->engine)->services[service].recover_grace;

    sim->services[service].spared_until = sim->now.awake + (sim->stood_still && slept < grace ? slept : grace);
}

void judge_verdicts(struct sim *sim, const struct engine_event *event)
{
    for (size_t i = 0; event->kind == EVENT_GAP && i < engine_model(sim->engine)->n_services; i++)
        note_gap(sim, i, event->of.gap.slept);
    for (size_t i = 0; i < engine_model(sim->engine)->n_checks; i++)
        judge_check(sim, i, event->kind);
    for (size_t i = 0; i < engine_model(sim->engine)->n_services; i++)
        judge_service(sim, i);
}

/* ---- each turn is recorded, once and rightly, and published ---- */

static bool record_is_right(const struct sim *sim, const struct engine_effect *effect)
{
    size_t i = effect->of.record.index;
    int from = effect->of.record.from, to = effect->of.record.to;

    switch (effect->of.record.kind) {
    case RECORD_CHECK_CHANGED:
        return (int)sim->view->checks[i].verdict == from && (int)engine_check(sim->engine, i)->verdict == to && from != to;
    case RECORD_SERVICE_CHANGED:
        return (int)sim->view->services[i].verdict == from && (int)engine_service(sim->engine, i)->verdict == to && from != to;
    case RECORD_ROUND:
    case RECORD_INCIDENT:
    case RECORD_PEOPLE:
        break;
    }
    return true;
}

static bool same_service(const struct engine_service *a, const struct engine_service *b)
{
    return a->verdict == b->verdict && a->root == b->root && a->uncertain == b->uncertain && a->caused_by == b->caused_by && a->waiting_for == b->waiting_for &&
           a->silenced == b->silenced && a->flapping == b->flapping && a->incident == b->incident;
}

void judge_records(struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);
    size_t n, turns = 0, records = 0, changes;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++) {
        if (effects[i].kind != EFFECT_RECORD || effects[i].of.record.kind >= RECORD_ROUND)
            continue;
        records++;
        if (!record_is_right(sim, &effects[i]))
            sim_break(sim, "a turn is recorded that was not");
    }
    for (size_t i = 0; i < model->n_checks; i++)
        turns += sim->view->checks[i].verdict != engine_check(sim->engine, i)->verdict;
    for (size_t i = 0; i < model->n_services; i++)
        turns += sim->view->services[i].verdict != engine_service(sim->engine, i)->verdict;
    if (turns != records)
        sim_break(sim, "%zu turns, %zu of them recorded", turns, records);
    changes = turns;
    for (size_t i = 0; i < model->n_services; i++)
        changes += !same_service(&sim->view->services[i], engine_service(sim->engine, i));
    for (size_t i = 0; i < model->n_checks; i++)
        changes += sim->view->checks[i].stale != engine_check(sim->engine, i)->stale;
    if (changes > 0 && sim->published == sim->view->published)
        sim_break(sim, "something has changed that people see, and it is not published");
}
