/*
 * The state folder: what must outlive a restart, as files that are replaced whole (design.md 8 puts the rest into a database later). One
 * daemon owns it, by a lock.
 *
 *   lock                held while a daemon runs
 *   last-good.conf      source text of the last good configuration, with its includes
 *   saved.json          bytes that plugins' instances saved
 *   programs.json       supervised programs: which process each is, what people want of it, how often it was started again
 *   endpoint            where this daemon answers, "127.0.0.1:9999"
 *   control             the path of the control socket of this daemon
 *   status.json         what `talon status` shows while no daemon runs
 *   state.json, last-probe.json   for readers of the old daemon
 *
 * A file that cannot be understood is set aside as FILE.broken (then FILE.broken.2 to .9), never deleted. A write that fails is reported, tried again until it
 * goes well or something newer takes its place, and ends nothing.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "base/buffer.h"

#include <stdint.h>
#include <sys/types.h>

struct state;

enum { STATE_SAVED = 4096 }; /* bytes that one instance may save */

/* Makes the folder, takes its lock, reads what plugins saved. NULL: `holder` is the pid of the daemon that has it (0: it cannot be told), or -1: other
 * trouble, why is a sentence; errno ENOMEM: only memory was wanting, and nothing has changed. */
struct state *state_open(const char *folder, pid_t *holder, char *why, size_t why_size);
/* Writes what is waiting, gives the lock back. NULL: nothing. */
void state_close(struct state *state);

/* The folder, as it was given. Borrowed. */
const char *state_folder(const struct state *state);
/* Replaces FOLDER/name. False: it was logged, once until it is over, and state_trouble() says why. */
bool state_write(struct state *state, const char *name, const void *bytes, size_t n);
/* The same for what is written once: takes the buffer, and tries again with state_retry(). */
void state_write_once(struct state *state, const char *name, struct buffer *text);
/* Writes what state_write_once() could not: every few seconds while there is trouble. */
void state_retry(struct state *state);
/* Reads FOLDER/name into b (its max is the bound). False: there is none (errno ENOENT), or it cannot be read. Needs no lock: also for commands. */
bool state_read(const char *folder, const char *name, struct buffer *b);
/* Sets FOLDER/name aside as FOLDER/name.broken and says so in the log. */
void state_set_aside(struct state *state, const char *name);
/* The last failed write as a sentence; NULL: the last one of each file went well. */
const char *state_trouble(const struct state *state);

/* What an instance saved, at most STATE_SAVED bytes: copied. Written with the next state_flush(). */
void state_save(struct state *state, const char *full_name, const void *bytes, size_t n);
/* Copies what was saved, at most room bytes; returns how many, 0: none. What is neither saved nor recalled by a running daemon makes room for others when
 * there is none left. */
size_t state_recall(struct state *state, const char *full_name, void *bytes, size_t room);
/* Writes saved.json if something was saved since: call it now and then. */
void state_flush(struct state *state);

#endif
