/* Operations that wait for a free child or descriptor: see waiting.h. */
#include "waiting.h"

#include "turn.h"

#include <stddef.h>

#define LOOK_AGAIN UINT64_C(100000000) /* descriptors are freed by others as well: libraries, other processes */

static struct waiting *first, **end = &first;
static struct post post;
static ev_timer timer;

/* Those that wait now: who comes back waits for the next time. */
static void retry_all(void)
{
    size_t n = 0;

    for (const struct waiting *waiting = first; waiting; waiting = waiting->next)
        n++;
    while (first && n-- > 0) {
        struct waiting *waiting = first;

        waiting_remove(waiting);
        waiting->retry(waiting);
    }
    if (first)
        turn_timer(&timer, LOOK_AGAIN);
}

static void on_timer(struct ev_loop *loop, ev_timer *fired, int events)
{
    (void)loop, (void)fired, (void)events;
    retry_all();
}

static void on_post(struct post *posted)
{
    (void)posted;
    retry_all();
}

void waiting_add(struct waiting *waiting, void (*retry)(struct waiting *))
{
    waiting->retry = retry;
    waiting->since = turn_now();
    waiting->next = NULL;
    waiting->at = end;
    *end = waiting;
    end = &waiting->next;
    if (!ev_is_active(&timer)) {
        ev_init(&timer, on_timer);
        turn_timer(&timer, LOOK_AGAIN);
    }
}

void waiting_remove(struct waiting *waiting)
{
    if (!waiting->at)
        return;
    *waiting->at = waiting->next;
    if (waiting->next)
        waiting->next->at = waiting->at;
    else
        end = waiting->at;
    waiting->at = NULL;
    waiting->took += turn_now() - waiting->since;
}

bool waiting_was_long(const struct waiting *waiting, uint64_t began)
{
    const uint64_t now = turn_now(), took = waiting->took + (waiting->at ? now - waiting->since : 0);

    return took > 0 && took >= (now - began) / 2;
}

void waiting_stir(void)
{
    if (first)
        turn_post(&post, on_post);
}
