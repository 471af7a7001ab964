/* What was written last under each name: a table of sums, so that only rows that have changed are written. Private to memory. */
#ifndef MEMORY_MARKS_H
#define MEMORY_MARKS_H

#include "memory/rows.h"

struct mark {
    char *name;          /* NULL: a free place */
    enum row_kind kind;
    unsigned long long sum;
    uint64_t sweep;      /* the last that came by */
    uint64_t written;    /* awake */
};

struct marks {
    struct mark *places; /* a power of two of them, at most half of them taken */
    size_t room, n;
    uint64_t sweep;      /* of now */
};

void marks_free(struct marks *marks);
/* Its mark, NULL: it has none. */
struct mark *marks_find(const struct marks *marks, enum row_kind kind, const char *name);
/* The same; makes one where there is none, with a sum of 0. NULL: no memory. */
struct mark *marks_make(struct marks *marks, enum row_kind kind, const char *name);
/* Calls gone() for each of that kind that this sweep did not come by, and drops those for which it answers with true. */
void marks_drop(struct marks *marks, enum row_kind kind, bool (*gone)(void *arg, const struct mark *mark), void *arg);

#endif
