/*
 * What a plugin host is doing right now, in memory that it shares with the core: a host that crashes or hangs inside of a plugin cannot say any
 * more which one it was in. The core makes one for each host and names it in its hello; the host writes it before it calls a plugin, and
 * clears it afterwards.
 */
#ifndef BASE_OS_CRUMB_H
#define BASE_OS_CRUMB_H

#include <stdatomic.h>
#include <stdint.h>

enum { CRUMB_NAME = 32 }; /* of the shared memory object: macOS allows 31 bytes */

struct crumb {
    _Atomic uint64_t since; /* clock_awake() when the plugin was called; 0: the host is in no plugin */
    char plugin[64];        /* "redis" */
    char check[128];        /* "redis.ping", of an instance, a run or a shared object */
    char run[40];           /* as on the wire; "": between runs */
};

/* For the core: a new one, and the name by which the host opens it. NULL: none could be had (errno); a host works without. */
struct crumb *crumb_create(char name[CRUMB_NAME]);
/* For the core: nobody can open it by its name any more. Both sides keep what they have. Called when the host has answered, or died. */
void crumb_unlink(const char *name);
/* For the host: NULL where there is none of that name. */
struct crumb *crumb_open(const char *name);
/* NULL: nothing. */
void crumb_close(struct crumb *crumb);
/* For the core, also of a host that is dead: copies what it says now, every text ended by a NUL. */
struct crumb crumb_read(const struct crumb *crumb);

#endif
