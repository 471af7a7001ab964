/*
 * The host's end of the wire (docs/plugin-protocol.md). What it says is queued, and written once at the end of a turn. It never blocks: while much waits to
 * be written nothing more is read, and log lines are dropped before results.
 */
#ifndef HOST_WIRE_H
#define HOST_WIRE_H

#include "base/buffer.h"
#include "conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talon/plugin.h>

struct owner;
struct instance;
struct run;

/* ---- wire.c: the socket. Takes fd. False: no memory. */
bool wire_open(int fd, bool worker);
void wire_close(void);
/* Is this the process of one blocking run? It ends when it has said `done`. */
bool wire_is_worker(void);
/* Writes what goes at once; the rest when the socket takes it. */
void wire_flush(void);
/* One message, whole; without its newline. */
void wire_send(const struct buffer *line);
/* The same, of what may be dropped while much waits. */
void wire_send_less(const struct buffer *line);
/* For die(): a log line, if it goes at once. */
void wire_last_word(const char *text);
/* Nothing is read any more, and the loop ends when all is written. */
void wire_finish(void);
/* From here on nothing is said any more: what is sent is dropped. */
void wire_mute(void);

/* ---- wire_out.c: the messages */
void wire_hello(void);
void wire_described(const char *plugin, const char *description);
/* `field` is "plugin", "id" or "instance". */
void wire_refused(const char *field, const char *id, const char *reason, const char *text, const struct problems *problems, bool again);
void wire_ready(const char *field, const char *id);
void wire_progress(const char *run, const char *text);
void wire_nudge(const char *instance);
void wire_save(const char *instance, const void *bytes, size_t n);
void wire_pong(const char *sequence, double number);
/* A JSON string, with its quotes. */
void wire_add_json(struct buffer *line, const char *text);
/* A whole number. */
void wire_add_whole(struct buffer *line, uint64_t value);
void wire_out_free(void);
/* A line for Talon's log, of an owner or of the host itself (NULL). At most 100 lines in 10 s for each plugin: the rest is counted. */
void wire_log(const struct owner *owner, enum talon_level level, const char *text);

/* ---- wire_done.c */
struct result {
    enum talon_status status;
    const char *reason, *summary;
    uint64_t duration_ns, late_ns;
};
struct said;
/* said NULL: nothing. */
void wire_done(const char *run, const struct result *result, const struct said *said);
void wire_done_free(void);

/* ---- wire_in.c: a message from the core; text is writable, and wiped where it holds secrets. */
void wire_message(char *text, size_t n);
/* ---- wire_start.c: `start` without a JSON tree, since it is most of what comes. False: it is something else, or written in an unusual way. */
bool wire_fast_start(const char *text, size_t n);

#endif
