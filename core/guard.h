/*
 * `talon run`: a small parent that starts the core (talon-core), hears its heartbeat, saves its last words when it crashes or stands still, and starts it
 * again. It knows nothing of what is watched, so that there is next to nothing in it that could fail.
 */
#ifndef GUARD_H
#define GUARD_H

/* argv of the core without what the guard adds; ended by NULL, at most GUARD_WORDS. Returns the exit code: the core's when it ended on purpose, 3 when it could not
 * be started at all. */
int guard_run(const char *const *argv);

enum { GUARD_WORDS = 8 };

#define GUARD_KEEPER 'k' /* the one byte that the guard ever says to the core, with the socket */

/* ---- what the core says to its guard, over the socket that is its standard input: lines of at most GUARD_LINE bytes. core/guarded.c writes them */

enum { GUARD_LINE = 4096 };

#define GUARD_BEAT "beat"     /* its loop turns */
#define GUARD_READY "ready"   /* a configuration is in force and it answers */
#define GUARD_STALL "stall "  /* ns without a beat after which it is to be ended, in decimal */
#define GUARD_FOLDER "folder " /* the state folder, where reports are saved */
#define GUARD_KEEP "keep"     /* it has programs to be kept, and no keeper: one is started if there is none, and a socket to it comes back */
#define GUARD_WORDS_FOLLOW "words" /* it crashes: all that follows is text */

#endif
