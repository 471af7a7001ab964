/* The deadline of a run: shortly before it the operations that still wait are told, and at it the run is ended. */
#ifndef HOST_RUN_DEADLINE_H
#define HOST_RUN_DEADLINE_H

#include "run.h"

void run_deadline_begin(struct run *run);
void run_deadline_end(struct run *run);
/* How long before the deadline its operations are told: 5 %, at most 100 ms. */
uint64_t run_deadline_lead(const struct run *run);

#endif
