/* A request that cannot begin yet, with all that it points to: a plugin's texts live only as long as its call. */
#ifndef HOST_HTTP_HELD_H
#define HOST_HTTP_HELD_H

#include <talon/plugin.h>

/* A copy of a whole one (its size is that of this host's struct); to be freed. */
struct talon_http *http_held(const struct talon_http *request);
/* Wipes it first: headers, body and keys may be secrets. NULL: nothing. */
void http_held_free(struct talon_http *held);

#endif
