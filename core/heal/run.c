/*
 * A run of a runbook, from the intent to its outcome. Between TAKE and TAKEN nothing has happened, and the world may have changed: so the limits have their
 * word again before the first step, and what they refuse then has never begun. It ends in one place, whatever ends it.
 *
 * A pause, a silence, an acknowledgement or a storm that comes in the middle cuts nothing off: what is half done is worse than what is done. Only an incident
 * that was folded into a need's ends it, after the action in progress (rules.md 3.8).
 */
#include "heal/heal_private.h"

#include "base/scalar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct run *run_find(struct heal *heal, uint64_t id)
{
    for (size_t i = 0; i < RUNS; i++)
        if (heal->runs[i].state != RUN_FREE && heal->runs[i].id == id)
            return &heal->runs[i];
    return NULL;
}

struct run *run_of_action(struct heal *heal, uint64_t action)
{
    for (size_t i = 0; i < RUNS && action > 0; i++)
        if (heal->runs[i].state != RUN_FREE && heal->runs[i].action == action)
            return &heal->runs[i];
    return NULL;
}

struct run *run_for(struct heal *heal, size_t service)
{
    for (size_t i = 0; i < RUNS; i++)
        if (heal->runs[i].state != RUN_FREE && heal->runs[i].service == service)
            return &heal->runs[i];
    return NULL;
}

bool run_counts(const struct run *run)
{
    return run->book->impact > MODEL_OBSERVE;
}

/* ---- whose doing it is */

static void involve(struct run *run, size_t service)
{
    for (size_t i = 0; i < run->n_involved; i++)
        if (run->involved[i] == service)
            return;
    if (run->n_involved < INVOLVED)
        run->involved[run->n_involved++] = service;
}

static void involve_checks(struct run *run, const struct model_checks *checks)
{
    for (size_t i = 0; i < checks->n; i++)
        involve(run, run->model->checks[checks->checks[i]].service);
}

static void involve_steps(struct run *run, const struct model_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (steps[i].kind == MODEL_STEP_VERIFY || steps[i].kind == MODEL_STEP_UNTIL)
            involve_checks(run, &steps[i].passes.checks);
        involve_steps(run, steps[i].then, steps[i].n_then);
        involve_steps(run, steps[i].otherwise, steps[i].n_otherwise);
    }
}

/* Its subject, what its runbook looks at, and what the subject needs: each may be stopped on the way. */
static void find_involved(struct run *run)
{
    run->n_involved = 0;
    if (!run_counts(run))
        return;
    involve(run, run->was_service);
    involve_checks(run, &run->book->verify.checks);
    involve_steps(run, run->book->steps, run->book->n_steps);
    run->n_awaited = run->n_involved;
    for (size_t i = 0; i < run->n_involved; i++)
        for (size_t k = 0; k < run->model->services[run->involved[i]].n_needs; k++)
            for (size_t any = 0; any < run->model->services[run->involved[i]].needs[k].n; any++)
                involve(run, run->model->services[run->involved[i]].needs[k].any[any]);
}

/* What one of those that are involved is to the run. A need that only its subject has may fail for reasons of its own, and so may all where little is done. */
static enum engine_ours ours_as(const struct run *run, size_t nth)
{
    if (run->involved[nth] == run->was_service)
        return BROKEN(9) ? OURS_TOUCHED : OURS_SUBJECT;
    return run->book->impact >= MODEL_DISRUPT && nth < run->n_awaited ? OURS_TAKEN_DOWN : OURS_TOUCHED;
}

static enum engine_ours ours_of(const struct heal *heal, size_t service)
{
    enum engine_ours ours = OURS_NOT;

    for (size_t i = 0; i < RUNS; i++) {
        const struct run *run = &heal->runs[i];

        if (run->state != RUN_STEPS && run->state != RUN_WINDOW)
            continue;
        if (heal->subjects[service].shared == run->id && run_counts(run))
            return OURS_SUBJECT; /* it is repaired by it as well */
        for (size_t k = 0; k < run->n_involved; k++) {
            const enum engine_ours is = ours_as(run, k);

            if (is > ours && strcmp(run->model->services[run->involved[k]].name, heal->model->services[service].name) == 0)
                ours = is;
        }
    }
    return ours;
}

void run_tell_ours(struct heal *heal)
{
    for (size_t i = 0; i < heal->model->n_services; i++) {
        enum engine_ours ours = ours_of(heal, i);

        if (ours == heal->subjects[i].ours)
            continue;
        heal->subjects[i].ours = ours;
        todo_tell(heal, 0, i, 0, ENTRY_KINDS, NULL, NULL);
    }
}

/* ---- begin */

struct run *run_begin(struct heal *heal, const struct engine *engine, const struct asked *asked, const char *who, const char *reason)
{
    struct run *run = NULL;
    unsigned char *answers;
    struct heal_effect *effect;
    size_t room;

    for (size_t i = 0; i < RUNS && !run; i++)
        run = heal->runs[i].state == RUN_FREE ? &heal->runs[i] : NULL;
    if (!run)
        return NULL;
    answers = run->answers;
    room = run->room;
    memset(run, 0, sizeof *run);
    *run = (struct run){ .state = RUN_TAKING,
                         .id = ++heal->last_run,
                         .model = model_keep(heal->model),
                         .book = asked->book,
                         .was_service = asked->service,
                         .service = asked->service,
                         .record = asked->at,
                         .by_hand = asked->by_hand,
                         .forced = asked->force,
                         .meanwhile = MODEL_NONE,
                         .answers = answers,
                         .room = room };
    run->incident = asked->by_hand ? 0 : asked->incident;
    run->of = asked->incident;
    run->begun = heal->now.awake;
    run->deadline = NEVER;
    snprintf(run->who, sizeof run->who, "%s", who);
    snprintf(run->reason, sizeof run->reason, "%s", reason);
    find_involved(run);
    effect = todo_add(heal, HEAL_TAKE, run->id);
    effect->of.take.service = run->model->services[run->was_service].name;
    effect->of.take.runbook = run->book;
    effect->of.take.incident = run->of;
    effect->of.take.by_hand = run->by_hand;
    effect->of.take.who = run->who;
    effect->of.take.reason = run->reason;
    heal->publish = true;
    (void)engine;
    return run;
}

/* Effects of this event may still speak of its model. */
static void forget(struct heal *heal, struct run *run)
{
    run->state = RUN_FREE;
    heal->gone[heal->n_gone++] = run->model;
    run->model = NULL;
    heal->publish = heal->dirty = true;
}

static void leave(struct heal *heal, struct run *run, enum heal_outcome outcome, const char *why)
{
    struct heal_effect *effect = todo_add(heal, HEAL_OVER, run->id);

    effect->of.over.outcome = outcome;
    snprintf(effect->of.over.why, sizeof effect->of.over.why, "%s", why);
    forget(heal, run);
}

/* ---- the locks are ours, or not */

static void note_store(struct heal *heal, struct run *run, bool durable)
{
    if (durable || !run_counts(run))
        return;
    if (heal->store == STORE_UP)
        heal->store = STORE_LOST;
}

static bool is_refused(struct heal *heal, const struct engine *engine, struct run *run, struct heal_answer *answer)
{
    const struct asked asked = { .service = run->service,
                                 .book = run->book,
                                 .record = &heal->records[run->record].record,
                                 .at = run->record,
                                 .incident = run->incident,
                                 .by_hand = run->by_hand,
                                 .force = run->forced,
                                 .self = run };
    struct heal_question q;
    const struct engine_incident *incident = run->incident > 0 ? engine_incident(engine, run->incident) : NULL;

    *answer = (struct heal_answer){ .limit = LIMIT_NONE };
    if (run->service == MODEL_NONE || !engine_service(engine, run->service))
        return true;
    if (!run->by_hand && !(incident && incident->ending == INCIDENT_OPEN && engine_service(engine, run->service)->root))
        return true;
    question_make(heal, engine, &asked, &q);
    *answer = heal_may_start(&q, &heal->now);
    return answer->limit != LIMIT_NONE;
}

static void start(struct heal *heal, const struct engine *engine, struct run *run)
{
    struct heal_kept_record *kept = &heal->records[run->record];

    run->begun = heal->now.awake;
    run->deadline = heal->now.awake + run->book->deadline;
    heal_record_started(&kept->record, &heal->now, run->incident);
    if (run_counts(run) && !run->by_hand)
        heal_past_started(&heal->past, &heal->now);
    if (run_counts(run) && heal->store != STORE_UP) {
        run->unstored = true;
        heal->unstored++;
    }
    todo_keep(heal, run->record, MODEL_NONE);
    run->state = RUN_STEPS;
    run_tell_ours(heal);
    todo_tell(heal, run->id, run->service, run->of, ENTRY_HEAL_BEGUN, run->book->name, "%s begins for %s%s%s%s%s", run->book->name,
              heal->model->services[run->service].name, run->by_hand ? ", by hand: " : "", run->who, run->reason[0] ? ", beyond its limits: " : "",
              run->reason);
    heal->subjects[run->service].waits = false;
    confirm_stop(heal, run->service);
    steps_begin(heal, engine, run);
}

void run_taken(struct heal *heal, const struct engine *engine, struct run *run, bool durable)
{
    struct heal_answer answer;
    const char *why;

    note_store(heal, run, durable);
    if (!is_refused(heal, engine, run, &answer)) {
        start(heal, engine, run);
        return;
    }
    why = answer.limit == LIMIT_NONE ? "it is not its own failure any more" : heal_limit_name(answer.limit);
    if (run->service != MODEL_NONE) {
        heal->subjects[run->service].waits = true;
        todo_tell(heal, run->id, run->service, run->of, ENTRY_KINDS, NULL, "%s does not begin: %s", run->book->name, why);
    }
    leave(heal, run, HEAL_NOT_BEGUN, why);
}

/* Tried again after a while: whoever holds it does not say when it is done. */
void run_not_taken(struct heal *heal, struct run *run, const char *lock, const char *holder)
{
    struct foreign *place = &heal->foreign[0];

    for (size_t i = 0; i < FOREIGN; i++) {
        if (strcmp(heal->foreign[i].name, lock) == 0) {
            place = &heal->foreign[i];
            break;
        }
        if (heal->foreign[i].until < place->until)
            place = &heal->foreign[i];
    }
    snprintf(place->name, sizeof place->name, "%s", lock);
    snprintf(place->holder, sizeof place->holder, "%s", holder ? holder : "");
    place->until = heal->now.elapsed + 10 * (uint64_t)NS_PER_S;
    if (run->service != MODEL_NONE)
        heal->subjects[run->service].waits = true;
    forget(heal, run);
}

/* ---- end */

static const char *words_of(enum heal_outcome outcome)
{
    static const char *const words[] = {
        [HEAL_FIXED] = "fixed it",          [HEAL_NOT_FIXED] = "did not help", [HEAL_FAILED] = "failed", [HEAL_INTERRUPTED] = "was interrupted",
        [HEAL_NOT_BEGUN] = "has not begun",
    };

    return words[outcome];
}

static enum engine_entry_kind entry_of(enum heal_outcome outcome)
{
    static const enum engine_entry_kind entries[] = {
        [HEAL_FIXED] = ENTRY_FIXED,     [HEAL_NOT_FIXED] = ENTRY_NOT_FIXED, [HEAL_FAILED] = ENTRY_HEAL_FAILED, [HEAL_INTERRUPTED] = ENTRY_INTERRUPTED,
        [HEAL_NOT_BEGUN] = ENTRY_KINDS,
    };

    return entries[outcome];
}

static void tell_people(struct heal *heal, const struct engine *engine, const struct run *run, enum heal_outcome outcome)
{
    const char *title = heal->model->services[run->service].title;

    if (run->of == 0 || engine_service(engine, run->service)->silenced)
        return;
    if (outcome == HEAL_FIXED)
        todo_notify(heal, NOTICE_FIXED, LEVEL_DIGEST, run->of, run->service, true, "%s: %s has fixed it", title, run->book->name);
    else
        todo_notify(heal, NOTICE_NOT_FIXED, ladder_level(heal, run->service), run->of, run->service, false, "%s: %s %s: %s", title, run->book->name,
                    words_of(outcome), run->doing);
}

/* Who wanted the same runbook is shown how it went. */
static void tell_sharers(struct heal *heal, const struct engine *engine, const struct run *run, enum heal_outcome outcome)
{
    for (size_t i = 0; i < heal->n_open; i++) {
        struct subject *s = &heal->subjects[heal->open[i]];

        if (s->shared != run->id)
            continue;
        s->shared = 0;
        todo_tell(heal, run->id, heal->open[i], engine_service(engine, heal->open[i])->incident, entry_of(outcome), run->book->name, NULL);
    }
}

void run_stop_action(struct heal *heal, struct run *run)
{
    if (run->action == 0)
        return;
    todo_add(heal, HEAL_CANCEL, run->id)->of.cancel.action = run->action;
    run->action = 0;
    run->meanwhile = MODEL_NONE;
}

void run_end(struct heal *heal, const struct engine *engine, struct run *run, enum heal_outcome outcome)
{
    char why[ENGINE_TEXT];

    run_stop_action(heal, run);
    heal_record_ended(&heal->records[run->record].record, &heal->now, outcome);
    todo_keep(heal, run->record, MODEL_NONE);
    snprintf(why, sizeof why, "%s", run->doing);
    if (run->service != MODEL_NONE) {
        todo_tell(heal, run->id, run->service, run->of > 0 && engine_incident(engine, run->of) ? run->of : 0, entry_of(outcome), run->book->name, "%s %s%s%s",
                  run->book->name, words_of(outcome), outcome == HEAL_FIXED ? "" : ": ", outcome == HEAL_FIXED ? "" : why);
        tell_sharers(heal, engine, run, outcome);
        tell_people(heal, engine, run, outcome);
    }
    run->state = RUN_TAKING; /* nothing of it is ours any more: who is well has recovered, and what came of it was told before that */
    run_tell_ours(heal);
    if (run->service != MODEL_NONE) {
        heal->subjects[run->service].fresh_from = engine_last_run(engine) + 1;
        evidence_ask(heal, engine, run->service, engine_last_run(engine) + 1);
    }
    leave(heal, run, outcome, why);
}

/* ---- shown */

void run_show(struct heal *heal)
{
    heal->n_shown = 0;
    for (size_t i = 0; i < RUNS; i++) {
        struct run *run = &heal->runs[i];

        if (run->state == RUN_FREE)
            continue;
        steps_name(run, run->place, sizeof run->place);
        if (run->passes.what)
            passes_show(run, run->doing, sizeof run->doing);
        heal->shown[heal->n_shown++] = (struct heal_running){ .run = run->id,
                                                              .incident = run->of,
                                                              .runbook = run->book->name,
                                                              .service = run->model->services[run->was_service].name,
                                                              .doing = run->doing,
                                                              .step = run->place,
                                                              .begun = run->begun,
                                                              .deadline = run->deadline,
                                                              .verifying = run->state == RUN_WINDOW };
    }
}
