/*
 * What the engine keeps, as rows for a store, and back: one for each check, service, silence and incident, two for the rest. PURE. Rows may be of different
 * moments, and even boots: they are told by one moment when they are read. A row that cannot be read is left out, and the others are not.
 */
#ifndef MEMORY_ROWS_H
#define MEMORY_ROWS_H

#include "base/buffer.h"
#include "engine/engine_keep.h"

enum row_kind { ROW_MOMENT, ROW_REST, ROW_SILENCE, ROW_INCIDENT, ROW_SERVICE, ROW_CHECK, ROW_KINDS };

enum { ROW_WHY = 384, ROW_NAME = KEPT_CHECK_NAME };

/* The engine's incident, and what is known of it beside: how its lines were begun, so that each is written once. */
struct row_incident {
    struct engine_incident incident;
    uint64_t lines;          /* of its timeline, written so far */
    bool evidence;           /* is written */
    char why[ROW_WHY];       /* of the failure that opened it */
};

/* What one row is made of; its kind says which. */
union row {
    const struct kept_check *check;
    const struct kept_service *service;
    const struct engine_silence *silence;
    const struct row_incident *incident;
    const struct engine_kept *rest;     /* without its arrays */
    const void *none;                   /* MOMENT: it has nothing else */
};

/* "check" ...: the kind as the store has it. */
const char *row_kind_name(enum row_kind kind);
/* The name of a row among those of its kind. */
void row_name(enum row_kind kind, union row row, char name[ROW_NAME]);
/* The row's bytes in `out` (emptied before). False: no memory. */
bool row_write(enum row_kind kind, union row row, const struct moment *at, struct buffer *out);
/* The same number while the row needs not be written anew: time that passes is no reason, nor are counts of runs that change nothing. */
unsigned long long row_sum(enum row_kind kind, union row row, const struct moment *at);

/* ---- read back */

/* Grows with the rows that are taken. Times are told by kept.at, which the first row, that of ROW_MOMENT, says. */
struct rows {
    struct engine_kept *kept;
    struct row_incident *incidents; /* of kept, with what else is known of them */
    size_t room[ROW_KINDS];
    bool has_moment;
};

/* False: no memory. */
bool rows_begin(struct rows *rows);
/* False: it is no such row, or there is no memory for it: left out. */
bool rows_take(struct rows *rows, enum row_kind kind, const char *name, const void *bytes, size_t n);
/* All are there: incidents in the order in which places are given, and no id used twice. NULL: nothing was read. The caller frees it (engine_kept_free()), and
 * rows->incidents. */
struct engine_kept *rows_end(struct rows *rows);

#endif
