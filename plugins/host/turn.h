/*
 * The host's loop, turn by turn. What must not be called before a service has returned is posted, and called at the start of the next turn.
 * What is written to the core goes out once at a turn's end. How long each turn kept events waiting is remembered, so that a run can say how
 * late its host was.
 */
#ifndef HOST_TURN_H
#define HOST_TURN_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#define NEVER UINT64_MAX

struct post {
    struct post *next, **at; /* at NULL: not posted */
    void (*call)(struct post *);
};

/* The loop; exists after turn_init(). */
struct ev_loop *turn_loop(void);
/* False: no memory or no descriptor. */
bool turn_init(void);
/* Turns until turn_stop(). */
void turn_run(void);
void turn_stop(void);
void turn_free(void);
/* ns, monotonic. */
uint64_t turn_now(void);
/* Calls call(post) at the start of the next turn. Once posted, a second time does nothing. */
void turn_post(struct post *post, void (*call)(struct post *));
void turn_unpost(struct post *post);
/* Starts (or moves) a timer that fires ns from now, truly from now: the loop's own idea of now is as old as the turn. NEVER: stops it. */
void turn_timer(ev_timer *timer, uint64_t ns);
/* When this turn's events were gathered, by turn_now(). */
uint64_t turn_start(void);
/* The longest time for which an event may have waited since that moment. */
uint64_t turn_late_since(uint64_t began);

#endif
