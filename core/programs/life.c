/* The life of a supervised program: see life.h. First what is done, then a function for each event, then the table that joins them. */
#include "programs/life.h"

#define PORT_AGAIN ((uint64_t)2000000000u) /* ns between two looks at a port that is taken */

static const char *const names[LIFE_STATES] = { [LIFE_STOPPED] = "stopped", [LIFE_ASKING] = "asking", [LIFE_OWNED] = "owned by another", [LIFE_PREFLIGHT] = "preflight",
                                                [LIFE_PORT] = "waiting for its port", [LIFE_REFUSED] = "refused", [LIFE_STARTING] = "starting",
                                                [LIFE_RUNNING] = "running", [LIFE_DRAINING] = "draining", [LIFE_BACKOFF] = "backing off" };

const char *life_state_name(enum life_state state)
{
    return names[state];
}

bool life_lives(const struct life *life)
{
    return life->state == LIFE_STARTING || life->state == LIFE_RUNNING || life->state == LIFE_DRAINING;
}

/* ---- what is done */

static void want(struct life *m, enum life_effect effect)
{
    if (m->n_effects < LIFE_EFFECTS)
        m->effects[m->n_effects++] = effect;
}

static void enter(struct life *m, uint64_t now, enum life_state state, uint64_t due)
{
    if (m->state != state)
        m->since = now;
    m->state = state;
    m->due = due;
}

static void rest(struct life *m, uint64_t now)
{
    m->again = false;
    enter(m, now, LIFE_STOPPED, LIFE_NEVER);
}

static void look_at_port(struct life *m, uint64_t now)
{
    enter(m, now, LIFE_PORT, LIFE_NEVER);
    want(m, LIFE_LOOK_AT_PORT);
}

static void do_start(struct life *m, uint64_t now)
{
    if (!m->keeper) { /* it went meanwhile: from the beginning, when another one is there */
        enter(m, now, LIFE_ASKING, LIFE_NEVER);
        return;
    }
    m->changed = false;
    enter(m, now, LIFE_STARTING, LIFE_NEVER);
    want(m, LIFE_DO_START);
}

static void after_preflight(struct life *m, uint64_t now)
{
    if (m->plan.port)
        look_at_port(m, now);
    else
        do_start(m, now);
}

/* Towards running, as far as that may be. */
static void attempt(struct life *m, uint64_t now)
{
    if (!m->wanted || m->removed) {
        rest(m, now);
    } else if (m->owner == OWNER_OTHER) {
        enter(m, now, LIFE_OWNED, LIFE_NEVER);
    } else if (!m->keeper || m->owner == OWNER_UNKNOWN) {
        enter(m, now, LIFE_ASKING, LIFE_NEVER);
    } else if (m->plan.preflight) {
        enter(m, now, LIFE_PREFLIGHT, LIFE_NEVER);
        want(m, LIFE_DO_PREFLIGHT);
    } else {
        after_preflight(m, now);
    }
}

static void pause_before_next(struct life *m, uint64_t now)
{
    const uint64_t pause = m->pause;

    m->pause = pause > m->plan.longest / 2 ? m->plan.longest : 2 * pause;
    enter(m, now, LIFE_BACKOFF, now + pause);
}

static void end_call(struct life *m)
{
    if (m->calling)
        want(m, LIFE_END_CALL);
    m->calling = false;
}

static void drain(struct life *m, uint64_t now, int then)
{
    end_call(m);
    m->then = then;
    enter(m, now, LIFE_DRAINING, LIFE_NEVER);
    want(m, LIFE_DO_STOP);
}

/* It is not running, whatever else it was about to do is left. */
static void leave(struct life *m)
{
    if (m->state == LIFE_PREFLIGHT)
        want(m, LIFE_END_PREFLIGHT);
}

/* ---- its process */

static void lives(struct life *m, uint64_t now)
{
    m->started = now;
    m->was_well = false;
    m->ill = 0;
    m->calls = 0;
    m->told_port = false;
    enter(m, now, LIFE_RUNNING, LIFE_NEVER);
}

static void on_started(struct life *m, uint64_t now)
{
    if (m->state != LIFE_STARTING)
        return;
    m->restarts += m->again;
    m->again = false;
    lives(m, now);
    if (!m->wanted || m->removed || m->owner == OWNER_OTHER) {
        drain(m, now, THEN_REST);
    } else if (m->changed) {
        drain(m, now, THEN_START);
    } else if (m->plan.call) {
        m->due = now + m->plan.call_after;
    }
}

static void on_not_started(struct life *m, uint64_t now)
{
    if (m->state != LIFE_STARTING)
        return;
    if (m->wanted && !m->removed && m->owner != OWNER_OTHER && !m->changed)
        pause_before_next(m, now);
    else
        attempt(m, now);
}

/* Its process has gone by itself. */
static void failed(struct life *m, uint64_t now)
{
    end_call(m);
    want(m, LIFE_TELL_ENDED);
    if (now - m->started >= m->plan.good)
        m->pause = m->plan.first;
    m->again = true;
    pause_before_next(m, now);
}

static void drained(struct life *m, uint64_t now)
{
    if (m->then == THEN_PAUSE && m->wanted && !m->removed && m->owner != OWNER_OTHER) {
        if (now - m->started >= m->plan.good)
            m->pause = m->plan.first;
        m->again = true;
        pause_before_next(m, now);
    } else {
        attempt(m, now);
    }
}

static void on_ended(struct life *m, uint64_t now)
{
    if (m->state == LIFE_RUNNING)
        failed(m, now);
    else if (m->state == LIFE_DRAINING)
        drained(m, now);
    else if (m->state == LIFE_ASKING) /* while there was no core */
        m->again = true;
}

/* ---- the keeper */

static void on_found(struct life *m, uint64_t now)
{
    m->keeper = true;
    if (m->state == LIFE_RUNNING)
        return;
    if (m->state == LIFE_DRAINING) {
        want(m, LIFE_DO_STOP); /* the keeper before this one may not have got far */
        return;
    }
    leave(m);
    lives(m, now);
    if (!m->wanted || m->removed || m->owner == OWNER_OTHER)
        drain(m, now, THEN_REST);
}

static void on_missing(struct life *m, uint64_t now)
{
    m->keeper = true;
    if (m->state == LIFE_RUNNING || m->state == LIFE_DRAINING)
        on_ended(m, now);
    else if (m->state == LIFE_ASKING || m->state == LIFE_STARTING)
        attempt(m, now);
}

static void on_keeper_gone(struct life *m, uint64_t now)
{
    m->keeper = false;
    if (m->state == LIFE_STARTING)
        enter(m, now, LIFE_ASKING, LIFE_NEVER);
}

/* ---- another supervisor */

static void on_loaded(struct life *m, uint64_t now)
{
    const bool news = m->owner != OWNER_OTHER;

    m->owner = OWNER_OTHER;
    m->unanswered = 0;
    if (news && m->wanted)
        want(m, LIFE_TELL_OWNED);
    if (m->state == LIFE_RUNNING) {
        drain(m, now, THEN_REST);
    } else if (m->state != LIFE_STOPPED && !life_lives(m)) {
        leave(m);
        attempt(m, now);
    }
}

static void on_not_loaded(struct life *m, uint64_t now)
{
    m->owner = OWNER_NONE;
    m->unanswered = 0;
    if (m->state == LIFE_OWNED || m->state == LIFE_ASKING)
        attempt(m, now);
}

/* What is known stays so; where nothing ever was, nobody is assumed to own it after a while: a tool that is broken must not keep the program down. */
static void on_not_answered(struct life *m, uint64_t now)
{
    if (m->owner != OWNER_UNKNOWN || ++m->unanswered < LIFE_UNANSWERED)
        return;
    want(m, LIFE_TELL_UNANSWERED);
    on_not_loaded(m, now);
}

/* ---- before it runs */

static void on_passed(struct life *m, uint64_t now)
{
    if (m->state == LIFE_PREFLIGHT)
        after_preflight(m, now);
}

static void on_not_passed(struct life *m, uint64_t now)
{
    if (m->state != LIFE_PREFLIGHT)
        return;
    want(m, LIFE_TELL_PREFLIGHT);
    pause_before_next(m, now);
}

static void on_port_free(struct life *m, uint64_t now)
{
    if (m->state == LIFE_PORT)
        do_start(m, now);
}

static void on_port_taken(struct life *m, uint64_t now)
{
    if (m->state != LIFE_PORT)
        return;
    if (!m->told_port)
        want(m, LIFE_TELL_PORT);
    m->told_port = true;
    if (m->plan.refuses)
        enter(m, now, LIFE_REFUSED, LIFE_NEVER);
    else
        m->due = now + PORT_AGAIN;
}

/* ---- while it runs */

static void on_called(struct life *m, uint64_t now)
{
    (void)now;
    m->calling = false;
}

static void on_not_called(struct life *m, uint64_t now)
{
    if (m->state != LIFE_RUNNING || !m->calling)
        return;
    m->calling = false;
    if (m->calls < m->plan.call_tries)
        m->due = now + m->plan.call_every;
    else
        want(m, LIFE_TELL_CALL);
}

static void on_well(struct life *m, uint64_t now)
{
    (void)now;
    m->was_well = m->was_well || m->state == LIFE_RUNNING;
    m->ill = 0;
}

static void on_ill(struct life *m, uint64_t now)
{
    if (m->state != LIFE_RUNNING || (!m->was_well && now - m->started < m->plan.health_start) || ++m->ill < m->plan.health_failures)
        return;
    want(m, LIFE_TELL_ILL);
    drain(m, now, THEN_PAUSE);
}

/* ---- people, and the configuration */

static void on_start(struct life *m, uint64_t now)
{
    m->wanted = true;
    m->pause = m->plan.first;
    m->told_port = false;
    if (m->state == LIFE_DRAINING)
        m->then = THEN_START;
    else if (m->state == LIFE_STOPPED || m->state == LIFE_BACKOFF || m->state == LIFE_REFUSED)
        attempt(m, now);
}

static void on_stop(struct life *m, uint64_t now)
{
    m->wanted = false;
    m->then = THEN_REST;
    if (m->state == LIFE_RUNNING) {
        drain(m, now, THEN_REST);
    } else if (!life_lives(m)) {
        leave(m);
        rest(m, now);
    }
}

static void on_restart(struct life *m, uint64_t now)
{
    if (m->state != LIFE_RUNNING) {
        on_start(m, now);
        return;
    }
    m->wanted = true;
    m->pause = m->plan.first;
    drain(m, now, THEN_START);
}

static void take_plan(struct life *m, const struct life_plan *plan)
{
    m->plan = *plan;
    m->owner = plan->owned ? OWNER_UNKNOWN : OWNER_NONE;
    m->unanswered = 0;
    m->pause = plan->first;
    m->told_port = false;
}

static void on_changed(struct life *m, uint64_t now, const struct life_plan *plan)
{
    take_plan(m, plan);
    if (m->state == LIFE_RUNNING) {
        drain(m, now, THEN_START);
    } else if (m->state == LIFE_STARTING) {
        m->changed = true;
    } else if (m->state == LIFE_DRAINING) {
        m->then = THEN_START;
    } else if (m->state != LIFE_STOPPED) {
        leave(m);
        attempt(m, now);
    }
}

static void on_adjusted(struct life *m, uint64_t now, const struct life_plan *plan)
{
    const uint64_t before = m->plan.owned;

    m->plan = *plan;
    if (plan->owned == before)
        return;
    m->owner = plan->owned ? OWNER_UNKNOWN : OWNER_NONE;
    m->unanswered = 0;
    if (m->state == LIFE_OWNED || m->state == LIFE_ASKING || m->state == LIFE_PREFLIGHT || m->state == LIFE_PORT) {
        leave(m);
        attempt(m, now);
    }
}

static void on_removed(struct life *m, uint64_t now)
{
    m->removed = true;
    on_stop(m, now);
}

/* ---- time */

static void on_time(struct life *m, uint64_t now)
{
    if (now < m->due)
        return;
    m->due = LIFE_NEVER;
    if (m->state == LIFE_BACKOFF) {
        attempt(m, now);
    } else if (m->state == LIFE_PORT) {
        after_preflight(m, now);
    } else if (m->state == LIFE_RUNNING) {
        m->calls++;
        m->calling = true;
        want(m, LIFE_DO_CALL);
    }
}

/* ---- events */

static void (*const handlers[LIFE_EVENTS])(struct life *, uint64_t) = {
    [LIFE_TIME] = on_time, [LIFE_FOUND] = on_found, [LIFE_MISSING] = on_missing, [LIFE_KEEPER_GONE] = on_keeper_gone, [LIFE_LOADED] = on_loaded,
    [LIFE_NOT_LOADED] = on_not_loaded, [LIFE_NOT_ANSWERED] = on_not_answered, [LIFE_PASSED] = on_passed, [LIFE_NOT_PASSED] = on_not_passed,
    [LIFE_PORT_FREE] = on_port_free, [LIFE_PORT_TAKEN] = on_port_taken, [LIFE_STARTED] = on_started, [LIFE_NOT_STARTED] = on_not_started,
    [LIFE_ENDED] = on_ended, [LIFE_CALLED] = on_called, [LIFE_NOT_CALLED] = on_not_called, [LIFE_WELL] = on_well, [LIFE_ILL] = on_ill,
    [LIFE_START] = on_start, [LIFE_STOP] = on_stop, [LIFE_RESTART] = on_restart, [LIFE_REMOVED] = on_removed,
};

void life_begin(struct life *life, const struct life_plan *plan, bool wanted, uint64_t restarts, uint64_t now)
{
    *life = (struct life){ .state = wanted ? LIFE_ASKING : LIFE_STOPPED, .wanted = wanted, .restarts = restarts, .since = now, .due = LIFE_NEVER };
    take_plan(life, plan);
}

void life_event(struct life *life, uint64_t now, const struct life_event *event)
{
    life->n_effects = 0;
    if (event->kind == LIFE_CHANGED)
        on_changed(life, now, event->plan);
    else if (event->kind == LIFE_ADJUSTED)
        on_adjusted(life, now, event->plan);
    else
        handlers[event->kind](life, now);
}
