/* See heal_judge.h: what is remembered of what happens, and promises 4 and 7. */
#include "heal_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX

static struct judge *of(struct world *w)
{
    return w->user;
}

static bool is_well(enum engine_verdict verdict)
{
    return verdict == VERDICT_OK || verdict == VERDICT_WARN;
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

/* ---- promise 4: fixed */

static void judge_fixed(struct world *w, const struct judge_run *run)
{
    const struct model_window_of_passes *v = &run->runbook->verify;

    of(w)->fixed++;
    for (size_t i = 0; i < v->checks.n; i++)
        if (run->good[v->checks.checks[i]] < v->passes)
            world_break(w, "4: %s is called fixed, and %s was well %u times", run->runbook->name, run->model->checks[v->checks.checks[i]].full_name,
                        run->good[v->checks.checks[i]]);
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
    judge_over(w, run, outcome == HEAL_FIXED);
    if (run->begun) {
        book->failed = outcome != HEAL_FIXED;
        book->failed_real = w->real;
        book->failed_wall = w->now.wall;
    }
    model_drop(run->model);
    *run = (struct judge_run){ .id = 0 };
}

/* ---- what heal does */

static void took(struct world *w, const struct heal_effect *effect)
{
    struct judge *j = of(w);
    const size_t service = (size_t)strtoul(effect->of.take.service + 1, NULL, 10);

    for (size_t i = 0; i < JUDGE_RUNS; i++) {
        if (j->runs[i].id)
            continue;
        j->runs[i] = (struct judge_run){ .id = effect->run,
                                         .service = service,
                                         .book = book_index(effect->of.take.runbook->name),
                                         .model = model_keep(engine_model(w->engine)),
                                         .runbook = effect->of.take.runbook,
                                         .by_hand = effect->of.take.by_hand,
                                         .forced = effect->of.take.reason[0] != '\0',
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

/* By themselves attempts come back only with another boot of this machine, or of a target while nothing of ours goes on that could have done it. */
static void judge_rearmed(struct world *w, const struct heal_effect *effect)
{
    const struct judge *j = of(w);

    if (strstr(effect->of.tell.text, "this machine was rebooted") && !j->booted)
        world_break(w, "1: %s has its attempts back, and the machine was not rebooted", effect->of.tell.who);
    if (!strstr(effect->of.tell.text, "its target was rebooted"))
        return;
    if (w->checks[0].metric > WORLD_YOUNG)
        world_break(w, "1: %s has its attempts back, and its target was not rebooted", effect->of.tell.who);
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (j->runs[i].id && j->runs[i].begun && j->runs[i].runbook->impact >= MODEL_DISRUPT)
            world_break(w, "1: %s has its attempts back by what may be a reboot of ours", effect->of.tell.who);
}

static void told(struct world *w, const struct heal_effect *effect)
{
    const struct engine_healing *h = &effect->of.tell.healing;
    struct judge_run *run = run_at(of(w), effect->run);
    const bool text = effect->of.tell.text[0] != '\0';

    if (effect->run > 0 && !run && text && h->entry == ENTRY_HEAL_BEGUN)
        world_break(w, "1: a run begins whose locks are somebody else's");
    if (run && text && h->entry == ENTRY_KINDS)
        judge_line(w, run, effect->of.tell.text);
    if (run && text && h->service == run->service && h->entry == ENTRY_HEAL_BEGUN)
        judge_start(w, run);
    else if (run && h->service != run->service && h->entry == ENTRY_HEAL_BEGUN)
        run->shares[h->service] = h->incident;
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
    if (h->entry == ENTRY_AGENT || h->entry == ENTRY_AGENT_ENDED)
        of(w)->incidents[h->incident % JUDGE_INCIDENTS].agent = h->entry == ENTRY_AGENT;
    if (h->entry == ENTRY_REARMED && text)
        judge_rearmed(w, effect), judge_give_back(&of(w)->books[h->service][book_index(effect->of.tell.who)]);
}

static void say(struct world *w, const struct heal_effect *effect)
{
    const double at = (double)w->now.awake / 1e9;

    if (effect->kind == HEAL_TELL)
        printf("%.3f run %llu s%zu incident %llu, %s %s: %s\n", at, (unsigned long long)effect->run, effect->of.tell.healing.service,
               (unsigned long long)effect->of.tell.healing.incident,
               effect->of.tell.healing.entry < ENTRY_KINDS ? engine_entry_name(effect->of.tell.healing.entry) : "", effect->of.tell.who, effect->of.tell.text);
    else if (effect->kind == HEAL_NOTIFY)
        printf("%.3f told: %s: %s\n", at, engine_notice_name(effect->of.notify.notice), effect->of.notify.text);
    else if (effect->kind != HEAL_WAKE_AT && effect->kind != HEAL_PUBLISH && effect->kind != HEAL_KEEP && effect->kind != HEAL_CHECK)
        printf("%.3f run %llu: effect %d\n", at, (unsigned long long)effect->run, (int)effect->kind);
}

static void tell(struct world *w, const struct heal_effect *effect)
{
    struct judge_run *run = run_at(of(w), effect->run);

    if (of(w)->verbose)
        say(w, effect);

    if (effect->kind == HEAL_TAKE)
        took(w, effect);
    else if (effect->kind == HEAL_ACT)
        acts(w, effect);
    else if (effect->kind == HEAL_TELL)
        told(w, effect);
    else if (effect->kind == HEAL_CANCEL && effect->run == 0)
        of(w)->agents--;
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
            run->good[check] = run->until_good[check] = 0;
        else if (!run->acting && number > run->acted)
            run->good[check]++, run->until_good[check] += number > run->until_from;
    }
}

/* What a target says of itself counts as bad where it makes its check so: too long in starting, or stopped by us. */
static bool is_bad(struct world *w, size_t check, enum status status)
{
    const enum engine_verdict verdict = engine_check(w->engine, check)->verdict;

    return status == STATUS_FAIL || ((status == STATUS_STARTING || status == STATUS_STOPPED) && (verdict == VERDICT_SUSPECT || verdict == VERDICT_FAILED));
}

/* It says so itself, or was stopped by a run of ours and is about to start. */
static bool is_on_its_way(struct world *w, size_t check, enum status status)
{
    return status == STATUS_STARTING || (status == STATUS_STOPPED && engine_check(w->engine, check)->verdict == VERDICT_STARTING);
}

/* Streaks as rules.md 3.1 and 4.2 have them: a good one ends them, and one that knows nothing, or is on its way still, neither advances nor ends them. */
static void note_streak(struct world *w, const struct engine_effect *effect, bool bad)
{
    struct judge_check *c = &of(w)->checks[effect->of.judged.check];

    c->known_run = effect->of.judged.run;
    if (!bad && !is_on_its_way(w, effect->of.judged.check, effect->of.judged.result->status))
        *c = (struct judge_check){ .known_run = c->known_run };
    if (!bad) {
        c->failed = false;
        return;
    }
    if (c->bad == 0)
        *c = (struct judge_check){ .known_run = c->known_run, .bad_since = w->now.awake, .first_bad_run = engine_last_run(w->engine) + 1 };
    c->failed = engine_check(w->engine, effect->of.judged.check)->verdict == VERDICT_FAILED;
    c->bad++;
    c->tries++;
    if (effect->of.judged.cause != CAUSE_SCHEDULE)
        return;
    if (c->n_ticks == 32)
        memmove(c->ticks, c->ticks + 1, --c->n_ticks * sizeof *c->ticks);
    c->ticks[c->n_ticks++] = w->real;
}

/* Bad ones from before it complete no streak with the first after it (rules.md 3.5); what had failed has completed its own. */
static void note_gap(struct world *w)
{
    for (size_t i = 0; i < engine_model(w->engine)->n_checks; i++)
        if (!of(w)->checks[i].failed)
            of(w)->checks[i] = (struct judge_check){ .known_run = of(w)->checks[i].known_run };
}

static void judged(struct world *w, const struct engine_effect *effect)
{
    const size_t check = effect->of.judged.check;
    const enum status status = effect->of.judged.result->status;

    if (of(w)->verbose)
        printf("%.3f %s is %d, run %llu, cause %d, %u bad\n", (double)w->now.awake / 1e9, engine_model(w->engine)->checks[check].full_name, (int)status,
               (unsigned long long)effect->of.judged.run, (int)effect->of.judged.cause, engine_check(w->engine, check)->bad);
    note_good(w, check, effect->of.judged.run, status);
    if (status != STATUS_UNKNOWN)
        note_streak(w, effect, is_bad(w, check, status));
}

/* ---- after every event */

static void judge_refusal(struct world *w, size_t service)
{
    const uint64_t incident = engine_service(w->engine, service)->incident;
    struct heal_place place;

    if (incident == 0 || !engine_service(w->engine, service)->root || !heal_place(w->heal, w->engine, incident, &place) || place.running ||
        place.limit == LIMIT_NONE)
        return;
    if (place.limit != LIMIT_HOLD && place.limit != LIMIT_ATTEMPTS && place.limit != LIMIT_DEPENDENTS &&
        !(of(w)->incidents[incident % JUDGE_INCIDENTS].told >> place.limit & 1))
        world_break(w, "7: %s refuses for s%zu, and is not in the audit", heal_limit_name(place.limit), service);
}

/* What a gap opens takes its clock from no streak that it has ended. */
static void before(struct world *w, const struct engine_event *event)
{
    judge_time(w);
    if (event && event->kind == EVENT_GAP)
        note_gap(w);
    if (event && event->kind == EVENT_HEALING)
        judge_outcome(w, &event->of.healing);
}

/* An incident that was stopped, folded or removed took its doubt along: what opens it anew is another story. */
static void forget_doubts(struct world *w)
{
    for (size_t i = 0; i < engine_model(w->engine)->n_services; i++) {
        const uint64_t incident = engine_service(w->engine, i)->incident;

        if (incident == 0 && of(w)->open[i] > 0)
            of(w)->proven_from[i] = 0;
        of(w)->open[i] = incident;
    }
}

static void after(struct world *w, const struct engine_event *event)
{
    judge_time(w);
    for (size_t i = 0; i < engine_model(w->engine)->n_services; i++)
        judge_refusal(w, i);
    forget_doubts(w);
    judge_cleared(w, event);
    judge_open(w);
    judge_taken_down(w);
    judge_until(w);
    for (size_t i = 0; i < engine_model(w->engine)->n_services && w->n_queue == 0; i++)
        judge_sos_due(w, i);
}

/* ---- another process */

/* By the calendar across boots, and at least the age of this one (rules.md 3.6). */
static void reckon(struct world *w, uint64_t *real, int64_t *wall)
{
    uint64_t age = w->now.wall > *wall ? (uint64_t)(w->now.wall - *wall) : 0;

    if (age < w->now.elapsed)
        age = w->now.elapsed;
    *real = w->real - age; /* may be before the beginning: it is subtracted again */
    *wall = w->now.wall - (int64_t)age;
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

    j->booted = booted;
    for (size_t i = 0; i < JUDGE_SERVICES && booted; i++) {
        for (size_t k = 0; k < JUDGE_BOOKS; k++) {
            struct judge_book *book = &j->books[i][k];

            for (size_t n = 0; n < book->n; n++)
                reckon(w, &book->starts[n].real, &book->starts[n].wall);
            reckon(w, &book->failed_real, &book->failed_wall);
        }
    }
    for (size_t i = 0; i < JUDGE_INCIDENTS && booted; i++)
        reckon(w, &j->incidents[i].sos_real, &j->incidents[i].sos_wall);
    for (size_t n = 0; n < j->n_all && booted; n++)
        reckon(w, &j->all[n].real, &j->all[n].wall);
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (j->runs[i].id)
            interrupt(j, w, &j->runs[i]);
    memset(j->checks, 0, sizeof j->checks);
    memset(j->open, 0, sizeof j->open);
    memset(j->failures, 0, sizeof j->failures);
    for (size_t i = 0; i < JUDGE_SERVICES; i++)
        j->settled[i] = UINT64_MAX; /* not known */
    for (size_t i = 0; i < JUDGE_INCIDENTS; i++)
        j->incidents[i].agent = false;
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
    w->noticed = judge_notice;
    w->ended = action_ended;
    w->taken = taken;
    w->after = after;
    w->before = before;
    w->restarted = restarted;
    judge_model(j, engine_model(w->engine));
}

void judge_end(struct judge *j)
{
    for (size_t i = 0; i < JUDGE_RUNS; i++)
        if (j->runs[i].id)
            model_drop(j->runs[i].model);
}

void judge_restarts(struct judge *j, struct world *w)
{
    judge_time(w);
    j->agents = 0;
    for (size_t i = 0; i < engine_model(w->engine)->n_services; i++)
        j->proven_from[i] = engine_service(w->engine, i)->incident > 0 && is_well(engine_service(w->engine, i)->verdict) && !engine_service(w->engine, i)->flapping;
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

/* What is not watched any more has no streak. */
static void forget_unwatched(struct judge *j, const struct model *model)
{
    for (size_t i = 0; i < model->n_checks; i++)
        if (!model->services[model->checks[i].service].enabled)
            j->checks[i] = (struct judge_check){ .known_run = j->checks[i].known_run };
}

void judge_model(struct judge *j, const struct model *model)
{
    forget_unwatched(j, model);
    for (size_t i = 0; i < model->n_services; i++) {
        uint64_t prints[JUDGE_BOOKS] = { 0 };

        for (size_t k = 0; k < model->services[i].n_heal; k++)
            prints[book_index(model->services[i].heal[k].bound->name)] = prints[book_index(model->services[i].heal[k].bound->name)] * 31 +
                                                                         model->services[i].heal[k].fingerprint;
        for (size_t k = 0; k < JUDGE_BOOKS; k++) {
            struct judge_book *book = &j->books[i][k];

            if (j->verbose && prints[k] != book->fingerprint)
                printf("b%zu of s%zu is %llx, was %llx\n", k, i, (unsigned long long)prints[k], (unsigned long long)book->fingerprint);
            if (prints[k] != 0 && book->fingerprint != 0 && prints[k] != book->fingerprint)
                judge_give_back(book);
            if (prints[k] != 0)
                book->fingerprint = prints[k];
        }
    }
}

bool judge_may_deliver(const struct judge *j, uint64_t incident)
{
    return j->incidents[incident].out;
}

bool judge_is_late(const struct judge *j, uint64_t incident)
{
    return j->incidents[incident].sos && !j->incidents[incident].out;
}

void judge_delivered(struct judge *j, struct world *w, uint64_t incident)
{
    struct judge_incident *i = &j->incidents[incident];

    i->out = false;
    i->delivered = engine_incident(w->engine, incident) != NULL;
}
