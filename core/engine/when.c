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

static enum logic verdict_is(const struct engine *engine, const struct model_when *node)
{
    enum engine_verdict verdict = engine->t.checks[node->check].shown.verdict;

    if (!tells(engine, node->check))
        return LOGIC_UNKNOWN;
    if (verdict == VERDICT_UNKNOWN && node->verdict != VERDICT_UNKNOWN)
        return LOGIC_UNKNOWN;
    return truth((int)verdict == node->verdict);
}

static enum logic metric_is(const struct engine *engine, const struct model_when *node)
{
    const struct result *last = engine->t.checks[node->check].shown.last;
    const struct result_metric *metric = last && tells(engine, node->check) ? result_metric(last, node->metric) : NULL;

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
static enum logic value_of(const struct engine *engine, const struct model_condition *condition, size_t at)
{
    const struct model_when *node = &condition->nodes[at];

    switch (node->kind) {
    case MODEL_WHEN_VERDICT:
        return verdict_is(engine, node);
    case MODEL_WHEN_METRIC:
        return metric_is(engine, node);
    case MODEL_WHEN_NOT:
        return logic_not(value_of(engine, condition, node->left));
    case MODEL_WHEN_AND:
        return logic_and(value_of(engine, condition, node->left), value_of(engine, condition, node->right));
    case MODEL_WHEN_OR:
        return logic_or(value_of(engine, condition, node->left), value_of(engine, condition, node->right));
    }
    return LOGIC_UNKNOWN;
}

enum logic engine_when(const struct engine *engine, const struct model_condition *condition)
{
    if (!engine->t.model)
        return LOGIC_UNKNOWN;
    return condition->n == 0 ? LOGIC_TRUE : value_of(engine, condition, condition->n - 1);
}
