/* What must hold when a run begins: promises 1, 2, 3, 5 and 8. Each is a function or two; its number stands in the sentence that it breaks with. */
#include "heal_judge.h"

#include <string.h>

#define NEVER UINT64_MAX

static struct judge *of(struct world *w)
{
    return w->user;
}

static const struct model_service *service_at(struct world *w, size_t service)
{
    return &engine_model(w->engine)->services[service];
}

static bool counts(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

void judge_give_back(struct judge_book *book)
{
    for (size_t i = 0; i < book->n; i++)
        book->starts[i].given_back = true;
}

/* ---- promise 1: limits */

static void judge_past(struct world *w, const struct judge_run *run, const struct judge_book *book)
{
    const struct model_limits *l = &run->runbook->limits;
    unsigned recent = 0, attempts = 0;

    for (size_t i = 0; i < book->n; i++) {
        const uint64_t age = w->real - book->starts[i].real;

        recent += book->starts[i].incident > 0 && age < l->at_most_window;
        attempts += book->starts[i].incident == run->incident && !book->starts[i].given_back;
        if (i + 1 == book->n && age < l->cooldown) /* those before it are older still, whatever a calendar that jumped says */
            world_break(w, "1: %s starts within its cooldown", run->runbook->name);
    }
    if (recent >= l->at_most)
        world_break(w, "1: %s starts more often than at_most", run->runbook->name);
    if (run->incident > 0 && attempts >= l->attempts)
        world_break(w, "1: %s starts beyond its attempts: after %u, and %u may", run->runbook->name, attempts, l->attempts);
    if (book->failed && w->real - book->failed_real < l->hold_after_failure)
        world_break(w, "1: %s starts while it is held", run->runbook->name);
}

static void judge_all_past(struct world *w, const struct judge_run *run)
{
    const struct model_settings *settings = &engine_model(w->engine)->settings;
    unsigned recent = 0;

    for (size_t i = 0; i < of(w)->n_all; i++)
        recent += w->real - of(w)->all[i].real < settings->remediation_window;
    if (run->runbook->impact > MODEL_OBSERVE && recent >= settings->remediation_at_most)
        world_break(w, "1: %s starts after %u, and %u may", run->runbook->name, recent, settings->remediation_at_most);
}

static bool is_confirmed(struct world *w, const struct judge_run *run)
{
    const struct model_service *s = service_at(w, run->service);
    const struct model_limits *l = &run->runbook->limits;

    if (l->confirm_ticks == 0)
        return true;
    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++) {
        const struct judge_check *c = &of(w)->checks[i];

        if (!counts(engine_model(w->engine), i) || engine_check(w->engine, i)->verdict != VERDICT_FAILED)
            continue;
        if (l->confirm_tries > 0 && c->tries >= l->confirm_tries)
            return true;
        if (c->n_ticks >= l->confirm_ticks && (l->confirm_within == 0 || w->real - c->ticks[c->n_ticks - l->confirm_ticks] < l->confirm_within))
            return true;
    }
    return false;
}

static bool share_lock(const struct model_limits *a, const struct model_limits *b)
{
    for (size_t i = 0; i < a->n_locks; i++)
        for (size_t k = 0; k < b->n_locks; k++)
            if (strcmp(a->locks[i], b->locks[k]) == 0)
                return true;
    return false;
}

static void judge_others(struct world *w, const struct judge_run *run)
{
    unsigned running = (unsigned)of(w)->agents;

    for (size_t i = 0; i < JUDGE_RUNS; i++) {
        const struct judge_run *other = &of(w)->runs[i];

        if (other->id == 0 || !other->begun || other == run)
            continue;
        running += other->runbook->impact > MODEL_OBSERVE;
        if (strcmp(other->runbook->name, run->runbook->name) == 0)
            world_break(w, "1: %s runs twice at once", run->runbook->name);
        if (share_lock(&other->runbook->limits, &run->runbook->limits))
            world_break(w, "1: %s and %s hold one lock", run->runbook->name, other->runbook->name);
    }
    if (run->runbook->impact > MODEL_OBSERVE && running >= engine_model(w->engine)->settings.remediation_concurrent)
        world_break(w, "1: %s starts beside %u, of which %u are agents, and %u may", run->runbook->name, running, (unsigned)of(w)->agents,
                    engine_model(w->engine)->settings.remediation_concurrent);
}

/* Who cannot be seen not to heal may be healing: also a person with a reason would do it beside somebody. */
static void judge_owner(struct world *w, const struct judge_run *run)
{
    const struct model_condition *owner = &run->runbook->limits.owner;

    if (owner->n > 0 && engine_when_of(w->engine, run->model, owner) != LOGIC_FALSE)
        world_break(w, "1: %s starts while somebody else heals s%zu, or may do so", run->runbook->name, run->service);
}

static void judge_limits(struct world *w, const struct judge_run *run)
{
    judge_others(w, run);
    judge_owner(w, run);
    if (of(w)->switched_off)
        world_break(w, "5: %s starts though repair is switched off", run->runbook->name);
    if (run->forced)
        return;
    judge_past(w, run, &of(w)->books[run->service][run->book]);
    judge_all_past(w, run);
    if (!is_confirmed(w, run))
        world_break(w, "1: %s starts unconfirmed", run->runbook->name);
    if (run->runbook->limits.warmup.n > 0 && engine_when_of(w->engine, run->model, &run->runbook->limits.warmup) == LOGIC_TRUE)
        world_break(w, "1: %s starts while its target warms up", run->runbook->name);
    if (of(w)->safe_mode)
        world_break(w, "1: %s starts in safe mode", run->runbook->name);
}

/* ---- promise 2: the store */

static void judge_unstored(struct world *w, const struct judge_run *run)
{
    struct judge *j = of(w);

    if (!run->taken)
        world_break(w, "2: %s starts before its intent is durable", run->runbook->name);
    if (run->runbook->impact == MODEL_OBSERVE || j->store == STORE_UP)
        return;
    if (j->store == STORE_NEVER_UP || j->unstored++ > 0)
        world_break(w, "2: %s starts without a store, and is not the one that may", run->runbook->name);
}

/* ---- promise 3: needs */

bool judge_need_failed(struct world *w, size_t service)
{
    const struct model_service *s = service_at(w, service);

    for (size_t i = 0; i < s->n_needs; i++) {
        bool all = true;

        for (size_t k = 0; k < s->needs[i].n; k++)
            all &= engine_service(w->engine, s->needs[i].any[k])->verdict == VERDICT_FAILED;
        if (all && s->needs[i].n > 0)
            return true;
    }
    return false;
}

static void judge_needs(struct world *w, const struct judge_run *run)
{
    const struct engine_service *s = engine_service(w->engine, run->service);

    if (run->forced)
        return;
    if (judge_need_failed(w, run->service) || s->caused_by != MODEL_NONE || (!run->by_hand && !s->root))
        world_break(w, "3: %s starts for s%zu, which has a failed need", run->runbook->name, run->service);
    if (run->runbook->impact >= MODEL_DISRUPT && (s->uncertain || s->waiting_for != MODEL_NONE))
        world_break(w, "3: %s starts though a need is not known", run->runbook->name);
}

/* ---- promise 5: people */

static void judge_wishes(struct world *w, const struct judge_run *run)
{
    const struct engine_service *s = engine_service(w->engine, run->service);
    const struct engine_incident *incident = s->incident > 0 ? engine_incident(w->engine, s->incident) : NULL;
    const bool restarts = run->runbook->impact > MODEL_OBSERVE;

    if (run->forced)
        return;
    if (engine_paused_until(w->engine) > w->now.elapsed || s->silenced || (incident && incident->acked))
        world_break(w, "5: %s starts for s%zu, which is paused, silenced or acknowledged", run->runbook->name, run->service);
    if (restarts && (s->flapping || s->verdict == VERDICT_STARTING || (s->verdict == VERDICT_STOPPED && !service_at(w, run->service)->heal_stopped)))
        world_break(w, "5: %s starts for s%zu, which flaps, starts or was stopped", run->runbook->name, run->service);
}

/* ---- promise 8: the observer, storms, who still answers */

static bool depends(struct world *w, size_t service, size_t on, unsigned depth)
{
    const struct model_service *s = service_at(w, service);

    for (size_t i = 0; i < s->n_needs && depth < JUDGE_SERVICES; i++)
        for (size_t k = 0; k < s->needs[i].n; k++)
            if (s->needs[i].any[k] == on || depends(w, s->needs[i].any[k], on, depth + 1))
                return true;
    return false;
}

static bool answers_since(struct world *w, size_t service, uint64_t from)
{
    const struct model_service *s = service_at(w, service);
    enum engine_verdict verdict = engine_service(w->engine, service)->verdict;

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        if (counts(engine_model(w->engine), i) && of(w)->checks[i].known_run < from)
            return false;
    return verdict == VERDICT_OK || verdict == VERDICT_WARN;
}

static bool is_watched(struct world *w, size_t service)
{
    const struct model_service *s = service_at(w, service);

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        if (s->enabled && counts(engine_model(w->engine), i))
            return true;
    return false;
}

static bool all_answer(struct world *w, size_t service)
{
    const struct model_service *s = service_at(w, service);
    uint64_t from = NEVER;
    bool any = false;

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        if (counts(engine_model(w->engine), i) && of(w)->checks[i].bad > 0 && of(w)->checks[i].first_bad_run < from)
            from = of(w)->checks[i].first_bad_run;
    for (size_t i = 0; i < engine_model(w->engine)->n_services && from != NEVER; i++) {
        if (i == service || !service_at(w, i)->critical || !is_watched(w, i) || !depends(w, i, service, 0))
            continue;
        if (!answers_since(w, i, from))
            return false;
        any = true;
    }
    return any;
}

static void judge_place(struct world *w, const struct judge_run *run)
{
    if (run->runbook->impact == MODEL_OBSERVE)
        return;
    if (w->sickness != SICKNESS_NONE || engine_overall(w->engine)->storm)
        world_break(w, "8: %s starts while the observer is sick, or in a storm", run->runbook->name);
    if (run->runbook->impact >= MODEL_DISRUPT && all_answer(w, run->service))
        world_break(w, "8: %s starts though all who depend on s%zu answer", run->runbook->name, run->service);
}

/* ---- a start */

static void push(struct judge_start *starts, size_t *n, const struct judge_start *start)
{
    if (*n == JUDGE_STARTS)
        memmove(starts, starts + 1, --*n * sizeof *starts);
    starts[(*n)++] = *start;
}

void judge_start(struct world *w, struct judge_run *run)
{
    struct judge_book *book = &of(w)->books[run->service][run->book];
    const struct judge_start start = { .real = w->real, .wall = w->now.wall, .incident = run->incident, .above = run->runbook->impact > MODEL_OBSERVE };

    judge_limits(w, run);
    judge_unstored(w, run);
    judge_needs(w, run);
    judge_wishes(w, run);
    judge_place(w, run);
    run->begun = true;
    run->acted = engine_last_run(w->engine);
    run->acted_at = w->now.awake;
    of(w)->starts++;
    push(book->starts, &book->n, &start);
    if (run->incident > 0 && start.above)
        push(of(w)->all, &of(w)->n_all, &start);
}
