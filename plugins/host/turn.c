/* The host's loop, turn by turn: see turn.h. */
#include "turn.h"

#include "base/os/clock.h"
#include "base/os/loop.h"
#include "owner.h"
#include "wire.h"

#include <stddef.h>

enum { STALLS = 64 };

#define STALL_LEAST (1 * (uint64_t)NS_PER_MS)

struct stall {
    uint64_t ended, length;
};

static struct ev_loop *loop;
static ev_prepare before;
static ev_check after;
static ev_idle soon; /* keeps the loop from sleeping while something is posted */
static struct post *posted, **posted_end = &posted;
static uint64_t turn_began; /* when this turn's events were gathered */
static struct stall stalls[STALLS]; /* a ring, the latest of them */
static unsigned n_stalls;

struct ev_loop *turn_loop(void)
{
    return loop;
}

uint64_t turn_now(void)
{
    return clock_awake();
}

uint64_t turn_start(void)
{
    return turn_began;
}

/* ---- what is posted */

void turn_post(struct post *post, void (*call)(struct post *))
{
    if (post->at)
        return;
    post->call = call;
    post->next = NULL;
    post->at = posted_end;
    *posted_end = post;
    posted_end = &post->next;
}

void turn_unpost(struct post *post)
{
    if (!post->at)
        return;
    *post->at = post->next;
    if (post->next)
        post->next->at = post->at;
    else
        posted_end = post->at;
    post->at = NULL;
}

/* A mark in the queue: what is posted behind it waits for the next turn, or two that post each other would never let an event through. */
static void call_posted(void)
{
    struct post mark = { .at = NULL };

    turn_post(&mark, NULL);
    while (posted != &mark) {
        struct post *post = posted;

        turn_unpost(post);
        post->call(post);
    }
    turn_unpost(&mark);
}

static void do_nothing(struct ev_loop *l, ev_idle *idle, int events)
{
    (void)l, (void)idle, (void)events;
}

/* ---- the turn */

static void end_turn(void)
{
    const uint64_t now = turn_now();

    if (now - turn_began < STALL_LEAST)
        return;
    stalls[n_stalls++ % STALLS] = (struct stall){ .ended = now, .length = now - turn_began };
}

static void on_before(struct ev_loop *l, ev_prepare *prepare, int events)
{
    (void)prepare, (void)events;
    if (posted)
        call_posted();
    owners_settle();
    wire_flush();
    if (posted)
        ev_idle_start(l, &soon);
    else
        ev_idle_stop(l, &soon);
    end_turn();
}

static void on_after(struct ev_loop *l, ev_check *check, int events)
{
    (void)l, (void)check, (void)events;
    turn_began = turn_now();
}

uint64_t turn_late_since(uint64_t began)
{
    const uint64_t now = turn_now();
    uint64_t worst = now - (turn_began > began ? turn_began : began);

    for (unsigned i = n_stalls; i > 0 && n_stalls - i < STALLS; i--) {
        const struct stall *stall = &stalls[(i - 1) % STALLS];
        const uint64_t within = stall->ended > began ? stall->ended - began : 0;

        if (within == 0)
            break;
        if ((stall->length < within ? stall->length : within) > worst)
            worst = stall->length < within ? stall->length : within;
    }
    return worst;
}

void turn_timer(ev_timer *timer, uint64_t ns)
{
    const uint64_t stale = turn_now() - turn_began;

    ev_timer_stop(loop, timer);
    if (ns == NEVER)
        return;
    ev_timer_set(timer, (double)ns / 1e9 + (double)stale / 1e9, 0.);
    ev_timer_start(loop, timer);
}

/* ---- life */

bool turn_init(void)
{
    loop = loop_create();
    if (!loop)
        return false;
    turn_began = turn_now();
    ev_prepare_init(&before, on_before);
    ev_check_init(&after, on_after);
    ev_idle_init(&soon, do_nothing);
    ev_set_priority(&before, EV_MINPRI);
    ev_set_priority(&after, EV_MAXPRI);
    ev_prepare_start(loop, &before);
    ev_check_start(loop, &after);
    return true;
}

void turn_run(void)
{
    ev_run(loop, 0);
}

void turn_stop(void)
{
    ev_break(loop, EVBREAK_ALL);
}

void turn_free(void)
{
    ev_loop_destroy(loop);
    loop = NULL;
}
