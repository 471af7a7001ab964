/*
 * Promise 6: SOS not before `after`, not again before `repeat`, but then it does come; one all-clear for each that was delivered. Its clock is counted here anew, by
 * what the engine shows and plain addition of time.
 */
#include "heal_judge.h"

static struct judge *of(struct world *w)
{
    return w->user;
}

static const struct model_service *service_at(struct world *w, size_t service)
{
    return &engine_model(w->engine)->services[service];
}

static bool is_well(enum engine_verdict verdict)
{
    return verdict == VERDICT_OK || verdict == VERDICT_WARN;
}

/* The clock of SOS: from the first bad result of what is bad when the incident opens. */
static void begin_incident(struct world *w, size_t service, struct judge_incident *i)
{
    const struct model_service *s = service_at(w, service);

    i->known = true;
    for (size_t k = s->first_check; k < s->first_check + s->n_checks; k++)
        if (!engine_model(w->engine)->checks[k].witness && of(w)->checks[k].bad > 0 && w->now.awake - of(w)->checks[k].bad_since > i->not_ok)
            i->not_ok = w->now.awake - of(w)->checks[k].bad_since;
}

static void count(struct world *w, size_t service, uint64_t passed)
{
    const struct engine_service *s = engine_service(w->engine, service);
    struct judge_incident *i = &of(w)->incidents[s->incident % JUDGE_INCIDENTS];

    if (s->incident == 0)
        return;
    if (!i->known)
        begin_incident(w, service, i);
    else if (!is_well(s->verdict) || s->flapping)
        i->not_ok += passed;
}

/* Time counts as the state was while it passed: so before what follows from an event. */
void judge_time(struct world *w)
{
    const uint64_t passed = w->now.awake - of(w)->last_awake;

    of(w)->last_awake = w->now.awake;
    for (size_t i = 0; engine_model(w->engine) && i < engine_model(w->engine)->n_services; i++)
        count(w, i, passed);
}

/* ---- promise 6: SOS */

void judge_sos(struct world *w, const struct heal_effect *effect)
{
    const struct model_sos *sos = &engine_model(w->engine)->settings.sos;
    struct judge_incident *i = &of(w)->incidents[effect->of.notify.incident % JUDGE_INCIDENTS];
    const struct engine_service *s = engine_service(w->engine, effect->of.notify.service);

    judge_time(w);
    of(w)->sos++;
    if (!sos->on || !service_at(w, effect->of.notify.service)->critical)
        world_break(w, "6: an SOS for what is not critical");
    if (i->not_ok < sos->after)
        world_break(w, "6: an SOS after %llu ms, and not %llu", (unsigned long long)(i->not_ok / 1000000), (unsigned long long)(sos->after / 1000000));
    if (i->sos && w->real - i->sos_real < sos->repeat)
        world_break(w, "6: an SOS again before `repeat`");
    if (s->caused_by != MODEL_NONE || judge_need_failed(w, effect->of.notify.service))
        world_break(w, "3: an SOS for what has a failed need");
    if (s->silenced || engine_incident(w->engine, effect->of.notify.incident)->acked)
        world_break(w, "6: an SOS for what is silenced or acknowledged");
    i->sos = i->out = true;
    i->sos_real = w->real;
    i->sos_wall = w->now.wall;
}

void judge_clear(struct world *w, const struct heal_effect *effect)
{
    struct judge_incident *i = &of(w)->incidents[effect->of.notify.incident % JUDGE_INCIDENTS];

    of(w)->clears++;
    if (!i->delivered)
        world_break(w, "6: an all-clear for an SOS that nobody got, or a second one");
    i->delivered = i->out = false;
}

/*
 * It comes by its own clock, whatever the tiers below do: when `after` is over, or twice that while something of ours is at work, and again after `repeat`. Only
 * what people have said, and a failed need, keep it back.
 */
void judge_sos_due(struct world *w, size_t service)
{
    const struct model_sos *sos = &engine_model(w->engine)->settings.sos;
    const struct engine_service *s = engine_service(w->engine, service);
    struct judge_incident *i = &of(w)->incidents[s->incident % JUDGE_INCIDENTS];
    bool works = i->agent;

    for (size_t k = 0; k < JUDGE_RUNS; k++)
        works |= of(w)->runs[k].id > 0 && of(w)->runs[k].service == service;
    if (!sos->on || !service_at(w, service)->critical || s->incident == 0 || (is_well(s->verdict) && !s->flapping))
        return;
    if (s->silenced || engine_incident(w->engine, s->incident)->acked || s->caused_by != MODEL_NONE || judge_need_failed(w, service))
        return;
    if (i->not_ok < (works ? 2 * sos->after : sos->after) || (i->sos && w->real - i->sos_real < sos->repeat))
        return;
    world_break(w, "6: no SOS for s%zu, not well for %llu ms%s", service, (unsigned long long)(i->not_ok / 1000000), i->sos ? ", and none again" : "");
}

void judge_cleared(struct world *w, const struct engine_event *event)
{
    size_t room;
    const struct engine_incident *all = engine_incidents(w->engine, &room);

    for (size_t i = 0; i < room; i++)
        if (all[i].id > 0 && all[i].ending == INCIDENT_RECOVERED && of(w)->incidents[all[i].id % JUDGE_INCIDENTS].delivered)
            world_break(w, "6: incident %llu has recovered, its SOS was delivered, and there is no all-clear (event %d)", (unsigned long long)all[i].id,
                        event ? (int)event->kind : -1);
}
