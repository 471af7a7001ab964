/* The face of repair: takes one event at a time through the parts in their order, and shows what they concluded. */
#include "heal/heal_private.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4 };

struct heal *heal_create(void)
{
    struct heal *heal = calloc(1, sizeof *heal);

    if (!heal)
        return NULL;
    heal->woken_for = heal->wake = heal->wake_elapsed = heal->changes = NEVER;
    return heal;
}

static void drop_gone(struct heal *heal)
{
    for (size_t i = 0; i < heal->n_gone; i++)
        model_drop(heal->gone[i]);
    heal->n_gone = 0;
}

void heal_free(struct heal *heal)
{
    if (!heal)
        return;
    drop_gone(heal);
    for (size_t i = 0; i < RUNS; i++) {
        if (heal->runs[i].state != RUN_FREE)
            model_drop(heal->runs[i].model);
        free(heal->runs[i].answers);
    }
    if (heal->model)
        model_forget(heal);
    free(heal);
}

/* ---- events */

/* Clocks that are said never to go back are not believed either. */
static void take_moment(struct heal *heal, const struct moment *now)
{
    const struct moment before = heal->now;

    heal->now = *now;
    if (now->boot != before.boot)
        return;
    if (heal->now.awake < before.awake)
        heal->now.awake = before.awake;
    if (heal->now.elapsed < before.elapsed)
        heal->now.elapsed = before.elapsed;
}

static void take_result(struct heal *heal, const struct engine *engine, const struct heal_event *event)
{
    const size_t check = event->of.result.check;
    const bool was_bad = heal->evidence[check].bad > 0;

    evidence_take(heal, engine, check, event->of.result.run, event->of.result.result, event->of.result.tick);
    rearm_take(heal, engine, check, event->of.result.result);
    for (size_t i = 0; i < RUNS; i++) {
        if (heal->runs[i].state == RUN_FREE)
            continue;
        passes_take(heal, &heal->runs[i], check, event->of.result.run, event->of.result.result);
        heal->dirty = true;
    }
    if (heal->n_open == 0)
        return;
    confirm_take(heal, engine, check, was_bad && heal->evidence[check].bad == 0);
    heal->dirty = true;
}

/* A new one knows nothing of what was begun: everything may have been begun a moment ago. */
static void spend(struct heal *heal)
{
    for (size_t i = 0; i < heal->n_records; i++) {
        struct heal_record *record = &heal->records[i].record;

        if (record->started)
            continue;
        record->started = true;
        record->last = heal->now;
        todo_keep(heal, i, MODEL_NONE);
    }
}

static unsigned in_progress(const struct heal *heal)
{
    unsigned n = agents_running(heal);

    for (size_t i = 0; i < RUNS; i++)
        n += (heal->runs[i].state == RUN_STEPS || heal->runs[i].state == RUN_WINDOW) && run_counts(&heal->runs[i]);
    return n;
}

static void take_store(struct heal *heal, enum heal_store store, bool set_aside)
{
    if (store == STORE_LOST && heal->store == STORE_UP)
        heal->unstored = in_progress(heal);
    if (store == STORE_UP)
        heal->unstored = 0;
    heal->store = store;
    if (set_aside)
        spend(heal);
    heal->dirty = true;
}

static bool take_ended(struct heal *heal, const struct engine *engine, const struct heal_event *event)
{
    struct run *run = run_of_action(heal, event->of.ended.action);

    if (!run)
        return agents_ended(heal, engine, event->of.ended.action, event->of.ended.result, event->of.ended.died);
    steps_ended(heal, engine, run, event->of.ended.result, event->of.ended.died);
    return true;
}

static bool take_taken(struct heal *heal, const struct engine *engine, const struct heal_event *event)
{
    struct run *run = run_find(heal, event->kind == HEAL_TAKEN ? event->of.taken.run : event->of.not_taken.run);

    if (!run || run->state != RUN_TAKING)
        return false;
    if (event->kind == HEAL_TAKEN || BROKEN(16))
        run_taken(heal, engine, run, event->kind != HEAL_TAKEN || event->of.taken.durable);
    else
        run_not_taken(heal, run, event->of.not_taken.lock, event->of.not_taken.holder);
    return true;
}

static bool makes_sense(const struct heal *heal, const struct engine *engine, const struct heal_event *event)
{
    if (event->kind == HEAL_MODEL)
        return engine_model(engine) != NULL;
    if (!heal->model || engine_model(engine) != heal->model)
        return false;
    return event->kind != HEAL_RESULT || (event->of.result.result && event->of.result.check < heal->model->n_checks);
}

static bool take(struct heal *heal, const struct engine *engine, const struct heal_event *event)
{
    switch (event->kind) {
    case HEAL_MODEL:
        heal->dirty = true;
        return model_take(heal, engine);
    case HEAL_RESTORE:
        heal->dirty = true;
        return event->of.kept && keep_restore(heal, engine, event->of.kept);
    case HEAL_JUDGED:
    case HEAL_TIME:
        return true;
    case HEAL_RESULT:
        take_result(heal, engine, event);
        return true;
    case HEAL_TAKEN:
    case HEAL_NOT_TAKEN:
        return take_taken(heal, engine, event);
    case HEAL_STORE:
        take_store(heal, event->of.store.store, event->of.store.set_aside);
        return true;
    case HEAL_ENDED:
        return take_ended(heal, engine, event);
    case HEAL_COMMAND:
        return asking_take(heal, engine, &event->of.command);
    case HEAL_DELIVERED:
        return sos_delivered(heal, engine, event->of.delivered.incident, event->of.delivered.all_clear);
    case HEAL_ONLY_LOOK:
        heal->switched_off = event->of.only_look.switched_off;
        heal->safe_mode = event->of.only_look.safe_mode;
        heal->dirty = true;
        return true;
    }
    return false;
}

/* ---- what follows */

static bool is_due(const struct heal *heal, const struct engine *engine)
{
    return heal->dirty || heal->changes != engine_changes(engine) || heal->wake <= heal->now.awake || heal->wake_elapsed <= heal->now.elapsed;
}

/* Runs first: who waits for them is asked after that. */
static void settle_once(struct heal *heal, const struct engine *engine)
{
    heal->dirty = false;
    heal->wake = heal->wake_elapsed = NEVER;
    ladder_list(heal, engine);
    for (size_t i = 0; i < RUNS; i++)
        steps_go(heal, engine, &heal->runs[i]);
    agents_go(heal, engine);
    ladder_settle(heal, engine);
    sos_settle(heal, engine);
    for (size_t i = 0; i < FOREIGN; i++)
        if (heal->foreign[i].until > heal->now.elapsed)
            todo_wake_elapsed(heal, heal->foreign[i].until);
}

/* What begins or ends may let another begin. */
static void settle(struct heal *heal, const struct engine *engine)
{
    heal->changes = engine_changes(engine);
    for (int i = 0; i < ROUNDS; i++) {
        settle_once(heal, engine);
        if (!heal->dirty || !todo_room(heal))
            break;
    }
    if (heal->dirty)
        todo_wake(heal, heal->now.awake);
    run_show(heal);
}

/* A result alone is followed by JUDGED: until then it settles nothing. */
bool heal_event(struct heal *heal, const struct engine *engine, const struct moment *now, const struct heal_event *event)
{
    heal->n_effects = 0;
    if (event->kind == HEAL_COMMAND)
        heal->refusal[0] = '\0';
    drop_gone(heal);
    if (!makes_sense(heal, engine, event))
        return false;
    take_moment(heal, now);
    if (!take(heal, engine, event))
        return false;
    if (event->kind == HEAL_RESULT)
        return true;
    if (is_due(heal, engine))
        settle(heal, engine);
    todo_close(heal);
    return true;
}

const struct heal_effect *heal_effects(const struct heal *heal, size_t *n)
{
    *n = heal->n_effects;
    return heal->effects;
}

const char *heal_refusal(const struct heal *heal)
{
    return heal->refusal;
}

/* ---- what it knows */

struct heal_answer heal_would(const struct heal *heal, const struct engine *engine, const struct moment *now, size_t service, size_t nth, bool by_hand,
                              bool force)
{
    struct heal *scratch = (struct heal *)(uintptr_t)heal; /* the list of locks alone */
    struct asked asked = { .service = service, .by_hand = by_hand, .force = force };
    struct heal_question q;

    if (!heal->model || engine_model(engine) != heal->model || service >= heal->model->n_services || nth >= heal->model->services[service].n_heal)
        return (struct heal_answer){ .limit = LIMIT_SWITCHED_OFF, .until = NEVER };
    asked.at = heal->record_of[heal->subjects[service].first_entry + nth];
    asked.book = heal->model->services[service].heal[nth].bound;
    asked.record = &heal->records[asked.at].record;
    asked.incident = engine_service(engine, service)->incident;
    asked.by_hand |= asked.incident == 0;
    question_make(scratch, engine, &asked, &q);
    return heal_may_start(&q, now);
}

const struct heal_running *heal_running(const struct heal *heal, size_t *n)
{
    *n = heal->n_shown;
    return heal->shown;
}

bool heal_place(const struct heal *heal, const struct engine *engine, uint64_t incident, struct heal_place *place)
{
    const size_t at = incident > 0 && heal->model ? ladder_find(heal, incident) : MODEL_NONE;
    const size_t service = at == MODEL_NONE ? MODEL_NONE : model_service(heal->model, heal->kept_ladders[at].service);
    const struct subject *s;

    if (service == MODEL_NONE)
        return false;
    s = &heal->subjects[service];
    *place = (struct heal_place){ .tier = heal->ladders[at].place.tier,
                                  .entry = MODEL_NONE,
                                  .running = heal->ladders[at].place.running,
                                  .exhausted = heal->ladders[at].place.exhausted,
                                  .sos_out = heal->kept_ladders[at].delivered,
                                  .sos_due = sos_due(heal, engine, at),
                                  .until = NEVER };
    if (s->ladder != at)
        return true;
    place->entry = s->entry;
    place->limit = s->limit;
    place->until = s->until;
    if (s->entry != MODEL_NONE)
        place->attempts = heal_record_attempts(&heal->records[heal->record_of[s->first_entry + s->entry]].record, incident);
    return true;
}
