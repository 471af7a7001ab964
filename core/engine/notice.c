/*
 * Who is told what (rules.md 3.13). Nothing is told as it happens: at the end of an event what is and what people know are compared, and the difference is
 * told. So nobody is told twice, nothing is told of what was silenced and recovered, and what a storm or flapping held back is told when that is over, if
 * it is still so.
 */
#include "engine/engine_private.h"

#include "base/scalar.h"

#include <stdio.h>

enum { AGE = 32 };

const char *engine_notice_name(enum engine_notice notice)
{
    static const char *const names[] = {
        [NOTICE_OPENED] = "opened",     [NOTICE_RECOVERED] = "recovered",         [NOTICE_REPEATED] = "repeated", [NOTICE_STOPPED] = "stopped",
        [NOTICE_FLAPPING] = "flapping", [NOTICE_FLAPPING_LONG] = "flapping_long", [NOTICE_WARNS_LONG] = "warns_long", [NOTICE_SILENCED_LONG] = "silenced_long",
        [NOTICE_STORM] = "storm",       [NOTICE_OBSERVER] = "observer",           [NOTICE_SELF] = "self",
        [NOTICE_REFUSED] = "refused",   [NOTICE_NOT_FIXED] = "not_fixed",         [NOTICE_FIXED] = "fixed",       [NOTICE_EXHAUSTED] = "exhausted",
        [NOTICE_SOS] = "sos",           [NOTICE_ALL_CLEAR] = "all_clear",
    };

    return names[notice];
}

static enum engine_level level_of(const struct engine *engine, size_t service)
{
    return engine->t.model->services[service].critical ? LEVEL_MESSAGE : LEVEL_DIGEST;
}

static const char *summary_of(const struct engine *engine, size_t service)
{
    size_t check = engine->t.services[service].shown.decided_by;
    const struct result *last = check == MODEL_NONE ? NULL : engine->t.checks[check].shown.last;

    if (!last)
        return "no result";
    return last->summary[0] ? last->summary : last->reason;
}

static const char *age(char out[AGE], uint64_t ns)
{
    scalar_show_age(ns, out, AGE);
    return out;
}

/* ---- incidents ---- */

static void tell_open(struct engine *engine, size_t service, struct engine_incident *incident)
{
    const struct model_service *model = &engine->t.model->services[service];
    char others[64] = "";

    if (incident->joined > 0)
        snprintf(others, sizeof others, " (%u more fail because of it)", incident->joined);
    effects_notice(engine, NOTICE_OPENED, level_of(engine, service), incident->id, service, false, "%s has failed: %s%s", model->title, summary_of(engine, service),
                   others);
    incident->told = TOLD_OPEN;
    incident->repeat_at = model->critical ? engine->now.elapsed + REPEAT_AFTER : NEVER;
    engine->people_changed = true;
    timeline_add(engine, incident, ENTRY_TOLD, "");
}

static void tell_flapping_long(struct engine *engine, size_t service, struct engine_incident *incident)
{
    char since[AGE];

    engine->t.services[service].flap_long_told = true;
    effects_notice(engine, NOTICE_FLAPPING_LONG, LEVEL_MESSAGE, incident->id, service, false, "%s has been failing and recovering for %s: %s",
                   engine->t.model->services[service].title, age(since, engine->now.awake - engine->t.services[service].flaps_since), summary_of(engine, service));
    if (incident->told == TOLD_OPEN)
        return;
    incident->told = TOLD_OPEN;
    timeline_add(engine, incident, ENTRY_TOLD, "");
}

static void tell_repeat(struct engine *engine, size_t service, struct engine_incident *incident)
{
    char since[AGE];
    int64_t open = engine->now.wall - incident->opened;

    incident->repeat_at = engine->now.elapsed + REPEAT_AFTER;
    engine->people_changed = true;
    effects_notice(engine, NOTICE_REPEATED, level_of(engine, service), incident->id, service, false, "%s is still not well, after %s: %s",
                   engine->t.model->services[service].title, age(since, open > 0 ? (uint64_t)open : 0), summary_of(engine, service));
}

static void tell_over(struct engine *engine, size_t service, struct engine_incident *incident, bool silenced)
{
    char since[AGE];
    int64_t open = incident->closed - incident->opened;

    incident->told = TOLD_OVER;
    incident->repeat_at = NEVER;
    engine->people_changed = true;
    incident->changed = engine->incidents_changed = true;
    if (silenced)
        return;
    effects_notice(engine, NOTICE_RECOVERED, level_of(engine, service), incident->id, service, true, "%s has recovered, after %s", engine->t.model->services[service].title,
                   age(since, open > 0 ? (uint64_t)open : 0));
    timeline_add(engine, incident, ENTRY_TOLD_OVER, "");
}

/* After a silence a result begun after it has to say that it is still so. */
static bool is_confirmed(struct engine *engine, size_t service)
{
    const struct model_service *model = &engine->t.model->services[service];
    struct service *s = &engine->t.services[service];

    for (size_t i = model->first_check; s->confirm_from > 0 && i < model->first_check + model->n_checks; i++)
        if (service_judged_by(engine->t.model, i) && engine->t.checks[i].shown.verdict == VERDICT_FAILED && engine->t.checks[i].known_run >= s->confirm_from)
            s->confirm_from = 0;
    return s->confirm_from == 0;
}

static void settle_open(struct engine *engine, size_t service, struct engine_incident *incident)
{
    struct service *s = &engine->t.services[service];
    bool held = engine->overall.storm || s->shown.flapping;

    if (s->shown.silenced)
        return;
    if (s->shown.flapping && !s->flap_long_told && engine->now.awake - s->flaps_since >= engine->t.model->settings.flap_escalate)
        tell_flapping_long(engine, service, incident);
    if (incident->told != TOLD_OPEN && s->shown.root && !held && is_confirmed(engine, service))
        tell_open(engine, service, incident);
    else if (incident->told == TOLD_OPEN && s->shown.root && !held && !incident->acked && incident->repeat_at <= engine->now.elapsed)
        tell_repeat(engine, service, incident);
}

/* What was folded is over with what it was folded into: nothing is told of it any more. */
static void settle_closed(struct engine *engine, size_t service, struct engine_incident *incident)
{
    bool silent = engine->t.services[service].shown.silenced || incident->ending != INCIDENT_RECOVERED;

    if (incident->told == TOLD_OPEN && (silent || !engine->overall.storm))
        tell_over(engine, service, incident, silent);
}

/* ---- what is no incident ---- */

static void settle_stopped(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];

    if (s->shown.verdict == VERDICT_OK || s->shown.verdict == VERDICT_WARN)
        s->stop_told = false;
    if (s->shown.verdict != VERDICT_STOPPED || s->stop_told || s->shown.silenced)
        return;
    s->stop_told = true;
    effects_notice(engine, NOTICE_STOPPED, level_of(engine, service), 0, service, false, "%s was stopped by hand: %s", engine->t.model->services[service].title,
                   summary_of(engine, service));
}

static void settle_warning(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];
    char since[AGE];

    if (s->shown.verdict != VERDICT_WARN) {
        s->warns_since = NEVER;
        s->warn_told = false;
        return;
    }
    if (s->warns_since == NEVER)
        s->warns_since = engine->now.awake;
    if (s->warn_told || s->shown.silenced || engine->now.awake - s->warns_since < engine->t.model->services[service].tell_warn_after)
        return;
    s->warn_told = true;
    effects_notice(engine, NOTICE_WARNS_LONG, LEVEL_DIGEST, 0, service, false, "%s has warned for %s: %s", engine->t.model->services[service].title,
                   age(since, engine->now.awake - s->warns_since), summary_of(engine, service));
}

static void settle_flapping(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];

    if (!s->shown.flapping || s->flap_told || s->shown.silenced || s->shown.caused_by != MODEL_NONE)
        return;
    s->flap_told = true;
    effects_notice(engine, NOTICE_FLAPPING, LEVEL_DIGEST, s->shown.incident, service, false, "%s fails and recovers again and again: %s",
                   engine->t.model->services[service].title, summary_of(engine, service));
}

void notice_put(struct engine *engine, size_t service)
{
    const struct service *s = &engine->t.services[service];
    const struct model_service *model = &engine->t.model->services[service];
    bool opens = s->shown.incident == 0, tells = !s->flap_long_told && !s->shown.silenced; /* an incident is opened of what is silenced, too */
    uint64_t due = NEVER;

    if (s->warns_since != NEVER && !s->warn_told && !s->shown.silenced)
        due = s->warns_since + model->tell_warn_after;
    if (s->flaps_since != NEVER && (opens || tells) && s->flaps_since + engine->t.model->settings.flap_escalate < due)
        due = s->flaps_since + engine->t.model->settings.flap_escalate;
    heap_set(&engine->t.clocks, service, due > engine->now.awake ? due : NEVER);
}

void notice_settle(struct engine *engine, size_t service)
{
    struct service *s = &engine->t.services[service];

    if (s->incident != MODEL_NONE) {
        struct engine_incident *incident = &engine->incidents[s->incident];

        if (incident->ending == INCIDENT_OPEN)
            settle_open(engine, service, incident);
        else
            settle_closed(engine, service, incident);
    }
    settle_stopped(engine, service);
    settle_warning(engine, service);
    settle_flapping(engine, service);
    notice_put(engine, service);
}

/* ---- Talon itself ---- */

void notice_self(struct engine *engine, enum engine_self trouble, bool over, const char *why)
{
    static const char *const begins[] = {
        [SELF_CONFIG_REFUSED] = "the configuration was refused, the one before goes on", [SELF_STORE_DOWN] = "what Talon knows cannot be kept on disk",
        [SELF_SAFE_MODE] = "Talon crashed too often: it watches and tells, but repairs nothing", [SELF_CHANNEL_BROKEN] = "a channel for messages is broken",
    };
    static const char *const ends[] = {
        [SELF_CONFIG_REFUSED] = "the configuration is good again", [SELF_STORE_DOWN] = "what Talon knows is kept on disk again",
        [SELF_SAFE_MODE] = "Talon repairs again", [SELF_CHANNEL_BROKEN] = "all channels for messages work again",
    };

    if (engine->told_self[trouble] == !over)
        return;
    engine->told_self[trouble] = !over;
    effects_notice(engine, NOTICE_SELF, over ? LEVEL_DIGEST : LEVEL_MESSAGE, 0, MODEL_NONE, over, "%s%s%s", over ? ends[trouble] : begins[trouble],
                   why && why[0] ? ": " : "", why ? why : "");
}
