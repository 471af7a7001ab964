/*
 * The life of one supervised program: what is done next, and when. PURE: no loop, no process, no clock; an event and a time in, a list of things to do out. The
 * other half (programs.c) does them and tells how they went. So that thousands of histories can be tried in a moment (tests/unit/test_programs_life.c).
 *
 * What holds whatever happens: never two processes of one program; none is started while somebody else owns it, while a person has stopped it, or before it is
 * known whether one lives already; one that ends is started again after a pause that doubles from `first` to `longest`, and begins anew after a good time.
 */
#ifndef PROGRAMS_LIFE_H
#define PROGRAMS_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIFE_NEVER UINT64_MAX

enum life_state {
    LIFE_STOPPED,   /* by a person */
    LIFE_ASKING,    /* not known yet: does it live already, does somebody else own it */
    LIFE_OWNED,     /* by another supervisor */
    LIFE_PREFLIGHT,
    LIFE_PORT,      /* waits for it to be free */
    LIFE_REFUSED,   /* the port is taken, and it is not to wait */
    LIFE_STARTING,
    LIFE_RUNNING,
    LIFE_DRAINING,  /* told to end */
    LIFE_BACKOFF,
    LIFE_STATES
};

/* What is configured of it. Times are ns. */
struct life_plan {
    uint64_t owned;          /* names the label of `unless_loaded`; 0: none */
    bool preflight, port, refuses; /* refuses: does not wait for the port */
    bool call;               /* `start_call` */
    uint64_t call_after, call_every;
    unsigned call_tries;
    uint64_t first, longest, good; /* pauses; a life that makes them begin anew */
    uint64_t health_start;   /* so long bad health is not counted, until it was good once */
    unsigned health_failures;
};

enum life_event_kind {
    LIFE_TIME,
    LIFE_FOUND,         /* the keeper is there and holds it */
    LIFE_MISSING,       /* the keeper is there and does not hold it */
    LIFE_KEEPER_GONE,
    LIFE_LOADED,        /* somebody else owns it */
    LIFE_NOT_LOADED,
    LIFE_NOT_ANSWERED,  /* whether somebody does could not be told */
    LIFE_PASSED, LIFE_NOT_PASSED,      /* the preflight */
    LIFE_PORT_FREE, LIFE_PORT_TAKEN,
    LIFE_STARTED, LIFE_NOT_STARTED,
    LIFE_ENDED,
    LIFE_CALLED, LIFE_NOT_CALLED,      /* the start-up call */
    LIFE_WELL, LIFE_ILL,               /* its check, in a run that began after its start */
    LIFE_START, LIFE_STOP, LIFE_RESTART, /* a person */
    LIFE_CHANGED,       /* its configuration, and its process is to be another one: the plan in the event */
    LIFE_ADJUSTED,      /* the same, but its process may stay as it is */
    LIFE_REMOVED,       /* from it */
    LIFE_EVENTS
};

enum life_effect {
    LIFE_DO_PREFLIGHT, LIFE_END_PREFLIGHT,
    LIFE_LOOK_AT_PORT,  /* answered at once or later by PORT_FREE or PORT_TAKEN */
    LIFE_DO_START,      /* answered by STARTED or NOT_STARTED */
    LIFE_DO_STOP,       /* drain it; answered by ENDED */
    LIFE_DO_CALL, LIFE_END_CALL,
    LIFE_TELL_PREFLIGHT, LIFE_TELL_ENDED, LIFE_TELL_ILL, /* the three of the old supervisor's events */
    LIFE_TELL_PORT, LIFE_TELL_OWNED, LIFE_TELL_UNANSWERED, LIFE_TELL_CALL,
};

enum { LIFE_EFFECTS = 8, LIFE_UNANSWERED = 3 };

struct life {
    struct life_plan plan;
    enum life_state state;
    enum { OWNER_UNKNOWN, OWNER_NONE, OWNER_OTHER } owner;
    enum { THEN_PAUSE, THEN_START, THEN_REST } then; /* after DRAINING */
    bool wanted;             /* no person has stopped it */
    bool removed;
    bool keeper;             /* there is one, and it is known what it holds */
    bool changed;            /* while it was being started */
    bool calling, was_well, again, told_port;
    unsigned unanswered, calls, ill;
    uint64_t pause;          /* the next one */
    uint64_t due;            /* LIFE_NEVER: nothing hangs on time alone */
    uint64_t since, started;
    uint64_t restarts;       /* starts after an end that nobody asked for, ever */
    size_t n_effects;
    enum life_effect effects[LIFE_EFFECTS];
};

struct life_event {
    enum life_event_kind kind;
    const struct life_plan *plan; /* CHANGED, ADJUSTED */
};

void life_begin(struct life *life, const struct life_plan *plan, bool wanted, uint64_t restarts, uint64_t now);
/* Its effects stand in life->effects until the next event. */
void life_event(struct life *life, uint64_t now, const struct life_event *event);
/* Does a process of it live, or is one being started? */
bool life_lives(const struct life *life);
/* "running", as people and programs read it. */
const char *life_state_name(enum life_state state);

#endif
