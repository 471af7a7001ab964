/* What the parts of the memory share: memory.c (life, and how the store is), keep.c (rows that are due), recall.c and pages.c (the start), runs.c (runs,
 * uptime), incidents.c (incidents, evidence, audit), heal.c and heal_rows.c (what repair remembers). Private to memory. */
#ifndef MEMORY_MEMORY_PRIVATE_H
#define MEMORY_MEMORY_PRIVATE_H

#include "memory/marks.h"
#include "memory/memory.h"
#include "memory/rows.h"

/* What a service's time counts as now; -1: nothing was said of it. */
struct service_time {
    char name[ENGINE_NAME];
    int class;
    bool watched; /* it has a check that it is judged by */
};

/* What was written of an incident, by its place in the engine. */
struct known_incident {
    uint64_t id, lines;
    bool evidence, changed;
    char why[ROW_WHY];
};

struct heal_mark;

struct memory {
    struct store *store;
    struct heal_mark *healed;    /* of the rows of repair, as they were written last */
    size_t n_healed;
    struct marks marks;          /* of the rows as they were written last */
    struct buffer bytes;         /* of the row that is being written */
    struct known_incident *incidents;
    size_t n_incidents;          /* places */
    struct service_time *services;
    size_t n_services;
    uint64_t *wholes;            /* awake: when a run of each check was kept whole last; 0: none was. NULL: no memory */
    size_t n_wholes;
    uint64_t written, swept;     /* awake: the last memory_write(), the last that left nothing to be written */
    uint64_t marked;             /* awake: the last row of ROW_MOMENT that came with a run */
    uint64_t rows;               /* written, in all */
    bool due;                    /* memory_write() */
    size_t cursor;               /* the check at which the next write begins */
    uint64_t generation;         /* of the model that memory_model() has seen; 0: none, and nothing is written before */
    bool people, times;          /* silences, incidents; what services' time counts as: at the end of the event */
    bool aside;                  /* the store was set aside not long ago */
    uint64_t aside_at;           /* awake */
    char trouble[512];           /* what the start found; "": nothing */
    uint64_t trouble_at;         /* awake */
};

enum { PAGES_WHY = 512 };
/* bytes: borrowed; `failed` where they are none. */
typedef void pages_take(void *arg, const char *name, const struct buffer *bytes);
/* pages.c: each row of that kind, at the latest until that moment (awake). False: why. */
bool pages_read(struct memory *memory, const char *kind, uint64_t until, pages_take *take, void *arg, char why[PAGES_WHY]);
bool pages_ask(struct memory *memory, const struct store_ask *question, uint64_t until, struct buffer *text, char why[PAGES_WHY]);
/* heal.c: all is to be written anew. */
void heal_forget_marks(struct memory *memory);

/* Rows are due: soon, and not too soon after the last. */
void keep_due(struct memory *memory);
/* All rows are to be written anew, because of the store nothing is known any more. */
void keep_everything(struct memory *memory);
/* The row, if it has changed. False: the store cannot take it now. */
bool keep_row(struct memory *memory, enum row_kind kind, union row row, const struct moment *now);
/* Has it changed? It is still there, at any rate. */
bool keep_is_due(struct memory *memory, enum row_kind kind, union row row, const struct moment *now);
/* What people have said, and incidents: with the event. False: not all of it could be taken. */
bool keep_people(struct memory *memory, const struct engine *engine, const struct moment *now);

/* A result as JSON: all there is of it, at most `max` bytes. `check`: its name, NULL: not told. */
void show_result(struct buffer *out, const char *check, const struct result *result, int64_t wall, size_t max);
/* What time counts as, where that has changed. */
void times_settle(struct memory *memory, const struct engine *engine, int64_t wall);

/* The place's incident, to the store: itself, its new lines, its row. False: it could not be taken. */
bool incident_keep(struct memory *memory, const struct engine *engine, const struct moment *now, size_t place);
/* Room for what is known of each place. False: no memory. */
bool incidents_room(struct memory *memory, size_t room);

#endif
