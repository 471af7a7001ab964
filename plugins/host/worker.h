/* Blocking runs: each in a process of its own, which the deadline kills. */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

struct run;

/* Begins the run in a process of its own. Within owner_enter(). */
void worker_start(struct run *run);

#endif
