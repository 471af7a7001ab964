/*
 * A run's begin and end. Its locks first, since they cost nothing to give back; then its intent, after whatever else repair has to keep, so that what is on the disk with
 * the intent is no older than it. The machine is told at a later turn of the loop: when the intent is durable, or that it never will be.
 */
#include "daemon_heal.h"
#include "daemon_private.h"

#include "base/os/log.h"

#include <stdio.h>

static struct heal_take *take_of(struct daemon_heal *h, uint64_t run)
{
    for (size_t i = 0; i < HEAL_TAKES; i++)
        if (h->takes[i].state != TAKE_FREE && h->takes[i].run == run)
            return &h->takes[i];
    return NULL;
}

static struct heal_take *free_take(struct daemon_heal *h)
{
    for (size_t i = 0; i < HEAL_TAKES; i++)
        if (h->takes[i].state == TAKE_FREE)
            return &h->takes[i];
    return NULL;
}

/* ---- begin */

static void store_intent_of(struct daemon *d, const struct moment *now, struct heal_take *take, const struct heal_effect *effect)
{
    const struct memory_intent intent = { .runbook = effect->of.take.runbook->name, .service = effect->of.take.service, .incident = effect->of.take.incident,
                                          .by_hand = effect->of.take.by_hand, .counts = effect->of.take.runbook->impact > MODEL_OBSERVE,
                                          .who = effect->of.take.who, .reason = effect->of.take.reason };

    daemon_heal_keep(d, now);
    take->intent = memory_intent(d->memory, now, &intent);
    take->state = take->intent > 0 ? TAKE_STORING : TAKE_DUE;
    if (take->state == TAKE_DUE)
        daemon_heal_soon(d);
}

void heal_runs_take(struct daemon *d, const struct moment *now, const struct heal_effect *effect)
{
    const struct model_runbook *runbook = effect->of.take.runbook;
    struct heal_take *take = free_take(d->heal);
    char who[FILES_HOLDER];
    const char *lock;

    if (!take) {
        log_error("a repair is not begun: too many run already", "runbook", runbook->name, NULL); /* the machine's own bounds are far below */
        return;
    }
    *take = (struct heal_take){ .run = effect->run };
    snprintf(who, sizeof who, "talon: %.60s of %.60s", runbook->name, effect->of.take.service);
    heal_story_begin(d->heal, effect->run, runbook->name, effect->of.take.service, now->wall);
    take->locks = locks_take(state_folder(d->state), runbook->limits.locks, who, &lock, take->holder);
    if (take->locks) {
        store_intent_of(d, now, take, effect);
        return;
    }
    take->state = TAKE_REFUSED;
    snprintf(take->lock, sizeof take->lock, "%s", lock ? lock : "");
    daemon_heal_soon(d);
}

static void tell_refused(struct daemon *d, const struct moment *now, struct heal_take *take)
{
    const struct heal_take refused = *take; /* its place may be taken again while the machine is told */
    struct heal_story *story = heal_story_of(d->heal, take->run);

    take->state = TAKE_FREE;
    if (story) { /* nothing of it has happened, which somebody may wait for */
        story->over = story->refused = true;
        story->ended = now->wall;
        snprintf(story->why, sizeof story->why, "the lock %s is held by %s", refused.lock, refused.holder);
    }
    daemon_heal_tell(d, now, &(struct heal_event){ .kind = HEAL_NOT_TAKEN, .of.not_taken = { .run = refused.run, .lock = refused.lock, .holder = refused.holder } });
}

static void tell_taken(struct daemon *d, const struct moment *now, struct heal_take *take)
{
    take->state = TAKE_RUNNING;
    d->heal->last_run = now->wall;
    daemon_heal_tell(d, now, &(struct heal_event){ .kind = HEAL_TAKEN, .of.taken = { .run = take->run, .durable = take->durable } });
}

void heal_runs_answer(struct daemon *d, const struct moment *now)
{
    for (size_t i = 0; i < HEAL_TAKES; i++) {
        if (d->heal->takes[i].state == TAKE_REFUSED)
            tell_refused(d, now, &d->heal->takes[i]);
        else if (d->heal->takes[i].state == TAKE_DUE)
            tell_taken(d, now, &d->heal->takes[i]);
    }
}

/* What is not on the disk when the store goes down is there some day, and says by then how it ended. */
void heal_runs_news(struct daemon *d, const struct moment *now, const struct store_news *news)
{
    for (size_t i = 0; i < HEAL_TAKES; i++) {
        struct heal_take *take = &d->heal->takes[i];

        if (take->state != TAKE_STORING)
            continue;
        take->durable = news->kind == STORE_DURABLE && news->intent == take->intent;
        if (take->durable || news->kind == STORE_WENT_DOWN)
            tell_taken(d, now, take);
    }
}

/* ---- end */

void heal_runs_over(struct daemon *d, const struct moment *now, const struct heal_effect *effect)
{
    struct heal_take *take = take_of(d->heal, effect->run);
    struct heal_story *story = heal_story_of(d->heal, effect->run);

    if (story) {
        story->over = true;
        story->outcome = effect->of.over.outcome;
        story->ended = now->wall;
        snprintf(story->why, sizeof story->why, "%s", effect->of.over.why);
    }
    if (!take)
        return;
    daemon_heal_keep(d, now);
    memory_intent_ended(d->memory, now, take->intent, heal_outcome_word(effect->of.over.outcome));
    locks_give(take->locks);
    *take = (struct heal_take){ .state = TAKE_FREE };
}

void heal_runs_free(struct daemon *d)
{
    for (size_t i = 0; i < HEAL_TAKES; i++)
        if (d->heal->takes[i].state != TAKE_FREE)
            locks_give(d->heal->takes[i].locks);
}
