/*
 * Agents: programs that are asked when no runbook is left, each once in an incident, and no more often than its cooldown. An agent may do anything, so it is
 * bounded like a disruptive runbook, by the same table; that it has ended well says nothing: its service is looked at anew, and if it still fails the next tier
 * is asked.
 */
#include "heal/heal_private.h"

#include <stdio.h>
#include <string.h>

#define GRACE (10 * (uint64_t)NS_PER_S)

static const char *const no_locks[] = { NULL };

unsigned agents_running(const struct heal *heal)
{
    unsigned n = 0;

    for (size_t i = 0; i < heal->n_ladders; i++)
        n += heal->ladders[i].action > 0;
    return n;
}

static size_t next_agent(const struct heal *heal, size_t at)
{
    for (size_t i = 0; i < heal->model->settings.agents.n; i++)
        if (!heal->kept_ladders[at].asked[i])
            return i;
    return MODEL_NONE;
}

static struct heal_answer may_ask(struct heal *heal, const struct engine *engine, size_t service, size_t agent)
{
    const struct model_agent *model = &heal->model->settings.agents.agents[agent];
    const struct model_runbook book = { .name = model->name,
                                        .impact = MODEL_DISRUPT,
                                        .limits = { .attempts = 1, .cooldown = model->cooldown, .at_most = 1, .locks = no_locks } };
    const struct heal_record record = { .started = heal->asked[agent], .last = heal->asked_at[agent] };
    const struct asked asked = {
        .service = service, .book = &book, .record = &record, .at = MODEL_NONE, .incident = engine_service(engine, service)->incident
    };
    struct heal_question q;

    question_make(heal, engine, &asked, &q);
    q.flapping = q.dependents_answer = false; /* it is no restart, and asked about flapping as well */
    q.all_at_most = 1;
    q.past = &heal->no_past;
    return heal_may_start(&q, &heal->now);
}

static void ask(struct heal *heal, size_t service, size_t at, size_t agent)
{
    struct heal_effect *effect;
    struct ladder *ladder = &heal->ladders[at];
    const char *name = heal->model->settings.agents.agents[agent].name;

    ladder->action = ++heal->last_action;
    ladder->agent = agent;
    ladder->deadline = heal->now.awake + heal->model->settings.agents.agents[agent].timeout + GRACE;
    ladder->place = (struct engine_place){ .tier = agent == 0 ? TIER_AGENT : TIER_AGENT_FALLBACK, .running = true, .sos = heal->kept_ladders[at].delivered };
    heal->kept_ladders[at].asked[agent] = heal->asked[agent] = true;
    heal->asked_at[agent] = heal->now;
    if (heal->store != STORE_UP)
        heal->unstored++;
    todo_keep(heal, MODEL_NONE, at);
    todo_tell(heal, 0, service, heal->kept_ladders[at].incident, ENTRY_AGENT, name, "%s is asked about %s", name, heal->model->services[service].name);
    effect = todo_add(heal, HEAL_ASK_AGENT, 0);
    effect->of.agent.action = ladder->action;
    effect->of.agent.tier = ladder->place.tier;
    effect->of.agent.incident = heal->kept_ladders[at].incident;
    effect->of.agent.service = service;
}

bool agents_settle(struct heal *heal, const struct engine *engine, size_t service, size_t at)
{
    struct subject *s = &heal->subjects[service];
    const size_t agent = next_agent(heal, at);
    struct heal_answer answer;

    if (agent == MODEL_NONE)
        return true;
    answer = may_ask(heal, engine, service, agent);
    if (answer.limit != LIMIT_NONE) {
        ladder_refused(heal, engine, service, heal->model->settings.agents.agents[agent].name, &answer);
        ladder_place(heal, service, at, (struct engine_place){ .tier = agent == 0 ? TIER_AGENT : TIER_AGENT_FALLBACK });
        return false;
    }
    s->limit = LIMIT_NONE;
    if (s->fresh_from > 0 && !evidence_is_fresh(heal, engine, service, s->fresh_from))
        return false;
    ask(heal, service, at, agent);
    return false;
}

/* Its own time and a little more: whoever ran it is gone, or asleep. */
void agents_go(struct heal *heal, const struct engine *engine)
{
    for (size_t i = 0; i < heal->n_ladders; i++) {
        struct ladder *ladder = &heal->ladders[i];

        if (ladder->action == 0)
            continue;
        if (ladder->deadline > heal->now.awake) {
            todo_wake(heal, ladder->deadline);
            continue;
        }
        todo_add(heal, HEAL_CANCEL, 0)->of.cancel.action = ladder->action;
        agents_ended(heal, engine, ladder->action, NULL, true);
    }
}

static size_t find(const struct heal *heal, uint64_t action)
{
    for (size_t i = 0; i < heal->n_ladders && action > 0; i++)
        if (heal->ladders[i].action == action)
            return i;
    return MODEL_NONE;
}

bool agents_ended(struct heal *heal, const struct engine *engine, uint64_t action, const struct result *result, bool died)
{
    const size_t at = find(heal, action);
    struct ladder *ladder;
    size_t service;

    if (at == MODEL_NONE)
        return false;
    ladder = &heal->ladders[at];
    ladder->action = 0;
    ladder->place.running = false;
    heal->dirty = heal->publish = true;
    service = model_service(heal->model, heal->kept_ladders[at].service);
    if (service == MODEL_NONE || !engine_incident(engine, heal->kept_ladders[at].incident))
        return true;
    heal->subjects[service].fresh_from = engine_last_run(engine) + 1;
    evidence_ask(heal, engine, service, heal->subjects[service].fresh_from);
    todo_tell(heal, 0, service, heal->kept_ladders[at].incident, ENTRY_AGENT_ENDED,
              ladder->agent < heal->model->settings.agents.n ? heal->model->settings.agents.agents[ladder->agent].name : "", "the agent has ended: %s",
              died     ? "interrupted"
              : result ? result->summary
                       : "");
    return true;
}
