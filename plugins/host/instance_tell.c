/* What instances tell the core by and by: nudges, many of which count as one, and the few bytes that outlive a restart. */
#include "instance.h"

#include "turn.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

#define NUDGE_DISTANCE UINT64_C(100000000) /* the core keeps a longer one; this keeps the wire from being flooded */
#define SAVE_DISTANCE UINT64_C(1000000000)

/* ---- nudges */

static void on_nudge_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    instance_nudge(timer->data);
}

void instance_nudge(struct instance *instance)
{
    const uint64_t now = turn_now();

    if (instance->owner.over)
        return;
    instance->nudged = true;
    if (instance->run)
        return; /* told when it is over */
    if (instance->nudged_at && now - instance->nudged_at < NUDGE_DISTANCE) {
        if (!ev_is_active(&instance->nudge_timer))
            turn_timer(&instance->nudge_timer, NUDGE_DISTANCE - (now - instance->nudged_at));
        return;
    }
    instance->nudged = false;
    instance->nudged_at = now;
    wire_nudge(instance->id.text);
}

/* ---- saved bytes */

static void tell_saved(struct instance *instance)
{
    instance->changed = false;
    instance->saved_at = turn_now();
    wire_save(instance->id.text, instance->saved, instance->n_saved);
}

static void on_save_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct instance *instance = timer->data;

    (void)loop, (void)events;
    if (instance->changed)
        tell_saved(instance);
}

void instance_save(struct instance *instance, const void *bytes, size_t n)
{
    const uint64_t now = turn_now();
    char text[128];

    if (n > INSTANCE_SAVED) {
        snprintf(text, sizeof text, "the plugin wanted to save %zu bytes; at most %d are kept, and nothing was changed", n, INSTANCE_SAVED);
        wire_log(&instance->owner, TALON_WARNING, text);
        return;
    }
    if (instance->n_saved == n && (n == 0 || memcmp(instance->saved, bytes, n) == 0))
        return;
    if (n > 0)
        memcpy(instance->saved, bytes, n);
    instance->n_saved = n;
    instance->changed = true;
    if (!instance->saved_at || now - instance->saved_at >= SAVE_DISTANCE)
        tell_saved(instance);
    else if (!ev_is_active(&instance->save_timer))
        turn_timer(&instance->save_timer, SAVE_DISTANCE - (now - instance->saved_at));
}

size_t instance_recall(const struct instance *instance, void *bytes, size_t n)
{
    if (bytes && n > 0)
        memcpy(bytes, instance->saved, n < instance->n_saved ? n : instance->n_saved);
    return instance->n_saved;
}

/* ---- life */

void instance_tell_init(struct instance *instance)
{
    ev_init(&instance->nudge_timer, on_nudge_timer);
    ev_init(&instance->save_timer, on_save_timer);
    instance->nudge_timer.data = instance->save_timer.data = instance;
}

void instance_tell_end(struct instance *instance)
{
    if (instance->changed)
        tell_saved(instance);
    ev_timer_stop(turn_loop(), &instance->nudge_timer);
    ev_timer_stop(turn_loop(), &instance->save_timer);
}
