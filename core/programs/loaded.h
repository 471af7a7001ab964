/* Does another supervisor own a program: launchd by a label, systemd by a unit? */
#ifndef PROGRAMS_LOADED_H
#define PROGRAMS_LOADED_H

#include <ev.h>

enum loaded { LOADED_NO, LOADED_YES, LOADED_NOT_ANSWERED };

struct loaded_look;

/* where: the domain or manager in which it is loaded, or why nobody answered. Comes once, never from within; then the look is gone. */
typedef void loaded_fn(void *arg, enum loaded answer, const char *where);

/* Asks launchctl where there is one in `path`, else systemctl, each domain in turn. Where there is neither, nobody can own it. Both texts are borrowed until the
 * end. NULL: no memory. */
struct loaded_look *loaded_start(struct ev_loop *loop, const char *label, const char *path, loaded_fn *done, void *arg);
/* No call follows. NULL: nothing. */
void loaded_stop(struct loaded_look *look);

#endif
