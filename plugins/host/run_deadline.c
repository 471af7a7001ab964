/*
 * The deadline of a run (point 6 of the contract). It has two moments: shortly before, every operation that still waits is told, so that the plugin can say
 * what it waited for; at the deadline itself the run is ended. What it is ended as depends on who was silent: a peer's silence is evidence
 * against the peer, the plugin's own timer and a host that stood still are not.
 */
#include "run_deadline.h"

#include "op.h"

#include <stdio.h>

#define MS UINT64_C(1000000)
#define LEAD_MOST (100 * MS)
#define LATE_LEAST (20 * MS)
#define LATE_MOST (250 * MS)

uint64_t run_deadline_lead(const struct run *run)
{
    return run->left / 20 < LEAD_MOST ? run->left / 20 : LEAD_MOST;
}

/* From here on the host was too late for the run to prove anything: a quarter of its time, within reason. */
static uint64_t too_late(const struct run *run)
{
    const uint64_t quarter = run->left / 4;

    return quarter < LATE_LEAST ? LATE_LEAST : quarter > LATE_MOST ? LATE_MOST : quarter;
}

static void end_as_late(struct run *run, uint64_t late)
{
    char text[128];

    snprintf(text, sizeof text, "the plugin host stood still for %llu ms, so this run proves nothing", (unsigned long long)(late / MS));
    run_complete(run, TALON_UNKNOWN, "plugin.blocked", text);
}

/* ---- the end */

static const struct op *first_silent(const struct run *run)
{
    const struct op *op = run->owner.ops;

    while (op && !(op->kind->waits_for_peer && op->kind->waits_for_peer(op)))
        op = op->next;
    return op;
}

void run_expire(struct run *run)
{
    const uint64_t late = turn_late_since(run->began);
    const struct op *silent = first_silent(run), *any = run->owner.ops;
    char text[160];

    if (late >= LATE_LEAST && late >= run->left / 4) {
        end_as_late(run, late);
        return;
    }
    if (silent || run->silent) {
        snprintf(text, sizeof text, "no answer within %.4g s%s%s", (double)run->left / 1e9, silent ? ": waited for " : "", silent ? silent->kind->name : "");
        run_complete(run, TALON_FAIL, "timeout", text);
    } else {
        snprintf(text, sizeof text, "did not end within %.4g s: waited for %s", (double)run->left / 1e9, any ? any->kind->name : "nothing");
        run_complete(run, TALON_UNKNOWN, "timeout", text);
    }
}

/* ---- shortly before */

static void tell(struct run *run)
{
    talon_op waiting[OWNER_OPERATIONS];
    struct owner_call call;
    unsigned n = 0;

    run->told = true;
    run->silent = first_silent(run) != NULL;
    for (const struct op *op = run->owner.ops; op && n < OWNER_OPERATIONS; op = op->next)
        waiting[n++] = op->id;
    owner_enter(&run->owner, &call);
    while (n-- > 0 && !run->owner.over) {
        struct op *op = op_find(&run->owner, waiting[n]); /* the one before may have stopped it */

        if (op && op->kind->late)
            op->kind->late(op);
    }
    owner_leave(&call);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct run *run = timer->data;
    struct owner_call call;
    const uint64_t now = turn_now(), lead = run_deadline_lead(run);
    const uint64_t due = run->told ? run_deadline(run) : run_deadline(run) - lead;

    (void)loop, (void)events;
    if (now < due) {
        turn_timer(timer, due - now);
        return;
    }
    if (!run->told && now - due < too_late(run)) {
        turn_timer(timer, due + lead > now ? due + lead - now : 0);
        tell(run);
        return;
    }
    owner_enter(&run->owner, &call);
    if (!run->told)
        end_as_late(run, now - due);
    else
        run_expire(run);
    owner_leave(&call);
}

void run_deadline_begin(struct run *run)
{
    ev_init(&run->timer, on_timer);
    ev_set_priority(&run->timer, EV_MINPRI); /* an answer of the same turn comes first */
    run->timer.data = run;
    if (run_deadline(run) != NEVER)
        turn_timer(&run->timer, run->left - run_deadline_lead(run));
}

void run_deadline_end(struct run *run)
{
    ev_timer_stop(turn_loop(), &run->timer);
}
