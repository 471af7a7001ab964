/*
 * Before an entry of `heal:` is chosen, or the next tier is asked because none fits, every check that its conditions name has been heard since the failure. A witness
 * is looked at seldom: what it said of the time before would choose the repair of another failure, or none.
 */
#include "heal/heal_private.h"

#include <string.h>

/* What cannot tell is heard as such: the condition is unknown then, and waits by itself. */
static bool is_heard(const struct heal *heal, const struct engine *engine, size_t check, uint64_t from)
{
    const enum engine_verdict verdict = engine_check(engine, check)->verdict;

    if (!heal->model->checks[check].enabled || verdict == VERDICT_UNKNOWN || verdict == VERDICT_NONE)
        return true;
    return verdict != VERDICT_SUSPECT && verdict != VERDICT_RECOVERING && heal->evidence[check].known_run >= from;
}

static bool hear(struct heal *heal, const struct engine *engine, const struct model_condition *condition, uint64_t from, bool ask)
{
    bool awaits = false;

    for (size_t i = 0; i < condition->n; i++) {
        const struct model_when *node = &condition->nodes[i];

        if ((node->kind != MODEL_WHEN_VERDICT && node->kind != MODEL_WHEN_METRIC) || is_heard(heal, engine, node->check, from))
            continue;
        awaits = true;
        if (ask)
            todo_check(heal, node->check);
    }
    return awaits;
}

bool conditions_await(struct heal *heal, const struct engine *engine, size_t service)
{
    const struct model_service *model = &heal->model->services[service];
    struct subject *s = &heal->subjects[service];
    bool awaits = false, ask;
    uint64_t from, since;

    evidence_begin(heal, engine, service, &from, &since);
    if (from == NEVER)
        return false;
    ask = s->conditions_from != from;
    s->conditions_from = from;
    for (size_t i = 0; i < model->n_heal; i++)
        awaits |= hear(heal, engine, &model->heal[i].when, from, ask);
    return awaits;
}

/* ---- which repair is the same */

static const struct model_heal *entry_of(const struct model *model, const struct model_runbook *book)
{
    for (size_t i = 0; i < model->n_services; i++)
        for (size_t k = 0; k < model->services[i].n_heal; k++)
            if (model->services[i].heal[k].bound == book)
                return &model->services[i].heal[k];
    return NULL;
}

static const char *value_of(const struct model_heal *entry, const char *name)
{
    for (size_t i = 0; i < entry->n_with; i++)
        if (strcmp(entry->with[i].name, name) == 0)
            return entry->with[i].value;
    return NULL;
}

bool conditions_same_repair(const struct model *model, const struct model_runbook *a, const struct model_runbook *b)
{
    const struct model_heal *x = entry_of(model, a), *y = entry_of(model, b);

    if (!x || !y || x->runbook != y->runbook || x->n_with != y->n_with)
        return false;
    for (size_t i = 0; i < x->n_with; i++) {
        const char *other = value_of(y, x->with[i].name);

        if (!other || strcmp(other, x->with[i].value) != 0)
            return false;
    }
    return true;
}
