/* The host as a whole: its beginning, its end, and what its parts share. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>

/* Begins to speak over the socket, which is taken. worker: this is the process of one blocking run. False: no memory or no descriptor. */
bool host_begin(int socket, bool worker);
/* After the loop: ends what still runs without a word, and frees everything. */
void host_end(void);
/* Ends the loop, and the process within a second whatever plugins do. */
void host_quit(void);
/* The PATH of children, as the core says it; NULL: unchanged. Copied. */
void host_set_path(const char *path);
const char *host_path(void);

#endif
