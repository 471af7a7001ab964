/* A message of a plugin host as a tree of JSON, for as long as it is looked at. */
#ifndef HOSTS_MESSAGE_H
#define HOSTS_MESSAGE_H

#include <stddef.h>

struct cJSON;

/* Once, before the first message. */
void message_begin(void);
/* Reads a line of n bytes with a NUL behind it. NULL: it is no JSON, no UTF-8, or there is no memory. */
struct cJSON *message_read(const char *line, size_t n);
/* NULL: nothing. */
void message_drop(struct cJSON *message);

#endif
