/* The environment of a program: ours as far as it is stated, its file, its own variables, its secrets, its mark. */
#ifndef PROGRAMS_ENVIRONMENT_H
#define PROGRAMS_ENVIRONMENT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum { ENVIRONMENT_VARIABLES = 1000, ENVIRONMENT_SIZE = 256 << 10 };

struct environment {
    size_t n;
    char *all[ENVIRONMENT_VARIABLES + 1]; /* "NAME=VALUE", NULL-terminated */
};

/* Empty but for PATH (as given) and the few variables that every child gets. NULL: no memory. */
struct environment *environment_create(const char *path);
/* Wipes and frees it: secrets may be in it. NULL: nothing. */
void environment_free(struct environment *environment);
/* A later one of the same name takes its place. False: no memory, or too many. */
bool environment_set(struct environment *environment, const char *name, const char *value, size_t n);
/* Lines of `NAME=VALUE` or `export NAME=VALUE`, the value bare or in one pair of quotes; empty lines and those that begin with # are passed over. Returns how many lines
 * could not be understood. */
size_t environment_read(struct environment *environment, const char *text);

#endif
