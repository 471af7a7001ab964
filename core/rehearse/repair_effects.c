/*
 * What repair does in a rehearsal. An action does nothing to the world unless the scenario's `runbooks:` says so: then the first one of the run that changes
 * anything (or the one that is named) mends, fails, or says that it has worked and did nothing.
 */
#include "rehearse/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL ((uint64_t)NS_PER_S) /* what an action takes */
#define OF_AGENT (60 * (uint64_t)NS_PER_S)

enum { SAID_MOST = 65536 };

static const char *const outcomes[] = { [HEAL_FIXED] = "fixed", [HEAL_NOT_FIXED] = "not_fixed", [HEAL_FAILED] = "failed", [HEAL_INTERRUPTED] = "interrupted" };
static const char *const tiers[] = { [TIER_NONE] = "nothing", [TIER_RUNBOOKS] = "runbooks", [TIER_AGENT] = "agent", [TIER_AGENT_FALLBACK] = "agent-fallback",
                                     [TIER_SOS] = "exhausted" };

const char *repair_tier_name(const struct repair_seen *seen)
{
    return seen->called ? "sos" : tiers[seen->tier];
}

/* ---- what is remembered ---- */

struct repair_seen *repair_seen(struct world *w, const char *service)
{
    struct repair *r = &w->repair;
    struct repair_seen *grown;

    for (size_t i = 0; i < r->n_seen; i++)
        if (strcmp(r->seen[i].service, service) == 0)
            return &r->seen[i];
    grown = realloc(r->seen, (r->n_seen + 1) * sizeof *grown);
    if (!grown) {
        w->no_memory = true;
        return NULL;
    }
    r->seen = grown;
    r->seen[r->n_seen] = (struct repair_seen){ .service = service, .said = buffer_make(0) };
    return &r->seen[r->n_seen++];
}

static const char *service_at(const struct world *w, size_t service)
{
    const struct model *model = engine_model(w->engine);

    return model && service < model->n_services ? model->services[service].name : NULL;
}

static void say(struct world *w, const char *service, const char *text)
{
    struct repair_seen *seen = service ? repair_seen(w, service) : NULL;

    if (seen && seen->said.len < SAID_MOST)
        buffer_printf(&seen->said, "%s\n", text);
}

static struct repair_run *run_of(struct repair *r, uint64_t id)
{
    for (size_t i = 0; i < REPAIR_RUNS; i++)
        if (r->runs[i].id == id)
            return &r->runs[i];
    return NULL;
}

/* ---- effects: a run ---- */

/* The models' own name, which outlives the run. */
static const char *lasting_name(const struct world *w, const char *service)
{
    const size_t index = model_service(engine_model(w->engine), service);

    return index == MODEL_NONE ? "?" : service_at(w, index);
}

static void take(struct world *w, const struct heal_effect *effect)
{
    struct repair_run *run = run_of(&w->repair, 0);
    struct repair_seen *seen;
    struct heal_event event = { .kind = HEAL_TAKEN, .of.taken = { .run = effect->run, .durable = !w->store_down } };

    if (run) {
        *run = (struct repair_run){ .id = effect->run, .service = lasting_name(w, effect->of.take.service), .runbook = effect->of.take.runbook->name };
        seen = repair_seen(w, run->service);
        if (seen)
            seen->started = run->runbook;
        tell(w, REHEARSED_REPAIR, run->service, "heals", run->runbook);
    }
    repair_queue_heal(w, &event);
}

static void over(struct world *w, const struct heal_effect *effect)
{
    struct repair_run *run = run_of(&w->repair, effect->run);
    struct repair_seen *seen = run ? repair_seen(w, run->service) : NULL;

    if (!run || run->id == 0)
        return;
    if (seen)
        seen->outcome = outcomes[effect->of.over.outcome];
    tell(w, REHEARSED_REPAIR, run->service, outcomes[effect->of.over.outcome], effect->of.over.why);
    run->id = 0;
}

/* ---- effects: an action ---- */

static const struct scenario_runbook *way_of(const struct world *w, const char *runbook)
{
    for (size_t i = 0; i < w->s->n_runbooks; i++)
        if (strcmp(w->s->runbooks[i].name, runbook) == 0)
            return &w->s->runbooks[i];
    return NULL;
}

static void add_action(struct world *w, const struct repair_action *action)
{
    struct repair *r = &w->repair;

    for (size_t i = 0; i < REPAIR_ACTIONS; i++) {
        if (r->actions[i].id > 0)
            continue;
        r->actions[i] = *action;
        return;
    }
    w->no_memory = true;
}

static void start_action(struct world *w, const struct heal_effect *effect)
{
    struct repair_run *run = run_of(&w->repair, effect->run);
    const struct model_action *what = effect->of.act.what;
    const struct scenario_runbook *way = run ? way_of(w, run->runbook) : NULL;
    struct repair_action action = { .id = effect->of.act.action, .run = effect->run, .ends = w->now.awake + USUAL, .name = what->name };
    char text[ENGINE_TEXT];

    if (way && !effect->of.act.collects && what->impact > MODEL_OBSERVE && !run->acted && (!way->by || strcmp(way->by, what->name) == 0)) {
        run->acted = action.mends = true;
        action.way = way;
        action.ends = w->now.awake + (way->takes > 0 ? way->takes : USUAL);
    }
    snprintf(text, sizeof text, "%s%s: %s", effect->of.act.collects ? "evidence, " : "", effect->of.act.step, what->name);
    tell(w, REHEARSED_REPAIR, run ? run->service : NULL, "step", text);
    add_action(w, &action);
}

static struct result *result_of(struct world *w, const struct repair_action *action)
{
    const struct scenario_runbook *way = action->way;

    if (action->run == 0)
        return result_make(STATUS_FAIL, "exec.exit", "the agent did not help", 0, NULL, 0, NULL, 0);
    if (!action->mends || (way->works && !way->says))
        return result_make(STATUS_OK, "ok", "done", 0, NULL, 0, NULL, 0);
    if (!way->works && !way->refused)
        return result_make(STATUS_FAIL, "failed", way->says ? way->says : "it did not work", 0, NULL, 0, NULL, 0);
    (void)w;
    return result_make(way->refused ? STATUS_UNKNOWN : STATUS_OK, way->refused ? "refused.rights" : "ok", way->says ? way->says : "not done", 0, NULL, 0, NULL, 0);
}

static void mend(struct world *w, const struct scenario_runbook *way)
{
    if (!way->works || way->lies || way->refused)
        return;
    for (size_t i = 0; i < way->mends.n; i++) {
        struct world_target *t = &w->targets[way->mends.all[i]];

        t->way = NULL;
        t->since = w->now.awake;
    }
}

void repair_end_action(struct world *w, struct repair_action *action)
{
    struct heal_event event = { .kind = HEAL_ENDED, .of.ended = { .action = action->id } };
    const struct repair_run *run = action->run > 0 ? run_of(&w->repair, action->run) : NULL;
    struct repair_queued *queued;

    if (action->mends)
        mend(w, action->way);
    queued = repair_queue(w, false);
    if (!queued)
        return;
    queued->result = result_of(w, action);
    event.of.ended.result = queued->result;
    queued->heal = event;
    if (action->mends && queued->result->status != STATUS_OK) {
        tell(w, REHEARSED_REPAIR, run ? run->service : NULL, status_name(queued->result->status), queued->result->summary);
        say(w, run ? run->service : NULL, queued->result->summary);
    }
    action->id = 0;
}

/* ---- effects: the others ---- */

static void ask_agent(struct world *w, const struct heal_effect *effect)
{
    const struct repair_action action = { .id = effect->of.agent.action, .ends = w->now.awake + OF_AGENT, .name = "agent" };

    tell(w, REHEARSED_REPAIR, service_at(w, effect->of.agent.service), "asks", tiers[effect->of.agent.tier]);
    add_action(w, &action);
}

static void tell_healing(struct world *w, const struct heal_effect *effect)
{
    const struct engine_healing *healing = &effect->of.tell.healing;
    const char *service = service_at(w, healing->service);
    struct repair_seen *seen = service ? repair_seen(w, service) : NULL;
    struct repair_queued *queued = repair_queue(w, true);

    if (seen && healing->incident > 0 && healing->place.tier > seen->tier)
        seen->tier = healing->place.tier;
    if (seen && healing->entry == ENTRY_INTERRUPTED)
        seen->outcome = outcomes[HEAL_INTERRUPTED];
    if (effect->of.tell.text[0]) {
        say(w, service, effect->of.tell.text);
        if (healing->entry == ENTRY_REFUSED || healing->entry == ENTRY_EXHAUSTED)
            tell(w, REHEARSED_REPAIR, service, healing->entry == ENTRY_REFUSED ? "refused" : "exhausted", effect->of.tell.text);
    }
    if (!queued)
        return;
    memcpy(queued->who, effect->of.tell.who, sizeof queued->who);
    queued->engine.kind = EVENT_HEALING;
    queued->engine.of.healing = *healing;
}

static void notify(struct world *w, const struct heal_effect *effect)
{
    struct engine_effect told = { .kind = EFFECT_NOTIFY };
    const struct heal_event delivered = { .kind = HEAL_DELIVERED,
                                          .of.delivered = { effect->of.notify.incident, effect->of.notify.notice == NOTICE_ALL_CLEAR } };
    struct repair_seen *seen;

    told.of.notify.notice = effect->of.notify.notice;
    told.of.notify.level = effect->of.notify.level;
    told.of.notify.incident = effect->of.notify.incident;
    told.of.notify.service = effect->of.notify.service;
    told.of.notify.over = effect->of.notify.over;
    memcpy(told.of.notify.text, effect->of.notify.text, sizeof told.of.notify.text);
    tell_effect(w, &told);
    if (effect->of.notify.notice != NOTICE_SOS && effect->of.notify.notice != NOTICE_ALL_CLEAR)
        return;
    seen = service_at(w, effect->of.notify.service) ? repair_seen(w, service_at(w, effect->of.notify.service)) : NULL;
    if (seen && effect->of.notify.notice == NOTICE_SOS)
        seen->called = true;
    repair_queue_heal(w, &delivered); /* a channel that works is there: what is tried with those that do not is not judged here */
}

static void cancel(struct repair *r, uint64_t action)
{
    for (size_t i = 0; i < REPAIR_ACTIONS; i++)
        if (r->actions[i].id == action)
            r->actions[i].id = 0;
}

static void want(struct world *w, size_t check)
{
    struct repair_queued *queued = repair_queue(w, true);

    if (!queued)
        return;
    queued->engine.kind = EVENT_WANT;
    queued->engine.of.want.check = check;
}

void repair_carry_out(struct world *w)
{
    size_t n;
    const struct heal_effect *effects = heal_effects(w->repair.heal, &n);

    for (size_t i = 0; i < n; i++) {
        switch (effects[i].kind) {
        case HEAL_TAKE:
            take(w, &effects[i]);
            break;
        case HEAL_OVER:
            over(w, &effects[i]);
            break;
        case HEAL_ACT:
            start_action(w, &effects[i]);
            break;
        case HEAL_CANCEL:
            cancel(&w->repair, effects[i].of.cancel.action);
            break;
        case HEAL_ASK_AGENT:
            ask_agent(w, &effects[i]);
            break;
        case HEAL_CHECK:
            want(w, effects[i].of.check.check);
            break;
        case HEAL_TELL:
            tell_healing(w, &effects[i]);
            break;
        case HEAL_NOTIFY:
            notify(w, &effects[i]);
            break;
        case HEAL_WAKE_AT:
            w->repair.wake = effects[i].of.wake.awake;
            break;
        case HEAL_KEEP:
        case HEAL_PUBLISH:
            break;
        }
    }
}
