/*
 * The observer: Talon and its host as the place that looks. A result that timed out, or could not begin, proves something only when a sample of the observer
 * that was begun after it is good; until then it is held, and its run counts as in progress. While the observer is sick such results are `unknown`. A sample
 * that does not come in time is none: the result is taken as it is.
 */
#include "engine/engine_private.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE (2 * (uint64_t)NS_PER_S)

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* What a host that cannot look would report of a target that is well. */
static bool is_doubtful(const struct result *result)
{
    return result->status == STATUS_FAIL && (ends_with(result->reason, "timeout") || strcmp(result->reason, "local") == 0 || strcmp(result->reason, "connect.unreachable") == 0);
}

/* Is the host as it is now a reason for that? */
static bool is_excused(const struct engine *engine, const struct result *result)
{
    return engine->sickness == SICKNESS_ALL || (engine->sickness == SICKNESS_ROUTE && strcmp(result->reason, "connect.unreachable") == 0);
}

bool observer_holds(struct engine *engine, size_t check, struct result *result)
{
    struct check *c = &engine->t.checks[check];

    if (!engine->observed || c->outdated || !is_doubtful(result))
        return false;
    if (engine->n_held == 0 || engine->asked_until == NEVER || c->begun > engine->asked_until - PATIENCE || engine->now.awake > engine->asked_until - PATIENCE) {
        effects_observe(engine, ++engine->asked);
        engine->asked_until = engine->now.awake + PATIENCE;
    }
    c->held = result_keep(result);
    c->held_for = engine->asked;
    engine->n_held++;
    return true;
}

void observer_drop(struct check *c)
{
    result_drop(c->held);
    c->held = NULL;
}

static struct result *excused(const struct engine *engine, const struct result *result)
{
    char summary[RESULT_SUMMARY_SIZE];

    snprintf(summary, sizeof summary, "cannot tell, Talon's own host is not well (%s); it saw: %.200s", engine->sick_why, result->summary);
    return result_make(STATUS_UNKNOWN, "observer", summary, result->duration_ns, NULL, 0, NULL, 0);
}

static void judge(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    struct result *result = c->held, *taken = is_excused(engine, result) ? excused(engine, result) : result_keep(result);

    c->held = NULL;
    engine->n_held--;
    engine_take_result(engine, check, taken);
    result_drop(taken);
    result_drop(result);
}

static void judge_held(struct engine *engine, uint64_t asked)
{
    for (size_t i = 0; i < engine->t.model->n_checks && engine->n_held > 0; i++)
        if (engine->t.checks[i].held && engine->t.checks[i].held_for <= asked)
            judge(engine, i);
    if (engine->n_held == 0)
        engine->asked_until = NEVER;
    service_settle(engine);
    for (size_t i = 0; i < engine->t.model->n_checks; i++)
        if (engine->t.model->checks[i].enabled)
            runs_follow(engine, i);
}

void observer_due(struct engine *engine)
{
    engine->asked_until = NEVER;
    judge_held(engine, engine->asked);
}

static void turn(struct engine *engine, bool sick)
{
    if (sick == engine->overall.sick)
        return;
    engine->overall.sick = sick;
    engine->publish = true;
    engine->told_observer = sick;
    if (sick)
        effects_notice(engine, NOTICE_OBSERVER, LEVEL_MESSAGE, 0, MODEL_NONE, false, "Talon's own host is not well, so what times out proves nothing: %s", engine->sick_why);
    else
        effects_notice(engine, NOTICE_OBSERVER, LEVEL_DIGEST, 0, MODEL_NONE, true, "Talon's own host is well again");
}

void observer_take(struct engine *engine, const struct engine_event *event)
{
    engine->observed = true;
    snprintf(engine->sick_why, sizeof engine->sick_why, "%s", event->of.observed.sickness != SICKNESS_NONE && event->of.observed.why ? event->of.observed.why : "");
    engine->sickness = event->of.observed.sickness;
    turn(engine, engine->sickness != SICKNESS_NONE);
    if (event->of.observed.asked > 0)
        judge_held(engine, event->of.observed.asked);
}
