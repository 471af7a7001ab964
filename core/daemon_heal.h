/*
 * What makes the machine of core/heal repair: its events come from here, and its effects are carried out here. It judges nothing. One queue serves engine and machine:
 * neither is called from within the effects of the other, and whatever an effect brings about is told at a later turn of the loop.
 *
 *   daemon_heal.c        events, effects, time
 *   daemon_heal_runs.c   a run's begin and end: locks, the durable intent
 *   daemon_heal_acts.c   actions in plugin hosts
 *   daemon_heal_story.c  what a run did, step by step, for whoever waits for it
 *   daemon_heal_asked.c  what people ask: repair now, show what would be done, give attempts back
 */
#ifndef DAEMON_HEAL_H
#define DAEMON_HEAL_H

#include "action.h"
#include "base/buffer.h"
#include "base/moment.h"
#include "heal/heal.h"
#include "locks.h"
#include "serve/snapshot.h"
#include "store/store.h"

struct daemon;

enum { HEAL_TAKES = 64, HEAL_STORIES = 8, HEAL_LINES = 200 };

enum take_state { TAKE_FREE, TAKE_STORING, TAKE_DUE, TAKE_REFUSED, TAKE_RUNNING };

struct heal_take { /* a run, from its HEAL_TAKE to its HEAL_OVER */
    enum take_state state; /* DUE, REFUSED: the machine is to be told at the next turn */
    uint64_t run, intent;  /* intent 0: there is none */
    bool durable;
    struct locks *locks;
    char lock[ENGINE_NAME], holder[FILES_HOLDER]; /* REFUSED */
};

struct heal_act { /* an action on its way */
    struct heal_act *next;
    struct daemon *d;
    uint64_t run, id, incident;
    bool collects;
    struct action *action; /* NULL: it could not be started, and the machine is to be told */
    struct result *result; /* then: why */
    char name[ENGINE_NAME];
};

struct heal_story {
    uint64_t run; /* 0: a free place */
    char runbook[ENGINE_NAME], service[ENGINE_NAME], why[ENGINE_TEXT];
    bool over, refused; /* refused: it never began */
    enum heal_outcome outcome;
    int64_t begun, ended; /* wall */
    unsigned n, dropped;
    struct heal_line {
        int64_t at; /* wall */
        char text[ENGINE_TEXT];
    } *lines; /* HEAL_LINES of them; NULL: no memory */
};

struct heal_judged { /* a result that the engine has judged, and the machine has not heard of */
    size_t check;
    struct result *result;
    uint64_t run;
    bool tick;
};

struct daemon_heal {
    struct heal *machine;
    const struct model *model;   /* that the machine has; borrowed from it. NULL: none yet */
    struct heal_kept *kept;      /* of the process before, until the first model */
    bool lost;                   /* what was kept could not be read */
    bool busy, judge;            /* events are being told; the engine has judged since */
    bool keep;                   /* records or ladders have changed */
    enum heal_store store;       /* as it was told */
    struct heal_judged *judged;
    size_t n_judged, room_judged;
    struct heal_take takes[HEAL_TAKES];
    struct heal_act *acts;
    struct heal_story stories[HEAL_STORIES];
    int64_t last_run, last_agent, last_sos; /* wall; for readers of the old state; 0: never */
};

/* False: no memory. */
bool daemon_heal_create(struct daemon *d);
/* Ends what runs, without another word of it: the next process finds it interrupted. */
void daemon_heal_end(struct daemon *d);

/* What an earlier process kept, from the store that has just been opened. */
void daemon_heal_recall(struct daemon *d, const struct moment *now, uint64_t ns);
/* The engine has another model, and what was kept of it is restored. */
void daemon_heal_model(struct daemon *d, const struct moment *now);
/* EFFECT_JUDGED, and the end of all effects of an event. */
void daemon_heal_result(struct daemon *d, size_t check, struct result *result, uint64_t run, bool tick);
void daemon_heal_judged(struct daemon *d, const struct moment *now);
/* Of the store. */
void daemon_heal_news(struct daemon *d, const struct moment *now, const struct store_news *news);
/* Once a second: how the store is, and what could not be written. */
void daemon_heal_tick(struct daemon *d, const struct moment *now);
/* Tells the machine, and carries out what comes of it. Nothing may be told already. False: it was refused. */
bool daemon_heal_tell(struct daemon *d, const struct moment *now, const struct heal_event *event);

/* What the snapshot is to say of repair. */
void daemon_heal_extra(const struct daemon *d, struct snapshot_extra *extra);
/* What repair has to keep, if anything of it has changed. */
void daemon_heal_keep(struct daemon *d, const struct moment *now);
/* heal_runs_answer() and heal_acts_answer() at the next turn of the loop. */
void daemon_heal_soon(struct daemon *d);

/* daemon_heal_runs.c */
void heal_runs_take(struct daemon *d, const struct moment *now, const struct heal_effect *effect);
void heal_runs_over(struct daemon *d, const struct moment *now, const struct heal_effect *effect);
/* Those whose answer is due. */
void heal_runs_answer(struct daemon *d, const struct moment *now);
void heal_runs_news(struct daemon *d, const struct moment *now, const struct store_news *news);
void heal_runs_free(struct daemon *d);

/* daemon_heal_acts.c */
void heal_acts_start(struct daemon *d, const struct moment *now, const struct heal_effect *effect);
void heal_acts_agent(struct daemon *d, const struct heal_effect *effect);
void heal_acts_cancel(struct daemon *d, uint64_t action);
void heal_acts_answer(struct daemon *d, const struct moment *now);
void heal_acts_free(struct daemon *d);

/* daemon_heal_story.c. NULL where there is none (any more). */
struct heal_story *heal_story_begin(struct daemon_heal *h, uint64_t run, const char *runbook, const char *service, int64_t wall);
struct heal_story *heal_story_of(struct daemon_heal *h, uint64_t run);
void heal_story_add(struct heal_story *story, int64_t wall, const char *text);
__attribute__((format(printf, 3, 4))) void heal_story_printf(struct heal_story *story, int64_t wall, const char *format, ...);
void heal_story_show(const struct heal_story *story, struct buffer *out);
void heal_story_free(struct daemon_heal *h);
/* daemon_heal_asked.c: arg is the daemon. Those of daemon_people.h. */
const char *heal_asked_command(void *arg, const struct heal_command *command);
uint64_t heal_asked_last_run(void *arg);
void heal_asked_story(void *arg, const char *service, struct buffer *out);
void heal_asked_plan(void *arg, size_t service, const char *runbook, bool force, struct buffer *out);

/* "fixed", "not fixed" ... */
const char *heal_outcome_word(enum heal_outcome outcome);

#endif
