/* Tells the running daemon to do something, over its control socket, and says what is wrong where that cannot be. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/buffer.h"
#include "cli/ask.h"

#include <cjson/cJSON.h>

/* POST path, with what is said (JSON; NULL: nothing). 200, or another status that `expected` (0 at its end) lists: the answer is in body, and parsed in *json, yours to delete. Else 0: a sentence that
 * begins with `who` ("talon reload") has been printed to standard error. */
int command_send(const char *who, const struct ask_place *place, const char *path, const char *said, const int *expected, struct buffer *body, cJSON **json);
/* GET by the control socket, and where that cannot be used from the endpoint, which has the same answers under another path. As above. */
int command_get(const char *who, const struct ask_place *place, const char *path, const char *endpoint_path, struct buffer *body, cJSON **json);

/* The same, but says nothing: the status, and *json where it is any; 0: why. */
int command_try(const struct ask_place *place, const char *path, const char *endpoint_path, struct buffer *body, cJSON **json, char *why, size_t why_size);

/* `talon plugin clear NAME` */
int command_clear(const char *config, const char *plugin);

#endif
