/* What the serving thread asks of the system in the system's own way: one file for each system defines these. Private to serve. */
#ifndef SERVE_SYSTEM_H
#define SERVE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* MHD_USE_... for a thread of the library's own that watches many connections. Never select: it ends at 1024 descriptors. */
extern const unsigned serve_polling;
/* All bytes that a TCP connection has received since it was made. False: this system cannot tell. */
bool serve_received(int fd, uint64_t *bytes);

#endif
