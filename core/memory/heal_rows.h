/*
 * What repair keeps, as rows for a store, and back: one for each runbook and service that has run, one for each incident on its ladder, one for the rest.
 * PURE. Moments are kept whole: heal tells those of another boot by its own rules (heal/record.h). Private to memory.
 */
#ifndef MEMORY_HEAL_ROWS_H
#define MEMORY_HEAL_ROWS_H

#include "base/buffer.h"
#include "heal/heal.h"

enum heal_row { HEAL_ROW_REST, HEAL_ROW_RECORD, HEAL_ROW_LADDER, HEAL_ROWS };

enum { HEAL_ROW_NAME = 2 * ENGINE_NAME };

/* "heal_record" ...: the kind as the store has it. */
const char *heal_row_kind(enum heal_row row);
/* How many there are of that kind, and the name of each. */
size_t heal_rows_n(enum heal_row row, const struct heal_kept *kept);
void heal_row_name(enum heal_row row, const struct heal_kept *kept, size_t i, char name[HEAL_ROW_NAME]);
/* Its bytes in `out` (emptied before). False: no memory. */
bool heal_row_write(enum heal_row row, const struct heal_kept *kept, size_t i, struct buffer *out);
unsigned long long heal_row_sum(enum heal_row row, const struct heal_kept *kept, size_t i);
/* Into kept, whose arrays grow with it. False: it is no such row, or there is no memory for it: left out. */
bool heal_row_take(enum heal_row row, struct heal_kept *kept, const char *name, const void *bytes, size_t n);

#endif
