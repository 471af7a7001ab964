/*
 * What the daemon remembers: the engine's state, incidents, runs and uptime go into the store, and the state comes back at the next start. The store is told
 * and never waited for, but for the start, which has a bound. PURE but for the store.
 *
 * State is written by rows that have changed, gathered: what people have said, and incidents with what has opened or closed them, with the event itself, the
 * rest MEMORY_DISTANCE apart. What changes with every run of a check that is well (counts, times) is written once a minute. NULL in place of the memory:
 * there is none, and nothing is done.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include "engine/engine.h"
#include "store/store.h"

#define MEMORY_DISTANCE (250 * (uint64_t)NS_PER_MS)

struct memory;
struct heal;
struct heal_kept;

/* The store is borrowed. NULL: it is NULL, or there is no memory. */
struct memory *memory_create(struct store *store);
void memory_free(struct memory *memory);

/* ---- start, models, end */

/* What was kept, to be given to EVENT_RESTORE and then to engine_kept_free(); waits at most ns. NULL: nothing was. Where it could not be read, what comes is
 * empty but for a number that incidents go on from without using one twice, and status says why (memory_look()). */
struct engine_kept *memory_recall(struct memory *memory, const struct moment *now, uint64_t ns);
/* A model is in force; the first: what was kept has been restored. Services that are no longer there count no more time. */
void memory_model(struct memory *memory, const struct engine *engine, const struct moment *now);
/* All that there is to write, before the store is closed. */
void memory_end(struct memory *memory, const struct engine *engine, const struct moment *now);

/* ---- while it runs */

/* A run has ended, and is not judged yet. */
void memory_run(struct memory *memory, const struct engine *engine, const struct moment *now, size_t check, const struct result *result);
/* It is judged. */
void memory_judged(struct memory *memory, const struct engine *engine, size_t check, const struct result *result);
/* Effects: RECORD, NOTIFY, COLLECT. Others are left alone. */
void memory_effect(struct memory *memory, const struct engine *engine, const struct moment *now, const struct engine_effect *effect);
/* A person's command was carried out, or refused: NULL where it was not. */
void memory_command(struct memory *memory, const struct moment *now, const struct engine_command *command, const char *refusal);
/* All effects of an event have been carried out. Answers after how many ns memory_write() is to be called; UINT64_MAX: not at all. */
uint64_t memory_settle(struct memory *memory, const struct engine *engine, const struct moment *now);
/* Writes what has changed, a bounded number of rows; the answer is that of memory_settle(). */
uint64_t memory_write(struct memory *memory, const struct engine *engine, const struct moment *now);

/* ---- repair (heal.c) */

/* Records of runbooks and ladders, where they have changed: before whatever the store is given next. False: not all could be taken; call it again. */
bool memory_heal_keep(struct memory *memory, const struct heal *heal, const struct moment *now);

struct memory_intent {
    const char *runbook, *service;
    uint64_t incident; /* 0: of none */
    bool by_hand;
    bool counts;       /* for the bound of all runbooks: it does more than observe */
    const char *who, *reason;
};
/* Its number, which STORE_DURABLE bears; 0: there will be none. */
uint64_t memory_intent(struct memory *memory, const struct moment *now, const struct memory_intent *intent);
void memory_intent_ended(struct memory *memory, const struct moment *now, uint64_t intent, const char *outcome);
/* What was done, refused, or came of it (promise 7); a line of the incident's timeline; what was collected for it. incident 0: none, nothing is written. */
void memory_heal_audit(struct memory *memory, const struct moment *now, const char *who, const char *what, const char *target, const char *text);
void memory_heal_line(struct memory *memory, const struct moment *now, uint64_t incident, const char *kind, const char *text);
void memory_collected(struct memory *memory, const struct moment *now, uint64_t incident, const char *name, const struct result *result);
/* What was kept, for HEAL_RESTORE and then heal_kept_free(): runs that no end was written of are running in it, and are ended in the store as interrupted. Waits
 * at most ns. NULL: nothing was, or (lost) it could not be read. */
struct heal_kept *memory_heal_recall(struct memory *memory, const struct moment *now, uint64_t ns, bool *lost);

/* The next of what happened to the store; what it means for what is kept is carried out here. */
struct store_news memory_news(struct memory *memory, const struct moment *now);
/* What is wrong with it, as a sentence; "" when nothing is. */
void memory_look(struct memory *memory, const struct moment *now, char *trouble, size_t n);

#endif
