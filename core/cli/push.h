/* Tells the running daemon what a `push` check is to know. */
#ifndef CLI_PUSH_H
#define CLI_PUSH_H

#include "cli/ask.h"

/* said: a JSON object. False: a sentence that begins with `who` has been printed to standard error. body: the daemon's answer. */
bool push_report(const char *who, const struct ask_place *place, const char *name, const char *said, struct buffer *body);

#endif
