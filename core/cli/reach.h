/*
 * What a configuration names outside of itself and does not find here: programs of `exec` checks, secrets from files and variables, programs that print
 * secrets. These are warnings: the file is right, but on this machine, for this user, not all of it will work.
 */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "config/config.h"

struct reach;

/* NULL: no memory. Runs nothing; reads the secrets' files, and forgets them. */
struct reach *reach_look(const struct model *model);
/* In the order of the configuration. Borrowed. */
const struct config_problem *reach_problems(const struct reach *reach, size_t *n);
void reach_free(struct reach *reach);

#endif
