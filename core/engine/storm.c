/*
 * The storm brake: when much goes bad at once and no need explains it, it is more likely that we look wrongly than that all of it broke. Then nothing is
 * repaired, one message goes out, and single failures are told when it is over (rules.md 3.4).
 */
#include "engine/engine_private.h"

#define WINDOW (60 * (uint64_t)NS_PER_S)
enum { AT_LEAST = 5 };

struct share {
    size_t all, bad, fresh;
};

bool storm_counts(enum engine_verdict verdict)
{
    return verdict == VERDICT_SUSPECT || verdict == VERDICT_FAILED || verdict == VERDICT_UNKNOWN;
}

static bool is_met(const struct engine *engine, const struct model_need *need)
{
    bool any = false;

    for (size_t i = 0; i < need->n; i++) {
        const struct service *s = &engine->t.services[need->any[i]];

        if (!s->watched)
            continue;
        any = true;
        if (s->shown.verdict == VERDICT_OK || s->shown.verdict == VERDICT_WARN)
            return true;
    }
    return !any;
}

/* What is known of it is from before a need came back, or it still has its grace after a gap: that it is bad now nobody has seen in earnest. */
static bool is_old_news(const struct engine *engine, size_t service)
{
    const struct service *s = &engine->t.services[service];

    return storm_counts(s->shown.verdict) && (s->first_bad == NEVER || streaks_spared(engine, service, engine->now.awake) > 0);
}

/* By a need that is not ok or was not heard yet, or by one that has just come back: it counts on neither side. */
static bool is_explained(const struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];

    if (is_old_news(engine, service))
        return true;
    for (size_t i = 0; i < model->n_needs; i++)
        if (!is_met(engine, &model->needs[i]))
            return true;
    return false;
}

/* Since when it is bad in earnest: awake. */
static uint64_t bad_since(const struct service *s)
{
    uint64_t since = s->turned_bad > s->spared_until ? s->turned_bad : s->spared_until;

    return s->graced && s->hold_from > since ? s->hold_from : since;
}

static struct share count(const struct engine *engine)
{
    struct share share = { 0 };

    for (size_t i = 0; i < engine->t.model->n_services; i++) {
        const struct service *s = &engine->t.services[i];
        bool bad = storm_counts(s->shown.verdict);

        if (!s->watched || s->shown.silenced || s->shown.verdict == VERDICT_STOPPED || is_explained(engine, i))
            continue;
        share.all++;
        share.bad += bad;
        share.fresh += bad && engine->now.awake - bad_since(s) < WINDOW;
    }
    return share;
}

static void begin(struct engine *engine, const struct share *share)
{
    engine->overall.storm = true;
    engine->calm_since = NEVER;
    engine->publish = true;
    if (engine->told_storm)
        return;
    engine->told_storm = true;
    effects_notice(engine, NOTICE_STORM, LEVEL_MESSAGE, 0, MODEL_NONE, false,
                   "%zu of %zu services went bad within a minute, and nothing that they need explains it: nothing is repaired until it is calmer", share->fresh, share->all);
}

static void end(struct engine *engine)
{
    engine->overall.storm = false;
    engine->calm_since = NEVER;
    engine->publish = true;
    if (engine->told_storm)
        effects_notice(engine, NOTICE_STORM, LEVEL_DIGEST, 0, MODEL_NONE, true, "the storm is over");
    engine->told_storm = false;
    incident_look_all(engine);
}

void storm_settle(struct engine *engine)
{
    const struct model_settings *settings = &engine->t.model->settings;
    struct share share;

    if (!engine->storm_due)
        return;
    engine->storm_due = false;
    share = count(engine);
    if (!engine->overall.storm) {
        if (share.fresh >= AT_LEAST && share.fresh * 100 > share.all * settings->storm_percent)
            begin(engine, &share);
        return;
    }
    if (share.bad * 100 > share.all * settings->storm_percent)
        engine->calm_since = NEVER;
    else if (engine->calm_since == NEVER)
        engine->calm_since = engine->now.awake;
    if (engine->calm_since != NEVER && engine->now.awake - engine->calm_since >= settings->storm_cooldown)
        end(engine);
}
