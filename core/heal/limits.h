/*
 * May this runbook start now? The one place where that is decided: every limit of design.md 7 and rules.md 4 stands in one table, each refuses with
 * its name and says when it will allow. Pure: what is so comes in as facts, and nothing is remembered here.
 */
#ifndef HEAL_LIMITS_H
#define HEAL_LIMITS_H

#include "base/logic.h"
#include "heal/record.h"
#include "model.h"

/* In the order in which they are asked and told: first what a person has said or must do, then what others decide, then the runbook's own. */
enum heal_limit {
    LIMIT_NONE,
    LIMIT_SWITCHED_OFF,   /* --no-heal, --dry-run */
    LIMIT_DESTRUCTIVE,    /* without --force REASON */
    LIMIT_SAFE_MODE,
    LIMIT_PAUSED,
    LIMIT_SILENCED,
    LIMIT_ACKED,
    LIMIT_STOPPED,        /* by hand */
    LIMIT_STARTING,
    LIMIT_FLAPPING,
    LIMIT_OBSERVER,
    LIMIT_STORM,
    LIMIT_NEEDS,          /* a need has failed: repair is its */
    LIMIT_NEEDS_WAIT,     /* a need is not known */
    LIMIT_DEPENDENTS,     /* every critical service that depends on it answers */
    LIMIT_OWNER,          /* somebody else heals it */
    LIMIT_STORE,          /* an intent would not be durable */
    LIMIT_ATTEMPTS,
    LIMIT_HOLD,
    LIMIT_COOLDOWN,
    LIMIT_AT_MOST,
    LIMIT_ALL_AT_MOST,    /* of all runbooks */
    LIMIT_CONFIRM,
    LIMIT_WARMUP,
    LIMIT_RUNNING,        /* it runs already */
    LIMIT_LOCKS,
    LIMIT_CONCURRENT,     /* of all runbooks */
    LIMITS
};

enum heal_needs { NEEDS_KNOWN, NEEDS_UNKNOWN, NEEDS_UNKNOWN_LONG, NEEDS_FAILED }; /* long: `needs_wait` is over */
enum heal_store { STORE_UP, STORE_LOST, STORE_NEVER_UP };

/* How the failure was seen in the running streak: ticks are results of the schedule, tries are rapid re-checks without a good one between. */
struct heal_evidence {
    size_t n_ticks;
    const struct moment *ticks; /* bad ones, the oldest first */
    unsigned tries;
};

struct heal_lock {
    const char *name, *holder;
};

struct heal_question {
    const struct model_runbook *runbook;
    const struct heal_record *record;  /* of it and the service */
    const struct heal_past *past;      /* of all */
    unsigned all_at_most, concurrent;  /* `remediation:` */
    uint64_t all_window;
    uint64_t incident;                 /* 0: by hand */
    bool force;                        /* by hand, with a reason */
    bool heal_stopped;                 /* of the service */
    struct heal_evidence evidence;

    bool switched_off, safe_mode, acked, stopped, starting, flapping, observer_sick, storm, dependents_answer;
    uint64_t paused_until, silenced_until; /* moment.elapsed; 0: not, UINT64_MAX: nobody knows how long */
    enum heal_needs needs;
    uint64_t needs_wait_until;         /* moment.elapsed, of NEEDS_UNKNOWN */
    enum logic warmup, owner;          /* what the conditions say now; asked only where there are some */
    enum heal_store store;
    unsigned unstored;                 /* runs above `observe` begun, or in progress, since the store is down */
    unsigned running;                  /* above `observe`, of all runbooks */
    bool elsewhere;                    /* the same runbook runs for another service: once is enough */
    size_t n_locks;
    const struct heal_lock *locks;     /* that are held, by us or by what was seen to be somebody's */
};

struct heal_answer {
    enum heal_limit limit;   /* LIMIT_NONE: it may start */
    uint64_t until;          /* moment.elapsed when that limit will allow; UINT64_MAX: it hangs on more than time */
    const char *holder;      /* LIMIT_LOCKS: who holds it; NULL */
    uint64_t refusing;       /* all that refuse, a bit each */
    uint64_t untils[LIMITS]; /* of each of them, as `until`; else 0 */
};

struct heal_answer heal_may_start(const struct heal_question *question, const struct moment *now);
/* "cooldown" */
const char *heal_limit_name(enum heal_limit limit);

#endif
