/* See heal_judge.h. Each promise is a function or two; its number stands in the sentence that it breaks with. */
#include "heal_judge.h"

#include <stdlib.h>
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

static size_t book_index(const char *name)
{
    return (size_t)(name[1] - '0') % JUDGE_BOOKS;
}

static struct judge_run *run_at(struct judge *j, uint64_t id)
{
    for (size_t i = 0; i < JUDGE_RUNS && id > 0; i++)
        if (j->runs[i].id == id)
            return &j->runs[i];
    return NULL;
}

static bool counts(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

/* ---- promise 1: limits */

static void judge_past(struct world *w, const struct judge_run *run, const struct judge_book *book)
{
    const struct model_limits *l = &run->runbook->limits;
    unsigned recent = 0, attempts = 0;

    for (size_t i = 0; i < book->n; i++) {
        const uint64_t age = w->real - book->starts[i].real;

        recent += book->starts[i].incident > 0 && age < l->at_most_window;
        attempts += book->starts[i].incident == run->incident && book->starts[i].real >= book->armed_real;
        if (age < l->cooldown)
            world_break(w, "1: %s starts within its cooldown", run->runbook->name);
    }
    if (recent >= l->at_most)
        world_break(w, "1: %s starts more often than at_most", run->runbook->name);
    if (run->incident > 0 && attempts >= l->attempts)
        world_break(w, "1: %s starts beyond its attempts", run->runbook->name);
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
        world_break(w, "1: %s starts beyond what all may", run->runbook->name);
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
        world_break(w, "1: more than `concurrent` run");
}

static void judge_limits(struct world *w, const struct judge_run *run)
{
    judge_others(w, run);
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

static bool need_failed(struct world *w, size_t service)
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
    if (need_failed(w, run->service) || s->caused_by != MODEL_NONE || (!run->by_hand && !s->root))
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
        if (of(w)->checks[i].bad > 0 && of(w)->checks[i].first_bad_run < from)
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

static void begun(struct world *w, struct judge_run *run)
{
    struct judge_book *book = &of(w)->books[run->service][run->book];
    const struct judge_start start = { w->real, w->now.wall, run->incident, run->runbook->impact > MODEL_OBSERVE };

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

/* ---- promise 4: fixed */

static void judge_fixed(struct world *w, const struct judge_run *run)
{
    const struct model_window_of_passes *v = &run->runbook->verify;

    of(w)->fixed++;
    for (size_t i = 0; i < v->checks.n; i++)
        if (run->good[v->checks.checks[i]] < v->passes)
            world_break(w, "4: %s is called fixed, and %s was well %u times", run->runbook->name, run->model->checks[v->checks.checks[i]].full_name, run->good[v->checks.checks[i]]);
    if (run->acting || w->now.awake - run->acted_at < (v->passes - 1) * v->every)
        world_break(w, "4: %s is called fixed before its window was over", run->runbook->name);
}

static void over(struct world *w, const struct heal_effect *effect, struct judge_run *run)
{
    struct judge_book *book = &of(w)->books[run->service][run->book];
    const enum heal_outcome outcome = effect->of.over.outcome;

    if (run->begun != (outcome != HEAL_NOT_BEGUN))
        world_break(w, "7: %s ended, and its start was not told", run->runbook->name);
    if (run->begun && (!run->outcome_told || run->owes_line))
        world_break(w, "7: what came of %s, or of a step of it, is not in the audit", run->runbook->name);
    if (outcome == HEAL_FIXED)
        judge_fixed(w, run);
    if (run->begun) {
        book->failed = outcome != HEAL_FIXED;
        book->failed_real = w->real;
        book->failed_wall = w->now.wall;
    }
    model_drop(run->model);
    *run = (struct judge_run){ .id = 0 };
}

/* ---- the clock of SOS */

static bool is_well(enum engine_verdict verdict)
{
    return verdict == VERDICT_OK || verdict == VERDICT_WARN;
}

/* The clock of SOS: from the first bad result of what is bad when the incident opens. */
static void begin_incident(struct world *w, size_t service, struct judge_incident *i)
{
    const struct model_service *s = service_at(w, service);

    i->known = true;
    for (size_t k = s->first_check; k < s->first_check + s->n_checks; k++)
        if (of(w)->checks[k].bad > 0 && w->now.awake - of(w)->checks[k].bad_since > i->not_ok)
            i->not_ok = w->now.awake - of(w)->checks[k].bad_since;
}

static void count(struct world *w, size_t service, uint64_t passed)
{
    const struct engine_service *s = engine_service(w->engine, service);
    struct judge_incident *i = &of(w)->incidents[s->incident % JUDGE_INCIDENTS];

    if (s->incident == 0)
        return;
    if (!i->known)
        begin_incident(w, service, i);
    else if (!is_well(s->verdict) || s->flapping)
        i->not_ok += passed;
}

/* Time counts as the state was while it passed: so before what follows from an event. */
static void pass_time(struct world *w)
{
    const uint64_t passed = w->now.awake - of(w)->last_awake;

    of(w)->last_awake = w->now.awake;
    for (size_t i = 0; engine_model(w->engine) && i < engine_model(w->engine)->n_services; i++)
        count(w, i, passed);
}

/* ---- promise 6: SOS */

static void judge_sos(struct world *w, const struct heal_effect *effect)
{
    const struct model_sos *sos = &engine_model(w->engine)->settings.sos;
    struct judge_incident *i = &of(w)->incidents[effect->of.notify.incident % JUDGE_INCIDENTS];
    const struct engine_service *s = engine_service(w->engine, effect->of.notify.service);

    pass_time(w);
    of(w)->sos++;
    if (!sos->on || !service_at(w, effect->of.notify.service)->critical)
        world_break(w, "6: an SOS for what is not critical");
    if (i->not_ok < sos->after)
        world_break(w, "6: an SOS after %llu ms, and not %llu", (unsigned long long)(i->not_ok / 1000000), (unsigned long long)(sos->after / 1000000));
    if (i->sos && w->real - i->sos_real < sos->repeat)
        world_break(w, "6: an SOS again before `repeat`");
    if (s->caused_by != MODEL_NONE || need_failed(w, effect->of.notify.service))
        world_break(w, "3: an SOS for what has a failed need");
    if (s->silenced || engine_incident(w->engine, effect->of.notify.incident)->acked)
        world_break(w, "6: an SOS for what is silenced or acknowledged");
    i->sos = i->out = true;
    i->sos_real = w->real;
    i->sos_wall = w->now.wall;
}

static void judge_clear(struct world *w, const struct heal_effect *effect)
{
    struct judge_incident *i = &of(w)->incidents[effect->of.notify.incident % JUDGE_INCIDENTS];

    of(w)->clears++;
    if (!i->delivered)
        world_break(w, "6: an all-clear for an SOS that nobody got, or a second one");
    i->delivered = false;
}

/* ---- what heal does */

static void took(struct world *w, const struct heal_effect *effect)
{
    struct judge *j = of(w);
    const size_t service = (size_t)strtoul(effect->of.take.service + 1, NULL, 10);

    for (size_t i = 0; i < JUDGE_RUNS; i++) {
        if (j->runs[i].id)
            continue;
        j->runs[i] = (struct judge_run){ .id = effect->run, .service = service, .book = book_index(effect->of.take.runbook->name), .model = model_keep(engine_model(w->engine)),
                                         .runbook = effect->of.take.runbook, .by_hand = effect->of.take.by_hand, .forced = effect->of.take.reason[0] != '\0',
                                         .incident = effect->of.take.by_hand ? 0 : effect->of.take.incident };
        return;
    }
    world_break(w, "more runs than can be");
}

static void acts(struct world *w, const struct heal_effect *effect)
{
    struct judge_run *run = run_at(of(w), effect->run);
    const struct engine_incident *incident = run && run->incident > 0 ? engine_incident(w->engine, run->incident) : NULL;

    if (!run || !run->begun || run->acting) {
        world_break(w, "2: an action of a run that has not begun, has ended, or acts already");
        return;
    }
    if (run->owes_line)
        world_break(w, "7: a step of %s is not in the audit", run->runbook->name);
    if (incident && incident->ending == INCIDENT_FOLDED)
        world_break(w, "3: a step of %s begins after its incident was folded", run->runbook->name);
    run->acting = run->owes_line = true;
    memset(run->good, 0, sizeof run->good);
}

static void told(struct world *w, const struct heal_effect *effect)
{
    const struct engine_healing *h = &effect->of.tell.healing;
    struct judge_run *run = run_at(of(w), effect->run);
    const bool text = effect->of.tell.text[0] != '\0';

    if (run && text && h->service == run->service && h->entry == ENTRY_HEAL_BEGUN)
        begun(w, run);
    else if (run && text && h->service == run->service && h->entry >= ENTRY_FIXED && h->entry <= ENTRY_INTERRUPTED)
        run->outcome_told = true, run->owes_line = false;
    else if (run && text && h->entry == ENTRY_KINDS)
        run->owes_line = false;
    if (h->entry == ENTRY_REFUSED && h->incident > 0)
        for (int i = 0; i < LIMITS; i++)
            if (strcmp(effect->of.tell.who, heal_limit_name((enum heal_limit)i)) == 0 && text)
                of(w)->incidents[h->incident % JUDGE_INCIDENTS].told |= (uint64_t)1 << i, of(w)->refusals++;
    if (h->entry == ENTRY_AGENT)
        of(w)->agents++;
    if (h->entry == ENTRY_REARMED && text)
        of(w)->books[h->service][book_index(effect->of.tell.who)].armed_real = w->real;
}

static void tell(struct world *w, const struct heal_effect *effect)
{
    struct judge_run *run = run_at(of(w), effect->run);

    if (effect->kind == HEAL_TAKE)
        took(w, effect);
    else if (effect->kind == HEAL_ACT)
        acts(w, effect);
    else if (effect->kind == HEAL_TELL)
        told(w, effect);
    else if (effect->kind == HEAL_CANCEL && run)
        run->acting = run->owes_line = false, run->acted = engine_last_run(w->engine), run->acted_at = w->now.awake;
    else if (effect->kind == HEAL_OVER && run)
        over(w, effect, run);
    else if (effect->kind == HEAL_NOTIFY && effect->of.notify.notice == NOTICE_SOS)
        judge_sos(w, effect);
    else if (effect->kind == HEAL_NOTIFY && effect->of.notify.notice == NOTICE_ALL_CLEAR)
        judge_clear(w, effect);
}

static void action_ended(struct world *w, const struct world_action *action)
{
    struct judge_run *run = run_at(of(w), action->run);

    if (action->run == 0 && of(w)->agents > 0)
        of(w)->agents--;
    if (!run)
        return;
    run->acting = false;
    run->acted = engine_last_run(w->engine);
    run->acted_at = w->now.awake;
}

static void taken(struct world *w, uint64_t id, bool refused)
{
    struct judge_run *run = run_at(of(w), id);

    if (!run)
        return;
    run->taken = true;
    if (!refused)
        return;
    model_drop(run->model);
    *run = (struct judge_run){ .id = 0 };
}

/* ---- results */

static void note_good(struct world *w, size_t check, uint64_t number, enum status status)
{
    for (size_t i = 0; i < JUDGE_RUNS; i++) {
        struct judge_run *run = &of(w)->runs[i];

        if (!run->id || !run->begun || status == STATUS_UNKNOWN)
            continue;
        if (status != STATUS_OK && status != STATUS_WARN)
            run->good[check] = 0;
        else if (!run->acting && number > run->acted)
            run->good[check]++;
    }
}

static void judged(struct world *w, const struct engine_effect *effect)
{
    const size_t check = effect->of.judged.check;
    const enum status status = effect->of.judged.result->status;
    struct judge_check *c = &of(w)->checks[check];
    const unsigned bad = engine_check(w->engine, check)->bad;

    note_good(w, check, effect->of.judged.run, status);
    if (status == STATUS_UNKNOWN)
        return;
    c->known_run = effect->of.judged.run;
    if (bad == 0)
        *c = (struct judge_check){ .known_run = c->known_run };
    if (bad == 0 || bad == c->bad)
        return;
    if (c->bad == 0 || bad < c->bad) {
        *c = (struct judge_check){ .known_run = c->known_run, .bad_since = w->now.awake, .first_bad_run = engine_last_run(w->engine) + 1 };
    }
    c->bad = bad;
    c->tries++;
    if (effect->of.judged.cause != CAUSE_SCHEDULE)
        return;
    if (c->n_ticks == 32)
        memmove(c->ticks, c->ticks + 1, --c->n_ticks * sizeof *c->ticks);
    c->ticks[c->n_ticks++] = w->real;
}

/* ---- after every event */

static void judge_refusal(struct world *w, size_t service)
{
    const uint64_t incident = engine_service(w->engine, service)->incident;
    struct heal_place place;

    if (incident == 0 || !engine_service(w->engine, service)->root || !heal_place(w->heal, w->engine, incident, &place) || place.running || place.limit == LIMIT_NONE)
        return;
    if (place.limit != LIMIT_HOLD && place.limit != LIMIT_ATTEMPTS && place.limit != LIMIT_DEPENDENTS && !(of(w)->incidents[incident % JUDGE_INCIDENTS].told >> place.limit & 1))
        world_break(w, "7: %s refuses for s%zu, and is not in the audit", heal_limit_name(place.limit), service);
}

static void judge_cleared(struct world *w)
{
    size_t room;
    const struct engine_incident *all = engine_incidents(w->engine, &room);

    for (size_t i = 0; i < room; i++)
        if (all[i].id > 0 && all[i].ending == INCIDENT_RECOVERED && of(w)->incidents[all[i].id % JUDGE_INCIDENTS].delivered)
            world_break(w, "6: incident %llu has recovered, its SOS was delivered, and there is no all-clear", (unsigned long long)all[i].id);
}

static void after(struct world *w, const struct engine_event *event)
{
    (void)event;
    pass_time(w);
    for (size_t i = 0; i < engine_model(w->engine)->n_services; i++)
        judge_refusal(w, i);
    judge_cleared(w);
}

/* ---- another process */

/* By the calendar across boots, and at least the age of this one (rules.md 3.6). */
static void reckon(struct world *w, uint64_t *real, int64_t wall)
{
    uint64_t age = w->now.wall > wall ? (uint64_t)(w->now.wall - wall) : 0;

    if (age < w->now.elapsed)
        age = w->now.elapsed;
    *real = w->real > age ? w->real - age : 0;
}

static void interrupt(struct judge *j, struct world *w, struct judge_run *run)
{
    struct judge_book *book = &j->books[run->service][run->book];

    if (run->begun) {
        book->failed = true;
        book->failed_real = w->real;
        book->failed_wall = w->now.wall;
    }
    model_drop(run->model);
    *run = (struct judge_run){ .id = 0 };
}

/* After the time away, and before the new process has begun. */
static void restarted(struct world *w, bool booted)
{
    struct judge *j = of(w);

    for (size_t i = 0; i < JUDGE_SERVICES && booted; i++) {
        for (size_t k = 0; k < JUDGE_BOOKS; k++) {
            struct judge_book *book = &j->books[i][k];

            for (size_t n = 0; n < book->n; n++)
                reckon(w, &book->starts[n].real, book->starts[n].wall);
            reckon(w, &book->failed_real, book->failed_wall);
        }
    }
    for (size_t i = 0; i < JUDGE_INCIDENTS && booted; i++)
        reckon(w, &j->incidents[i].sos_real, j->incidents[i].sos_wall);
    for (size_t n = 0; n < j->n_all && booted; n++)
        reckon(w, &j->all[n].real, j->all[n].wall);
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (j->runs[i].id)
            interrupt(j, w, &j->runs[i]);
    memset(j->checks, 0, sizeof j->checks);
    j->last_awake = w->now.awake;
    j->unstored = 0;
    j->store = w->store_down ? STORE_NEVER_UP : STORE_UP;
}

/* ---- the rest */

void judge_begin(struct judge *j, struct world *w)
{
    memset(j, 0, sizeof *j);
    j->last_awake = w->now.awake;
    w->user = j;
    w->tell = tell;
    w->judged = judged;
    w->ended = action_ended;
    w->taken = taken;
    w->after = after;
    w->before = pass_time;
    w->restarted = restarted;
    judge_model(j, w, engine_model(w->engine));
}

void judge_end(struct judge *j)
{
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (j->runs[i].id)
            model_drop(j->runs[i].model);
}

void judge_restarts(struct judge *j, struct world *w)
{
    pass_time(w);
    j->agents = 0;
}

void judge_store(struct judge *j, enum heal_store store)
{
    if (store == STORE_LOST && j->store == STORE_UP) {
        j->unstored = 0;
        for (size_t i = 0; i < JUDGE_RUNS; i++)
            j->unstored += j->runs[i].id && j->runs[i].begun && j->runs[i].runbook->impact > MODEL_OBSERVE;
    }
    j->store = store;
}

void judge_model(struct judge *j, const struct world *w, const struct model *model)
{
    for (size_t i = 0; i < model->n_services; i++) {
        uint64_t prints[JUDGE_BOOKS] = { 0 };

        for (size_t k = 0; k < model->services[i].n_heal; k++)
            prints[book_index(model->services[i].heal[k].bound->name)] = prints[book_index(model->services[i].heal[k].bound->name)] * 31 + model->services[i].heal[k].fingerprint;
        for (size_t k = 0; k < JUDGE_BOOKS; k++) {
            struct judge_book *book = &j->books[i][k];

            if (prints[k] != 0 && book->fingerprint != 0 && prints[k] != book->fingerprint)
                book->armed_real = w->real + 1;
            if (prints[k] != 0)
                book->fingerprint = prints[k];
        }
    }
}

bool judge_may_deliver(const struct judge *j, uint64_t incident)
{
    return j->incidents[incident].out;
}

void judge_delivered(struct judge *j, struct world *w, uint64_t incident)
{
    struct judge_incident *i = &j->incidents[incident];
    const struct engine_incident *of_it = engine_incident(w->engine, incident);

    i->out = false;
    i->delivered = of_it && of_it->ending != INCIDENT_REMOVED;
}
