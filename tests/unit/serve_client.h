/* A client that can misbehave, for tests of the endpoint over real sockets. Every wait has a deadline; nothing here fails a test by itself but what cannot go on. */
#ifndef SERVE_CLIENT_H
#define SERVE_CLIENT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_PATIENCE ((uint64_t)10 * 1000000000)

/* Connected, blocking for writes. */
int client_open(uint16_t port);
/* Writes as much as the other side takes. False: it has closed. */
bool client_send(int fd, const char *bytes, size_t n);
bool client_say(int fd, const char *text);
/* Reads until the other side closes, or for so long; appends. True: it has closed. */
bool client_read(int fd, struct buffer *answer, uint64_t ns);
/* Reads one answer whole by its Content-Length. False: not within so long. */
bool client_read_one(int fd, struct buffer *answer, uint64_t ns);
/* Opens, says, reads until closed, closes. The status; 0: none. */
int client_ask(uint16_t port, const char *request, struct buffer *answer);
int client_ask_bytes(uint16_t port, const char *request, size_t n, struct buffer *answer);
/* GET of that path by 127.0.0.1. */
int client_get(uint16_t port, const char *path, struct buffer *answer);
int client_code(const struct buffer *answer);
/* Of an answer: behind its empty line. */
const char *client_body(const struct buffer *answer);
/* The quickest of some whole exchanges in ns: what the presence of others costs, not what the machine was just busy with. UINT64_MAX: one failed. */
uint64_t client_quickest(uint16_t port);

#endif
