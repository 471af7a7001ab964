/*
 * What must outlive a crash: one SQLite database in the state folder, written by a thread of its own through a bounded queue, so that a slow, full or broken
 * disk never stalls the loop (design.md 8). Every function here copies what it is given and returns at once, but for store_ask_now() and store_close(), which
 * have a bound. Written together, at most STORE_GATHER after the first; what was promised to be on disk (an intent) at once, with full sync.
 *
 *   talon.db, talon.db-wal, talon.db-shm   in the folder; one that is corrupt is set aside as talon.db.broken, never deleted
 *
 * A store that cannot be written is down: what it was given waits, bounded, and is written when the cause has gone. All of it is called by one thread, the
 * loop's, but for store_ask(), which any may call; `stir` and the answers of questions come from the store's.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buffer.h"

#include <stdint.h>

struct store;

#define STORE_GATHER (50 * (uint64_t)1000000)

struct store_options {
    const char *folder;          /* exists; copied */
    uint64_t raw, hourly, daily; /* ns that single runs, hours and days are kept */
    uint64_t max;                /* bytes of all history; the oldest goes first */
    void (*stir)(void *arg);     /* from the store's thread: store_news() has something to say */
    void *arg;
};

/* Starts the thread, which opens the database, or makes one. NULL: no memory or no thread, why is a sentence. A database that cannot be used is no failure
 * here: the store is down, and store_trouble() says why. */
struct store *store_open(const struct store_options *options, char *why, size_t why_size);
/* Writes what waits, for at most ns; what is not written by then is lost, and said in the log. NULL: nothing. */
void store_close(struct store *store, uint64_t ns);

/* ---- how it is */

/* What is wrong now, as a sentence, copied: down, lost, set aside, written for long. False: nothing. */
bool store_trouble(struct store *store, char *text, size_t n);
/* It takes intents: the last write went well and none has been under way for longer than a second. */
bool store_is_up(struct store *store);

enum store_news_kind {
    STORE_NOTHING,
    STORE_DURABLE,  /* the intent is on disk */
    STORE_WENT_DOWN,
    STORE_CAME_UP,       /* again: what is kept is to be kept once more, since some of it may have been dropped meanwhile */
    STORE_SET_ASIDE /* the database was corrupt: what it knew of limits is lost, they are to be taken as spent for one cooldown */
};

struct store_news {
    enum store_news_kind kind;
    uint64_t intent; /* DURABLE */
};

/* The next of what happened since. */
struct store_news store_news(struct store *store);

/* ---- what is written; false: it was dropped, and counted (no memory, or the queue is full) */

enum store_status { STORE_RUN_OK, STORE_RUN_WARN, STORE_RUN_BAD, STORE_RUN_UNKNOWN };

struct store_run {
    const char *check; /* "service.check" */
    int64_t wall;      /* ns since 1970; when it ended */
    uint64_t took;     /* ns */
    enum store_status status;
    const char *whole; /* JSON: all there is of it, secrets removed; the last ok and the last other one are kept whole. NULL: this one is not */
};

bool store_run(struct store *store, const struct store_run *run);

/* What a service's time counts as, in uptime. */
enum store_class { STORE_TIME_UP, STORE_TIME_DOWN, STORE_TIME_CAUSED, STORE_TIME_SILENCED, STORE_TIME_UNKNOWN, STORE_TIME_NOT, STORE_CLASSES };

/* From wall on, the service's time counts so; NOT: it is not counted (stopped, removed). */
bool store_service(struct store *store, const char *service, int64_t wall, enum store_class class);

/* State of the engine, by kind ("check", "silence") and name. bytes NULL: it is forgotten; name NULL as well: all of that kind. At most STORE_KEPT bytes. */
enum { STORE_KEPT = 64 << 10 };
bool store_keep(struct store *store, const char *kind, const char *name, const void *bytes, size_t n);

/* The same with full sync, at once: what a crash or a power cut a moment later must not undo. */
bool store_keep_sure(struct store *store, const char *kind, const char *name, const void *bytes, size_t n);

struct store_incident {
    int64_t id;              /* the engine's, never used twice */
    int64_t opened, closed;  /* wall; closed 0: open */
    const char *root;        /* service */
    const char *state;       /* a word: engine_ending_name() */
    const char *text;        /* JSON object with the rest of it */
};

/* New, or as it is now. */
bool store_incident(struct store *store, const struct store_incident *incident);
/* Open ones that no row of kind "incident" was kept of are closed as "lost": nobody will ever say how they ended. */
bool store_incidents_lost(struct store *store, int64_t wall);
/* A line of its timeline. */
bool store_line(struct store *store, int64_t incident, int64_t wall, const char *kind, const char *text);
/* What was done and by whom (promise 7): a start, a refusal, a step, an outcome, a person's command. */
bool store_audit(struct store *store, int64_t wall, const char *who, const char *what, const char *target, const char *text);

struct store_intent {
    const char *runbook, *service;
    int64_t wall;
    uint64_t boot, elapsed; /* of struct moment: limits hold by it within a boot */
    const char *text;       /* JSON object with the rest of it */
};

/* Its number, which STORE_DURABLE bears when it is on disk; 0: the store is down or full, and there will be none. */
uint64_t store_intent(struct store *store, const struct store_intent *intent);
/* How it ended: "fixed", "not fixed", "failed", "interrupted". An intent without an end is what a crash interrupted. */
bool store_intent_ended(struct store *store, uint64_t intent, int64_t wall, const char *outcome);

/* What waits is written at once, and gathers no more: somebody was told that it is so. */
void store_hurry(struct store *store);

/* ---- what is asked */

enum store_question {
    STORE_ASK_KEPT,      /* name: a kind; id: so many are left out. [{"name","bytes"}] in the order of names, bytes in hex; most 0: all */
    STORE_ASK_INCIDENTS, /* the newest first. id 0: all, without timelines */
    STORE_ASK_HISTORY,   /* name: a check; since. Single runs up to 6 h, hours up to a week, days beyond */
    STORE_ASK_LAST,      /* name: a check. {"ok":WHOLE,"not_ok":WHOLE} */
    STORE_ASK_UPTIME,    /* name: a service, NULL: all. Milliseconds of each class in the last 24h, 7d, 30d, 90d, 365d */
    STORE_ASK_AUDIT,     /* the newest first */
    STORE_ASK_INTENTS,   /* without an end */
    STORE_ASK_LAST_INCIDENT, /* the highest number of one, 0: there was none */
    STORE_QUESTIONS
};

struct store_ask {
    enum store_question question;
    const char *name;
    int64_t id;
    int64_t since; /* wall */
    int64_t now;   /* wall */
    unsigned most; /* rows; 0: 100 */
};

/* From the store's thread, once for each question. text: JSON; NULL: it could not be answered, why is a sentence. Both are borrowed. */
typedef void store_answered(void *arg, const char *text, const char *why);

/* Answered when its turn comes. False: too many wait, or no memory. */
bool store_ask(struct store *store, const struct store_ask *ask, store_answered *answered, void *arg);
/* The same for a start, where nothing runs yet: waits at most ns. False: why. */
bool store_ask_now(struct store *store, const struct store_ask *ask, uint64_t ns, struct buffer *text, char *why, size_t why_size);

#endif
