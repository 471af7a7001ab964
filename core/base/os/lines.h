/*
 * One end of a JSON-lines socket, without a loop: the caller watches the descriptor and calls in. Neither side of the wire may
 * ever block in write, or both stand still: what cannot be written waits in a bounded queue.
 */
#ifndef BASE_OS_LINES_H
#define BASE_OS_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines;

enum lines_outcome {
    LINES_MORE,     /* nothing more to read now */
    LINES_CLOSED,   /* the other side has closed */
    LINES_TOO_LONG, /* a line over the bound: desync is a bug */
    LINES_BROKEN,   /* read or write error; errno says which */
};

/* Takes a stream socket (written so that a dead peer raises no SIGPIPE; made non-blocking and close-on-exec; closed by lines_free). max_line bounds a line read, max_queue the bytes that
 * wait to be written. NULL: no memory, fd untouched. */
struct lines *lines_create(int fd, size_t max_line, size_t max_queue);
void lines_free(struct lines *lines);
int lines_fd(const struct lines *lines);
/* Reads what is there and calls line(arg, text, n) for each whole line: NUL-terminated in place, without its newline, writable and valid
 * for the call. Stops after `most` lines (then call again while lines_pending() is true). The callback may free the lines object (its line stays
 * valid to the callback's end): then no more lines come, LINES_MORE is returned, and the object must not be touched. A last line without a
 * newline is dropped. */
enum lines_outcome lines_read(struct lines *lines, size_t most, void (*line)(void *arg, char *text, size_t n), void *arg);
/* Are whole lines waiting in memory that lines_read() has not handed out? */
bool lines_pending(const struct lines *lines);
/* Queues text and a newline. False: the queue is full (nothing was added) or no memory. */
bool lines_send(struct lines *lines, const char *text, size_t n);
/* Writes as much as goes at once. LINES_MORE: see lines_queued(). LINES_CLOSED: nobody reads any more; what the other side wrote before may still be
 * read. */
enum lines_outcome lines_flush(struct lines *lines);
/* Bytes that still wait to be written. */
size_t lines_queued(const struct lines *lines);

#endif
