/*
 * Conditions (rules.md 1.10), three-valued: what cannot be told is unknown, and only true selects. A check that has told nothing, is stale or disabled makes
 * what is asked of it unknown; so does one that is unknown itself, unless that is the question.
 */
#include "engine/engine_private.h"

static enum logic truth(bool is)
{
    return is ? LOGIC_TRUE : LOGIC_FALSE;
}

static bool tells(const struct engine *engine, size_t check)
{
    return engine->t.model->checks[check].enabled && !engine->t.checks[check].shown.stale && engine->t.checks[check].shown.verdict != VERDICT_NONE;
}

/* Of another model: by its name, and only while it is the same check. */
static size_t find(const struct engine *engine, const struct model *model, size_t check)
{
    size_t found;

    if (model == engine->t.model)
        return check;
    found = model_check(engine->t.model, model->checks[check].full_name);
    return found != MODEL_NONE && engine->t.model->checks[found].fingerprint == model->checks[check].fingerprint ? found : MODEL_NONE;
}

/* One that counts as failed because its service has `heal_stopped`: conditions may ask for what it says of itself. */
static bool is_a_stop_to_repair(const struct engine *engine, size_t check)
{
    const struct check *c = &engine->t.checks[check];

    return c->shown.verdict == VERDICT_FAILED && c->shown.last && c->shown.last->status == STATUS_STOPPED &&
           engine->t.model->services[engine->t.model->checks[check].service].heal_stopped;
}

static enum logic verdict_is(const struct engine *engine, const struct model_when *node, size_t check)
{
    enum engine_verdict verdict = engine->t.checks[check].shown.verdict;

    if (!tells(engine, check))
        return LOGIC_UNKNOWN;
    if (node->verdict == VERDICT_STOPPED && is_a_stop_to_repair(engine, check))
        return LOGIC_TRUE;
    if (verdict == VERDICT_UNKNOWN && node->verdict != VERDICT_UNKNOWN)
        return LOGIC_UNKNOWN;
    return truth((int)verdict == node->verdict);
}

static enum logic metric_is(const struct engine *engine, const struct model_when *node, size_t check)
{
    const struct result *last = engine->t.checks[check].shown.last;
    const struct result_metric *metric = last && tells(engine, check) ? result_metric(last, node->metric) : NULL;

    if (!metric)
        return LOGIC_UNKNOWN;
    switch (node->comparison) {
    case MODEL_LESS:
        return truth(metric->value < node->value);
    case MODEL_LESS_EQUAL:
        return truth(metric->value <= node->value);
    case MODEL_GREATER:
        return truth(metric->value > node->value);
    case MODEL_GREATER_EQUAL:
        return truth(metric->value >= node->value);
    case MODEL_EQUAL:
        return truth(!(metric->value < node->value) && !(metric->value > node->value));
    case MODEL_NOT_EQUAL:
        return truth(metric->value < node->value || metric->value > node->value);
    }
    return LOGIC_UNKNOWN;
}

/* As deep as the configuration lets brackets be. */
static enum logic value_of(const struct engine *engine, const struct model *model, const struct model_condition *condition, size_t at)
{
    const struct model_when *node = &condition->nodes[at];
    size_t check;

    switch (node->kind) {
    case MODEL_WHEN_VERDICT:
    case MODEL_WHEN_METRIC:
        check = find(engine, model, node->check);
        if (check == MODEL_NONE)
            return LOGIC_UNKNOWN;
        return node->kind == MODEL_WHEN_VERDICT ? verdict_is(engine, node, check) : metric_is(engine, node, check);
    case MODEL_WHEN_NOT:
        return logic_not(value_of(engine, model, condition, node->left));
    case MODEL_WHEN_AND:
        return logic_and(value_of(engine, model, condition, node->left), value_of(engine, model, condition, node->right));
    case MODEL_WHEN_OR:
        return logic_or(value_of(engine, model, condition, node->left), value_of(engine, model, condition, node->right));
    }
    return LOGIC_UNKNOWN;
}

enum logic engine_when_of(const struct engine *engine, const struct model *model, const struct model_condition *condition)
{
    if (!engine->t.model)
        return LOGIC_UNKNOWN;
    return condition->n == 0 ? LOGIC_TRUE : value_of(engine, model, condition, condition->n - 1);
}

enum logic engine_when(const struct engine *engine, const struct model_condition *condition)
{
    return engine_when_of(engine, engine->t.model, condition);
}
