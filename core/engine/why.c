/* Why a service is judged as it is: one sentence of the facts that the engine holds, with durations, since a time of day says nothing about how long. */
#include "engine/engine_private.h"

#include "base/scalar.h"

#include <stdio.h>

enum { AGE = 32 };

static const char *age(char out[AGE], uint64_t ns)
{
    scalar_show_age(ns, out, AGE);
    return out;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- the check that decides ---- */

static void add_summary(const struct check *c, struct buffer *out)
{
    const struct result *last = c->shown.last;

    if (!last || (!last->summary[0] && !last->reason[0]))
        return;
    buffer_text(out, ": ");
    buffer_text(out, last->summary[0] ? last->summary : last->reason);
}

static void say_unheard(const struct engine *engine, size_t check, struct buffer *out)
{
    const struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];

    if (c->shown.unknown > 0)
        buffer_printf(out, "%s has told nothing yet, %u of the %u results that make it unknown", model->name, c->shown.unknown, model->unknown_after);
    else if (c->queue != QUEUE_NONE)
        buffer_printf(out, "%s has not been heard yet: its first run waits for the path %s", model->name, engine->t.model->paths[model->path].name);
    else
        buffer_printf(out, "%s has not been heard yet", model->name);
    add_summary(c, out);
}

static void say_starting(const struct engine *engine, size_t check, const char *since, struct buffer *out)
{
    const struct model_check *model = &engine->t.model->checks[check];
    char most[AGE];

    buffer_printf(out, "%s says that it is starting, for %s of at most %s", model->name, since, age(most, engine->t.model->services[model->service].start_timeout));
}

/* After a gap it may have as many bad results as it likes. */
static void say_suspect(const struct engine *engine, const struct moment *now, size_t check, const char *since, struct buffer *out)
{
    const struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];
    uint64_t spared = streaks_spared(engine, model->service, now->awake);
    char left[AGE];

    if (c->shown.bad < model->fail_after)
        buffer_printf(out, "%s has been suspect for %s, %u of the %u bad results that make it failed", model->name, since, c->shown.bad, model->fail_after);
    else if (spared > 0)
        buffer_printf(out, "%s has been suspect for %s, %u bad result%s in a row; the machine slept or Talon stood still, so it has %s more before it may fail",
                      model->name, since, c->shown.bad, plural(c->shown.bad), age(left, spared));
    else
        buffer_printf(out, "%s has been suspect for %s, %u bad result%s in a row; the machine slept or Talon stood still, so it may fail with the next one",
                      model->name, since, c->shown.bad, plural(c->shown.bad));
}

static void say_check(const struct engine *engine, const struct moment *now, size_t check, struct buffer *out)
{
    const struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];
    char since[AGE];

    age(since, now->elapsed - c->since_elapsed);
    switch (c->shown.verdict) {
    case VERDICT_NONE:
        say_unheard(engine, check, out);
        return;
    case VERDICT_FAILED:
        buffer_printf(out, "%s has been failed for %s, %u bad result%s in a row", model->name, since, c->shown.bad, plural(c->shown.bad));
        break;
    case VERDICT_SUSPECT:
        say_suspect(engine, now, check, since, out);
        break;
    case VERDICT_UNKNOWN:
        buffer_printf(out, "%s has been unknown for %s, %u result%s in a row could not tell", model->name, since, c->shown.unknown, plural(c->shown.unknown));
        break;
    case VERDICT_RECOVERING:
        buffer_printf(out, "%s has been recovering for %s, %u of the %u good results that make it ok", model->name, since, c->shown.good, model->recover_after);
        break;
    case VERDICT_STARTING:
        say_starting(engine, check, since, out);
        break;
    case VERDICT_STOPPED:
        buffer_printf(out, "%s has been stopped on purpose for %s", model->name, since);
        break;
    case VERDICT_WARN:
        buffer_printf(out, "%s has warned for %s", model->name, since);
        break;
    case VERDICT_OK: /* nearly all of them are, each time: no printf for that */
        buffer_text(out, model->name);
        buffer_text(out, " has been ok for ");
        buffer_text(out, since);
        break;
    }
    add_summary(c, out);
}

/* ---- the service ---- */

static void say_others(const struct engine *engine, size_t service, struct buffer *out)
{
    const struct model_service *model = &engine->t.model->services[service];
    const struct service *s = &engine->t.services[service];
    size_t n = 0;

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        n += service_judged_by(engine->t.model, i) && engine->t.checks[i].shown.verdict == s->shown.verdict;
    if (n > 1)
        buffer_printf(out, "; %zu more check%s as well", n - 1, plural(n - 1));
}

static void say_well(const struct engine *engine, const struct moment *now, size_t service, struct buffer *out)
{
    const struct service *s = &engine->t.services[service];
    const struct model_service *model = &engine->t.model->services[service];
    size_t n = 0;
    char since[AGE];

    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++)
        n += service_judged_by(engine->t.model, i);
    if (n == 1)
        say_check(engine, now, s->shown.decided_by, out);
    else
        buffer_printf(out, "all %zu checks have been ok for %s", n, age(since, now->elapsed - s->since_elapsed));
}

static void say_waiting(const struct engine *engine, const struct moment *now, const struct service *s, struct buffer *out)
{
    const char *need = engine->t.model->services[s->shown.waiting_for].name;
    uint64_t until = s->hold_from + s->wait;
    char left[AGE];

    if (s->grace_until > now->awake)
        buffer_printf(out, "; waiting for %s: it is back, and this may take %s more to come back as well", need, age(left, s->grace_until - now->awake));
    else if (s->first_bad == NEVER && s->graced_by != MODEL_NONE)
        buffer_printf(out, "; waiting for %s: it is back, and this has had its time to come back as well, so it is looked at once more, at most %s more", need,
                      age(left, until > now->awake ? until - now->awake : 0));
    else
        buffer_printf(out, "; waiting for %s, which has to be heard anew, at most %s more, before the cause is told", need,
                      age(left, until > now->awake ? until - now->awake : 0));
}

static void say_cause(const struct engine *engine, const struct moment *now, size_t service, struct buffer *out)
{
    const struct service *s = &engine->t.services[service];
    const struct model *model = engine->t.model;

    if (s->shown.caused_by != MODEL_NONE)
        buffer_printf(out, "; caused by %s, which is %s", model->services[s->shown.caused_by].name,
                      engine_verdict_name(engine->t.services[s->shown.caused_by].shown.verdict));
    else if (s->shown.waiting_for != MODEL_NONE)
        say_waiting(engine, now, s, out);
    else if (s->shown.uncertain)
        buffer_text(out, "; it counts as a root cause, though not everything that it needs is known to be well");
    else if (s->shown.root && model->services[service].n_needs > 0)
        buffer_text(out, "; everything that it needs is well, so it is a root cause");
    else if (s->shown.root)
        buffer_text(out, "; it needs nothing else, so it is a root cause");
}

void engine_why(const struct engine *engine, const struct moment *now, size_t service, struct buffer *out)
{
    const struct service *s;

    if (!engine_service(engine, service))
        return;
    s = &engine->t.services[service];
    if (!s->watched) {
        buffer_text(out, engine->t.model->services[service].enabled ? "not watched: all of its checks are disabled" : "not watched: it is disabled");
        return;
    }
    if (s->shown.verdict == VERDICT_OK) {
        say_well(engine, now, service, out);
    } else {
        say_check(engine, now, s->shown.decided_by, out);
        say_others(engine, service, out);
    }
    if (engine->t.checks[s->shown.decided_by].shown.stale)
        buffer_text(out, "; this is stale, nothing newer has come");
    say_cause(engine, now, service, out);
}
