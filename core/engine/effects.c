/*
 * What is to be done after an event. The list has room for the most that one event can ask for (tables.c), so that asking never fails.
 *
 * PUBLISH means that people see something new. A turn of anything is published at once; what every result brings (its time, its numbers)
 * at most once a second, because a snapshot costs more than a result and a thousand checks have results all the time.
 */
#include "engine/engine_private.h"

#include <stdarg.h>
#include <stdio.h>

#define REFRESH_DISTANCE ((uint64_t)NS_PER_S)

static struct engine_effect *add(struct engine *engine, enum engine_effect_kind kind)
{
    struct engine_effect *effect;

    if (engine->n_effects == engine->t.most_effects) {
        engine->n_effects--;
        engine->lost_effects++;
    }
    effect = &engine->t.effects[engine->n_effects++];
    effect->kind = kind;
    return effect;
}

void effects_start(struct engine *engine, size_t check)
{
    const struct check *c = &engine->t.checks[check];
    struct engine_effect *effect = add(engine, EFFECT_START_CHECK);

    effect->of.start.check = check;
    effect->of.start.run = c->run;
    effect->of.start.timeout = engine->t.model->checks[check].timeout;
    effect->of.start.cause = c->cause;
}

void effects_cancel(struct engine *engine, uint64_t run)
{
    add(engine, EFFECT_CANCEL)->of.cancel.run = run;
}

void effects_record(struct engine *engine, enum engine_record kind, size_t index, enum engine_verdict from, enum engine_verdict to)
{
    struct engine_effect *effect = add(engine, EFFECT_RECORD);

    effect->of.record.kind = kind;
    effect->of.record.index = index;
    effect->of.record.from = (int)from;
    effect->of.record.to = (int)to;
}

void effects_say(struct engine *engine, enum say level, size_t service, size_t check, const char *format, ...)
{
    struct engine_effect *effect = add(engine, EFFECT_LOG);
    va_list ap;

    effect->of.log.level = (int)level;
    effect->of.log.service = service;
    effect->of.log.check = check;
    va_start(ap, format);
    vsnprintf(effect->of.log.text, sizeof effect->of.log.text, format, ap);
    va_end(ap);
}

void effects_judged(struct engine *engine, size_t check, uint64_t run)
{
    const struct check *c = &engine->t.checks[check];
    struct engine_effect *effect = add(engine, EFFECT_JUDGED);

    effect->of.judged.check = check;
    effect->of.judged.run = run;
    effect->of.judged.begun = c->begun;
    effect->of.judged.cause = c->cause;
    effect->of.judged.result = c->shown.last;
}

void effects_observe(struct engine *engine, uint64_t asked)
{
    add(engine, EFFECT_OBSERVE)->of.observe.asked = asked;
}

void effects_collect(struct engine *engine, uint64_t incident, size_t service)
{
    struct engine_effect *effect = add(engine, EFFECT_COLLECT);

    effect->of.collect.incident = incident;
    effect->of.collect.service = service;
}

void effects_notice(struct engine *engine, enum engine_notice notice, enum engine_level level, uint64_t incident, size_t service, bool over, const char *format, ...)
{
    struct engine_effect *effect = add(engine, EFFECT_NOTIFY);
    va_list ap;

    effect->of.notify.notice = notice;
    effect->of.notify.level = level;
    effect->of.notify.incident = incident;
    effect->of.notify.service = service;
    effect->of.notify.over = over;
    va_start(ap, format);
    vsnprintf(effect->of.notify.text, sizeof effect->of.notify.text, format, ap);
    va_end(ap);
}

static void close_publish(struct engine *engine)
{
    engine->changes += engine->publish;
    if (engine->publish_later && engine->now.awake - engine->published_at >= REFRESH_DISTANCE)
        engine->publish = true;
    if (!engine->publish)
        return;
    add(engine, EFFECT_PUBLISH);
    engine->publish = engine->publish_later = false;
    engine->published_at = engine->now.awake;
}

void effects_close(struct engine *engine, bool always)
{
    size_t item;
    uint64_t wake = heap_least(&engine->t.due, &item), clock = clocks_next(engine);

    if (clock < wake)
        wake = clock;
    close_publish(engine);
    if (engine->publish_later && engine->published_at + REFRESH_DISTANCE < wake)
        wake = engine->published_at + REFRESH_DISTANCE;
    if (wake == engine->woken_for && !always)
        return;
    engine->woken_for = wake;
    add(engine, EFFECT_WAKE_AT)->of.wake.awake = wake;
}
