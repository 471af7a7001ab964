/*
 * The locks of a runbook: files in the state folder, LOCKS_FOLDER/NAME.lock, that programs of others which repair the same things take as well (base/os/files.h says
 * how they say who they are). All or none, so that two runs can never wait for each other.
 */
#ifndef LOCKS_H
#define LOCKS_H

#include "base/os/files.h"

#include <stddef.h>

#define LOCKS_FOLDER "locks"

struct locks;

/* names: NULL-terminated. NULL: *lock is the one that cannot be had (borrowed from names; NULL: none of them, there is no memory) and holder who has it, or why. */
struct locks *locks_take(const char *state_folder, const char *const *names, const char *who, const char **lock, char holder[FILES_HOLDER]);
/* NULL: nothing. */
void locks_give(struct locks *locks);

#endif
