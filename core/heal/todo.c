/* What is to be done after an event. The list has its room from the model; what fills it up waits for the next event (todo_room()). */
#include "heal/heal_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RESERVE = 64 };

bool todo_room(const struct heal *heal)
{
    return heal->n_effects + RESERVE < heal->most_effects;
}

struct heal_effect *todo_add(struct heal *heal, enum heal_effect_kind kind, uint64_t run)
{
    struct heal_effect *effect;

    if (heal->n_effects == heal->most_effects) {
        heal->n_effects--;
        heal->lost_effects++;
    }
    effect = &heal->effects[heal->n_effects++];
    memset(effect, 0, sizeof *effect);
    effect->kind = kind;
    effect->run = run;
    return effect;
}

void todo_check(struct heal *heal, size_t check)
{
    if (heal->wanted[check])
        return;
    heal->wanted[check] = true;
    todo_add(heal, HEAL_CHECK, 0)->of.check.check = check;
}

void todo_keep(struct heal *heal, size_t record, size_t ladder)
{
    struct heal_effect *effect = todo_add(heal, HEAL_KEEP, 0);

    effect->of.keep.record = record;
    effect->of.keep.ladder = ladder;
}

void todo_tell(struct heal *heal, uint64_t run, size_t service, uint64_t incident, enum engine_entry_kind entry, const char *who, const char *format, ...)
{
    struct heal_effect *effect = todo_add(heal, HEAL_TELL, run);
    size_t ladder = incident > 0 ? ladder_find(heal, incident) : MODEL_NONE;
    va_list ap;

    effect->of.tell.healing.service = service;
    effect->of.tell.healing.incident = incident;
    effect->of.tell.healing.entry = entry;
    effect->of.tell.healing.ours = heal->subjects[service].ours;
    effect->of.tell.healing.repairs = run_find(heal, run) && run_counts(run_find(heal, run));
    if (ladder != MODEL_NONE) {
        effect->of.tell.healing.place = heal->ladders[ladder].place;
        heal->ladders[ladder].told_place = heal->ladders[ladder].place;
    }
    snprintf(effect->of.tell.who, sizeof effect->of.tell.who, "%s", who ? who : "");
    effect->of.tell.healing.who = effect->of.tell.who;
    heal->publish = true;
    if (!format)
        return;
    va_start(ap, format);
    vsnprintf(effect->of.tell.text, sizeof effect->of.tell.text, format, ap);
    va_end(ap);
}

void todo_notify(struct heal *heal, enum engine_notice notice, enum engine_level level, uint64_t incident, size_t service, bool over, const char *format, ...)
{
    struct heal_effect *effect = todo_add(heal, HEAL_NOTIFY, 0);
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

/* ---- time */

void todo_wake(struct heal *heal, uint64_t awake)
{
    if (awake < heal->wake)
        heal->wake = awake;
}

void todo_wake_elapsed(struct heal *heal, uint64_t elapsed)
{
    if (elapsed == NEVER)
        return;
    if (elapsed < heal->wake_elapsed)
        heal->wake_elapsed = elapsed;
    todo_wake(heal, elapsed > heal->now.elapsed ? heal->now.awake + (elapsed - heal->now.elapsed) : heal->now.awake);
}

void todo_close(struct heal *heal)
{
    memset(heal->wanted, 0, heal->model->n_checks * sizeof *heal->wanted);
    if (heal->publish)
        todo_add(heal, HEAL_PUBLISH, 0);
    heal->publish = false;
    if (heal->wake == heal->woken_for)
        return;
    heal->woken_for = heal->wake;
    todo_add(heal, HEAL_WAKE_AT, 0)->of.wake.awake = heal->wake;
}
