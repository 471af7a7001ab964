/* What bounds a host as a whole (rules.md 5.1): memory and descriptors by the system's own limits, children, timers and workers by counting. */
#ifndef HOST_LIMITS_H
#define HOST_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum limit { LIMIT_FDS, LIMIT_CHILDREN, LIMIT_TIMERS };

struct limits {
    uint64_t memory; /* bytes */
    unsigned fds, children, timers;
};

/* No core files (they would hold secrets), and what the host began with is remembered for its children. Once, at the start. */
void limits_begin(void);
/* As hello says; a member that is 0 stays as it is. */
void limits_set(const struct limits *limits);
const struct limits *limits_now(void);
/* Children begin with the limits that this process began with: between these two, so does this process. */
void limits_lift(void);
void limits_lower(void);

bool limits_take_timer(void);
void limits_give_timer(void);
bool limits_take_child(void);
void limits_give_child(void);
/* "the limit `children` of this plugin host (256) is reached": for a result. Valid until the next call. */
const char *limits_text(enum limit limit);

#endif
