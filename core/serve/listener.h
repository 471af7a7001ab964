/* The listening socket, with sentences for what can be wrong. Private to serve. */
#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include <stddef.h>
#include <stdint.h>

/* A listening, non-blocking, close-on-exec socket at that numeric address; *port is the one it has got. -1: why says what was wrong. */
int listener_open(const char *host, uint16_t *port, char *why, size_t why_size);

#endif
