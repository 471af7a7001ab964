/* Shared objects: one list or one stream for many instances of a plugin, found by its key. It lives as long as it has members. */
#ifndef HOST_SHARE_H
#define HOST_SHARE_H

#include "owner.h"

struct shared;

/* Finds or makes it, and makes the owner a member. */
struct owner *share_join(struct owner *owner, const char *key, size_t state_size, void (*setup)(struct talon_run *shared));
/* Every member's check is nudged. */
void share_nudge(struct owner *shared);
/* What it was made by runs in a single shot, or not: see TALON_ONCE. */
void share_set_once(struct owner *member);

/* For owner.c. */
void share_settle(struct shared *shared);
void share_leave_all(struct owner *member);

#endif
